"""Functions of matrices: determinants, powers, exponential, norms, ranks, products."""

from __future__ import annotations

import functools
import math
from itertools import pairwise
from typing import Any

import numpy as np

from .. import prims, return_types
from ..kernels import fused
from ..prims import linalg as arrays
from ..tensor import Array, wrap_dim
from .comparison import where
from .creation import creator
from .declare import composite, op
from .indexing import is_complex, zeros_of
from .linalg import (
    LINALG,
    H,
    banded,
    check_float,
    check_matrix,
    identity,
    joined,
    linalg_cholesky,
    linalg_inv,
    linalg_inv_ex,
    linalg_lu_factor_ex,
    linalg_lu_solve,
    linalg_solve,
)
from .pointwise import abs as absolute
from .pointwise import conj, log, sgn
from .reduction import axes_of
from .spectral import linalg_eigvalsh, linalg_svd, linalg_svdvals, tolerances

# Determinants


@op(module=LINALG, method=False)
def linalg_det(A):
    """Determinants."""
    check_matrix("linalg.det", A)
    check_float("linalg.det", A, "lu_cpu")
    return arrays.det(A)


def column(x: Any) -> Any:
    """A number for each matrix, shaped to be multiplied with it."""
    return x.reshape(*x.shape, 1, 1)


def _det_vjp(g, A, result):
    """`det(A) A^-H`; by singular values where A has no inverse."""
    if not bool((result == 0).any()):
        return H(linalg_inv_ex(A)[0]) * column(g * conj(result))
    U, S, Vh = linalg_svd(A, False)
    n = S.shape[-1]
    others = S.reshape(*S.shape[:-1], 1, n) + zeros_of(S, (*S.shape, n))
    keep = others * (1 - identity(S, n)) + identity(S, n)
    products = functools.reduce(lambda a, b: a * b, [keep[..., i] for i in range(n)])
    phase = linalg_det(U) * linalg_det(Vh)
    return (U * products.reshape(*S.shape[:-1], 1, n)) @ Vh * column(g * conj(phase))


linalg_det.vjp(A=_det_vjp)


@composite
def det(input):
    """Determinants."""
    return linalg_det(input)


@op(module=LINALG, method=False)
def linalg_slogdet(A):
    """The sign (or phase) of each determinant, and the logarithm of its absolute value."""
    check_matrix("linalg.slogdet", A)
    check_float("linalg.slogdet", A, "lu_cpu")
    return return_types.linalg_slogdet(*arrays.slogdet(A))


def _slogdet_vjp(g, A, result0):
    weight = zeros_of(A, ()) if g[1] is None else g[1]
    if is_complex(A) and g[0] is not None:
        weight = weight - 1j * (conj(g[0]) * result0).imag
    if is_complex(A):
        weight = weight + zeros_of(A, ())
    return H(linalg_inv_ex(A)[0]) * column(weight + zeros_of(A, tuple(A.shape[:-2])))


linalg_slogdet.vjp(A=_slogdet_vjp)


@composite
def slogdet(input):
    """`linalg.slogdet`."""
    return return_types.slogdet(*linalg_slogdet(input))


@composite
def logdet(input):
    """The logarithm of each determinant; NaN where it is negative."""
    check_matrix("linalg.det", input._array)
    sign, logarithm = linalg_slogdet(input)
    if is_complex(input):
        return log(sign) + logarithm
    return where(sign == -1, float("nan"), logarithm)


# Powers and the exponential


@composite(module=LINALG, method=False)
def linalg_matrix_power(A, n: int):
    """The `n`-th power by repeated squaring; of the inverse for negative `n`."""
    check_matrix("linalg.matrix_power", A._array)
    if n < 0:
        return linalg_matrix_power(linalg_inv(A), -n)
    if n == 0:
        size = tuple(A.shape[-2:])
        return banded(A, np.zeros(size, dtype=bool)) + identity(A, A.shape[-1])
    result, square = None, A
    while n:
        if n & 1:
            result = square if result is None else result @ square
        n >>= 1
        if n:
            square = square @ square
    return result.clone() if result is A else result


@composite
def matrix_power(input, n: int):
    """`linalg.matrix_power`."""
    return linalg_matrix_power(input, n)


