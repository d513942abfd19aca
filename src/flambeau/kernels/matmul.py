"""Products of matrices: columns in panels that are packed as they are needed, rows as they lie.

A task has some panels of columns and a block of rows. It copies a panel, as many rows deep as the
second-level cache likes, so that `tile.multiplier` reads it from front to back; a transposed factor
is turned round on the way, a square of vectors at a time. The rows of a large transposed factor are
too far apart to be read as they lie, so it is turned round as a whole first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from flambeau.kernels import tile
from flambeau.kernels.emit import BITS, Function, Module, Value
from flambeau.kernels.entry import Kernel, Task, kernel, table
from flambeau.kernels.gemm import transposed
from flambeau.kernels.pool import empty
from flambeau.kernels.tile import LINE, Later

Array = np.ndarray
VECTORS = {64: 4, 32: 12, 16: 12}
"""By a vector's bytes: how many vectors a panel is wide: one strip, or some, each as wide as the widest tile."""
DEPTH = {64: 800, 32: 384, 16: 384}
"""How deep a packed panel is at most."""
SLACK = 16
"""Rows of a packed strip that may be overwritten behind the last."""
CHUNK = 48
"""Rows that stay in the cache while they meet all strips of a panel."""
ROWS = 512
"""Rows of a task at most: a panel is packed once for them."""
TASKS = 32
"""Tasks wanted at most: each packs its own panels, so small ones cost little and share out evenly."""
LEAST_ROWS = 96
"""Rows of a task at least, where rows are split to make the number of tasks even."""
ALIGNED = 6
"""Rows of a block are a multiple of this: whole tiles of the widest strips, and blocks of nearly the same size."""
TURNED = 1 << 19
"""Elements of a transposed left factor from which it is turned round, if it meets more than `LEAST` columns."""
LEAST = 320
PAGE = 1 << 12
"""Columns whole pages apart, whose elements share sets of the first cache, are turned round as well."""
AHEAD, WRITTEN = 12, 4
"""Rows ahead that packing asks for: of a matrix, whose rows may lie far apart, and of the panel."""
INTEGERS = (
    *("rows", "columns", "depth", "a_row", "a_step", "b_row", "b_step", "c_row"),
    *("panels", "parts", "block", "step", "share", "biased", "add"),
    *("each", "inner", "a_outer", "a_inner", "b_outer", "b_inner", "c_matrix"),
)
"""Of a stack of matrices, each has so many tasks; the stacks have an outer and an inner axis, c only one."""


