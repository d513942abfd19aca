"""Linear maps along one axis each: interpolation, adaptive averages and the padding modes.

Each of these computes an element of the result from a few elements of the same line of the input,
so an `AxisMap` (which positions, with which weights) is the whole description; the transpose, which
carries cotangents back, is an `AxisMap` too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from flambeau.prims import copies
from flambeau.prims.choice import pays


@dataclass(frozen=True, eq=False)
class AxisMap:
    """result[i] = sum over t < count[i] of weight[i, t] * input[index[i, t]].

    No weight means one tap of 1, no count that all taps count.
    """

    index: np.ndarray
    weight: np.ndarray | None
    size: int
    count: np.ndarray | None = None

    @cached_property
    def tables(self) -> Any:
        """What the kernel reads."""
        from flambeau.kernels.axis_maps import Map

        size, taps = self.index.shape
        weight = np.ones((size, taps)) if self.weight is None else self.weight
        count = np.full(size, taps, np.int64) if self.count is None else self.count.astype(np.int64)
        return Map(np.ascontiguousarray(self.index.T), np.ascontiguousarray(weight.T), count, self.size)

    @cached_property
    def transposed(self) -> "AxisMap":
        """The map from cotangents of the result to cotangents of the input."""
        count, taps = self.index.shape
        weight = np.ones((count, taps)) if self.weight is None else self.weight
        there = weight != 0 if self.count is None else np.arange(taps) < self.count[:, None]
        kept = np.flatnonzero(there)
        column = self.index.ravel()[kept]
        order = np.argsort(column, kind="stable")
        column, kept = column[order], kept[order]
        reached = np.bincount(column, minlength=self.size)
        start = np.cumsum(reached) - reached
        width = max(1, int(reached.max(initial=0)))
        index = np.zeros((self.size, width), np.int64)
        spread = np.zeros((self.size, width))
        if kept.size:
            rows = kept // taps
            index[:] = rows[np.minimum(start, kept.size - 1)][:, None]
            slot = np.arange(kept.size) - start[column]
            index[column, slot], spread[column, slot] = rows, weight.ravel()[kept]
        full = bool((reached == width).all())
        plain = width == 1 and full and bool((spread == 1).all())
        return AxisMap(index, None if plain else spread, count, None if full else reached)


def apply_maps(input: np.ndarray, maps: Sequence[AxisMap | None]) -> np.ndarray:
    """`input` with one map applied along each of its trailing axes (None: as it is)."""
    dtype = input.dtype
    weighted = any(m is not None and m.weight is not None for m in maps)
    if weighted and dtype.itemsize < 4:
        input = input.astype(np.float32)
    given = [(axis, each) for axis, each in enumerate(maps, start=-len(maps)) if each is not None]
    if given and _compiled(input, [each for _, each in given]):
        input = _plan(input.shape, input.dtype, tuple(given))(input)
    else:
        for axis, each in given:
            input = _apply(input, each, axis)
    if dtype.kind in "iu" and input.dtype.kind == "f":
        bounds = np.iinfo(dtype)
        input = np.clip(np.rint(input), bounds.min, bounds.max)
    return np.ascontiguousarray(input).astype(dtype, copy=False)


@lru_cache(256)
def _plan(shape: tuple[int, ...], dtype: np.dtype, maps: tuple[tuple[int, AxisMap], ...]) -> Any:
    """What applies maps in a compiled kernel."""
    from flambeau.kernels.axis_maps import Plan

    return Plan(shape, dtype, [(axis, each.tables) for axis, each in maps])


def _compiled(input: np.ndarray, maps: Sequence[AxisMap]) -> bool:
    """Whether a kernel is better: not where a whole axis is summed."""
    return (
        input.dtype in (np.float32, np.float64)
        and min(len(each.index) for each in maps) > 1
        and pays("axes", input.size)
    )


def _apply(input: np.ndarray, each: AxisMap, axis: int) -> np.ndarray:
    index, weight = each.index, each.weight
    if weight is None:
        return _picked(input, index[:, 0], axis)
    weight = weight.astype(input.real.dtype, copy=False)
    if len(index) == 1 and index.shape[1] > 4:
        line = np.moveaxis(input, axis, -1)[..., index[0]] @ weight[0]
        return np.expand_dims(line, axis)
    result = None
    flat = (-1, *(1,) * (-axis - 1))
    for tap in range(index.shape[1]):
        piece = _picked(input, index[:, tap], axis) * weight[:, tap].reshape(flat)
        if each.count is not None:
            piece = np.where((tap < each.count).reshape(flat), piece, 0)
        result = piece if result is None else np.add(result, piece, out=result)
    assert result is not None
    return result


def _picked(input: np.ndarray, positions: np.ndarray, axis: int) -> np.ndarray:
    """`input` at positions along an axis: a view where they rise evenly."""
    tail: Any = (slice(None),) * (-axis - 1)
    if len(positions) < 2:
        first = int(positions[0]) if len(positions) else 0
        return input[(..., slice(first, first + len(positions)), *tail)]
    step = int(positions[1] - positions[0])
    if step > 0 and (np.diff(positions) == step).all():
        return input[(..., slice(int(positions[0]), int(positions[-1]) + 1, step), *tail)]
    return input.take(positions, axis)


def _plain(index: np.ndarray, size: int) -> AxisMap:
    return AxisMap(index.astype(np.int64)[:, None], None, size)


@lru_cache(256)
def reflect(size: int, before: int, after: int) -> AxisMap:
    """Padding by mirror images that leave out the edge element."""
    at = np.abs(np.arange(-before, size + after))
    return _plain(np.where(at >= size, 2 * (size - 1) - at, at), size)


@lru_cache(256)
def replicate(size: int, before: int, after: int) -> AxisMap:
    """Padding with the edge element."""
    return _plain(np.clip(np.arange(-before, size + after), 0, size - 1), size)


@lru_cache(256)
def circular(size: int, before: int, after: int) -> AxisMap:
    """Padding with the elements of the other end of what a negative number leaves."""
    start, stop = max(0, -before), size + min(0, after)
    kept = max(stop - start, 1)
    places = np.arange(-max(before, 0), stop - start + max(after, 0))
    return _plain(places % kept + start, size)


@lru_cache(256)
def adaptive_average(size: int, count: int) -> AxisMap:
    """The mean of each of `count` windows that share out `size` elements."""
    at = np.arange(count)
    start, stop = at * size // count, -(-(at + 1) * size // count)
    taps = np.arange(int((stop - start).max(initial=1)))
    index = np.minimum(start[:, None] + taps, stop[:, None] - 1)
    weight = (taps < (stop - start)[:, None]) / (stop - start)[:, None]
    return AxisMap(index, weight, size, None if count and size % count == 0 else stop - start)


@lru_cache(256)
def window_sum(size: int, count: int, kernel: int, stride: int, padding: int) -> AxisMap:
    """The sum of each of `count` windows, of what lies inside."""
    start = np.arange(count) * stride - padding
    low, stop = np.maximum(start, 0), np.minimum(start + kernel, size)
    index = np.minimum(low[:, None] + np.arange(kernel), size - 1)
    return AxisMap(index, np.ones(index.shape), size, np.maximum(stop - low, 0))


@lru_cache(256)
def nearest(size: int, count: int, scale: float | None, exact: bool) -> AxisMap:
    """The element whose place is nearest; `exact` measures from element centres.

    The place is found in float32, whose rounding decides between neighbours.
    """
    step = np.float32(1 / scale) if scale else np.float32(size) / np.float32(max(count, 1))
    at = np.arange(count, dtype=np.float32)
    place = (at + np.float32(0.5) if exact else at) * step
    return _plain(np.minimum(np.floor(place).astype(np.int64), size - 1), size)


def _step(size: int, count: int, scale: float | None, align: bool, real: type[np.floating]) -> np.floating:
    if align:
        return real(real(size - 1) / real(count - 1)) if count > 1 else real(0)
    return real(1 / scale) if scale else real(real(size) / real(max(count, 1)))


def _places(size: int, count: int, scale: float | None, align: bool, real: type[np.floating]) -> np.ndarray:
    step, at = _step(size, count, scale, align, real), np.arange(count, dtype=real)
    return at * step if align else (at + real(0.5)) * step - real(0.5)


@lru_cache(256)
def linear(size: int, count: int, scale: float | None, align: bool, real: type[np.floating]) -> AxisMap:
    """Between the two neighbours, by distance; places are computed in the type `real`."""
    place = np.maximum(_places(size, count, scale, align, real), real(0))
    low = np.minimum(place.astype(np.int64), size - 1)
    high = np.minimum(low + 1, size - 1)
    part = np.clip(place - low.astype(real), 0, 1)
    return AxisMap(np.stack([low, high], 1), np.stack([1 - part, part], 1), size)


def _cubic(x: np.ndarray, a: float) -> np.ndarray:
    """Keys' convolution kernel with parameter `a` (Keys, 1981), zero outside (-2, 2)."""
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