@op(module=LINALG, method=False)
def linalg_matrix_exp(A):
    """The matrix exponential."""
    check_matrix("linalg.matrix_exp", A)
    check_float("linalg.matrix_exp", A)
    if A.dtype.itemsize == 2:
        return arrays.matrix_exp(A.astype(np.float32)).astype(A.dtype)
    return arrays.matrix_exp(A)


def _exp_vjp(g, A):
    """R. Mathias, "A chain rule for matrix functions" (1996): the upper right block of exp."""
    n = A.shape[-1]
    if 0 in A.shape:
        return g
    AH = H(A)
    top = joined(AH, g, -1)
    bottom = joined(zeros_of(A, tuple(A.shape)), AH, -1)
    return linalg_matrix_exp(joined(top, bottom, -2))[..., :n, n:]


linalg_matrix_exp.vjp(A=_exp_vjp)


@composite
def matrix_exp(input):
    """The matrix exponential."""
    return linalg_matrix_exp(input)


# Norms


def _real_type(name: str, x: Array, dtype: Any) -> Array:
    if dtype is None:
        check_float(name, x)
        return x
    if not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError(f"{name}: dtype should be floating point or complex. Got {dtype}")
    if x.dtype.kind == "c" and not dtype.is_complex:
        raise RuntimeError(f"{name}: dtype should be complex for complex inputs, but got {dtype}")
    return x.astype(dtype.numpy)


@fused
def _vector_norm(x: Array, *, ord: Any, axes: Any, keepdim: bool) -> Any:
    sizes = prims.abs(x)
    if ord == math.inf:
        return prims.amax(sizes, axes, keepdim)
    if ord == -math.inf:
        return prims.amin(sizes, axes, keepdim)
    if ord == 0:
        return prims.sum(prims.where(prims.ne(sizes, 0), 1.0, 0.0), axes, keepdim)
    if ord == 1:
        return prims.sum(sizes, axes, keepdim)
    if ord == 2:
        return prims.sqrt(prims.sum(sizes * sizes, axes, keepdim))
    return prims.pow(prims.sum(prims.pow(sizes, ord), axes, keepdim), 1 / ord)


@op(module=LINALG, method=False)
def linalg_vector_norm(x, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None):
    """`(sum |x|^ord)^(1/ord)` over `dim`, or all dimensions."""
    x = _real_type("linalg.vector_norm", x, dtype)
    kind = x.real.dtype
    axes = axes_of(dim, x.ndim)
    count = x.size if axes is None else math.prod(x.shape[a] for a in axes)
    if count == 0 and (ord < 0 or ord == math.inf):
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {ord} norm on an empty tensor because the "
            "operation does not have an identity"
        )
    found = _vector_norm(x.astype(np.float32) if kind.itemsize == 2 else x, ord=ord, axes=axes, keepdim=keepdim)
    return np.asarray(found).astype(kind, copy=False)


def _norm_vjp(g, x, ord, dim, keepdim, result, x_dtype):
    """Subgradients: 0 where the norm is 0; the extreme elements share that of a maximum."""
    from .convert import converted
    from .reduction import restored

    g = restored(g, tuple(x.shape), dim, keepdim)
    norm = restored(result, tuple(x.shape), dim, keepdim)
    if ord == 0:
        return None
    sizes = absolute(x)
    if ord == 1:
        slope = sgn(x) * g
    elif ord in (math.inf, -math.inf):
        axes = axes_of(dim, x.ndim)
        hits = (sizes == norm) | (norm != norm)
        hits = hits * (zeros_of(norm, ()) + 1)
        count = _summed(hits, axes)
        slope = sgn(x) * (g / count) * hits
    elif ord == 2:
        slope = where(norm == 0, 0.0, g / where(norm == 0, 1.0, norm)) * x
    else:
        positive = sizes == 0
        power = where(positive, 0.0, where(positive, 1.0, sizes) ** (ord - 1))
        scale = where(norm == 0, 0.0, g / where(norm == 0, 1.0, norm) ** (ord - 1))
        slope = sgn(x) * power * scale
    return converted(slope, np.dtype(x_dtype))


def _summed(x: Any, axes: tuple[int, ...] | None) -> Any:
    """The sum over `axes`, which stay with size 1."""
    kept = [1 if axes is None or i in axes else n for i, n in enumerate(x.shape)]
    return (x.sum() if axes is None else x.sum(axes)).reshape(tuple(kept))


linalg_vector_norm.vjp(x=_norm_vjp)


