"""Matrix factorizations and solvers, differentiable to any order.

Rules are written for conjugate cotangents: `H(x)` is the conjugate transpose. They run on arrays
and on tensors. Sources: M. Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008); the factorizations' differentials are solved for the factors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import return_types
from ..prims import linalg as arrays
from ..tensor import Array, Tensor, wrap
from .declare import composite, op
from .indexing import dtype_name, is_complex, zeros_of
from .pointwise import conj
from .shape import transpose

LINALG = "flambeau.linalg"
LinAlgError = arrays.LinAlgError


# Pieces of formulas


def H(x: Any) -> Any:
    """The conjugate transpose of each matrix."""
    swapped = transpose(x, -2, -1)
    return conj(swapped) if is_complex(x) else swapped


@op(name="_banded", method=False, out=False, linear=True)
def banded(input, keep: Array):
    """`input` where the pattern `keep` holds, else 0."""
    return np.where(keep, input, input.dtype.type(0))


banded.vjp(input=lambda g, keep: banded(g, keep))


def _triangle(x: Any, offset: int) -> Array:
    rows, columns = x.shape[-2:]
    return np.tri(rows, columns, offset, dtype=np.bool_)


def tril(x: Any, offset: int = 0) -> Any:
    return banded(x, _triangle(x, offset))


def triu(x: Any, offset: int = 0) -> Any:
    return banded(x, ~_triangle(x, offset - 1))


def off_diagonal(x: Any) -> Any:
    return banded(x, np.eye(*x.shape[-2:]) == 0)


@op(name="_nothing_of", method=False, out=False)
def nothing_of(input, shape: tuple[int, ...]):
    """Zeros of `shape` that count as made from `input`, without a cotangent for it."""
    return np.zeros(shape, input.dtype)


nothing_of.vjp(input=lambda g: None)


@op(name="_diagonal_of", method=False, out=False, linear=True)
def diagonal_of(input):
    """The main diagonal of each matrix, a copy."""
    return np.diagonal(input, 0, -2, -1).copy()


@op(name="_diagonal_matrix", method=False, out=False, linear=True)
def diagonal_matrix(input, rows: int, columns: int):
    """Matrices with `input` on their main diagonals."""
    matrix = np.zeros((*input.shape[:-1], rows, columns), input.dtype)
    places = np.arange(input.shape[-1])
    matrix[..., places, places] = input
    return matrix


diagonal_of.vjp(input=lambda g, input_shape: diagonal_matrix(g, input_shape[-2], input_shape[-1]))
diagonal_matrix.vjp(input=lambda g: diagonal_of(g))


def diagonal(x: Any) -> Any:
    """Square matrices with `x` on their diagonals."""
    return diagonal_matrix(x, x.shape[-1], x.shape[-1])


def like(x: Any, array: Array) -> Any:
    """A constant, as the kind of thing `x` is."""
    return wrap(array) if isinstance(x, Tensor) else array


def identity(x: Any, n: int) -> Any:
    """The n x n identity in the dtype of `x`."""
    return diagonal(zeros_of(x, (n,)) + 1)


def real_part(x: Any) -> Any:
    """The real part, as complex numbers where `x` is complex."""
    return (x + conj(x)) / 2 if is_complex(x) else x


def as_dtype_of(x: Any, kind: Any) -> Any:
    """`x` without its imaginary part where the NumPy dtype `kind` is real."""
    return x.real if is_complex(x) and np.dtype(kind).kind != "c" else x


def zero_or(g: Any, reference: Any, shape: tuple[int, ...]) -> Any:
    """A cotangent that may be missing."""
    return zeros_of(reference, tuple(shape)) if g is None else g


# Checks


def check_matrix(name: str, a: Array, argument: str = "A", *, square: bool = True) -> None:
    """RuntimeError unless `a` holds (square) matrices."""
    if a.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor {argument} must have at least 2 dimensions.")
    if square and a.shape[-1] != a.shape[-2]:
        raise RuntimeError(
            f"{name}: {argument} must be batches of square matrices, but they are {a.shape[-2]} by "
            f"{a.shape[-1]} matrices"
        )


def check_float(name: str, a: Array, kernel: str | None = None) -> None:
    """RuntimeError for integers, NotImplementedError for 16-bit floats."""
    if a.dtype.kind in "iub":
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {dtype_name(a)}")
    if kernel is not None and a.dtype.itemsize == 2:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtype_name(a)}'")


def first_failure(info: Array) -> tuple[str, int] | None:
    """Where the first nonzero info code is, in words, and the code."""
    flat = info.reshape(-1)
    bad = np.flatnonzero(flat)
    if not len(bad):
        return None
    where_ = f"(Batch element {bad[0]}): " if info.ndim else ""
    return where_, int(flat[bad[0]])


# Cholesky


@op(module=LINALG, method=False)
def linalg_cholesky_ex(A, *, upper: bool = False, check_errors: bool = False):
    """The Cholesky factor, and the order of the first minor that is not positive-definite."""
    return return_types.linalg_cholesky_ex(*_cholesky(A, upper, check_errors))


def _cholesky(A: Array, upper: bool, check_errors: bool) -> tuple[Array, Array]:
    check_matrix("linalg.cholesky", A)
    check_float("linalg.cholesky", A, "cholesky_cpu")
    factor, info = arrays.cholesky(A, upper)
    if check_errors and (failure := first_failure(info)):
        raise LinAlgError(
            f"linalg.cholesky: {failure[0]}The factorization could not be completed because the "
            f"input is not positive-definite (the leading minor of order {failure[1]} is not "
            "positive-definite)."
        )
    return factor, info


def _cholesky_vjp(g, result0, upper):
    """dA = dL L^H + L dL^H, solved for L^-1 dL, which is lower triangular."""
    factor = H(result0) if upper else result0
    g = H(g[0]) if upper else g[0]
    inner = H(factor) @ g
    core = (tril(inner) + H(tril(inner, -1))) / 2
    core = solve_triangular(H(factor), core, upper=True)
    return solve_triangular(factor, core, upper=False, left=False)


linalg_cholesky_ex.vjp(A=_cholesky_vjp)


@composite(name="linalg_cholesky", module=LINALG, method=False)
def linalg_cholesky(A, *, upper: bool = False):
    """The Cholesky factor of positive-definite matrices. LinAlgError where there is none."""
    return linalg_cholesky_ex(A, upper=upper, check_errors=True)[0]


# LU


@op(module=LINALG, method=False)
def linalg_lu_factor_ex(A, *, pivot: bool = True, check_errors: bool = False):
    """L and U in one matrix, the row exchanges counted from 1, and the place of a zero pivot."""
    check_matrix("torch.linalg.lu_factor_ex", A, square=False)
    check_float("linalg.lu_factor", A, "lu_cpu")
    if not pivot:
        raise RuntimeError("linalg.lu_factor: LU without pivoting is not implemented on the CPU")
    packed, pivots, info = arrays.lu_factor(A)
    if check_errors and (failure := first_failure(info)):
        raise RuntimeError(
            f"torch.linalg.lu_factor: {failure[0]}U[{failure[1]},{failure[1]}] is zero and using "
            "it on lu_solve would result in a division by zero. If you still want to perform the "
            "factorization, consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)"
        )
    return return_types.linalg_lu_factor_ex(packed, pivots, info)


def _lu_vjp(g, result0, result1):
    """A = P L U, with what is outside the square part of A solved for first."""
    packed = result0
    rows, columns = packed.shape[-2:]
    count = min(rows, columns)
    square = packed[..., :count, :count]
    L = tril(square, -1) + identity(packed, count)
    U = triu(square)
    g_square = g[0][..., :count, :count]
    in_lower = H(L) @ tril(g_square, -1)
    in_upper = triu(g_square) @ H(U)
    parts = []
    if columns > count:
        g_right, U_right = g[0][..., :, count:], packed[..., :, count:]
        in_lower = in_lower - g_right @ H(U_right)
    if rows > count:
        g_below, L_below = g[0][..., count:, :], packed[..., count:, :]
        in_upper = in_upper - H(L_below) @ g_below
    core = tril(in_lower, -1) + triu(in_upper)
    core = solve_triangular(H(U), core, upper=False, left=False)
    top = solve_triangular(H(L), core, upper=True, unitriangular=True)
    parts.append(top)
    if columns > count:
        right = solve_triangular(H(L), g_right, upper=True, unitriangular=True)
        whole = joined(parts[0], right, -1)
    elif rows > count:
        below = solve_triangular(H(U), g_below, upper=False, left=False)
        whole = joined(parts[0], below, -2)
    else:
        whole = top
    return permutation_of(packed, result1, rows) @ whole


def permutation_of(packed: Any, pivots: Any, rows: int) -> Any:
    exchanges = pivots._array if isinstance(pivots, Tensor) else pivots
    real = packed._array if isinstance(packed, Tensor) else packed
    return like(packed, arrays.permutation_matrix(exchanges, rows, real.dtype))


@op(name="_joined", method=False, out=False)
def joined(input, other, dim: int):
    """Two arrays, one after the other along `dim`."""
    return np.concatenate([input, other], dim)


def _joined_vjp(g, input_shape, other_shape, dim):
    n = input_shape[dim]
    after = (slice(None),) * (-1 - dim)
    return g[(..., slice(None, n), *after)], g[(..., slice(n, None), *after)]


joined.vjp(_joined_vjp)
linalg_lu_factor_ex.vjp(A=_lu_vjp)


@composite(module=LINALG, method=False)
def linalg_lu_factor(A, *, pivot: bool = True):
    """L and U in one matrix, and the row exchanges. RuntimeError for a zero pivot."""
    packed, pivots, _ = linalg_lu_factor_ex(A, pivot=pivot, check_errors=True)
    return return_types.linalg_lu_factor(packed, pivots)


@composite(module=LINALG, method=False)
def linalg_lu(A, *, pivot: bool = True):
    """P, L and U of `A = P L U`."""
    packed, pivots, _ = linalg_lu_factor_ex(A, pivot=pivot)
    return return_types.linalg_lu(*lu_unpack(packed, pivots))


@composite(method=False)
def lu_unpack(LU_data, LU_pivots, unpack_data: bool = True, unpack_pivots: bool = True):
    """P, L and U from a packed factorization; what is not unpacked is empty."""
    P, L, U = unpacked(LU_data, LU_pivots, unpack_data, unpack_pivots)
    return return_types.lu_unpack(P.detach(), L, U)


@op(name="_lu_unpack", grad_name="LuUnpackBackward0", method=False, out=False)
def unpacked(LU_data, LU_pivots, unpack_data: bool, unpack_pivots: bool):
    if unpack_pivots and LU_pivots.dtype != np.int32:
        raise RuntimeError("torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.")
    empty = np.empty(0, LU_data.dtype)
    P = L = U = empty
    if unpack_data:
        P, L, U = arrays.lu_unpack(LU_data, LU_pivots)
    if unpack_pivots:
        P = arrays.permutation_matrix(LU_pivots, LU_data.shape[-2], LU_data.dtype)
    return (P if unpack_pivots else empty), L, U


def _unpack_vjp(g, LU_data_shape):
    """L and U lie beside each other in the packed matrix; where it is wider, U; where taller, L."""
    rows, columns = LU_data_shape[-2:]
    reference = g[1] if g[1] is not None else g[2]
    whole = zeros_of(reference, tuple(LU_data_shape))
    if g[1] is not None:
        part = tril(g[1], -1)
        if columns > rows:
            part = joined(part, zeros_of(reference, (*LU_data_shape[:-1], columns - rows)), -1)
        whole = whole + part
    if g[2] is not None:
        part = triu(g[2])
        if rows > columns:
            shape = (*LU_data_shape[:-2], rows - columns, columns)
            part = joined(part, zeros_of(reference, shape), -2)
        whole = whole + part
    return whole


unpacked.vjp(LU_data=_unpack_vjp)


@composite(module=LINALG, method=False)
def linalg_lu_solve(LU, pivots, B, *, left: bool = True, adjoint: bool = False):
    """X of `A X = B` from A's factors; of `X A = B` unless `left`; with A^H if `adjoint`."""
    if not left:
        return H(linalg_lu_solve(LU, pivots, H(B), adjoint=not adjoint))
    P, L, U = lu_unpack(LU, pivots)
    if adjoint:
        halfway = solve_triangular(H(U), B, upper=False)
        return P @ solve_triangular(H(L), halfway, upper=True, unitriangular=True)
    halfway = solve_triangular(L, transpose(P, -2, -1) @ B, upper=False, unitriangular=True)
    return solve_triangular(U, halfway, upper=True)