@lru_cache(256)
def cubic(size: int, count: int, scale: float | None, align: bool, real: type[np.floating]) -> AxisMap:
    """Keys' cubic through the four neighbours (a = -0.75)."""
    place = _places(size, count, scale, align, real)
    low = np.floor(place)
    part = place - low
    index = np.clip(low.astype(np.int64)[:, None] + np.arange(-1, 3), 0, size - 1)
    weight = np.stack([_cubic(part + 1 - tap, -0.75) for tap in range(4)], 1)
    return AxisMap(index, weight, size)


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.maximum(1 - np.abs(x), 0)


def _keys(x: np.ndarray) -> np.ndarray:
    return _cubic(x, -0.5)


def _lanczos(x: np.ndarray) -> np.ndarray:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


_FILTERS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "bilinear": (_triangle, 1.0),
    "bicubic": (_keys, 2.0),
    "lanczos": (_lanczos, 3.0),
}
"""The filter of a mode and how far it reaches."""


@lru_cache(256)
def antialiased(size: int, count: int, scale: float | None, align: bool, real: type[np.floating], mode: str) -> AxisMap:
    """Interpolation with a filter as wide as the shrinking asks (like Pillow)."""
    shape, reach = _FILTERS[mode]
    step = float(_step(size, count, scale, align, real))
    stretch = max(step, 1.0)
    support = reach * stretch
    centre = step * (np.arange(count) + 0.5)
    start = np.maximum((centre - support + 0.5).astype(np.int64), 0)
    stop = np.minimum((centre + support + 0.5).astype(np.int64), size)
    taps = np.arange(int((stop - start).max(initial=1)))
    at = start[:, None] + taps
    weight = shape((at - centre[:, None] + 0.5) / stretch) * (at < stop[:, None])
    total = weight.sum(1, keepdims=True)
    weight = np.divide(weight, total, out=weight, where=total != 0)
    return AxisMap(np.minimum(at, size - 1), weight, size, stop - start)


def constant_pad(input: np.ndarray, pads: Sequence[int], value: object) -> np.ndarray:
    """`value` around `input`: `pads` counts (before, after) from the last axis; below 0 it cuts."""
    inner, outer, shape = [slice(None)] * input.ndim, [slice(None)] * input.ndim, [*input.shape]
    for at in range(len(pads) // 2):
        axis, before, after = input.ndim - 1 - at, pads[2 * at], pads[2 * at + 1]
        size = input.shape[axis]
        shape[axis] = size + before + after
        inner[axis] = slice(max(0, -before), size - max(0, -after))
        outer[axis] = slice(max(0, before), shape[axis] - max(0, after))
    result = copies.full(tuple(shape), input.dtype, value)
    copies.write(result[tuple(outer)], input[tuple(inner)])
    return result
