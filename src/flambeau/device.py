"""Where tensors live: the CPU, or nowhere (`meta`, shapes without data)."""

from __future__ import annotations

from typing import Any, Self

_TYPES = (
    "cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, mps, meta, "
    "hpu, mtia, privateuseone"
)
_KNOWN = frozenset(_TYPES.split(", "))


class device:
    """A device's type and index, as `device("cpu")`, `device("cuda:0")` or `device("cuda", 0)`."""

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __new__(cls, type: Any = None, index: int | None = None) -> device:  # noqa: PYI034 (one object per name)
        if isinstance(type, device):
            return type
        if isinstance(type, bool) or not isinstance(type, (str, int)):
            raise TypeError(f"device(): argument 'type' must be str, not {type.__class__.__name__}")
        if isinstance(type, int):
            type, index = "cuda", type
        if type in _CACHE and index is None:
            return _CACHE[type]
        name, colon, number = type.partition(":")
        if colon:
            if not number.isdecimal():
                raise RuntimeError(f"Invalid device string: '{type}'")
            if index is not None:
                raise RuntimeError(
                    f"type (string) must not include an index because index was passed explicitly: {type}"
                )
            index = int(number)
        if name not in _KNOWN:
            raise RuntimeError(f"Expected one of {_TYPES} device type at start of device string: {name}")
        self = object.__new__(cls)
        object.__setattr__(self, "type", name)
        object.__setattr__(self, "index", index)
        return self

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"attribute '{name}' of 'torch.device' objects is not writable")

    def __enter__(self) -> Self:
        """New tensors are made on the device within: it must be one that this build computes on."""
        check(self)
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __reduce__(self) -> tuple[Any, ...]:
        return device, ((self.type,) if self.index is None else (self.type, self.index))


_CACHE: dict[str, device] = {}
cpu = _CACHE["cpu"] = device("cpu")
meta = _CACHE["meta"] = device("meta")


def check(where: Any) -> device:
    """`where` as a device that this build computes on.

    Raises PyTorch's AssertionError for CUDA, RuntimeError for the other accelerators.
    """
    if where is None:
        return cpu
    found = device(where)
    if found.type in ("cpu", "meta"):
        return found
    if found.type == "cuda":
        raise AssertionError("Torch not compiled with CUDA enabled: flambeau computes on the CPU")
    raise RuntimeError(f"device '{found}' is not available: flambeau computes on the CPU")
