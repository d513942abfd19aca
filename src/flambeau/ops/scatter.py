"""Gather and scatter along one dimension: elements (`gather`, `scatter`) and slices (`index_add`).

Positions are checked against the dimension before anything is written.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from ..prims import scatter as arrays
from ..tensor import Array, Tensor, wrap_dim
from .checks import SAME_OUT
from .comparison import where
from .declare import composite, op
from .indexing import dtype_name, filling, into, masked_fill, number_like, zeros_of

Shape = tuple[int, ...]

# Elements


@lru_cache(4096)
def _check_index(
    name: str, shape: Shape, dim: int, index: Shape, index_dtype: np.dtype, other: str, *, limit: bool
) -> None:
    """An index must hold integers, have the dims of the input of `shape`, and fit into it outside `dim`."""
    if 0 in index:
        return
    if index_dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")
    if max(len(index), 1) != max(len(shape), 1):
        raise RuntimeError(f"Index tensor must have the same number of dimensions as {other} tensor")
    if not limit:
        return
    for axis, (n, size) in enumerate(zip(index, shape, strict=False)):
        if axis != dim % max(len(shape), 1) and n > size:
            raise RuntimeError(
                f"Size does not match at dimension {axis} expected index {list(index)} to be "
                f"no larger than self {list(shape)} apart from dimension {dim}"
            )


@op(apart=True, exact_out=SAME_OUT, quiet=False)
def gather(input, dim: int, index, *, sparse_grad: bool = False):
    """`out[i][j] = input[index[i][j]][j]` for `dim` 0, and so on."""
    dim = wrap_dim(dim, input.ndim)
    _check_index("gather", input.shape, dim, index.shape, index.dtype, "input", limit=True)
    if index.size == 0:
        return np.empty(index.shape, input.dtype)
    return arrays.gather(input, dim, index)


def _check_scatter(input: Array, dim: int, index: Array, src: Array | None) -> None:
    _check_index("scatter", input.shape, dim, index.shape, index.dtype, "self", limit=False)
    if src is not None and src.dtype != input.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    _check_source(input.shape, dim, index.shape, None if src is None else src.shape)


@lru_cache(4096)
def _check_source(shape: Shape, dim: int, index: Shape, src: Shape | None) -> None:
    if 0 in index:
        return
    if src is not None and max(len(src), 1) != max(len(index), 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    over = [
        axis for axis, n in enumerate(index) if (axis != dim and shape and n > shape[axis]) or (src and n > src[axis])
    ]
    if over:
        tail = f" and to be no larger size than src {list(src)}" if src is not None else ""
        raise RuntimeError(
            f"Expected index {list(index)} to be no larger than self {list(shape)} apart from dimension {dim}{tail}"
        )


_REDUCTIONS = {None: None, "add": "sum", "multiply": "prod"}


def _scattered(input, dim, index, src, value, reduce, out=None):  # type: ignore[no-untyped-def]
    if reduce not in _REDUCTIONS:
        raise RuntimeError("reduce argument must be either add or multiply.")
    dim = wrap_dim(dim, input.ndim)
    if src is None or (src.ndim == 0 and (index.ndim or src.dtype != input.dtype)):
        _check_scatter(input, dim, index, None)
        src = number_like(value if src is None else src.item(), input)
    else:
        _check_scatter(input, dim, index, src)
    return arrays.scatter(input, dim, index, src, _REDUCTIONS[reduce], out=out)


@op(inplace=True, apart=True, scalars=("src",), into=into(_scattered))
def scatter(
    input,
    dim: int,
    index,
    src: Tensor | None = None,
    value: Any = None,
    *,
    reduce: str | None = None,
):
    """`input` with `src`, or a number, written at `index` along `dim`, or combined (`reduce`)."""
    return _scattered(input, dim, index, src, value, reduce)


def _scatter_input(g, dim, index, reduce, input_dtype):
    if reduce == "add":
        return g
    if reduce == "multiply":
        raise RuntimeError("scatter(): multiply has no gradient, use scatter_reduce(..., 'prod')")
    return scatter(g, dim, index, value=0)


scatter.vjp(
    input=_scatter_input,
    src=lambda g, dim, index, src_shape: gather(g, dim, index),
)
scatter.op.variant = lambda given: "ScatterBackward0" if given["src_shape"] else "ScatterBackward1"
gather.vjp(input=lambda g, input_shape, dim, index: sums_at(g, dim, index, input_shape))


@op(name="_sums_at", method=False, out=False, linear=True)
def sums_at(input, dim: int, index, shape: Shape):
    """`input` added at `index` along `dim` to zeros of `shape`: the adjoint of `gather`."""
    zeros = arrays.zeros(shape, input.dtype)
    return arrays.scatter(zeros, wrap_dim(dim, len(shape)), index, input, "sum", out=zeros)


sums_at.vjp(input=lambda g, dim, index: gather(g, dim, index))


def _added(input, dim, index, src, out=None):  # type: ignore[no-untyped-def]
    dim = wrap_dim(dim, input.ndim)
    _check_scatter(input, dim, index, src)
    return arrays.scatter(input, dim, index, src, "sum", out=out)


@op(inplace=True, apart=True, into=into(_added))
def scatter_add(input, dim: int, index, src):
    """`input` with `src` added at `index` along `dim`."""
    return _added(input, dim, index, src)


scatter_add.vjp(input=lambda g: g, src=lambda g, dim, index: gather(g, dim, index))

_REDUCES = ("sum", "prod", "mean", "amax", "amin")


def _reduced(input, dim, index, src, reduce, include_self, out=None):  # type: ignore[no-untyped-def]
    if reduce not in _REDUCES:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    dim = wrap_dim(dim, input.ndim)
    _check_scatter(input, dim, index, src)
    return arrays.scatter(input, dim, index, src, reduce, include_self, out)


@op(inplace=True, into=into(_reduced))
def scatter_reduce(input, dim: int, index, src, reduce: str, *, include_self: bool = True):
    """`input` with `src` combined by `reduce` at `index` along `dim`.

    `reduce` is "sum", "prod", "mean", "amax" or "amin"; without `include_self` the old elements
    of written places do not count.
    """
    return _reduced(input, dim, index, src, reduce, include_self)


def _scatter_reduce(g, input, dim, index, src, reduce, include_self, result):
    """Cotangents of `input` and `src`; ties of amax and amin share theirs."""
    if reduce == "sum":
        to_input, to_src = g, gather(g, dim, index)
    elif reduce == "mean":
        counts = zeros_of(g, input.shape) + (1 if include_self else 0)
        counts = scatter_add(counts, dim, index, zeros_of(src, src.shape) + 1)
        share = g / counts.clip(1)
        to_input, to_src = share, gather(share, dim, index)
    elif reduce == "prod":
        to_input, to_src = _scatter_prod(g, input, dim, index, src, include_self, result)
    else:
        self_hit = (input == result) * (zeros_of(g, ()) + 1)
        src_hit = (src == gather(result, dim, index)) * (zeros_of(g, ()) + 1)
        share = g / scatter_add(self_hit, dim, index, src_hit)
        to_input, to_src = share * self_hit, gather(share, dim, index) * src_hit
    if not include_self:
        to_input = scatter(to_input, dim, index, value=0)
    return to_input, None, to_src


def _scatter_prod(g, input, dim, index, src, include_self, result):
    """Products of the other factors: by division, or anew where a factor is zero."""
    input_zero = input == 0
    safe = masked_fill(input, input_zero, 1)
    others = scatter_reduce(safe, dim, index, src, "prod", include_self=include_self)
    to_input = g * others / safe
    src_zero = src == 0
    ones = zeros_of(src, ()) + 1
    zeros = gather(scatter_add(zeros_of(input, input.shape), dim, index, src_zero * ones), dim, index)
    single = src_zero & (zeros == 1)
    without = scatter_reduce(input, dim, index, masked_fill(src, single, 1), "prod", include_self=include_self)
    divided = gather(g * result, dim, index) / masked_fill(src, src_zero, 1)
    return to_input, where(single, gather(g * without, dim, index), divided)


scatter_reduce.vjp(_scatter_reduce)


# Slices


def _check_vector(name: str, index: Array) -> None:
    if index.ndim > 1:
        raise IndexError(
            f"{name}(): Index is supposed to be a vector, but got dim: {index.ndim} with type: "
            f"{dtype_name(index)} and size: {list(index.shape)}"
        )


def _check_slices(name: str, input: Array, dim: int, index: Array, source: Array) -> None:
    _check_vector(name, index)
    if index.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index but got: {dtype_name(index)}")
    if input.dtype != source.dtype:
        raise RuntimeError(
            f"{name}(): self ({dtype_name(input)}) and source ({dtype_name(source)}) must have the same scalar type"
        )
    count = source.shape[dim] if source.ndim else 1
    if index.size != count:
        raise RuntimeError(
            f"{name}(): Number of indices ({index.size}) should be equal to source.size(dim): ({count}), for dim: {dim}"
        )
    if _without(input.shape, dim) != _without(source.shape, dim):
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. "
            f"Got self.shape = {list(input.shape)} source.shape = {list(source.shape)}"
        )


def _without(shape: tuple[int, ...], dim: int) -> tuple[int, ...]:
    return shape[:dim] + shape[dim + 1 :]


@op(apart=True, exact_out="index_select(): self and result must have the same scalar type", quiet=False)
def index_select(input, dim: int, index):
    """The slices of `input` along `dim` in the order of the 1-d `index`."""
    dim = wrap_dim(dim, input.ndim)
    if index.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if index.dtype not in (np.int64, np.int32):
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    if input.ndim == 0 and index.size != 1:
        raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {index.size} value(s)")
    return arrays.index_select(input, dim, index)


def _slices_added(input, dim, index, source, alpha, out=None):  # type: ignore[no-untyped-def]
    dim = wrap_dim(dim, input.ndim)
    _check_slices("index_add_", input, dim, index, source)
    if alpha != 1:
        source = source * source.dtype.type(alpha)
    return arrays.index_combine(input, dim, index, source, "sum", out=out)


@op(inplace=True, apart=True, into=into(_slices_added))
def index_add(input, dim: int, index, source, *, alpha: Any = 1):
    """`input` with `alpha` times the slices of `source` added to its slices `index` along `dim`."""
    return _slices_added(input, dim, index, source, alpha)


@op(name="_slice_sums_at", method=False, out=False, linear=True)
def slice_sums_at(input, dim: int, index, shape: Shape):
    """The slices of `input` added at `index` along `dim` to zeros of `shape`: the adjoint of `index_select`."""
    zeros = arrays.zeros(shape, input.dtype)
    return arrays.index_combine(zeros, wrap_dim(dim, len(shape)), index, input, "sum", out=zeros)


slice_sums_at.vjp(input=lambda g, input_shape, dim, index: index_select(g, dim, index).reshape(input_shape))
index_select.vjp(input=lambda g, input_shape, dim, index: slice_sums_at(g, dim, index, input_shape))
index_add.vjp(
    input=lambda g: g,
    source=lambda g, source_shape, dim, index, alpha: index_select(g, dim, index).reshape(source_shape) * alpha,
)


def _slices_copied(input, dim, index, source, out=None):  # type: ignore[no-untyped-def]
    dim = wrap_dim(dim, input.ndim)
    _check_copy(input, dim, index, source)
    return arrays.index_copy(input, dim, index, source, out)


@op(inplace=True, apart=True, into=into(_slices_copied))
def index_copy(input, dim: int, index, source):
    """`input` with its slices `index` along `dim` replaced by those of `source`."""
    return _slices_copied(input, dim, index, source)


def _check_copy(input: Array, dim: int, index: Array, source: Array) -> None:
    name = "index_copy_()"
    if index.ndim > 1:
        raise IndexError(f"{name}: Index should have dimension 1 or 0 (got {index.ndim})")
    if source.ndim == 0 and index.size != 1:
        raise IndexError(f"{name}: When source is scalar, index should have one element (got {index.size})")
    if source.ndim and input.ndim and source.ndim != input.ndim:
        raise IndexError(
            f"{name}: When source and destination are not scalars, their dimensionality must "
            f"match. Source dimensionality ({source.ndim}), destination dimensionality "
            f"({input.ndim})"
        )
    if index.dtype != np.int64:
        raise RuntimeError(f"{name}: Expected a long tensor for index, but got {dtype_name(index)}")
    if input.dtype != source.dtype:
        raise RuntimeError(
            f"{name}: self and source expected to have the same dtype, but got (self) "
            f"{dtype_name(input)} and (source) {dtype_name(source)}"
        )
    mine, its = _without(input.shape, dim), _without(source.shape, dim)
    if mine != its:
        axis = next((d for d, (a, b) in enumerate(zip(mine, its, strict=False)) if a != b), 0)
        raise RuntimeError(
            f"{name}: Source/destination tensor must have same slice shapes. Destination slice "
            f"shape: {' '.join(map(str, mine))} at dimension {dim} and source slice shape: "
            f"{' '.join(map(str, its))} at dimension {axis}."
        )
    count = source.shape[dim] if source.ndim else 1
    if count != index.size:
        raise IndexError(f"{name}: Number of indices ({index.size}) should be equal to source.size(dim) ({count})")


def _slices_filled(input, dim, index, value, out=None):  # type: ignore[no-untyped-def]
    dim = wrap_dim(dim, input.ndim)
    if index.ndim > 1:
        raise IndexError("Index has to be a vector/scalar")
    if index.dtype not in (np.int64, np.int32):
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    return arrays.index_fill(input, dim, index, filling("index_fill_", input, value), out)


@op(inplace=True, out=False, overlaps=True, scalars=("value",), numbers=("value",), into=into(_slices_filled))
def index_fill(input, dim: int, index, value):
    """`input` with its slices `index` along `dim` filled with `value`, a number or 0-d tensor."""
    return _slices_filled(input, dim, index, value)


index_copy.vjp(
    input=lambda g, dim, index: index_fill(g, dim, index, 0),
    source=lambda g, dim, index, source_shape: index_select(g, dim, index).reshape(source_shape),
)
index_fill.vjp(
    input=lambda g, dim, index: index_fill(g, dim, index, 0),
    value=lambda g, dim, index: (g - index_fill(g, dim, index, 0)).sum(),
)


def _slices_reduced(input, dim, index, source, reduce, include_self, out=None):  # type: ignore[no-untyped-def]
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    dim = wrap_dim(dim, input.ndim)
    _check_slices("index_reduce_", input, dim, index, source)
    if arrays.first_outside(index, 0, input.shape[dim] if input.ndim else 1) is not None:
        raise IndexError("index out of range in self")
    return arrays.index_combine(input, dim, index, source, reduce, include_self, out)


@op(inplace=True, into=into(_slices_reduced))
def index_reduce(input, dim: int, index, source, reduce: str, *, include_self: bool = True):
    """`input` with the slices of `source` combined into its slices `index` along `dim`.

    `reduce` is "prod", "mean", "amax" or "amin".
    """
    return _slices_reduced(input, dim, index, source, reduce, include_self)


def _index_reduce(g, input, dim, index, source, reduce, include_self, result):
    """As for `scatter_reduce`, with the index repeated over the other dimensions."""
    if input.ndim:
        dim = wrap_dim(dim, input.ndim)
        index = index.reshape(-1, *(1,) * (input.ndim - 1 - dim))
        index = index + zeros_of(index, source.shape)
    else:
        index, source = index.reshape(()), source.reshape(())
    return _scatter_reduce(g, input, dim, index, source, reduce, include_self, result)


index_reduce.vjp(_index_reduce)


@composite
def take_along_dim(input, indices, dim: int | None = None):
    """The elements of `input` at `indices` along `dim` (or of the flat input), both broadcast."""
    if indices._array.dtype != np.int64:
        raise RuntimeError(
            f"torch.take_along_dim(): dtype of indices should be Long but got {dtype_name(indices._array)}"
        )
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1))
    if input.ndim != indices.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {input.ndim} dimensions for input, and {indices.ndim} dimensions for indices"
        )
    dim = wrap_dim(dim, input.ndim)
    shape = [max(a, b) if 0 not in (a, b) else 0 for a, b in zip(input.shape, indices.shape, strict=True)]
    mine, its = list(shape), list(shape)
    mine[dim], its[dim] = input.shape[dim], indices.shape[dim]
    size = input.shape[dim]
    if size and arrays.first_outside(indices._array, 0, size) is not None:
        indices = indices % size
    if input._array.shape != tuple(mine):
        input = input.expand(mine)
    if indices._array.shape != tuple(its):
        indices = indices.expand(its)
    return gather(input, dim, indices)
