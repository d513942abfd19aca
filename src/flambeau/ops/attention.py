"""Scaled dot-product attention (Vaswani et al., 2017)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flambeau import autograd
from flambeau.dtypes import bool_, float32
from flambeau.ops.activation import softmax
from flambeau.ops.comparison import where
from flambeau.ops.declare import composite, op
from flambeau.ops.matmul import matmul
from flambeau.ops.random_dropout import noise
from flambeau.ops.shape import transpose
from flambeau.prims import attention as arrays
from flambeau.tensor import Tensor, wrap


@op(name="_attention", method=False, out=False, grad_name="ScaledDotProductFlashAttentionForCpuBackward0")
def attention(query, key, value, mask: Tensor | None, noise: Tensor | None, factor: float, causal: bool):
    """(softmax(query @ key.T * factor + mask) * noise) @ value, and the logarithms of the rows' sums.

    With `causal` a query does not see keys at later places than its own.
    """
    return arrays.attend(query, key, value, mask, noise, factor, causal)  # type: ignore[arg-type]


@attention.vjp
def _(g, query, key, value, mask, noise, factor, causal, result0, result1, needs):
    if isinstance(g[0], Tensor):
        given = (query, key, value, mask)
        wanted = [each for each, needed in zip(given, needs, strict=False) if needed]
        found = iter(autograd.grad(_written_out(*given, noise, factor, causal), wanted, g[0], create_graph=True))
        return (*(next(found) if needed else None for needed in needs[:4]), None)
    saved = (query, key, value, mask, noise, factor, causal, result0, result1)
    return *arrays.attend_back(g[0], *saved, needs[3]), None


def _written_out(query: Any, key: Any, value: Any, mask: Any, noise: Any, factor: float, causal: bool) -> Tensor:
    """Attention of tensors by ops."""
    scores = matmul(query, transpose(key, -2, -1)) * factor
    if causal:
        mask = wrap(arrays.future(query.shape[-2], key.shape[-2], query.dtype.numpy))
    if mask is not None:
        scores = scores + mask
    unseen = (scores == -math.inf).all(-1, True)
    weights = where(unseen, 0.0, softmax(where(unseen, 0.0, scores), -1))
    return matmul(weights if noise is None else weights * noise, value)


def _noise(query: Tensor, key: Tensor, mask: Any, rate: float) -> Tensor:
    """Factors of all weights that drop some of them."""
    others = () if mask is None else (tuple(mask.shape[:-2]),)
    lead = np.broadcast_shapes(tuple(query.shape[:-2]), tuple(key.shape[:-2]), *others)
    return wrap(noise((*lead, query.shape[-2], key.shape[-2]), query.dtype.numpy, rate))


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
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        matmul(matmul(query, transpose(key, -2, -1)), value)  # which raises


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
    q, k, v = query._array, key._array, value._array
    alike = min(q.ndim, k.ndim, v.ndim) > 1 and q.dtype == k.dtype == v.dtype
    if not alike or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        _check(query, key, value)
    if is_causal and attn_mask is not None:
        raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    if enable_gqa:
        key = key.repeat_interleave(query.shape[-3] // key.shape[-3], -3)
        value = value.repeat_interleave(query.shape[-3] // value.shape[-3], -3)
    if attn_mask is None and not dropout_p and not enable_gqa and q.dtype.char in "fd" and q.shape[-1]:
        factor = float(1 / math.sqrt(q.shape[-1]) if scale is None else scale or 0.0)
        return attention(query, key, value, None, None, factor, is_causal)[0]
    kind = query.dtype
    if kind.itemsize == 2:
        query, key, value = query.float(), key.float(), value.float()
        if attn_mask is not None and attn_mask.dtype is not bool_:
            attn_mask = attn_mask.to(float32)
    wide = query.dtype.numpy
    if attn_mask is not None and attn_mask.dtype is bool_:
        attn_mask = wrap(np.where(attn_mask._array, wide.type(0), wide.type(-np.inf)))
    factor = float(1 / math.sqrt(query.shape[-1]) if scale is None and query.shape[-1] else scale or 0.0)
    dropped = _noise(query, key, attn_mask, dropout_p) if dropout_p else None
    result = attention(query, key, value, attn_mask, dropped, factor, is_causal)[0]
    return result if result.dtype is kind else result.to(kind)
