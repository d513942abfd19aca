"""Reading and writing elements by position: index expressions, gather, scatter and masks.

An index expression is split once (`split_index`) into a basic part, which is a view, and an
advanced part, which copies. Positions are checked before anything is written.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .precision import is_half

Array = np.ndarray
FULL = slice(None)


class Index(NamedTuple):
    """An index expression: `basic` selects a view (None: all), `advanced` gathers from it.

    Entries of `advanced` are `slice(None)` or arrays of positions, or bool masks that cover as many
    dimensions as they have; None when there is nothing to gather.
    """

    basic: tuple[Any, ...] | None
    advanced: tuple[Any, ...] | None


def split_index(index: Any, shape: tuple[int, ...]) -> Index:
    """Split the index expression of `x[index]`, whose arrays are ndarrays, for `x` of `shape`."""
    if type(index) is not tuple:
        index = tuple(index) if _stands_for_tuple(index) else (index,)
    items = [_as_item(item) for item in index]
    ndim = len(shape)
    taken = sum(_dims_taken(item) for item in items)
    if taken > ndim:
        if ndim == 0 and isinstance(items[0], slice):
            raise IndexError("slice() cannot be applied to a 0-dim tensor.")
        if ndim == 0 and isinstance(items[0], int):
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
                "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"
            )
        raise IndexError(f"too many indices for tensor of dimension {ndim}")
    basic: list[Any] = []
    advanced: list[Any] = []
    dim = 0
    plain = True
    gathers = False
    for place, item in enumerate(items):
        if isinstance(item, int):
            size = shape[dim]
            if not -size <= item < size:
                raise IndexError(f"index {item} is out of bounds for dimension {place} with size {size}")
            basic.append(item)
            plain = False
            dim += 1
        elif isinstance(item, slice):
            basic.append(item)
            advanced.append(FULL)
            plain = plain and item == FULL
            dim += 1
        elif item is Ellipsis:
            for _ in range(ndim - taken):
                basic.append(FULL)
                advanced.append(FULL)
            dim += ndim - taken
            taken = ndim
        elif item is None:
            basic.append(None)
            advanced.append(FULL)
            plain = False
        else:
            gathers = True
            if item.dtype == bool:
                if item.ndim == 0:
                    basic.append(None)
                    plain = False
                    advanced.append(item.reshape(1))
                    continue
                basic.extend([FULL] * item.ndim)
                dim += item.ndim
            else:
                basic.append(FULL)
                dim += 1
            advanced.append(item)
    basic.append(Ellipsis)
    return Index(None if plain else tuple(basic), tuple(advanced) if gathers else None)


def _stands_for_tuple(index: Any) -> bool:
    """Whether a list is read as a tuple of indices: when short and holding more than numbers."""
    if not isinstance(index, list) or len(index) >= 32:
        return False
    if not any(item is None or item is Ellipsis or isinstance(item, (slice, Sequence, np.ndarray)) for item in index):
        return False
    warnings.warn(
        "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed "
        "in pytorch 2.9; use x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be "
        "interpreted as tensor index, x[torch.tensor(seq)], which will result either in an error "
        "or a different result",
        stacklevel=5,
    )
    return True


def _as_item(item: Any) -> Any:
    """The item as an int, slice, None, Ellipsis, bool array or integer array."""
    if item is None or item is Ellipsis or type(item) is int:
        return item
    if isinstance(item, slice):
        return _as_slice(item)
    if isinstance(item, (bool, np.bool_)):
        return np.array(item, dtype=bool)
    if not isinstance(item, np.ndarray):
        if hasattr(item, "__index__") and not isinstance(item, Sequence):
            return operator.index(item)
        if not isinstance(item, (Sequence, np.generic)) or isinstance(item, str):
            raise IndexError(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables "
                f"are valid indices (got {type(item).__name__})"
            )
        item = np.asarray(item)
        item = item.astype(np.int64) if item.dtype.kind == "f" or item.size == 0 else item
    if item.ndim == 0 and item.dtype.kind in "iu" and item.dtype != np.uint8:
        return int(item)
    return index_array(item)


def index_array(item: Array) -> Array:
    """An array used as an index: integers, or a mask, which uint8 stands for too."""
    if item.dtype == np.uint8:
        warnings.warn(
            "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.",
            stacklevel=2,
        )
        return item.astype(bool)
    if item.dtype not in (np.int64, np.int32, bool):
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    return item


def _as_slice(item: slice) -> slice:
    step = item.step
    if step is not None:
        step = operator.index(step)
        if step == 0:
            raise ValueError("slice step cannot be zero")
        if step < 0:
            raise ValueError("step must be greater than zero")
    return slice(_slice_end(item.start), _slice_end(item.stop), step)


def _slice_end(end: Any) -> int | None:
    try:
        return None if end is None else operator.index(end)
    except TypeError:
        raise TypeError("slice indices must be integers or None or have an __index__ method") from None


def _dims_taken(item: Any) -> int:
    if item is None or item is Ellipsis:
        return 0
    if isinstance(item, np.ndarray):
        return item.ndim if item.dtype == bool else 1
    return 1


# Advanced indices


def index(x: Array, advanced: tuple[Any, ...]) -> Array:
    """Elements of `x` at `advanced` (see `Index`); index dims come first when they are apart."""
    try:
        if len(advanced) == 1 or all(item is FULL for item in advanced[:-1]):
            only = advanced[-1]
            if only.dtype != bool:
                return x.take(only, axis=len(advanced) - 1)
            if only.shape == x.shape and x.flags.c_contiguous:
                return x.reshape(-1).take(np.flatnonzero(only))
        result: Array = x[advanced]
    except IndexError:
        _diagnose(x.shape, advanced)
        return np.empty(index_shape(x.shape, advanced), x.dtype)
    return result if result.flags.c_contiguous else np.ascontiguousarray(result)


def index_put(
    x: Array,
    advanced: tuple[Any, ...],
    values: Array,
    accumulate: bool = False,
    out: Array | None = None,
) -> Array:
    """`x` with `values` written (or added) at `advanced`."""
    shape = index_shape(x.shape, advanced)
    try:
        values = np.broadcast_to(values, shape)
    except ValueError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to "
            f"indexing result of shape {list(shape)}"
        ) from None
    out = _target(x, out)
    if 0 in shape:
        return out
    arrays = [item for item in advanced if item is not FULL]
    try:
        if not accumulate or (len(arrays) == 1 and arrays[0].dtype == bool):
            out[advanced] = x[advanced] + values if accumulate else values
            return out
        positions = np.arange(x.size).reshape(x.shape)[advanced]
    except IndexError:
        _diagnose(x.shape, advanced)
        raise
    return _into_flat(out, lambda flat: _add_at(flat, positions.reshape(-1), values.reshape(-1)))


def index_shape(shape: tuple[int, ...], advanced: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape of `x[advanced]` for `x` of `shape`."""
    sizes: list[tuple[int, ...]] = []
    kept: list[int] = []
    dim = 0
    first: int | None = None
    groups = 0
    previous_full = True
    for item in advanced:
        if item is FULL:
            kept.append(shape[dim])
            dim += 1
            previous_full = True
            continue
        if first is None:
            first = len(kept)
        groups += previous_full
        previous_full = False
        if item.dtype == bool:
            for axis, size in enumerate(item.shape):
                if size != shape[dim + axis]:
                    raise IndexError(
                        f"The shape of the mask {list(item.shape)} at index {axis} does not match "
                        f"the shape of the indexed tensor {list(shape)} at index {dim + axis}"
                    )
            sizes.append((int(np.count_nonzero(item)),))
            dim += item.ndim
        else:
            sizes.append(item.shape)
            dim += 1
    kept.extend(shape[dim:])
    try:
        broadcast = np.broadcast_shapes(*sizes)
    except ValueError:
        shapes = ", ".join(str(list(size)) for size in sizes)
        raise IndexError(
            "shape mismatch: indexing tensors could not be broadcast together with shapes " + shapes
        ) from None
    place = 0 if groups > 1 else first or 0
    return (*kept[:place], *broadcast, *kept[place:])