# Solving


def _singular(name: str, info: Array, what: str) -> None:
    if failure := first_failure(info):
        where_, place = failure
        middle = f"The diagonal element {place} is zero, the inversion" if what == "inv" else ""
        rest = (
            f"{middle} could not be completed because the input matrix is singular."
            if what == "inv"
            else "The solver failed because the input matrix is singular."
        )
        raise LinAlgError(f"{name}: {where_}{rest}")


@op(module=LINALG, method=False, grad_name="LinalgInvExBackward0")
def linalg_inv_ex(A, *, check_errors: bool = False):
    """The inverse, and the place of a zero pivot (or 0)."""
    check_matrix("linalg.inv", A)
    check_float("linalg.inv", A, "lu_cpu")
    inverse, info = arrays.inv(A)
    if check_errors:
        _singular("linalg.inv", info, "inv")
    return return_types.linalg_inv_ex(inverse, info)


linalg_inv_ex.vjp(A=lambda g, result0: -(H(result0) @ g[0] @ H(result0)))


@composite(module=LINALG, method=False)
def linalg_inv(A):
    """The inverse of each matrix. LinAlgError for a singular one."""
    return linalg_inv_ex(A, check_errors=True)[0]


def is_vector_case(A_shape: tuple[int, ...], B_shape: tuple[int, ...], B_ndim: int) -> bool:
    """Whether B of `solve` is a batch of vectors."""
    return B_ndim == 1 or (len(A_shape) - 1 == B_ndim and tuple(B_shape) == tuple(A_shape[:-1]))


