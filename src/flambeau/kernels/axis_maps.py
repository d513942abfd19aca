"""Linear maps along the axes of planes, one after another while a plane is in the cache.

A map gives result[i] = sum over t < count[i] of weight[t, i] * input[index[t, i]] along an axis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from flambeau.kernels import threads
from flambeau.kernels.emit import BITS, Function, Module, Value
from flambeau.kernels.entry import Task, kernel, table
from flambeau.kernels.gemm import address, load_ints
from flambeau.kernels.pool import empty

Sizes = tuple[int, ...]
SHARE = 1 << 14
"""Elements that are worth a task."""
MOST_AXES = 3
STEP = ("outer", "before", "after", "inner", "taps", "start")
"""Of a map: sizes around the axis, the axis before and after, and where its tables start."""
INTEGERS = ("planes", "share", "source", "result", "room", "steps")


class Map(NamedTuple):
    """Tables (taps, size) of positions and weights, and how many taps count for each element."""

    positions: np.ndarray
    weights: np.ndarray
    counts: np.ndarray
    size: int


def _along(module: Module, kind: str, lanes: int) -> str:
    """Emit one map of a plane (outer, before, inner) to (outer, after, inner)."""
    pointers = dict.fromkeys(("x", "y", "index", "weight", "counts"), "ptr")
    fn = Function(module, f"along_{kind}", pointers | dict.fromkeys(STEP[:5], "i64"), linkage="internal")
    x, y, index, weight, counts, outer, before, after, inner, taps = fn.args
    zero, total = fn.const(0, "i64"), fn.slot(kind, lanes)

    def below(first: Value, count: Value) -> Value:
        return fn.first_lanes(count - first, kind, lanes)

    def add(value: Value, factor: Value) -> Value:
        return value.call("fma", factor, fn.load_slot(total, kind, lanes))

    none = fn.const(0, kind, lanes)
    with fn.when(inner > 1), fn.loop(zero, outer) as o, fn.loop(zero, after) as i:
        count, line = load_ints(fn, counts, i), (o * after + i) * inner
        with fn.loop(zero, inner, lanes) as j:
            some = below(j, inner)
            fn.store(none, total, slot=True)
            with fn.loop(zero, count) as t:
                at = t * after + i
                place = address(fn, kind, x, (o * before + load_ints(fn, index, at)) * inner, j)
                factor = fn.load(address(fn, kind, weight, at), kind).splat(lanes)
                fn.store(add(fn.load_masked(place, kind, some), factor), total, slot=True)
            fn.store_first(fn.load_slot(total, kind, lanes), address(fn, kind, y, line, j), inner - j)
    with fn.when(inner.eq(1)), fn.loop(zero, after, lanes) as i:
        some = below(i, after)
        count = fn.load_masked(address(fn, "i64", counts, i), "i64", some)
        with fn.loop(zero, taps) as t:
            there, before_it = t.splat(lanes) < count, some & (t > 0).splat(lanes)
            at = t * after + i
            places = fn.load_masked(address(fn, "i64", index, at), "i64", some) * (BITS[kind] // 8)
            factor = fn.load_masked(address(fn, kind, weight, at), kind, there)
            with fn.loop(zero, outer) as o:
                value = fn.load_masked(fn.offsets(address(fn, kind, x, o * before), places), kind, there)
                place = address(fn, kind, y, o * after, i)
                now = value.call("fma", factor, fn.load_masked(place, kind, before_it))
                fn.store_first(now, place, after - i)
    fn.emit("ret void")
    return fn.name


def separable(name: str, header: int, kind: str, lanes: int) -> str:
    """The kernel of some maps: a task is some planes; results between two maps lie in scratch."""
    module = Module()
    steps = tuple(f"{each}{k}" for k in range(MOST_AXES) for each in STEP)
    task = Task(module, name, ("x", "y", "index", "weight", "counts", "starts", "scratch"), (*INTEGERS, *steps))
    fn, one, zero = task.fn, _along(module, kind, lanes), task.fn.const(0, "i64")
    first = task.task * task["share"]
    last = fn.minimum(first + task["share"], task["planes"])
    halves = [address(fn, kind, task["scratch"], (task.worker * 2 + half) * task["room"]) for half in (0, 1)]
    with fn.loop(first, last) as plane:
        here = address(fn, kind, task["x"], plane * task["source"])
        result = address(fn, kind, task["y"], plane * task["result"])
        for k in range(MOST_AXES):
            end = task["steps"].eq(k + 1)
            to = fn.op(f"select i1 {end.ref}, ptr {result.ref}, ptr {halves[k % 2].ref}", "ptr")
            with fn.when(task["steps"] > k):
                start = task[f"start{k}"]
                tables = (
                    address(fn, "i64", task["index"], start),
                    address(fn, kind, task["weight"], start),
                    address(fn, "i64", task["counts"], load_ints(fn, task["starts"], zero + k)),
                )
                values = (here, to, *tables, *(task[f"{each}{k}"] for each in STEP[:5]))
                fn.emit(f"call void @{one}({', '.join(f'{v.type} {v.ref}' for v in values)})")
            here = to
    return task.finish(header)


def apply(x: np.ndarray, maps: Sequence[tuple[int, Map]]) -> np.ndarray:
    """`x`, float32 or float64, with maps applied along some of its last axes (negative numbers)."""
    from flambeau.kernels.compile import engine

    x = np.ascontiguousarray(x)
    rank = -min(axis for axis, _ in maps)
    lead, shape = x.shape[:-rank], list(x.shape[-rank:])
    steps: list[int] = []
    start, room, starts = 0, 1, [0]
    for axis, each in maps:
        outer, inner = math.prod(shape[:axis]), math.prod(shape[axis:][1:])
        taps, after = each.positions.shape
        steps += [outer, shape[axis], after, inner, taps, start]
        start += each.positions.size
        starts.append(starts[-1] + after)
        shape[axis] = after
        room = max(room, math.prod(shape))
    planes, source, result = math.prod(lead), math.prod(x.shape[-rank:]), math.prod(shape)
    share = max(1, SHARE // max(source, result, 1))
    tasks = -(-planes // share)
    y = empty((*lead, *shape), x.dtype)
    if not y.size:
        return y
    index = np.concatenate([each.positions.ravel() for _, each in maps])
    weights = np.concatenate([each.weights.ravel() for _, each in maps]).astype(x.dtype, copy=False)
    counts = np.concatenate([each.counts for _, each in maps])
    steps += [0] * (len(STEP) * (MOST_AXES - len(maps)))
    scratch = empty((2 * room * min(tasks, threads.slots()),), x.dtype)
    run = kernel(separable, f"f{8 * x.itemsize}", engine().vector_bytes // x.itemsize)
    numbers = table(planes, share, source, result, room, len(maps), *steps)
    run(tasks, numbers, x, y, index, weights, counts, np.array(starts, np.int64), scratch)
    return y