def _diagnose(shape: tuple[int, ...], advanced: tuple[Any, ...]) -> None:
    """Raise PyTorch's error for the first bad entry of `advanced`; none is bad if none is read."""
    if 0 in index_shape(shape, advanced):
        return
    arrays: list[tuple[Array, int]] = []
    dim = 0
    for item in advanced:
        if item is FULL:
            dim += 1
        elif item.dtype == bool:
            arrays.extend(zip(np.nonzero(item), item.shape, strict=True))
            dim += item.ndim
        else:
            arrays.append((item, shape[dim]))
            dim += 1
    if any(size == 0 for _, size in arrays):
        raise IndexError("index is out of bounds for dimension with size 0")
    indices = np.broadcast_arrays(*(array for array, _ in arrays))
    sizes = np.array([size for _, size in arrays])
    rows = np.stack([array.reshape(-1) for array in indices], axis=1)
    bad = (rows < -sizes) | (rows >= sizes)
    if bad.any():
        row, order = np.argwhere(bad)[0]
        raise IndexError(f"index {rows[row, order]} is out of bounds for dimension {order} with size {sizes[order]}")


def first_outside(index: Array, low: int, high: int) -> int | None:
    """The first element of `index` outside `low <= i < high`."""
    if index.size == 0:
        return None
    if low == 0:
        unsigned = index.view(np.uint64 if index.dtype.itemsize == 8 else np.uint32)
        if unsigned.max() < high:
            return None
    elif index.min() >= low and index.max() < high:
        return None
    return int(index[(index < low) | (index >= high)][0])


