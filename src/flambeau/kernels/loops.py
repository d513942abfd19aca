"""A spec to LLVM IR: loop nests over vectors, with a masked last step, and the call from Python.

Every phase is a function `(block, task, worker)`, run for each task by the threads; `block` points
to the array of numbers (`Slots`), to the operands, to the Python numbers and to scratch memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from flambeau.kernels.emit import BITS, Function, Module, Value
from flambeau.kernels.lower import POINTWISE, REDUCTIONS, emit_power
from flambeau.kernels.math import absolute, fma
from flambeau.kernels.spec import ENTRY, INNER, ROW, Node, Spec
from flambeau.kernels.step import Step, from_memory, memory_kind, memory_of, to_memory

LONG = 1 << 62
SEGMENT = 64
"""How many float32 values a lane sums before the sum is added to a float64."""
TASK = {"block": "ptr", "task": "i64", "worker": "i64"}  # arguments of what threads run


def lane_count(spec: Spec, vector_bytes: int) -> int:
    """Elements a loop step handles: some registers at once hide the latency of arithmetic."""
    lanes = max(vector_bytes * (2 if spec.heavy else 4) // spec.item, 1)
    return min(lanes, spec.width) if spec.width else lanes


class Frame:
    """A function of a kernel and what the block that it is given holds."""

    def __init__(self, spec: Spec, fn: Function, block: Value) -> None:
        self.spec, self.fn, self.block = spec, fn, block
        self.loaded: dict[Any, Value] = {}

    def once(self, key: Any, load: Callable[[], Value]) -> Value:
        """What `load` gives, computed on entry to the function."""
        if key not in self.loaded:
            with self.fn.on_entry():
                self.loaded[key] = load()
        return self.loaded[key]

    def pointer(self, index: int) -> Value:
        return self.once(index, lambda: self.fn.load(self.fn.offset(self.block, 8 * index), "ptr"))

    def number(self, *name: Any) -> Value:
        at = 8 * self.spec.slots[name if len(name) > 1 else name[0]]
        return self.once(name, lambda: self.fn.load(self.fn.offset(self.pointer(0), at), "i64"))

    def scratch(self, *name: Any) -> Value:
        base = 1 + len(self.spec.operands) + len(self.spec.scalars)
        return self.once(("at", *name), lambda: self.fn.offset(self.pointer(base), self.number(*name)))

    def zero(self) -> Value:
        return self.fn.const(0, "i64")

    def bounds(self, index: Value, step: str, stop: tuple[Any, ...]) -> tuple[Value, Value]:
        size = self.number(step)
        start = index * size
        return start, self.fn.minimum(start + size, self.number(*stop))

    def total_kind(self, k: int) -> str:
        node = self.spec.nodes[k]
        return "f64" if REDUCTIONS[node.op].wide and node.kind == "f32" else node.kind

    def total(self, k: int, lanes: int = 1) -> Value:
        """A local accumulator that starts from the identity."""
        kind = self.total_kind(k)
        slot = self.fn.slot(kind, lanes)
        identity = REDUCTIONS[self.spec.nodes[k].op].identity(kind)
        self.fn.store(self.fn.const(identity, kind, lanes), slot, slot=True)
        return slot

    def sweep(self, start: Value, stop: Value, lanes: int, body: Callable[[Value, int], None]) -> None:
        """`body(i, lanes)` from `start` to `stop`, the rest one by one."""
        whole = start + ((stop - start) & -lanes)
        with self.fn.loop(start, whole, lanes) as i:
            body(i, lanes)
        if lanes > 1:
            with self.fn.loop(whole, stop) as i:
                body(i, 1)

    def partial_kind(self, k: int) -> str:
        """The kind in which chunks keep their results of a column reduction."""
        return self.spec.nodes[k].kind if self.spec.few else self.total_kind(k)

    def add_to(self, k: int, slot: Value, value: Value) -> None:
        kind = self.total_kind(k)
        combine = REDUCTIONS[self.spec.nodes[k].op].combine
        old = self.fn.load_slot(slot, kind, value.lanes)
        self.fn.store(combine(old, value.convert(kind)), slot, slot=True)


class Loops(Frame):
    """One function of a kernel: the loops of one phase, or those of the late outputs."""

    def __init__(self, module: Module, spec: Spec, phase: int, lanes: int) -> None:
        self.phase, self.lanes = phase, lanes
        self.final = phase == spec.phase_count
        name = f"phase{phase}"
        fn = Function(module, name, TASK, linkage="internal")
        super().__init__(spec, fn, fn.args[0])
        self.task, self.worker = fn.args[1:]
        self.operands = [self.pointer(1 + k) for k in range(len(spec.operands))]
        self.entry: dict[int, Value] = {}
        self.row: dict[int, Value] = {}
        self.inverses: dict[int, tuple[Value, Value]] = {}
        self.kept: set[int] = set()  # values that this pass stashes
        self.stored: set[int] = set()  # and those that earlier passes did
        self.write()
        fn.emit("ret void")

    # the phase

    def write(self) -> None:
        spec, fn = self.spec, self.fn
        chunk, block = self.split_task()
        self.columns = self.bounds(block, "block", ("size", spec.outer + spec.inner - 1))
        if self.final:
            first, last = self.zero(), fn.const(1, "i64")
            self.across: list[int] = []
            self.stores = [k for k in spec.late if spec.levels[spec.outputs[k]] == INNER]
            self.row_stores = [k for k in spec.late if spec.levels[spec.outputs[k]] != INNER]
        else:
            first, last = self.bounds(chunk, "chunk", ("rows",))
            self.across = [k for k in spec.across if spec.phases[k] == self.phase + 1]
            early = [k for k in range(len(spec.outputs)) if k not in spec.late]
            early = early if self.phase == spec.last_phase else []
            self.stores = [k for k in early if spec.levels[spec.outputs[k]] == INNER]
            self.row_stores = [k for k in early if spec.levels[spec.outputs[k]] == ROW]
        roots = [spec.nodes[k].args[0] for k in self.across]
        roots += [spec.outputs[k] for k in (*self.stores, *self.row_stores)]
        self.totals = {k: self.total(k) for k in self.across if spec.nodes[k].param != "column"}
        self.partials = {k: self.partial_row(k, chunk) for k in self.across if k not in self.totals}
        self.prepare(roots, ENTRY)
        with fn.loop(first, last) as r:
            self.write_row(r, roots)
        for k, total in self.totals.items():
            kind = self.total_kind(k)
            at = fn.offset(self.scratch("partial", k), self.task * 8)
            fn.store(fn.load_slot(total, kind), at)

    def split_task(self) -> tuple[Value, Value]:
        if self.final:
            return self.zero(), self.task
        blocks = self.number("blocks")
        return self.task.udiv(blocks), self.task.urem(blocks)

    def partial_row(self, k: int, chunk: Value) -> Value:
        """This chunk's accumulators of a column reduction, set to the identity."""
        spec, fn = self.spec, self.fn
        node = spec.nodes[k]
        kind = memory_of(self.partial_kind(k))
        size = BITS[kind] // 8
        flat = self.number("flat")
        pointer = fn.offset(self.scratch("partial", k), chunk * flat * size)
        start, stop = self.columns if spec.inner == 1 else (self.zero(), flat)

        def fill(i: Value, lanes: int) -> None:
            identity = fn.const(REDUCTIONS[node.op].identity(node.kind), kind, lanes)
            fn.store(identity, fn.offset(pointer, i * size))

        self.sweep(start, stop, self.lanes, fill)
        return pointer

    # one row

    def write_row(self, r: Value, roots: list[int]) -> None:
        spec = self.spec
        self.row, self.stored, self.kept = {}, set(), set()
        self.inverses = {k: v for k, v in self.inverses.items() if spec.levels[k] == ENTRY}
        self.bases = self.row_bases(r)
        depth = max((spec.depths[k] for k in roots), default=0)
        for k in range(depth):
            wanted = self.reachable(roots)
            reductions = [
                n
                for n in sorted(wanted)
                if spec.nodes[n].op in REDUCTIONS and spec.nodes[n].param == "row" and spec.depths[n] == k + 1
            ]
            self.write_pass(reductions, last=False)
        self.write_pass([], last=True)
        for k in self.across:
            if spec.nodes[k].param == "rows":
                self.add_to(k, self.totals[k], self.scalar(spec.nodes[k].args[0]))
        values = [self.scalar(spec.outputs[k]) for k in self.row_stores]
        for k, value in zip(self.row_stores, values, strict=True):
            operand = spec.inputs + k
            self.fn.store(to_memory(value, spec.operands[operand].dtype), self.bases[operand])

    def row_bases(self, r: Value) -> list[Value]:
        """Each operand's address at the row's beginning."""
        spec, fn = self.spec, self.fn
        position: dict[int, Value] = {}
        for g in reversed(range(spec.outer)):
            if g == 0:
                position[g] = r
            else:
                size = self.number("size", g)
                position[g], r = r.urem(size), r.udiv(size)
        bases = []
        for k, operand in enumerate(spec.operands):
            base = self.operands[k]
            for g in operand.groups:
                if g < spec.outer:
                    base = fn.offset(base, position[g] * self.number("stride", k, g))
            bases.append(base)
        return bases

    def reachable(self, roots: list[int]) -> set[int]:
        seen: set[int] = set()
        stack = list(roots)
        while stack:
            k = stack.pop()
            if k not in seen:
                seen.add(k)
                node = self.spec.nodes[k]
                if node.op not in REDUCTIONS or node.param == "row":
                    stack.extend(node.args)
        return seen

    def write_pass(self, reductions: list[int], *, last: bool) -> None:
        """One sweep over the row's inner positions."""
        spec, fn = self.spec, self.fn
        across = [k for k in self.across if last and spec.nodes[k].param in {"column", "all"}]
        stores = self.stores if last else []
        if not (reductions or across or stores):
            return
        sums = [*reductions, *(k for k in across if spec.nodes[k].param == "all")]
        columns = [k for k in across if spec.nodes[k].param == "column"]
        roots = [spec.nodes[k].args[0] for k in (*sums, *columns)]
        roots += [spec.outputs[k] for k in stores]
        totals = {k: self.totals[k] if k in self.totals else self.total(k) for k in sums}
        self.prepare(roots, ROW)
        with ExitStack() as nest:
            bases, flat = list(self.bases), self.zero()
            for g in range(spec.outer, spec.outer + spec.inner - 1):
                i = nest.enter_context(fn.loop(self.zero(), self.number("size", g)))
                for k, operand in enumerate(spec.operands):
                    if g in operand.groups:
                        bases[k] = fn.offset(bases[k], i * self.number("stride", k, g))
                flat = (flat + i) * self.number("size", g + 1)
            self.inner_loop(sums, totals, columns, stores, bases, flat)
        self.stored |= self.kept
        for k in reductions:
            self.row[k] = fn.load_slot(totals[k], self.total_kind(k)).convert(spec.nodes[k].kind)

    def inner_loop(
        self,
        sums: list[int],
        totals: dict[int, Value],
        columns: list[int],
        stores: list[int],
        bases: list[Value],
        flat: Value,
    ) -> None:
        spec, fn, lanes = self.spec, self.fn, self.lanes
        start, stop = self.columns
        wide = any(self.total_kind(k) != spec.nodes[k].kind for k in sums)
        accumulators = {k: fn.slot(spec.nodes[k].kind, lanes) for k in sums}

        def body(i: Value, mask: Value | None) -> None:
            step = Step(self, bases, flat, i, mask)
            for k in sums:
                node = spec.nodes[k]
                value = step.masked(step.vector(node.args[0]), REDUCTIONS[node.op].identity)
                old = fn.load_slot(accumulators[k], node.kind, lanes)
                fn.store(REDUCTIONS[node.op].combine(old, value), accumulators[k], slot=True)
            for k in columns:
                step.accumulate(k)
            values = [step.vector(spec.outputs[k]) for k in stores]  # before any store: they may alias
            for k, value in zip(stores, values, strict=True):
                step.store(k, value)

        # Float32 lanes are summed over short segments, and these in float64.
        with self.segments(start, stop, SEGMENT * lanes if wide else LONG) as (low, high):
            for k in sums:
                node = spec.nodes[k]
                identity = fn.const(REDUCTIONS[node.op].identity(node.kind), node.kind, lanes)
                fn.store(identity, accumulators[k], slot=True)
            whole = low + ((high - low) & -lanes)
            with fn.loop(low, whole, lanes) as i:
                body(i, None)
            if lanes > 1:
                with fn.when(whole < high):
                    index = fn.lane_index(lanes)
                    body(whole, index < (high - whole).splat(lanes))
            for k in sums:
                vector = fn.load_slot(accumulators[k], spec.nodes[k].kind, lanes)
                self.add_to(k, totals[k], vector.fold(REDUCTIONS[spec.nodes[k].op].combine))

    @contextmanager
    def segments(self, start: Value, stop: Value, length: int) -> Iterator[tuple[Value, Value]]:
        if length == LONG:
            yield start, stop
        else:
            with self.fn.loop(start, stop, length) as low:
                yield low, self.fn.minimum(low + length, stop)

    # values

    def prepare(self, roots: list[int], level: int) -> None:
        """Compute what `roots` need of values known by now, outside of the loops to come."""
        for k in sorted(self.reachable(roots)):
            if self.spec.levels[k] > level or k in self.row or k in self.entry:
                continue
            if self.spec.depths[k] and not self.ready(k):
                continue
            self.scalar(k)
        for k in self.reachable(roots):
            node = self.spec.nodes[k]
            if node.op == "true_divide" and self.spec.levels[k] == INNER:
                self.invert(node.args[1], node.param, level)

    def invert(self, k: int, kind: str, level: int) -> None:
        """Prepare for divisions by a value that is known outside of the loop."""
        if self.spec.levels[k] > level or k in self.inverses or not self.ready(k):
            return
        value = self.scalar(k).convert(kind)
        limit = {"f32": 2.0**120, "f64": 2.0**1000}[kind]
        size = absolute(value)
        self.inverses[k] = 1 / value, (size < limit) & (size > 1 / limit)

    def divide(self, x: Value, y: Value, k: int) -> Value:
        """x / y, y the splat of node `k`: its inverse, and a step that corrects the rounding."""
        if k not in self.inverses:
            return x / y
        inverse, safe = self.inverses[k]

        def fast() -> Value:
            r = inverse.splat(x.lanes)
            quotient = x * r
            better = fma(fma(-quotient, y, x), r, quotient)
            return (absolute(quotient) < math.inf).select(better, quotient)

        return self.fn.either(safe, fast, lambda: x / y)

    def ready(self, k: int) -> bool:
        node = self.spec.nodes[k]
        if k in self.row or k in self.entry:
            return True
        if node.op in REDUCTIONS and node.param == "row":
            return False
        return all(self.ready(a) for a in node.args if self.spec.levels[a] != INNER)

    def scalar(self, k: int) -> Value:
        """A value of the entry or row level."""
        spec, fn = self.spec, self.fn
        known = self.entry if spec.levels[k] == ENTRY else self.row
        if k in known:
            return known[k]
        node = spec.nodes[k]
        if node.op == "input":
            value = self.load_scalar(node.param, self.bases_of(node.param))
        elif node.op == "scalar":
            at = self.pointer(1 + len(spec.operands) + node.param)
            kind = "i64" if spec.scalars[node.param] != "f64" else "f64"
            value = fn.load(at, kind).convert(node.kind)
        elif node.op == "count":
            value = self.number("count", k).convert(node.kind)
        elif node.op in REDUCTIONS:
            value = fn.load(self.scratch("final", k), self.total_kind(k)).convert(node.kind)
        else:
            value = self.combine(k, self.scalar, 1)
        known[k] = value
        return value

    def bases_of(self, operand: int) -> Value:
        groups = self.spec.operands[operand].groups
        return self.bases[operand] if groups else self.operands[operand]

    def load_scalar(self, operand: int, pointer: Value) -> Value:
        dtype = self.spec.operands[operand].dtype
        return from_memory(self.fn.load(pointer, memory_kind(dtype)), dtype)

    def combine(self, k: int, value: Callable[[int], Value], lanes: int) -> Value:
        """A pointwise node, from its arguments' values."""
        return combine(self.fn, self.spec.nodes, k, value, lanes, self.divide)


