"""Reductions over segments, hashes, and other functions of consecutive parts."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..tensor import Tensor, wrap, wrap_dim
from .checks import lacking
from .comparison import where
from .creation import creator
from .declare import Tensors, composite, functions, op
from .join import cat
from .reduction import axes_of, sum_
from .shape import reshape

_START = {"sum": 0.0, "mean": 0.0, "prod": 1.0, "max": -np.inf, "min": np.inf}
_COMBINED = {"max": "amax", "min": "amin", "prod": "prod"}


@creator
def segment_reduce(
    data: Tensor,
    reduce: str,
    *,
    lengths: Tensor | None = None,
    indices: Tensor | None = None,
    offsets: Tensor | None = None,
    axis: int = 0,
    unsafe: bool = False,
    initial: Any = None,
) -> Tensor:
    """The sum, mean, product, maximum or minimum of each segment of `data` along `axis`, from `initial` on.

    Segments are given by their `lengths`, or by the `offsets` at which they begin (and the last ends), along the last dimension.
    """
    if reduce not in _START:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    given = lengths if lengths is not None else offsets
    if given is None:
        raise RuntimeError("segment_reduce(): Either lengths or offsets must be defined.")
    axis = wrap_dim(axis, data.ndim)
    if axis != given.ndim - 1:
        raise RuntimeError(
            f"segment_reduce(): Expected axis to be the last dimension of {'lengths' if lengths is not None else 'offsets'} "
            f"but got {axis}."
        )
    bounds = _bounds(given._array, lengths is not None)
    if lengths is not None and not unsafe:
        if (lengths._array < 0).any():
            raise RuntimeError("lengths contains negative value!")
        if (lengths._array.sum(-1) != data.shape[axis]).any():
            raise RuntimeError(
                "segment_reduce(): Expected all rows of lengths along axis to sum to data.size(lengths.dim()-1) when "
                "!unsafe."
            )
    count, size = bounds.shape[1] - 1, data.shape[axis]
    pieces = [(row * size + a, row * size + b) for row, ends in enumerate(bounds) for a, b in itertools.pairwise(ends)]
    places = np.concatenate([np.arange(a, b) for a, b in pieces] or [np.arange(0)])
    owners = wrap(np.repeat(np.arange(len(pieces)), [b - a for a, b in pieces]))
    rest = tuple(data.shape[axis + 1 :])
    rows = reshape(data, (-1, *rest)).index_select(0, wrap(places))  # type: ignore[attr-defined]
    begin = _START[reduce] if initial is None or reduce in ("max", "min") else initial
    start = data.new_full((len(pieces), *rest), begin)  # type: ignore[attr-defined]
    if reduce in _COMBINED:
        found = start.index_reduce(0, owners, rows, _COMBINED[reduce])
        if initial is not None and reduce != "prod":
            found = where(found < initial if reduce == "max" else found > initial, float(initial), found)
    else:
        found = start.index_add(0, owners, rows)
    if reduce == "mean":
        number = data.new_tensor([[b - a] for a, b in pieces]).reshape((len(pieces),) + (1,) * len(rest))  # type: ignore[attr-defined]
        found = where(number == 0, found if initial is not None else float("nan"), found / number.clamp(min=1))
    return reshape(found, (*data.shape[:axis], count, *rest))  # type: ignore[no-any-return]


def _bounds(given: Any, lengths: bool) -> Any:
    """Where segments begin, and the last ends, a row for each row of `given`."""
    rows = given.reshape(-1, given.shape[-1])
    return np.concatenate([np.zeros((len(rows), 1), rows.dtype), rows.cumsum(1)], 1) if lengths else rows


@op(quiet=False)
def hash_tensor(input, dim: Any = (), *, keepdim: bool = False, mode: int = 0):
    """The exclusive or of the elements' bits, as 64-bit numbers, over `dim`."""
    if mode != 0:
        raise RuntimeError(f"Unknown hash_tensor mode: {mode}")
    lacking("c", "xor_sum_cpu")(input)
    axes = axes_of(dim, input.ndim)
    if input.size == 0 and axes is None:
        raise RuntimeError(
            "hash_tensor: Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
            "the 'dim' argument."
        )
    wide = input.astype(np.float64) if input.dtype.kind in "fV" else input.astype(np.int64)
    found: Any = np.bitwise_xor.reduce(wide.view(np.uint64), axis=axes, keepdims=keepdim)  # type: ignore[call-overload]
    return np.asarray(found, np.uint64)


@composite(name="_chunk_cat", method=False)
def _chunk_cat(tensors: Tensors, dim: int, num_chunks: int):
    """The tensors, each cut into `num_chunks` along `dim` (filled up with 0), flattened and put side by side."""
    if num_chunks < 1:
        raise RuntimeError("_chunk_cat expects positive num_chunks")
    if not tensors:
        raise RuntimeError("_chunk_cat expects a non-empty input tensor list")
    if any(dim >= each.ndim for each in tensors if each.ndim):
        raise RuntimeError("_chunk_cat expects dim < ndim for all input tensors")
    dim = wrap_dim(dim, tensors[0].ndim)
    lead = tuple(tensors[0].shape[:dim])
    rows = []
    for each in tensors:
        if each.dtype is not tensors[0].dtype:
            raise RuntimeError("_chunk_cat expects all input tensors with the same dtype")
        if each.numel() == 0 or each.ndim == 0:
            raise RuntimeError("_chunk_cat expects non-empty tensor")
        if wrap_dim(dim, each.ndim) != dim or tuple(each.shape[:dim]) != lead:
            raise RuntimeError("_chunk_cat expects same sizes of 0,...,dim-1 dimensions for all tensors")
        size = each.shape[dim]
        short = -(-size // num_chunks) * num_chunks - size
        if short:
            each = cat([each, each.new_zeros((*lead, short, *each.shape[dim + 1 :]))], dim)  # noqa: PLW2901
        rows.append(reshape(each, (*lead, num_chunks, -1)))
    return cat(rows, dim + 1)


@composite(name="_softmax_backward_data", method=False)
def _softmax_backward_data(grad_output, output, dim: int, input_dtype: Any):
    """The cotangent of softmax's argument."""
    product = grad_output * output
    return (product - output * sum_(product, dim, True)).to(input_dtype)


def _clamped(input: Tensor, indices: Any) -> Any:
    return tuple(
        None if index is None else index.clamp(-size, size - 1)
        for index, size in zip(indices, input.shape, strict=False)
    )


@composite(name="_unsafe_masked_index", method=False, out=False)
def _unsafe_masked_index(input, mask, indices: Any, fill: Any):
    """`input[indices]` where `mask`, whatever the other indices are, and `fill` elsewhere."""
    return input[_clamped(input, indices)].masked_fill(mask.logical_not(), fill)


@composite(name="_unsafe_masked_index_put_accumulate", method=False, out=False)
def _unsafe_masked_index_put_accumulate(input, mask, indices: Any, values):
    """`input` with the `values` under `mask` added at `indices`."""
    added = values.masked_fill(mask.logical_not(), 0)
    return input.index_put(_clamped(input, indices), added, accumulate=True)


for _function in (_chunk_cat, _softmax_backward_data, _unsafe_masked_index, _unsafe_masked_index_put_accumulate):
    functions[_function.__name__] = _function
functions["_segment_reduce"] = segment_reduce
