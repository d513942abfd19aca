"""Pooling of arrays over sliding windows of their trailing axes.

Maximum pooling returns, beside the values, where each came from: an index into the flattened
spatial axes. Its derivatives are `gather_planes` and `scatter_planes`, each the transpose of the
other.
"""

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from flambeau import prims
from flambeau.kernels.fusion import Compiled
from flambeau.prims import copies, resample, scatter
from flambeau.prims.choice import pays
from flambeau.prims.core import silent
from flambeau.prims.fold import Sizes, offsets


def pooled_size(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool) -> int:
    """How many windows fit; with `ceil` also a last one that starts inside but ends outside."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    if not ceil:
        return room // stride + 1
    count = -(-room // stride) + 1
    return count - 1 if (count - 1) * stride >= size + padding else count


def _lowest(dtype: np.dtype) -> object:
    return np.iinfo(dtype).min if dtype.kind in "iu" else -np.inf


def _widened(input: np.ndarray, axis: int, padding: int, reach: int, value: object) -> np.ndarray:
    """`input` with `padding` elements of `value` before `axis`, and `reach` elements in all."""
    size = input.shape[axis]
    if not padding and reach <= size:
        return input
    shape = list(input.shape)
    shape[axis] = max(reach, padding + size)
    result = copies.full(tuple(shape), input.dtype, value)
    copies.write(result.swapaxes(axis, -1)[..., padding : padding + size], input.swapaxes(axis, -1))
    return result


def _comparable(input: np.ndarray) -> np.ndarray:
    """Half precision in float32, where NumPy compares quickly; the conversion is exact."""
    return input.astype(np.float32) if input.dtype.kind in "fV" and input.dtype.itemsize < 4 else input


def max_pool(
    input: np.ndarray, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, counts: Sizes
) -> tuple[np.ndarray, np.ndarray]:
    """The largest element of each window and its flat spatial index (int64).

    Of equal elements the first counts; a NaN is larger than all. The axes are taken one by one,
    which finds the same elements with fewer comparisons.
    """
    rank = len(kernel)
    if input.size * FASTER >= silent["large"] and math.prod(kernel) <= MOST_TAPS:
        found = _max_pool_kernel(input, kernel, stride, padding, dilation, counts)
        if found is not None:
            return found
    elif max(dilation) == 1 and input.dtype in (np.float32, np.float64) and pays("planes", input.size):
        from flambeau.kernels import planes as kernels

        return kernels.largest(input, _windows(_last(input, kernel), kernel, stride, padding, counts))
    values, index = _comparable(input), np.zeros((), np.int64)
    floating = values.dtype.kind == "f"
    lowest = _lowest(values.dtype)
    for axis in range(-1, -rank - 1, -1):
        size, step = input.shape[axis], math.prod(input.shape[input.ndim + axis + 1 :])
        places = np.arange(size, dtype=np.int64).reshape(-1, *(1,) * (-axis - 1)) * step
        index = np.broadcast_to(index + places, values.shape)
        k, s, p, d, n = kernel[axis], stride[axis], padding[axis], dilation[axis], counts[axis]
        reach = (n - 1) * s + d * (k - 1) + 1
        values = _widened(values, axis, p, reach, lowest)
        index = _widened(index, axis, p, reach, -(1 << 62))
        tail: Any = (slice(None),) * (-axis - 1)
        for tap in range(k):
            place: Any = (..., slice(tap * d, tap * d + s * (n - 1) + 1, s), *tail)
            value, where = values[place], index[place]
            if tap == 0:
                best, best_at = value, where
                continue
            newer = value > best
            if floating:
                newer |= np.isnan(value)
            best, best_at = np.where(newer, value, best), np.where(newer, where, best_at)
        values, index = best, best_at
    if index.size and (index < 0).any():  # a window of nothing but -inf met its padding first
        tables = [
            _inside(np.arange(n)[:, None] * s - p + np.arange(k) * d, size)
            for k, s, p, d, n, size in zip(kernel, stride, padding, dilation, counts, input.shape[-rank:], strict=True)
        ]
        return max_pool_tables(input, tables)
    return np.array(values, input.dtype), np.ascontiguousarray(index)


@lru_cache(256)
def _windows(spatial: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, counts: Sizes) -> Any:
    """What lies inside of windows, for `kernels.planes`."""
    from flambeau.kernels.planes import Windows

    bounds = []
    for size, k, s, p, n in zip(spatial, kernel, stride, padding, counts, strict=True):
        start = np.arange(n) * s - p
        bounds.append(np.stack([np.maximum(start, 0), np.minimum(start + k, size)], 1))
    return Windows(spatial, bounds)


@lru_cache(256)
def _adaptive_windows(spatial: Sizes, counts: Sizes) -> Any:
    """Windows that share out the axes."""
    from flambeau.kernels.planes import Windows

    bounds = []
    for size, count in zip(spatial, counts, strict=True):
        at = np.arange(count)
        bounds.append(np.stack([at * size // count, -(-(at + 1) * size // count)], 1))
    return Windows(spatial, bounds)


def _largest(base: Any, *rest: Any) -> tuple[Any, Any]:
    """Of elements at `offsets` from places `base`: the largest, and its place."""
    *taps, offsets = rest
    best, at = taps[0], base + offsets[0]
    for tap, offset in zip(taps[1:], offsets[1:], strict=True):
        newer = prims.logical_or(prims.gt(tap, best), prims.ne(tap, tap))
        best, at = prims.where(newer, tap, best), prims.where(newer, base + offset, at)
    return best, at


_kernel = Compiled(_largest, "max_pool")
MOST_TAPS = 27
FASTER = 8
"""How much smaller inputs may be for a kernel: NumPy is called twenty times or more."""


def _max_pool_kernel(
    input: np.ndarray, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, counts: Sizes
) -> tuple[np.ndarray, np.ndarray] | None:
    """`max_pool` in one compiled pass, or None where that is not to be had."""
    rank = len(kernel)
    spatial, wide = input.shape[-rank:], input
    for axis in range(-rank, 0):
        reach = (counts[axis] - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1
        wide = _widened(wide, axis, padding[axis], reach, _lowest(input.dtype))
    base = np.zeros((), np.int64)
    for n, s, p, size in zip(counts, stride, padding, spatial, strict=True):
        base = base[..., None] * size + (np.arange(n) * s - p)
    flat = [
        [at * d * math.prod(spatial[axis + 1 :]) for at in range(k)]
        for axis, (k, d) in enumerate(zip(kernel, dilation, strict=True))
    ]
    shifts = tuple(sum(parts) for parts in itertools.product(*flat))
    taps = [wide[place] for _, place in offsets(kernel, counts, stride, dilation)]
    found = _kernel.run((base, *taps), (shifts,))
    if found is NotImplemented:
        return None
    values, places = found
    if any(padding) and bool((values == _lowest(input.dtype)).any()):
        return None  # a window of nothing but -inf met its padding first
    return values, places


def _inside(table: np.ndarray, size: int) -> np.ndarray:
    """A table of positions with those outside the axis replaced by the row's nearest inside."""
    valid = (table >= 0) & (table < size)
    first = np.take_along_axis(table, valid.argmax(1)[:, None], 1)
    last = np.where(valid, table, -1).max(1, keepdims=True)
    return np.where(table < 0, first, np.where(table >= size, last, table))


