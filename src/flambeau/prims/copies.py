"""Copies and conversions of arrays: NumPy's, or for large ones a compiled kernel's, which gives the same."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from flambeau.kernels.pool import empty
from flambeau.prims.choice import pays
from flambeau.prims.core import silent, silently

Array = np.ndarray


def moved(target: Array, source: Array) -> bool:
    """Whether a kernel has written `source` over `target`, which has its shape and no memory in common with it."""
    if not pays("move", target.size) or not target.flags.writeable:
        return False
    from flambeau.kernels import move

    return move.copy(target, source)


@silently
def write(target: Array, source: Any) -> None:
    """target[...] = source, whatever the dtypes."""
    if source.__class__ is np.ndarray and pays("move", target.size):
        shown = source if source.shape == target.shape else np.broadcast_to(source, target.shape)
        if not np.may_share_memory(target, source) and moved(target, shown):
            return
    np.copyto(target, source, casting="unsafe")


@silently
def copied(array: Array, dtype: np.dtype | None = None, *, keep_order: bool = False) -> Array:
    """A copy in new memory, in another dtype if one is given: row-major, or in the order of an array without gaps."""
    kind = array.dtype if dtype is None else dtype
    if pays("move", array.size):
        if keep_order and not array.flags.c_contiguous:
            result = np.empty_like(array, kind, order="K", subok=False)
        else:
            result = empty(array.shape, kind)
        if moved(result, array):
            return result
    return array.astype(kind, order="K" if keep_order else "C", copy=True)


def row_major(array: Any) -> Any:
    """The array, or its copy in row-major order: what ops give whose results do not take their argument's order."""
    return array if array.flags.c_contiguous else copied(array)


def joined(arrays: Sequence[Array], axis: int, shape: tuple[int, ...]) -> Array:
    """Arrays of one dtype one after the other along `axis`; `shape` is the result's."""
    result = empty(shape, arrays[0].dtype)
    if not pays("move", result.size):
        return np.concatenate(arrays, axis, out=result)
    start, lead = 0, (slice(None),) * axis
    for each in arrays:
        stop = start + each.shape[axis]
        write(result[(*lead, slice(start, stop))], each)
        start = stop
    return result


def rolled(array: Array, shifts: Sequence[int], axes: Sequence[int]) -> Array:
    """A copy whose elements are moved along axes by so many places, around the end."""
    if not pays("move", array.size):
        return np.roll(array, shifts, axes)
    total = dict.fromkeys(axes, 0)
    for shift, axis in zip(shifts, axes, strict=True):
        total[axis] += shift
    parts: list[list[tuple[slice, slice]]] = []
    for axis, size in enumerate(array.shape):
        shift = total.get(axis, 0) % size
        whole = [(slice(shift, None), slice(0, size - shift)), (slice(0, shift), slice(size - shift, None))]
        parts.append(whole if shift else [(slice(None), slice(None))])
    result = empty(array.shape, array.dtype)
    for part in product(*parts):
        to, source = zip(*part, strict=True)
        write(result[to], array[source])
    return result


def tiled(array: Array, repeats: Sequence[int]) -> Array:
    """Copies of the array side by side, `repeats` of them along each axis; axes of its own come last."""
    sizes = (1,) * (len(repeats) - array.ndim) + array.shape
    result = empty(tuple([n * size for n, size in zip(repeats, sizes, strict=True)]), array.dtype)
    if result.size:
        each = list(zip(repeats, sizes, strict=True))
        target = result.reshape(tuple([n for pair in each for n in pair]))
        write(target, array.reshape(tuple([n for _, size in each for n in (1, size)])))
    return result


def full(shape: tuple[int, ...], dtype: np.dtype, value: Any = 0) -> Array:
    """A row-major array of one value (also zeros in pooled memory: fresh pages cost more than filling those)."""
    result = empty(shape, dtype)
    fill(result, value)
    return result


def fill(target: Array, value: Any) -> None:
    """Write one value over all elements."""
    if pays("move", target.size):
        one = np.empty((), target.dtype)
        one[...] = value
        if moved(target, np.broadcast_to(one, target.shape)):
            return
    target[...] = value


silent["row_major"] = row_major
