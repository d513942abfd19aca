"""Weights by norm and direction, and rows held to a norm."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .creation import creator
from .declare import functions


@creator
def norm_except_dim(v: Tensor, pow: float = 2, dim: int = 0) -> Tensor:
    """The norms of the slices of `v` along `dim` (-1: of all of it), with the other dimensions kept as 1."""
    if dim == -1:
        return v.norm(pow)
    return v.norm(pow, [axis for axis in range(v.ndim) if axis != dim % v.ndim], True)


@creator
def _weight_norm(v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """The weight of direction `v` and size `g` (Salimans & Kingma, 2016)."""
    return v * (g / norm_except_dim(v, 2, dim))


def embedding_renorm_(weight: Tensor, indices: Tensor, max_norm: float, norm_type: float = 2.0) -> Tensor:
    """Scale the rows of `weight` named by `indices` down to `max_norm`, in place."""
    rows = np.unique(indices._array)
    array: Any = weight._array
    norms = np.linalg.norm(array[rows], norm_type, axis=1)
    long = norms > max_norm
    array[rows[long]] *= (max_norm / (norms[long] + 1e-7)).astype(array.dtype)[:, None]
    weight._counter[0] += 1
    return weight


functions["embedding_renorm_"] = embedding_renorm_