def turn_lines(
    fn: Function,
    kind: str,
    lanes: int,
    source: Value,
    lines: tuple[Value, Value],
    step: Value,
    length: Value,
    target: Value,
    pitch: Value | int,
) -> None:
    """Emit the copy of `lanes` lines, `step` bytes apart, to columns of a target whose rows are `pitch` bytes apart.

    `lines` are the first and the end: beyond it the last is repeated. Rows are copied to the next multiple of `lanes`.
    """
    first, stop = lines
    with fn.loop(fn.const(0, "i64"), length, lanes) as k:
        mask = fn.first_lanes(length - k, kind, lanes)
        places = [fn.minimum(first + lane, stop - 1) * step + k * (BITS[kind] // 8) for lane in range(lanes)]
        rows = [fn.load_masked(fn.offset(source, place), kind, mask) for place in places]
        for lane, column in enumerate(transposed(rows)):
            fn.store(column, fn.offset(target, (k + lane) * pitch))


def turn(
    fn: Function,
    kind: str,
    lanes: int,
    source: Value,
    step: Value,
    panel: Value,
    width: int,
    columns: Value,
    depth: Value,
) -> None:
    """Emit a copy of `columns` contiguous vectors of length `depth`, `step` bytes apart, as the columns of a panel.

    The panel has `width` columns and whole vectors' worth of rows; the rest of both may be anything.
    """
    size = BITS[kind] // 8
    with fn.loop(fn.const(0, "i64"), columns, lanes) as j:
        turn_lines(fn, kind, lanes, source, (j, columns), step, depth, fn.offset(panel, j * size), width * size)


class _Panels:
    """The kernel being written."""

    def __init__(self, name: str, kind: str, turned: bool) -> None:
        from flambeau.kernels.compile import engine

        vector_bytes = engine().vector_bytes
        self.kind, self.size, self.lanes = kind, BITS[kind] // 8, vector_bytes * 8 // BITS[kind]
        self.vectors = VECTORS[vector_bytes]
        self.width, self.strip = self.vectors * self.lanes, max(tile.SIZES[vector_bytes]) * self.lanes
        self.firsts = range(0, self.width, self.strip)
        rows = tile.SIZES[vector_bytes][max(tile.SIZES[vector_bytes])]
        self.group = rows if vector_bytes < tile.WIDEST and rows <= self.lanes else 0
        """Rows that are copied side by side, where that pays: wide tiles read `a` often enough to need none of it."""
        self.turned = turned
        self.module = Module()
        self.multiply = tile.multiplier(self.module, kind, vector_bytes, padded=True)
        self.task = Task(self.module, name, ("a", "b", "c", "bias", "scratch"), INTEGERS)
        self.fn = self.task.fn
        self.zero = self.fn.const(0, "i64")

    def inside(self, first: Value, stop: Value) -> Value:
        return self.fn.first_lanes(stop - first, self.kind, self.lanes)

    def pitch(self, columns: Value) -> Value:
        """Bytes of a row of a packed strip that has so many columns, or more than there are in one."""
        wide = self.fn.minimum(columns + (self.lanes - 1) & -self.lanes, columns.like(self.strip))
        if self.lanes * self.size == tile.WIDEST:
            wide = (columns > self.lanes // 2).select(wide, wide.like(self.lanes // 2))
        return wide * self.size

    def pack(self, source: Value, panel: Value, columns: Value, depth: Value) -> None:
        """Copy a panel's columns, whose neighbours stand `b_step` bytes apart, rows `b_row`, strip by strip.

        What a row of a strip has too much is overwritten by the next one.
        """
        fn, task, lanes, size = self.fn, self.task, self.lanes, self.size
        strips = [(first, self.place(panel, first), self.pitch(columns - first)) for first in self.firsts]
        if self.turned:
            for first, strip, pitch in strips:
                stop = fn.minimum(columns, columns.like(first + self.strip))
                with fn.loop(stop.like(first), stop, lanes) as j:
                    # What is read twice, beyond the last column, is masked off in the product.
                    to = fn.offset(strip, (j - first) * size)
                    turn_lines(fn, self.kind, lanes, source, (j, columns), task["b_step"], depth, to, pitch)
            return
        masks = {v: self.inside(fn.const(v, "i64"), columns) for v in range(0, self.width, lanes)}
        with fn.loop(self.zero, depth) as k:
            line = fn.offset(source, k * task["b_row"])
            later = fn.offset(line, task["b_row"] * AHEAD)
            for first, strip, pitch in strips:
                to = fn.offset(strip, k * pitch)
                for v in range(first, first + self.strip, lanes):
                    with fn.when(columns > v):
                        there = fn.offset(to, (v - first) * size)
                        fn.prefetch(fn.offset(later, v * size))
                        fn.prefetch(fn.offset(there, pitch * WRITTEN), write=True)
                        fn.store(fn.load_masked(fn.offset(line, v * size), self.kind, masks[v]), there)

    def place(self, panel: Value, first: int) -> Value:
        """Where the strip of a panel begins that has the columns from `first` on."""
        return self.fn.offset(panel, (self.task["step"] + SLACK) * (first * self.size))

    def write(self) -> None:
        fn, task = self.fn, self.task
        matrix, own = task.task.udiv(task["each"]), task.task.urem(task["each"])
        outer, inner = matrix.udiv(task["inner"]), matrix.urem(task["inner"])
        a_matrix, b_matrix = (
            fn.offset(task[x], outer * task[f"{x}_outer"] + inner * task[f"{x}_inner"]) for x in ("a", "b")
        )
        c_matrix = fn.offset(task["c"], matrix * task["c_matrix"])
        block, part = own.udiv(task["parts"]), own.urem(task["parts"])
        first_row = block * task["block"]
        rows = fn.minimum(task["block"], task["rows"] - first_row)
        panel = fn.offset(task["scratch"], task.worker * task["share"] * self.size)
        first = part * task["panels"] * self.width
        last = fn.minimum(first + task["panels"] * self.width, task["columns"])
        with fn.loop(first, last, self.width) as j:
            columns = fn.minimum(last - j, last.like(self.width))
            c = fn.offset(c_matrix, first_row * task["c_row"] + j * self.size)
            with fn.loop(self.zero, task["depth"], task["step"]) as k:
                depth = fn.minimum(task["step"], task["depth"] - k)
                self.pack(fn.offset(b_matrix, k * task["b_row"] + j * task["b_step"]), panel, columns, depth)
                a = fn.offset(a_matrix, first_row * task["a_row"] + k * task["a_step"])
                panel_after = self.panel_after(b_matrix, j, k)
                tiles = self.tiles(rows)
                biased = task["biased"].ne(0) & k.eq(0)
                given = {
                    "a_row": task["a_row"], "a_step": task["a_step"], "c_row": task["c_row"],
                    "start_row": biased.select(self.zero, task["c_row"]),
                    "depth": depth, "add": (k > 0).select(k.like(1), task["add"]),
                }  # fmt: skip
                with fn.loop(self.zero, rows, CHUNK) as i:
                    given |= {"a": fn.offset(a, i * task["a_row"]), "rows": fn.minimum(rows - i, i.like(CHUNK))}
                    to = fn.offset(c, i * task["c_row"])
                    given |= {"c": to, "start": biased.select(fn.offset(task["bias"], j * self.size), to)}
                    late = panel_after.after(self.tiles(i) - fn.maximum(tiles - panel_after.lines, self.zero))
                    if self.group:
                        lines = task["a_row"].eq(self.size) & (columns > self.strip)
                        with fn.when(lines):
                            soon = self.lines_after(given).or_else(i + CHUNK < rows, panel_after)
                            self.multiply_lines(panel, columns, given, soon)
                        with fn.when(~lines):
                            self.multiply_strips(panel, columns, given, late)
                    else:
                        self.multiply_strips(panel, columns, given, late)

    def tiles(self, rows: Value) -> Value:
        """How many tiles so many rows of a panel have."""
        return (rows + (ALIGNED - 1)).udiv(ALIGNED) * len(self.firsts)

    def panel_after(self, matrix: Value, j: Value, k: Value) -> Later:
        """Where in `matrix` the panel lies that is packed after the one at (k, j)."""
        fn, task = self.fn, self.task
        below = k + task["step"] < task["depth"]
        row, column = below.select(k + task["step"], self.zero), below.select(j, j + self.width)
        there = fn.offset(matrix, row * task["b_row"] + column * task["b_step"])
        length = task["step"] * self.size if self.turned else fn.const(self.width * self.size, "i64")
        return Later(there, task["b_step" if self.turned else "b_row"], self.zero, length.udiv(LINE) + 1)

    def lines_after(self, given: dict[str, Value]) -> Later:
        """Where the rows of `a` lie, side by side, that come after those given."""
        lines = CHUNK * self.size // LINE + 1
        return Later(self.fn.offset(given["a"], CHUNK * self.size), given["a_step"], self.zero, self.zero.like(lines))

    def multiply_strips(self, panel: Value, columns: Value, given: dict[str, Value], later: Later) -> None:
        """The product of some rows with all strips of a panel; `given` is of the first."""
        tiles = self.tiles(given["rows"]).udiv(len(self.firsts))
        for place, first in enumerate(self.firsts):
            left, at = columns - first, first * self.size
            with self.fn.when(left > 0):
                tile.call(self.fn, self.multiply, given | later.after(tiles * place).arguments() | {
                    "b": self.place(panel, first), "b_row": self.pitch(left),
                    "c": self.fn.offset(given["c"], at), "start": self.fn.offset(given["start"], at),
                    "columns": self.fn.minimum(left, left.like(self.strip)),
                })  # fmt: skip

    def multiply_lines(self, panel: Value, columns: Value, given: dict[str, Value], later: Later) -> None:
        """The same where the columns of `a` are lines of memory, which are too far apart to be read again and again.

        The rows of a tile are copied side by side first. What that writes too much is overwritten by the next line.
        """
        fn, group, lanes = self.fn, self.group, self.lanes
        line, rows = group * self.size, given["rows"]
        copies = self.place(panel, self.width)
        apart = (self.task["step"] + SLACK) * line
        tiles = range(CHUNK // group)
        masks = [fn.first_lanes(rows - t * group, self.kind, lanes) for t in tiles]
        with fn.loop(self.zero, given["depth"]) as k:
            source = fn.offset(given["a"], k * given["a_step"])
            fn.prefetch(fn.offset(source, given["a_step"] * AHEAD))
            for t, mask in zip(tiles, masks, strict=True):
                value = fn.load_masked(fn.offset(source, t * line), self.kind, mask)
                fn.store(value, fn.offset(copies, apart * t + k * line))
        with fn.loop(self.zero, rows, group) as i:
            self.multiply_strips(panel, columns, given | {
                "a": fn.offset(copies, i.udiv(i.like(group)) * apart), "a_row": fn.const(self.size, "i64"),
                "a_step": fn.const(line, "i64"), "rows": fn.minimum(rows - i, i.like(group)),
                "c": fn.offset(given["c"], i * given["c_row"]),
                "start": fn.offset(given["start"], i * given["start_row"]),
            }, later.after(self.tiles(i)))  # fmt: skip


def turner(name: str, header: int, kind: str, lanes: int) -> str:
    """The kernel that copies lines as columns, `lanes` of them a task."""
    task = Task(Module(), name, ("source", "target"), ("lines", "length", "step", "pitch"))
    fn, first = task.fn, task.task * lanes
    target = fn.offset(task["target"], first * (BITS[kind] // 8))
    turn_lines(
        fn, kind, lanes, task["source"], (first, task["lines"]), task["step"], task["length"], target, task["pitch"]
    )
    return task.finish(header)


def rows_of(a: Array) -> Array:
    """A copy of `a` (m, k), whose columns' elements are neighbours in memory, with the rows' so."""
    from flambeau.kernels.compile import engine

    (m, k), item = a.shape, a.itemsize
    lanes = engine().vector_bytes // item
    pitch = (ceil_div(k, lanes) + 1) * lanes  # not a power of two, so that rows do not share cache sets
    target = empty((ceil_div(m, lanes) * lanes, pitch), a.dtype)
    run = kernel(turner, f"f{8 * item}", lanes)
    run(ceil_div(k, lanes), table(k, m, a.strides[1], pitch * item), a, target)
    return target[:m, :k]


def product(name: str, header: int, kind: str, turned: bool) -> str:
    """The kernel of c = a @ b (+ c or bias); `turned`: neighbours in memory are along b's rows' index."""
    panels = _Panels(name, kind, turned)
    panels.write()
    return panels.task.finish(header)


def ceil_div(a: int, b: int) -> int:
    return -(-a // b)


class Plan(NamedTuple):
    """How a product of given sizes and strides is cut."""

    run: Kernel
    tasks: int
    numbers: Array
    share: int
    """Elements of scratch memory of a thread."""


@lru_cache(1024)
def plan(
    m: int,
    n: int,
    k: int,
    dtype: np.dtype,
    a: tuple[int, ...],
    b: tuple[int, ...],
    c_row: int,
    biased: bool,
    add: bool,
    stack: tuple[tuple[int, ...], ...] = ((1, 0, 0),),
) -> Plan:
    """For strides `a`, `b`, `c_row` in bytes; `stack` has of each axis of stacks the size and the strides of a and b."""
    from flambeau.kernels.compile import engine

    vector_bytes = engine().vector_bytes
    width = VECTORS[vector_bytes] * vector_bytes // dtype.itemsize
    all_panels, row_blocks = ceil_div(n, width), ceil_div(m, ROWS)
    if all_panels * row_blocks % 2 and all_panels * row_blocks < TASKS and m >= 2 * row_blocks * LEAST_ROWS:
        row_blocks *= 2
    block = ceil_div(ceil_div(m, row_blocks), ALIGNED) * ALIGNED
    row_blocks = ceil_div(m, block)
    (outer, *outer_strides), (inner, *inner_strides) = ((1, 0, 0), *stack)[-2:]
    panels = min(max(all_panels * row_blocks * outer * inner // TASKS, 1), all_panels)
    step = ceil_div(ceil_div(k, ceil_div(k, DEPTH[vector_bytes])), 16) * 16
    share = (step + SLACK) * (width + CHUNK)
    turned = b[1] != dtype.itemsize
    run = kernel(product, "f32" if dtype.itemsize == 4 else "f64", turned)
    parts = ceil_div(all_panels, panels)
    each = parts * row_blocks
    settings = (panels, parts, block, step, share, biased, add or biased, each, inner)
    strides = (outer_strides[0], inner_strides[0], outer_strides[1], inner_strides[1], m * c_row)
    return Plan(run, each * outer * inner, table(m, n, k, *a, *b, c_row, *settings, *strides), share)


def prepared(
    a: Array, b: Array, bias: Array | None, c_row: int | None = None, add: bool = False
) -> Callable[..., Array]:
    """`run(a, b, bias, out=None)`: `multiply` of operands of these shapes, strides and dtypes; `c_row` is out's stride."""
    (m, k), n, dtype = a.shape, b.shape[1], a.dtype
    turned = a.strides[1] != dtype.itemsize and n > LEAST and (a.size >= TURNED or a.strides[1] % PAGE == 0)
    rows = rows_of(a) if turned else a
    row = n * dtype.itemsize if c_row is None else c_row
    made = plan(m, n, k, dtype, rows.strides, b.strides, row, bias is not None, add)

    def run(a: Array, b: Array, bias: Array | None, out: Array | None = None) -> Array:
        c = empty((m, n), dtype) if out is None else out
        return _run(made, rows_of(a) if turned else a, b, c, c if bias is None else bias)

    return run


def multiply(a: Array, b: Array, bias: Array | None = None, out: Array | None = None, add: bool = False) -> Array:
    """a (m, k) @ b (k, n), + `bias` (n), or added to `out` if `add`; of one dtype, b dense along one axis, k > 0."""
    return prepared(a, b, bias, None if out is None else out.strides[0], add)(a, b, bias, out)


def prepared_stacks(
    a: Array, b: Array, stack: tuple[tuple[int, ...], ...], lead: tuple[int, ...]
) -> Callable[..., Array]:
    """`run(a, b, None)`: a (..., m, k) @ b (..., k, n) with leading axes `lead`, for operands like these.

    Each matrix of b is dense along one axis, k > 0.
    """
    (m, k), n, dtype = a.shape[-2:], b.shape[-1], a.dtype
    made = plan(m, n, k, dtype, a.strides[-2:], b.strides[-2:], n * dtype.itemsize, False, False, stack)

    def run(a: Array, b: Array, bias: None) -> Array:
        c = empty((*lead, m, n), dtype)
        return _run(made, a, b, c, c)

    return run


def _run(made: Plan, a: Array, b: Array, c: Array, bias: Array) -> Array:
    from flambeau.kernels.threads import slots

    run, tasks, numbers, share = made
    scratch = empty((share * (slots() if tasks > 1 else 1),), a.dtype)
    run(tasks, numbers, a, b, c, bias, scratch)
    return c


def stack_of(a: Array, b: Array, lead: tuple[int, ...]) -> tuple[tuple[int, ...], ...] | None:
    """The axes of stacks broadcast to `lead`, merged where they can be: sizes and strides of both; None if over two."""
    axes: list[tuple[int, int, int]] = []
    strides = (np.broadcast_to(x, (*lead, *x.shape[-2:])).strides for x in (a, b))
    for size, one, two in zip(lead, *strides, strict=False):
        if size == 1:
            continue
        if axes and axes[-1][1:] == (one * size, two * size):
            axes[-1] = (axes[-1][0] * size, one, two)
        else:
            axes.append((size, one, two))
    return tuple(axes or [(1, 0, 0)]) if len(axes) <= 2 else None
