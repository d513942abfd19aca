"""Tensor's part in Python's protocols of pickling, copying and DLPack; what they need is imported when they are used."""

from __future__ import annotations

from typing import Any

from . import storage
from .tensor import Tensor, attach


def _reduce(self: Tensor, protocol: Any) -> tuple[Any, ...]:
    from ._utils import reduce_tensor

    return reduce_tensor(self, protocol)


def _deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    from ._utils import deepcopy_tensor

    return deepcopy_tensor(self, memo)


def _dlpack(self: Tensor, **options: Any) -> Any:
    from .utils.dlpack import export

    return export(self, **options)


def _dlpack_device(self: Tensor) -> Any:
    from .utils.dlpack import export_device

    return export_device(self)


attach(__reduce_ex__=_reduce, __deepcopy__=_deepcopy, __dlpack__=_dlpack, __dlpack_device__=_dlpack_device)


def _load_from_bytes(data: bytes) -> Any:
    """What PyTorch's own pickles call for a storage: a checkpoint in bytes."""
    from io import BytesIO

    from .serialization import load

    return load(BytesIO(data), weights_only=False)


storage._load_from_bytes = _load_from_bytes  # type: ignore[attr-defined]  # found there by its name in PyTorch
