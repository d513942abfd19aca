"""Running sums, products, extrema and log-sums along one dimension."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from .choice import pays
from .precision import in_float32, widen

Array = np.ndarray


def cumsum(x: Array, dim: int, dtype: np.dtype | None = None) -> Array:
    """Running sum along `dim` of `x` as `dtype`; float32 sums are kept in float64, as PyTorch keeps them."""
    return _accumulated("sum", np.add, x, dim, dtype or x.dtype)


def cumprod(x: Array, dim: int, dtype: np.dtype | None = None) -> Array:
    """Running product along `dim` of `x` as `dtype`; float32 products are kept in float64."""
    return _accumulated("prod", np.multiply, x, dim, dtype or x.dtype)


@cache
def _scans() -> Any:
    """The module of the kernels, loaded at its first use."""
    from flambeau.kernels import scan

    return scan


def _accumulated(op: str, ufunc: np.ufunc, x: Array, dim: int, dtype: np.dtype) -> Array:
    if x.ndim and pays("scan", x.size) and dtype in _TARGETS:
        found = _scans().scan(op, x, dim % x.ndim, dtype)
        if found is not None:
            return found[0]  # type: ignore[no-any-return]
    return _accumulate(ufunc, x.astype(dtype, copy=False), dim)


_TARGETS = (np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64))
_ACCUMULATOR = {np.dtype(np.float32): np.float64, np.dtype(np.complex64): np.complex128}


def _accumulate(ufunc: np.ufunc, x: Array, dim: int) -> Array:
    if x.ndim == 0:
        return x.copy()
    wide = widen(x)
    accumulator = _ACCUMULATOR.get(x.dtype, wide.dtype)
    return ufunc.accumulate(wide, dim, dtype=accumulator).astype(x.dtype, copy=False)


def cummax(x: Array, dim: int) -> tuple[Array, Array]:
    """Running maximum along `dim` and the last position at which it stood; NaN stays."""
    return _running_extremum("max", np.maximum, x, dim)


def cummin(x: Array, dim: int) -> tuple[Array, Array]:
    """Running minimum along `dim` and the last position at which it stood; NaN stays."""
    return _running_extremum("min", np.minimum, x, dim)


def _running_extremum(op: str, ufunc: np.ufunc, x: Array, dim: int) -> tuple[Array, Array]:
    if x.ndim == 0:
        return x.copy(), np.zeros((), dtype=np.int64)
    if pays("extremum", x.size) and (found := _scans().scan(op, x, dim % x.ndim, x.dtype)) is not None:
        return found  # type: ignore[no-any-return]
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
    if pays("scan", x.size) and x.dtype in _TARGETS[:2]:
        return _scans().scan("logaddexp", x, dim % x.ndim, x.dtype)[0]  # type: ignore[no-any-return]
    if x.dtype.kind != "c":
        wide = x.astype(np.float64, copy=False)
        return np.logaddexp.accumulate(wide, dim).astype(x.dtype, copy=False)
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
