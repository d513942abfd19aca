"""Reading and writing at positions that arrays of integers give: the loops of gather and scatter.

Everything here is one loop nest over a shape. At each position p it pairs an element of the
indexed array, `a[sum_k index_k[p] * step_k + p . a_strides]`, with an element `b[p . b_strides]`,
and either reads the first into the second or writes, adds, ... the second into the first. Gather,
take, selected rows, `x[i, j]`, scatter and its reductions differ in shapes and strides alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, reduce
from typing import NamedTuple

import numpy as np

from flambeau.kernels.emit import BITS, Function, Module, Value
from flambeau.kernels.entry import ALONE, Kernel, Task, division, kernel, table

GROUPS = 4
"""Loops of a nest; dimensions that lie together in every operand are one."""
SHARE = 1 << 14
"""Elements that are worth a task."""
LINE = 64

Strides = tuple[int, ...]


def _smaller(a: Value, b: Value) -> Value:
    keep = a <= b
    return (keep | a.isnan() if a.is_float else keep).select(a, b)


def _greater(a: Value, b: Value) -> Value:
    keep = a >= b
    return (keep | a.isnan() if a.is_float else keep).select(a, b)


COMBINE: dict[str, Callable[[Value, Value], Value]] = {
    "set": lambda a, b: b,
    "sum": lambda a, b: a + b,
    "prod": lambda a, b: a * b,
    "amin": _smaller,
    "amax": _greater,
}


class Index(NamedTuple):
    """An index operand: its strides over the nest's shape, where a step leads, how many there are."""

    item: int
    strides: Strides
    step: int
    size: int


def nest(
    name: str,
    header: int,
    op: str,
    kind: str,
    items: tuple[int, ...],
    wrap: bool,
    way: str,
    known: tuple[int | None, ...],
) -> str:
    """The kernel of one kind of nest.

    `op` is "get" or a key of COMBINE, `items` the bytes of each index's elements, `wrap` says that
    negative indices count from the end. `way` tells how the innermost loop goes: over "slices"
    (index fixed, both arrays dense), "fill" (the same with one value) or "elements"; `known` are
    its strides, those of `a`, `b` and the indices and the steps of these, where the code may say
    them. Indices are checked: what is outside is left out, and 1 reported.
    """
    count = len(items)
    arrays = ("a", "b", *(f"i{k}" for k in range(count)))
    integers = [f"size{g}" for g in range(GROUPS)]
    integers += [f"{array}{g}" for array in arrays for g in range(GROUPS)]
    integers += [f"{word}{k}" for k in range(count) for word in ("step", "bound")]
    integers += ["chunk", "rows", "blocks", "block"]
    task = Task(Module(), name, arrays, tuple(_word(n) for n in integers))
    fn = task.fn
    chunk, rows, blocks, block = (task[_word(n)] for n in ("chunk", "rows", "blocks", "block"))
    first = task.task.udiv(blocks) * chunk
    last = fn.minimum(first + chunk, rows)
    low = task.task.urem(blocks) * block
    high = fn.minimum(low + block, task[_word(f"size{GROUPS - 1}")])
    loops = _Inner(task, op, kind, items, wrap, known, (low, high))
    with fn.loop(first, last) as row:
        bases = {array: task[array] for array in arrays}
        rest = row
        for g in reversed(range(GROUPS - 1)):
            at = rest
            if g:
                size = task[_word(f"size{g}")]
                at, rest = rest.urem(size), rest.udiv(size)
            for array in arrays:
                bases[array] = fn.offset(bases[array], at * task[_word(f"{array}{g}")])
        getattr(loops, way)(bases)
    return task.finish(header)


def _word(name: str) -> str:
    """The name of an integer, told from the array's."""
    return f"n_{name}"


