"""A pointwise function of the arrays of many rows in one call: an optimizer's step of all parameters, a common norm.

A row has one array for each of the function's arguments, all contiguous and of one size. The rows are cut to
segments, and segments are dealt to tasks, by sizes alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from hashlib import sha256
from typing import Any

import numpy as np

from flambeau.kernels.emit import BITS, Function, Module, Value
from flambeau.kernels.entry import CALLED, TASK, data, give_none, run_tasks
from flambeau.kernels.expr import Unsupported
from flambeau.kernels.inline import Formula
from flambeau.kernels.lock import lock
from flambeau.prims.core import COMPILED

Array = np.ndarray
Rows = Sequence[Sequence[Array]]
Row = list[Any]
CHUNK = 1 << 14
"""Elements of a task at most, about."""
VECTORS = 2
"""Vectors at a time, whose arithmetic overlaps."""


def _generate(formula: Formula, arrays: int, writes: Sequence[int], name: str, header: int) -> str:
    """`name(cuts, numbers, sums, addresses, *arrays)`, called with Python objects.

    The results go to the arrays at `writes` of a row; those that are left are summed, a sum for each segment.
    """
    from flambeau.kernels.compile import engine

    module, size = Module(), BITS[formula.kind] // 8
    lanes = engine().vector_bytes * VECTORS // size
    task = Function(module, f"{name}_task", TASK, linkage="internal")
    block, index, _ = task.args
    cuts, numbers, sums, addresses = (task.load(task.offset(block, 8 * k), "ptr") for k in range(4))
    known = formula.numbers(
        task, [task.load(task.offset(numbers, 8 * k), "f64") for k in range(_scalars(formula))], lanes
    )

    def word(at: Value) -> Value:
        return task.load(task.offset(cuts, at * 8), "i64")

    zero, summed = task.const(0, "i64"), len(formula.results) > len(writes)
    first = word(zero) + 2  # behind the number of tasks, and where each begins
    with task.loop(word(index + 1), word(index + 2)) as segment:
        line = first + segment * 3
        row, start, count = (word(line + k) for k in range(3))
        places = [
            task.offset(task.load(task.offset(addresses, (row * arrays + k) * 8), "ptr"), start * size)
            for k in range(arrays)
        ]
        total = task.slot("f64", lanes)
        task.store(task.const(0, "f64", lanes), total, slot=True)

        def some(at: Value, mask: Value | None) -> None:
            there = [task.offset(place, at * size) for place in places]
            if mask is None:
                values = [task.load(each, formula.kind, lanes) for each in there]
            else:
                values = [task.load_masked(each, formula.kind, mask) for each in there]
            results = formula.vectors(task, values, known)
            for k, value in zip(writes, results, strict=False):
                if mask is None:
                    task.store(value.convert(formula.kind), there[k])
                else:
                    task.store_masked(value.convert(formula.kind), there[k], mask)
            for value in results[len(writes) :]:
                kept = value.convert("f64")
                kept = kept if mask is None else mask.select(kept, kept.like(0))
                task.store(task.load_slot(total, "f64", lanes) + kept, total, slot=True)

        whole = count & -lanes
        with task.loop(zero, whole, lanes) as at:
            some(at, None)
        with task.when(whole < count):
            some(whole, task.first_lanes(count - whole, formula.kind, lanes))
        if summed:
            task.store(task.load_slot(total, "f64", lanes).fold(Value.__add__), task.offset(sums, segment * 8))
    task.emit("ret void")

    fn = Function(module, name, CALLED, "ptr")
    none, args, given = fn.args
    block = Value(fn, "%block", "ptr", 1)
    fn.entry.append("  %block = alloca [4 x i64]")
    for k in range(4):
        fn.store(data(fn, args, k, header), fn.offset(block, 8 * k))
    target = data(fn, args, 3, header)
    with fn.loop(fn.const(4, "i64"), given) as at:
        array = fn.load(fn.offset(args, at * 8), "ptr")
        fn.store(fn.load(fn.offset(array, header), "ptr"), fn.offset(target, (at - 4) * 8))
    run_tasks(fn, task.name, block, fn.load(data(fn, args, 0, header), "i64"))
    give_none(fn, none)
    return module.text()


def _scalars(formula: Formula) -> int:
    return max((node.param + 1 for node in formula.nodes if node.op == "scalar"), default=0)


@lru_cache(64)
def _cut(sizes: tuple[int, ...]) -> tuple[Array, Array]:
    """Tasks and their segments as the kernel reads them, and the first segment of each row."""
    segments: list[tuple[int, int, int]] = []
    firsts, tasks, room = [], [0], CHUNK
    for row, size in enumerate(sizes):
        firsts.append(len(segments))
        parts = max(-(-size // CHUNK), 1)
        step = -(-size // parts // 64) * 64  # whole vectors
        for start in range(0, max(size, 1), max(step, 1)):
            count = min(step, size - start)
            if count > room and tasks[-1] < len(segments):
                tasks.append(len(segments))
                room = CHUNK
            segments.append((row, start, count))
            room -= count
    tasks.append(len(segments))
    numbers = [len(tasks) - 1, *tasks, *(x for segment in segments for x in segment)]
    return np.array(numbers, np.int64), np.array(firsts, np.int64)


class Many:
    """The kernels of one function, by what does not differ from call to call."""

    def __init__(self, body: Callable[..., Any], sums: int = 0) -> None:
        self.body, self.sums = body, sums
        self.kernels: dict[Any, Callable[..., None] | None] = {}

    def __call__(self, rows: Rows, more: Sequence[Any], writes: Sequence[int]) -> Array | None:
        """Write the results to the arrays of each row that `writes` says; if `sums`, one more is summed over a row.

        Gives the rows' sums (float64; 0 if nothing is summed), or None, nothing done, where there is no such kernel.
        All arrays are of one dtype. `more` are the arguments behind them, of which floats may differ from call to call.
        """
        width, dtype = len(rows[0]), rows[0][0].dtype
        numbers = np.array([each for each in more if each.__class__ is float])
        key = (dtype, width, tuple([float if each.__class__ is float else each for each in more]), tuple(writes))
        try:
            run = self.kernels[key]
        except KeyError:
            with lock:
                run = self.kernels[key] = self.prepare(dtype, width, more, writes)
        if run is None:
            return None
        cuts, firsts = _cut(tuple([row[0].size for row in rows]))
        sums = np.zeros((len(cuts) - 2 - int(cuts[0])) // 3)
        run(cuts, numbers, sums, np.empty(len(rows) * width, np.int64), *itertools.chain.from_iterable(rows))
        return np.add.reduceat(sums, firsts)

    def prepare(
        self, dtype: np.dtype, width: int, more: Sequence[Any], writes: Sequence[int]
    ) -> Callable[..., None] | None:
        from flambeau.kernels.host import available

        if not available() or dtype not in COMPILED:
            return None
        try:
            formula = Formula(self.body, [*[dtype] * width, *more])
        except Unsupported:
            return None
        if len(formula.results) != len(writes) + self.sums:
            return None
        text = f"many {formula!r} {dtype} {width} {writes!r}"
        if text not in _kernels:
            from flambeau.kernels import threads
            from flambeau.kernels.compile import HEADER, builtin, engine

            threads.load()
            name = f"many_{sha256(text.encode()).hexdigest()[:32]}"
            address = engine().load(text, lambda: _generate(formula, width, writes, name, HEADER), name)
            _kernels[text] = builtin(name, address)
        return _kernels[text]


_kernels: dict[str, Callable[..., None]] = {}


def suits(row: Sequence[Array]) -> bool:
    """Whether a row's arrays are for a kernel: dense, of one size, of one dtype that there is code for."""
    size, dtype = row[0].size, row[0].dtype
    for array in row:
        if array.size != size or array.dtype != dtype or not array.flags.c_contiguous:
            return False
    return dtype in COMPILED


