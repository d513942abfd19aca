"""Distances and similarities between vectors, and forms bilinear in two of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..tensor import Tensor, wrap
from .arithmetic import clamp_min
from .checks import lacking
from .comparison import where
from .declare import composite
from .join import broadcast_tensors, stack
from .matmul import matmul
from .promotion import result_type


@composite(method=False, out=False, grad_name="NormBackward1")
def pairwise_distance(x1, x2, p: float = 2.0, eps: float = 1e-06, keepdim: bool = False):
    """The `p`-norm of x1 - x2 + eps over the last dimension."""
    return (x1 - x2 + eps).norm(p, -1, keepdim)


@composite(method=False, out=False)
def cosine_similarity(x1, x2, dim: int = 1, eps: float = 1e-08):
    """x1 . x2 / (max(|x1|, eps) max(|x2|, eps)) along `dim`."""
    kind = result_type([x1, x2])
    if not kind.is_floating_point:
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {dtypes.scalar_name(kind)}"
        )
    x1, x2 = broadcast_tensors(x1.to(kind), x2.to(kind))
    lengths = [clamp_min(each.norm(2, dim, True), eps) for each in (x1, x2)]
    return ((x1 / lengths[0]) * (x2 / lengths[1])).sum(dim)


_COMPUTE_MODES = (
    None,
    "use_mm_for_euclid_dist_if_necessary",
    "use_mm_for_euclid_dist",
    "donot_use_mm_for_euclid_dist",
)


@composite(method=False, out=False, grad_name="CdistBackward0")
def cdist(x1, x2, p: float = 2.0, compute_mode: Any = None):
    """The `p`-norm distance of each row of `x1` (..., P, M) to each row of `x2` (..., R, M), as (..., P, R)."""
    for name, each in (("X1", x1), ("X2", x2)):
        if not each.dtype.is_floating_point:
            kind = dtypes.scalar_name(each.dtype)
            raise RuntimeError(f"cdist only supports floating-point dtypes, {name} got: {kind}")
    for name, each in (("X1", x1), ("X2", x2)):
        if each.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {each.ndim}D")
    if compute_mode not in _COMPUTE_MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}")
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    lacking("h", "cdist")(np.empty(0, x1.dtype.numpy))
    if x1.dtype is not x2.dtype:
        raise RuntimeError(
            f"expected scalar type {dtypes.scalar_name(x1.dtype)} but found {dtypes.scalar_name(x2.dtype)}"
        )
    many = compute_mode != _COMPUTE_MODES[3] and max(x1.shape[-2], x2.shape[-2]) > MANY_ROWS
    if p == 2 and x1.shape[-1] and (many or compute_mode == _COMPUTE_MODES[2]):
        return _by_products(x1, x2)
    return _lengths(x1.unsqueeze(-2) - x2.unsqueeze(-3), p)


MANY_ROWS = 25
"""Up to so many rows PyTorch takes differences, of more products, which lose digits of small distances."""


def _by_products(x1: Any, x2: Any) -> Any:
    """Euclidean distances as sqrt(|a|^2 + |b|^2 - 2 a . b), whose gradient is 0 where they are 0."""
    squares = [(each * each).sum(-1, True) for each in (x1, x2)]
    found = squares[0] + squares[1].transpose(-2, -1) - 2 * matmul(x1, x2.transpose(-2, -1))
    apart = found > 0
    return where(apart, where(apart, found, 1.0).sqrt(), where(found != found, found, 0.0))


def _lengths(differences: Any, p: float) -> Any:
    """The `p`-norms of vectors; the number of nonzero elements (p 0) has the gradient 0."""
    found = differences.norm(p, -1)
    return found if p else found + differences[..., :0].sum(-1)


@composite(method=False, out=False, grad_name="PdistBackward0")
def pdist(input, p: float = 2.0):
    """The `p`-norm distances of all pairs of rows, (N (N - 1) / 2)."""
    if input.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    if not input.dtype.is_floating_point:
        raise RuntimeError("pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    lacking("h", "pdist")(np.empty(0, input.dtype.numpy))
    first, second = np.triu_indices(input.shape[0], 1)
    return _lengths(input[wrap(first)] - input[wrap(second)], p)


@composite(method=False, out=False)
def bilinear(input1, input2, weight, bias: Any = None):
    """input1 @ weight[k] @ input2 for each k, plus the bias. `weight` (out, in1, in2)."""
    if input1.shape[-1] != weight.shape[1] or input2.shape[-1] != weight.shape[2]:
        raise RuntimeError(
            f"bilinear(): input1 size does not match weight size: got {input1.shape[-1]} but expected {weight.shape[1]}"
        )
    lead = tuple(input1.shape[:-1])
    a, b = input1.reshape((-1, weight.shape[1])), input2.reshape((-1, weight.shape[2]))
    columns = [(matmul(a, weight[k]) * b).sum(-1) for k in range(weight.shape[0])]
    result = stack(columns, -1).reshape((*lead, weight.shape[0]))
    return result if bias is None else result + bias


@composite(method=False, out=False, module="flambeau.nn.functional")
def one_hot(tensor, num_classes: int = -1):
    """Class numbers (...) as vectors (..., num_classes) with a 1 at the class."""
    if not isinstance(tensor, Tensor) or tensor.dtype is not dtypes.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    classes = tensor._array
    if not classes.size and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if classes.size and classes.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    count = int(classes.max()) + 1 if num_classes == -1 else num_classes
    if count < 1:
        raise RuntimeError("num_classes should be positive")
    if classes.size and classes.max() >= count:
        raise RuntimeError("Class values must be smaller than num_classes.")
    found = np.zeros((classes.size, count), np.int64)
    found[np.arange(classes.size), classes.reshape(-1)] = 1
    return wrap(found.reshape((*classes.shape, count)))
