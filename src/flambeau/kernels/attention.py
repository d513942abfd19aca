"""Scaled dot-product attention: some queries at a time, whose scores never leave the cache.

A task has one head and a block of its queries. It takes them `ROWS` at a time: scores by a matrix
product with the transposed keys, softmax along the rows, a product with the values. Backward, the
scores are computed again, from the logarithms of the sums that the forward pass kept.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from flambeau.kernels import alongside, math, tile
from flambeau.kernels.emit import BITS, Module, Value
from flambeau.kernels.entry import ALONE, Kernel, Task, kernel, table
from flambeau.kernels.matmul import turn_lines
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

    def __init__(
        self, name: str, operands: tuple[str, ...], kind: str, extras: tuple[str, ...], causal: bool, whole: bool
    ) -> None:
        from flambeau.kernels.compile import engine

        vector_bytes = engine().vector_bytes
        self.kind, self.size = kind, BITS[kind] // 8
        self.lanes, self.causal = vector_bytes // self.size, causal
        self.module = Module()
        self.multiply = tile.multiplier(self.module, kind, vector_bytes, padded=whole)
        self.operands = (*operands, *extras)
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
        return self.fn.first_lanes(stop - i, self.kind, self.lanes)

    def transpose(self, x: str, width: Value, target: Value) -> None:
        """A copy of the rows of `x` as columns, a row's elements `pitch` apart.

        It is as wide as whole vectors: what follows in scratch memory is to be written after it.
        """
        fn, keys = self.fn, self.task["keys"]
        with fn.loop(self.zero, keys, self.lanes) as j:
            to = self.element(target, j)
            turn_lines(fn, self.kind, self.lanes, self.base[x], (j, keys), self.task[f"{x}_row"], width, to, self.pitch)

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
        return value + self.load_extra("mask", i, j, inside) if "mask" in self.operands else value

    def load_extra(self, x: str, i: Value, j: Value, inside: Value) -> Value:
        return self.fn.load_masked(self.element(self.row(x, i), j), self.kind, inside)

    def noisy(self, value: Value, i: Value, j: Value, inside: Value) -> Value:
        """The value of a weight after dropout."""
        return value * self.load_extra("noise", i, j, inside) if "noise" in self.operands else value

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


def forward(name: str, header: int, kind: str, extras: tuple[str, ...], causal: bool, whole: bool) -> str:
    """The kernel of (softmax(q @ k.T * factor + mask) * noise) @ v, and the logarithms of the rows' sums.

    Of a row of nothing but -inf the result is 0, the logarithm noted as +inf.
    """
    at = _Attention(name, ("q", "k", "v", "out"), kind, extras, causal, whole)
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
                inside = at.inside(j, seen)
                value = inside.select(value, value.like(0))
                fn.store(at.noisy(value, i, j, inside), at.element(line, j))
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
                fn.store_first(fn.load_masked(place, kind, inside) * inverse, place, task["value_width"] - e)
    return task.finish(header)


def backward(name: str, header: int, kind: str, extras: tuple[str, ...], causal: bool, whole: bool) -> str:
    """The kernel of the cotangents of q, k and v from that of the result, `g`.

    Each block of queries has k's and v's of its own, to be added up.
    """
    at = _Attention(name, ("q", "k", "v", "out", "g", "dq", "dk", "dv"), kind, extras, causal, whole)
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
                slopes_here = at.noisy(fn.load(at.element(slope, j), kind, lanes), i, j, inside)
                change = weight * (slopes_here - mean) * at.factor
                fn.store(at.noisy(weight, i, j, inside), at.element(line, j))
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
Sizes = tuple[int, ...]
Extras = dict[str, Array]


def _four(x: Array) -> Array:
    """At most four dimensions, neighbours in a row neighbours in memory."""
    if x.ndim > 4:
        x = x.reshape(-1, *x.shape[-3:])
    return x if x.strides[-1] == x.itemsize or x.shape[-1] < 2 else np.ascontiguousarray(x)


def takes(q: Array, k: Array, v: Array, mask: Array | None) -> bool:
    """Whether the kernels compute attention of these."""
    from flambeau.kernels.host import available

    if q.dtype != k.dtype or q.dtype != v.dtype or q.dtype.char not in "fd":
        return False
    lead, length = q.shape[:-2], k.shape[-2]
    if k.shape[:-2] != lead or v.shape[:-2] != lead or v.shape[-2] != length or q.shape[-1] != k.shape[-1]:
        return False
    if mask is not None:
        wide = (*q.shape[:-1], length)
        if mask.dtype != q.dtype or np.broadcast_shapes(mask.shape, wide) != wide:
            return False
    return bool(q.size and k.size and v.size) and available()


class Layout(NamedTuple):
    """Where a result lies in memory: the order of its dimensions, and its shape in that order."""

    shape: Sizes
    order: Sizes

    def new(self, dtype: np.dtype) -> Array:
        return empty(self.shape, dtype).transpose(self.order)

    def strides(self, item: int) -> Sizes:
        """In bytes, for items of so many."""
        steps = [item * prod(self.shape[axis + 1 :]) for axis in range(len(self.shape))]
        return tuple(steps[axis] for axis in self.order)


def like(shape: Sizes, strides: Sizes, width: int) -> Layout:
    """A result of `shape` but for the last dimension, its dimensions in the order that `strides` tell."""
    order = [*sorted(range(len(shape) - 1), key=lambda axis: -strides[axis]), len(shape) - 1]
    whole = (*shape[:-1], width)
    back = sorted(range(len(shape)), key=order.__getitem__)
    return Layout(tuple(whole[axis] for axis in order), tuple(back))


class Plan(NamedTuple):
    """How a call of some shapes and strides is cut."""

    run: Kernel
    tasks: int
    blocks: int
    numbers: Array
    scratch: int
    """Elements of scratch memory of a thread."""
    results: tuple[Layout, ...]
    apart: int | None
    """How far apart the three results lie in one array, if they do."""


def _spread(strides: Sizes) -> tuple[int, int, int]:
    """Strides of batches, heads and rows."""
    batch, head, row = (0, 0, 0, *strides[:-1])[-3:]
    return batch, head, row


@lru_cache(512)
def plan(
    backward_pass: bool,
    causal: bool,
    dtype: np.dtype,
    shapes: tuple[Sizes, Sizes, Sizes],
    strides: tuple[Sizes, ...],
    extras: tuple[tuple[str, Sizes], ...],
    apart: int | None,
) -> Plan:
    """For q, k and v of these shapes; strides of these, backward also of the result and its cotangent.

    `extras` are the names and strides of mask and noise; `apart` says how q, k and v lie alongside: so do
    their cotangents.
    """
    from flambeau.kernels.compile import engine

    lanes = engine().vector_bytes // dtype.itemsize
    q, k, v = shapes
    count = prod(q[:-2])
    heads = q[-3] if len(q) > 2 else 1
    widths = (q[-1], v[-1])
    tiles = -(-q[-2] // ROWS)
    least = 1 if backward_pass else -(-q[-2] // BLOCK)
    wanted = max(least, -(-TASKS // count) if count < TASKS else 1)
    block = -(-tiles // min(wanted, tiles)) * ROWS
    blocks = -(-q[-2] // block)
    pitch = -(-k[-2] // lanes) * lanes
    if backward_pass:
        results = [like(x, s, x[-1]) for x, s in zip(shapes, strides, strict=False)]
        if blocks > 1:  # each block's own share of k's and v's
            results[1:] = [like((blocks, *x), (1 << 62, *s), x[-1]) for x, s in zip((k, v), strides[1:3], strict=True)]
        rows = sum(widths) + 2 * ROWS
    else:
        results = [like(q, strides[0], v[-1])]
        rows = widths[0] + ROWS
    share = pitch * rows + -(-ROWS // lanes) * lanes
    numbers: list[int] = [heads, q[-2], k[-2], *widths, block, blocks, pitch, share]
    for each in strides:
        numbers += [*_spread(each), 0]
    if blocks > 1:
        apart = None
    for layout in results:
        made = strides[0] if apart else layout.strides(dtype.itemsize)
        parts = len(made) > len(q)
        numbers += [*_spread(made[parts:]), made[0] if parts else 0]
    for _, each in extras:
        numbers += [*_spread(each), 0]
    tasks = count * blocks
    work = tasks * block * k[-2] * sum(widths)
    whole = not any(width % lanes for width in widths)
    made_by = backward if backward_pass else forward
    run = kernel(made_by, f"f{8 * dtype.itemsize}", tuple([x for x, _ in extras]), causal, whole)
    few = tasks == 1 and work < LIGHT
    return Plan(run, ALONE if few else tasks, blocks, table(*numbers), share, tuple(results), apart)


@lru_cache(64)
def _number(value: float, dtype: np.dtype) -> Array:
    return np.array([value], dtype)


def _run(found: Plan, arrays: list[Array], extras: Extras, sums: Array, factor: float) -> list[Array]:
    """The results of a plan, made and computed."""
    from flambeau.kernels.threads import slots

    dtype = sums.dtype
    if found.apart:
        made = alongside.new(3, found.apart, arrays[0].shape, arrays[0].strides, dtype)
    else:
        made = [layout.new(dtype) for layout in found.results]
    scratch = empty((found.scratch * (slots() if found.tasks > 1 else 1),), dtype)
    found.run(found.tasks, found.numbers, *arrays, *made, *extras.values(), sums, scratch, _number(factor, dtype))
    return made


def _plan(backward_pass: bool, arrays: list[Array], extras: Extras, causal: bool) -> Plan:
    shapes = (arrays[0].shape, arrays[1].shape, arrays[2].shape)
    strides = tuple([each.strides for each in arrays])
    named = tuple([(x, each.strides) for x, each in extras.items()])
    apart = alongside.apart(arrays[:3]) if backward_pass else None
    return plan(backward_pass, causal, arrays[0].dtype, shapes, strides, named, apart)


def _extras(mask: Array | None, noise: Array | None, q: Array, k: Array) -> Extras:
    """What has an element for each score, in its rows and columns."""
    return {x: _scores_like(each, q, k) for x, each in (("mask", mask), ("noise", noise)) if each is not None}


def _scores_like(x: Array, q: Array, k: Array) -> Array:
    if x.shape[-1] != k.shape[-2] or x.strides[-1] != x.itemsize:
        x = np.ascontiguousarray(np.broadcast_to(x, (*x.shape[:-1], k.shape[-2])))
    return _four(np.broadcast_to(x, (*q.shape[:-1], k.shape[-2])))


def attend(
    q: Array, k: Array, v: Array, mask: Array | None, noise: Array | None, factor: float, causal: bool
) -> tuple[Array, Array]:
    """(softmax(q @ k.T * factor + mask) * noise) @ v, and what the backward pass needs."""
    given, extras = [_four(q), _four(k), _four(v)], _extras(mask, noise, q, k)
    sums = np.empty(q.shape[:-1], q.dtype)
    (out,) = _run(_plan(False, given, extras, causal), given, extras, sums, factor)
    return out if q.ndim <= 4 else out.reshape(*q.shape[:-1], v.shape[-1]), sums


def attend_back(
    g: Array,
    q: Array,
    k: Array,
    v: Array,
    mask: Array | None,
    noise: Array | None,
    factor: float,
    causal: bool,
    out: Array,
    sums: Array,
) -> tuple[Array, ...]:
    """The cotangents of q, k and v."""
    given, extras = [_four(q), _four(k), _four(v), _four(out), _four(g)], _extras(mask, noise, q, k)
    found = _plan(True, given, extras, causal)
    dq, *others = _run(found, given, extras, sums, factor)
    dk, dv = (x.sum(0) for x in others) if found.blocks > 1 else others
    return dq.reshape(q.shape), dk.reshape(k.shape), dv.reshape(v.shape)
