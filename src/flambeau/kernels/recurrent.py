"""The steps of a recurrent layer, in one kernel: of each the product with the hidden state, then the cell.

Sequences have nothing to do with one another: a task takes some of them through all steps, and waits
for no other. Only where there are few sequences, and weights that no core's cache holds, a task has
some of the hidden units instead, and a call one step. The weights are packed in panels, the columns of
some units; the cell's formula is the function of arrays that NumPy runs, traced.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

import numpy as np

from flambeau.kernels import tile
from flambeau.kernels.cells import CELLS, GATED, STATES, Place
from flambeau.kernels.emit import BITS, Module, Value
from flambeau.kernels.entry import Kernel, Task, kernel, table
from flambeau.kernels.gemm import transposed
from flambeau.kernels.inline import Formula
from flambeau.kernels.pool import empty

Array = np.ndarray
ROWS = 32
"""Sequences of a task at most: what they read and write in a step stays in the second-level cache, beside weights."""
FEW = 4
"""Sequences a thread below which it reads weights rather than computes."""
CHAINS = 8
"""Sums at a time with which a processor is busy, one waiting for its last multiplication."""
CACHED = 1 << 20
"""Bytes of weights that every core has near enough."""
LINE = 64
"""Bytes of a line of the cache, about."""
STEP = ("a_first", "a_count", "first", "count")
"""A line of the table of steps: rows of `a` and of the others."""
INTEGERS = ("rows", "steps", "depth", "hidden", "width", "share", "panels", "own", "carried")


def _strip(columns: int, sizes: dict[int, int]) -> int:
    """Vectors of a tile, for a panel of `columns` vectors."""
    return max(each for each in sizes if columns % each == 0)


def vectors(parts: int, hidden: int, lanes: int, sizes: dict[int, int], rows: int) -> int:
    """Vectors of units of a panel, such that its columns fill tiles and few of the last panel stand empty.

    Tiles of one vector take a little longer, and much longer where few rows' sums wait for one another.
    """
    needed = -(-hidden // lanes)
    alone = 1.05 if rows >= CHAINS else 2

    def cost(wide: int) -> tuple[float, int]:
        strip = _strip(parts * wide, sizes)
        return -(-needed // wide) * wide * (alone if strip == 1 else 1), -strip

    return min((wide for wide in range(1, 5) if wide * parts <= 6), key=cost)


def _formula(cell_name: str, kind: str) -> Formula:
    cell = CELLS[cell_name]
    return Formula(cell.body, [np.dtype(f"f{BITS[kind] // 8}")] * (cell.parts + len(cell.reads)))


class _Steps:
    """The kernel being written: columns = a (a_count, depth) @ weights + bias, then the cell, for each step."""

    def __init__(self, name: str, cell_name: str, kind: str, wide: int) -> None:
        from flambeau.kernels.compile import engine

        self.cell, self.kind, self.size = CELLS[cell_name], kind, BITS[kind] // 8
        self.lanes, self.wide = engine().vector_bytes // self.size, wide
        self.columns = self.cell.parts * wide
        sizes = tile.SIZES[engine().vector_bytes]
        self.strip = _strip(self.columns, sizes)
        module = Module()
        self.multiply = tile.strip(module, kind, self.lanes, self.strip, sizes[self.strip], even=True, padded=True)
        self.task = Task(module, name, ("a", "weights", "bias", "table", "scratch", *self.cell.arrays), INTEGERS)
        self.fn = self.task.fn
        self.zero = self.fn.const(0, "i64")
        self.formula = _formula(cell_name, kind)

    def write(self) -> None:
        fn, task = self.fn, self.task
        shares = (task["panels"] + task["own"] - 1).udiv(task["own"])
        self.first_row = task.task.udiv(shares) * task["rows"]
        start = task.task.urem(shares) * task["own"]
        stop = fn.minimum(start + task["own"], task["panels"])
        with fn.loop(self.zero, task["steps"]) as s:
            line = fn.offset(task["table"], s * (8 * len(STEP)))
            at = {key: fn.load(fn.offset(line, 8 * place), "i64") for place, key in enumerate(STEP)}
            fed, made = (self.mine(at[key]) for key in ("a_count", "count"))
            a = fn.offset(task["a"], (at["a_first"] + self.first_row) * task["depth"] * self.size)
            with fn.loop(start, stop) as panel:
                self.panel(panel, a, fed, made, at["first"])
            if any(place.array == "outputs" for place in self.cell.writes):
                with fn.when(task["carried"].ne(0)):
                    self.carry(a, made, at["first"])

    def carry(self, a: Value, made: Value, first: Value) -> None:
        """The outputs of a step are the next one's rows of `a`."""
        fn, kind = self.fn, self.kind
        with fn.loop(self.zero, made) as r, fn.loop(self.zero, self.task["hidden"], self.lanes) as unit:
            inside, place = self.inside(unit), unit * self.size
            value = fn.load_masked(fn.offset(self.line("outputs", r, first), place), kind, inside)
            fn.store_first(value, fn.offset(a, r * self.task["depth"] * self.size + place), self.task["hidden"] - unit)

    def mine(self, count: Value) -> Value:
        """How many of the first `count` sequences are the task's."""
        left = self.fn.minimum(count - self.first_row, self.task["rows"])
        return (left > 0).select(left, self.zero)

    def inside(self, unit: Value) -> Value:
        return self.fn.first_lanes(self.task["hidden"] - unit, self.kind, self.lanes)

    def line(self, array: str, r: Value, first: Value) -> Value:
        row = self.first_row + r
        if array not in STATES:
            row = first + row
        width = self.task["width"] if array in GATED else self.task["hidden"]
        return self.fn.offset(self.task[array], row * width * self.size)

    def place(self, p: Place, r: Value, first: Value, unit: Value) -> Value:
        return self.fn.offset(self.line(p.array, r, first), (self.task["hidden"] * p.gate + unit) * self.size)

    def ask(self, panel: Value, made: Value, first: Value) -> None:
        """Ask for what the cell of a panel will read and write: the product takes long enough for it to come."""
        fn, width = self.fn, self.wide * self.lanes * self.size
        used = dict.fromkeys((*self.cell.reads, *self.cell.writes))
        with fn.loop(self.zero, made) as r:
            for p in used:
                if p.array not in STATES:
                    there = self.place(p, r, first, panel * (self.wide * self.lanes))
                    for at in (*range(0, width, LINE), width - self.size):
                        fn.prefetch(fn.offset(there, at), write=p in self.cell.writes)

    def panel(self, panel: Value, a: Value, fed: Value, made: Value, first: Value) -> None:
        """The columns of a panel: `fed` rows have a row of `a`, `made` come to be."""
        fn, task, lanes, size, kind = self.fn, self.task, self.lanes, self.size, self.kind
        pitch = fn.const(self.columns * lanes * size, "i64")
        columns = fn.offset(task["scratch"], task.worker * task["share"] * size)
        bias = fn.offset(task["bias"], panel * pitch)
        with fn.loop(fed, made) as r, fn.loop(self.zero, pitch, lanes * size) as at:
            fn.store(fn.load(fn.offset(bias, at), kind, lanes), fn.offset(columns, r * pitch + at))
        self.ask(panel, made, first)
        weights = fn.offset(task["weights"], panel * task["depth"] * pitch)
        for strip in range(0, self.columns, self.strip):
            moved = strip * lanes * size
            given = {
                "a": a, "b": fn.offset(weights, moved), "c": fn.offset(columns, moved),
                "a_row": task["depth"] * size, "a_step": fn.const(size, "i64"), "b_row": pitch, "c_row": pitch,
                "start": fn.offset(bias, moved), "start_row": self.zero, "add": fn.const(1, "i64"),
                "rows": fed, "columns": fn.const(self.strip * lanes, "i64"), "depth": task["depth"],
            }  # fmt: skip
            tile.call(fn, self.multiply, given)
        with fn.loop(self.zero, fn.const(self.wide * lanes, "i64"), lanes) as at:
            unit = panel * (self.wide * lanes) + at
            whole = unit + lanes <= task["hidden"]
            with fn.when(whole):
                self.apply(columns, pitch, at, unit, first, made, fed, None)
            with fn.when(~whole):
                self.apply(columns, pitch, at, unit, first, made, fed, self.inside(unit))

    def apply(
        self,
        columns: Value,
        pitch: Value,
        at: Value,
        unit: Value,
        first: Value,
        made: Value,
        fed: Value,
        inside: Value | None,
    ) -> None:
        """The cell for a vector of units, those `inside`, of all sequences; stores of parts take long."""
        fn, size, kind, lanes = self.fn, self.size, self.kind, self.lanes

        def load(place: Value) -> Value:
            return fn.load(place, kind, lanes) if inside is None else fn.load_masked(place, kind, inside)

        def store(value: Value, place: Value) -> None:
            if inside is None:
                fn.store(value, place)
            else:
                fn.store_masked(value, place, inside)

        def products(r: Value) -> list[Value]:
            places = [r * pitch + (at + part * self.wide * lanes) * size for part in range(self.cell.parts)]
            return [fn.load(fn.offset(columns, place), kind, lanes) for place in places]

        with fn.loop(self.zero, made) as r:
            reads = [load(self.place(p, r, first, unit)) for p in self.cell.reads]
            values = self.formula.vectors(fn, [*products(r), *reads])
            for p, value in zip(self.cell.writes, values, strict=True):
                store(value.convert(kind), self.place(p, r, first, unit))
        if self.cell.rest is not None:
            with fn.loop(made, fed) as r:
                there = self.place(self.cell.rest, r, first, unit)
                store(load(there) + products(r)[0], there)


