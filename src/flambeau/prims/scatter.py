"""Elements and slices at positions along one dimension: gather, scatter, index_select, take, put.

Positions are checked before anything is written. Large arrays go through the loop nests of
`flambeau.kernels.gather`, the others through NumPy's indexing; both write in C order of the index,
so that of several values for one place the last stays, and sums add up in that order.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import Any

import numpy as np

from . import copies
from .choice import pays
from .precision import is_half

Array = np.ndarray
FULL = slice(None)


Described = tuple[int, tuple[int, ...], tuple[int, ...]]
"""An array of indices: item size, shape, strides."""

# The loop nests


@cache
def _nests() -> Any:
    """The module of the loop nests, loaded at its first use."""
    from flambeau.kernels import gather

    return gather


@cache
def _allocator() -> Any:
    from flambeau.kernels.pool import empty

    return empty


def _described(index: Array) -> Described:
    return index.itemsize, index.shape, index.strides


def empty(shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """An array for a result, in pooled memory when large."""
    return _allocator()(shape, dtype)  # type: ignore[no-any-return]


def zeros(shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """An array of zeros, for sums to be added to."""
    out = empty(shape, dtype)
    copies.fill(out, 0)
    return out


def copied(x: Array) -> Array:
    """A copy in C order."""
    return copies.copied(np.asarray(x))


def read_along(x: Array, dim: int, index: Array) -> Array | None:
    """`gather` by a kernel: None if there is none, or an index is outside."""
    plan = _nests().along("get", x.dtype, x.shape, x.strides, dim, _described(index), None)
    if plan is None:
        return None
    out = empty(index.shape, x.dtype)
    return out if _nests().run(plan, x, out, index) else None


def read_at(x: Array, entries: tuple[Array | None, ...], shape: tuple[int, ...], wrap: bool) -> Array | None:
    """`x[entries]` of that shape by a kernel: None if there is none, or an index is outside."""
    described = tuple([None if entry is None else _described(entry) for entry in entries])
    plan = _nests().expression("get", x.dtype, x.shape, x.strides, described, None, wrap)
    if plan is None:
        return None
    out = empty(shape, x.dtype)
    return out if _nests().run(plan, x, out, *[entry for entry in entries if entry is not None]) else None


def write_at(
    out: Array, entries: tuple[Array | None, ...], values: Array, strides: tuple[int, ...], op: str, wrap: bool
) -> bool:
    """Combine `values`, broadcast by `strides`, into `out[entries]`, whose indices are inside; whether it could."""
    described = tuple([None if entry is None else _described(entry) for entry in entries])
    plan = _nests().expression(op, out.dtype, out.shape, out.strides, described, strides, wrap)
    return plan is not None and _nests().run(plan, out, values, *[entry for entry in entries if entry is not None])


def _write_along(
    out: Array, dim: int, index: Array, values: Array, strides: tuple[int, ...], op: str, described: Any = None
) -> bool:
    plan = _nests().along(op, out.dtype, out.shape, out.strides, dim, described or _described(index), strides)
    return plan is not None and _nests().run(plan, out, values, index)


PARTS = 4
"""Into how many sums a long vector is split when all of it goes to few places."""
FEW = 16
"""Elements that go to each such place, at least, on the average."""
SPLIT = 1 << 16


def _write_parts(out: Array, index: Array, values: Array, stride: int, op: str) -> bool:
    """A vector combined into a vector: parts of it into vectors of their own, so that threads share the work.

    What is joined depends on the sizes alone.
    """
    length = index.size // PARTS
    parts = np.full((PARTS, out.size), _identity(op, out.dtype), out.dtype)
    step = index.strides[0]
    described = index.itemsize, (PARTS, length), (length * step, step)
    if not _write_along(parts, 1, index, values, (length * stride, stride), op, described):
        return False
    rest = index[PARTS * length :]
    tail = values[PARTS * length :] if values.ndim else values
    if rest.size and not _write_along(parts[-1], 0, rest, tail, (stride,), op):
        return False
    combine = _UFUNCS[op]
    for part in parts:
        combine(out, part, out=out)
    return True


_UFUNCS: dict[str, np.ufunc] = {"sum": np.add, "prod": np.multiply, "amin": np.minimum, "amax": np.maximum}


# Checks


def first_outside(index: Array, low: int, high: int) -> int | None:
    """The first element of `index` outside `low <= i < high`."""
    if index.size == 0:
        return None
    if index.flags.c_contiguous and pays("gather", index.size):
        if _nests().all_inside(index, low, high):
            return None
    elif low == 0:
        unsigned = index.view(np.uint64 if index.dtype.itemsize == 8 else np.uint32)
        if unsigned.max() < high:
            return None
    elif index.min() >= low and index.max() < high:
        return None
    return int(index[(index < low) | (index >= high)][0])


def _check_along(index: Array, dim: int, size: int) -> None:
    if (bad := first_outside(index, 0, size)) is not None:
        raise RuntimeError(f"index {bad} is out of bounds for dimension {dim} with size {size}")


def _check_self(index: Array, size: int) -> None:
    if first_outside(index, 0, size) is not None:
        raise IndexError("index out of range in self")


def _check_flat(index: Array, size: int) -> None:
    if (bad := first_outside(index, -size, size)) is not None:
        raise IndexError(f"out of range: tried to access index {bad} on a tensor of {size} elements.")


# Elements


def gather(x: Array, dim: int, index: Array) -> Array:
    """`out[i][j] = x[index[i][j]][j]` along `dim`; `index` may be smaller than `x` elsewhere."""
    if x.ndim == 0:
        _check_along(index, dim, 1)
        return x.reshape(1)[index]
    if index.ndim == x.ndim and pays("gather", index.size):
        found = read_along(x, dim % x.ndim, index)
        if found is not None:
            return found
    _check_along(index, dim, x.shape[dim])
    if x.ndim == 1:
        return x.take(index)
    x = np.ascontiguousarray(x)
    return x.reshape(-1).take(_flat_positions(index, dim, x.shape))


def scatter(
    x: Array,
    dim: int,
    index: Array,
    src: Array,
    reduce: str | None = None,
    include_self: bool = True,
    out: Array | None = None,
) -> Array:
    """`x` with `src` written at `index` along `dim`, or combined with `reduce`.

    `reduce` is None (the last value wins), "sum", "prod", "mean", "amin" or "amax"; without
    `include_self` the old value of a written place does not take part. `out` may be `x`.
    """
    if x.ndim == 0:
        filled = scatter(x.reshape(1), 0, index.reshape(-1), src.reshape(-1), reduce, include_self)
        out = target(x, out)
        out[()] = filled[0]
        return out
    if src.ndim and src.shape != index.shape:
        src = src[tuple([slice(size) for size in index.shape])]
    return _combined(x, dim % x.ndim, index, src, reduce, include_self, out)


def _combined(
    x: Array,
    dim: int,
    index: Array,
    src: Array,
    reduce: str | None,
    include_self: bool,
    out: Array | None,
    described: Described | None = None,
) -> Array:
    """`x` with `src` combined into it at `index`, which has its shape, or is broadcast to it as `described`."""
    shape = index.shape if described is None else described[1]
    given, worth = index, math.prod(shape) and pays("scatter", math.prod(shape))
    if worth and include_self and reduce != "mean":
        plan = _plan(x, dim, described or _described(index), src, reduce, out)
        if plan is not None:
            if out is not None:
                _check_along(given, dim, x.shape[dim])
            done = target(x, out)
            if _nests().run(plan, done, src, index):
                return done
    if described is not None and x.ndim > 1:
        index = np.lib.stride_tricks.as_strided(index, shape, described[2])
    if worth and _combines(x, index, src, reduce):
        op = {None: "set", "mean": "sum"}.get(reduce, reduce)
        assert op is not None
        # Where the kernels write to memory of ours, their own checks come in time.
        if out is not None and not (_parted(x, index, op) and include_self):
            _check_along(given, dim, x.shape[dim])
        done = target(x, out)
        if _by_kernels(done, dim, index, src, op, include_self, mean=reduce == "mean"):
            return done
    _check_along(given, dim, x.shape[dim])
    out = target(x, out)
    if index.size == 0:
        return out
    values = np.broadcast_to(src, index.shape).reshape(-1)
    positions = _flat_positions(index, dim, out.shape).reshape(-1)
    return into_flat(out, lambda flat: combine_at(flat, positions, values, reduce, include_self))


def _plan(x: Array, dim: int, index: Described, src: Array, reduce: str | None, out: Array | None) -> Any:
    """The nest that does it all, if one does."""
    strides = None if out is None else out.strides
    return _planned(x.dtype, x.shape, strides, dim, index, src.dtype, src.strides, reduce)


@lru_cache(4096)
def _planned(
    dtype: np.dtype,
    shape: tuple[int, ...],
    strides: tuple[int, ...] | None,
    dim: int,
    index: Described,
    src_dtype: np.dtype,
    src: tuple[int, ...],
    reduce: str | None,
) -> Any:
    size = math.prod(index[1])
    parted = reduce is not None and len(shape) == 1 and size >= max(SPLIT, FEW * math.prod(shape))
    if parted or src_dtype != dtype or len(index[1]) != len(shape):
        return None
    nests = _nests()
    at = nests.c_strides(shape, dtype.itemsize) if strides is None else strides
    return nests.along(reduce or "set", dtype, shape, at, dim, index, src or (0,) * len(shape))


def _combines(x: Array, index: Array, src: Array, reduce: str | None) -> bool:
    """Whether there are kernels for it."""
    op = {None: "set", "mean": "sum"}.get(reduce, reduce)
    return index.ndim == x.ndim and src.dtype == x.dtype and _nests().kind_of(x.dtype, op) is not None


def _parted(x: Array, index: Array, op: str) -> bool:
    """Whether a long vector goes to so few places that parts of it are combined apart."""
    return op != "set" and x.ndim == 1 and index.size >= max(SPLIT, FEW * x.size)


def _by_kernels(
    out: Array, dim: int, index: Array, src: Array, op: str, include_self: bool, *, mean: bool = False
) -> bool:
    """`src` combined into `out`, if all of `index` is inside and the kernels can."""
    none = (0,) * out.ndim
    counts = np.full(out.shape, int(include_self), np.int64) if mean else None
    if op != "set" and not include_self:
        identity = np.array(_identity(op, out.dtype), out.dtype)
        if not _write_along(out, dim, index, identity, none, "set"):
            return False
    if _parted(out, index, op):
        done = _write_parts(out, index, src, src.strides[0] if src.ndim else 0, op)
    else:
        done = _write_along(out, dim, index, src, src.strides or none, op)
    if counts is not None and done:
        _write_along(counts, dim, index, np.array(1), none, "sum")
        _divide(out, np.maximum(counts, 1))
    return done


def _flat_positions(index: Array, dim: int, shape: tuple[int, ...]) -> Array:
    """Where `index` along `dim` points in a C-contiguous array of `shape`."""
    dim %= len(shape)
    if len(shape) == 1:
        return index
    offset: Any = 0
    stride = 1
    along = 1
    for axis in range(len(shape) - 1, -1, -1):
        if axis == dim:
            along = stride
        elif index.shape[axis] > 1:
            steps = np.arange(index.shape[axis]) * stride
            offset = offset + steps.reshape(-1, *(1,) * (len(shape) - 1 - axis))
        stride *= shape[axis]
    positions = index.astype(np.int64) if along == 1 else index * np.int64(along)
    positions += offset
    return positions


def combine_at(flat: Array, positions: Array, values: Array, reduce: str | None, include_self: bool = True) -> None:
    """Combine `values` into `flat` at `positions`, which may repeat, in place."""
    if reduce is None:
        flat[positions] = values
        return
    if is_half(flat.dtype):
        wide = flat.astype(np.float32)
        combine_at(wide, positions, values.astype(np.float32), reduce, include_self)
        flat[...] = wide
        return
    if not include_self:
        flat[positions] = _identity(reduce, flat.dtype)
    with np.errstate(all="ignore"):
        _UFUNCS["sum" if reduce == "mean" else reduce].at(flat, positions, values)
    if reduce == "mean":
        counts = np.bincount(positions, minlength=flat.size)
        _divide(flat, np.maximum(counts + include_self, 1))


def _divide(sums: Array, counts: Array) -> None:
    divide = np.floor_divide if sums.dtype.kind in "iu" else np.divide
    divide(sums, counts, out=sums, casting="unsafe")


def _identity(reduce: str, dtype: np.dtype) -> Any:
    if reduce in ("sum", "mean"):
        return 0
    if reduce == "prod":
        return 1
    if dtype.kind in "fc":
        return np.inf if reduce == "amin" else -np.inf
    if dtype.kind == "b":
        return reduce == "amin"
    info = np.iinfo(dtype)
    return info.max if reduce == "amin" else info.min


def target(x: Array, out: Array | None) -> Array:
    """A copy of `x` to write into: `out` when given, which may be `x` itself."""
    if out is None:
        return copied(x)
    if out is not x:
        out[...] = x
    return out


def into_flat(out: Array, write: Any) -> Array:
    """Let `write` change the elements of `out` as a 1-d array in C order."""
    if out.flags.c_contiguous:
        write(out.reshape(-1))
    else:
        flat = out.reshape(-1)
        write(flat)
        out[...] = flat.reshape(out.shape)
    return out


# Slices


def index_select(x: Array, dim: int, index: Array) -> Array:
    """Slices of `x` along `dim` in the order of the 1-d `index`."""
    if x.ndim == 0:
        _check_self(index, 1)
        return x.reshape(1).take(index).reshape(())
    return rows(x, dim % x.ndim, index.reshape(-1))


def rows(x: Array, dim: int, index: Array) -> Array:
    """Slices of `x` along `dim` at `index` of any shape, which takes the place of that dimension."""
    shape = (*x.shape[:dim], *index.shape, *x.shape[dim + 1 :])
    if index.size and x.size and pays("gather", index.size * (x.size // x.shape[dim])):
        found = read_at(x, (None,) * dim + (index,), shape, False)
        if found is not None:
            return found
    _check_self(index, x.shape[dim])
    return x.take(index, axis=dim)


def index_combine(
    x: Array,
    dim: int,
    index: Array,
    source: Array,
    reduce: str,
    include_self: bool = True,
    out: Array | None = None,
) -> Array:
    """`x` with the slices of `source` combined into its slices `index` along `dim`. `out` may be `x`."""
    if x.ndim == 0:
        return scatter(x, 0, index, source, reduce, include_self, out)
    dim %= x.ndim
    along = index.reshape(-1)
    rest = x.ndim - 1 - dim
    strides = (*(0,) * dim, along.strides[0], *(0,) * rest)
    described = (along.itemsize, source.shape, strides)
    return _combined(x, dim, along, source, reduce, include_self, out, described)


def _into_slices(
    x: Array, dim: int, index: Array, values: Array, strides: tuple[int, ...] | None, wrap: bool, out: Array | None
) -> Array:
    """`x` with `values` in its slices `index`, which are inside, along `dim`."""
    out = target(x, out)
    if x.ndim == 0:
        out[()] = values.reshape(-1)[-1]
        return out
    dim %= x.ndim
    index = index.reshape(-1)
    size = index.size * (x.size // x.shape[dim]) if x.size else 0
    steps = (0,) * x.ndim if strides is None else strides
    same = strides is None or len(strides) == x.ndim
    if not (same and pays("scatter", size) and write_at(out, (None,) * dim + (index,), values, steps, "set", wrap)):
        out[(FULL,) * dim + (index,)] = values
    return out


def index_copy(x: Array, dim: int, index: Array, source: Array, out: Array | None = None) -> Array:
    """`x` with its slices `index` along `dim` replaced by those of `source`."""
    size = x.shape[dim] if x.ndim else 1
    if (bad := first_outside(index, 0, size)) is not None:
        raise IndexError(f"index_copy_(): index {bad} is out of bounds for dimension {dim} with size {size}")
    return _into_slices(x, dim, index, source, source.strides, False, out)


def index_fill(x: Array, dim: int, index: Array, value: Any, out: Array | None = None) -> Array:
    """`x` with its slices `index` along `dim` filled with `value`."""
    size = x.shape[dim] if x.ndim else 1
    if (bad := first_outside(index, -size, size)) is not None:
        raise IndexError(f"index {bad} is out of bounds for dimension {dim} with size {size}")
    return _into_slices(x, dim, index, np.asarray(value, x.dtype), None, True, out)


# The flat order


def take(x: Array, index: Array) -> Array:
    """Elements of `x`, seen as 1-d, at `index`; negative positions count from the end."""
    flat = x.reshape(-1)
    if x.size and pays("gather", index.size):
        found = read_at(flat, (index,), index.shape, True)
        if found is not None:
            return found
    _check_flat(index, x.size)
    return flat.take(index)


def put_in_order(out: Array, positions: Array, values: Array) -> None:
    """Write the vector `values` at `positions`, which are inside, of `out` seen as 1-d."""

    def write(flat: Array) -> None:
        _combined(flat, 0, positions, values, None, True, flat)

    into_flat(out, write)


def put(x: Array, index: Array, source: Array, accumulate: bool = False, out: Array | None = None) -> Array:
    """`x` with `source` written (or added) at `index` of `x` seen as 1-d."""
    _check_flat(index, x.size)
    out = target(x, out)
    positions = np.where(index < 0, index + x.size, index).reshape(-1)
    values = source.reshape(-1)

    def write(flat: Array) -> None:
        _combined(flat, 0, positions, values, "sum" if accumulate else None, True, flat)

    return into_flat(out, write)
