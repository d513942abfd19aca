"""Binary search of many values at once: their chains of comparisons run side by side."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from flambeau.kernels.emit import BITS, Module, Value
from flambeau.kernels.entry import Kernel, Task, division, kernel, table
from flambeau.kernels.gather import KINDS
from flambeau.kernels.pool import empty

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
    zero, one = fn.const(0, "i64"), fn.const(1, "i64")

    def less(a: Value, b: Value) -> Value:
        found = a < b
        return found | (b.isnan() & ~a.isnan()) if a.is_float else found

    def some(i: Value, count: int) -> None:
        values = [fn.load(fn.offset(task["values"], (i + k) * size), kind) for k in range(count)]
        bases = [fn.offset(task["boundaries"], (i + k).udiv(task["row"]) * task["length"] * size) for k in range(count)]
        slots = [fn.slot("i64") for _ in range(count)]
        left = fn.slot("i64")
        for slot in slots:
            fn.store(zero, slot, slot=True)
        fn.store(task["length"], left, slot=True)

        def step(half: Value) -> None:
            for value, base, slot in zip(values, bases, slots, strict=True):
                at = fn.load_slot(slot, "i64")
                boundary = fn.load(fn.offset(base, (at + half - 1) * size), kind)
                passed = ~less(value, boundary) if right else less(boundary, value)
                fn.store(at + (half & (zero - passed.convert("i64"))), slot, slot=True)

        with fn.repeat(lambda: fn.load_slot(left, "i64") > 1):
            length = fn.load_slot(left, "i64")
            half = length >> 1
            step(half)
            fn.store(length - half, left, slot=True)
        step(one)
        for k, slot in enumerate(slots):
            fn.store(fn.load_slot(slot, "i64"), fn.offset(task["places"], (i + k) * 8))

    whole = first + ((last - first) & -SIDE)
    with fn.loop(first, whole, SIDE) as i:
        some(i, SIDE)
    with fn.loop(whole, last) as i:
        some(i, 1)
    return task.finish(header)


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
