"""QR, singular values, eigenvalues, least squares and pseudo-inverses."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import return_types
from ..prims import linalg as arrays
from ..tensor import Array, Tensor
from .declare import composite, op
from .indexing import dtype_name, is_complex, zeros_of
from .linalg import (
    LINALG,
    H,
    as_dtype_of,
    banded,
    check_float,
    check_matrix,
    diagonal,
    diagonal_of,
    identity,
    joined,
    nothing_of,
    off_diagonal,
    real_part,
    solve_triangular,
    triu,
    zero_or,
)
from .pointwise import conj
from .shape import transpose

# QR


@op(module=LINALG, method=False)
def linalg_qr(A, mode: str = "reduced"):
    """Q with orthonormal columns and upper triangular R; `mode` "reduced", "complete" or "r"."""
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    check_matrix("linalg.qr", A, square=False)
    check_float("linalg.qr", A, "linalg_qr_cpu")
    return return_types.linalg_qr(*arrays.qr(A, mode))


def _qr_vjp(g, result0, result1, mode):
    """The differential of `A = Q R` with `Q^H Q = 1`, solved on the leading square block of R."""
    Q, R = result0, result1
    if mode == "r":
        raise RuntimeError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. "
            "Please use linalg.qr(A, mode='reduced') if you are going to differentiate through "
            "linalg.qr."
        )
    if mode == "complete" and Q.shape[-1] > R.shape[-1]:
        raise RuntimeError("The QR decomposition is not differentiable when mode='complete' and nrows > ncols")
    g_Q, g_R = zero_or(g[0], Q, Q.shape), zero_or(g[1], R, R.shape)
    rows, columns = R.shape[-2:]
    wide = columns > rows
    if wide:
        left, right = R[..., :, :rows], R[..., :, rows:]
        g_right = g_R[..., :, rows:]
        g_Q = g_Q + Q @ right @ H(g_right)
        R, g_R = left, g_R[..., :, :rows]
    inner = R @ H(g_R) - H(g_Q) @ Q
    below = inner - triu(inner)
    symmetric = below + H(below) + real_part(diagonal(diagonal_of(inner)))
    g_A = solve_triangular(H(R), g_Q + Q @ symmetric, upper=False, left=False)
    return joined(g_A, Q @ g_right, -1) if wide else g_A


linalg_qr.vjp(A=_qr_vjp)


@composite
def qr(input, some: bool = True):
    """`linalg.qr`, reduced if `some`, else complete."""
    return return_types.qr(*linalg_qr(input, "reduced" if some else "complete"))


@op
def geqrf(input):
    """R above the reflectors of a QR factorization, and the reflectors' coefficients."""
    if input.ndim < 2:
        raise RuntimeError("torch.geqrf: input must have at least 2 dimensions.")
    check_float("geqrf", input, "geqrf_cpu")
    return return_types.geqrf(*arrays.geqrf(input))


def _reflected(A: Any, tau: Any, x: Any, *, adjoint: bool, right: bool) -> Any:
    """Apply the product of the reflectors `1 - tau v v^H` (or its adjoint) to `x`."""
    rows, count = A.shape[-2], tau.shape[-1]
    pattern = np.tri(rows, A.shape[-1], -1, dtype=bool)
    below = banded(A, pattern)
    order = range(count) if adjoint != right else reversed(range(count))
    for k in order:
        unit = np.zeros((rows, A.shape[-1]), dtype=bool)
        unit[:, k] = np.arange(rows) == k
        ones = zeros_of(A, (rows, A.shape[-1])) + 1
        v = (below + banded(ones, unit))[..., :, k : k + 1]
        scale = tau[..., k : k + 1].reshape(*tau.shape[:-1], 1, 1)
        scale = conj(scale) if adjoint else scale
        x = x - scale * ((x @ v) @ H(v) if right else v @ (H(v) @ x))
    return x


