"""What loading may be told beforehand: the globals it may call, and where storages go."""

from __future__ import annotations

import enum
import mmap
from collections.abc import Callable, Iterable
from typing import Any, Literal

from flambeau.device import device
from flambeau.storage import UntypedStorage

SafeGlobal = Callable[..., Any] | tuple[Callable[..., Any], str]

_safe_globals: list[SafeGlobal] = []


def add_safe_globals(safe_globals: list[SafeGlobal]) -> None:
    """Let `load(weights_only=True)` make these classes and call these functions.

    Each is the class or function, or a pair with the name (`module.name`) that files know it by.
    """
    _safe_globals.extend(item for item in safe_globals if item not in _safe_globals)


def get_safe_globals() -> list[SafeGlobal]:
    """What has been added with `add_safe_globals`."""
    return list(_safe_globals)


def clear_safe_globals() -> None:
    """Forget everything that has been added with `add_safe_globals`."""
    _safe_globals.clear()


class safe_globals:
    """A context manager within which `load(weights_only=True)` accepts the given globals too."""

    def __init__(self, safe_globals: Iterable[SafeGlobal]) -> None:
        self._added = list(safe_globals)

    def __enter__(self) -> None:
        self._before = get_safe_globals()
        add_safe_globals(self._added)

    def __exit__(self, *exc_info: object) -> None:
        _safe_globals[:] = self._before


class LoadEndianness(enum.Enum):
    """The byte order to assume of files that do not state theirs."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


_settings: dict[str, Any] = {
    "endianness": None,
    "crc32": True,
    "mmap_flags": getattr(mmap, "MAP_PRIVATE", None),
}


def get_default_load_endianness() -> LoadEndianness | None:
    return _settings["endianness"]


def set_default_load_endianness(endianness: LoadEndianness | None) -> None:
    if not isinstance(endianness, LoadEndianness) and endianness is not None:
        raise TypeError("Invalid argument type in function set_default_load_endianness")
    _settings["endianness"] = endianness


def get_crc32_options() -> bool:
    return _settings["crc32"]


def set_crc32_options(compute_crc32: bool) -> None:
    """PyTorch's switch for checksums; files written here always carry them."""
    _settings["crc32"] = compute_crc32


def get_default_mmap_options() -> int | None:
    """The flags with which `load(mmap=True)` maps a file."""
    return _settings["mmap_flags"]


def mmap_mode() -> Literal["c", "r+"]:
    """NumPy's name for those flags."""
    return "r+" if _settings["mmap_flags"] == mmap.MAP_SHARED else "c"


class set_default_mmap_options:
    """Set the flags for `load(mmap=True)`, for good or, as a context manager, for a block."""

    def __init__(self, flags: int) -> None:
        if flags not in (mmap.MAP_PRIVATE, mmap.MAP_SHARED):
            raise ValueError(
                "Invalid argument in function set_default_mmap_options, "
                f"expected mmap.MAP_PRIVATE or mmap.MAP_SHARED, but got {flags}"
            )
        self._before = _settings["mmap_flags"]
        _settings["mmap_flags"] = flags

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc_info: object) -> None:
        _settings["mmap_flags"] = self._before


# --- where storages go -----------------------------------------------------------------------


class MetaStorage(UntypedStorage):
    """A storage that has a size and no memory."""

    __slots__ = ("_size",)

    def __init__(self, size: int) -> None:
        super().__init__(0)
        self._size = size

    @property
    def device(self) -> Any:
        return device("meta")

    def nbytes(self) -> int:
        return self._size

    size = __len__ = nbytes


Tagger = Callable[[Any], str | None]
Deserializer = Callable[[Any, str], Any]

_packages: list[tuple[int, Tagger, Deserializer]] = []


def register_package(priority: int, tagger: Tagger, deserializer: Deserializer) -> None:
    """Add a kind of place where storages can lie, asked in the order of `priority`.

    `tagger(storage)` names the place, `deserializer(storage, tag)` brings a storage there; each
    answers None for what is not its own.
    """
    _packages.append((priority, tagger, deserializer))
    _packages.sort(key=lambda package: package[0])


def location_tag(storage: Any) -> str:
    """The name of the place where `storage` lies."""
    for _, tagger, _ in _packages:
        location = tagger(storage)
        if location:
            return location
    raise RuntimeError("don't know how to determine data location of " + _type_name(storage))


def default_restore_location(storage: Any, location: str) -> Any:
    """`storage`, brought to the place that `location` names.

    Raises RuntimeError, in PyTorch's words, for a place that this machine lacks.
    """
    for _, _, deserializer in _packages:
        result = deserializer(storage, location)
        if result is not None:
            return result
    raise RuntimeError(f"don't know how to restore data location of {_type_name(storage)} (tagged with {location})")


def _type_name(storage: Any) -> str:
    kind = type(storage)
    return f"{kind.__module__.replace('flambeau', 'torch', 1)}.{kind.__qualname__}"


def _no_cuda(storage: Any, location: str) -> None:
    if location.startswith("cuda"):
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is "
            "False. If you are running on a CPU-only machine, please use torch.load with "
            "map_location=torch.device('cpu') to map your storages to the CPU."
        )


register_package(
    10,
    lambda storage: "cpu" if storage.device.type == "cpu" else None,
    lambda storage, location: storage if location == "cpu" else None,
)
register_package(20, lambda storage: None, _no_cuda)
register_package(
    22,
    lambda storage: "meta" if storage.device.type == "meta" else None,
    lambda storage, location: MetaStorage(storage.nbytes()) if location == "meta" else None,
)


def restorer(map_location: Any) -> Deserializer:
    """The function that brings a loaded storage to where `map_location` wants it."""
    if map_location is None:
        return default_restore_location
    if isinstance(map_location, dict):
        return lambda storage, location: default_restore_location(storage, map_location.get(location, location))
    if isinstance(map_location, (str, device)):
        return lambda storage, location: default_restore_location(storage, str(map_location))

    def chosen(storage: Any, location: str) -> Any:
        result = map_location(storage, location)
        return default_restore_location(storage, location) if result is None else result

    return chosen