def _matrix_dims(name: str, A: Any, dim: Any) -> tuple[int, int]:
    if isinstance(dim, int):
        raise RuntimeError(f"{name}: dim must be a 2-tuple. Got {dim}")
    dims = tuple(dim)
    if len(dims) != 2:
        shown = " ".join(map(str, dims))
        raise RuntimeError(f"{name}: dim must be a 2-tuple. Got {shown}")
    first, second = (wrap_dim(d, A.ndim) for d in dims)
    if first == second:
        raise RuntimeError(f"{name}: dims must be different. Got ({dims[0]}, {dims[1]})")
    return first, second


@composite(module=LINALG, method=False)
def linalg_matrix_norm(A, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None):
    """A norm of matrices: "fro", "nuc", 1, -1, 2, -2, inf or -inf."""
    name = "linalg.matrix_norm"
    check_matrix(name, A._array, square=False)
    check_float(name, A._array)
    first, second = _matrix_dims(name, A, dim)
    if isinstance(ord, str):
        if ord not in ("fro", "nuc"):
            raise RuntimeError(f"{name}: Order {ord} not supported.")
    elif abs_of(ord) not in (1, 2, math.inf):
        raise RuntimeError(f"{name}: Order {ord:g} not supported.")
    if ord == "fro":
        return linalg_vector_norm(A, 2, (first, second), keepdim, dtype=dtype)
    x = A if dtype is None else A.to(dtype)
    if ord == "nuc" or abs_of(ord) == 2:
        values = linalg_svdvals(x.movedim((first, second), (-2, -1)))
        sign = 0 if ord == "nuc" else ord
        found = values.amax(-1) if sign > 0 else values.amin(-1) if sign < 0 else values.sum(-1)
    else:
        summed, extreme = (first, second) if abs_of(ord) == 1 else (second, first)
        totals = linalg_vector_norm(x, 1, summed, True)
        totals = totals.amax(extreme, True) if ord > 0 else totals.amin(extreme, True)
        if keepdim:
            return totals
        return totals.squeeze((first, second))
    if not keepdim:
        return found
    low, high = sorted((first, second))
    return found.unsqueeze(low).unsqueeze(high)


def abs_of(number: float) -> float:
    return -number if number < 0 else number


@composite(module=LINALG, method=False)
def linalg_norm(A, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None):
    """A vector norm, or a matrix norm where `dim` (or, given `ord`, the input) has two dims."""
    if dim is not None and not isinstance(dim, int) and len(dim) not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dim)}")
    if dim is None and ord is not None and A.ndim not in (1, 2):
        raise RuntimeError(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D."
        )
    if ord is not None and (
        isinstance(ord, str)
        or (dim is None and A.ndim == 2)
        or (dim is not None and not isinstance(dim, int) and len(dim) == 2)
    ):
        dims = (0, 1) if dim is None else dim
        return linalg_matrix_norm(A, ord, dims, keepdim, dtype=dtype)
    if dim is None and ord is None:
        flat = A.reshape(-1)
        found = linalg_vector_norm(flat, 2, None, False, dtype=dtype)
        return found.reshape((1,) * A.ndim) if keepdim else found
    return linalg_vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


@composite
def norm(input, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None):
    """The `p`-norm over `dim`, or of all elements."""
    if dtype is not None:
        input = input.to(dtype)
    if p == "nuc":
        dims = (0, 1) if dim is None else dim
        return linalg_matrix_norm(input, "nuc", dims, keepdim)
    if isinstance(p, str) and p != "fro":
        return linalg_matrix_norm(input, p, (-2, -1) if dim is None else dim, keepdim)
    order = 2 if p is None or p == "fro" else p
    return linalg_vector_norm(input, order, dim, keepdim)


@composite(module=LINALG, method=False)
def linalg_cond(A, p: Any = None):
    """The condition number in the norm `p`."""
    check_matrix("linalg.cond", A._array, square=False)
    if isinstance(p, str) and p not in ("fro", "nuc"):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    if p is None or p in (2, -2):
        values = linalg_svdvals(A)
        if A._array.size == 0:
            return zeros_of(values, tuple(A.shape[:-2]))
        first, last = values[..., 0], values[..., -1]
        return last / first if p == -2 else first / last
    check_matrix("linalg.cond", A._array)
    inverse, info = linalg_inv_ex(A)
    found = linalg_matrix_norm(A, p) * linalg_matrix_norm(inverse, p)
    return where(info == 0, found, math.inf)


