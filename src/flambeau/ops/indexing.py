"""Index expressions and masks: `x[i]`, `x[i] = v`, `index_put`, `masked_fill`, `take`, `nonzero`.

An expression is a view by its integers and slices, and after that a gather by its tensors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.modes import state
from ..dtypes import from_numpy_dtype, scalar_name
from ..prims import indexing as arrays
from ..prims import scatter
from ..tensor import Array, Tensor, attach, wrap
from .declare import composite, op, view
from .errors import broadcast_error
from .promotion import as_number
from .shape import strided_array, sum_to_size

Indices = tuple[Any, ...]
Shape = tuple[int, ...]


def dtype_name(array: Array) -> str:
    """PyTorch's word for an array's dtype: "Float", "Long", ..."""
    return scalar_name(from_numpy_dtype(array.dtype))


def is_complex(x: Any) -> bool:
    """Whether an array or tensor is complex."""
    return bool(x.is_complex()) if isinstance(x, Tensor) else x.dtype.kind == "c"


@op(name="_zeros_of", method=False, out=False)
def zeros_of(input, shape: Shape):
    """Zeros of `shape` in the dtype of `input`, for the adjoints of reading operations."""
    return np.zeros(shape, input.dtype)


# Views


def _selected(input: Array, basic: Indices) -> Array:
    """`input[basic]` with PyTorch's strides for new dimensions."""
    if None not in basic:
        return input[basic]
    if input.flags.c_contiguous and all(item is None or item == arrays.FULL for item in basic[:-1]):
        dims = iter(input.shape)
        return input.reshape((*[1 if item is None else next(dims) for item in basic[:-1]], *dims))
    part: Array = input[tuple(item for item in basic if item is not None)]
    shape: list[int] = []
    strides: list[int] = []
    taken = dim = 0  # dimensions of `input` and of `part` that the items so far stand for
    for item in basic[:-1]:
        if item is None:
            more = taken < input.ndim
            shape.append(1)
            strides.append(input.shape[taken] * input.strides[taken] if more else input.itemsize)
            continue
        taken += 1
        if isinstance(item, slice):
            shape.append(part.shape[dim])
            strides.append(part.strides[dim])
            dim += 1
    shape.extend(part.shape[dim:])
    strides.extend(part.strides[dim:])
    return strided_array(part, tuple(shape), tuple(strides))


def _view_op(grad_name: str) -> Any:
    """A view by the basic part of an index; PyTorch's node is called after the last item."""

    @view(name=f"_{grad_name}", grad_name=grad_name, method=False)
    def basic_view(input, basic: Indices):
        return _selected(input, basic)

    basic_view.vjp(input=lambda g, input_shape, basic: placed(g, input_shape, basic))
    return basic_view


@op(name="_placed", method=False, out=False, linear=True)
def placed(input, shape: Shape, basic: Indices):
    """Zeros of `shape` with `input` at `basic`."""
    whole = np.zeros(shape, input.dtype)
    whole[basic] = input
    return whole


_views = {
    "int": _view_op("SelectBackward0"),
    "slice": _view_op("SliceBackward0"),
    "NoneType": _view_op("UnsqueezeBackward0"),
    "ellipsis": _view_op("AliasBackward0"),
}
placed.vjp(input=lambda g, basic: _views["slice"](g, basic))


def basic_view(tensor: Tensor, basic: Indices) -> Any:
    """The view of `tensor` that the basic part of an index selects."""
    kind = "ellipsis"
    for item in basic:
        if item.__class__ is not slice or item != arrays.FULL:
            kind = item.__class__.__name__ if item is not Ellipsis else kind
    return _views[kind](tensor, basic)


# Advanced indices


@op(name="_index", grad_name="IndexBackward0", method=False, out=False, linear=True, quiet=False)
def index(input, advanced: Indices):
    """The elements of `input` at `advanced`, an entry a dimension: `slice(None)` or an array."""
    return arrays.index(input, advanced)


