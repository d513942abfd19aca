"""Scaled dot-product attention: some queries at a time, whose scores never leave the cache.

A task has one head and a block of its queries. It takes them `ROWS` at a time: scores by a matrix
product with the transposed keys, softmax along the rows, a product with the values. Backward, the
scores are computed again, from the logarithms of the sums that the forward pass kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from flambeau.kernels import math, tile
from flambeau.kernels.emit import BITS, Module, Value
from flambeau.kernels.entry import ALONE, Task, kernel, table
from flambeau.kernels.pool import empty

ROWS = 24
"""Queries whose scores stand in scratch memory at a time: whole tiles of every size in `tile.SIZES`."""
BLOCK = 10 * ROWS
"""Queries of a task at most, forward: the keys are transposed once a task."""
TASKS = 4
"""Heads from which each is one task; of fewer heads the queries are shared out, too."""
INFINITY = float("inf")
LIGHT = 1 << 18
"""Multiplications not worth letting go of the interpreter for."""
SIZES = ("heads", "queries", "keys", "width", "value_width", "block", "blocks", "pitch", "share")
STRIDES = ("batch", "head", "row", "part")
"""`part` leads from the result of one block of queries to that of the next, where each has its own."""


class _Attention:
    """What the two kernels share: where a task's operands start, the scores, the loops over a row."""

    def __init__(self, name: str, operands: tuple[str, ...], kind: str, masked: bool, causal: bool) -> None:
        from flambeau.kernels.compile import engine

        vector_bytes = engine().vector_bytes
        self.kind, self.size = kind, BITS[kind] // 8
        self.lanes, self.causal = vector_bytes // self.size, causal
        self.module = Module()
        self.multiply = tile.multiplier(self.module, kind, vector_bytes)
        self.operands = (*operands, "mask") if masked else operands
        strides = tuple(f"{x}_{axis}" for x in self.operands for axis in STRIDES)
        task = self.task = Task(self.module, name, (*self.operands, "sums", "scratch", "factor"), (*SIZES, *strides))
        self.fn = fn = task.fn
        self.zero = fn.const(0, "i64")
        head, self.part = task.task.udiv(task["blocks"]), task.task.urem(task["blocks"])
        places = {"batch": head.udiv(task["heads"]), "head": head.urem(task["heads"]), "part": self.part}
        self.base = {
            x: fn.offset(task[x], sum((at * task[f"{x}_{axis}"] for axis, at in places.items()), self.zero))
            for x in self.operands
        }
        self.base["sums"] = self.element(task["sums"], head * task["queries"])
        self.scratch = self.element(task["scratch"], task.worker * task["share"])
        self.first = self.part * task["block"]
        self.last = fn.minimum(self.first + task["block"], task["queries"])
        self.factor = fn.load(task["factor"], kind).splat(self.lanes)
        self.pitch = task["pitch"] * self.size

    def element(self, base: Value, index: Value) -> Value:
        return self.fn.offset(base, index * self.size)

    def row(self, x: str, i: Value) -> Value:
        """The address of row `i` of this task's head."""
        return self.fn.offset(self.base[x], i * self.task[f"{x}_row"])

    def inside(self, i: Value, stop: Value) -> Value:
        """Which lanes from `i` on are before `stop`."""
        return self.fn.lane_index(self.lanes) + i.splat(self.lanes) < stop.splat(self.lanes)

    def transpose(self, x: str, width: Value, target: Value) -> None:
        """A copy of the rows of `x` as columns, a row's elements `pitch` apart."""
        fn, task = self.fn, self.task
        with fn.loop(self.zero, task["keys"], self.lanes) as j:
            rows = fn.lane_index(self.lanes) + j.splat(self.lanes)
            lines = rows * task[f"{x}_row"].splat(self.lanes)
            inside = self.inside(j, task["keys"])
            with fn.loop(self.zero, width) as e:
                column = fn.offsets(self.element(self.base[x], e), lines)
                fn.store(fn.load_masked(column, self.kind, inside), self.element(target, e * task["pitch"] + j))

    def product(self, a: Value, b: Value, c: Value, add: Value | None = None, **integers: Value) -> None:
        given = {"a": a, "b": b, "c": c, "add": add or self.zero, **integers}
        tile.call(self.fn, self.multiply, given)

    def scores(
        self, x: str, i: Value, rows: Value, columns: Value, width: Value, transposed: Value, out: Value
    ) -> None:
        """Rows of `x` times the columns of a transposed copy."""
        self.product(
            self.row(x, i), transposed, out, a_row=self.task[f"{x}_row"], a_step=self.fn.const(self.size, "i64"),
            b_row=self.pitch, c_row=self.pitch, rows=rows, columns=columns, depth=width,
        )  # fmt: skip

    def weighted(self, scores: Value, i: Value, rows: Value, columns: Value, x: str, width: Value, to: str) -> None:
        """Rows of scores times the rows of `x`, into the rows of `to`."""
        self.product(
            scores, self.base[x], self.row(to, i), a_row=self.pitch, a_step=self.fn.const(self.size, "i64"),
            b_row=self.task[f"{x}_row"], c_row=self.task[f"{to}_row"], rows=rows, columns=width, depth=columns,
        )  # fmt: skip

    def limit(self, stop: Value) -> Value:
        """How many keys the queries before `stop` see."""
        return self.fn.minimum(stop, self.task["keys"]) if self.causal else self.task["keys"]

    def load_score(self, line: Value, i: Value, j: Value, inside: Value) -> Value:
        value = self.fn.load(self.element(line, j), self.kind, self.lanes) * self.factor
        if "mask" in self.operands:
            value = value + self.fn.load_masked(self.element(self.row("mask", i), j), self.kind, inside)
        return value

    def clear(self, line: Value, seen: Value, columns: Value) -> None:
        """Zeros for the keys that a query does not see, but later ones of its tile do."""
        fn = self.fn
        start = (seen + self.lanes - 1).udiv(fn.const(self.lanes, "i64")) * self.lanes
        with fn.loop(start, columns, self.lanes) as j:
            fn.store(fn.const(0, self.kind, self.lanes), self.element(line, j))


