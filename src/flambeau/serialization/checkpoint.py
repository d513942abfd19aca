"""`save` and `load`: objects with tensors in them, in PyTorch's file format."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType
from typing import IO, Any

from flambeau.storage import TypedStorage, UntypedStorage
from flambeau.tensor import TensorType

from . import legacy, names, registry, safe
from .archive import (
    ALIGNMENT,
    BYTE_ORDER,
    ArchiveReader,
    ArchiveWriter,
    archive_name,
    is_archive,
    swap_bytes,
)

DEFAULT_PROTOCOL = 2


# --- pickling --------------------------------------------------------------------------------


class _TorchNames:
    """A mixin for picklers written in Python: flambeau's globals stand in the file as PyTorch's."""

    write: Callable[[bytes], Any]
    memoize: Callable[[Any], None]

    def save_global(self, found: Any, name: str | None = None) -> None:
        place = names.in_file(found, name)
        if place is None:
            super().save_global(found, name=name)  # type: ignore[misc]
        else:
            self.write(pickle.GLOBAL + "{}\n{}\n".format(*place).encode())
            self.memoize(found)


def _pickler_type(pickle_module: Any) -> Any:
    """The module's pickler, naming globals as PyTorch does if it is written in Python."""
    base = getattr(pickle_module, "_Pickler", pickle_module.Pickler)
    if not issubclass(base, pickle._Pickler):
        return base
    kind: Any = type("Pickler", (_TorchNames, base), {})
    kind.dispatch = {
        **base.dispatch,
        FunctionType: kind.save_global,
        names.StorageType: kind.save_global,
        TensorType: kind.save_global,
    }
    return kind


class _Storages:
    """The storages met while pickling, by the key that the file knows them by."""

    def __init__(self) -> None:
        self.by_key: dict[str, tuple[UntypedStorage, int]] = {}
        self._keys: dict[tuple[int, int], str] = {}
        self._kinds: dict[str, Any] = {}

    def persistent_id(self, found: Any) -> tuple[Any, ...] | None:
        """What stands in the pickle for a storage; None for any other object."""
        if isinstance(found, TypedStorage):
            storage, dtype = found.untyped(), found.dtype
            kind = names.storage_type("torch", names.STORAGE_NAMES[dtype])
        elif isinstance(found, UntypedStorage):
            storage, dtype = found, None
            kind = names.storage_type("torch.storage", "UntypedStorage")
        else:
            return None
        assert kind is not None
        key = self._key(storage)
        if dtype is not None and self._kinds.setdefault(key, dtype) is not dtype:
            raise RuntimeError("Cannot save multiple tensors or storages that view the same data as different types")
        self.by_key.setdefault(key, (storage, kind.itemsize))
        location = registry.location_tag(storage)
        return "storage", kind, key, location, storage.nbytes() // kind.itemsize

    def _key(self, storage: UntypedStorage) -> str:
        place = (storage.data_ptr(), storage.nbytes())
        if storage.nbytes() == 0:
            return str(len(self.by_key))
        return self._keys.setdefault(place, str(len(self.by_key)))


def _dump(
    value: Any,
    file: IO[bytes],
    pickle_module: Any,
    protocol: int,
    wrap_id: Callable[[Any, str], Any] = lambda pid, key: pid,
) -> dict[str, tuple[UntypedStorage, int]]:
    """Pickle `value` into `file`; its storages are returned and not written."""
    storages = _Storages()
    pickler = _pickler_type(pickle_module)(file, protocol=protocol)

    def persistent_id(found: Any) -> Any:
        pid = storages.persistent_id(found)
        return None if pid is None else wrap_id(pid, pid[2])

    pickler.persistent_id = persistent_id
    pickler.dump(value)
    return storages.by_key