def combine(
    fn: Function,
    nodes: Sequence[Node],
    k: int,
    value: Callable[[int], Value],
    lanes: int,
    divide: Callable[[Value, Value, int], Value] | None = None,
) -> Value:
    """The pointwise node `k` from its arguments' values, which `value` gives."""
    node = nodes[k]
    if node.op == "const":
        return fn.const(node.param, node.kind, lanes)
    if node.op == "reshape":
        return value(node.args[0])
    if node.op == "cast":
        result = value(node.args[0]).convert(node.kind)
        half = node.param in {"float16", "bfloat16"}
        return from_memory(to_memory(result, node.param), node.param) if half else result

    def operand(position: int, a: int) -> Value:
        raw = node.op == "where" and position == 0
        kind = nodes[a].kind if raw else node.param
        if nodes[a].op == "const":
            return fn.const(nodes[a].param, kind, lanes)
        return value(a).convert(kind)

    args = [operand(position, a) for position, a in enumerate(node.args)]
    if node.op == "pow":
        exponent = nodes[node.args[1]]
        constant = exponent.param if exponent.op == "const" else None
        result = emit_power(args[0], args[1], constant)
    elif node.op == "true_divide" and lanes > 1 and divide is not None:
        result = divide(args[0], args[1], node.args[1])
    else:
        result = POINTWISE[node.op].emit(*args)
    return result.convert(node.kind)