def _largest(a: Value, b: Value) -> Value:
    return (a > b).select(a, b)


def _sum(a: Value, b: Value) -> Value:
    return a + b


def forward(name: str, header: int, kind: str, masked: bool, causal: bool) -> str:
    """The kernel of softmax(q @ k.T * factor + mask) @ v, and the logarithms of the rows' sums.

    Of a row of nothing but -inf the result is 0, the logarithm noted as +inf.
    """
    at = _Attention(name, ("q", "k", "v", "out"), kind, masked, causal)
    fn, task, lanes = at.fn, at.task, at.lanes
    columns = at.scratch
    scores = at.element(columns, task["width"] * task["pitch"])
    inverses = at.element(scores, task["pitch"] * ROWS)
    at.transpose("k", task["width"], columns)
    most, total = fn.slot(kind, lanes), fn.slot(kind, lanes)
    with fn.loop(at.first, at.last, ROWS) as first:
        rows = fn.minimum(at.last - first, first.like(ROWS))
        limit = at.limit(first + rows)
        at.scores("q", first, rows, limit, task["width"], columns, scores)
        with fn.loop(at.zero, rows) as r:
            i, line = first + r, at.element(scores, r * task["pitch"])
            seen = at.limit(i + 1)
            fn.store(fn.const(-INFINITY, kind, lanes), most, slot=True)
            with fn.loop(at.zero, seen, lanes) as j:
                inside = at.inside(j, seen)
                value = at.load_score(line, i, j, inside)
                fn.store(value, at.element(line, j))
                value = inside.select(value, value.like(-INFINITY))
                fn.store(_largest(value, fn.load_slot(most, kind, lanes)), most, slot=True)
            top = fn.load_slot(most, kind, lanes).fold(_largest)
            top = top.eq(-INFINITY).select(0, top)
            fn.store(fn.const(0, kind, lanes), total, slot=True)
            with fn.loop(at.zero, seen, lanes) as j:
                value = math.exp(fn.load(at.element(line, j), kind, lanes) - top.splat(lanes))
                value = at.inside(j, seen).select(value, value.like(0))
                fn.store(value, at.element(line, j))
                fn.store(fn.load_slot(total, kind, lanes) + value, total, slot=True)
            at.clear(line, seen, limit)
            mass = fn.load_slot(total, kind, lanes).fold(_sum)
            fn.store(mass.eq(0).select(0, 1 / mass), at.element(inverses, r))
            fn.store(mass.eq(0).select(INFINITY, top + math.log(mass)), at.element(at.base["sums"], i))
        at.weighted(scores, first, rows, limit, "v", task["value_width"], "out")
        with fn.loop(at.zero, rows) as r:
            line, inverse = at.row("out", first + r), fn.load(at.element(inverses, r), kind).splat(lanes)
            with fn.loop(at.zero, task["value_width"], lanes) as e:
                inside, place = at.inside(e, task["value_width"]), at.element(line, e)
                fn.store_masked(fn.load_masked(place, kind, inside) * inverse, place, inside)
    return task.finish(header)


