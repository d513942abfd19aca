"""Products of matrices: columns in panels that are packed as they are needed, rows as they lie.

A task has some panels of columns and a block of rows. It copies a panel, as many rows deep as the
second-level cache likes, so that `tile.multiplier` reads it from front to back; a transposed factor
is turned round on the way, a square of vectors at a time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from flambeau.kernels import tile
from flambeau.kernels.emit import BITS, Function, Module, Value
from flambeau.kernels.entry import Kernel, Task, kernel, table
from flambeau.kernels.gemm import transposed
from flambeau.kernels.pool import empty

Array = np.ndarray
DEPTH = 800
"""How deep a packed panel is at most."""
ROWS = 512
"""Rows of a task at most: a panel is packed once for them."""
TASKS = 32
"""Tasks wanted: so many that the threads are done at about the same time."""
ALIGNED = 24
"""Rows of a block are a multiple of this: whole tiles."""
INTEGERS = (
    *("rows", "columns", "depth", "a_row", "a_step", "b_row", "b_step", "c_row"),
    *("panels", "row_blocks", "block", "step", "share", "biased", "add"),
)


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
    zero = fn.const(0, "i64")
    with fn.loop(zero, columns, lanes) as j, fn.loop(zero, depth, lanes) as k:
        mask = fn.lane_index(lanes) + k.splat(lanes) < depth.splat(lanes)
        rows = []
        for lane in range(lanes):
            there = fn.minimum(j + lane, columns - 1)  # what is read twice is masked off in the product
            rows.append(fn.load_masked(fn.offset(source, there * step + k * size), kind, mask))
        for lane, column in enumerate(transposed(rows)):
            fn.store(column, fn.offset(panel, ((k + lane) * width + j) * size))


class _Panels:
    """The kernel being written."""

    def __init__(self, name: str, kind: str, turned: bool) -> None:
        from flambeau.kernels.compile import engine

        vector_bytes = engine().vector_bytes
        self.kind, self.size, self.lanes = kind, BITS[kind] // 8, vector_bytes * 8 // BITS[kind]
        self.vectors = max(tile.SIZES[vector_bytes])
        self.width = self.vectors * self.lanes
        self.turned = turned
        self.module = Module()
        self.multiply = tile.multiplier(self.module, kind, vector_bytes)
        self.task = Task(self.module, name, ("a", "b", "c", "bias", "scratch"), INTEGERS)
        self.fn = self.task.fn
        self.zero = self.fn.const(0, "i64")

    def inside(self, first: Value, stop: Value) -> Value:
        return self.fn.lane_index(self.lanes) + first.splat(self.lanes) < stop.splat(self.lanes)

    def pack(self, source: Value, panel: Value, columns: Value, depth: Value) -> None:
        """A panel's columns, whose neighbours stand `b_step` bytes apart, rows `b_row`; short ones filled with 0."""
        fn, task, lanes = self.fn, self.task, self.lanes
        pitch = self.width * self.size
        if not self.turned:
            masks = [self.inside(fn.const(v * lanes, "i64"), columns) for v in range(self.vectors)]
            with fn.loop(self.zero, depth) as k:
                line, to = fn.offset(source, k * task["b_row"]), fn.offset(panel, k * pitch)
                for v, mask in enumerate(masks):
                    at = v * lanes * self.size
                    fn.store(fn.load_masked(fn.offset(line, at), self.kind, mask), fn.offset(to, at))
            return
        turn(fn, self.kind, lanes, source, task["b_step"], panel, self.width, columns, depth)

    def start(self, c: Value, rows: Value, bias: Value, columns: Value) -> None:
        """Rows of c begin with the bias."""
        fn, lanes = self.fn, self.lanes
        with fn.loop(self.zero, columns, lanes) as j:
            mask = self.inside(j, columns)
            value = fn.load_masked(fn.offset(bias, j * self.size), self.kind, mask)
            with fn.loop(self.zero, rows) as i:
                fn.store_masked(value, fn.offset(c, i * self.task["c_row"] + j * self.size), mask)

    def write(self) -> None:
        fn, task = self.fn, self.task
        part, block = task.task.udiv(task["row_blocks"]), task.task.urem(task["row_blocks"])
        first_row = block * task["block"]
        rows = fn.minimum(task["block"], task["rows"] - first_row)
        panel = fn.offset(task["scratch"], task.worker * task["share"] * self.size)
        first = part * task["panels"] * self.width
        last = fn.minimum(first + task["panels"] * self.width, task["columns"])
        with fn.loop(first, last, self.width) as j:
            columns = fn.minimum(last - j, last.like(self.width))
            c = fn.offset(task["c"], first_row * task["c_row"] + j * self.size)
            with fn.when(task["biased"].ne(0)):
                self.start(c, rows, fn.offset(task["bias"], j * self.size), columns)
            with fn.loop(self.zero, task["depth"], task["step"]) as k:
                depth = fn.minimum(task["step"], task["depth"] - k)
                self.pack(fn.offset(task["b"], k * task["b_row"] + j * task["b_step"]), panel, columns, depth)
                given = {
                    "a": fn.offset(task["a"], first_row * task["a_row"] + k * task["a_step"]), "b": panel, "c": c,
                    "a_row": task["a_row"], "a_step": task["a_step"], "c_row": task["c_row"],
                    "b_row": fn.const(self.width * self.size, "i64"),
                    "rows": rows, "columns": columns, "depth": depth, "add": (k > 0).select(k.like(1), task["add"]),
                }  # fmt: skip
                tile.call(fn, self.multiply, given)


