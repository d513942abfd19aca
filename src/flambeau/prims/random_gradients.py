"""How Gamma and Beta numbers move with their parameters at a fixed quantile.

For a distribution function F(x; a), dx/da = -(dF/da) / (dF/dx) (implicit reparameterization,
Figurnov, Mohamed and Mnih, 2018). Both F are written as a factor times a series of positive terms,
which is differentiated term by term; the factor cancels against the density dF/dx.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
_TERMS = 20000


def standard_gamma_grad(shape: Array, x: Array) -> Array:
    """dx/da of a Gamma(a, 1) number: F = x^a e^-x * sum of x^n / Gamma(a + n + 1)."""
    from scipy.special import digamma

    a, value = _double(shape, x)

    def term(n: int) -> tuple[Array, Array]:
        return value / (a + n), -1 / (a + n)

    total, moved = _series(1 / a, term)
    result = -value * (total * (np.log(value) - digamma(a + 1)) + moved)
    return result.astype(x.dtype)


def dirichlet_grad(x: Array, concentration: Array, total: Array) -> Array:
    """(dx/da) / (1 - x) of a Beta(a, total - a) number, whose F is the incomplete beta function.

    F = x^a (1-x)^b / (a B(a, b)) * sum of (a+b)_n / (a+1)_n x^n, and 1 - F likewise.
    """
    from scipy.special import digamma

    value, a, both = _double(x, concentration, total)
    b = both - a
    lower = value <= (a + 1) / (both + 2)  # where the series of F is the one that converges fast
    p, y = np.where(lower, a, b), np.where(lower, value, 1 - value)

    def term(n: int) -> tuple[Array, Array]:
        top, bottom = both + n - 1, p + n
        return y * top / bottom, 1 / top - np.where(lower, 1 / bottom, 0.0)

    series, moved = _series(np.ones_like(y), term)
    slope = np.log(value) - digamma(a) + digamma(both) - np.where(lower, 1 / a, 0.0)
    result = np.where(lower, -1.0, 1.0) * value / p * (series * slope + moved)
    return result.astype(x.dtype)


def _double(*arrays: Array) -> tuple[Array, ...]:
    return np.broadcast_arrays(*(np.asarray(array, np.float64) for array in arrays))


def _series(first: Array, term: Callable[[int], tuple[Array, Array]]) -> tuple[Array, Array]:
    """The sum of t_n = t_(n-1) * ratio_n, and of t_n * (the sum of logarithmic derivatives).

    `term(n)` gives ratio_n and its logarithmic derivative.
    """
    current = first
    total, moved, logarithmic = current.copy(), np.zeros_like(current), np.zeros_like(current)
    for n in range(1, _TERMS):
        ratio, derivative = term(n)
        current = current * ratio
        logarithmic = logarithmic + derivative
        total += current
        step = current * logarithmic
        moved += step
        small = (ratio < 1) & (np.abs(step) + current <= 1e-17 * (1 - ratio) * total)
        if np.all(small | ~np.isfinite(current)):
            break
    return total, moved