@op(module=LINALG, method=False, name="_linalg_solve_matrix", grad_name="LinalgSolveExBackward0")
def solve_matrix(A, B, left: bool):
    """X of `A X = B` (`X A = B` unless `left`), and the place of a zero pivot in each A."""
    if left:
        return arrays.solve(A, B)
    solution, info = arrays.solve(arrays.adjoint(A), arrays.adjoint(B))
    return arrays.adjoint(solution).copy(), info


def _solve_vjp(g, A, result0, left):
    g_B = solve_matrix(H(A), g[0], left)[0]
    return -(g_B @ H(result0) if left else H(result0) @ g_B), g_B


solve_matrix.vjp(_solve_vjp)


@composite(module=LINALG, method=False)
def linalg_solve_ex(A, B, *, left: bool = True, check_errors: bool = False):
    """X of `A X = B` (of `X A = B` unless `left`), and the place of a zero pivot."""
    a, b = A._array, B._array
    check_matrix("linalg.solve", a)
    check_float("linalg.solve", a, "lu_cpu")
    if a.dtype != b.dtype:
        raise RuntimeError(
            "linalg.solve: Expected A and B to have the same dtype, but found A of type "
            f"{dtype_name(a)} and B of type {dtype_name(b)} instead"
        )
    vector = is_vector_case(a.shape, b.shape, b.ndim)
    rows = b.shape[-1] if vector else b.shape[-2 if left else -1]
    if rows != a.shape[-1]:
        shape = (b.shape[-1], 1) if vector else b.shape[-2:]
        equation = "AX = B" if left else "XA = B"
        raise RuntimeError(
            f"linalg.solve: Incompatible shapes of A and B for the equation {equation} "
            f"({a.shape[-2]}x{a.shape[-1]} and {shape[0]}x{shape[1]})"
        )
    if vector and not left:
        raise RuntimeError(
            "linalg.solve: Vector broadcasting of the left hand side is not supported for "
            "left=False. In this case linalg.solve is equivalent to B / A.squeeze(-1)"
        )
    right = B.unsqueeze(-1) if vector else B
    X, info = solve_matrix(A, right, left)
    if check_errors:
        _singular("torch.linalg.solve", info._array, "solve")
    return return_types.linalg_solve_ex(X.squeeze(-1) if vector else X, info)