@composite(module=LINALG, method=False, name="linalg_matrix_rank")
def linalg_matrix_rank(A, tol=None, *, atol=None, rtol=None, hermitian: bool = False):
    """The number of singular values above the tolerance."""
    check_matrix("linalg.matrix_rank", A._array, square=False)
    matrix = A.detach()
    if A._array.size == 0:
        return zeros_of(matrix, tuple(A.shape[:-2])).long()
    values = absolute(linalg_eigvalsh(matrix)) if hermitian else linalg_svdvals(matrix)
    relative, absolute_ = tolerances(A._array, rtol, atol if tol is None else tol)
    if tol is not None:
        relative = 0.0
    found = values._array
    limit = np.maximum(absolute_, relative * found.max(-1))
    return (values > zeros_of(values, ()) + _tensor_of(limit)[..., None]).sum(-1)


def _tensor_of(limit: Any) -> Any:
    from ..tensor import wrap

    return wrap(np.asarray(limit, dtype=np.float64))


# Products


@composite(module=LINALG, method=False)
def linalg_multi_dot(tensors: Any):
    """The product of matrices in the order of least work; the first and last may be vectors."""
    count = len(tensors)
    if count < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {count}")
    _check_multi_dot(tensors)
    first, last = tensors[0], tensors[-1]
    chain = list(tensors)
    if first.ndim == 1:
        chain[0] = first.unsqueeze(0)
    if last.ndim == 1:
        chain[-1] = last.unsqueeze(-1)
    sizes = [matrix.shape[0] for matrix in chain] + [chain[-1].shape[1]]
    result = _product(chain, _split(tuple(sizes)), 0, count - 1)
    if last.ndim == 1:
        result = result.squeeze(-1)
    return result.squeeze(0) if first.ndim == 1 else result


def _check_multi_dot(tensors: Any) -> None:
    for place, each in enumerate(tensors):
        end = place in (0, len(tensors) - 1)
        if each.ndim != 2 and not (end and each.ndim == 1):
            which = {0: "the first tensor", len(tensors) - 1: "the last tensor"}.get(place, f"tensor {place}")
            wanted = "1D or 2D" if end else "2D"
            raise RuntimeError(f"multi_dot(): {which} must be {wanted} but got {each.ndim}D")
    for place, (a, b) in enumerate(pairwise(tensors)):
        if a.shape[-1] != b.shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {place} and {place + 1} with shapes {list(a.shape)} and "
                f"{list(b.shape)} cannot be multiplied"
            )


@functools.lru_cache(256)
def _split(sizes: tuple[int, ...]) -> dict[tuple[int, int], int]:
    """Where to split each range of a chain of matrices (dynamic programming over its length)."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    split: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            options = [(cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
            cost[i, j], split[i, j] = min(options)
    return split


def _product(chain: list[Any], split: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return chain[i]
    k = split[i, j]
    return _product(chain, split, i, k) @ _product(chain, split, k + 1, j)


@creator
def chain_matmul(*matrices: Any):
    """`linalg.multi_dot` of its arguments."""
    return matrices[0] if len(matrices) == 1 else linalg_multi_dot(matrices)


@composite(module=LINALG, method=False)
def linalg_vander(x, *, N: int | None = None):
    """Powers 0, 1, ..., N - 1 of the last dimension's elements, as rows."""
    if x.ndim == 0:
        x = x.reshape(1)
    count = x.shape[-1] if N is None else N
    if count <= 1:
        raise RuntimeError("N must be greater than 1.")
    ones = zeros_of(x, (*x.shape, 1)) + 1
    factors = joined(ones, x.unsqueeze(-1).expand(*x.shape, count - 1), -1)
    return factors.cumprod(-1)


@op(module=LINALG, method=False)
def linalg_cross(input, other, *, dim: int = -1):
    """The cross product of vectors of length 3 along `dim`."""
    if input.ndim != other.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    size = input.shape[dim], other.shape[dim]
    if size != (3, 3):
        raise RuntimeError(f"linalg.cross: inputs dimension {dim} must have length 3. Got {size[0]} and {size[1]}")
    shape = np.broadcast_shapes(input.shape, other.shape)
    a = np.moveaxis(np.broadcast_to(input, shape), dim, 0)
    b = np.moveaxis(np.broadcast_to(other, shape), dim, 0)
    parts = [a[i - 2] * b[i - 1] - a[i - 1] * b[i - 2] for i in range(3)]
    return np.ascontiguousarray(np.moveaxis(np.stack(parts), 0, dim))


