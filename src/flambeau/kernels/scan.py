"""Running sums, products, extrema and log-sums along one dimension.

A scan is a monoid: what an element is lifted to, and how two neighbours are joined. Along the last
dimension some lines go side by side, so that none waits for its own sums; a long line is cut into
parts, whose totals are taken first. Along another dimension, vectors of columns do. The parts depend
on sizes alone, and so do the results.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from flambeau.kernels.compile import engine
from flambeau.kernels.emit import BITS, Function, Module, Value
from flambeau.kernels.entry import ALONE, Kernel, Task, division, kernel, table
from flambeau.kernels.gather import KINDS, c_strides, swept
from flambeau.kernels.math import absolute, exp, log
from flambeau.kernels.pool import empty

State = list[Value]
SHARE = 1 << 14
"""Elements that are worth a task."""
PARTED = 1 << 12
"""Elements from which a line is cut."""
MOST_PARTS = 64
MOST_LANES = 4
"""Of a vector of sums: lanes of longer ones are dear to move (1000x1000 on Zen 4: 185 us with 4, 560 with 8)."""


class Monoid(NamedTuple):
    """How the elements of a line are joined; a state is some values side by side."""

    kinds: tuple[str, ...]
    identity: tuple[float, ...]
    lift: Callable[[Value, Value], State]
    """The state of an element at a place."""
    join: Callable[[State, State], State]
    lower: Callable[[State], State]
    """The results of a state."""
    fold: Callable[[State, State], State] | None = None
    """The join of states whose elements lie among one another, where that is possible."""
    heavy: bool = False
    """Whether a join takes so long that lines go side by side, rather than neighbours be joined in a vector."""


def monoid(op: str, source: str, result: str) -> Monoid:
    """The scan `op` of elements of kind `source`, whose results are of kind `result`."""
    wide = "f64" if result[0] == "f" else "i64"

    def widened(x: Value, place: Value) -> State:
        return [x.convert(result).convert(wide)]

    def narrowed(state: State) -> State:
        return [state[0].convert(result)]

    if op in ("sum", "prod"):

        def join(a: State, b: State) -> State:
            return [a[0] + b[0] if op == "sum" else a[0] * b[0]]

        return Monoid((wide,), (op == "prod",), widened, join, narrowed, join)
    if op == "logaddexp":
        # The largest so far, and the sum of exp(x - largest): only these wait for one another.
        def lifted(x: Value, place: Value) -> State:
            return [x.convert(wide), x.fn.const(1, wide, x.lanes)]

        def log_of(state: State) -> State:
            return [(state[0] + log(state[1])).convert(result)]

        return Monoid((wide, wide), (-math.inf, 0), lifted, _join_sums, log_of, heavy=True)
    largest = op == "max"

    def better(a: State, b: State) -> State:
        """The later of two that are equal, or NaN."""
        takes = b[0] >= a[0] if largest else b[0] <= a[0]
        if b[0].is_float:
            takes = takes | b[0].isnan()
        return [takes.select(b[0], a[0]), takes.select(b[1], a[1])]

    def best(a: State, b: State) -> State:
        """The same whichever comes later."""
        same = a[0].eq(b[0])
        if b[0].is_float:
            same = same | (a[0].isnan() & b[0].isnan())
        value, place = better(a, b)
        last = (b[1] > a[1]).select(b[1], a[1])
        return [value, same.select(last, place)]

    if source[0] == "f":
        first: float = -math.inf if largest else math.inf
    else:
        info = np.iinfo(f"{source[0]}{BITS[source] // 8}")
        first = int(info.min if largest else info.max)
    return Monoid((source, "i64"), (first, 0), lambda x, place: [x, place], better, lambda state: state, best)


def _join_sums(a: State, b: State) -> State:
    """(m, s) stands for s exp(m)."""
    keep = (a[0] >= b[0]) | a[0].isnan()
    apart = a[0].eq(b[0]).select(1.0, exp(-absolute(a[0] - b[0])))
    total = keep.select(a[1] + b[1] * apart, a[1] * apart + b[1])
    return [keep.select(a[0], b[0]), total]


def _start(fn: Function, scan: Monoid, lanes: int) -> State:
    """Slots that hold the identity."""
    slots = []
    for kind, number in zip(scan.kinds, scan.identity, strict=True):
        slot = fn.slot(kind, lanes)
        fn.store(fn.const(number, kind, lanes), slot, slot=True)
        slots.append(slot)
    return slots


def _read(fn: Function, scan: Monoid, slots: State, lanes: int) -> State:
    return [fn.load_slot(slot, kind, lanes) for slot, kind in zip(slots, scan.kinds, strict=True)]


def _write(fn: Function, values: State, slots: State) -> None:
    for value, slot in zip(values, slots, strict=True):
        fn.store(value, slot, slot=True)


def _results(op: str, result: str) -> list[str]:
    return [result, "i64"] if op in ("max", "min") else [result]


STRIDES = ("outer_x", "along_x", "inner_x", "outer_y", "along_y", "inner_y")
"""Of the argument in bytes, of the results in elements."""


class _Lines:
    """The kernel along lines: `totals` says that it leaves what each part amounts to, and no results."""

    def __init__(self, name: str, op: str, source: str, result: str, lanes: int, totals: bool) -> None:
        self.scan, self.source, self.totals = monoid(op, source, result), source, totals
        self.results, self.lanes = _results(op, result), lanes
        arrays = ("x", "y0", "y1", "total")
        self.task = Task(Module(), name, arrays, ("lines", "inner", "length", "parts", "extra", "share", *STRIDES))
        task, fn = self.task, self.task.fn
        self.fn, self.zero = fn, fn.const(0, "i64")
        self.along_x = fn.const(BITS[source] // 8, "i64") if lanes else task["along_x"]
        self.along_y = fn.const(1, "i64") if lanes else task["along_y"]
        side = 1 if self.lanes and not self.scan.heavy else 8 if self.scan.heavy else 4
        first = task.task * task["share"]
        last = fn.minimum(first + task["share"], task["lines"])
        whole = first + ((last - first) & -side)
        with fn.loop(first, whole, side) as r:
            self.run([r + k for k in range(side)])
        if side > 1:
            with fn.loop(whole, last) as r:
                self.run([r])

    def run(self, rows: list[Value]) -> None:
        """Some lines, side by side: as lanes of a vector if an element takes long."""
        task, fn, scan = self.task, self.fn, self.scan
        length, parts = task["length"], task["parts"]
        bases, places, stops, slots = [], [], [], []
        for r in rows:
            part, line = r.urem(parts), r.udiv(parts)
            outer, inner = line.udiv(task["inner"]), line.urem(task["inner"])
            begin = part * length
            places.append(begin)
            x = outer * task["outer_x"] + inner * task["inner_x"] + begin * self.along_x
            y = outer * task["outer_y"] + inner * task["inner_y"] + begin * self.along_y
            bases.append((fn.offset(task["x"], x), y))
            stops.append(length + part.eq(parts - 1).select(task["extra"], self.zero))
            slots.append(_start(fn, scan, 1))
            if not self.totals:
                with fn.loop(self.zero, part) as p:
                    before = self.total(line * parts + p)
                    state = [fn.load(at, kind) for at, kind in zip(before, scan.kinds, strict=True)]
                    _write(fn, scan.join(_read(fn, scan, slots[-1], 1), state), slots[-1])
        if scan.heavy and len(rows) > 1:
            self.together(bases, slots, length)
        elif self.lanes and not scan.heavy:
            length = self.by_vectors(bases[0], places[0], slots[0], stops[0])
        else:
            with fn.loop(self.zero, length) as j:
                for k in range(len(rows)):
                    self.step(bases[k], places[k], slots[k], j)
        for k, r in enumerate(rows):
            with fn.loop(length, stops[k]) as j:
                self.step(bases[k], places[k], slots[k], j)
            if self.totals:
                for at, value in zip(self.total(r), _read(fn, scan, slots[k], 1), strict=True):
                    fn.store(value, at)

    def total(self, r: Value) -> State:
        count = len(self.scan.kinds)
        return [self.fn.offset(self.task["total"], (r * count + k) * 8) for k in range(count)]

    def step(self, base: tuple[Value, Value], place: Value, slots: State, j: Value) -> None:
        fn, scan = self.fn, self.scan
        element = fn.load(fn.offset(base[0], j * self.along_x), self.source)
        state = scan.join(_read(fn, scan, slots, 1), scan.lift(element, place + j))
        _write(fn, state, slots)
        self.deliver(state, base[1] + j * self.along_y)

    def deliver(self, state: State, at: Value) -> None:
        if not self.totals:
            for k, (kind, value) in enumerate(zip(self.results, self.scan.lower(state), strict=True)):
                self.fn.store(value, self.fn.offset(self.task[f"y{k}"], at * (BITS[kind] // 8)))

    def by_vectors(self, base: tuple[Value, Value], place: Value, slots: State, stop: Value) -> Value:
        """A line: neighbours are joined within a vector, then with all that came before; where that ends."""
        fn, scan, lanes = self.fn, self.scan, self.lanes
        before = _start(fn, scan, lanes)
        if not self.totals:
            _write(fn, [value.splat(lanes) for value in _read(fn, scan, slots, 1)], before)
        end = stop & -lanes
        with fn.loop(self.zero, end, lanes) as j:
            element = fn.load(fn.offset(base[0], j * self.along_x), self.source, lanes)
            state = scan.lift(element, (place + j).splat(lanes) + fn.lane_index(lanes))
            carried = _read(fn, scan, before, lanes)
            if self.totals:
                _write(fn, scan.join(carried, state), before)
            else:
                shift = 1
                while shift < lanes:
                    state = scan.join(self.shifted(state, shift), state)
                    shift *= 2
                _write(fn, scan.join(carried, [shuffled(v, v, [lanes - 1] * lanes) for v in state]), before)
                self.deliver(scan.join(carried, state), base[1] + j * self.along_y)
        final = _read(fn, scan, before, lanes)
        total = [lane(value, 0) for value in final]
        if self.totals:
            assert scan.fold is not None
            for k in range(1, lanes):
                total = scan.fold(total, [lane(value, k) for value in final])
        _write(fn, total, slots)
        return end

    def shifted(self, state: State, by: int) -> State:
        """Each lane what stood `by` lanes before it, the first ones the identity."""
        lanes = self.lanes
        order = [lanes + k if k < by else k - by for k in range(lanes)]
        return [
            shuffled(value, self.fn.const(number, value.kind, lanes), order)
            for value, number in zip(state, self.scan.identity, strict=True)
        ]

    def together(self, bases: list[tuple[Value, Value]], slots: list[State], length: Value) -> None:
        fn, scan, lanes = self.fn, self.scan, len(bases)
        count = len(scan.kinds)
        wide = [fn.slot(kind, lanes) for kind in scan.kinds]
        for k in range(count):
            fn.store(packed([fn.load_slot(slot[k], scan.kinds[k]) for slot in slots]), wide[k], slot=True)
        with fn.loop(self.zero, length) as j:
            element = packed([fn.load(fn.offset(x, j * self.along_x), self.source) for x, _ in bases])
            state = scan.join(_read(fn, scan, wide, lanes), scan.lift(element, j))
            _write(fn, state, wide)
            if not self.totals:
                (value,) = scan.lower(state)
                for k, (_, y) in enumerate(bases):
                    at = (y + j * self.along_y) * (BITS[value.kind] // 8)
                    fn.store(lane(value, k), fn.offset(self.task["y0"], at))
        final = _read(fn, scan, wide, lanes)
        for k, slot in enumerate(slots):
            _write(fn, [lane(value, k) for value in final], slot)


def packed(values: list[Value]) -> Value:
    """Scalars as the lanes of a vector."""
    first, lanes = values[0], len(values)
    fn, kind = first.fn, first.kind
    vector = Value(fn, "poison", kind, lanes)
    for k, value in enumerate(values):
        vector = fn.op(f"insertelement {vector.type} {vector.ref}, {value.type} {value.ref}, i32 {k}", kind, lanes)
    return vector


def lane(vector: Value, k: int) -> Value:
    """One lane of a vector."""
    return vector.fn.op(f"extractelement {vector.type} {vector.ref}, i32 {k}", vector.kind)


def shuffled(a: Value, b: Value, order: list[int]) -> Value:
    """Lanes of two vectors, those of `b` counted after those of `a`."""
    lanes = ", ".join(f"i32 {k}" for k in order)
    text = f"shufflevector {a.type} {a.ref}, {b.type} {b.ref}, <{len(order)} x i32> <{lanes}>"
    return a.fn.op(text, a.kind, len(order))


def lines(name: str, header: int, op: str, source: str, result: str, lanes: int, totals: bool) -> str:
    """The kernel of scans along lines; `lanes` not 0 where they have their elements side by side."""
    return _Lines(name, op, source, result, lanes, totals).task.finish(header)


def columns(name: str, header: int, op: str, source: str, result: str) -> str:
    """The kernel of scans across rows: a task takes a block of columns."""
    integers = ("outers", "chunk", "inner", "block", "blocks", "length", *STRIDES)
    task = Task(Module(), name, ("x", "y0", "y1", "total"), integers)
    fn, scan = task.fn, monoid(op, source, result)
    first = task.task.udiv(task["blocks"]) * task["chunk"]
    low = task.task.urem(task["blocks"]) * task["block"]
    high = fn.minimum(low + task["block"], task["inner"])

    def down(outer: Value, c: Value, lanes: int) -> None:
        slots = _start(fn, scan, lanes)
        base = fn.offset(task["x"], outer * task["outer_x"] + c * (BITS[source] // 8))
        with fn.loop(fn.const(0, "i64"), task["length"]) as j:
            element = fn.load(fn.offset(base, j * task["along_x"]), source, lanes)
            state = scan.join(_read(fn, scan, slots, lanes), scan.lift(element, j.splat(lanes)))
            _write(fn, state, slots)
            at = outer * task["outer_y"] + j * task["along_y"] + c
            for k, (kind, value) in enumerate(zip(_results(op, result), scan.lower(state), strict=True)):
                fn.store(value, fn.offset(task[f"y{k}"], at * (BITS[kind] // 8)))

    with fn.loop(first, fn.minimum(first + task["chunk"], task["outers"])) as outer:
        swept(fn, low, high, 16 if scan.heavy else WIDTH, lambda c, lanes: down(outer, c, lanes))
    return task.finish(header)


WIDTH = 32
"""Columns that go side by side."""


class Plan(NamedTuple):
    run: Kernel
    tasks: int
    integers: np.ndarray
    totals: Kernel | None
    states: int
    """Words of the totals."""
    results: tuple[np.dtype, ...]


def merged(shape: Sequence[int], strides: Sequence[int]) -> tuple[int, int] | None:
    """Dimensions as one: its size and stride; None if they are none."""
    size, stride = 1, 0
    for n, step in reversed(list(zip(shape, strides, strict=True))):
        if n == 1:
            continue
        if size > 1 and step != size * stride:
            return None
        if size == 1:
            stride = step
        size *= n
    return size, stride


@lru_cache(4096)
def plan(
    op: str, dtype: np.dtype, target: np.dtype, shape: tuple[int, ...], strides: tuple[int, ...], dim: int
) -> Plan | None:
    """How to scan an array with these strides; None if its dimensions cannot be taken as three."""
    outer, inner = merged(shape[:dim], strides[:dim]), merged(shape[dim + 1 :], strides[dim + 1 :])
    source, result = _kind(dtype), _kind(target)
    if outer is None or inner is None or source is None or result is None:
        return None
    n = shape[dim]
    steps = (outer[1], strides[dim], inner[1], n * inner[0], inner[0], 1)
    total = n * inner[0] * outer[0]
    heavy = op == "logaddexp"
    tasks = division(total * (8 if heavy else 1), SHARE)
    results = (target, np.dtype(np.int64))[: 2 if op in ("max", "min") else 1]
    if inner[0] >= 16 and inner[1] == dtype.itemsize:
        chunks = max(1, min(outer[0], tasks))
        chunk = -(-outer[0] // chunks)
        chunks = -(-outer[0] // chunk)
        blocks = max(1, min(-(-tasks // chunks), inner[0] // WIDTH))
        block = -(-inner[0] // (blocks * WIDTH)) * WIDTH
        blocks = -(-inner[0] // block)
        count = chunks * blocks if tasks != ALONE else ALONE
        integers = table(outer[0], chunk, inner[0], block, blocks, n, *steps)
        return Plan(kernel(columns, op, source, result), count, integers, None, 0, results)
    count = outer[0] * inner[0]
    side, parts = (8 if heavy else 4), 1
    if n >= (8 * side if heavy else PARTED) and count < side * max(tasks, 1):
        parts = min(-(-side * max(tasks, 1) // count), MOST_PARTS, n // side)
    count *= parts
    share = -(-count // max(tasks, 1))
    share = -(-share // side) * side
    lanes = engine().vector_bytes // 8 if strides[dim] == dtype.itemsize and inner[0] == 1 else 0
    if op not in ("max", "min"):
        lanes = min(lanes, MOST_LANES)
    elif lanes < 8:  # short vectors of places are slower than lines side by side
        lanes = 0
    return Plan(
        kernel(lines, op, source, result, lanes, False),
        -(-count // share) if tasks != ALONE else ALONE,
        table(count, inner[0], n // parts, parts, n % parts, share, *steps),
        kernel(lines, op, source, result, lanes, True) if parts > 1 else None,
        2 * count if parts > 1 else 0,
        results,
    )


def _kind(dtype: np.dtype) -> str | None:
    return "u8" if dtype.kind == "b" else KINDS.get(dtype.str[1:])


_NONE = np.empty(0)


def scan(op: str, x: np.ndarray, dim: int, target: np.dtype) -> tuple[np.ndarray, ...] | None:
    """The scan of a non-empty array in C order: values, and for "max" and "min" where they stood; None
    if there is no kernel for it.
    """
    found = plan(op, x.dtype, target, x.shape, x.strides, dim)
    if found is None:
        if _kind(x.dtype) is None or _kind(target) is None:
            return None
        x = np.ascontiguousarray(x)
        found = plan(op, x.dtype, target, x.shape, c_strides(x.shape, x.itemsize), dim)
        assert found is not None
    results = tuple([empty(x.shape, dtype) for dtype in found.results])
    outputs = (*results, _NONE)[:2]
    totals = np.empty(found.states, np.int64) if found.states else _NONE
    if found.totals is not None:
        found.totals(found.tasks, found.integers, x, *outputs, totals)
    found.run(found.tasks, found.integers, x, *outputs, totals)
    return results