def into(body: Callable[..., Any]) -> Callable[..., Any]:
    """A body with `out=` as the form that writes into its first argument."""
    return lambda input, *rest: body(input, *rest, out=input)


def _put(input, values, advanced, accumulate, out=None):  # type: ignore[no-untyped-def]
    return arrays.index_put(input, advanced, values.astype(input.dtype, copy=False), accumulate, out)


@op(
    name="_index_put",
    grad_name="IndexPutBackward0",
    method=False,
    inplace=True,
    out=False,
    overlaps=True,
    into=into(_put),
)
def put_at(input, values, advanced: Indices, accumulate: bool = False):
    """`input` with `values` written, or added, at `advanced`."""
    return _put(input, values, advanced, accumulate)


@op(name="_sums_where", method=False, out=False, linear=True)
def sums_where(input, advanced: Indices, shape: Shape):
    """`input` added at `advanced` to zeros of `shape`: the adjoint of `index`."""
    zeros = scatter.zeros(shape, input.dtype)
    return arrays.index_put(zeros, advanced, input, True, zeros)


sums_where.vjp(input=lambda g, advanced: index(g, advanced))


def _put_values(g, values_shape, advanced):
    return sum_to_size(index(g, advanced), values_shape)


def zero_at(input: Any, advanced: Indices) -> Any:
    return put_at(input, zeros_of(input, ()), advanced)


index.vjp(input=lambda g, input_shape, advanced: sums_where(g, advanced, input_shape))
put_at.vjp(
    input=lambda g, advanced, accumulate: g if accumulate else zero_at(g, advanced),
    values=_put_values,
)


def _plain_items(item: Any) -> Any:
    """An index expression with the arrays of its tensors."""
    if isinstance(item, Tensor):
        return item._array
    if item.__class__ in (tuple, list):
        return item.__class__([_plain_items(each) for each in item])
    return item


def _is_plain(item: tuple[Any, ...]) -> bool:
    """Whether an index has only integers and slices without a step, the last of which selects."""
    for each in item:
        if each.__class__ is int:
            continue
        if each.__class__ is not slice or each.step is not None:
            return False
        if each.start.__class__ not in _ENDS or each.stop.__class__ not in _ENDS:
            return False
    return bool(item) and item[-1] != arrays.FULL


_ENDS = (int, type(None))


def _with_new_dims(item: tuple[Any, ...], ndim: int) -> Indices | None:
    """The basic part of an index that puts in dimensions and leaves the others as they are; None of another."""
    basic: list[Any] = []
    rest = ndim
    for each in item:
        if each.__class__ is slice and each == arrays.FULL:
            rest -= 1
        elif each is not None and each is not Ellipsis:
            return None
    if rest < 0 or all(each is not None for each in item):
        return None
    for each in item:
        if each is Ellipsis:
            basic += [arrays.FULL] * rest
            rest = 0
        else:
            basic.append(each)
    return (*basic, Ellipsis)


def getitem(self: Tensor, item: Any) -> Any:
    """`self[item]`: a view, or a copy where tensors, lists or masks take part."""
    array = self._array
    if item.__class__ is int and array.ndim and -array.shape[0] <= item < array.shape[0]:
        return _views["int"](self, (item, ...))
    if item.__class__ is tuple and len(item) <= array.ndim and _is_plain(item):
        try:
            return _views[item[-1].__class__.__name__](self, (*item, ...))
        except IndexError:  # the way below has PyTorch's words for it
            pass
    basic = _with_new_dims(item if item.__class__ is tuple else (item,), array.ndim)
    if basic is not None:
        return _views["NoneType"](self, basic)
    basic, advanced = arrays.split_index(_plain_items(item), array.shape)
    if basic is None and advanced is None:
        return _views["ellipsis"](self, (...,))
    part = self if basic is None else basic_view(self, basic)
    return part if advanced is None else index(part, advanced)