def _write_combine(module: Module, spec: Spec, phase: int, lanes: int) -> None:
    """The function that joins the chunks' partial results of column reductions, in order."""
    fn = Function(module, f"combine{phase}", TASK, linkage="internal")
    frame = Frame(spec, fn, fn.args[0])
    flat = frame.number("flat")
    one_group = spec.inner == 1
    start, stop = frame.bounds(fn.args[1], "block", ("flat",)) if one_group else (frame.zero(), flat)
    for k in spec.completed(phase, column=True):
        _join_partials(frame, k, start, stop, lanes)
    fn.emit("ret void")


def _join_partials(frame: Frame, k: int, start: Value, stop: Value, lanes: int) -> None:
    fn, kind = frame.fn, frame.partial_kind(k)
    memory, result = memory_of(kind), memory_of(frame.spec.nodes[k].kind)
    size, final_size = BITS[memory] // 8, BITS[result] // 8
    partial, final = frame.scratch("partial", k), frame.scratch("final", k)

    def join(i: Value, lanes: int) -> None:
        slot = frame.total(k, lanes)
        with fn.loop(frame.zero(), frame.number("chunks")) as c:
            at = fn.offset(partial, (c * frame.number("flat") + i) * size)
            frame.add_to(k, slot, fn.load(at, memory, lanes).convert(kind))
        total = fn.load_slot(slot, frame.total_kind(k), lanes)
        fn.store(total.convert(result), fn.offset(final, i * final_size))

    frame.sweep(start, stop, lanes, join)


