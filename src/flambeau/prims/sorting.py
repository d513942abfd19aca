"""Order along one dimension: sort, top k, quantiles, unique values, search and counting.

NaN is greater than every number, as in PyTorch. Elements of up to four bytes are sorted by one
unsigned integer that holds the element's rank above its position: NumPy's vectorized sort
then gives a stable order with positions, several times sooner than `argsort`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from .choice import pays

Array = np.ndarray


def _rank_keys(x: Array) -> Array | None:
    """Unsigned integers of at most 32 bits in the order of `x`; None when `x` needs more."""
    kind, size = x.dtype.kind, x.dtype.itemsize
    if kind == "b":
        return x.view(np.uint8)
    if kind in "iu":
        if size <= 4:
            return x if kind == "u" else x.view(f"u{size}") ^ _sign_bit(size)
        if x.size == 0:
            return x.astype(np.uint32)
        low, high = int(x.min()), int(x.max())
        return (x - x.dtype.type(low)).astype(np.uint32) if high - low < 1 << 32 else None
    if size > 4 or kind == "c":
        return None
    unsigned = np.dtype(f"u{size}")
    sign = _sign_bit(size)
    keys: Array = (x + x.dtype.type(0)).view(unsigned)  # -0 becomes 0: they tie
    negative = (keys.view(f"i{size}") >> (8 * size - 1)).view(unsigned)  # all bits, or none
    keys ^= negative | sign
    nan = np.isnan(x)
    if nan.any():
        keys[nan] = ~unsigned.type(0)
    return keys


def _sign_bit(size: int) -> Any:
    return np.dtype(f"u{size}").type(1 << (8 * size - 1))


def _ranked(x: Array, descending: bool) -> Array | None:
    """One uint64 per element of `x`: rank above position in the last dimension."""
    keys = _rank_keys(x)
    if keys is None or x.shape[-1] > 1 << 32:
        return None
    if descending:
        keys = ~keys
    packed = keys.astype(np.uint64)
    packed <<= np.uint64(32)
    packed |= np.arange(x.shape[-1], dtype=np.uint64)
    return packed


def _positions(packed: Array) -> Array:
    return (packed & np.uint64(0xFFFFFFFF)).view(np.int64)


def _argsort_last(x: Array, descending: bool, packed: Array | None = None) -> Array:
    packed = _ranked(x, descending) if packed is None else packed
    if packed is not None:
        packed.sort(axis=-1)
        return _positions(packed)
    if not descending:
        return np.argsort(x, axis=-1, kind="stable")
    # A stable descending order: the stable order of the mirrored array, mirrored.
    order = np.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    return np.ascontiguousarray(x.shape[-1] - 1 - order)


def _last(x: Array, dim: int) -> Array:
    """`x` with `dim` last, in C order."""
    return np.ascontiguousarray(np.moveaxis(x, dim, -1))


def _back(x: Array, dim: int) -> Array:
    return np.ascontiguousarray(np.moveaxis(x, -1, dim))


@cache
def _selection() -> Any:
    """The module of the kernels, loaded at its first use."""
    from flambeau.kernels import select

    return select


ALONE = 1 << 12
"""Elements of a single line up to which the kernel sorts it sooner than NumPy sorts ranks of 32 bits."""
SPLIT = 1 << 16
"""Elements of a single line from which its parts are searched side by side."""
PART = 1 << 14
"""Elements of such a part, at least."""


def sort(x: Array, dim: int = -1, descending: bool = False) -> tuple[Array, Array]:
    """`x` in order along `dim`, and where each element was. Always stable."""
    if x.ndim == 0:
        return x.copy(), np.zeros((), dtype=np.int64)
    dim %= x.ndim
    n = x.shape[dim]
    kernel = pays("sort", x.size) and _selects(x, dim)
    if kernel and (n < x.size or n <= ALONE or x.dtype == np.float64):
        return _selection().least(x, dim, n, descending)  # type: ignore[no-any-return]
    rows = _last(x, dim)
    packed = _ranked(rows, descending)
    if packed is None and kernel:
        return _selection().least(x, dim, n, descending)  # type: ignore[no-any-return]
    order = _argsort_last(rows, descending, packed)
    values = rows.take(order) if rows.ndim == 1 else np.take_along_axis(rows, order, -1)
    return _back(values, dim), _back(order, dim)


def topk(x: Array, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> tuple[Array, Array]:
    """The `k` largest (or smallest) elements along `dim`, in order, and their positions."""
    if x.ndim == 0:
        return (x.copy(), np.zeros((), np.int64)) if k else (x.reshape(1)[:0], np.zeros(0, np.int64))
    dim %= x.ndim
    if k and pays("select", x.size) and _selects(x, dim):
        return _few_of_many(x, k, dim, largest)
    rows = _last(x, dim)
    if rows.ndim == 1 and 0 < k < rows.size and (few := _candidates(rows, k, largest)) is not None:
        order = few[_argsort_last(rows[few], largest)[:k]]
        return rows[order], order
    packed = _ranked(rows, largest)
    if packed is None:
        order = _argsort_last(rows, largest)[..., :k]
    else:
        if 0 < k < rows.shape[-1]:
            packed.partition(k - 1, axis=-1)
        chosen = packed[..., :k]
        chosen.sort(axis=-1)
        order = _positions(chosen)
    return _back(np.take_along_axis(rows, order, -1), dim), _back(order, dim)


def _selects(x: Array, dim: int) -> bool:
    return x.shape[dim] < 1 << 31 and bool(_selection().takes(x.dtype))


def _few_of_many(x: Array, k: int, dim: int, largest: bool) -> tuple[Array, Array]:
    """`topk` by kernels. Of a long line, each part gives its own first."""
    n = x.shape[dim]
    parts = min(n // max(PART, 4 * k), 32) if n == x.size and n >= SPLIT else 1
    least = _selection().least
    if parts < 2:
        return least(x, dim, k, largest)  # type: ignore[no-any-return]
    line = x.reshape(-1)
    length = n // parts
    whole = parts * length
    values, places = least(line[:whole].reshape(parts, length), 1, k, largest)
    places += np.arange(parts)[:, None] * length
    values = np.concatenate([values.reshape(-1), line[whole:]])
    places = np.concatenate([places.reshape(-1), np.arange(whole, n)])
    # Of equal elements those of earlier parts come first, and within a part those of earlier places.
    values, found = least(values, 0, k, largest)
    shape = (*x.shape[:dim], k, *x.shape[dim + 1 :])
    return values.reshape(shape), places.take(found).reshape(shape)


def _candidates(row: Array, k: int, largest: bool) -> Array | None:
    """Where the elements not beyond the `k`-th are, if they are few."""
    keys = _rank_keys(row)
    if keys is None:
        return None
    if largest:
        keys = ~keys
    few = np.flatnonzero(keys <= np.partition(keys, k - 1)[k - 1])
    return few if len(few) <= 2 * k + 1024 else None


def kthvalue(x: Array, k: int, dim: int = -1) -> tuple[Array, Array]:
    """The `k`-th smallest element (from 1) along `dim`, which goes, and its position."""
    if x.ndim == 0:
        return x.copy(), np.zeros((), dtype=np.int64)
    dim %= x.ndim
    if pays("select", x.size) and _selects(x, dim):
        values, places = _selection().least(x, dim, k, False, True)
        shape = (*x.shape[:dim], *x.shape[dim + 1 :])
        return values.reshape(shape), places.reshape(shape)
    rows = _last(x, dim)
    packed = _ranked(rows, False)
    if packed is None:
        order = _argsort_last(rows, False)[..., k - 1 : k]
    else:
        packed.partition(k - 1, axis=-1)
        order = _positions(packed[..., k - 1 : k])
    return np.take_along_axis(rows, order, -1)[..., 0], np.asarray(order[..., 0])


def median(x: Array, dim: int = -1, ignore_nan: bool = False) -> tuple[Array, Array]:
    """The lower median along `dim` and its position; a NaN is the median unless `ignore_nan`."""
    if x.ndim == 0:
        return x.copy(), np.zeros((), dtype=np.int64)
    dim %= x.ndim
    count = x.shape[dim]
    plain = x.dtype.kind not in "fV" or not np.isnan(x).any()
    if plain and pays("select", x.size) and _selects(x, dim):
        return kthvalue(x, (count - 1) // 2 + 1, dim)
    rows = _last(x, dim)
    order = _argsort_last(rows, False)
    if x.dtype.kind not in "fV":
        place = np.full((*rows.shape[:-1], 1), (count - 1) // 2)
    else:
        present = count - np.isnan(rows).sum(-1, keepdims=True)
        at_nan = np.where(present < count, present, (count - 1) // 2)
        place = np.maximum(present - 1, 0) // 2 if ignore_nan else at_nan
    order = np.take_along_axis(order, place, -1)
    return np.take_along_axis(rows, order, -1)[..., 0], order[..., 0]


def mode(x: Array, dim: int = -1) -> tuple[Array, Array]:
    """The most frequent element along `dim` (the smallest of such), and its last position."""
    if x.ndim == 0:
        return x.copy(), np.zeros((), dtype=np.int64)
    rows = _last(x, dim)
    values, order = sort(rows)
    starts = np.ones(values.shape, dtype=bool)
    starts[..., 1:] = values[..., 1:] != values[..., :-1]
    place = np.arange(values.shape[-1])
    run_start = np.maximum.accumulate(np.where(starts, place, 0), axis=-1)
    best = (place - run_start).argmax(-1)[..., None]
    return (
        np.take_along_axis(values, best, -1)[..., 0],
        np.take_along_axis(order, best, -1)[..., 0],
    )


# Search


def _searched(boundaries: Array, values: Array, right: bool) -> Array | None:
    from flambeau.kernels.search import places

    return places(np.ascontiguousarray(boundaries), np.ascontiguousarray(values), right)


def searchsorted(boundaries: Array, values: Array, right: bool = False, sorter: Array | None = None) -> Array:
    """Where each of `values` goes into the ordered last dimension of `boundaries`."""
    side: Any = "right" if right else "left"
    common = np.result_type(boundaries.dtype, values.dtype)
    if common.kind == "V":
        common = np.dtype(np.float32)
    if sorter is not None:
        boundaries = np.take_along_axis(boundaries, sorter, -1)
    boundaries, values = boundaries.astype(common, copy=False), values.astype(common, copy=False)
    if (
        pays("search", values.size)
        and boundaries.shape[-1]
        and (found := _searched(boundaries, values, right)) is not None
    ):
        return found
    if boundaries.ndim == 1:
        return np.asarray(np.searchsorted(boundaries, values, side), dtype=np.int64)
    count = values.shape[-1]
    rows = boundaries.reshape(math.prod(boundaries.shape[:-1]), boundaries.shape[-1])
    wanted = values.reshape(len(rows), count)
    places = [np.searchsorted(row, value, side) for row, value in zip(rows, wanted, strict=True)]
    return np.array(places, dtype=np.int64).reshape(values.shape)


# Unique values


def unique(x: Array, places: bool = True) -> tuple[Array, Array, Array]:
    """The distinct elements in order, the place of each element of `x` among them (if `places`), their counts."""
    flat = x.reshape(-1)
    if flat.size and (flat.dtype.kind in "ib" or (flat.dtype.kind == "u" and flat.itemsize < 8)):
        low, high = int(flat.min()), int(flat.max())
        if high - low < WIDE * flat.size:
            return _of_a_range(flat, low, high - low + 1, x.shape)
    if not places and flat.dtype.kind in "iuf" and flat.itemsize > 2:
        values = np.sort(flat)
        firsts = np.flatnonzero(_changes(values[:, None]))
        return values[firsts], np.empty(0, np.int64), np.diff(firsts, append=len(values))
    values, order = sort(flat)
    return _runs(values, order, _changes(values[:, None]), x.shape, np.arange(len(values)))


WIDE = 4
"""How many times as many as there are elements their values may be, for these to be counted rather than sorted."""


def _of_a_range(flat: Array, low: int, size: int, shape: Sequence[int]) -> tuple[Array, Array, Array]:
    """`unique` of integers from `low` on, below `low + size`."""
    shifted = flat.astype(np.int64) - low
    met = np.bincount(shifted, minlength=size)
    values = np.flatnonzero(met)
    rank = np.zeros(size, np.int64)
    rank[values] = np.arange(len(values))
    return (values + low).astype(flat.dtype), rank[shifted].reshape(shape), met[values]


def unique_rows(x: Array, dim: int) -> tuple[Array, Array, Array]:
    """`unique` of the slices of `x` along `dim`, in lexicographic order."""
    slices = np.moveaxis(x, dim, 0)
    rows = slices.reshape(len(slices), math.prod(slices.shape[1:]))
    ranks = rows.astype(np.float32) if rows.dtype.kind == "V" else rows
    order = np.lexsort(ranks.T[::-1]) if rows.shape[1] else np.arange(len(rows))
    starts = _changes(rows[order])
    kept, inverse, counts = _runs(order, order, starts, (len(rows),), np.arange(len(rows)))
    return np.moveaxis(slices[kept], 0, dim), inverse, counts


def unique_consecutive(x: Array, dim: int | None = None) -> tuple[Array, Array, Array]:
    """The elements (or slices along `dim`) that differ from the one before; places; run lengths."""
    slices = x.reshape(-1) if dim is None else np.moveaxis(x, dim, 0)
    place = np.arange(len(slices))
    starts = _changes(slices.reshape(len(slices), math.prod(slices.shape[1:])))
    shape = x.shape if dim is None else (len(slices),)
    kept, inverse, counts = _runs(place, place, starts, shape, place)
    values = slices[kept]
    return values if dim is None else np.moveaxis(values, 0, dim), inverse, counts


def _changes(rows: Array) -> Array:
    """Whether each row differs from the one before; the first does."""
    starts = np.ones(len(rows), dtype=bool)
    if rows.shape[1] == 1:
        np.not_equal(rows[1:, 0], rows[:-1, 0], out=starts[1:])
    elif len(rows) > 1:
        starts[1:] = (rows[1:] != rows[:-1]).any(1)
    return starts


def _runs(values: Array, order: Array, starts: Array, shape: Sequence[int], place: Array) -> tuple[Array, Array, Array]:
    """The first of each run, the run of each element in its original `order`, run lengths."""
    firsts = np.flatnonzero(starts)
    inverse = np.empty(len(values), dtype=np.int64)
    inverse[order] = np.cumsum(starts) - 1
    counts = np.diff(firsts, append=len(place))
    return values[firsts], inverse.reshape(shape), counts


# Counting


def bincount(x: Array, weights: Array | None = None, minlength: int = 0) -> Array:
    """How often each of 0, 1, ... occurs in `x`, or the sum of its weights."""
    if weights is None:
        return np.bincount(x, minlength=minlength).astype(np.int64)
    sums = np.bincount(x, weights.astype(np.float64), minlength)
    return sums.astype(weights.dtype if weights.dtype == np.float32 else np.float64)


def histc(x: Array, bins: int, low: float, high: float) -> Array:
    """Counts of `x` in `bins` equal bins from `low` to `high`; the last bin is closed."""
    wide = x.reshape(-1).astype(np.float64)
    inside = wide[(wide >= low) & (wide <= high)]
    place = ((inside - low) / (high - low) * bins).astype(np.int64)
    return np.bincount(np.minimum(place, bins - 1), minlength=bins).astype(x.dtype)


def histogram(x: Array, edges: Sequence[Array], weight: Array | None = None, density: bool = False) -> Array:
    """Weighted counts of the rows of `x` in the bins of `edges`, one array a column."""
    points = x.reshape(-1, len(edges))
    shape = tuple(len(edge) - 1 for edge in edges)
    inside = np.ones(len(points), dtype=bool)
    places = []
    for values, edge in zip(points.T, edges, strict=True):
        inside &= (values >= edge[0]) & (values <= edge[-1])
        place = np.searchsorted(edge, values, "right") - 1
        places.append(np.clip(np.where(values == edge[-1], len(edge) - 2, place), 0, len(edge) - 2))
    flat = np.ravel_multi_index([place[inside] for place in places], shape)
    weights = None if weight is None else weight.reshape(-1)[inside].astype(np.float64)
    counts = np.bincount(flat, weights, math.prod(shape)).reshape(shape).astype(np.float64)
    if density:
        counts /= counts.sum()
        for axis, edge in enumerate(edges):
            widths = np.diff(edge.astype(np.float64))
            counts /= widths.reshape(-1, *(1,) * (len(edges) - 1 - axis))
    return counts.astype(x.dtype)
