"""The cross-entropy of rows of logits and class indices, and its cotangent: a row at a time, in the first cache."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.kernels import math
from flambeau.kernels.emit import BITS, Module, Value
from flambeau.kernels.entry import ALONE, Kernel, Task, kernel, table
from flambeau.kernels.pool import empty

Array = np.ndarray
SHARE = 1 << 14
"""Logits worth a task."""
INFINITY = float("inf")
VECTORS = 2
"""Vectors at a time of rows that are longer than one."""
INTEGERS = ("rows", "columns", "share", "ignored", "scale_step")
OUTSIDE, IGNORED = 1, 2
"""What a task reports: an index that is no class; an index that counts for nothing."""


class _Rows:
    """What the two kernels share: the rows of a task, and what they do with a row's logits."""

    def __init__(self, name: str, kind: str, lanes: int, arrays: tuple[str, ...]) -> None:
        self.kind, self.size, self.lanes = kind, BITS[kind] // 8, lanes
        self.task = Task(Module(), name, arrays, INTEGERS)
        self.fn = fn = self.task.fn
        self.zero, self.columns = fn.const(0, "i64"), self.task["columns"]
        self.first = self.task.task * self.task["share"]
        self.last = fn.minimum(self.first + self.task["share"], self.task["rows"])
        self.slots = {name: fn.slot(kind, self.lanes) for name in ("most", "total")}

    def line(self, array: str, r: Value) -> Value:
        return self.fn.offset(self.task[array], r * self.columns * self.size)

    def at(self, line: Value, j: Value) -> Value:
        return self.fn.offset(line, j * self.size)

    def load(self, line: Value, j: Value, fill: float) -> Value:
        """Some logits from `j` on, and `fill` beyond the last."""
        mask = self.fn.first_lanes(self.columns - j, self.kind, self.lanes)
        value = self.fn.load_masked(self.at(line, j), self.kind, mask)
        return mask.select(value, value.like(fill))

    def begin(self, name: str, value: float) -> None:
        self.fn.store(self.fn.const(value, self.kind, self.lanes), self.slots[name], slot=True)

    def held(self, name: str) -> Value:
        return self.fn.load_slot(self.slots[name], self.kind, self.lanes)

    def most(self, line: Value) -> Value:
        """The greatest logit."""
        self.begin("most", -INFINITY)
        with self.fn.loop(self.zero, self.columns, self.lanes) as j:
            self.fn.store(_greater(self.load(line, j, -INFINITY), self.held("most")), self.slots["most"], slot=True)
        return self.held("most").fold(_greater)

    def total(self, line: Value, most: Value, keep: Value | None = None) -> Value:
        """The sum of e^(x - most), whose terms go to the row `keep` if it is given."""
        self.begin("total", 0)
        with self.fn.loop(self.zero, self.columns, self.lanes) as j:
            value = math.exp(self.load(line, j, -INFINITY) - most.splat(self.lanes))
            if keep is not None:
                self.fn.store_first(value, self.at(keep, j), self.columns - j)
            self.fn.store(self.held("total") + value, self.slots["total"], slot=True)
        return self.held("total").fold(Value.__add__)

    def target(self, r: Value) -> tuple[Value, Value, Value]:
        """A row's class; whether it is one, and whether it is the one that counts for nothing."""
        index = self.fn.load(self.fn.offset(self.task["target"], r * 8), "i64")
        ignored = index.eq(self.task["ignored"])
        return index, (index >= 0) & (index < self.columns) & ~ignored, ignored


def _greater(a: Value, b: Value) -> Value:
    return (a > b).select(a, b)


def forward(name: str, header: int, kind: str, lanes: int) -> str:
    """The kernel of losses[r] = log(sum of e^x[r]) - x[r, target[r]], 0 for what is ignored."""
    at = _Rows(name, kind, lanes, ("x", "target", "losses", "rest"))
    fn, task = at.fn, at.task
    with fn.loop(at.first, at.last) as r:
        index, counts, ignored = at.target(r)
        line, total, rest = at.line("x", r), at.at(task["losses"], r), at.at(task["rest"], r)
        with fn.when(counts):
            most = at.most(line)
            fn.store(most - fn.load(at.at(line, index), kind), rest)
            fn.store(at.total(line, most), total)
        with fn.when(~counts):
            fn.store(fn.const(0, kind), rest)
            fn.store(fn.const(1, kind), total)
            task.report_also(ignored.select(index.like(IGNORED), index.like(OUTSIDE)))
    with fn.loop(at.first, at.last, lanes) as r:
        total, rest = (at.at(task[x], r) for x in ("losses", "rest"))
        mask = fn.first_lanes(at.last - r, kind, lanes)
        value = math.log(fn.load_masked(total, kind, mask)) + fn.load_masked(rest, kind, mask)
        fn.store_first(value, total, at.last - r)
    return task.finish(header)


def backward(name: str, header: int, kind: str, lanes: int) -> str:
    """The kernel of the cotangent of x: softmax(x[r]) * scale[r], less scale[r] at the target."""
    at = _Rows(name, kind, lanes, ("x", "target", "scale", "out"))
    fn, task = at.fn, at.task
    with fn.loop(at.first, at.last) as r:
        index, counts, _ = at.target(r)
        line, out = at.line("x", r), at.line("out", r)
        with fn.when(counts):
            scale = fn.load(fn.offset(task["scale"], r * task["scale_step"]), kind)
            factor = (scale / at.total(line, at.most(line), out)).splat(lanes)
            with fn.loop(at.zero, at.columns, lanes) as j:
                here = at.at(out, j)
                mask = fn.first_lanes(at.columns - j, kind, lanes)
                fn.store_first(fn.load_masked(here, kind, mask) * factor, here, at.columns - j)
            chosen = at.at(out, index)
            fn.store(fn.load(chosen, kind) - scale, chosen)
        with fn.when(~counts), fn.loop(at.zero, at.columns, lanes) as j:
            fn.store_first(fn.const(0, kind, lanes), at.at(out, j), at.columns - j)
    return task.finish(header)


@lru_cache(256)
def _plan(
    generate: Any, rows: int, columns: int, dtype: np.dtype, ignored: int, scale_step: int
) -> tuple[Kernel, int, Array]:
    from flambeau.kernels.compile import engine

    share = max(SHARE // columns, 1)
    tasks = -(-rows // share)
    lanes = engine().vector_bytes // dtype.itemsize
    run = kernel(generate, f"f{8 * dtype.itemsize}", lanes * VECTORS if columns > lanes else lanes)
    return run, ALONE if tasks == 1 else tasks, table(rows, columns, share, ignored, scale_step)


def losses(x: Array, target: Array, ignored: int) -> tuple[Array, int]:
    """The losses of rows, and what was found among the indices: `OUTSIDE`, `IGNORED`, both or neither.

    `x` (rows, classes), `target` (rows,) int64, both dense.
    """
    found, rest = empty((len(x),), x.dtype), np.empty(len(x), x.dtype)
    run, tasks, numbers = _plan(forward, *x.shape, x.dtype, ignored, 0)
    return found, run(tasks, numbers, x, target, found, rest)


def cotangent(x: Array, target: Array, ignored: int, scale: Array) -> Array:
    """The cotangent of `x`; `scale` has the cotangent of each loss, or of all that of one."""
    out = empty(x.shape, x.dtype)
    run, tasks, numbers = _plan(backward, *x.shape, x.dtype, ignored, scale.itemsize if scale.ndim else 0)
    run(tasks, numbers, x, target, scale, out)
    return out
