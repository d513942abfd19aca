"""Reading and writing elements by position: index expressions, gather, scatter and masks.

An index expression is split once (`split_index`) into a basic part, which is a view, and an
advanced part, which copies. Positions are checked before anything is written.
"""

from __future__ import annotations

import itertools
import math
import operator
import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .choice import pays
from .copies import row_major
from .core import threshold
from .pointwise import ne, where
from .scatter import combine_at, first_outside, into_flat, put_in_order, read_at, target, write_at

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
    if index.__class__ is np.ndarray and shape and _is_alone(index, len(shape)):
        return Index(None, (index,))
    if type(index) is not tuple:
        index = tuple(index) if _stands_for_tuple(index) else (index,)
    items = [_as_item(item) for item in index]
    ndim = len(shape)
    taken = sum(_dims_taken(item) for item in items)
    if taken > ndim:
        if ndim == 0 and len(items) == 1 and isinstance(items[0], slice):
            raise IndexError("slice() cannot be applied to a 0-dim tensor.")
        if ndim == 0 and len(items) == 1 and isinstance(items[0], int):
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


def _is_alone(index: Array, ndim: int) -> bool:
    """Whether an array is an index expression by itself, and nothing is to be said against it."""
    if index.dtype == bool:
        return 0 < index.ndim <= ndim
    return index.ndim > 0 and index.dtype in (np.int64, np.int32)


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
        if isinstance(item, str):
            raise TypeError("new(): invalid data type 'str'")
        if not isinstance(item, (Sequence, np.generic)):
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
                axis = len(advanced) - 1
                size = only.size * (x.size // x.shape[axis]) if x.size else 0
                if pays("gather", size):
                    found = read_at(
                        x, (None,) * axis + (only,), x.shape[:axis] + only.shape + x.shape[axis + 1 :], True
                    )
                    if found is not None:
                        return found
                return x.take(only, axis=axis)
            if only.shape == x.shape and x.flags.c_contiguous:
                return x.reshape(-1).take(np.flatnonzero(only))
        if x.size >= FEW and (entries := _integers(advanced)) is not None:
            shape = index_shape(x.shape, advanced)
            if pays("gather", math.prod(shape)):
                found = read_at(x, tuple([None if item is FULL else item for item in entries]), shape, True)
                if found is not None:
                    return found
        result: Array = x[advanced]
    except IndexError:
        _diagnose(x.shape, advanced)
        return np.empty(index_shape(x.shape, advanced), x.dtype)
    return result if result.flags.c_contiguous else np.ascontiguousarray(result)


FEW = 64
"""Below so many elements of `x`, index expressions are left to NumPy before anything is counted."""


def _integers(advanced: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """`advanced` with the positions of masks in their place; None where a mask has no dimensions."""
    entries: list[Any] = []
    for item in advanced:
        if item is FULL or item.dtype != bool:
            entries.append(item)
        elif item.ndim:
            entries.extend(np.nonzero(item))
        else:
            return None
    return tuple(entries)


def index_put(
    x: Array,
    advanced: tuple[Any, ...],
    values: Array,
    accumulate: bool = False,
    out: Array | None = None,
) -> Array:
    """`x` with `values` written (or added) at `advanced`. `out` may be `x`."""
    values = np.asarray(values)
    first = advanced[0]
    if not (values.ndim or accumulate) and len(advanced) == 1 and first.dtype == bool:
        if first.shape == x.shape[: first.ndim] and first.ndim:
            return masked_fill(x, first.reshape(*first.shape, *(1,) * (x.ndim - first.ndim)), values, out)
    shape = index_shape(x.shape, advanced)
    try:
        strides = _strides_over(values, shape)
    except ValueError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to "
            f"indexing result of shape {list(shape)}"
        ) from None
    if 0 in shape:
        return target(x, out)
    arrays = [item for item in advanced if item is not FULL]
    masked = len(arrays) == 1 and arrays[0].dtype == bool
    if masked and not accumulate and not any(strides):
        place = sum(1 for _ in itertools.takewhile(lambda item: item is FULL, advanced))
        mask = arrays[0].reshape(*arrays[0].shape, *(1,) * (x.ndim - place - arrays[0].ndim))
        return masked_fill(x, mask, values.reshape(-1)[0], out)
    if pays("scatter", math.prod(shape)) and (entries := _integers(advanced)) is not None:
        if out is not None:
            _check_positions(x.shape, advanced, entries)
        done = target(x, out)
        given = tuple([None if item is FULL else item for item in entries])
        if write_at(done, given, values, strides, "sum" if accumulate else "set", True):
            return done
        _check_positions(x.shape, advanced, entries)
    values = np.broadcast_to(values, shape)
    try:
        if not accumulate or masked:
            sums = x[advanced] + values if accumulate else values
            out = target(x, out)
            out[advanced] = sums
            return out
        positions = np.arange(x.size).reshape(x.shape)[advanced]
    except IndexError:
        _diagnose(x.shape, advanced)
        raise
    flat_positions, flat_values = positions.reshape(-1), values.reshape(-1)
    return into_flat(target(x, out), lambda flat: combine_at(flat, flat_positions, flat_values, "sum"))


def _strides_over(values: Array, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of `values` broadcast to `shape`; ValueError if it does not."""
    if values.shape == shape:
        return values.strides
    return np.broadcast_to(values, shape).strides if values.ndim else (0,) * len(shape)


def _check_positions(shape: tuple[int, ...], advanced: tuple[Any, ...], entries: tuple[Any, ...]) -> None:
    """Raise PyTorch's error if an index is outside."""
    for dim, item in enumerate(entries):
        if item is not FULL and first_outside(item, -shape[dim], shape[dim]) is not None:
            _diagnose(shape, advanced)


def index_shape(shape: tuple[int, ...], advanced: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape of `x[advanced]` for `x` of `shape`."""
    if len(advanced) == 1 and advanced[0].dtype != bool:
        return (*advanced[0].shape, *shape[1:])
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


# Masks


@cache
def _run_prim() -> Any:
    from flambeau.kernels import run_prim

    return run_prim


def _rows(found: Array, out: Array | None) -> Array:
    return row_major(found) if out is None else found  # type: ignore[no-any-return]


def masked_fill(x: Array, mask: Array, value: Any, out: Array | None = None) -> Array:
    """`x` with `value` where `mask` (broadcast against `x`) is true. `out` may be `x`."""
    value = np.asarray(value).astype(x.dtype, copy=False)
    if out is None:
        x = row_major(x)
    if x.size >= threshold():
        return _rows(where(mask, value, x, out=out), out)
    if pays("mask", x.size) and (found := _run_prim()("where", (mask, value, x), {"out": out})) is not NotImplemented:
        return _rows(found, out)
    filled: Array = where(mask, value, x)
    if out is None:
        return filled
    np.copyto(out, filled)
    return out


def masked_select(x: Array, mask: Array) -> Array:
    """The elements of `x` where `mask` is true, both broadcast, as a 1-d array in C order."""
    if x.shape != mask.shape:
        x, mask = np.broadcast_arrays(x, mask)
    return x.reshape(-1).take(mask.reshape(-1).nonzero()[0])


def masked_scatter(x: Array, mask: Array, source: Array, out: Array | None = None) -> Array:
    """`x` with successive elements of `source` where `mask` is true."""
    if out is None and x.shape != mask.shape:
        x = np.broadcast_to(x, np.broadcast_shapes(x.shape, mask.shape))
    if mask.shape != x.shape:
        mask = np.broadcast_to(mask, x.shape)
    positions = mask.reshape(-1).nonzero()[0]
    if positions.size > source.size:
        raise RuntimeError("Number of elements of source < number of ones in mask")
    out = target(x, out)
    put_in_order(out, positions, source.reshape(-1)[: positions.size])
    return out


def nonzero(x: Array) -> Array:
    """Positions of the elements that are not zero, one row each, in C order."""
    if x.ndim == 0:
        return np.empty((int(bool(x)), 0), dtype=np.int64)
    if x.dtype.kind == "V":
        x = x.astype(np.float32)
    if x.size < threshold() or x.size >= 1 << 53:
        return np.array(np.nonzero(x), dtype=np.int64).T
    flat = row_major(x if x.dtype == np.bool_ else ne(x, 0)).reshape(-1).nonzero()[0]
    places = np.empty((x.ndim, len(flat)), np.int64)
    for axis in range(x.ndim - 1, 0, -1):
        before = np.floor_divide(flat, x.shape[axis], out=places[axis - 1])
        np.subtract(flat, before * x.shape[axis], out=places[axis])
        flat = before
    if x.ndim == 1:
        places[0] = flat
    return places.T
