"""Rows of a table by their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.graph import rename
from ..dtypes import from_numpy_dtype, scalar_name
from ..prims import scatter as arrays
from ..tensor import Tensor, wrap
from .declare import alias, composite, op


@op(module="flambeau.nn.functional", method=False, out=False, quiet=False, grad_name="EmbeddingBackward0")
def embedding(weight, indices, padding_idx: int | None = None, scale_grad_by_freq: bool = False, sparse: bool = False):
    """The rows of `weight` (V, D) at `indices` (...), as (..., D)."""
    if indices.dtype.kind not in "iu":
        kind = scalar_name(from_numpy_dtype(indices.dtype))
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"torch.{kind}Tensor instead (while checking arguments for embedding)"
        )
    if weight.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    return arrays.rows(weight, 0, indices)


alias(embedding, "embedding", method=False)


@embedding.vjp
def _embedding_vjp(g: Any, weight_shape: Any, indices: Any, padding_idx: Any, scale_grad_by_freq: bool) -> Any:
    from .scatter import index_add

    places = indices._array if isinstance(indices, Tensor) else indices
    flat = places.reshape(-1)
    rows = g.reshape((-1, weight_shape[1]))
    scale = None
    if padding_idx is not None and padding_idx >= 0:
        scale = (flat != padding_idx).astype(np.float32)
    if scale_grad_by_freq:
        frequency = 1 / np.bincount(flat, minlength=weight_shape[0])[flat]
        scale = frequency if scale is None else scale * frequency
    graph = isinstance(g, Tensor)
    kind = g.dtype.numpy if graph else g.dtype
    if scale is not None:
        factor = scale.astype(kind)[:, None]
        rows = rows * (wrap(factor) if graph else factor)
    zeros = arrays.zeros(weight_shape, kind)
    if graph:
        return index_add(wrap(zeros), 0, wrap(flat), rows), None
    return arrays.index_combine(zeros, 0, flat, rows, "sum", out=zeros), None


@composite(method=False, out=False)
def embedding_bag(
    weight,
    indices,
    offsets,
    scale_grad_by_freq: bool = False,
    mode: int = 0,
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: Any = None,
):
    """The sums (`mode` 0), means (1) or maxima (2) of rows of `weight` over bags of `indices` that begin at `offsets`.

    Returns the bags (B, D), the bag of each index, the bags' sizes, and the positions of maxima.
    """
    starts = offsets._array
    if starts.size and starts[0] != 0:
        raise RuntimeError(
            f"offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, "
            f"got {int(starts[0])}"
        )
    if starts.size and starts[-1] > indices.numel():
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length({indices.numel()}) but got offsets[-1] of {int(starts[-1])}"
        )
    count = starts.size - bool(include_last_offset)
    bag_of = np.searchsorted(starts[:count], np.arange(indices.numel()), side="right") - 1
    counted = np.ones(bag_of.size, bool) if padding_idx is None else indices._array != padding_idx
    if include_last_offset and starts.size:
        counted &= np.arange(bag_of.size) < starts[-1]
    rows = embedding(weight, indices, -1 if padding_idx is None else padding_idx, scale_grad_by_freq)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.unsqueeze(1)
    if not counted.all():
        rows = rows[wrap(np.flatnonzero(counted))]
    bags = wrap(bag_of[counted])
    sizes = np.bincount(bag_of[counted], minlength=count)
    empty = rows.new_zeros((count, weight.shape[1]))
    if mode == 2:
        places = bags.unsqueeze(1).expand(tuple(rows.shape))
        result = empty.scatter_reduce(0, places, rows, "amax", include_self=False)
    else:
        result = empty.index_add(0, bags, rows)
        if mode == 1:
            result = result / wrap(np.maximum(sizes, 1).astype(weight.dtype.numpy)[:, None])
    if result._node is not None:
        rename(result._node, "EmbeddingBagBackward0", settled=True)
    return result, wrap(bag_of), wrap(sizes), wrap(np.zeros(0, np.int64))
