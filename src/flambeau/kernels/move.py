"""Copies between arrays of any strides and dtypes, on all threads.

The axes are put in the order in which the target lies in memory, and those that follow one another in both arrays are
made one. Along the innermost axis of the target, its row, elements of the source are neighbours, one and the same, in
reverse order, or anywhere; where another axis of the source has the neighbours, squares of vectors are turned round.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from flambeau.kernels.emit import BITS, Function, Module, Value
from flambeau.kernels.entry import ALONE, Kernel, Task, kernel, table
from flambeau.kernels.gemm import transposed
from flambeau.kernels.step import from_memory, memory_kind, to_memory

Sizes = tuple[int, ...]
OUTER = 4
"""Axes around the two innermost, at most."""
UNIT = 1 << 13
"""Elements of a unit of work, about."""
SHARE = 1 << 15
"""Elements that are worth a task."""
LINES = 64
"""Rows of the target that a unit of turned squares has."""
LEAST_LINE = 4
"""Neighbours in the source for which it pays to turn squares round."""
OTHER = ("next_size", "next_from", "next_to", "next_part", "next_parts")
"""The axis around a row, cut into parts; or, of turned squares, the axis along which the source has neighbours."""
INTEGERS = (
    *("units", "share", "length", "part", "parts", "from_step", *OTHER),
    *(f"{name}{axis}" for axis in range(OUTER) for name in ("size", "from", "to")),
)
"""Lengths are elements, of which a unit has a part; what leads from one place to another is bytes."""
WAYS = ("along", "same", "back", "anywhere", "turned")


class _Mover:
    """The kernel being written."""

    def __init__(self, name: str, way: str, source: str, target: str) -> None:
        from flambeau.kernels.compile import engine

        self.source, self.target = source, target
        self.size_from, self.size_to = (BITS[memory_kind(each)] // 8 for each in (source, target))
        self.way = way
        self.lanes = engine().vector_bytes // max(self.size_from, self.size_to)
        self.task = Task(Module(), name, ("source", "target"), INTEGERS)
        self.fn: Function = self.task.fn
        self.zero = self.fn.const(0, "i64")

    def write(self) -> None:
        fn, task = self.fn, self.task
        first = task.task * task["share"]
        with fn.loop(first, fn.minimum(first + task["share"], task["units"])) as unit:
            rest, part = unit.udiv(task["parts"]), unit.urem(task["parts"])
            rest, next_part = rest.udiv(task["next_parts"]), rest.urem(task["next_parts"])
            begin, next_begin = part * task["part"], next_part * task["next_part"]
            source = begin * task["from_step"] + next_begin * task["next_from"]
            target = begin * self.size_to + next_begin * task["next_to"]
            for axis in reversed(range(OUTER)):
                index, rest = rest.urem(task[f"size{axis}"]), rest.udiv(task[f"size{axis}"])
                source, target = source + index * task[f"from{axis}"], target + index * task[f"to{axis}"]
            length = fn.minimum(task["part"], task["length"] - begin)
            count = fn.minimum(task["next_part"], task["next_size"] - next_begin)
            here, there = fn.offset(task["source"], source), fn.offset(task["target"], target)
            if self.way == "turned":
                self.turned(here, there, length, count)
            else:
                with fn.loop(self.zero, count) as i:
                    self.row(fn.offset(here, i * task["next_from"]), fn.offset(there, i * task["next_to"]), length)

    def converted(self, value: Value) -> Value:
        return value if self.source == self.target else to_memory(from_memory(value, self.source), self.target)

    def row(self, source: Value, target: Value, length: Value) -> None:
        fn, kind, lanes = self.fn, memory_kind(self.source), self.lanes
        whole = length & -lanes
        same = self.converted(fn.load(source, kind)).splat(lanes) if self.way == "same" else None

        def load(at: Value, mask: Value | None) -> Value:
            if same is not None:
                return same
            if self.way == "anywhere":
                places = (at.splat(lanes) + fn.lane_index(lanes)) * self.task["from_step"].splat(lanes)
                return self.converted(
                    fn.load_masked(fn.offsets(source, places), kind, mask or fn.const(1, "i1", lanes))
                )
            there = fn.offset(source, at * self.size_from)
            return self.converted(fn.load(there, kind, lanes) if mask is None else fn.load_masked(there, kind, mask))

        def store(value: Value, at: Value, mask: Value | None) -> None:
            there = fn.offset(target, at * self.size_to)
            if mask is None:
                fn.store(value, there)
            else:
                fn.store_masked(value, there, mask)

        if self.way == "back":
            with fn.loop(self.zero, whole, lanes) as at:
                value = fn.load(fn.offset(source, -((at + (lanes - 1)) * self.size_from)), kind, lanes)
                store(self.converted(value.shuffle(value, [*range(lanes)][::-1])), at, None)
            with fn.loop(whole, length) as at:
                value = self.converted(fn.load(fn.offset(source, -(at * self.size_from)), kind))
                fn.store(value, fn.offset(target, at * self.size_to))
            return
        with fn.loop(self.zero, whole, lanes) as at:
            store(load(at, None), at, None)
        with fn.when(whole < length):
            mask = fn.first_lanes(length - whole, memory_kind(self.target), lanes)
            store(load(whole, mask), whole, mask)

    def turned(self, source: Value, target: Value, length: Value, count: Value) -> None:
        """`count` lines of the source's neighbours, which are rows of the target, of `length` elements."""
        fn, task, kind, lanes, size = self.fn, self.task, memory_kind(self.source), self.lanes, self.size_from
        with fn.loop(self.zero, count, lanes) as i, fn.loop(self.zero, length, lanes) as j:
            mask = fn.first_lanes(count - i, kind, lanes)
            lines = []
            for lane in range(lanes):
                at = fn.minimum(j + lane, length - 1) * task["from_step"] + i * size
                lines.append(fn.load_masked(fn.offset(source, at), kind, mask))
            for lane, row in enumerate(transposed(lines)):
                with fn.when(i + lane < count):
                    fn.store_first(row, fn.offset(target, (i + lane) * task["next_to"] + j * size), length - j)


