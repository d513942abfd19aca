"""x @ w.T + bias for a few rows of x, as layers compute it: w is read once, as it lies, and never copied.

The product is computed the other way round: rows of w times columns of a turned copy of x, which each thread makes
once and keeps in its cache. A block of sums is turned back as it is written.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from flambeau.kernels import tile
from flambeau.kernels.emit import BITS, Module
from flambeau.kernels.entry import Kernel, Task, kernel, table
from flambeau.kernels.gemm import transposed
from flambeau.kernels.matmul import turn
from flambeau.kernels.pool import empty

Array = np.ndarray
GROUP = 48
"""Rows of w of a block: whole tiles and whole vectors of every size in `tile.SIZES`."""
PANEL = 3 << 13
"""Bytes of the turned copy that are multiplied at a time: they stay in the first cache."""
ROOM = 1 << 20
"""Bytes of scratch memory at least: of about one size, one block of the pool serves all the layers of a model."""
MOST = 8
"""Tasks at most: a kernel's threads have scratch for no fewer."""
INTEGERS = ("rows", "columns", "depth", "x_row", "w_row", "y_row", "groups", "share", "pitch")


def few_rows(name: str, header: int, kind: str, biased: bool) -> str:
    """The kernel of y = x @ w.T (+ bias), `name(table, x, w, [bias,] y, scratch)`."""
    from flambeau.kernels.compile import engine

    vector_bytes = engine().vector_bytes
    size, lanes = BITS[kind] // 8, vector_bytes * 8 // BITS[kind]
    vectors = max(tile.SIZES[vector_bytes])
    width, step = vectors * lanes, PANEL // (vectors * vector_bytes)
    module = Module()
    multiply = tile.multiplier(module, kind, vector_bytes, padded=True)
    task = Task(module, name, ("x", "w", *(["bias"] if biased else []), "y", "scratch"), INTEGERS)
    fn, zero = task.fn, task.fn.const(0, "i64")
    rows, columns, depth = task["rows"], task["columns"], task["depth"]
    sums = fn.offset(task["scratch"], task.worker * task["share"] * size)
    copy = fn.offset(sums, GROUP * width * size)
    line = fn.const(width * size, "i64")
    with task.once(), fn.loop(zero, rows, width) as p:
        source, panel = fn.offset(task["x"], p * task["x_row"]), fn.offset(copy, p * task["pitch"] * size)
        turn(fn, kind, lanes, source, task["x_row"], panel, width, fn.minimum(rows - p, line.like(width)), depth)
    first = task.task * task["groups"] * GROUP
    last = fn.minimum(first + task["groups"] * GROUP, columns)
    with fn.loop(first, last, GROUP) as g, fn.loop(zero, rows, width) as p:
        some, across = fn.minimum(last - g, last.like(GROUP)), fn.minimum(rows - p, rows.like(width))
        w, panel = fn.offset(task["w"], g * task["w_row"]), fn.offset(copy, p * task["pitch"] * size)
        with fn.loop(zero, depth, step) as k:
            given = {
                "a": fn.offset(w, k * size), "b": fn.offset(panel, k * (width * size)), "c": sums,
                "a_row": task["w_row"], "a_step": fn.const(size, "i64"), "b_row": line, "c_row": line,
                "rows": some, "columns": across, "depth": fn.minimum(depth - k, depth.like(step)),
                "add": (k > 0).convert("i64"),
            }  # fmt: skip
            tile.call(fn, multiply, given)
        with fn.loop(zero, some, lanes) as j:
            mask = fn.first_lanes(some - j, kind, lanes)
            at = (g + j) * size
            start = fn.load_masked(fn.offset(task["bias"], at), kind, mask) if biased else None
            with fn.loop(zero, across, lanes) as i:
                block = [fn.load(fn.offset(sums, (j + r) * line + i * size), kind, lanes) for r in range(lanes)]
                for r, value in enumerate(transposed(block)):
                    with fn.when(i + r < across):
                        place = fn.offset(fn.offset(task["y"], (p + i + r) * task["y_row"]), at)
                        fn.store_first(value if start is None else value + start, place, some - j)
    return task.finish_counted(header)


class Plan(NamedTuple):
    """How a product of given sizes and strides is cut."""

    run: Kernel
    numbers: Array
    scratch: int
    """Elements of scratch memory, of all threads."""


@lru_cache(1024)
def plan(m: int, n: int, k: int, dtype: np.dtype, x_row: int, w_row: int, biased: bool) -> Plan:
    """For rows of x and w so many bytes apart."""
    from flambeau.kernels.compile import engine

    vector_bytes = engine().vector_bytes
    lanes = vector_bytes // dtype.itemsize
    width = max(tile.SIZES[vector_bytes]) * lanes
    blocks = -(-n // GROUP)
    groups = -(-blocks // MOST)
    tasks = -(-blocks // groups)
    pitch = -(-k // lanes) * lanes
    share = width * (GROUP + -(-m // width) * pitch)
    run = kernel(few_rows, f"f{8 * dtype.itemsize}", biased)
    numbers = table(tasks, m, n, k, x_row, w_row, n * dtype.itemsize, groups, share, pitch)
    return Plan(run, numbers, max(share * tasks, ROOM // dtype.itemsize))


def prepared(x: Array, w: Array, bias: Array | None) -> Callable[[Array, Array, Array | None], Array]:
    """What computes x (m, k) @ y (k, n), + `bias` (n), for operands like x and y = w.T.

    They are of one dtype, rows of x and w contiguous, k > 0.
    """
    (m, k), n, dtype = x.shape, w.shape[0], x.dtype
    kernel, numbers, scratch = plan(m, n, k, dtype, x.strides[0], w.strides[0], bias is not None)

    def run(x: Array, y: Array, bias: Array | None) -> Array:
        made, room = empty((m, n), dtype), empty((scratch,), dtype)
        if bias is None:
            kernel(numbers, x, y, made, room)
        else:
            kernel(numbers, x, y, bias, made, room)
        return made

    return run


def multiply(x: Array, w: Array, bias: Array | None = None) -> Array:
    """x (m, k) @ w.T (k, n), + `bias` (n), as `prepared` says."""
    return prepared(x, w, bias)(x, w.T, bias)