def apart(arrays: list[Array]) -> bool:
    """Whether no two dense arrays share memory: rows are computed in any order."""
    views = [array for array in arrays if array.base is not None]
    if len({id(array) for array in arrays}) < len(arrays):
        return False
    if not views:
        return True
    spans = sorted((array.__array_interface__["data"][0], array.nbytes) for array in arrays)
    return all(start + length <= after for (start, length), (after, _) in itertools.pairwise(spans))


def step(formula: Any, rows: list[Row], coefficients: dict[str, Any]) -> list[Row]:
    """Run an optimizer's `fused` formula on rows of (parameter, gradient, *buffers), all updated in place but the second.

    Gives the rows that no kernel is for, which are left as they are. What is None is so in every row, and all arrays
    are of one dtype; `coefficients` are the formula's other arguments by name.
    """
    many, names, numbers = _compact(formula, tuple([array is None for array in rows[0]]))
    taken: list[list[Array]] = []
    left: list[Row] = []
    for row in rows:
        dense = [array for array in row if array is not None]
        if suits(dense):
            taken.append(dense)
        else:
            left.append(row)
    if not taken:
        return rows
    writes = (0, *range(2, len(taken[0])))
    if not apart([row[k] for k in writes for row in taken]):
        return rows
    more = [coefficients[name] for name in names]
    more[:numbers] = [float(x) if isinstance(x, int | float) else x for x in more[:numbers]]
    return rows if many(taken, more, writes) is None else left


@cache
def _compact(formula: Any, left_out: tuple[bool, ...]) -> tuple[Many, tuple[str, ...], int]:
    """The formula of the arrays that are there; its other arguments' names; how many of them are no flags."""
    code = formula.__wrapped__.__code__
    names = code.co_varnames[len(left_out) : code.co_argcount + code.co_kwonlyargcount]
    body, present = formula.compiled.body, left_out.count(False)

    def compact(*args: Any) -> Any:
        arrays = iter(args[:present])
        return body(*(None if out else next(arrays) for out in left_out), *args[present:])

    return Many(compact), names, code.co_argcount - len(left_out)