def setitem(self: Tensor, item: Any, value: Any) -> None:
    """`self[item] = value` for a tensor or a Python number.

    TypeError for another value; RuntimeError where shapes do not broadcast or dtypes of
    gathered elements differ.
    """
    array = self._array
    basic, advanced = arrays.split_index(_plain_items(item), array.shape)
    if not isinstance(value, Tensor):
        value = _number(self, value)
    recorded = state.grad and (self._node is not None or value._node is not None)
    if advanced is not None:
        part = self if basic is None else basic_view(self, basic)
        value = _without_leading_ones(_put_value(value, array))
        put_at.op.forms["inplace"](part, value, advanced)
        return
    shape = array.shape if basic is None else array[basic].shape
    value = _fitted(value, shape)
    if recorded or state.dual_levels or type(self) is not Tensor:
        target: Any = self if basic is None else basic_view(self, basic)
        target.copy_(value)
    else:
        array[... if basic is None else basic] = _real(value._array, array)
        self._counter[0] += 1


def _real(value: Array, like: Array) -> Array:
    return value.real if value.dtype.kind == "c" and like.dtype.kind != "c" else value


def _number(self: Tensor, value: Any) -> Tensor:
    if not isinstance(value, (bool, int, float, complex)):
        kind = type(value).__name__
        if isinstance(value, (np.generic, np.ndarray)):
            kind = f"numpy.{kind}"
        raise TypeError(f"can't assign a {kind} to a {self.type()}")
    return wrap(number_like(value, self._array))


def number_like(value: Any, array: Array) -> Array:
    """A Python number as a 0-d array of the dtype of `array`."""
    if isinstance(value, complex) and array.dtype.kind != "c":
        word = C_NAMES[dtype_name(array)]
        raise RuntimeError(f"value cannot be converted to type {word} without overflow")
    try:
        return as_number(value, array.dtype)
    except OverflowError:
        raise ValueError("Overflow when unpacking long long") from None


C_NAMES = {
    "Float": "float",
    "Double": "double",
    "Half": "at::Half",
    "BFloat16": "at::BFloat16",
    "Long": "int64_t",
    "Int": "int",
    "Short": "int16_t",
    "Char": "int8_t",
    "Byte": "uint8_t",
    "Bool": "bool",
}


def _put_value(value: Tensor, array: Array) -> Tensor:
    if value._array.dtype == array.dtype:
        return value
    if value._array.ndim:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{dtype_name(array)} for the destination and {dtype_name(value._array)} for the "
            "source."
        )
    return value.to(from_numpy_dtype(array.dtype))  # type: ignore[attr-defined]


def _without_leading_ones(value: Any) -> Tensor:
    own = value._array.shape
    if not own or own[0] != 1:
        return value  # type: ignore[no-any-return]
    lead = next((d for d, n in enumerate(own) if n != 1), len(own))
    return value.reshape(own[lead:])  # type: ignore[no-any-return]


def _fitted(value: Tensor, shape: Shape) -> Tensor:
    """`value` without its leading dimensions of size 1, if that broadcasts to `shape`."""
    value = _without_leading_ones(value)
    trimmed = value._array.shape
    if len(trimmed) > len(shape):
        raise RuntimeError(
            f"expand({value.type()}{{{list(trimmed)}}}, size={list(shape)}): the number of sizes "
            f"provided ({len(shape)}) must be greater or equal to the number of dimensions in the "
            f"tensor ({len(trimmed)})"
        )
    extra = len(shape) - len(trimmed)
    for dim, (n, target) in enumerate(zip(trimmed, shape[extra:], strict=True), extra):
        if n not in (1, target):
            raise RuntimeError(
                f"The expanded size of the tensor ({target}) must match the existing size ({n}) at "
                f"non-singleton dimension {dim}.  Target sizes: {list(shape)}.  Tensor sizes: "
                f"{list(trimmed)}"
            )
    return value


