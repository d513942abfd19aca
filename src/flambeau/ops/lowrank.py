"""Randomized factorizations of low rank.

N. Halko, P. G. Martinsson, J. A. Tropp, "Finding structure with randomness" (2009), algorithms 4.4
and 5.1.
"""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .declare import composite
from .linalg import H
from .random_creation import randn
from .spectral import linalg_qr, linalg_svd


def basis(A: Any, q: int, niter: int, M: Any = None) -> Any:
    """Orthonormal columns that span most of the range of `A` (less `M`)."""

    def apply(x: Any) -> Any:
        return A @ x if M is None else A @ x - M @ x

    def apply_adjoint(x: Any) -> Any:
        return H(A) @ x if M is None else H(A) @ x - H(M) @ x

    start = randn(*A.shape[:-2], A.shape[-1], q, dtype=A.dtype)
    Q = linalg_qr(apply(start))[0]
    for _ in range(niter):
        Q = linalg_qr(apply_adjoint(Q))[0]
        Q = linalg_qr(apply(Q))[0]
    return Q


@composite(method=False, out=False)
def svd_lowrank(A, q: int | None = 6, niter: int | None = 2, M=None):
    """The `q` largest singular values of `A` (less `M`) with their vectors, approximately."""
    q, niter = 6 if q is None else q, 2 if niter is None else niter
    mean = None if M is None else M.expand(A.shape)
    rows, columns = A.shape[-2:]
    if rows < columns:
        Q = basis(H(A), q, niter, None if mean is None else H(mean))
        B = A @ Q if mean is None else A @ Q - mean @ Q
        U, S, Vh = linalg_svd(B, False)
        return U, S, Q @ H(Vh)
    Q = basis(A, q, niter, mean)
    B = H(Q) @ A if mean is None else H(Q) @ A - H(Q) @ mean
    U, S, Vh = linalg_svd(B, False)
    return Q @ U, S, H(Vh)


@composite(method=False, out=False)
def pca_lowrank(A, q: int | None = None, center: bool = True, niter: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """Approximate principal components of the rows of `A`."""
    rows, columns = A.shape[-2:]
    if q is None:
        q = min(6, rows, columns)
    elif not 0 <= q <= min(rows, columns):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(rows, columns)}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, q, niter)
