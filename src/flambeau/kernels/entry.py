"""How Python calls a kernel of arrays and integers: what it is given, and the word that it returns.

A kernel is a function `(block, task, worker)`. `block` holds a word for what the tasks report, then
the data pointers of a table of integers and of the arrays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from flambeau.kernels.emit import Function, Module, Value

TASK = {"block": "ptr", "task": "i64", "worker": "i64"}
CALLED = {"self": "ptr", "args": "ptr", "count": "i64"}
"""The arguments of a built-in."""
THREADS = 8
"""Threads of a kernel with something that each does once."""
ALONE = 0
"""As a number of tasks: a single one, too short to let go of the interpreter for."""


class Task:
    """The function that runs one task, and its arguments by name: pointers and integers."""

    def __init__(self, module: Module, name: str, arrays: tuple[str, ...], integers: tuple[str, ...]) -> None:
        self.module, self.name, self.arrays, self.integers = module, name, arrays, integers
        self.flags = False
        self.fn = Function(module, f"{name}_task", TASK, linkage="internal")
        self.block, self.task, self.worker = self.fn.args
        fn = self.fn
        integer_table = fn.load(fn.offset(self.block, 8), "ptr")
        self.at: dict[str, Value] = {
            key: fn.load(fn.offset(self.block, 8 * place), "ptr") for place, key in enumerate(arrays, 2)
        }
        self.at |= {key: fn.load(fn.offset(integer_table, 8 * place), "i64") for place, key in enumerate(integers)}

    def __getitem__(self, name: str) -> Value:
        return self.at[name]

    def report(self, word: Value) -> None:
        """What the call returns: of several reports any one."""
        self.fn.store(word, self.block)

    def report_also(self, bits: Value) -> None:
        """What the call returns: of all reports the bits that any has."""
        self.fn.emit(f"atomicrmw or ptr {self.block.ref}, i64 {bits.ref} monotonic")

    @contextmanager
    def once(self) -> Iterator[None]:
        """The block runs in the first task of each thread only; for a kernel that ends by `finish_counted`."""
        self.flags = True
        flag = self.fn.offset(self.block, (self.worker + 2 + len(self.arrays)) * 8)
        with self.fn.when(self.fn.load(flag, "i64").eq(0)):
            self.fn.store(self.fn.const(1, "i64"), flag)
            yield

    def finish_counted(self, header: int) -> str:
        """End the task; emit `name(table, *arrays)`, as `kernels.calls` call kernels; the module's text.

        The number of tasks stands in the table, in front of the integers.
        """
        self.fn.emit("ret void")
        module = self.module
        fn = Function(module, self.name, CALLED, "ptr")
        none, args, _ = fn.args
        block = Value(fn, "%block", "ptr", 1)
        flags = 2 + len(self.arrays)
        fn.entry.append(f"  %block = alloca [{flags + self.flags * THREADS} x i64]")
        integers = data(fn, args, 0, header)
        fn.store(fn.offset(integers, 8), fn.offset(block, 8))
        for place in range(1, 1 + len(self.arrays)):
            fn.store(data(fn, args, place, header), fn.offset(block, 8 * (place + 1)))
        for place in range(self.flags * THREADS):
            fn.store(fn.const(0, "i64"), fn.offset(block, 8 * (flags + place)))
        run_tasks(fn, self.fn.name, block, fn.load(integers, "i64"))
        give_none(fn, none)
        return module.text()

    def finish(self, header: int) -> str:
        """End the task; emit `name(tasks, table, *arrays)` for Python; the module's text.

        An array's data pointer stands right behind the object's header.
        """
        self.fn.emit("ret void")
        module = self.module
        fn = Function(module, self.name, CALLED, "ptr")
        _, args, _ = fn.args
        long = module.declare("PyLong_AsLongLong", "i64", "ptr")
        new = module.declare("PyLong_FromLongLong", "ptr", "i64")
        count = 1 + len(self.arrays)
        block = Value(fn, "%block", "ptr", 1)
        fn.entry.append(f"  %block = alloca [{1 + count} x i64]")
        fn.store(fn.const(0, "i64"), block)
        for place in range(1, 1 + count):
            fn.store(data(fn, args, place, header), fn.offset(block, 8 * place))
        tasks = fn.op(f"call i64 {long}(ptr {fn.load(args, 'ptr').ref})", "i64")
        with fn.when(tasks.eq(ALONE)):
            fn.emit(f"call void @{self.fn.name}(ptr {block.ref}, i64 0, i64 0)")
        with fn.when(tasks.ne(ALONE)):
            run_tasks(fn, self.fn.name, block, tasks)
        result = fn.op(f"call ptr {new}(i64 {fn.load(block, 'i64').ref})", "ptr")
        fn.emit(f"ret ptr {result.ref}")
        return module.text()


def data(fn: Function, args: Value, place: int, header: int) -> Value:
    """The data of the array that is an argument: its pointer stands right behind the object's header."""
    given = fn.load(fn.offset(args, 8 * place), "ptr")
    return fn.load(fn.offset(given, header), "ptr")


