"""Matrix factorizations and solvers over batches of matrices.

Every function takes arrays of shape (..., m, n) in float32, float64, complex64 or complex128.
NumPy's batched LAPACK is used where it has the routine; SciPy's is called matrix by matrix where it
does not, or where a matrix failed and its `info` code is wanted. Signs and pivots are LAPACK's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray
_PREFIX = {"f": "s", "d": "d", "F": "c", "D": "z"}


class _LinAlgError(RuntimeError):
    """A factorization could not be completed, or an algorithm did not converge."""


LinAlgError = _LinAlgError  # tracebacks show the name that it has under PyTorch


def _lapack(name: str, dtype: np.dtype, complex_name: str | None = None) -> Callable[..., Any]:
    """LAPACK's routine `name` for `dtype`; complex matrices may have another name for it."""
    from scipy.linalg import lapack

    if dtype.kind == "c" and complex_name:
        name = complex_name
    return getattr(lapack, _PREFIX[dtype.char] + name)


def _batch(a: Array) -> tuple[int, ...]:
    return a.shape[:-2]


def _matrices(a: Array, batch: tuple[int, ...]) -> Array:
    """`a` broadcast over `batch` as a stack of matrices."""
    if _batch(a) != batch:
        a = np.broadcast_to(a, batch + a.shape[-2:])
    return a.reshape(math.prod(batch), *a.shape[-2:])


def adjoint(a: Array) -> Array:
    """The conjugate transpose of each matrix."""
    swapped = np.swapaxes(a, -2, -1)
    return swapped.conj() if a.dtype.kind == "c" else swapped


def _no_failures(a: Array) -> Array:
    return np.zeros(_batch(a), dtype=np.int32)


# Factorizations


def cholesky(a: Array, upper: bool = False) -> tuple[Array, Array]:
    """The Cholesky factor of each matrix, and the order of its first minor that is not positive."""
    try:
        return np.linalg.cholesky(a, upper=upper), _no_failures(a)
    except np.linalg.LinAlgError:
        potrf = _lapack("potrf", a.dtype)
        factors = np.empty_like(a, order="C")
        info = _no_failures(a)
        for place in np.ndindex(_batch(a)):
            factors[place], info[place] = potrf(a[place], lower=not upper, clean=True)
        return factors, info


def lu_factor(a: Array) -> tuple[Array, Array, Array]:
    """L and U packed in one matrix, the row exchanges (from 1), and the first zero pivot (or 0)."""
    getrf = _lapack("getrf", a.dtype)
    packed = np.empty(a.shape, a.dtype)
    pivots = np.empty((*_batch(a), min(a.shape[-2:])), dtype=np.int32)
    info = _no_failures(a)
    if a.size:
        for place in np.ndindex(_batch(a)):
            packed[place], pivots[place], info[place] = getrf(a[place])
    pivots += 1
    return packed, pivots, info


def permutation(pivots: Array, rows: int) -> Array:
    """The order of rows that the exchanges of an LU factorization bring about."""
    batch = pivots.shape[:-1]
    order = np.broadcast_to(np.arange(rows), (*batch, rows)).copy()
    steps = pivots.astype(np.int64) - 1
    for step in range(pivots.shape[-1]):
        other = steps[..., step : step + 1]
        moved = np.take_along_axis(order, other, -1)
        np.put_along_axis(order, other, order[..., step : step + 1], -1)
        order[..., step : step + 1] = moved
    return order


def permutation_matrix(pivots: Array, rows: int, dtype: np.dtype) -> Array:
    """P of `A = P L U`."""
    order = permutation(pivots, rows)
    matrix = np.zeros((*order.shape, rows), dtype=dtype)
    np.put_along_axis(matrix, order[..., None, :], 1, axis=-2)
    return matrix


def lu_unpack(packed: Array, pivots: Array) -> tuple[Array, Array, Array]:
    """P, L and U of `A = P L U`."""
    rows, columns = packed.shape[-2:]
    count = min(rows, columns)
    lower = np.tril(packed[..., :, :count], -1)
    lower[..., range(count), range(count)] = 1
    upper = np.triu(packed[..., :count, :])
    return permutation_matrix(pivots, rows, packed.dtype), lower, upper


def qr(a: Array, mode: str = "reduced") -> tuple[Array, Array]:
    """Q and R; Q is empty in mode "r"."""
    if mode == "r":
        return np.empty(0, a.dtype), np.asarray(np.linalg.qr(a, mode="r"))
    q, r = np.linalg.qr(a, mode="reduced" if mode == "reduced" else "complete")
    return q, r


def geqrf(a: Array) -> tuple[Array, Array]:
    """R above the reflectors of a QR factorization, and the reflectors' coefficients."""
    packed, coefficients = np.linalg.qr(a, mode="raw")
    return np.ascontiguousarray(np.swapaxes(packed, -2, -1)), coefficients


