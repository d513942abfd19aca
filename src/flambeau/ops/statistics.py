"""Membership, covariance, finite differences, and other small functions of whole tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..tensor import Tensor, wrap
from .checks import refusing
from .creation import creator
from .declare import composite, op
from .matmul import matmul
from .pointwise import conj
from .warn import warn


@op(out=True, quiet=False)
def isposinf(input):
    """Whether the element is positive infinity."""
    refusing("c", "isposinf does not support complex inputs.")(input)
    return np.isposinf(input) if input.dtype.kind == "f" else np.isinf(input) & (input > 0)


@op(out=True, quiet=False)
def isneginf(input):
    """Whether the element is negative infinity."""
    refusing("c", "isneginf does not support complex inputs.")(input)
    return np.isneginf(input) if input.dtype.kind == "f" else np.isinf(input) & (input < 0)


@op(out=False, quiet=False)
def isreal(input):
    """Whether the imaginary part is 0."""
    return np.asarray(np.imag(input) == 0) if input.dtype.kind == "c" else np.ones(input.shape, bool)


@op(
    method=False,
    promote="bool",
    scalars=("elements", "test_elements"),
    check=refusing("cb", "Unsupported input type encountered for isin(): {}"),
)
def isin(elements, test_elements, *, assume_unique: bool = False, invert: bool = False):
    """Whether each of `elements` is among `test_elements`."""
    return np.asarray(np.isin(elements, test_elements, assume_unique=assume_unique, invert=invert))


@composite(inplace=True)
def conj_physical(input):
    """The complex conjugate."""
    return conj(input)


def _check_weights(name: str, weights: Any, observations: int, word: str, kinds: str) -> None:
    """Raise, in PyTorch's words, for weights of observations that are none."""
    if weights is None:
        return
    if weights.ndim > 1:
        raise RuntimeError(
            f"cov(): expected {name} to have one or fewer dimensions but got {name} with {weights.ndim} dimensions"
        )
    if weights._array.dtype.kind not in kinds:
        raise RuntimeError(
            f"cov(): expected {name} to have {word} dtype but got {name} with {dtypes.scalar_name(weights.dtype)} dtype"
        )
    if weights.numel() != observations:
        raise RuntimeError(
            f"cov(): expected {name} to have the same numel as there are observations in the input but got "
            f"{weights.numel()} != {observations}"
        )
    if (weights._array < 0).any():
        raise RuntimeError(f"cov(): {name} cannot be negative")


@composite(out=False)
def cov(input, *, correction: int = 1, fweights: Any = None, aweights: Any = None):
    """The covariance matrix of variables (rows) over observations (columns)."""
    if input.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions"
        )
    if input.dtype is dtypes.bool_:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    values = input if input.ndim == 2 else input.reshape((1, -1))
    _check_weights("fweights", fweights, values.shape[1], "integral", "iu")
    _check_weights("aweights", aweights, values.shape[1], "floating point", "f")
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
    if (norm.item() if isinstance(norm, Tensor) else norm) <= 0:
        warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.",
            UserWarning,
        )
    norm = norm.clamp(min=0) if isinstance(norm, Tensor) else max(norm, 0)
    weighted = centred if weights is None else centred * weights
    return (matmul(weighted, conj(centred).transpose(0, 1)) / norm).squeeze()


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
    if x.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
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
