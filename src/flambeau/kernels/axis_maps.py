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
from flambeau.kernels.entry import ALONE, Task, kernel, table
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

    def add(value: Value, factor: Value) -> Value:  # rounded as NumPy does
        return fn.load_slot(total, kind, lanes) + value * factor

    none = fn.const(-0.0, kind, lanes)
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
                before_this = before_it.select(fn.load_masked(place, kind, before_it), none)
                fn.store_first(before_this + value * factor, place, after - i)
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


class Plan:
    """Maps along some of the last axes (negative numbers) of float32 or float64 arrays of one shape."""

    def __init__(self, shape: Sizes, dtype: np.dtype, maps: Sequence[tuple[int, Map]]) -> None:
        from flambeau.kernels.compile import engine

        rank = -min(axis for axis, _ in maps)
        lead, sizes = shape[:-rank], list(shape[-rank:])
        steps: list[int] = []
        start, room, starts = 0, 1, [0]
        for axis, each in maps:
            outer, inner = math.prod(sizes[:axis]), math.prod(sizes[axis:][1:])
            taps, after = each.positions.shape
            steps += [outer, sizes[axis], after, inner, taps, start]
            start += each.positions.size
            starts.append(starts[-1] + after)
            sizes[axis] = after
            room = max(room, math.prod(sizes))
        planes, source, result = math.prod(lead), math.prod(shape[-rank:]), math.prod(sizes)
        share = max(1, SHARE // max(source, result, 1))
        self.dtype, self.shape, self.room = dtype, (*lead, *sizes), room
        self.tasks = -(-planes // share)
        self.short = planes * max(source, result) < SHARE
        steps += [0] * (len(STEP) * (MOST_AXES - len(maps)))
        self.numbers = table(planes, share, source, result, room, len(maps), *steps)
        weights = np.concatenate([each.weights.ravel() for _, each in maps]).astype(dtype, copy=False)
        self.tables = (
            np.concatenate([each.positions.ravel() for _, each in maps]),
            weights,
            np.concatenate([each.counts for _, each in maps]),
            np.array(starts, np.int64),
        )
        self.run = kernel(separable, f"f{8 * dtype.itemsize}", engine().vector_bytes // dtype.itemsize)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        y = empty(self.shape, self.dtype)
        if y.size:
            scratch = empty((2 * self.room * min(self.tasks, threads.slots()),), self.dtype)
            given = x if x.flags.c_contiguous else np.ascontiguousarray(x)
            self.run(ALONE if self.short else self.tasks, self.numbers, given, y, *self.tables, scratch)
        return y