@composite(module=LINALG, method=False)
def linalg_solve(A, B, *, left: bool = True):
    """X of `A X = B`. LinAlgError where A is singular."""
    return linalg_solve_ex(A, B, left=left, check_errors=True)[0]


@op(name="linalg_solve_triangular", module=LINALG, method=False)
def solve_triangular(A, B, *, upper: bool, left: bool = True, unitriangular: bool = False):
    """X of `A X = B` (`X A = B` unless `left`), reading one triangle of A."""
    name = "linalg.solve_triangular"
    check_matrix(name, A)
    check_matrix(name, B, "B", square=False)
    check_float(name, A, "triangular_solve_cpu")
    if A.dtype != B.dtype:
        raise RuntimeError(
            f"{name}: Expected A and B to have the same dtype, but found A of type "
            f"{dtype_name(A)} and B of type {dtype_name(B)} instead"
        )
    if A.shape[-1] != B.shape[-2 if left else -1]:
        equation = "AX = B" if left else "XA = B"
        raise RuntimeError(
            f"{name}: Incompatible shapes of A and B for the equation {equation} "
            f"({A.shape[-2]}x{A.shape[-1]} and {B.shape[-2]}x{B.shape[-1]})"
        )
    return arrays.solve_triangular(A, B, upper, left, unitriangular)