def max_pool_tables(input: np.ndarray, tables: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """`max_pool` over listed windows: a table of (*lead, count, taps) positions for each axis.

    The leading axes of the tables broadcast against those of `input`, so every plane may have
    windows of its own.
    """
    rank = len(tables)
    spatial, lead = input.shape[-rank:], input.shape[:-rank]
    counts = tuple(table.shape[-2] for table in tables)
    flat = np.zeros((), np.int64)
    for axis, table in enumerate(tables):
        own = table.reshape(
            *table.shape[:-2],
            *(counts[axis] if axis == other else 1 for other in range(rank)),
            *(table.shape[-1] if axis == other else 1 for other in range(rank)),
        )
        flat = flat * spatial[axis] + own
    outer = flat.shape[: flat.ndim - 2 * rank]
    taps = math.prod(table.shape[-1] for table in tables)
    flat = flat.reshape(*outer, math.prod(counts), taps)
    values = _comparable(input).reshape(*lead, math.prod(spatial))
    if outer:
        picked = np.take_along_axis(values, flat.reshape(*outer, math.prod(flat.shape[-2:])), -1)
        picked = picked.reshape(*lead, *flat.shape[-2:])
    else:
        picked = values[..., flat]
    best = picked.argmax(-1)[..., None]
    if values.dtype.kind == "f":
        nan = np.isnan(picked)
        if nan.any():
            last = picked.shape[-1] - 1 - nan[..., ::-1].argmax(-1)[..., None]
            best = np.where(nan.any(-1, keepdims=True), last, best)
    index = np.take_along_axis(np.broadcast_to(flat, picked.shape), best, -1)
    value = np.take_along_axis(picked, best, -1).astype(input.dtype, copy=False)
    return value.reshape(*lead, *counts), index.reshape(*lead, *counts)


def max_pool_adaptive(input: np.ndarray, counts: Sizes) -> tuple[np.ndarray, np.ndarray]:
    """`max_pool` over `counts` windows that share out the axes."""
    spatial = input.shape[input.ndim - len(counts) :]
    wide = _comparable(input)
    if wide.dtype in (np.float32, np.float64) and pays("planes", input.size):
        from flambeau.kernels import planes as kernels

        values, places = kernels.largest(wide, _adaptive_windows(spatial, counts))
        return values.astype(input.dtype, copy=False), places
    return max_pool_tables(input, [adaptive_table(n, m) for n, m in zip(spatial, counts, strict=True)])


def adaptive_table(size: int, count: int) -> np.ndarray:
    """(count, taps) positions of windows that share out `size` elements, short ones filled up."""
    at = np.arange(count)
    start = at * size // count
    stop = -(-(at + 1) * size // count)
    taps = int((stop - start).max()) if count else 1
    return np.minimum(start[:, None] + np.arange(taps), stop[:, None] - 1)


def fractional_table(sample: np.ndarray, size: int, count: int, kernel: int) -> np.ndarray:
    """(*sample.shape, count, kernel) positions of windows at pseudo-random steps (Graham, 2014)."""
    at = np.arange(max(count - 1, 0)).astype(sample.dtype)
    alpha = sample.dtype.type((size - kernel) / (count - 1)) if count > 1 else 0
    moved = ((at + sample[..., None]) * alpha).astype(np.int64)
    start = moved - (sample[..., None] * alpha).astype(np.int64)
    last = np.full((*sample.shape, 1), size - kernel)
    return np.concatenate([start, last], -1)[..., None] + np.arange(kernel)


def gather_planes(input: np.ndarray, index: np.ndarray, rank: int) -> np.ndarray:
    """The elements of each plane (the last `rank` axes) of `input` at the flat `index`."""
    planes, spatial = math.prod(input.shape[: input.ndim - rank]), input.shape[input.ndim - rank :]
    flat = index.reshape(planes, math.prod(index.shape[index.ndim - rank :]))
    return scatter.gather(input.reshape(planes, math.prod(spatial)), 1, flat).reshape(index.shape)


def scatter_planes(input: np.ndarray, index: np.ndarray, spatial: Sizes) -> np.ndarray:
    """Planes of shape `spatial` in which each element of `input` is added at its flat `index`."""
    lead = input.shape[: input.ndim - len(spatial)]
    planes, size = math.prod(lead), math.prod(spatial)
    shape = planes, math.prod(index.shape[len(lead) :])
    wide = _comparable(input)
    result = None
    if wide.dtype in (np.float32, np.float64) and pays("planes", planes * size):
        from flambeau.kernels import planes as kernels

        result = kernels.add(wide.reshape(shape), index.reshape(shape), size)
    if result is None:
        result = scatter.zeros((planes, size), wide.dtype)
        scatter.scatter(result, 1, index.reshape(shape), wide.reshape(shape), "sum", out=result)
    return result.astype(input.dtype, copy=False).reshape(*lead, *spatial)


def unpool_planes(input: np.ndarray, index: np.ndarray, spatial: Sizes) -> np.ndarray:
    """Planes of zeros of shape `spatial` in which each element of `input` is put at its `index`."""
    lead = input.shape[: input.ndim - len(spatial)]
    result = np.zeros((*lead, math.prod(spatial)), input.dtype)
    count = math.prod(index.shape[len(lead) :])
    np.put_along_axis(result, index.reshape(*lead, count), input.reshape(*lead, count), -1)
    return result.reshape(*lead, *spatial)


def average_divisors(
    spatial: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    counts: Sizes,
    include_pad: bool,
) -> np.ndarray | int:
    """The number of elements that each window's average counts, not to be written to; one number where all are equal."""
    result: np.ndarray | int = 1
    for size, k, s, p, n in zip(spatial, kernel, stride, padding, counts, strict=True):
        start = np.arange(n) * s - p
        stop = np.minimum(start + k, size + p)
        if not include_pad:
            start, stop = np.maximum(start, 0), np.minimum(stop, size)
        length = stop - start
        if length.size and (length == length[0]).all():
            length = length[:1]
        result = np.multiply.outer(result, length)
    assert isinstance(result, np.ndarray)
    return int(result.item()) if result.size == 1 else result


def avg_pool(
    input: np.ndarray,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    counts: Sizes,
    divisor: np.ndarray | int,
) -> np.ndarray:
    """The sum of each window over `divisor` (see `average_divisors`)."""
    wide = _comparable(input)
    if all(
        n == 1 and k == size and not p
        for n, k, size, p in zip(counts, kernel, _last(wide, kernel), padding, strict=True)
    ):
        sums = wide.sum(tuple(range(-len(kernel), 0)), keepdims=True, dtype=wide.dtype)
    else:
        sums = resample.apply_maps(wide, _sums(_last(wide, kernel), kernel, stride, padding, counts))
    return _divided(sums, divisor).astype(input.dtype, copy=False)


def _last(x: np.ndarray, kernel: Sizes) -> Sizes:
    return x.shape[x.ndim - len(kernel) :]


def _sums(spatial: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, counts: Sizes) -> list[resample.AxisMap]:
    """The maps that add up windows; the last axis first would be as good."""
    each = zip(spatial, counts, kernel, stride, padding, strict=True)
    return [resample.window_sum(*numbers) for numbers in each]


def avg_pool_input(
    cotangent: np.ndarray,
    spatial: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    divisor: np.ndarray | int,
) -> np.ndarray:
    """The transpose of `avg_pool`: the input's cotangent from the output's."""
    shares = _divided(_comparable(cotangent), divisor)
    maps = _sums(spatial, kernel, stride, padding, _last(shares, kernel))
    result = resample.apply_maps(shares, [each.transposed for each in maps])
    return result.astype(cotangent.dtype, copy=False)


def _divided(sums: np.ndarray, divisor: np.ndarray | int) -> np.ndarray:
    if sums.dtype.kind in "iu":
        return (np.sign(sums) * (np.abs(sums) // divisor)).astype(sums.dtype)
    if isinstance(divisor, np.ndarray):
        divisor = divisor.astype(sums.dtype)
    return np.divide(sums, divisor)