def product(name: str, header: int, kind: str, turned: bool) -> str:
    """The kernel of c = a @ b (+ c or bias); `turned`: neighbours in memory are along b's rows' index."""
    panels = _Panels(name, kind, turned)
    panels.write()
    return panels.task.finish(header)


def _ceil(a: int, b: int) -> int:
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
    m: int, n: int, k: int, dtype: np.dtype, a: tuple[int, ...], b: tuple[int, ...], c_row: int, biased: bool, add: bool
) -> Plan:
    """For strides `a`, `b`, `c_row` in bytes."""
    from flambeau.kernels.compile import engine

    vector_bytes = engine().vector_bytes
    width = max(tile.SIZES[vector_bytes]) * vector_bytes // dtype.itemsize
    all_panels, row_blocks = _ceil(n, width), _ceil(m, ROWS)
    panels = max(all_panels * row_blocks // TASKS, 1)
    block = _ceil(_ceil(m, row_blocks), ALIGNED) * ALIGNED
    row_blocks = _ceil(m, block)
    step = _ceil(_ceil(k, _ceil(k, DEPTH)), 16) * 16
    share = (step + 16) * width
    turned = b[1] != dtype.itemsize
    run = kernel(product, "f32" if dtype.itemsize == 4 else "f64", turned)
    settings = (panels, row_blocks, block, step, share, biased, add or biased)
    return Plan(run, _ceil(all_panels, panels) * row_blocks, table(m, n, k, *a, *b, c_row, *settings), share)


def multiply(a: Array, b: Array, bias: Array | None = None, out: Array | None = None, add: bool = False) -> Array:
    """a (m, k) @ b (k, n), + `bias` (n), or added to `out` if `add`; of one dtype, b dense along one axis, k > 0."""
    from flambeau.kernels.threads import slots

    (m, k), n, dtype = a.shape, b.shape[1], a.dtype
    c = empty((m, n), dtype) if out is None else out
    run, tasks, numbers, share = plan(m, n, k, dtype, a.strides, b.strides, c.strides[0], bias is not None, add)
    scratch = empty((share * (slots() if tasks > 1 else 1),), dtype)
    run(tasks, numbers, a, b, c, c if bias is None else bias, scratch)
    return c
