"""Sums into planes: each plane is cleared and added to while it is in the cache."""

from __future__ import annotations

import numpy as np

from flambeau.kernels.emit import BITS, Module
from flambeau.kernels.entry import Task, kernel, table
from flambeau.kernels.gemm import address, load_ints
from flambeau.kernels.pool import empty

SHARE = 1 << 14
"""Elements that are worth a task."""


def adder(name: str, header: int, kind: str) -> str:
    """out[p, index[p, k]] += values[p, k] from zeros, in order; 1 if something points outside of its plane."""
    module = Module()
    task = Task(module, name, ("values", "index", "out"), ("planes", "share", "count", "size"))
    fn, zero = task.fn, task.fn.const(0, "i64")
    module.declare("llvm.memset.p0.i64", "void", "ptr, i8, i64, i1")
    first = task.task * task["share"]
    with fn.loop(first, fn.minimum(first + task["share"], task["planes"])) as plane:
        out = address(fn, kind, task["out"], plane * task["size"])
        nbytes = task["size"] * (BITS[kind] // 8)
        fn.emit(f"call void @llvm.memset.p0.i64(ptr {out.ref}, i8 0, i64 {nbytes.ref}, i1 false)")
        start = plane * task["count"]
        with fn.loop(zero, task["count"]) as k:
            at = load_ints(fn, task["index"], start + k)
            inside = (at >= 0) & (at < task["size"])
            with fn.when(~inside):
                task.report(fn.const(1, "i64"))
            with fn.when(inside):
                place = address(fn, kind, out, at)
                value = fn.load(address(fn, kind, task["values"], start + k), kind)
                fn.store(fn.load(place, kind) + value, place)
    return task.finish(header)


def add(values: np.ndarray, index: np.ndarray, size: int) -> np.ndarray | None:
    """(planes, size) sums of (planes, count) values, float32 or float64, at places; None if some are outside."""
    planes, count = values.shape
    out = empty((planes, size), values.dtype)
    share = max(1, SHARE // max(count, size, 1))
    values, index = np.ascontiguousarray(values), np.ascontiguousarray(index, np.int64)
    numbers = table(planes, share, count, size)
    outside = kernel(adder, f"f{8 * values.itemsize}")(max(1, -(-planes // share)), numbers, values, index, out)
    return None if outside else out
