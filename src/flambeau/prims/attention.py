"""Scaled dot-product attention over arrays: compiled kernels, or the formula on NumPy."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.prims.core import pays

LEAST = 64
"""Scores from which the kernel beats NumPy, whose calls are some twenty."""

Array = np.ndarray


@lru_cache(32)
def future(length: int, size: int, dtype: np.dtype) -> Array:
    """-inf where a query would see a later key."""
    return np.triu(np.full((length, size), -np.inf, dtype), 1)


def _compiled(query: Array, key: Array, value: Array, mask: Array | None) -> Any:
    """The kernels' module where they compute this."""
    if not pays(query.size // max(query.shape[-1], 1) * key.shape[-2], LEAST):
        return None
    from flambeau.kernels import attention

    return attention if attention.takes(query, key, value, mask) else None


def _scores(query: Array, key: Array, mask: Array | None, factor: float, causal: bool) -> Array:
    scores = np.matmul(query, np.swapaxes(key, -2, -1)) * query.dtype.type(factor)
    if causal:
        scores += future(*scores.shape[-2:], scores.dtype)
    return scores if mask is None else scores + mask


def attend(
    query: Array, key: Array, value: Array, mask: Array | None, noise: Array | None, factor: float, causal: bool
) -> tuple[Array, Array]:
    """(softmax(query @ key.T * factor + mask) * noise) @ value, and the logarithms of the rows' sums.

    Of a row of nothing but -inf the result is 0, the logarithm noted as +inf.
    """
    compiled = _compiled(query, key, value, mask)
    if compiled is not None:
        return compiled.attend(query, key, value, mask, noise, factor, causal)
    with np.errstate(all="ignore"):
        scores = _scores(query, key, mask, factor, causal)
        most = scores.max(-1, keepdims=True, initial=-np.inf)
        most[most == -np.inf] = 0
        weights = np.exp(scores - most)
        total = weights.sum(-1, keepdims=True)
        empty = total == 0
        sums = np.where(empty, np.inf, np.log(total) + most)[..., 0]
        weights /= np.where(empty, 1, total)
        result = np.matmul(weights if noise is None else weights * noise, value)
        if result.ndim == 4:  # the heads of a position lie together, as in PyTorch, so that they can be viewed as one
            result = np.ascontiguousarray(result.swapaxes(1, 2)).swapaxes(1, 2)
        return result, sums


def attend_back(
    g: Array,
    query: Array,
    key: Array,
    value: Array,
    mask: Array | None,
    noise: Array | None,
    factor: float,
    causal: bool,
    result: Array,
    sums: Array,
    mask_too: bool,
) -> tuple[Any, ...]:
    """The cotangents of query, key, value, and, if asked for, of the mask."""
    compiled = None if mask_too else _compiled(query, key, value, mask)
    if compiled is not None:
        return *compiled.attend_back(g, query, key, value, mask, noise, factor, causal, result, sums), None
    with np.errstate(all="ignore"):
        weights = np.exp(_scores(query, key, mask, factor, causal) - sums[..., None])
        slope = np.matmul(g, np.swapaxes(value, -2, -1))
        if noise is not None:
            slope *= noise
        slope = weights * (slope - (g * result).sum(-1, keepdims=True))
        if noise is not None:
            weights *= noise
        scaled = slope * query.dtype.type(factor)
        return (
            np.matmul(scaled, key),
            np.matmul(np.swapaxes(scaled, -2, -1), query),
            np.matmul(np.swapaxes(weights, -2, -1), g),
            slope if mask_too else None,
        )
