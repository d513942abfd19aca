"""Weighted sums of elements at given places, shared by all channels: what sampling an image is.

The form is linear in each of image, weights and result; a kernel here solves it for one of them.
"""

from __future__ import annotations

import numpy as np

from flambeau.kernels.emit import BITS, Module, Value
from flambeau.kernels.entry import Task, kernel, table
from flambeau.kernels.gemm import address, load_ints
from flambeau.kernels.pool import empty

INTEGERS = ("channels", "taps", "count", "size")


def _begin(name: str, arrays: tuple[str, ...]) -> tuple[Module, Task]:
    module = Module()
    return module, Task(module, name, (*arrays, "index"), INTEGERS)


def _places(task: Task, at: Value, p: Value, lanes: int) -> tuple[Value, Value]:
    """For a vector of positions: the places of a tap, and whether they are there and in the image."""
    fn = task.fn
    some = fn.lane_index(lanes) + p.splat(lanes) < task["count"].splat(lanes)
    place = fn.load_masked(address(fn, "i64", task["index"], at, p), "i64", some)
    return place, some & (place >= 0) & (place < task["size"].splat(lanes))


def gathered(name: str, header: int, kind: str, lanes: int) -> str:
    """out[n, c, p] = sum over t of weight[n, t, p] * x[n, c, index[n, t, p]]; a task is a channel."""
    _, task = _begin(name, ("x", "weight", "out"))
    fn, zero, total = task.fn, task.fn.const(0, "i64"), task.fn.slot(kind, lanes)
    x = address(fn, kind, task["x"], task.task * task["size"])
    first = task.task.udiv(task["channels"]) * task["taps"]
    with fn.loop(zero, task["count"], lanes) as p:
        fn.store(fn.const(0, kind, lanes), total, slot=True)
        with fn.loop(zero, task["taps"]) as t:
            at = (first + t) * task["count"]
            place, inside = _places(task, at, p, lanes)
            value = fn.load_masked(fn.offsets(x, place * (BITS[kind] // 8)), kind, inside)
            weight = fn.load_masked(address(fn, kind, task["weight"], at, p), kind, inside)
            fn.store(value.call("fma", weight, fn.load_slot(total, kind, lanes)), total, slot=True)
        out = address(fn, kind, task["out"], task.task * task["count"], p)
        fn.store_first(fn.load_slot(total, kind, lanes), out, task["count"] - p)
    return task.finish(header)


def scattered(name: str, header: int, kind: str, lanes: int) -> str:
    """out[n, c, index[n, t, p]] += weight[n, t, p] * g[n, c, p], from zeros; a task is a channel."""
    module, task = _begin(name, ("g", "weight", "out"))
    fn, zero = task.fn, task.fn.const(0, "i64")
    module.declare("llvm.memset.p0.i64", "void", "ptr, i8, i64, i1")
    out = address(fn, kind, task["out"], task.task * task["size"])
    nbytes = task["size"] * (BITS[kind] // 8)
    fn.emit(f"call void @llvm.memset.p0.i64(ptr {out.ref}, i8 0, i64 {nbytes.ref}, i1 false)")
    first = task.task.udiv(task["channels"]) * task["taps"]
    with fn.loop(zero, task["taps"]) as t, fn.loop(zero, task["count"]) as p:
        at = (first + t) * task["count"] + p
        place = load_ints(fn, task["index"], at)
        with fn.when((place >= 0) & (place < task["size"])):
            to = address(fn, kind, out, place)
            weight = fn.load(address(fn, kind, task["weight"], at), kind)
            value = fn.load(address(fn, kind, task["g"], task.task * task["count"] + p), kind)
            fn.store(value.call("fma", weight, fn.load(to, kind)), to)
    return task.finish(header)


def correlated(name: str, header: int, kind: str, lanes: int) -> str:
    """out[n, t, p] = sum over c of g[n, c, p] * x[n, c, index[n, t, p]]; a task is a tap."""
    _, task = _begin(name, ("g", "x", "out"))
    fn, zero, total = task.fn, task.fn.const(0, "i64"), task.fn.slot(kind, lanes)
    first, at = task.task.udiv(task["taps"]) * task["channels"], task.task * task["count"]
    with fn.loop(zero, task["count"], lanes) as p:
        place, inside = _places(task, at, p, lanes)
        fn.store(fn.const(0, kind, lanes), total, slot=True)
        with fn.loop(zero, task["channels"]) as c:
            line = address(fn, kind, task["x"], (first + c) * task["size"])
            value = fn.load_masked(fn.offsets(line, place * (BITS[kind] // 8)), kind, inside)
            g = fn.load_masked(address(fn, kind, task["g"], (first + c) * task["count"], p), kind, inside)
            fn.store(value.call("fma", g, fn.load_slot(total, kind, lanes)), total, slot=True)
        fn.store_first(fn.load_slot(total, kind, lanes), address(fn, kind, task["out"], at, p), task["count"] - p)
    return task.finish(header)


def run(which: str, first: np.ndarray, second: np.ndarray, index: np.ndarray, size: int, channels: int) -> np.ndarray:
    """One of the three, on float32 or float64; `size` are the elements of an image's channel."""
    from flambeau.kernels.compile import engine

    batch, taps, count = index.shape
    shapes = {
        "gathered": (batch, channels, count),
        "scattered": (batch, channels, size),
        "correlated": (batch, taps, count),
    }
    emit = {"gathered": gathered, "scattered": scattered, "correlated": correlated}[which]
    out = empty(shapes[which], first.dtype)
    tasks = batch * (taps if which == "correlated" else channels)
    if out.size:
        numbers = table(channels, taps, count, size)
        values = [np.ascontiguousarray(each) for each in (first, second)]
        places = np.ascontiguousarray(index, np.int64)
        lanes = engine().vector_bytes // first.itemsize
        kernel(emit, f"f{8 * first.itemsize}", lanes)(tasks, numbers, *values, out, places)
    return out