def steps(name: str, header: int, cell: str, kind: str, wide: int, digest: str) -> str:
    """The kernel of a layer's steps; `digest` of the cell's formula, since the cache on disk knows the kernels alone."""
    kernel = _Steps(name, cell, kind, wide)
    kernel.write()
    return kernel.task.finish(header)


class Plan(NamedTuple):
    """How the steps of weights of given sizes, for given rows, are cut."""

    run: Kernel
    panels: int
    wide: int
    lanes: int
    apart: bool
    tasks: int
    share: int
    """Elements of scratch memory of a thread."""
    numbers: tuple[int, ...]
    no_bias: Array


@lru_cache(256)
def _plan(cell: str, shape: tuple[int, int, int], dtype: np.dtype, rows: int, width: int, threads: int) -> Plan:
    """For weights (depth, parts, hidden), and rows of `width` of the widest array."""
    from flambeau.kernels.compile import engine

    depth, parts, hidden = shape
    vector_bytes, item = engine().vector_bytes, dtype.itemsize
    lanes = vector_bytes // item
    apart = rows < FEW * threads and depth * parts * hidden * item > CACHED
    turns = 1 if apart else threads * -(-rows // (threads * ROWS))
    share = -(-rows // turns)
    wide = vectors(parts, hidden, lanes, tile.SIZES[vector_bytes], share)
    units = wide * lanes
    panels = -(-hidden // units)
    tasks = panels if apart else -(-rows // share)
    numbers = (share, 0, depth, hidden, width, share * parts * units, panels, 1 if apart else panels, 0)
    kind = "f32" if item == 4 else "f64"
    digest = sha256(repr(_formula(cell, kind)).encode()).hexdigest()[:16]
    run = kernel(steps, cell, kind, wide, digest)
    no_bias = np.zeros((panels, 1, parts, units), dtype)
    return Plan(run, panels, wide, lanes, apart, tasks, share * parts * units, numbers, no_bias)


class Runner:
    """The steps of one direction of one layer: weights packed, scratch at hand."""

    def __init__(self, cell: str, weights: Array, bias: Array | None, rows: int, arrays: dict[str, Array]) -> None:
        """`weights` (depth, parts, hidden), `bias` (parts, hidden), `rows` at most; the arrays of all steps."""
        from flambeau.kernels.threads import get_num_threads, slots

        self.arrays = [arrays[name] for name in CELLS[cell].arrays]
        self.outputs = arrays.get("outputs")
        width = max(each.shape[1] for each in self.arrays)
        self.plan = plan = _plan(cell, weights.shape, weights.dtype, rows, width, get_num_threads())
        cut = plan.panels, plan.wide, plan.lanes
        self.weights = _packed(weights, *cut)
        self.bias = plan.no_bias if bias is None else _packed(bias[None], *cut)
        self.scratch = empty((plan.share * slots(),), weights.dtype)
        self.numbers = table(*plan.numbers)

    def __call__(self, a: Array, lines: Array, carried: bool = False) -> None:
        """The steps of `lines` (of `STEP`); if `carried`, the outputs of each are the next one's rows of `a`."""
        numbers, plan = self.numbers, self.plan
        if not plan.apart:
            numbers[1], numbers[8] = len(lines), carried
            plan.run(plan.tasks, numbers, a, self.weights, self.bias, lines, self.scratch, *self.arrays)
            return
        numbers[1] = 1
        for at, (_, _, first, count) in enumerate(lines.tolist()):
            plan.run(plan.tasks, numbers, a, self.weights, self.bias, lines[at:], self.scratch, *self.arrays)
            if carried:
                assert self.outputs is not None
                a[:count] = self.outputs[first : first + count]


PACKING = ("depth", "hidden", "parts", "wide", "row", "part", "unit")
"""Sizes and, in bytes, strides of what is packed."""


def pack(name: str, header: int, kind: str, turned: bool) -> str:
    """The kernel that packs a panel a task; `turned`: neighbours in memory are of one unit.

    Where the last panel has no units it is given any, whose results nobody reads.
    """
    from flambeau.kernels.compile import engine

    size = BITS[kind] // 8
    lanes = engine().vector_bytes // size
    task = Task(Module(), name, ("source", "target"), PACKING)
    fn, depth, wide = task.fn, task["depth"], task["wide"]
    zero, step = fn.const(0, "i64"), lanes * size
    pitch = task["parts"] * wide * step
    target = fn.offset(task["target"], task.task * depth * pitch)
    with fn.loop(zero, task["parts"]) as part, fn.loop(zero, wide) as vector:
        unit = (task.task * wide + vector) * lanes
        source = fn.offset(task["source"], part * task["part"])
        to = fn.offset(target, (part * wide + vector) * step)
        if turned:
            lines = [fn.offset(source, fn.minimum(unit + k, task["hidden"] - 1) * task["unit"]) for k in range(lanes)]
            with fn.loop(zero, depth, lanes) as k:
                mask = fn.first_lanes(depth - k, kind, lanes)
                square = [fn.load_masked(fn.offset(line, k * size), kind, mask) for line in lines]
                for at, row in enumerate(transposed(square)):
                    with fn.when(k + at < depth):
                        fn.store(row, fn.offset(to, (k + at) * pitch))
        else:
            mask = fn.first_lanes(task["hidden"] - unit, kind, lanes)
            with fn.loop(zero, depth) as k:
                there = fn.offset(source, k * task["row"] + unit * size)
                fn.store(fn.load_masked(there, kind, mask), fn.offset(to, k * pitch))
    return task.finish(header)


def _packed(weights: Array, panels: int, wide: int, lanes: int) -> Array:
    """(depth, parts, hidden) as (panels, depth, parts, units)."""
    item = weights.itemsize
    turned = weights.strides[0] == item
    if not turned and weights.strides[2] != item:
        weights = np.ascontiguousarray(weights)
    depth, parts, hidden = weights.shape
    result = empty((panels, depth, parts, wide * lanes), weights.dtype)
    run = kernel(pack, "f32" if item == 4 else "f64", turned)
    run(panels, table(depth, hidden, parts, wide, *weights.strides), weights, result)
    return result