def backward(name: str, header: int, kind: str, masked: bool, causal: bool) -> str:
    """The kernel of the cotangents of q, k and v from that of the result, `g`.

    Each block of queries has k's and v's of its own, to be added up.
    """
    at = _Attention(name, ("q", "k", "v", "out", "g", "dq", "dk", "dv"), kind, masked, causal)
    fn, task, lanes = at.fn, at.task, at.lanes
    of_keys = at.scratch
    of_values = at.element(of_keys, task["width"] * task["pitch"])
    weights = at.element(of_values, task["value_width"] * task["pitch"])
    slopes = at.element(weights, task["pitch"] * ROWS)
    at.transpose("k", task["width"], of_keys)
    at.transpose("v", task["value_width"], of_values)
    total = fn.slot(kind, lanes)
    tiles = (at.last - at.first + (ROWS - 1)).udiv(fn.const(ROWS, "i64"))
    with fn.loop(at.zero, tiles) as done:  # from the last, which sees most keys
        first = at.first + (tiles - 1 - done) * ROWS
        rows = fn.minimum(at.last - first, first.like(ROWS))
        begun = done > 0
        limit = begun.select(at.limit(first + rows), task["keys"])
        at.scores("q", first, rows, limit, task["width"], of_keys, weights)
        at.scores("g", first, rows, limit, task["value_width"], of_values, slopes)
        with fn.loop(at.zero, rows) as r:
            i = first + r
            line, slope = (at.element(x, r * task["pitch"]) for x in (weights, slopes))
            seen = at.limit(i + 1)
            fn.store(fn.const(0, kind, lanes), total, slot=True)
            with fn.loop(at.zero, task["value_width"], lanes) as e:
                inside = at.inside(e, task["value_width"])
                made, g = (fn.load_masked(at.element(at.row(x, i), e), kind, inside) for x in ("out", "g"))
                fn.store(fn.load_slot(total, kind, lanes) + made * g, total, slot=True)
            mean = fn.load_slot(total, kind, lanes).fold(_sum).splat(lanes)
            log_sum = fn.load(at.element(at.base["sums"], i), kind).splat(lanes)
            with fn.loop(at.zero, seen, lanes) as j:
                inside = at.inside(j, seen)
                weight = math.exp(at.load_score(line, i, j, inside) - log_sum)
                weight = inside.select(weight, weight.like(0))
                change = weight * (fn.load(at.element(slope, j), kind, lanes) - mean) * at.factor
                fn.store(weight, at.element(line, j))
                fn.store(inside.select(change, change.like(0)), at.element(slope, j))
            for each in (line, slope):
                at.clear(each, seen, limit)
        at.weighted(slopes, first, rows, limit, "k", task["width"], "dq")
        for scores, x, width, to in ((slopes, "q", "width", "dk"), (weights, "g", "value_width", "dv")):
            at.product(
                scores, at.row(x, first), at.base[to], begun.convert("i64"), a_row=fn.const(at.size, "i64"),
                a_step=at.pitch, b_row=task[f"{x}_row"], c_row=task[f"{to}_row"],
                rows=limit, columns=task[width], depth=rows,
            )  # fmt: skip
    return task.finish(header)


Array = np.ndarray
Settings = tuple[Array, float, bool]
"""The logarithms of the sums, the factor, whether the mask is causal."""


def _four(x: Array) -> Array:
    """(batch, heads, rows, columns), neighbours in a row neighbours in memory."""
    x = x.reshape((1,) * (4 - x.ndim) + x.shape) if x.ndim < 4 else x.reshape(-1, *x.shape[-3:])
    return x if x.shape[-1] < 2 or x.strides[-1] == x.itemsize else np.ascontiguousarray(x)


def like(x: Array, width: int) -> Array:
    """A new array of `x`'s shape but for the last dimension, its dimensions in the same order of memory."""
    order = [*sorted(range(x.ndim - 1), key=lambda axis: -x.strides[axis]), x.ndim - 1]
    shape = (*x.shape[:-1], width)
    return empty(tuple(shape[axis] for axis in order), x.dtype).transpose(np.argsort(order))