def mover(name: str, header: int, way: str, source: str, target: str) -> str:
    """The kernel of copies from dtype to dtype, of which a task does some units."""
    writer = _Mover(name, way, source, target)
    writer.write()
    return writer.task.finish(header)


class Axis(NamedTuple):
    size: int
    source: int
    target: int


def _axes(shape: Sizes, source: Sizes, target: Sizes) -> list[Axis]:
    """The axes in the order of the target's memory, outermost first, as few as they can be."""
    found: list[Axis] = []
    for axis in sorted(
        (Axis(*each) for each in zip(shape, source, target, strict=True) if each[0] != 1),
        key=lambda axis: (-abs(axis.target), -abs(axis.source)),
    ):
        if found:
            outer = found[-1]
            if outer.target == axis.size * axis.target and outer.source == axis.size * axis.source:
                found[-1] = Axis(outer.size * axis.size, axis.source, axis.target)
                continue
        found.append(axis)
    return found


class Plan(NamedTuple):
    run: Kernel
    tasks: int
    numbers: np.ndarray


def _parts(size: int, most: int) -> tuple[int, int]:
    """Into how many parts of at most `most` an axis is cut, and how large these are."""
    parts = -(-size // max(1, most))
    part = -(-size // parts)
    return -(-size // part), part


@lru_cache(2048)
def plan(shape: Sizes, source: Sizes, target: Sizes, from_dtype: np.dtype, to_dtype: np.dtype) -> Plan | None:
    """How to copy between arrays of these strides, if the kernels do."""
    if not prod(shape) or not _converts(from_dtype, to_dtype):
        return None
    axes = _axes(shape, source, target)
    if not axes:
        return None
    *rest, row = axes
    item = from_dtype.itemsize
    if row.target != to_dtype.itemsize or any(each.target <= 0 for each in axes):
        return None
    way = {item: "along", 0: "same", -item: "back"}.get(row.source, "anywhere")
    following = Axis(1, 0, 0)
    if way == "anywhere":
        lines = next((each for each in rest if each.source == item and each.size >= LEAST_LINE), None)
        if lines is not None and row.size >= LEAST_LINE and from_dtype == to_dtype and item in (4, 8):
            way, following = "turned", lines
            rest.remove(lines)
        elif item < 4 or to_dtype.itemsize < 4:
            return None
    if way != "turned" and rest:
        following = rest.pop()
    if len(rest) > OUTER:
        return None
    if way == "turned":
        next_parts, next_part = _parts(following.size, LINES)
        parts, part = _parts(row.size, max(LINES, UNIT // next_part))
    else:
        parts, part = _parts(row.size, UNIT)
        next_parts, next_part = _parts(following.size, UNIT // part)
    units = prod(each.size for each in rest) * parts * next_parts
    share = max(1, SHARE // (part * next_part))
    numbers = [units, share, row.size, part, parts, row.source]
    numbers += [*following, next_part, next_parts]
    for each in [Axis(1, 0, 0)] * (OUTER - len(rest)) + rest:
        numbers += each
    tasks = -(-units // share)
    return Plan(kernel(mover, way, from_dtype.name, to_dtype.name), tasks if tasks > 1 else ALONE, table(*numbers))


def _converts(source: np.dtype, target: np.dtype) -> bool:
    """Whether the kernels know the dtypes; to float16 only from what float32 holds, so that nothing is rounded twice."""
    if not all(each.isnative and (each.kind in "biuf" or each.name == "bfloat16") for each in (source, target)):
        return False
    return target.name != "float16" or source == target or source.name in ("float32", "bfloat16")


def copy(target: np.ndarray, source: np.ndarray) -> bool:
    """Write `source` over `target`, of one shape and without memory in common; False if the kernels do not."""
    found = plan(target.shape, source.strides, target.strides, source.dtype, target.dtype)
    if found is None:
        return False
    found.run(found.tasks, found.numbers, source, target)
    return True
