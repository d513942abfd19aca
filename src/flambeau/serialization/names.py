"""Under which names things stand in a checkpoint: PyTorch's, whatever they are called here."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from flambeau import dtypes
from flambeau.dtypes import scalar_name
from flambeau.tensor import Tensor

_WITH_STORAGE_TYPE = (
    *(dtypes.float64, dtypes.float32, dtypes.float16, dtypes.bfloat16),
    *(dtypes.complex64, dtypes.complex128, dtypes.bool_, dtypes.uint8),
    *(dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64),
)
STORAGE_NAMES = {dtype: f"{scalar_name(dtype)}Storage" for dtype in _WITH_STORAGE_TYPE}
_DTYPES = {name: dtype for dtype, name in STORAGE_NAMES.items()}


class StorageType:
    """A storage class as a file names it: elements of `dtype`, or bytes where that is None."""

    __slots__ = ("dtype", "module", "name")

    def __init__(self, module: str, name: str, dtype: dtypes.dtype | None) -> None:
        self.module = module
        self.name = name
        self.dtype = dtype

    def __repr__(self) -> str:
        return f"StorageType(name={self.name})"

    def __reduce__(self) -> tuple[Any, ...]:
        return storage_type, (self.module, self.name)

    @property
    def itemsize(self) -> int:
        return 1 if self.dtype is None else self.dtype.itemsize


@cache
def storage_type(module: str, name: str) -> StorageType | None:
    """The storage class that PyTorch calls `module.name`, or None where that is something else."""
    if module in ("torch", "torch.cuda") and name in _DTYPES:
        return StorageType("torch", name, _DTYPES[name])
    if (module, name) in (("torch.storage", "UntypedStorage"), ("torch", "UntypedStorage")):
        return StorageType("torch.storage", "UntypedStorage", None)
    return None


def is_ours(module: str) -> bool:
    return module == "flambeau" or module.startswith("flambeau.")


def is_torch(module: str) -> bool:
    return module == "torch" or module.startswith("torch.")


# Names that PyTorch keeps in another module than flambeau, by flambeau's.
_MOVED = {("flambeau._utils", "_rebuild_from_type_v2"): "torch._tensor"}
_MOVED_BACK = {(home, name): local for (local, name), home in _MOVED.items()}


def torch_name(found: Any, module: str, name: str) -> tuple[str, str]:
    """PyTorch's module and name for `found`, which is called `module.name` here."""
    import flambeau

    if vars(flambeau).get(name) is found:
        return "torch", name
    if (module, name) in _MOVED:
        return _MOVED[module, name], name
    return "torch" + module.removeprefix("flambeau"), name


def in_file(found: Any, name: str | None) -> tuple[str, str] | None:
    """How a file names a global of flambeau's (picklers may know its `name`); None for others."""
    if isinstance(found, StorageType):
        return found.module, found.name
    module = getattr(found, "__module__", None) or ""
    known = name or str(getattr(found, "__qualname__", ""))
    if "." in known or not (is_ours(module) or found is Tensor):
        return None
    return torch_name(found, module, known)


def resolve(module: str, name: str) -> Any:
    """What PyTorch calls `module.name`, found in flambeau.

    Raises AttributeError, in pickle's words, when flambeau has nothing of that name.
    """
    import flambeau

    kind = storage_type(module, name)
    if kind is not None:
        return kind
    local = _MOVED_BACK.get((module, name), "flambeau" + module.removeprefix("torch"))
    try:
        owner = importlib.import_module(local)
    except ModuleNotFoundError as error:
        if not local.startswith(error.name or local):
            raise
        owner = flambeau  # one of PyTorch's private homes, such as torch._C
    found: Any = owner
    try:
        for part in name.split("."):
            found = getattr(found, part)
    except AttributeError:
        found = vars(flambeau).get(name)
        if found is None:
            raise AttributeError(f"Can't get attribute {name!r} on {owner!r}") from None
    return found