attach(__getitem__=getitem, __setitem__=setitem)


def _advanced(input: Tensor, indices: Any) -> Indices:
    """The indices of `index_put` as arrays."""
    entries: list[Any] = []
    for place, each in enumerate(indices):
        if isinstance(each, Tensor):
            entries.append(arrays.index_array(each._array))
        elif each is None:
            entries.append(arrays.FULL)
        else:
            raise TypeError(f"expected Tensor as element {place} in argument 1, but got {type(each).__name__}")
    taken = sum(each.ndim if each is not arrays.FULL and each.dtype == bool else 1 for each in entries)
    if taken > input._array.ndim:
        raise IndexError(f"too many indices for tensor of dimension {input._array.ndim} (got {taken})")
    return tuple(entries)


@composite(out=False)
def index_put(input, indices: Indices, values, accumulate: bool = False):
    """`input` with `values` written, or added, where the tensors `indices` point."""
    values = _put_value(values, input._array)
    return put_at(input, values, _advanced(input, indices), accumulate)


def index_put_(self: Tensor, indices: Indices, values: Tensor, accumulate: bool = False) -> Tensor:
    """`index_put` in place."""
    values = _put_value(values, self._array)
    put_at.op.forms["inplace"](self, values, _advanced(self, indices), accumulate)
    return self


attach(index_put_=index_put_)


# Masks


def _mask(mask: Array, name: str) -> None:
    if mask.dtype != bool:
        word = C_NAMES[dtype_name(mask)] if name == "masked_fill_" else dtype_name(mask)
        raise RuntimeError(f"{name} only supports boolean masks, but got mask with dtype {word}")


def _check_fits(input: Array, mask: Array, out: Array | None) -> None:
    """In place, a mask may not broadcast the input."""
    if out is not None and input.shape != mask.shape and np.broadcast_shapes(input.shape, mask.shape) != input.shape:
        raise broadcast_error(input, mask, inplace=True)


def _filled(input, mask, value, out=None):  # type: ignore[no-untyped-def]
    _mask(mask, "masked_fill_")
    _check_broadcast(input, mask)
    _check_fits(input, mask, out)
    return arrays.masked_fill(input, mask, filling("masked_fill_", input, value), out)


@op(inplace=True, out=False, overlaps=True, scalars=("value",), numbers=("value",), into=into(_filled))
def masked_fill(input, mask, value):
    """`input` with `value`, a number or 0-d tensor, where `mask` is true."""
    return _filled(input, mask, value)


def filling(name: str, input: Array, value: Any) -> Array:
    """A number, or an array that must be 0-d, in the dtype of `input`."""
    if isinstance(value, np.ndarray):
        if value.ndim:
            raise RuntimeError(
                f"{name} only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
            )
        if value.dtype.kind != "c":
            return value.astype(input.dtype)
        value = value.item()
    return number_like(value, input)


masked_fill.vjp(
    input=lambda g, mask: masked_fill(g, mask, 0.0),
    value=lambda g, mask: masked_select(g, mask).sum(),
)


def _check_broadcast(*given: Array) -> None:
    if given[0].shape == given[1].shape:
        return
    try:
        np.broadcast_shapes(*(each.shape for each in given))
    except ValueError:
        raise broadcast_error(*given) from None


@op(apart=True, exact_out="masked_select(): self and result must have the same scalar type")
def masked_select(input, mask):
    """The elements of `input` where `mask` is true, as a 1-d tensor."""
    if mask.dtype != bool:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    _check_broadcast(input, mask)
    return arrays.masked_select(input, mask)


@op(name="_masked_placed", method=False, out=False, linear=True)
def masked_placed(input, mask, shape: Shape):
    """Zeros of `shape`, broadcast against `mask`, with the elements of `input` where it is true."""
    zeros = np.zeros(np.broadcast_shapes(shape, mask.shape), input.dtype)
    return arrays.masked_scatter(zeros, mask, input)


