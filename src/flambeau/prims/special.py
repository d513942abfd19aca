"""Special functions beyond the pointwise table: polygamma, Airy, spherical Bessel, polynomials.

Results have the dtype of the (floating) argument; SciPy is imported at the first call.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .precision import in_float32

Array = np.ndarray


@in_float32
def polygamma(x: Array, n: int) -> Array:
    """The `n`-th derivative of the digamma function."""
    import scipy.special

    if n == 0:
        return np.asarray(scipy.special.psi(x))
    wide = x.astype(np.float64)
    # psi_n(x) = (-1)^(n+1) n! zeta(n+1, x)
    factor = scipy.special.gamma(n + 1.0) * (1.0 if n % 2 else -1.0)
    return np.asarray(factor * scipy.special.zeta(n + 1.0, wide)).astype(x.dtype)


@in_float32
def airy_ai(x: Array) -> Array:
    """The Airy function Ai."""
    import scipy.special

    return np.asarray(scipy.special.airy(x)[0])


@in_float32
def spherical_bessel_j0(x: Array) -> Array:
    """`sin(x) / x`, and 1 at 0."""
    with np.errstate(all="ignore"):
        ratio = np.sin(x) / x
    ratio = np.where(np.isinf(x), 0, ratio)
    return np.where(x == 0, 1, ratio).astype(x.dtype)


# Polynomials of degree n, by their three-term recurrences. Each step is `p' = (a x + b) p - c q`.

Recurrence = Callable[[int], tuple[float, float, float]]
Closed = Callable[[Array, Array], Array]


def _polynomial(
    x: Array, n: Array, first: tuple[float, float], step: Recurrence, closed: Closed | None = None
) -> Array:
    """The polynomial with `p0 = 1`, `p1 = first[0] x + first[1]` of degree `n`; 0 for n < 0.

    Inside [-1, 1], high degrees are computed by the formula `closed`, where there is one.
    """
    kind = x.dtype
    x, n = np.broadcast_arrays(x.astype(np.float64), n)
    with np.errstate(all="ignore"):
        degrees = n.astype(np.int64)
        result = np.where(degrees < 0, 0.0, 1.0)
        waiting = degrees > 0
        if closed is not None:
            inside = waiting & (degrees > 6) & (np.abs(x) <= 1)
            result[inside] = closed(x[inside], degrees[inside])
            waiting &= ~inside
        x, degrees = x[waiting], degrees[waiting]
        found = np.full(x.shape, np.nan)
        before, now, degree = np.ones_like(x), first[0] * x + first[1], 1
        while x.size and degree <= degrees.max() and not np.isnan(now).all():
            found[degrees == degree] = now[degrees == degree]
            a, b, c = step(degree)
            before, now, degree = now, (a * x + b) * now - c * before, degree + 1
        result[waiting] = found
    return np.asarray(result).astype(kind)


def _chebyshev(degree: int) -> tuple[float, float, float]:
    return 2.0, 0.0, 1.0


def _closed_t(x: Array, n: Array) -> Array:
    return np.cos(n * np.arccos(x))


def _closed_u(x: Array, n: Array) -> Array:
    ends = np.where((x < 0) & (n % 2 == 1), -1.0, 1.0) * (n + 1)
    return np.where(np.abs(x) == 1, ends, np.sin((n + 1) * np.arccos(x)) / np.sqrt(1 - x * x))


def _closed_w(x: Array, n: Array) -> Array:
    half = np.arccos(x) / 2
    return np.where(x == 1, 2.0 * n + 1, np.sin((2 * n + 1) * half) / np.sin(half))


def _closed_v(x: Array, n: Array) -> Array:
    return np.where(n % 2 == 1, -1.0, 1.0) * _closed_w(-x, n)


def chebyshev_polynomial_t(x: Array, n: Array) -> Array:
    """Chebyshev polynomial of the first kind."""
    return _polynomial(x, n, (1, 0), _chebyshev, _closed_t)


def chebyshev_polynomial_u(x: Array, n: Array) -> Array:
    """Chebyshev polynomial of the second kind."""
    return _polynomial(x, n, (2, 0), _chebyshev, _closed_u)


def chebyshev_polynomial_v(x: Array, n: Array) -> Array:
    """Chebyshev polynomial of the third kind."""
    return _polynomial(x, n, (2, -1), _chebyshev, _closed_v)


def chebyshev_polynomial_w(x: Array, n: Array) -> Array:
    """Chebyshev polynomial of the fourth kind."""
    return _polynomial(x, n, (2, 1), _chebyshev, _closed_w)


def _shifted(polynomial: Callable[[Array, Array], Array], kind: str) -> Callable[..., Array]:
    """A polynomial of [-1, 1] moved to [0, 1]."""

    def shifted(x: Array, n: Array) -> Array:
        return polynomial(2 * x.astype(np.float64) - 1, n).astype(x.dtype)

    shifted.__doc__ = f"`chebyshev_polynomial_{kind}(2 x - 1, n)`."
    return shifted


shifted_chebyshev_polynomial_t = _shifted(chebyshev_polynomial_t, "t")
shifted_chebyshev_polynomial_u = _shifted(chebyshev_polynomial_u, "u")
shifted_chebyshev_polynomial_v = _shifted(chebyshev_polynomial_v, "v")
shifted_chebyshev_polynomial_w = _shifted(chebyshev_polynomial_w, "w")


def hermite_polynomial_h(x: Array, n: Array) -> Array:
    """Hermite polynomial of the physicists."""
    return _polynomial(x, n, (2, 0), lambda k: (2.0, 0.0, 2.0 * k))


def hermite_polynomial_he(x: Array, n: Array) -> Array:
    """Hermite polynomial of the probabilists."""
    return _polynomial(x, n, (1, 0), lambda k: (1.0, 0.0, float(k)))


def laguerre_polynomial_l(x: Array, n: Array) -> Array:
    """Laguerre polynomial."""
    return _polynomial(x, n, (-1, 1), lambda k: (-1 / (k + 1), (2 * k + 1) / (k + 1), k / (k + 1)))


def legendre_polynomial_p(x: Array, n: Array) -> Array:
    """Legendre polynomial."""
    return _polynomial(x, n, (1, 0), lambda k: ((2 * k + 1) / (k + 1), 0.0, k / (k + 1)))
