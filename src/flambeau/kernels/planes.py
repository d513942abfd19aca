"""Work on planes, of one to three axes, by tables: sums into places, maxima of windows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from flambeau.kernels.emit import BITS, Module, Value
from flambeau.kernels.entry import ALONE, Task, kernel, table
from flambeau.kernels.gemm import address, load_ints
from flambeau.kernels.pool import empty

INT64 = np.dtype(np.int64)
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


AXES = 3
SIZES = tuple(f"{name}{axis}" for name in ("size", "count", "at") for axis in range(AXES))
"""Of each axis: elements, windows, and where the windows' first and last elements stand in the table."""


def maxima(name: str, header: int, kind: str) -> str:
    """The largest element of each window and its flat place; of equal ones the first, a NaN above all, the last."""
    module = Module()
    task = Task(module, name, ("x", "bounds", "out", "places"), ("planes", "share", "size", "count", *SIZES))
    fn, zero = task.fn, task.fn.const(0, "i64")
    best, place = fn.slot(kind), fn.slot("i64")

    def bounds(axis: int, window: Value) -> tuple[Value, Value]:
        at = task[f"at{axis}"] + window * 2
        return load_ints(fn, task["bounds"], at), load_ints(fn, task["bounds"], at + 1)

    first = task.task * task["share"]
    with (
        fn.loop(first, fn.minimum(first + task["share"], task["planes"])) as plane,
        fn.loop(zero, task["count0"]) as i,
        fn.loop(zero, task["count1"]) as j,
        fn.loop(zero, task["count2"]) as k,
    ):
        x = address(fn, kind, task["x"], plane * task["size"])
        (low0, high0), (low1, high1), (low2, high2) = bounds(0, i), bounds(1, j), bounds(2, k)
        start = (low0 * task["size1"] + low1) * task["size2"] + low2
        fn.store(fn.load(address(fn, kind, x, start), kind), best, slot=True)
        fn.store(start, place, slot=True)
        with fn.loop(low0, high0) as a, fn.loop(low1, high1) as b:
            line = (a * task["size1"] + b) * task["size2"]
            with fn.loop(line + low2, line + high2) as at:
                value, now = fn.load(address(fn, kind, x, at), kind), fn.load_slot(best, kind)
                newer = (value > now) | value.isnan()
                fn.store(newer.select(value, now), best, slot=True)
                fn.store(newer.select(at, fn.load_slot(place, "i64")), place, slot=True)
        to = ((plane * task["count0"] + i) * task["count1"] + j) * task["count2"] + k
        fn.store(fn.load_slot(best, kind), address(fn, kind, task["out"], to))
        fn.store(fn.load_slot(place, "i64"), address(fn, "i64", task["places"], to))
    return task.finish(header)


class Windows:
    """The windows of planes of some shape, as the kernel reads them: of each axis (count, 2) bounds."""

    def __init__(self, spatial: tuple[int, ...], bounds: Sequence[np.ndarray]) -> None:
        self.counts = tuple(len(each) for each in bounds)
        missing = AXES - len(bounds)
        tables = [*[np.array([[0, 1]])] * missing, *bounds]
        sizes, wide = (1,) * missing + spatial, (1,) * missing + self.counts
        starts = np.cumsum([0, *(2 * len(each) for each in tables[:-1])]).tolist()
        self.size = math.prod(spatial)
        self.share = max(1, SHARE // max(self.size, 1))
        self.bounds = np.concatenate([each.ravel() for each in tables]).astype(np.int64)
        self.integers = (self.share, self.size, math.prod(self.counts), *sizes, *wide, *starts)
        self.tables: dict[int, np.ndarray] = {}

    def table(self, planes: int) -> np.ndarray:
        found = self.tables.get(planes)
        if found is None:
            found = table(planes, *self.integers)
            if len(self.tables) < MOST_TABLES:
                self.tables[planes] = found
        return found


MOST_TABLES = 16


def largest(x: np.ndarray, windows: Windows) -> tuple[np.ndarray, np.ndarray]:
    """Maxima of x, float32 or float64, and their places in the last axes' planes."""
    lead = x.shape[: x.ndim - len(windows.counts)]
    shape = (*lead, *windows.counts)
    out, places = empty(shape, x.dtype), empty(shape, INT64)
    planes = math.prod(lead)
    tasks = ALONE if planes * windows.size < SHARE else -(-planes // windows.share)
    run = kernel(maxima, f"f{8 * x.itemsize}")
    if not x.flags.c_contiguous:
        x = np.ascontiguousarray(x)
    run(tasks, windows.table(planes), x, windows.bounds, out, places)
    return out, places