def ldl_factor(a: Array, hermitian: bool = False) -> tuple[Array, Array, Array]:
    """L and D of a symmetric (or Hermitian) matrix packed in one, pivots, and info."""
    sytrf = _lapack("sytrf", a.dtype, "hetrf" if hermitian else None)
    packed = np.empty(a.shape, a.dtype)
    pivots = np.empty(a.shape[:-1], dtype=np.int32)
    info = _no_failures(a)
    if a.size:
        for place in np.ndindex(_batch(a)):
            factor, pivots[place], info[place] = sytrf(a[place], lower=True)
            packed[place] = np.tril(factor)
    return packed, pivots, info


def ldl_solve(packed: Array, pivots: Array, b: Array, hermitian: bool = False) -> Array:
    """X of `A X = B` from `ldl_factor`'s results."""
    sytrs = _lapack("sytrs", packed.dtype, "hetrs" if hermitian else None)
    batch = np.broadcast_shapes(_batch(packed), _batch(b))
    pivots = np.broadcast_to(pivots, batch + pivots.shape[-1:])
    pivots = pivots.reshape(math.prod(batch), pivots.shape[-1])
    if b.size == 0:
        return np.empty(batch + b.shape[-2:], b.dtype)
    stacks = zip(_matrices(packed, batch), pivots, _matrices(b, batch), strict=True)
    return _stack([sytrs(f, p, x, lower=True)[0] for f, p, x in stacks], batch, b)


def _stack(matrices: list[Array], batch: tuple[int, ...], like: Array) -> Array:
    if not matrices:
        return np.empty(batch + like.shape[-2:], like.dtype)
    return np.stack(matrices).reshape(batch + matrices[0].shape)


# Solvers


def inv(a: Array) -> tuple[Array, Array]:
    """The inverse of each matrix, and the first zero pivot (or 0) of its factorization."""
    try:
        return np.linalg.inv(a), _no_failures(a)
    except np.linalg.LinAlgError:
        identity = np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape)
        return _solve_singular(a, identity)


def solve(a: Array, b: Array) -> tuple[Array, Array]:
    """X of `A X = B`, and the first zero pivot (or 0) in each A."""
    try:
        return np.linalg.solve(a, b), _no_failures(a)
    except np.linalg.LinAlgError:
        return _solve_singular(a, b)


def _solve_singular(a: Array, b: Array) -> tuple[Array, Array]:
    """`solve` matrix by matrix; the answer of a singular one is not finite."""
    packed, pivots, info = lu_factor(a)
    return lu_solve(packed, pivots, b), info


def lu_solve(packed: Array, pivots: Array, b: Array) -> Array:
    """X of `A X = B` from `lu_factor`'s results."""
    batch = np.broadcast_shapes(_batch(packed), _batch(b))
    order = np.broadcast_to(permutation(pivots, packed.shape[-1]), batch + packed.shape[-1:])
    b = np.broadcast_to(b, batch + b.shape[-2:])
    exchanged = np.take_along_axis(b, order[..., None], axis=-2)
    halfway = solve_triangular(packed, exchanged, upper=False, unitriangular=True)
    return solve_triangular(packed, halfway, upper=True)


def solve_triangular(a: Array, b: Array, upper: bool, left: bool = True, unitriangular: bool = False) -> Array:
    """X of `A X = B` (or `X A = B`), reading one triangle of A."""
    from scipy.linalg import blas

    trsm = getattr(blas, _PREFIX[a.dtype.char] + "trsm")
    batch = np.broadcast_shapes(_batch(a), _batch(b))
    if b.size == 0:
        return np.empty(batch + b.shape[-2:], b.dtype)
    options = {"side": not left, "lower": not upper, "diag": unitriangular}
    stacks = zip(_matrices(a, batch), _matrices(b, batch), strict=True)
    return _stack([trsm(1.0, triangle, right, **options) for triangle, right in stacks], batch, b)