# One dimension: gather and scatter


def gather(x: Array, dim: int, index: Array) -> Array:
    """`out[i][j] = x[index[i][j]][j]` along `dim`; `index` may be smaller than `x` elsewhere."""
    if x.ndim == 0:
        _check_along(index, dim, 1)
        return x.reshape(1)[index]
    size = x.shape[dim]
    _check_along(index, dim, size)
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
    `include_self` the old value of a written place does not take part.
    """
    if x.ndim == 0:
        filled = scatter(x.reshape(1), 0, index.reshape(-1), src.reshape(-1), reduce, include_self)
        out = _target(x, out)
        out[()] = filled[0]
        return out
    _check_along(index, dim, x.shape[dim])
    out = _target(x, out)
    if index.size == 0:
        return out
    if src.ndim:
        src = src[tuple(slice(size) for size in index.shape)]
    values = np.broadcast_to(src, index.shape).reshape(-1)
    positions = _flat_positions(index, dim, x.shape).reshape(-1)
    return _into_flat(out, lambda flat: combine_at(flat, positions, values, reduce, include_self))


def _check_along(index: Array, dim: int, size: int) -> None:
    if (bad := first_outside(index, 0, size)) is not None:
        raise RuntimeError(f"index {bad} is out of bounds for dimension {dim} with size {size}")


def _flat_positions(index: Array, dim: int, shape: tuple[int, ...]) -> Array:
    """Where `index` along `dim` points in a C-contiguous array of `shape`."""
    dim %= len(shape)
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
    if reduce in ("sum", "mean"):
        _add_at(flat, positions, values)
    else:
        ufunc = {"prod": np.multiply, "amin": np.minimum, "amax": np.maximum}[reduce]
        ufunc.at(flat, positions, values)
    if reduce == "mean":
        counts = np.bincount(positions, minlength=flat.size)
        counts = np.maximum(counts + include_self, 1)
        if flat.dtype.kind in "iu":
            np.floor_divide(flat, counts, out=flat, casting="unsafe")
        else:
            np.divide(flat, counts, out=flat, casting="unsafe")


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


def _add_at(flat: Array, positions: Array, values: Array) -> None:
    """`flat[positions] += values` with repeated positions adding up."""
    if is_half(flat.dtype):
        wide = flat.astype(np.float32)
        np.add.at(wide, positions, values.astype(np.float32))
        flat[...] = wide
    else:
        np.add.at(flat, positions, values)


def _target(x: Array, out: Array | None) -> Array:
    """A copy of `x` to write into: `out` when given, which may be `x` itself."""
    if out is None:
        return np.array(x, order="C")
    if out is not x:
        out[...] = x
    return out


def _into_flat(out: Array, write: Any) -> Array:
    """Let `write` change the elements of `out` as a 1-d array in C order."""
    if out.flags.c_contiguous:
        write(out.reshape(-1))
    else:
        flat = out.reshape(-1)
        write(flat)
        out[...] = flat.reshape(out.shape)
    return out


# One dimension: whole slices


def index_select(x: Array, dim: int, index: Array) -> Array:
    """Slices of `x` along `dim` in the order of the 1-d `index`."""
    if x.ndim == 0:
        x, keep_shape = x.reshape(1), ()
        _check_self(index, 1)
        return x.take(index).reshape(keep_shape)
    _check_self(index, x.shape[dim])
    return x.take(index.reshape(-1), axis=dim)


def _check_self(index: Array, size: int) -> None:
    if first_outside(index, 0, size) is not None:
        raise IndexError("index out of range in self")


def index_combine(
    x: Array,
    dim: int,
    index: Array,
    source: Array,
    reduce: str,
    include_self: bool = True,
    out: Array | None = None,
) -> Array:
    """`x` with the slices of `source` combined into its slices `index` along `dim`."""
    if x.ndim == 0:
        return scatter(x, 0, index, source, reduce, include_self, out)
    if reduce == "sum" and source.size >= MANY and source.size >= 8 * index.size:
        wide = x.dtype.kind in "fc" and x.dtype.itemsize >= 4
        if wide and x.dtype.itemsize <= 16:
            return _add_slices(x, dim, index.reshape(-1), source, out)
    along = index.reshape(-1, *(1,) * (x.ndim - 1 - dim % x.ndim))
    return scatter(x, dim, np.broadcast_to(along, source.shape), source, reduce, include_self, out)


MANY = 1 << 14
"""Elements from which adding whole slices pays for grouping the index first."""


def _add_slices(x: Array, dim: int, index: Array, source: Array, out: Array | None) -> Array:
    """`index_combine` of sums: a sparse matrix of ones, a row for each slice of `x`, times `source`."""
    from scipy.sparse import csr_array

    count = x.shape[dim]
    _check_along(index, dim, count)
    order = np.argsort(index, kind="stable")
    starts = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(index, minlength=count), out=starts[1:])
    picks = csr_array((np.ones(index.size, x.dtype), order, starts), shape=(count, index.size))
    slices = np.moveaxis(source, dim, 0)
    sums = picks @ np.ascontiguousarray(slices).reshape(index.size, -1)
    out = _target(x, out)
    out += np.moveaxis(sums.reshape(count, *slices.shape[1:]), 0, dim)
    return out


def index_copy(x: Array, dim: int, index: Array, source: Array, out: Array | None = None) -> Array:
    """`x` with its slices `index` along `dim` replaced by those of `source`."""
    size = x.shape[dim] if x.ndim else 1
    if (bad := first_outside(index, 0, size)) is not None:
        raise IndexError(f"index_copy_(): index {bad} is out of bounds for dimension {dim} with size {size}")
    out = _target(x, out)
    if x.ndim == 0:
        out[()] = source.reshape(-1)[-1]
    else:
        out[(FULL,) * (dim % x.ndim) + (index.reshape(-1),)] = source
    return out


def index_fill(x: Array, dim: int, index: Array, value: Any, out: Array | None = None) -> Array:
    """`x` with its slices `index` along `dim` filled with `value`."""
    size = x.shape[dim] if x.ndim else 1
    if (bad := first_outside(index, -size, size)) is not None:
        raise IndexError(f"index {bad} is out of bounds for dimension {dim} with size {size}")
    out = _target(x, out)
    if x.ndim == 0:
        out[()] = value
    else:
        out[(FULL,) * (dim % x.ndim) + (index.reshape(-1),)] = value
    return out


def take(x: Array, index: Array) -> Array:
    """Elements of `x`, seen as 1-d, at `index`; negative positions count from the end."""
    _check_flat(index, x.size)
    return x.reshape(-1).take(index)


def put(x: Array, index: Array, source: Array, accumulate: bool = False, out: Array | None = None) -> Array:
    """`x` with `source` written (or added) at `index` of `x` seen as 1-d."""
    _check_flat(index, x.size)
    out = _target(x, out)
    positions = np.where(index < 0, index + x.size, index).reshape(-1)
    values = source.reshape(-1)
    return _into_flat(out, lambda flat: combine_at(flat, positions, values, "sum" if accumulate else None))


def _check_flat(index: Array, size: int) -> None:
    if (bad := first_outside(index, -size, size)) is not None:
        raise IndexError(f"out of range: tried to access index {bad} on a tensor of {size} elements.")


# Masks


def masked_fill(x: Array, mask: Array, value: Any, out: Array | None = None) -> Array:
    """`x` with `value` where `mask` (broadcast against `x`) is true."""
    if out is None:
        shape = np.broadcast_shapes(x.shape, mask.shape)
        out = np.array(np.broadcast_to(x, shape), order="C")
    else:
        _target(x, out)
    np.copyto(out, np.asarray(value).astype(out.dtype), where=mask)
    return out


def masked_select(x: Array, mask: Array) -> Array:
    """The elements of `x` where `mask` is true, both broadcast, as a 1-d array in C order."""
    x, mask = np.broadcast_arrays(x, mask)
    return x.reshape(-1).take(np.flatnonzero(mask))


def masked_scatter(x: Array, mask: Array, source: Array, out: Array | None = None) -> Array:
    """`x` with successive elements of `source` where `mask` is true."""
    if out is None:
        shape = np.broadcast_shapes(x.shape, mask.shape)
        x = np.broadcast_to(x, shape)
    mask = np.broadcast_to(mask, x.shape)
    count = int(np.count_nonzero(mask))
    if count > source.size:
        raise RuntimeError("Number of elements of source < number of ones in mask")
    out = _target(x, out)
    out[mask] = source.reshape(-1)[:count]
    return out


def nonzero(x: Array) -> Array:
    """Positions of the elements that are not zero, one row each, in C order."""
    if x.ndim == 0:
        return np.empty((int(bool(x)), 0), dtype=np.int64)
    if x.dtype.kind == "V":
        x = x.astype(np.float32)
    return np.array(np.nonzero(x), dtype=np.int64).T
