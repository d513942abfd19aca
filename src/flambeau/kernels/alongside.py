"""Arrays that lie side by side in one array, as the parts of a split do: found, made, and joined without a copy."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod

import numpy as np

from flambeau.kernels.pool import empty

Array = np.ndarray
Sizes = tuple[int, ...]


@lru_cache(256)
def _run(shape: Sizes, strides: Sizes, item: int, count: int) -> int | None:
    """Bytes in a row of a part, if `count` parts of which each has a row in turn are a dense array."""
    expected, run = item, None
    for stride, size in sorted(zip(strides, shape, strict=True)):
        if size == 1:
            continue
        if stride != expected and run is None:
            run = expected
            expected *= count
        if stride != expected:
            return None
        expected *= size
    return run if run is not None else expected


def apart(arrays: Sequence[Array]) -> int | None:
    """How many bytes behind the one before each array lies, if they are alike and together all of one array."""
    first, *others = arrays
    whole, shape, strides = first.base, first.shape, first.strides
    if whole.__class__ is not np.ndarray or whole.size != first.size * len(arrays) or not whole.flags.c_contiguous:
        return None
    for each in others:
        if each.base is not whole or each.shape != shape or each.strides != strides or each.dtype is not first.dtype:
            return None
    run = _run(shape, strides, first.itemsize, len(arrays))
    start = _address(whole)
    if run is None or any(_address(each) != start + run * k for k, each in enumerate(arrays)):
        return None
    return run


def _address(array: Array) -> int:
    return array.__array_interface__["data"][0]


def new(count: int, run: int, shape: Sizes, strides: Sizes, dtype: np.dtype) -> list[Array]:
    """New arrays that lie as those that are so far `apart`."""
    whole = empty((count * prod(shape),), dtype)
    return [np.ndarray(shape, dtype, whole, run * k, strides) for k in range(count)]


def joined(arrays: Sequence[Array], axis: int) -> Array | None:
    """The array whose parts along an axis they are, in the same memory; None if they are not."""
    first = arrays[0]
    if first.base is None or len(arrays) < 2 or first.strides[axis] * first.shape[axis] != apart(arrays):
        return None
    shape = (*first.shape[:axis], first.shape[axis] * len(arrays), *first.shape[axis + 1 :])
    return np.ndarray(shape, first.dtype, first.base, 0, first.strides)
