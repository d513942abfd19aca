"""A step of a recurrent layer, in one kernel: the product with the hidden state, then the cell.

A task computes all gates of some hidden units. The weights are packed so that the columns of a
task stand together; the cell's formula is the function of arrays that NumPy runs, traced.
"""

from __future__ import annotations

from hashlib import sha256
from marshal import dumps

import numpy as np

from flambeau.kernels import tile
from flambeau.kernels.cells import CELLS, GATED, STATES, Place
from flambeau.kernels.emit import BITS, Module, Value
from flambeau.kernels.entry import Kernel, Task, kernel, table
from flambeau.kernels.loops import inline
from flambeau.kernels.pool import empty

Array = np.ndarray


def vectors(parts: int) -> int:
    """Vectors of units of a task: enough that the product's columns fill a tile."""
    return max(4 // parts, 1)


def step(name: str, header: int, cell_name: str, kind: str, digest: str) -> str:
    """The kernel of one step: columns = a (a_count, depth) @ weights + bias, then the cell; `digest` of its body."""
    from flambeau.kernels.compile import engine

    cell, size = CELLS[cell_name], BITS[kind] // 8
    lanes = engine().vector_bytes // size
    module = Module()
    wide = vectors(cell.parts)
    rows = tile.SIZES[engine().vector_bytes].get(cell.parts * wide)
    if rows is None:
        multiply = tile.multiplier(module, kind, engine().vector_bytes)
    else:
        multiply = tile.strip(module, kind, lanes, cell.parts * wide, rows, even=True)
    sizes = ("count", "first", "a_count", "a_first", "depth", "hidden", "width", "share")
    task = Task(module, name, ("a", "weights", "bias", "scratch", *cell.arrays), sizes)
    fn = task.fn
    zero = fn.const(0, "i64")
    columns = fn.const(cell.parts * wide * lanes, "i64")
    scratch = fn.offset(task["scratch"], task.worker * task["share"] * size)
    weights = fn.offset(task["weights"], task.task * task["depth"] * columns * size)
    bias = fn.offset(task["bias"], task.task * columns * size)
    first_unit = task.task * (wide * lanes)

    def line(array: str, r: Value) -> Value:
        row = r if array in STATES else task["first"] + r
        width = task["width"] if array in GATED else task["hidden"]
        return fn.offset(task[array], row * width * size)

    row = columns * size
    with fn.loop(zero, task["count"]) as r, fn.loop(zero, columns, lanes) as at:
        fn.store(fn.load(fn.offset(bias, at * size), kind, lanes), fn.offset(scratch, r * row + at * size))
    given = {
        "a": fn.offset(task["a"], task["a_first"] * task["depth"] * size), "b": weights, "c": scratch,
        "a_row": task["depth"] * size, "a_step": fn.const(size, "i64"), "b_row": row, "c_row": row,
        "rows": task["a_count"], "columns": columns, "depth": task["depth"], "add": fn.const(1, "i64"),
    }  # fmt: skip
    tile.call(fn, multiply, given)
    with fn.loop(zero, task["count"]) as r, fn.loop(zero, fn.const(wide * lanes, "i64"), lanes) as at:
        unit = first_unit + at
        inside = fn.lane_index(lanes) + unit.splat(lanes) < task["hidden"].splat(lanes)
        products = [
            fn.load(fn.offset(scratch, r * row + (at + part * wide * lanes) * size), kind, lanes)
            for part in range(cell.parts)
        ]

        def place(p: Place, r: Value = r, unit: Value = unit) -> Value:
            return fn.offset(line(p.array, r), (task["hidden"] * p.gate + unit) * size)

        reads = [fn.load_masked(place(p), kind, inside) for p in cell.reads]
        for p, value in zip(cell.writes, inline(fn, cell.body, [*products, *reads]), strict=True):
            fn.store_masked(value, place(p), inside)
    return task.finish(header)


class Runner:
    """The steps of one direction of one layer: weights packed, scratch at hand."""

    def __init__(self, cell: str, weights: Array, bias: Array | None, rows: int, arrays: dict[str, Array]) -> None:
        """`weights` (depth, parts, hidden), `bias` (parts, hidden), `rows` at most; the arrays of all steps."""
        from flambeau.kernels.compile import engine
        from flambeau.kernels.threads import slots

        depth, parts, hidden = weights.shape
        dtype = weights.dtype
        units = vectors(parts) * engine().vector_bytes // dtype.itemsize
        self.tasks = -(-hidden // units)
        self.weights = _packed(weights, self.tasks, units)
        self.bias = np.zeros(self.tasks * parts * units, dtype)
        if bias is not None:
            self.bias[...] = _packed(bias[None], self.tasks, units).reshape(-1)
        share = rows * parts * units
        self.scratch = empty((share * slots(),), dtype)
        self.arrays = [arrays[name] for name in CELLS[cell].arrays]
        width = max(each.shape[1] for each in self.arrays)
        self.numbers = table(0, 0, 0, 0, depth, hidden, width, share)
        digest = sha256(dumps(CELLS[cell].body.__code__)).hexdigest()[:16]  # the cache on disk knows the kernels alone
        self.run: Kernel = kernel(step, cell, "f32" if dtype.itemsize == 4 else "f64", digest)

    def __call__(self, a: Array, a_first: int, a_count: int, first: int, count: int) -> None:
        """One step of rows `first` to `first + count`; the first `a_count` of them have a row of `a`."""
        numbers = self.numbers
        numbers[0], numbers[1], numbers[2], numbers[3] = count, first, a_count, a_first
        self.run(self.tasks, numbers, a, self.weights, self.bias, self.scratch, *self.arrays)


def _packed(weights: Array, tasks: int, units: int) -> Array:
    """(depth, parts, hidden) as (tasks, depth, parts, units), filled with zeros."""
    depth, parts, hidden = weights.shape
    result = empty((tasks, depth, parts, units), weights.dtype)
    whole = hidden // units
    result[:whole] = weights[:, :, : whole * units].reshape(depth, parts, whole, units).transpose(2, 0, 1, 3)
    if whole < tasks:
        result[whole:] = 0
        result[whole, :, :, : hidden - whole * units] = weights[:, :, whole * units :]
    return result