class _Inner:
    """The innermost loop, over some columns."""

    def __init__(
        self,
        task: Task,
        op: str,
        kind: str,
        items: tuple[int, ...],
        wrap: bool,
        known: tuple[int | None, ...],
        columns: tuple[Value, Value],
    ) -> None:
        self.task, self.fn, self.op, self.kind, self.items, self.wrap = task, task.fn, op, kind, items, wrap
        self.low, self.high = columns
        self.unit = BITS[kind] // 8
        count = len(items)
        names = [f"{array}{GROUPS - 1}" for array in ("a", "b", *(f"i{k}" for k in range(count)))]
        names += [f"step{k}" for k in range(count)]
        self.strides = {
            name: task[_word(name)] if stride is None else self.fn.const(stride, "i64")
            for name, stride in zip(names, known, strict=True)
        }
        self.together = all(stride == item for stride, item in zip(known[2:], items, strict=False))

    def moved(self, bases: dict[str, Value], name: str, at: Value) -> Value:
        return self.fn.offset(bases[name], at * self.strides[f"{name}{GROUPS - 1}"])

    def index(self, k: int, pointer: Value) -> Value:
        """An index, from the end made from the beginning."""
        value = self.fn.load(pointer, f"i{8 * self.items[k]}").convert("i64")
        if self.wrap:
            value = value + ((value >> 63) & self.task[_word(f"bound{k}")])
        return value

    def offset(self, pointers: list[Value]) -> tuple[Value, Value]:
        """Where indices lead in `a`, and whether all are inside."""
        values = [self.index(k, pointer) for k, pointer in enumerate(pointers)]
        fits = [value.convert("u64") < self.task[_word(f"bound{k}")].convert("u64") for k, value in enumerate(values)]
        steps = [value * self.strides[f"step{k}"] for k, value in enumerate(values)]
        return reduce(lambda x, y: x + y, steps), reduce(lambda x, y: x & y, fits)

    def pair(self, a: Value, b: Value, lanes: int = 1) -> None:
        fn = self.fn
        if self.op == "get":
            fn.store(fn.load(a, self.kind, lanes), b)
        else:
            self.combine(a, fn.load(b, self.kind, lanes))

    def combine(self, a: Value, value: Value) -> None:
        fn = self.fn
        if self.op != "set":
            value = COMBINE[self.op](fn.load(a, self.kind, value.lanes), value)
        fn.store(value, a)

    def guarded(self, inside: Value, write: Callable[[], None]) -> None:
        """`write` if the index is inside."""
        with self.fn.when(inside):
            write()
        with self.fn.when(~inside):
            self.task.report(self.fn.const(1, "i64"))

    def element(self, bases: dict[str, Value], i: Value, *, checked: bool) -> None:
        total, inside = self.offset([self.moved(bases, f"i{k}", i) for k in range(len(self.items))])
        a, b = self.fn.offset(self.moved(bases, "a", i), total), self.moved(bases, "b", i)
        if checked:
            self.pair(a, b)
        else:
            self.guarded(inside, lambda: self.pair(a, b))

    def inside(self, bases: dict[str, Value], i: Value, lanes: int) -> Value:
        """Whether the next indices are, which lie together."""
        every = []
        for k, item in enumerate(self.items):
            vector = self.fn.load(self.moved(bases, f"i{k}", i), f"i{8 * item}", lanes)
            bound = self.task[_word(f"bound{k}")]
            if self.wrap:
                vector, bound = vector.convert("i64") + bound.splat(lanes), bound + bound
            if vector.kind == "i32":  # a bound beyond 31 bits is none
                bound = self.fn.minimum(bound, self.fn.const(1 << 31, "i64")).convert("i32")
            unsigned = f"u{vector.kind[1:]}"
            every.append(vector.convert(unsigned) < bound.convert(unsigned).splat(lanes))
        return reduce(lambda x, y: x & y, every).fold(lambda x, y: x & y)

    def elements(self, bases: dict[str, Value]) -> None:
        """Eight at a time; their indices, if they lie together, are checked by vectors."""
        fn, lanes = self.fn, 8

        def eight(i: Value) -> None:
            for lane in range(lanes):
                self.element(bases, i + lane, checked=self.together)

        whole = self.low + ((self.high - self.low) & -lanes)
        with fn.loop(self.low, whole, lanes) as i:
            if self.together:
                self.guarded(self.inside(bases, i, lanes), lambda: eight(i))
            else:
                eight(i)
        with fn.loop(whole, self.high) as i:
            self.element(bases, i, checked=False)

    def slices(self, bases: dict[str, Value]) -> None:
        total, inside = self.offset([bases[f"i{k}"] for k in range(len(self.items))])
        a = self.fn.offset(bases["a"], total)

        def pair(i: Value, lanes: int) -> None:
            self.pair(self.fn.offset(a, i * self.unit), self.fn.offset(bases["b"], i * self.unit), lanes)

        self.guarded(inside, lambda: self.sweep(pair))

    def fill(self, bases: dict[str, Value]) -> None:
        total, inside = self.offset([bases[f"i{k}"] for k in range(len(self.items))])
        a = self.fn.offset(bases["a"], total)
        value = self.fn.load(bases["b"], self.kind)

        def write(i: Value, lanes: int) -> None:
            self.combine(self.fn.offset(a, i * self.unit), value.splat(lanes))

        self.guarded(inside, lambda: self.sweep(write))

    def sweep(self, body: Callable[[Value, int], None]) -> None:
        swept(self.fn, self.low, self.high, max(LINE // self.unit, 1), body)


def swept(fn: Function, start: Value, stop: Value, lanes: int, body: Callable[[Value, int], None]) -> None:
    """`body(i, lanes)` from `start` to `stop`, by ever shorter vectors."""
    while lanes > 1:
        whole = start + ((stop - start) & -lanes)
        with fn.loop(start, whole, lanes) as i:
            body(i, lanes)
        start, lanes = whole, lanes // 4
    with fn.loop(start, stop) as i:
        body(i, 1)


class Plan(NamedTuple):
    """A compiled nest and the integers that it is called with."""

    run: Kernel
    tasks: int
    integers: np.ndarray


KINDS = {
    "f4": "f32", "f8": "f64", "i1": "i8", "i2": "i16", "i4": "i32", "i8": "i64", "u1": "u8", "u2": "u16", "u4": "u32",
    "u8": "u64",
}  # fmt: skip
_MOVED = {1: "i8", 2: "i16", 4: "i32", 8: "i64"}


def kind_of(dtype: np.dtype, op: str) -> tuple[str, int] | None:
    """The kind of number a nest handles for `dtype`, and how many make an element; None if there is no nest."""
    if op in ("get", "set"):
        size = dtype.itemsize
        return (_MOVED[size], 1) if size in _MOVED else ("i64", 2) if size == 16 else None
    if dtype.kind == "c":
        return (f"f{4 * dtype.itemsize}", 2) if op == "sum" and dtype.itemsize <= 16 else None
    if dtype.kind == "b" and op in ("amin", "amax"):
        return "u8", 1
    kind = KINDS.get(dtype.str[1:])
    return None if kind is None else (kind, 1)


@lru_cache(4096)
def plan(
    op: str,
    dtype: np.dtype,
    shape: tuple[int, ...],
    a: Strides,
    b: Strides,
    indices: tuple[Index, ...],
    wrap: bool,
) -> Plan | None:
    """The nest over `shape`; None if it needs more loops, or numbers, than there are."""
    found = kind_of(dtype, op)
    if found is None:
        return None
    kind, parts = found
    unit = BITS[kind] // 8
    dims = [(n, a[d], b[d], *(i.strides[d] for i in indices)) for d, n in enumerate(shape) if n != 1]
    if parts > 1:
        dims.append((parts, unit, unit, *(0 for _ in indices)))
    groups: list[tuple[int, ...]] = []
    for dim in dims:
        if groups and all(outer == inner * dim[0] for outer, inner in zip(groups[-1][1:], dim[1:], strict=True)):
            groups[-1] = (groups[-1][0] * dim[0], *dim[1:])
        else:
            groups.append(dim)
    if len(groups) > GROUPS:
        return None
    # Index positions that differ may lead to one place: a task that writes takes all of them.
    free = [op == "get" or group[1] != 0 for group in groups]
    once = (1, *(0,) * (2 + len(indices)))
    while len(groups) < GROUPS:
        groups.insert(0, once)
        free.insert(0, True)
    sizes = [group[0] for group in groups]
    lead = next((g for g in range(GROUPS - 1) if not free[g]), GROUPS - 1)
    rows, quantum = math.prod(sizes[:-1]), math.prod(sizes[lead:-1])
    columns = sizes[-1]
    inner = groups[-1]
    known: tuple[int | None, ...] = ()
    if not any(inner[3:]) and inner[1] == unit and inner[2] in (unit, 0) and (op != "get" or inner[2]):
        way = "slices" if inner[2] else "fill"
        known = (None,) * (2 + 2 * len(indices))
    else:
        way = "elements"
        dense = (unit, unit, *(i.item for i in indices), *(unit for _ in indices))
        steps = (*inner[1:], *(i.step for i in indices))
        known = tuple([n if n in (0, one) else None for n, one in zip(steps, dense, strict=True)])
    tasks = division(rows * columns, SHARE)
    chunks = max(1, min(rows // quantum, tasks))
    chunk = -(-(rows // quantum) // chunks) * quantum
    chunks = -(-rows // chunk)
    blocks = 1
    if free[-1] and tasks > chunks:
        blocks = max(1, min(-(-tasks // chunks), columns * unit // (4 * LINE)))
    block = -(-columns // blocks)
    block = -(-block // LINE) * LINE if blocks > 1 else block
    blocks = -(-columns // block)
    strides = zip(*(group[1:] for group in groups), strict=True)
    ends = ((i.step, i.size) for i in indices)
    integers = (*sizes, *(n for each in strides for n in each), *(n for each in ends for n in each))
    count = chunks * blocks if tasks != ALONE else ALONE
    if tasks == ALONE:
        chunk, blocks, block = rows, 1, columns
    run = kernel(nest, op, kind, tuple(i.item for i in indices), wrap, way, known)
    return Plan(run, count, table(*integers, chunk, rows, blocks, block))


def checker(name: str, header: int, item: int) -> str:
    """`index, length, share, low, span`: reports 1 if an index is not in `low <= i < low + span`."""
    task = Task(Module(), name, ("index",), ("length", "share", "low", "span"))
    fn, lanes = task.fn, 16
    kind = f"i{8 * item}"
    bad = fn.slot("i1", lanes)
    fn.store(fn.const(0, "i1", lanes), bad, slot=True)
    start = task.task * task["share"]
    stop = fn.minimum(start + task["share"], task["length"])

    def outside(i: Value, lanes: int) -> Value:
        value = fn.load(fn.offset(task["index"], i * item), kind, lanes).convert("i64") - task["low"].splat(lanes)
        return value.convert("u64") >= task["span"].convert("u64").splat(lanes)

    whole = start + ((stop - start) & -lanes)
    with fn.loop(start, whole, lanes) as i:
        fn.store(fn.load_slot(bad, "i1", lanes) | outside(i, lanes), bad, slot=True)
    with fn.when(fn.load_slot(bad, "i1", lanes).fold(lambda x, y: x | y)):
        task.report(fn.const(1, "i64"))
    with fn.loop(whole, stop) as i, fn.when(outside(i, 1)):
        task.report(fn.const(1, "i64"))
    return task.finish(header)


def all_inside(index: np.ndarray, low: int, high: int) -> bool:
    """Whether every element of a contiguous int32 or int64 array is in `low <= i < high`."""
    tasks, integers = _check(index.size, low, high)
    return not kernel(checker, index.itemsize)(tasks, integers, index)


@lru_cache(256)
def _check(size: int, low: int, high: int) -> tuple[int, np.ndarray]:
    tasks = division(size, 2 * SHARE)
    return tasks, table(size, -(-size // max(tasks, 1)), low, high - low)


# What is read and written, as nests


def c_strides(shape: tuple[int, ...], item: int) -> Strides:
    """Strides of a C-contiguous array."""
    strides = []
    for n in reversed(shape):
        strides.append(item)
        item *= n
    return tuple(reversed(strides))


@lru_cache(4096)
def along(
    op: str,
    dtype: np.dtype,
    shape: tuple[int, ...],
    strides: Strides,
    dim: int,
    index: tuple[int, tuple[int, ...], Strides],
    b: Strides | None,
) -> Plan | None:
    """`a[..., index[...], ...]` along `dim` of an array of `shape`; an index is item size, shape and strides."""
    item, index_shape, index_strides = index
    a = (*strides[:dim], 0, *strides[dim + 1 :])
    only = Index(item, index_strides, strides[dim], shape[dim])
    return plan(op, dtype, index_shape, a, b or c_strides(index_shape, dtype.itemsize), (only,), False)


Entry = tuple[int, tuple[int, ...], Strides] | None


@lru_cache(4096)
def expression(
    op: str,
    dtype: np.dtype,
    shape: tuple[int, ...],
    strides: Strides,
    entries: tuple[Entry, ...],
    b: Strides | None,
    wrap: bool,
) -> Plan | None:
    """`a[entries]`: of each dimension all (None), or the positions in an array of integers.

    As in `x[i, :, j]`, the dimensions of the indices come first when they are apart.
    """
    given = [(d, entry) for d, entry in enumerate(entries) if entry is not None]
    broadcast = np.broadcast_shapes(*(entry[1] for _, entry in given))
    kept = [d for d in range(len(shape)) if d >= len(entries) or entries[d] is None]
    together = given[-1][0] - given[0][0] + 1 == len(given)
    place = given[0][0] if together else 0
    more = len(broadcast)

    def spread(values: tuple[int, ...], fill: tuple[int, ...]) -> tuple[int, ...]:
        return (*fill[:place], *values, *fill[place:])

    rest = (0,) * len(kept)
    indices = []
    for d, (item, own, steps) in given:
        wide = [0] * (more - len(own)) + [0 if n == 1 else step for n, step in zip(own, steps, strict=True)]
        indices.append(Index(item, spread(tuple(wide), rest), strides[d], shape[d]))
    whole = spread(broadcast, tuple(shape[d] for d in kept))
    a = spread((0,) * more, tuple(strides[d] for d in kept))
    return plan(op, dtype, whole, a, b or c_strides(whole, dtype.itemsize), tuple(indices), wrap)


def run(plan: Plan, a: np.ndarray, b: np.ndarray, *indices: np.ndarray) -> bool:
    """Whether all indices were inside; what others lead to is neither read nor written."""
    return not plan.run(plan.tasks, plan.integers, a, b, *indices)
