"""Reductions: `(x, axis=None, keepdims=False, dtype=None)`.

`axis` is None (all axes), an int or a tuple of ints; `dtype` is that of the accumulation and of the
result. A sum of 16-bit floats is accumulated in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.prims.copies import row_major
from flambeau.prims.core import Prim, declare, silently

Axis = int | tuple[int, ...] | None


def _declare(name: str, numpy: Callable[..., Any], extra: str = "dtype") -> Prim:
    """A prim that removes axes; `extra` names its last argument."""
    args = f"axis, keepdims, {extra}" if extra else "axis, keepdims"
    default = {"": "", "dtype": ", dtype=None", "correction": ", correction=1"}[extra]
    source = f"""
def NAME(x, axis=None, keepdims=False{default}):
    if x.__class__ is ndarray:
        if x.size < large:
            result = numpy_NAME(x, {args})
            return result if result.__class__ is ndarray else asarray(result)
        result = on_large("NAME", (x, {args}))
        return result if axis is None and not keepdims else row_major(result)
    return elsewhere("NAME", (x, {args}), {{}})
"""
    return declare(name, numpy, source)


def accumulate(ufunc: Any) -> Callable[..., Any]:
    """The reduction of `ufunc` that accumulates 16-bit floats in float32."""
    reduce = ufunc.reduce

    @silently
    def call(x: Any, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Any:
        x = np.asarray(x)
        kind = np.dtype(dtype) if dtype is not None else x.dtype
        if kind.itemsize == 2 and kind.kind not in "iu":
            return np.asarray(reduce(x, axis, np.float32, None, keepdims)).astype(kind, order="C")
        result = reduce(x, axis, dtype, None, keepdims)
        return result if axis is None and not keepdims else row_major(result)

    return call


def plain(ufunc: Any) -> Callable[..., Any]:
    """The reduction of `ufunc`, in the dtype of its argument."""
    reduce = ufunc.reduce

    @silently
    def call(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
        result = reduce(x, axis, None, None, keepdims)
        return result if axis is None and not keepdims else row_major(result)

    return call


def position(function: Callable[..., Any]) -> Callable[..., Any]:
    @silently
    def call(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        return function(x, axis, keepdims)

    return call


_sum = accumulate(np.add)


def _count(x: np.ndarray, axis: Axis) -> int:
    if axis is None:
        return x.size
    axes = axis if isinstance(axis, tuple) else (axis,)
    return math.prod([x.shape[a] for a in axes])


@silently
def _mean(x: Any, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Any:
    x = np.asarray(x)
    kind = np.dtype(dtype) if dtype is not None else x.dtype
    half = kind.itemsize == 2 and kind.kind not in "iu"
    total = _sum(x, axis, keepdims, np.float32 if half else dtype)
    result = total / total.dtype.type(_count(x, axis))
    return result.astype(kind) if half else result


@silently
def _var(x: Any, axis: Axis = None, keepdims: bool = False, correction: float = 1) -> Any:
    """Two passes: the mean, then the squares of the distances to it."""
    x = np.asarray(x)
    half = x.dtype.itemsize == 2
    wide = x.astype(np.float32) if half else x
    centred = wide - _mean(wide, axis, True)
    squares = (centred * np.conjugate(centred)).real if wide.dtype.kind == "c" else centred**2
    total = _sum(squares, axis, keepdims)
    degrees = max(_count(x, axis) - correction, 0)
    result = total / np.float64(degrees).astype(total.dtype)
    return result.astype(x.dtype) if half else result


sum = _declare("sum", _sum)
prod = _declare("prod", accumulate(np.multiply))
mean = _declare("mean", _mean)
var = _declare("var", _var, "correction")
amax = _declare("amax", plain(np.maximum), "")
amin = _declare("amin", plain(np.minimum), "")
any = _declare("any", plain(np.logical_or), "")
all = _declare("all", plain(np.logical_and), "")
argmax = _declare("argmax", position(lambda x, axis, keepdims: x.argmax(axis, keepdims=keepdims)), "")
argmin = _declare("argmin", position(lambda x, axis, keepdims: x.argmin(axis, keepdims=keepdims)), "")
