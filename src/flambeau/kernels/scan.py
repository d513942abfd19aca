"""The running sum of contiguous rows: one pass, the sum kept in float64."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

import numpy as np

from flambeau.kernels.compile import engine
from flambeau.kernels.emit import Function, Module


def _text(name: str, kind: str) -> str:
    """`name(x, out, rows, length)`."""
    module = Module()
    fn = Function(module, name, {"x": "ptr", "out": "ptr", "rows": "i64", "length": "i64"})
    x, out, rows, length = fn.args
    size = 4 if kind == "f32" else 8
    total = fn.slot("f64")
    with fn.loop(fn.const(0, "i64"), rows) as row:
        fn.store(fn.const(0, "f64"), total, slot=True)
        start = row * length
        with fn.loop(start, start + length) as i:
            now = fn.load_slot(total, "f64") + fn.load(fn.offset(x, i * size), kind).convert("f64")
            fn.store(now, total, slot=True)
            fn.store(now.convert(kind), fn.offset(out, i * size))
    fn.emit("ret void")
    return module.text()


@cache
def _running_sum(kind: str) -> Callable[..., None]:
    name = f"running_sum_{kind}"
    address = engine().load(name, lambda: _text(name, kind), name)
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 2)(address)


def running_sum(x: np.ndarray) -> np.ndarray:
    """The running sum along the last dimension of a C-contiguous float32 or float64 array."""
    out = np.empty_like(x)
    length = x.shape[-1]
    run = _running_sum("f32" if x.dtype.itemsize == 4 else "f64")
    run(x.ctypes.data, out.ctypes.data, x.size // length, length)
    return out