def takes(q: Array, k: Array, v: Array, mask: Array | None) -> bool:
    """Whether the kernels compute attention of these."""
    from flambeau.kernels.host import available

    kind = q.dtype.name in ("float32", "float64") and q.dtype == k.dtype == v.dtype
    alike = q.shape[:-2] == k.shape[:-2] == v.shape[:-2] and k.shape[-2] == v.shape[-2] and q.shape[-1] == k.shape[-1]
    if mask is not None:
        wide = (*q.shape[:-1], k.shape[-2])
        alike = alike and mask.dtype == q.dtype and np.broadcast_shapes(mask.shape, wide) == wide
    return kind and alike and bool(q.size and k.size and v.size) and available()


class _Call:
    """The integers and the scratch memory of a call; `least` blocks of queries a head."""

    def __init__(self, least: int, q: Array, k: Array, v: Array) -> None:
        from flambeau.kernels.compile import engine

        lanes = engine().vector_bytes // q.itemsize
        self.heads, self.queries, self.keys = q.shape[0] * q.shape[1], q.shape[2], k.shape[2]
        tiles = -(-self.queries // ROWS)
        blocks = max(least, -(-TASKS // self.heads) if self.heads < TASKS else 1)
        self.block = -(-tiles // min(blocks, tiles)) * ROWS
        self.blocks = -(-self.queries // self.block)
        self.pitch = -(-self.keys // lanes) * lanes
        self.widths = (q.shape[3], v.shape[3])
        self.dtype = q.dtype

    def run(self, generate: Any, arrays: list[Array], mask: Array | None, settings: Settings, rows: int) -> None:
        """`rows` of the length of the keys are a thread's scratch."""
        from flambeau.kernels.threads import slots

        share = self.pitch * rows + -(-ROWS // 16) * 16
        sums, factor, causal = settings
        operands = arrays if mask is None else [*arrays, mask]
        tasks = self.heads * self.blocks
        work = tasks * self.block * self.keys * sum(self.widths)
        scratch = empty((share * (slots() if tasks > 1 else 1),), self.dtype)
        sizes = (
            operands[0].shape[1],
            self.queries,
            self.keys,
            *self.widths,
            self.block,
            self.blocks,
            self.pitch,
            share,
        )
        strides = [s for x in operands for s in (*x.strides[-4:-1], x.strides[0] if x.ndim == 5 else 0)]
        kind = "f32" if self.dtype.itemsize == 4 else "f64"
        run = kernel(generate, kind, mask is not None, causal)
        numbers = np.array([factor], self.dtype)
        few = tasks == 1 and work < LIGHT
        run(ALONE if few else tasks, table(*sizes, *strides), *operands, sums, scratch, numbers)


def attend(q: Array, k: Array, v: Array, mask: Array | None, factor: float, causal: bool) -> tuple[Array, Array]:
    """softmax(q @ k.T * factor + mask) @ v, and what the backward pass needs; `mask` has q's and k's rows."""
    given = [_four(x) for x in (q, k, v)]
    out = like(given[0], v.shape[-1])
    sums = np.empty(q.shape[:-1], q.dtype)
    call = _Call(-(-q.shape[-2] // BLOCK), *given)
    call.run(forward, [*given, out], _mask(mask, q, k), (sums, factor, causal), call.widths[0] + ROWS)
    return out.reshape(*q.shape[:-1], v.shape[-1]), sums


def attend_back(
    g: Array, q: Array, k: Array, v: Array, mask: Array | None, factor: float, causal: bool, out: Array, sums: Array
) -> tuple[Array, Array, Array]:
    """The cotangents of q, k and v."""
    given = [_four(x) for x in (q, k, v, out, g)]
    call = _Call(1, *given[:3])
    found = [like(x, x.shape[-1]) for x in given[:3]]
    if call.blocks > 1:
        found[1:] = [empty((call.blocks, *x.shape), x.dtype) for x in given[1:3]]
    call.run(backward, [*given, *found], _mask(mask, q, k), (sums, factor, causal), sum(call.widths) + 2 * ROWS)
    dq, dk, dv = (x.sum(0) if x.ndim == 5 else x for x in found)
    return dq.reshape(q.shape), dk.reshape(k.shape), dv.reshape(v.shape)


def _mask(mask: Array | None, q: Array, k: Array) -> Array | None:
    if mask is None:
        return None
    if mask.shape[-1] != k.shape[-2] or mask.strides[-1] != mask.itemsize:
        mask = np.ascontiguousarray(np.broadcast_to(mask, (*mask.shape[:-1], k.shape[-2])))
    return _four(np.broadcast_to(mask, (*q.shape[:-1], k.shape[-2])))