def generate(spec: Spec, name: str, vector_bytes: int, header: int) -> str:
    """The IR of a kernel; `name` is the function that Python calls (see `compile.builtin`)."""
    module = Module()
    lanes = lane_count(spec, vector_bytes)
    for phase in range(spec.phase_count):
        Loops(module, spec, phase, lanes)
        if spec.completed(phase, column=True):
            _write_combine(module, spec, phase, lanes)
    if spec.late:
        Loops(module, spec, spec.phase_count, lanes)
    _write_entry(module, spec, name, header)
    return module.text()


def _write_entry(module: Module, spec: Spec, name: str, header: int) -> None:
    """`name(numbers, *operands, *scalars, scratch)`, called with Python objects.

    An array's data pointer and a float's value both stand right behind the object's header.
    """
    fn = Function(module, name, {"self": "ptr", "args": "ptr", "count": "i64"}, "ptr")
    none, args, _ = fn.args
    save = module.declare("PyEval_SaveThread", "ptr", "")
    restore = module.declare("PyEval_RestoreThread", "void", "ptr")
    long = module.declare("PyLong_AsLongLong", "i64", "ptr")
    keep = module.declare("Py_IncRef", "void", "ptr")
    run = module.declare("flambeau_run", "void", "ptr, ptr, i64")
    total = 2 + len(spec.operands) + len(spec.scalars)
    block = Value(fn, "%block", "ptr", 1)
    fn.entry.append(f"  %block = alloca [{total} x ptr]")
    with fn.on_entry():
        for k in range(total):
            value = fn.load(fn.offset(args, 8 * k), "ptr")
            scalar = k - 1 - len(spec.operands)
            if 0 <= scalar < len(spec.scalars) and spec.scalars[scalar] != "f64":
                slot = fn.slot("i64")
                integer = fn.op(f"call i64 {long}(ptr {value.ref})", "i64")
                fn.store(integer, slot, slot=True)
                pointer = slot
            elif 0 <= scalar < len(spec.scalars):
                pointer = fn.offset(value, header)
            else:
                pointer = fn.load(fn.offset(value, header), "ptr")
            fn.store(pointer, fn.offset(block, 8 * k))
    state = fn.op(f"call ptr {save}()", "ptr")
    frame = Frame(spec, fn, block)
    blocks = frame.number("blocks")
    tasks = frame.number("chunks") * blocks
    for phase in range(spec.phase_count):
        fn.emit(f"call void {run}(ptr @phase{phase}, ptr {block.ref}, i64 {tasks.ref})")
        if spec.completed(phase, column=True):
            fn.emit(f"call void {run}(ptr @combine{phase}, ptr {block.ref}, i64 {blocks.ref})")
        for k in spec.completed(phase, column=False):
            kind = frame.total_kind(k)
            slot, partial = frame.total(k), frame.scratch("partial", k)
            with fn.loop(frame.zero(), tasks) as t:
                frame.add_to(k, slot, fn.load(fn.offset(partial, t * 8), kind))
            fn.store(fn.load_slot(slot, kind), frame.scratch("final", k))
    if spec.late:
        fn.emit(f"call void {run}(ptr @phase{spec.phase_count}, ptr {block.ref}, i64 {blocks.ref})")
    fn.emit(f"call void {restore}(ptr {state.ref})")
    fn.emit(f"call void {keep}(ptr {none.ref})")
    fn.emit(f"ret ptr {none.ref}")