def _triangular_vjp(g, A, result, upper, left, unitriangular):
    options = {"upper": not upper, "left": left, "unitriangular": unitriangular}
    g_B = solve_triangular(H(A), g, **options)
    g_A = -(g_B @ H(result) if left else H(result) @ g_B)
    offset = 1 if unitriangular else 0
    return (triu(g_A, offset) if upper else tril(g_A, -offset)), g_B


solve_triangular.vjp(_triangular_vjp)


@op
def cholesky_solve(input, L, upper: bool = False):
    """X of `A X = input` from the Cholesky factor of A."""
    check_matrix("cholesky_solve", L)
    factor = arrays.adjoint(L) if upper else L
    halfway = arrays.solve_triangular(factor, input, upper=False)
    return arrays.solve_triangular(arrays.adjoint(factor), halfway, upper=True)


def _cholesky_solve_vjp(g, L, result, upper):
    """By the differential of `A = L L^H` as a whole: the cotangent of L is not triangular."""
    g_input = cholesky_solve(g, L, upper)
    both = g_input @ H(result)
    both = both + H(both)
    return g_input, -(L @ both if upper else both @ L)


@op
def cholesky_inverse(L, upper: bool = False):
    """The inverse of A from its Cholesky factor."""
    check_matrix("cholesky_inverse", L)
    factor = arrays.adjoint(L) if upper else L
    identity = np.broadcast_to(np.eye(L.shape[-1], dtype=L.dtype), L.shape)
    inverse = arrays.solve_triangular(factor, identity, upper=False)
    return arrays.adjoint(inverse) @ inverse


def _cholesky_inverse_vjp(g, L, result, upper):
    both = result @ (g + H(g)) @ result
    return -(L @ both if upper else both @ L)


cholesky_solve.vjp(_cholesky_solve_vjp)
cholesky_inverse.vjp(L=_cholesky_inverse_vjp)


@composite(grad_name="TriangularSolveBackward0")
def triangular_solve(input, A, upper: bool = True, transpose: bool = False, unitriangular: bool = False):
    """X of `A X = input` (or with A transposed) for triangular A, and A."""
    matrix = _transposed(A) if transpose else A
    X = solve_triangular(matrix, input, upper=upper != transpose, unitriangular=unitriangular)
    return return_types.triangular_solve(X, A.clone())


def _transposed(x: Any) -> Any:
    return transpose(x, -2, -1)


# LDL


@op(module=LINALG, method=False)
def linalg_ldl_factor_ex(A, *, hermitian: bool = False, check_errors: bool = False):
    """L and D of a symmetric (Hermitian) matrix in one, the pivots, and info."""
    check_matrix("torch.linalg.ldl_factor_ex", A)
    check_float("torch.linalg.ldl_factor_ex", A, "ldl_factor_cpu")
    return return_types.linalg_ldl_factor_ex(*arrays.ldl_factor(A, hermitian))


@composite(module=LINALG, method=False)
def linalg_ldl_factor(A, *, hermitian: bool = False):
    """L and D of a symmetric (Hermitian) matrix in one, and the pivots."""
    packed, pivots, _ = linalg_ldl_factor_ex(A, hermitian=hermitian)
    return return_types.linalg_ldl_factor(packed, pivots)


@op(module=LINALG, method=False)
def linalg_ldl_solve(LD, pivots, B, *, hermitian: bool = False):
    """X of `A X = B` from an LDL factorization."""
    check_matrix("torch.linalg.ldl_solve", LD)
    return arrays.ldl_solve(LD, pivots, B, hermitian)
