"""Scaled dot-product attention (Vaswani et al., 2017)."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from flambeau import prims
from flambeau.dtypes import bool_, float32
from flambeau.kernels import fused
from flambeau.ops.declare import composite, op, table
from flambeau.ops.matmul import matmul, product
from flambeau.ops.shape import transpose
from flambeau.tensor import Array, Tensor, wrap

TINY = 1e-30


@fused
def _softmax(scores, mask, factor):
    """softmax(scores * factor + mask) over the last axis; a row of nothing but -inf gives 0."""
    x = scores * factor
    if mask is not None:
        x = x + mask
    most = prims.amax(x, -1, True)
    e = prims.exp(x - prims.where(prims.eq(most, -math.inf), 0.0, most))
    return e / prims.maximum(prims.sum(e, -1, True), TINY)


@fused
def _softmax_rule(g, result):
    return result * (g - prims.sum(g * result, -1, True))


@op(name="_attention_weights", method=False, out=False)
def attention_weights(query, key, mask: Tensor | None, factor: float):
    """softmax(query @ key.T * factor + mask)."""
    return _softmax(product(query, np.swapaxes(key, -2, -1)), mask, factor)


@attention_weights.vjp
def _(g, query, key, factor, result, needs):
    if isinstance(g, Tensor):
        of_scores = result * (g - (g * result).sum(-1, True))
    else:
        of_scores = _softmax_rule(g, result)
    scaled = of_scores * factor
    of_query = matmul(scaled, key) if needs[0] else None
    of_key = matmul(transpose(scaled, -2, -1), query) if needs[1] else None
    return of_query, of_key, of_scores if needs[2] else None


@lru_cache(32)
def _future(length: int, size: int, dtype: np.dtype) -> Array:
    """-inf where a query would see a later key."""
    return np.triu(np.full((length, size), -np.inf, dtype), 1)


def _check(query: Tensor, key: Tensor, value: Tensor) -> None:
    for name, each in (("query", query), ("key", key), ("value", value)):
        if each.ndim < 2:
            raise RuntimeError(
                "Expected query, key, and value to all be  at least 2 dimensional, but got "
                f"query.dim(): {query.ndim}, key.dim(): {key.ndim} and value.dim(): {value.ndim} "
                "instead."
            )
        if each.dtype is not query.dtype:
            raise RuntimeError(
                "Expected query, key, and value to have the same dtype, but got query.dtype: "
                f"{query.dtype.name} {name}.dtype: {each.dtype.name} instead."
            )


@composite(method=False, out=False, module="flambeau.nn.functional")
def scaled_dot_product_attention(
    query,
    key,
    value,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: Any = None,
    enable_gqa: bool = False,
):
    """softmax(query @ key.T * scale + mask) @ value.

    `query` (..., L, E), `key` (..., S, E), `value` (..., S, V); `attn_mask` broadcasts to
    (..., L, S): bool (True takes part) or added; `scale` is 1 / sqrt(E) if not given; with
    `enable_gqa` the heads of `key` and `value` are repeated. 16-bit floats are computed in float32.

    Raises:
        RuntimeError: for a mask given together with `is_causal`, and for dtypes that differ.
    """
    _check(query, key, value)
    if is_causal and attn_mask is not None:
        raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    if enable_gqa:
        key = key.repeat_interleave(query.shape[-3] // key.shape[-3], -3)
        value = value.repeat_interleave(query.shape[-3] // value.shape[-3], -3)
    kind = query.dtype
    if kind.itemsize == 2:
        query, key, value = query.float(), key.float(), value.float()
        if attn_mask is not None and attn_mask.dtype is not bool_:
            attn_mask = attn_mask.to(float32)
    wide = query.dtype.numpy
    if is_causal:
        attn_mask = wrap(_future(query.shape[-2], key.shape[-2], wide))
    elif attn_mask is not None and attn_mask.dtype is bool_:
        attn_mask = wrap(np.where(attn_mask._array, wide.type(0), wide.type(-np.inf)))
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None and query.shape[-1] else scale or 0.0
    weights = attention_weights(query, key, attn_mask, float(factor))
    if dropout_p:
        weights = table["dropout"].function(weights, dropout_p, True)
    result = matmul(weights, value)
    return result if result.dtype is kind else result.to(kind)