masked_select.vjp(input=lambda g, input_shape, mask: masked_placed(g, mask, input_shape))
masked_placed.vjp(input=lambda g, mask, input_shape: leading(masked_select(g, mask), input_shape))


@op(name="_leading", method=False, out=False, linear=True)
def leading(input, shape: Shape):
    """The elements of the 1-d `input` first in a tensor of `shape`, followed by zeros."""
    flat = np.zeros(math.prod(shape), input.dtype)
    flat[: input.size] = input
    return flat.reshape(shape)


leading.vjp(input=lambda g, input_shape: g.reshape(-1)[: input_shape[0]])


def _scattered(input, mask, source, out=None):  # type: ignore[no-untyped-def]
    if input.dtype != source.dtype:
        raise RuntimeError(
            "masked_scatter: expected self and source to have same dtypes but got"
            f"{dtype_name(input)} and {dtype_name(source)}"
        )
    _mask(mask, "masked_scatter_")
    _check_broadcast(input, mask)
    _check_fits(input, mask, out)
    return arrays.masked_scatter(input, mask, source, out)


@op(inplace=True, out=False, into=into(_scattered))
def masked_scatter(input, mask, source):
    """`input` with successive elements of `source` where `mask` is true."""
    return _scattered(input, mask, source)


masked_scatter.vjp(
    input=lambda g, mask: masked_fill(g, mask, 0.0),
    source=lambda g, mask, source_shape: leading(masked_select(g, mask), source_shape),
)


# The flat order


@op(
    apart=True,
    exact_out="take(): self and out expected to have the same dtype, but got self.dtype = {result} and out.dtype = {out}",
)
def take(input, index):
    """The elements of `input`, seen as 1-d, at `index`."""
    if index.dtype != np.int64:
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {dtype_name(index)}")
    return scatter.take(input, index)


def _placed(input, index, source, accumulate, out=None):  # type: ignore[no-untyped-def]
    if index.dtype != np.int64:
        raise RuntimeError(f"put_(): Expected a long tensor for index, but got {dtype_name(index)}")
    if index.size != source.size:
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got "
            f"source.numel() = {source.size}, index.numel() = {index.size}"
        )
    if input.dtype != source.dtype:
        raise RuntimeError(
            "put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{dtype_name(input)} and source.dtype = {dtype_name(source)}"
        )
    return scatter.put(input, index, source, accumulate, out)


@op(inplace=True, out=False, into=into(_placed))
def put(input, index, source, accumulate: bool = False):
    """`input` with `source` written, or added, at `index` of `input` seen as 1-d."""
    return _placed(input, index, source, accumulate)


take.vjp(input=lambda g, input_shape, index: put(zeros_of(g, input_shape), index, g, True))
put.vjp(
    input=lambda g, index, source, accumulate: g if accumulate else put(g, index, zeros_of(source, source.shape)),
    source=lambda g, index, source_shape: take(g, index).reshape(source_shape),
)


# Where elements are


@op(name="_nonzero", method=False)
def nonzero_rows(input):
    """The position of each element that is not zero, a row each."""
    return arrays.nonzero(input)


@op
def argwhere(input):
    """The position of each element that is not zero, a row each."""
    return arrays.nonzero(input)


@composite
def nonzero(input, *, as_tuple: bool = False) -> Any:
    """Where the elements are not zero: rows, or with `as_tuple` a tensor for each dimension."""
    if not as_tuple:
        return nonzero_rows(input)
    rows = nonzero_rows(input.reshape(1) if input.ndim == 0 else input)
    return rows.unbind(1)


@op
def nonzero_static(input, *, size: int, fill_value: int = -1):
    """`nonzero` cut or filled up to `size` rows."""
    if size < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    rows = arrays.nonzero(input)[:size]
    result = np.full((size, input.ndim), fill_value, dtype=np.int64)
    result[: len(rows)] = rows
    return result