def run_tasks(fn: Function, name: str, block: Value, tasks: Value) -> None:
    """Emit the run of a job without the interpreter's lock."""
    save = fn.module.declare("PyEval_SaveThread", "ptr", "")
    restore = fn.module.declare("PyEval_RestoreThread", "void", "ptr")
    run = fn.module.declare("flambeau_run", "void", "ptr, ptr, i64")
    state = fn.op(f"call ptr {save}()", "ptr")
    fn.emit(f"call void {run}(ptr @{name}, ptr {block.ref}, i64 {tasks.ref})")
    fn.emit(f"call void {restore}(ptr {state.ref})")


def give_none(fn: Function, none: Value) -> None:
    """Emit the return of None, which is what a built-in of no module is called with as `self`."""
    fn.emit(f"call void {fn.module.declare('Py_IncRef', 'void', 'ptr')}(ptr {none.ref})")
    fn.emit(f"ret ptr {none.ref}")


def adapt(module: Module, target: Function, name: str, header: int) -> None:
    """Emit `name(...)` for Python: it calls `target`, with an array's data for a pointer, and numbers.

    The interpreter's lock is kept.
    """
    fn = Function(module, name, CALLED, "ptr")
    none, args, _ = fn.args
    values = []
    for place, argument in enumerate(target.args):
        given = fn.load(fn.offset(args, 8 * place), "ptr")
        if argument.kind == "ptr":
            value = fn.load(fn.offset(given, header), "ptr")
        elif argument.is_float:
            convert = module.declare("PyFloat_AsDouble", "double", "ptr")
            value = fn.op(f"call double {convert}(ptr {given.ref})", "f64").convert(argument.kind)
        else:
            convert = module.declare("PyLong_AsLongLong", "i64", "ptr")
            value = fn.op(f"call i64 {convert}(ptr {given.ref})", "i64").convert(argument.kind)
        values.append(value)
    fn.emit(f"call void @{target.name}({', '.join(f'{v.type} {v.ref}' for v in values)})")
    give_none(fn, none)


Kernel = Callable[..., int]


@cache
def kernel(generate: Callable[..., str], *key: Any) -> Kernel:
    """The function that `generate(name, header, *key)` emits, compiled."""
    from flambeau.kernels import threads
    from flambeau.kernels.compile import HEADER, builtin, engine

    threads.load()
    name = re.sub(r"\W+", "_", "_".join(map(str, (generate.__name__, *key))))
    return builtin(name, engine().load(name, lambda: generate(name, HEADER, *key), name))  # type: ignore[return-value]


def table(*integers: int) -> np.ndarray:
    """Integers as kernels take them."""
    return np.array(integers, np.int64)


def division(total: int, least: int) -> int:
    """Into how many tasks to split `total` elements of which `least` are worth a task."""
    return ALONE if total < 2 * least else min(total // least, MOST)


MOST = 32
