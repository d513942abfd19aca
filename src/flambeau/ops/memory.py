"""Writes that PyTorch refuses because elements share memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..tensor import Array

_WORDS = (
    "unsupported operation: {} the written-to tensor {} to a single memory location. Please clone() the tensor before "
    "performing the operation."
)


def dense(array: Array) -> bool:
    """Whether the elements fill their memory without gaps or overlaps."""
    if array.flags.c_contiguous or array.flags.f_contiguous:
        return True
    step = array.itemsize
    for stride, n in sorted((s, n) for s, n in zip(array.strides, array.shape, strict=True) if n != 1):
        if stride != step:
            return False
        step *= n
    return True


def check_target(target: Array) -> None:
    """Refuse a tensor of which one element stands for several, as in an expanded one."""
    if 0 in target.strides and target.size:
        if any(step == 0 and n > 1 for n, step in zip(target.shape, target.strides, strict=True)):
            raise RuntimeError(_WORDS.format("more than one element of", "refers"))


def check_apart(target: Array, sources: Iterable[Any], *, whole: bool = False) -> None:
    """Refuse a target that shares a part of its memory with a source; with `whole`, also all of it.

    As in PyTorch, arrays with gaps are not looked at.
    """
    bounds: tuple[int, int] | None = None
    for source in sources:
        if source.__class__ is not target.__class__ or not source.size or not dense(source):
            continue
        if bounds is None:
            if not target.size or not dense(target):
                return
            bounds = _bounds(target)
        start, stop = _bounds(source)
        if stop <= bounds[0] or bounds[1] <= start:
            continue
        if whole or (start, stop) != bounds or source.strides != target.strides:
            raise RuntimeError(_WORDS.format("some elements of the input tensor and", "refer"))


def lies_apart(target: Array, *sources: Any) -> bool:
    """Whether a write to `target` is seen in no source (numbers and None aside), and not twice in itself."""
    for source in sources:
        if source.__class__ is np.ndarray and np.may_share_memory(target, source):
            return False
    return 0 not in target.strides


def _bounds(array: Array) -> tuple[int, int]:
    start = array.__array_interface__["data"][0]
    return start, start + array.nbytes
