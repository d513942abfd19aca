"""Weighted sums of elements at given places, and their transposes.

x (N, C, size), weight and index (N, taps, count), result (N, C, count): the result at p is the sum over
t of weight[n, t, p] * x[n, c, index[n, t, p]]; places outside of 0 <= i < size count nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.prims.choice import pays

Array = np.ndarray


def _compiled(which: str, first: Array, second: Array, index: Array, size: int, channels: int) -> Array | None:
    if first.dtype not in (np.float32, np.float64) or second.dtype != first.dtype:
        return None
    if not pays("planes", index.size * channels):
        return None
    from flambeau.kernels import taps

    return taps.run(which, first, second, index, size, channels)


def _inside(index: Array, size: int) -> Array:
    return (index >= 0) & (index < size)


def _picked(x: Array, index: Array) -> Array:
    """x at the places, zero outside: (N, C, taps, count)."""
    batch, taps, count = index.shape
    flat = np.clip(index, 0, x.shape[2] - 1).reshape(batch, 1, taps * count)
    found = np.take_along_axis(x, np.broadcast_to(flat, (*x.shape[:2], taps * count)), 2)
    return np.where(_inside(index, x.shape[2])[:, None], found.reshape(*x.shape[:2], taps, count), 0)


def gathered(x: Array, weight: Array, index: Array) -> Array:
    """The result."""
    found = _compiled("gathered", x, weight, index, x.shape[2], x.shape[1])
    if found is not None:
        return found
    weight = np.where(_inside(index, x.shape[2]), weight, 0)
    return (_picked(x, index) * weight[:, None]).sum(2, dtype=x.dtype)


def scattered(g: Array, weight: Array, index: Array, size: int) -> Array:
    """The cotangent of x."""
    found = _compiled("scattered", g, weight, index, size, g.shape[1])
    if found is not None:
        return found
    result = np.zeros((*g.shape[:2], size), g.dtype)
    n, t, p = np.nonzero(_inside(index, size))
    places: Any = (n, slice(None), index[n, t, p])
    np.add.at(result, places, g[n, :, p] * weight[n, t, p, None])
    return result


def correlated(g: Array, x: Array, index: Array) -> Array:
    """The cotangent of the weight."""
    found = _compiled("correlated", g, x, index, x.shape[2], x.shape[1])
    if found is not None:
        return found
    g = np.where(_inside(index, x.shape[2])[:, None], g[:, :, None], 0)
    return (_picked(x, index) * g).sum(1, dtype=x.dtype)
