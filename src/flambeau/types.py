"""Names for type annotations, and the names of types."""

from __future__ import annotations

import builtins
from typing import Any

from .device import device
from .dtypes import dtype
from .storage import TypedStorage, UntypedStorage
from .tensor import Size, Tensor

Number = builtins.int | builtins.float | builtins.bool
Device = device | str | builtins.int | None
Storage = TypedStorage | UntypedStorage
_dtype, _device, _size = dtype, device, Size | list[builtins.int] | tuple[builtins.int, ...]


def typename(obj: Any) -> str:
    """The full name of an object's type; of a tensor, its legacy type."""
    if isinstance(obj, Tensor):
        return obj.type()
    cls = obj if isinstance(obj, type) else type(obj)
    module = getattr(obj, "__module__", None) or ""
    name = getattr(obj, "__qualname__", None) or cls.__qualname__
    return name if module in ("", "builtins") else f"{module}.{name}"