def lstsq(a: Array, b: Array, rcond: float, driver: str) -> tuple[Array, Array, Array, Array]:
    """Least squares `A X = B`: solution, squared residuals, ranks, singular values of A.

    What a driver ("gels", "gelsy", "gelsd", "gelss") does not compute is empty.
    """
    rows, columns = a.shape[-2:]
    batch = np.broadcast_shapes(_batch(a), _batch(b))
    real = np.dtype(a.real.dtype)
    solutions: list[Array] = []
    ranks: list[int] = []
    spectra: list[Array] = []
    for matrix, right in zip(_matrices(a, batch), _matrices(b, batch), strict=True):
        if driver == "gels":
            solutions.append(_full_rank_lstsq(matrix, right))
            continue
        import scipy.linalg

        x, _, rank, values = scipy.linalg.lstsq(matrix, right, cond=rcond, lapack_driver=driver, check_finite=False)
        solutions.append(x)
        ranks.append(int(rank))
        if values is not None:
            spectra.append(values)
    shape = (*batch, columns, b.shape[-1])
    solution = np.stack(solutions).reshape(shape).astype(a.dtype) if solutions else np.empty(shape, a.dtype)
    residuals = np.empty(0, real)
    if driver != "gelsy" and rows > columns and all(rank == columns for rank in ranks):
        residuals = (np.abs(b - a @ solution) ** 2).sum(-2).astype(real)
    rank_shape = (0,) if driver == "gels" else batch
    values_shape = (*batch, min(rows, columns)) if driver in ("gelsd", "gelss") else (0,)
    return (
        solution,
        residuals,
        np.array(ranks, dtype=np.int64).reshape(rank_shape),
        np.array(spectra, dtype=real).reshape(values_shape),
    )


def _full_rank_lstsq(a: Array, b: Array) -> Array:
    """Least squares, or the least norm, for a matrix of full rank."""
    rows, columns = a.shape
    if rows >= columns:
        q, r = np.linalg.qr(a)
        return solve_triangular(r, adjoint(q) @ b, upper=True)
    q, r = np.linalg.qr(adjoint(a))
    return q @ solve_triangular(adjoint(r), b, upper=False)


# Eigenvalues and singular values


def svd(a: Array, full_matrices: bool = True) -> tuple[Array, Array, Array]:
    """U, the singular values in descending order, and V conjugate-transposed."""
    try:
        u, values, vh = np.linalg.svd(a, full_matrices=full_matrices)
    except np.linalg.LinAlgError:
        raise LinAlgError(_not_finite("linalg.svd", a)) from None
    return u, values, vh


def svdvals(a: Array) -> Array:
    """The singular values in descending order."""
    try:
        return np.linalg.svd(a, compute_uv=False)
    except np.linalg.LinAlgError:
        raise LinAlgError(_not_finite("linalg.svd", a)) from None


def _not_finite(name: str, a: Array) -> str:
    bad = [place for place in np.ndindex(_batch(a)) if not np.isfinite(a[place]).all()]
    where = f"(Batch element {_flat_place(bad[0], a)}): " if bad and bad[0] else ""
    reason = "the input matrix contained non-finite values" if bad else "the input is ill-conditioned"
    return f"{name}: {where}The algorithm failed to converge because {reason}."


def _flat_place(place: tuple[int, ...], a: Array) -> int:
    return int(np.ravel_multi_index(place, _batch(a)))


def eigh(a: Array, upper: bool = False) -> tuple[Array, Array]:
    """Eigenvalues in ascending order and eigenvectors of matrices read from one triangle."""
    try:
        values, vectors = np.linalg.eigh(a, "U" if upper else "L")
    except np.linalg.LinAlgError:
        raise LinAlgError(_not_finite("linalg.eigh", a)) from None
    return values, vectors


def eigvalsh(a: Array, upper: bool = False) -> Array:
    """Eigenvalues in ascending order of matrices read from one triangle."""
    try:
        return np.linalg.eigvalsh(a, "U" if upper else "L")
    except np.linalg.LinAlgError:
        raise LinAlgError(_not_finite("linalg.eigh", a)) from None


def eig(a: Array) -> tuple[Array, Array]:
    """Complex eigenvalues and eigenvectors of general matrices."""
    _check_finite(a)
    values, vectors = np.linalg.eig(a)
    return values.astype(_complex(a), copy=False), vectors.astype(_complex(a), copy=False)


def eigvals(a: Array) -> Array:
    """Complex eigenvalues of general matrices."""
    _check_finite(a)
    return np.linalg.eigvals(a).astype(_complex(a), copy=False)


def _check_finite(a: Array) -> None:
    if not np.isfinite(a).all():
        raise RuntimeError("torch.linalg.eig: input tensor should not contain infs or NaNs.")


def _complex(a: Array) -> np.dtype:
    return np.result_type(a.dtype, np.complex64)


# Functions of matrices


def det(a: Array) -> Array:
    """Determinants."""
    return np.asarray(np.linalg.det(a))


def slogdet(a: Array) -> tuple[Array, Array]:
    """Sign (or phase) of each determinant and the logarithm of its absolute value."""
    sign, logarithm = np.linalg.slogdet(a)
    return np.asarray(sign), np.asarray(logarithm)


def matrix_exp(a: Array) -> Array:
    """The matrix exponential."""
    import scipy.linalg

    if a.size == 0:
        return a.copy()
    return scipy.linalg.expm(a).astype(a.dtype, copy=False)
