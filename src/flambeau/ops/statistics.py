"""Membership, covariance, finite differences, and other small functions of whole tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..tensor import Tensor, wrap
from .creation import creator
from .declare import composite, op
from .matmul import matmul
from .pointwise import conj


@op(out=True, quiet=False)
def isposinf(input):
    """Whether the element is positive infinity."""
    return np.isposinf(input) if input.dtype.kind == "f" else np.isinf(input) & (input > 0)


@op(out=True, quiet=False)
def isneginf(input):
    """Whether the element is negative infinity."""
    return np.isneginf(input) if input.dtype.kind == "f" else np.isinf(input) & (input < 0)


@op(out=False, quiet=False)
def isreal(input):
    """Whether the imaginary part is 0."""
    return np.asarray(np.imag(input) == 0) if input.dtype.kind == "c" else np.ones(input.shape, bool)


@creator
def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each of `elements` is among `test_elements`."""
    first, second = (
        each._array if isinstance(each, Tensor) else np.asarray(each) for each in (elements, test_elements)
    )
    return wrap(np.isin(first, second, assume_unique=assume_unique, invert=invert))


@composite(inplace=True)
def conj_physical(input):
    """The complex conjugate."""
    return conj(input)


@composite(out=False)
def cov(input, *, correction: int = 1, fweights: Any = None, aweights: Any = None):
    """The covariance matrix of variables (rows) over observations (columns)."""
    if input.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions"
        )
    values = input if input.ndim == 2 else input.reshape((1, -1))
    if not values.dtype.is_differentiable:
        values = values.to(dtypes.get_default_dtype())
    weights = None
    for each in (fweights, aweights):
        if each is not None:
            weights = each if weights is None else weights * each
    if weights is None:
        total: Any = values.shape[1]
        mean = values.mean(1, keepdim=True)
        norm = total - correction
    else:
        total = weights.sum()
        mean = (values * weights).sum(1, keepdim=True) / total
        if aweights is None or correction == 0:
            norm = total - correction
        else:
            norm = total - correction * (weights * aweights).sum() / total
    centred = values - mean
    norm = norm.clamp(min=0) if isinstance(norm, Tensor) else max(norm, 0)
    weighted = centred if weights is None else centred * weights
    result = matmul(weighted, conj(centred).transpose(0, 1)) / norm
    return result if input.ndim == 2 else result.reshape(())


@composite(out=False)
def corrcoef(input):
    """The matrix of correlation coefficients of variables (rows)."""
    matrix = cov(input)
    if matrix.ndim == 0:
        return matrix / matrix
    deviation = (matrix.diagonal().real if matrix.is_complex() else matrix.diagonal()).sqrt()
    result = matrix / deviation.unsqueeze(1) / deviation.unsqueeze(0)
    return result if result.is_complex() else result.clamp(-1, 1)


@composite(method=False, out=False)
def vander(x, N: Any = None, increasing: bool = False):
    """The powers of a vector's elements, as columns."""
    count = x.shape[0] if N is None else N
    powers = np.arange(count) if increasing else np.arange(count)[::-1].copy()
    return x.unsqueeze(-1) ** wrap(powers)


@creator
def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """Positions in a flat tensor as positions in each dimension of `shape`."""
    size = (shape,) if isinstance(shape, int) else tuple(shape)
    total = int(np.prod(size))
    array = indices._array
    if array.dtype.kind not in "iu":
        raise ValueError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    if array.size and not (-total <= array.min() and array.max() < total):
        raise ValueError("index out of range")
    return tuple(wrap(np.asarray(each)) for each in np.unravel_index(array % total, size))
