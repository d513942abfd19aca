"""Binary search of many values at once: their chains of comparisons run side by side."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from flambeau.kernels.emit import BITS, Module, Value, llvm_type
from flambeau.kernels.entry import Kernel, Task, division, kernel, table
from flambeau.kernels.gather import KINDS
from flambeau.kernels.pool import empty
from flambeau.kernels.scan import packed

SIDE = 8
SHARE = 1 << 11
"""Values that are worth a task."""


def search(name: str, header: int, kind: str, right: bool) -> str:
    """`boundaries, values, places`: how many boundaries of a value's row are less than it (`right`: not greater).

    NaN is greater than all numbers.
    """
    task = Task(Module(), name, ("boundaries", "values", "places"), ("count", "length", "row", "share"))
    fn, size = task.fn, BITS[kind] // 8
    first = task.task * task["share"]
    last = fn.minimum(first + task["share"], task["count"])

    def passes(boundary: Value, value: Value, *, ordered: bool) -> Value:
        """Whether the value goes behind the boundary; `ordered`: it is not NaN."""
        if ordered or not value.is_float:  # of a NaN boundary, these are false
            return boundary <= value if right else boundary < value
        return value.isnan() if right else ~boundary.isnan()

    def some(i: Value, lanes: int, *, ordered: bool) -> None:
        """Places of some values, in a vector: what is kept of each is its boundary's place in bytes."""
        value = fn.load(fn.offset(task["values"], i * size), kind, lanes)
        rows = [(i + k).udiv(task["row"]) * task["length"] * size for k in range(lanes)]
        base = packed(rows) if lanes > 1 else rows[0]
        place, left = fn.slot("i64", lanes), fn.slot("i64")
        fn.store(fn.const(0, "i64", lanes), place, slot=True)
        fn.store(task["length"] * size, left, slot=True)

        def step(half: Value) -> None:
            at = fn.load_slot(place, "i64", lanes)
            boundary = gathered(task["boundaries"], base + at + (half - size).splat(lanes), kind)
            behind = passes(boundary, value, ordered=ordered)
            fn.store(behind.select(at + half.splat(lanes), at), place, slot=True)

        with fn.repeat(lambda: fn.load_slot(left, "i64") > size):
            length = fn.load_slot(left, "i64")
            half = (length >> 1) & -size
            step(half)
            fn.store(length - half, left, slot=True)
        step(fn.const(size, "i64"))
        found = fn.load_slot(place, "i64", lanes) >> (size.bit_length() - 1)
        fn.store(found, fn.offset(task["places"], i * 8))

    def checked(i: Value, count: int) -> None:
        if kind[0] != "f":
            some(i, count, ordered=True)
            return
        value = fn.load(fn.offset(task["values"], i * size), kind, count)
        nan = value.isnan().fold(lambda x, y: x | y)
        with fn.when(~nan):
            some(i, count, ordered=True)
        with fn.when(nan), fn.loop(i, i + count) as k:
            one = fn.load(fn.offset(task["values"], k * size), kind).isnan()
            with fn.when(one):
                some(k, 1, ordered=False)
            with fn.when(~one):
                some(k, 1, ordered=True)

    whole = first + ((last - first) & -SIDE)
    with fn.loop(first, whole, SIDE) as i:
        checked(i, SIDE)
    with fn.loop(whole, last) as i:
        checked(i, 1)
    return task.finish(header)


def gathered(base: Value, at: Value, kind: str) -> Value:
    """The elements at places in bytes, a lane each."""
    fn, lanes = base.fn, at.lanes
    if lanes == 1:
        return fn.load(fn.offset(base, at), kind)
    pointers, vector = fn.offsets(base, at), llvm_type(kind, lanes)
    mask = fn.const(1, "i1", lanes)
    name = f"llvm.masked.gather.v{lanes}{'f' if kind[0] == 'f' else 'i'}{BITS[kind]}.v{lanes}p0"
    fn.module.declare(name, vector, f"{pointers.type}, i32, {mask.type}, {vector}")
    text = f"call {vector} @{name}({pointers.type} {pointers.ref}, i32 1, {mask.type} {mask.ref}, {vector} poison)"
    return fn.op(text, kind, lanes)


class Plan(NamedTuple):
    run: Kernel
    tasks: int
    integers: np.ndarray


@lru_cache(1024)
def plan(dtype: np.dtype, count: int, length: int, row: int, right: bool) -> Plan | None:
    kind = KINDS.get(dtype.str[1:])
    if kind is None:
        return None
    tasks = division(count, SHARE)
    return Plan(kernel(search, kind, right), tasks, table(count, length, row, -(-count // max(tasks, 1))))


def places(boundaries: np.ndarray, values: np.ndarray, right: bool) -> np.ndarray | None:
    """Where `values` go into ordered, non-empty rows of `boundaries`: one row for all, or one for each of their rows.

    Both are contiguous and of one dtype; None if there is no kernel for it.
    """
    row = values.size if boundaries.ndim == 1 else values.shape[-1]
    found = plan(values.dtype, values.size, boundaries.shape[-1], row, right)
    if found is None:
        return None
    result = empty(values.shape, np.dtype(np.int64))
    found.run(found.tasks, found.integers, boundaries, values, result)
    return result