linalg_cross.vjp(
    input=lambda g, other, dim: linalg_cross(conj(other) + zeros_of(g, tuple(g.shape)), g, dim=dim),
    other=lambda g, input, dim: linalg_cross(g, conj(input) + zeros_of(g, tuple(g.shape)), dim=dim),
)


@composite
def cross(input, other, dim: int | None = None):
    """The cross product along `dim`, by default the first dimension of size 3."""
    if dim is None:
        shape = np.broadcast_shapes(tuple(input.shape), tuple(other.shape))
        dim = next((d for d, n in enumerate(shape) if n == 3), None)
        if dim is None:
            raise RuntimeError("no dimension of size 3 in input")
    return linalg_cross(input, other, dim=dim)


@composite(module=LINALG, method=False)
def linalg_vecdot(x, y, *, dim: int = -1):
    """The dot product of `conj(x)` and `y` along `dim`."""
    return (conj(x) * y).sum(dim)


@composite(module=LINALG, method=False)
def linalg_tensorinv(A, ind: int = 2):
    """The inverse for `tensordot` with `ind` dimensions."""
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind'")
    shape = tuple(A.shape)
    rows, columns = math.prod(shape[:ind]), math.prod(shape[ind:])
    if rows != columns:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {columns} != {rows}"
        )
    inverse = linalg_inv_ex(A.reshape(columns, rows), check_errors=True)[0]
    return inverse.reshape(*shape[ind:], *shape[:ind])


@composite(module=LINALG, method=False)
def linalg_tensorsolve(A, B, dims: Any = None):
    """X of `tensordot(A, X, X.ndim) = B`."""
    if dims is not None:
        moved = [wrap_dim(d, A.ndim) for d in dims]
        A = A.permute([d for d in range(A.ndim) if d not in moved] + moved)
    shape = tuple(A.shape)[B.ndim :]
    rows, columns = math.prod(tuple(A.shape)[: B.ndim]), math.prod(shape)
    if rows != columns:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {columns} != {rows}"
        )
    return linalg_solve(A.reshape(columns, columns), B.reshape(-1)).reshape(shape)


@composite(module=LINALG, method=False, out=False)
def linalg_diagonal(A, *, offset: int = 0, dim1: int = -2, dim2: int = -1):
    """A view of the diagonals of the matrices in `dim1` and `dim2`."""
    return A.diagonal(offset, dim1, dim2)


@composite(module=LINALG, method=False)
def linalg_matmul(input, other):
    """The matrix product."""
    return input @ other


@composite
def inverse(input):
    """The inverse of each matrix. LinAlgError for a singular one."""
    return linalg_inv(input)


@composite
def cholesky(input, upper: bool = False):
    """The Cholesky factor of Hermitian positive-definite matrices."""
    return linalg_cholesky(input, upper=upper)


@composite
def lu_solve(input, LU_data, LU_pivots):
    """X of `A X = input` from the factorization of A."""
    return linalg_lu_solve(LU_data, LU_pivots, input)


@composite
def lu(input, pivot: bool = True, get_infos: bool = False):
    """L and U in one matrix, and the row exchanges; with `get_infos` also where a pivot is zero."""
    packed, pivots, info = linalg_lu_factor_ex(input, pivot=pivot)
    if get_infos:
        return return_types.linalg_lu_factor_ex(packed, pivots, info)
    return return_types.linalg_lu_factor(packed, pivots)


@composite(grad_name="DistBackward0")
def dist(input, other, p: Any = 2):
    """The `p`-norm of `input - other`."""
    return linalg_vector_norm(input - other, p)


@composite(inplace=True, grad_name="RenormBackward0")
def renorm(input, p: Any, dim: int, maxnorm: float):
    """`input` with every slice along `dim` whose `p`-norm exceeds `maxnorm` scaled down to it."""
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions")
    dim = wrap_dim(dim, input.ndim)
    others = tuple(d for d in range(input.ndim) if d != dim)
    norms = linalg_vector_norm(input, p, others, True)
    return input * where(norms > maxnorm, maxnorm / (norms + 1e-7), 1.0)