@composite(module=LINALG, method=False)
def linalg_householder_product(A, tau):
    """The first columns of the product of the reflectors stored in A."""
    name = "torch.linalg.householder_product"
    if A.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if A.shape[-2] < A.shape[-1]:
        raise RuntimeError(f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if A.shape[-1] < tau.shape[-1]:
        raise RuntimeError(f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    rows, columns = A.shape[-2:]
    start = nothing_of(A, (*A.shape[:-2], rows, columns)) + identity(A, rows)[..., :, :columns]
    return _reflected(A, tau, start, adjoint=False, right=False)


@composite
def orgqr(input, tau):
    """`linalg.householder_product`."""
    return linalg_householder_product(input, tau)


@composite
def ormqr(input, tau, other, left: bool = True, transpose: bool = False):
    """The product of `other` with the reflectors stored in `input` (or their adjoint)."""
    if input.ndim < 2:
        raise RuntimeError("torch.ormqr: input must have at least 2 dimensions.")
    if other.ndim < 2:
        raise RuntimeError("torch.ormqr: other must have at least 2 dimensions.")
    if tau.shape[-1] != min(input.shape[-2:]):
        raise RuntimeError("torch.ormqr: tau.shape[-1] must be equal to min(other.shape[-2], input.shape[-1])")
    side = -2 if left else -1
    if other.shape[side] < tau.shape[-1]:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be greater than or equal to tau.shape[-1]")
    if other.shape[side] != input.shape[-2]:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be equal to input.shape[-2]")
    return _reflected(input, tau, other, adjoint=transpose, right=not left)


# Singular values


@op(module=LINALG, method=False)
def linalg_svd(A, full_matrices: bool = True, *, driver: str | None = None):
    """U, the singular values in descending order, and V conjugate-transposed."""
    if driver is not None:
        raise RuntimeError(
            "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend."
        )
    check_matrix("linalg.svd", A, square=False)
    check_float("linalg.svd", A, "linalg_svd_cpu")
    return return_types.linalg_svd(*arrays.svd(A, full_matrices))


def _gaps(values: Any) -> Any:
    """Differences `values[j] - values[i]`, with 1 on the diagonal."""
    n = values.shape[-1]
    row = values.reshape(*values.shape[:-1], 1, n)
    column = values.reshape(*values.shape[:-1], n, 1)
    return row - column + identity(values, n)


def _skew(x: Any) -> Any:
    return x - H(x)


def _svd_vjp(g, result0, result1, result2):
    """dU and dV inside the spans of U and V, by the gaps of squared values, and outside."""
    S = result1
    k = S.shape[-1]
    U, Vh = result0[..., :, :k], result2[..., :k, :]
    g_U = None if g[0] is None else g[0][..., :, :k]
    g_Vh = None if g[2] is None else g[2][..., :k, :]
    V = H(Vh)
    column, row = S.reshape(*S.shape[:-1], k, 1), S.reshape(*S.shape[:-1], 1, k)
    core = None if g[1] is None else _as_complex(diagonal(g[1]), U)
    gaps = _gaps(S * S)
    if g_U is not None:
        inner = H(U) @ g_U
        part = off_diagonal(_skew(inner) / gaps * row)
        if is_complex(U):
            part = part + _as_complex(diagonal(diagonal_of(inner).imag / S), U) * 1j
        core = part if core is None else core + part
    if g_Vh is not None:
        inner = Vh @ H(g_Vh)
        part = off_diagonal(column * (_skew(inner) / gaps))
        core = part if core is None else core + part
    result = zeros_of(U, ()) if core is None else U @ core @ Vh
    if g_U is not None and U.shape[-2] > k:
        outside = g_U / row
        result = result + (outside - U @ (H(U) @ outside)) @ Vh
    if g_Vh is not None and Vh.shape[-1] > k:
        outside = g_Vh / column
        result = result + U @ (outside - outside @ V @ Vh)
    return result


def _as_complex(x: Any, other: Any) -> Any:
    """`x` in the complex dtype of `other`, if that is complex."""
    return x * (zeros_of(other, ()) + 1) if is_complex(other) else x


linalg_svd.vjp(A=_svd_vjp)


@op(module=LINALG, method=False, grad_name="LinalgSvdBackward0")
def linalg_svdvals(A, *, driver: str | None = None):
    """The singular values in descending order."""
    check_matrix("linalg.svd", A, square=False)
    check_float("linalg.svd", A, "linalg_svd_cpu")
    return arrays.svdvals(A)


def _svdvals_vjp(g, A):
    U, _, Vh = linalg_svd(A, False)
    return (U * g.reshape(*g.shape[:-1], 1, g.shape[-1])) @ Vh


linalg_svdvals.vjp(A=_svdvals_vjp)


@composite
def svd(input, some: bool = True, compute_uv: bool = True):
    """U, S and V of `input = U diag(S) V^H`; zeros for U and V unless `compute_uv`."""
    if not compute_uv:
        values = linalg_svdvals(input)
        rows, columns = input.shape[-2:]
        batch = input.shape[:-2]
        U = zeros_of(input, (*batch, rows, rows))
        return return_types.svd(U, values, zeros_of(input, (*batch, columns, columns)))
    U, S, Vh = linalg_svd(input, not some)
    return return_types.svd(U, S, H(Vh))


# Eigenvalues


def _uplo(UPLO: str) -> bool:
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    return UPLO.upper() == "U"


@op(module=LINALG, method=False)
def linalg_eigh(A, UPLO: str = "L"):
    """Eigenvalues in ascending order and eigenvectors of Hermitian matrices."""
    upper = _uplo(UPLO)
    check_matrix("linalg.eigh", A)
    check_float("linalg.eigh", A, "linalg_eigh_cpu")
    return return_types.linalg_eigh(*arrays.eigh(A, upper))


def _eigh_vjp(g, result0, result1):
    V = result1
    core = None
    if g[1] is not None:
        core = off_diagonal(_skew(H(V) @ g[1]) / (2 * _gaps(result0)))
    if g[0] is not None:
        values = _as_complex(diagonal(g[0]), V)
        core = values if core is None else core + values
    return V @ core @ H(V)


linalg_eigh.vjp(A=_eigh_vjp)


@op(module=LINALG, method=False, grad_name="LinalgEighBackward0")
def linalg_eigvalsh(A, UPLO: str = "L"):
    """Eigenvalues in ascending order of Hermitian matrices."""
    upper = _uplo(UPLO)
    check_matrix("linalg.eigh", A)
    check_float("linalg.eigh", A, "linalg_eigh_cpu")
    return arrays.eigvalsh(A, upper)


def _eigvalsh_vjp(g, A, UPLO):
    V = linalg_eigh(A, UPLO)[1]
    return (V * g.reshape(*g.shape[:-1], 1, g.shape[-1])) @ H(V)


linalg_eigvalsh.vjp(A=_eigvalsh_vjp)


@op(module=LINALG, method=False)
def linalg_eig(A):
    """Complex eigenvalues and eigenvectors of general matrices."""
    _check_eig(A)
    return return_types.linalg_eig(*arrays.eig(A))


def _check_eig(A: Array) -> None:
    if A.dtype.kind in "iub":
        raise RuntimeError(f"Unknown Complex ScalarType for {dtype_name(A)}")
    check_matrix("linalg.eig", A)
    check_float("linalg.eig", A, "linalg_eig_out_cpu")


def _eig_core(g_values: Any, g_vectors: Any, values: Any, V: Any) -> Any:
    core = None if g_values is None else diagonal(g_values)
    if g_vectors is not None:
        inner = H(V) @ g_vectors
        along = diagonal_of(inner).real.reshape(*values.shape[:-1], 1, values.shape[-1])
        part = off_diagonal((inner - H(V) @ (V * along)) / conj(_gaps(values)))
        core = part if core is None else core + part
    return solve(H(V), core @ H(V))


def solve(a: Any, b: Any) -> Any:
    from .linalg import solve_matrix

    return solve_matrix(a, b, True)[0]


def _eig_vjp(g, result0, result1, A_dtype):
    return as_dtype_of(_eig_core(g[0], g[1], result0, result1), A_dtype)


linalg_eig.vjp(A=_eig_vjp)


@op(module=LINALG, method=False, grad_name="LinalgEigBackward0")
def linalg_eigvals(A):
    """Complex eigenvalues of general matrices."""
    _check_eig(A)
    return arrays.eigvals(A)


def _eigvals_vjp(g, A, A_dtype):
    values, V = linalg_eig(A)
    return as_dtype_of(_eig_core(g, None, values, V), A_dtype)


linalg_eigvals.vjp(A=_eigvals_vjp)


# Pseudo-inverses and least squares


@op(name="_pinv_of", grad_name="LinalgPinvBackward0", method=False, out=False)
def pinv_of(A, rtol: Any, atol: Any, hermitian: bool):
    """The pseudo-inverse without the singular values below the larger tolerance."""
    if hermitian:
        values, V = arrays.eigh(A)
        sizes, U, Vh = np.abs(values), V, arrays.adjoint(V)
    else:
        U, values, Vh = arrays.svd(A, full_matrices=False)
        sizes = values
    top = sizes.max(-1, initial=0)[..., None]
    limit = np.maximum(np.asarray(atol)[..., None], np.asarray(rtol)[..., None] * top)
    kept = sizes > limit
    inverse = np.where(kept, 1 / np.where(kept, values, 1), 0).astype(values.dtype)
    return arrays.adjoint(Vh) @ (inverse[..., None] * arrays.adjoint(U))


def _pinv_vjp(g, A, result):
    """G. Golub and V. Pereyra, "The differentiation of pseudo-inverses" (1973)."""
    P = result
    PH, gH = H(P), H(g)
    g_A = -(PH @ g @ PH)
    outer = gH @ P
    g_A = g_A + (outer - A @ (P @ outer)) @ PH
    outer = PH @ (P @ gH)
    return g_A + outer - (outer @ P) @ A


pinv_of.vjp(A=_pinv_vjp)


def _tolerance(value: Any, default: float) -> Any:
    if value is None:
        return default
    return value._array if isinstance(value, Tensor) else value


def tolerances(A: Array, rtol: Any, atol: Any) -> tuple[Any, Any]:
    """Relative and absolute tolerances; the relative one is 0 where only the other is given."""
    epsilon = float(np.finfo(A.real.dtype).eps) * max(A.shape[-2:])
    if rtol is None and atol is not None:
        kept = np.asarray(_tolerance(atol, 0.0))
        return np.where(kept > 0, 0.0, epsilon), kept
    return _tolerance(rtol, epsilon), _tolerance(atol, 0.0)


@composite(module=LINALG, method=False)
def linalg_pinv(A, rcond=None, *, atol=None, rtol=None, hermitian: bool = False):
    """The Moore-Penrose pseudo-inverse."""
    a = A._array
    check_matrix("linalg.pinv", a, square=False)
    if hermitian:
        check_matrix("linalg.eigh", a)
    check_float("linalg.pinv", a)
    if a.size == 0:
        return transpose(A, -2, -1).clone()
    rtol = rtol if rcond is None else rcond
    relative, absolute = tolerances(a, rtol, atol)
    return pinv_of(A, relative, absolute, hermitian)


@composite
def pinverse(input, rcond: float = 1e-15):
    """The Moore-Penrose pseudo-inverse."""
    return linalg_pinv(input, rcond)


@op(name="_lstsq", grad_name="LinalgLstsqBackward0", method=False, out=False)
def least_squares(A, B, rcond: float, driver: str):
    return arrays.lstsq(A, B, rcond, driver)


def _lstsq_vjp(g, A, B, result0):
    """`X = pinv(A) B`; the residuals are `sum |A X - B|^2`."""
    X = result0
    P = linalg_pinv(A) if isinstance(A, Tensor) else pinv_of(A, *tolerances(A, None, None), False)
    g_A = g_B = None
    if g[0] is not None:
        g_P = g[0] @ H(B)
        g_A = _pinv_vjp(g_P, A, P)
        g_B = H(P) @ g[0]
    if g[1] is not None and 0 not in g[1].shape:
        rest = 2 * (A @ X - B) * g[1].reshape(*g[1].shape[:-1], 1, g[1].shape[-1])
        more = rest @ H(X)
        g_A = more if g_A is None else g_A + more
        g_B = -rest if g_B is None else g_B - rest
    return g_A, g_B


least_squares.vjp(_lstsq_vjp)


@composite(module=LINALG, method=False)
def linalg_lstsq(A, B, rcond: float | None = None, *, driver: str | None = None):
    """X of least `|A X - B|`, the residuals, the ranks and the singular values of A.

    `driver` is "gelsy" (default), "gels", "gelsd" or "gelss"; what it does not compute is empty.
    """
    name = "torch.linalg.lstsq"
    a, b = A._array, B._array
    if a.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if b.ndim < 1:
        raise RuntimeError(f"{name}: other must have at least 1 dimension.")
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"{name}: Expected input and other to have the same dtype, but got input's dtype "
            f"{dtype_name(a)} and other's dtype {dtype_name(b)}"
        )
    check_float(name, a, "lstsq_cpu")
    vector = b.ndim == a.ndim - 1
    if not 0 <= a.ndim - b.ndim <= 1:
        raise RuntimeError(
            f"{name}: input.dim() must be greater or equal to other.dim() and (input.dim() - other.dim()) <= 1"
        )
    if a.shape[-2] != b.shape[-1 if vector else -2]:
        side = "-1" if vector else "-2"
        raise RuntimeError(f"{name}: input.size(-2) should match other.size({side})")
    driver = driver or "gelsy"
    if driver not in ("gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(f"{name}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)")
    cutoff = float(np.finfo(a.real.dtype).eps) * max(a.shape[-2:]) if rcond is None else rcond
    X, residuals, rank, values = least_squares(A, B.unsqueeze(-1) if vector else B, cutoff, driver)
    if vector:
        X = X.squeeze(-1)
        residuals = residuals.squeeze(-1) if residuals.ndim > 1 or residuals.numel() else residuals
    return return_types.linalg_lstsq(X, residuals, rank, values.detach())
