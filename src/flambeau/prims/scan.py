"""Running sums, products, extrema and log-sums along one dimension."""

from __future__ import annotations

import numpy as np

from .core import threshold
from .precision import in_float32, widen

Array = np.ndarray


def cumsum(x: Array, dim: int) -> Array:
    """Running sum along `dim`; float32 sums are kept in float64, as PyTorch keeps them."""
    if x.ndim and x.size >= threshold() and x.dtype in _KERNELS:
        from flambeau.kernels.compile import available

        if dim % x.ndim == x.ndim - 1 and x.size and available():
            from flambeau.kernels.scan import running_sum

            return running_sum(np.ascontiguousarray(x))
    return _accumulate(np.add, x, dim)


def cumprod(x: Array, dim: int) -> Array:
    """Running product along `dim`; float32 products are kept in float64."""
    return _accumulate(np.multiply, x, dim)


_KERNELS = (np.dtype(np.float32), np.dtype(np.float64))
_ACCUMULATOR = {np.dtype(np.float32): np.float64, np.dtype(np.complex64): np.complex128}


def _accumulate(ufunc: np.ufunc, x: Array, dim: int) -> Array:
    if x.ndim == 0:
        return x.copy()
    with np.errstate(all="ignore"):
        wide = widen(x)
        accumulator = _ACCUMULATOR.get(x.dtype, wide.dtype)
        return ufunc.accumulate(wide, dim, dtype=accumulator).astype(x.dtype, copy=False)


def cummax(x: Array, dim: int) -> tuple[Array, Array]:
    """Running maximum along `dim` and the last position at which it stood; NaN stays."""
    return _running_extremum(np.maximum, x, dim)


def cummin(x: Array, dim: int) -> tuple[Array, Array]:
    """Running minimum along `dim` and the last position at which it stood; NaN stays."""
    return _running_extremum(np.minimum, x, dim)


def _running_extremum(ufunc: np.ufunc, x: Array, dim: int) -> tuple[Array, Array]:
    if x.ndim == 0:
        return x.copy(), np.zeros((), dtype=np.int64)
    values = ufunc.accumulate(x, dim)
    reached = x == values
    if x.dtype.kind in "fV":
        reached |= np.isnan(x)
    place = np.arange(x.shape[dim]).reshape(-1, *(1,) * (x.ndim - 1 - dim % x.ndim))
    return values, np.maximum.accumulate(np.where(reached, place, 0), dim)


@in_float32
def logcumsumexp(x: Array, dim: int) -> Array:
    """`log(cumsum(exp(x)))` along `dim` without overflow."""
    if x.ndim == 0:
        return x.copy()
    with np.errstate(all="ignore"):
        if x.dtype.kind != "c":
            return np.logaddexp.accumulate(x, dim)
        steps = np.moveaxis(x, dim, 0)
        sums = np.empty_like(steps)
        total = np.full(steps.shape[1:], -np.inf, dtype=x.dtype)
        for place, step in enumerate(steps):
            total = _logaddexp_complex(total, step)
            sums[place] = total
        return np.ascontiguousarray(np.moveaxis(sums, 0, dim))


def _logaddexp_complex(a: Array, b: Array) -> Array:
    swap = a.real < b.real
    low, high = np.where(swap, a, b), np.where(swap, b, a)
    return np.where(np.isneginf(high.real), high, high + np.log1p(np.exp(low - high)))