@contextlib.contextmanager
def _opened_for_writing(target: Any) -> Iterator[IO[bytes]]:
    """A file to write to. A path's old content stays until all of the new one is written."""
    if not isinstance(target, (str, os.PathLike)):
        if not hasattr(target, "write"):
            raise AttributeError("expected 'f' to be string, path, or a file-like object with a 'write' attribute")
        yield target
        return
    path = Path(target).resolve()
    if not path.parent.is_dir():
        raise RuntimeError(f"Parent directory {Path(target).parent} does not exist.")
    if (path.exists() and not path.is_file()) or not os.access(path.parent, os.W_OK):
        with path.open("wb") as file:
            yield file
        return
    temporary = path.with_name(f"{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
        if path.exists():
            temporary.chmod(path.stat().st_mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise


def save(
    obj: Any,
    f: Any,
    pickle_module: Any = pickle,
    pickle_protocol: int = DEFAULT_PROTOCOL,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Write `obj`, and every tensor in it, to a file that PyTorch reads too.

    Tensors that share memory share it again after loading. A file at a path is replaced only when
    the new one is whole.

    Args:
        obj: what to save: tensors, state_dicts, or any picklable object that holds them.
        f: a path, or an object with a `write` method.
        pickle_module: the module whose `Pickler` writes everything but the storages.
        pickle_protocol: the protocol of the pickle; PyTorch's safe loading reads 2.

    Raises:
        RuntimeError: the folder does not exist, or one storage is seen as two dtypes.
        AttributeError: `f` is neither a path nor writable.
    """
    with _opened_for_writing(f) as file:
        if not _use_new_zipfile_serialization:
            legacy.save(
                obj,
                file,
                lambda value, out, wrap_id: _dump(value, out, pickle_module, pickle_protocol, wrap_id),
                pickle_protocol,
            )
            return
        buffer = io.BytesIO()
        storages = _dump(obj, buffer, pickle_module, pickle_protocol)
        archive = ArchiveWriter(file, archive_name(f))
        archive.write("data.pkl", buffer.getvalue())
        archive.write(".format_version", b"1")
        archive.write(".storage_alignment", b"%d" % ALIGNMENT)
        if not _disable_byteorder_record:
            archive.write("byteorder", BYTE_ORDER)
        for key, (storage, _) in storages.items():
            archive.write(f"data/{key}", storage.bytes())
        archive.close()


# --- unpickling ------------------------------------------------------------------------------


def _loader(pickle_module: Any, weights_only: bool, options: dict[str, Any]) -> Callable[..., Any]:
    """A function that reads one pickle from a file, given what resolves its persistent ids."""

    def loads_safely(file: IO[bytes], persistent_load: Any) -> Any:
        return safe.WeightsUnpickler(file, persistent_load, **options).load()

    class Unpickler(pickle_module.Unpickler):  # type: ignore[misc]
        def find_class(self, module: str, name: str) -> Any:
            if names.is_torch(module):
                return names.resolve(module, name)
            return super().find_class(module, name)

    def loads(file: IO[bytes], persistent_load: Any) -> Any:
        unpickler = Unpickler(file, **options)
        if persistent_load is not None:
            unpickler.persistent_load = persistent_load
        return unpickler.load()

    return loads_safely if weights_only else loads


def _load_archive(reader: ArchiveReader, loads: Callable[..., Any], restore: registry.Deserializer) -> Any:
    endianness = registry.get_default_load_endianness()
    assumed = "big" if endianness is registry.LoadEndianness.BIG else "little"
    foreign = reader.is_big_endian(assumed) != (BYTE_ORDER == b"big")
    storages: dict[str, UntypedStorage] = {}

    def persistent_load(pid: Any) -> Any:
        if pid[0] != "storage":
            raise RuntimeError(f"Unknown typename for persistent_load, expected 'storage' but got '{pid[0]}'")
        _, kind, key, location, _count = pid
        if key not in storages:
            data = reader.array(f"data/{key}")
            if foreign and kind.itemsize > 1:
                half = kind.itemsize // 2 if kind.dtype is not None and kind.dtype.is_complex else 0
                data = swap_bytes(data, half or kind.itemsize)
            storages[key] = restore(UntypedStorage(data), location)
        if kind.dtype is None:
            return storages[key]
        return TypedStorage(wrap_storage=storages[key], dtype=kind.dtype)

    return loads(io.BytesIO(reader.read("data.pkl")), persistent_load)


@contextlib.contextmanager
def _opened_for_reading(source: Any) -> Iterator[IO[bytes]]:
    if isinstance(source, (str, os.PathLike)):
        with Path(source).open("rb") as file:
            yield file
        return
    for name in ("read", "readline", "tell", "seek"):
        if not hasattr(source, name):
            raise AttributeError(
                f"{type(source).__name__!r} object has no attribute {'seek'!r}. You can only "
                "torch.load from a file that is seekable. Please pre-load the data into a buffer "
                "like io.BytesIO and try to load from it instead."
            )
    yield source


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Read an object that `save`, or PyTorch's `torch.save`, has written.

    Args:
        f: a path, or a seekable file open for reading bytes.
        map_location: where the storages shall lie: a device or its name, a dict from the names in
            the file to others, or a function of a storage and the name of its place that returns a
            storage.
        pickle_module: the module whose `Unpickler` reads the file, with `weights_only=False`.
        weights_only: read tensors, plain data and allowed globals only (the default). A pickle
            read with False runs what its author wrote into it: do that for trusted files only.
        mmap: leave the storages in the file and read them when they are touched; `f` must be a
            path.
        **pickle_load_args: given to the unpickler, such as `encoding`.

    Raises:
        pickle.UnpicklingError: the file refers to a global that is not allowed.
        RuntimeError: the file is damaged, or a storage's place does not exist on this machine.
    """
    if weights_only is None:
        weights_only = pickle_module is None and not _environment_forbids()
    if weights_only and pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    if mmap and not isinstance(f, (str, os.PathLike)):
        raise ValueError("f must be a file path in order to use the mmap argument")
    loads = _loader(pickle_module or pickle, weights_only, pickle_load_args)
    restore = registry.restorer(map_location)
    try:
        with _opened_for_reading(f) as file:
            if is_archive(file):
                mode = registry.mmap_mode() if mmap else None
                return _load_archive(ArchiveReader(file, mmap=mode), loads, restore)
            if mmap:
                raise RuntimeError(
                    f"mmap can only be used with files saved with `torch.save({f}, "
                    "_use_new_zipfile_serialization=True), please torch.save your checkpoint with "
                    "this option in order to use mmap."
                )
            return legacy.load(file, loads, restore)
    except pickle.UnpicklingError as error:
        if not weights_only:
            raise
        raise safe.explain(error) from None


def _environment_forbids() -> bool:
    """Whether the user's environment asks for full pickles where the program did not say."""
    return os.environ.get("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "0").lower() in (
        "1",
        "y",
        "yes",
        "true",
    )


def get_unsafe_globals_in_checkpoint(f: Any) -> list[str]:
    """The globals in a checkpoint that `load(weights_only=True)` would refuse.

    Raises ValueError for a file that is not a zip archive written by `save`.
    """
    with _opened_for_reading(f) as file:
        if not is_archive(file):
            raise ValueError("Expected input to be a checkpoint returned by torch.save")
        found = safe.globals_in_pickle(ArchiveReader(file).read("data.pkl"))
    return sorted(name for name in found if not safe.is_allowed(name))
