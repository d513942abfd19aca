"""Whole calls in machine code: what a function of small arrays costs once it has been called often.

Python's way through a call (checks, NumPy's dispatch, a tensor and a node made) takes a microsecond or two, and
for small arrays that is all the time there is. A `Table` does the same in one built-in: it compares the
arguments with the signatures it knows, makes the result, runs a kernel, and records the call. A signature
it does not know gives None, and the caller goes Python's way; one that was met often gives `WANTED`, and
the caller may have a `Cell` built for it.

One function serves all tables; what differs stands in their memory (`_table`, `_cell`: arrays of 64-bit words).
"""

from __future__ import annotations

import ctypes
import math
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from flambeau.kernels import pool
from flambeau.kernels.compile import HEADER, builtin, engine
from flambeau.kernels.emit import Function, Module, Value

WANTED = ...
"""What a table answers when a signature has come often enough to be worth a cell."""

ARRAYS, TENSORS, INPLACE = 0, 1, 2
"""What a table's function takes and gives: arrays; tensors and a new one; tensors, the first of which it writes to."""

DYNAMIC, STATIC = 0, 1
"""Arguments: arrays, tensors, numbers and None; or values of which each has its own cells."""

SLOTS = 64
MOST = 4 * SLOTS
"""Cells that a table makes in its life: they are never given back, since another thread may be running one."""
WORDS = 192  # the longest signature
_MODE, _LENGTH, _HASH, _OFTEN, _KINDS, _CELLS, _SEEN, _TIMES, _MISSED = 0, 1, 2, 3, 8, 16, 80, 144, 208
_TABLE = _MISSED + WORDS
_NDIM = 6
_PARAMS = 7

# Objects the code refers to, by their place in @objects.
_NAMES = (
    "plain",
    "parameter",
    "none",
    "true",
    "state",
    "grad",
    "tensor",
    "next_seq",
    "ndarray",
    "float",
    "int",
    "tuple",
)
_AT = {name: place for place, name in enumerate((*_NAMES, "wanted", "empty", "byte"))}

# The words of a cell, before its signature.
_CELL = (
    *("hash", "length", "entry", "numbers", "bytes", "outputs", "output", "clear"),
    *("node", "shape", "edges", "edge", "saves", "save", "size", "pool"),
)
_WORD = {name: place for place, name in enumerate(_CELL)}

# How a node's saved values are made: from what, and of which argument.
CONSTANT, ARRAY, COUNTER, VERSION, RESULT, RESULT_COUNTER, ARGUMENT = range(7)


class Slots:
    """Where a class keeps a slot: the offset in its instances."""

    def __init__(self, cls: type, *names: str) -> None:
        self.at = {name: _slot_offset(cls, name) for name in names}

    def __getitem__(self, name: str) -> int:
        return self.at[name]


def _slot_offset(cls: type, name: str) -> int:
    """The offset that a member descriptor reads from (`PyMemberDescrObject.d_member->offset`)."""
    descriptor = next(vars(c)[name] for c in cls.__mro__ if name in vars(c))
    member = ctypes.c_void_p.from_address(id(descriptor) + HEADER + 24).value
    assert member is not None
    return ctypes.c_ssize_t.from_address(member + 16).value


def layout_is_known(owner: Any, slots: Slots) -> bool:
    """Whether objects lie in memory as the code here takes it: an array's fields, and the slots of `owner`."""
    word = ctypes.c_ssize_t.from_address
    array = np.zeros((2, 3), np.float32)
    at = id(array) + HEADER
    shape, strides = (word(word(at + k).value).value for k in (16, 24))
    return (
        getattr(sys, "_is_gil_enabled", lambda: True)()
        and word(id(array) + HEADER - 8).value == id(np.ndarray)
        and word(at).value == array.__array_interface__["data"][0]
        and (ctypes.c_int.from_address(at + 8).value, shape, strides) == (2, 2, 12)
        and word(at + 40).value == id(array.dtype)
        and bool(ctypes.c_int.from_address(at + 48).value & 0x400)
        and all(word(id(owner) + slots[name]).value == id(getattr(owner, name)) for name in slots.at)
    )


class _Writer:
    """The text of the one function, for a layout of tensors and nodes."""

    def __init__(self, tensor: Slots, node: Slots) -> None:
        self.module = module = Module()
        self.tensor, self.node = tensor, node
        self.declare("memcmp", "i32", "ptr, ptr, i64")
        self.describe()
        self.fn = fn = Function(module, "flambeau_call", {"self": "ptr", "args": "ptr", "count": "i64"}, "ptr")
        self.table = fn.load(fn.offset(fn.args[0], HEADER), "ptr")
        self.given, self.count = fn.args[1:]
        for name, size in {"words": WORDS, "arrays": _PARAMS, "nodes": _PARAMS, "vector": 4 * _PARAMS}.items():
            fn.entry.append(f"  %{name} = alloca [{size} x i64]")
        self.words, self.arrays, self.nodes, self.vector = (
            Value(fn, f"%{name}", "ptr", 1) for name in ("words", "arrays", "nodes", "vector")
        )
        self.none = self.object("none")
        self.mode = self.word(self.table, _MODE)
        self.write()

    # --- shorthands ---------------------------------------------------------------------------------

    def declare(self, name: str, result: str, args: str) -> None:
        self.module.declare(name, result, args)

    def call(self, name: str, result: str, *args: Value, fn: Function | None = None) -> Value:
        """Call a C function; `result` is "ptr", "i64", "i32" or "void"."""
        fn = fn or self.fn
        self.declare(name, result, ", ".join(a.type for a in args))
        text = f"call {result} @{name}({', '.join(f'{a.type} {a.ref}' for a in args)})"
        if result == "void":
            fn.emit(text)
            return args[0]
        return fn.op(text, result)

    def object(self, name: str) -> Value:
        return self.fn.op(f"load ptr, ptr getelementptr (ptr, ptr @flambeau_call_objects, i64 {_AT[name]})", "ptr")

    def word(self, base: Value, place: int | Value, kind: str = "i64") -> Value:
        return base.fn.load(self.address(base, place), kind)

    def address(self, base: Value, place: int | Value) -> Value:
        return base.fn.offset(base, place * 8)

    def put(self, base: Value, place: int | Value, value: Value) -> None:
        base.fn.store(value, self.address(base, place))

    def same(self, a: Value, b: Value) -> Value:
        return a.fn.op(f"icmp eq ptr {a.ref}, {b.ref}", "i1")

    def null(self, pointer: Value) -> Value:
        return pointer.fn.op(f"icmp eq ptr {pointer.ref}, null", "i1")

    def const(self, number: int) -> Value:
        return self.fn.const(number, "i64")

    def own(self, value: Value) -> Value:
        self.call("Py_IncRef", "void", value)
        return value

    def give(self, value: Value) -> None:
        self.fn.emit(f"ret ptr {value.ref}")

    def fail_if_null(self, pointer: Value) -> Value:
        with self.fn.leaving(self.null(pointer)):
            self.fn.emit("ret ptr null")
        return pointer

    def slot_of(self, owner: Value, offset: int) -> Value:
        return self.fn.load(self.fn.offset(owner, offset), "ptr")

    def set_slot(self, owner: Value, offset: int, value: Value) -> None:
        self.fn.store(value, self.fn.offset(owner, offset))

    # --- the parts ----------------------------------------------------------------------------------

    def describe(self) -> None:
        """`describe(array, words, at)`: dtype, shape and strides as words; the place behind them, or -1."""
        fn = Function(self.module, "describe", {"array": "ptr", "words": "ptr", "at": "i64"}, "i64", "internal")
        array, words, at = fn.args
        ndim = fn.load(fn.offset(array, HEADER + 8), "i32").convert("i64")
        with fn.leaving(ndim > _NDIM):
            fn.emit("ret i64 -1")
        self.put(words, at, fn.load(fn.offset(array, HEADER + 40), "i64"))
        self.put(words, at + 1, ndim)
        for k, field in enumerate((16, 24)):
            pointer = fn.load(fn.offset(array, HEADER + field), "ptr")
            with fn.loop(fn.const(0, "i64"), ndim) as i:
                self.put(words, at + 2 + ndim * k + i, self.word(pointer, i))
        fn.emit(f"ret i64 {(at + 2 + ndim * 2).ref}")

    def write(self) -> None:
        fn = self.fn
        self.at, self.recorded = fn.slot("i64"), fn.slot("i1")
        fn.store(self.const(0), self.at, slot=True)
        fn.store(fn.const(0, "i1"), self.recorded, slot=True)
        with fn.leaving(self.count > _PARAMS):
            self.give(self.own(self.none))
        with fn.loop(self.const(0), self.count) as i:
            self.argument(i)
        with fn.when(fn.load_slot(self.recorded, "i1")):
            grad = self.fail_if_null(self.call("PyObject_GetAttr", "ptr", self.object("state"), self.object("grad")))
            self.note(self.same(grad, self.object("true")).convert("i64"))
            self.call("Py_DecRef", "void", grad)
        self.run(self.find())

    def note(self, word: Value) -> None:
        at = self.fn.load_slot(self.at, "i64")
        self.put(self.words, at, word)
        self.fn.store(at + 1, self.at, slot=True)

    def leave_unless(self, condition: Value) -> None:
        with self.fn.leaving(~condition):
            self.give(self.own(self.none))

    def argument(self, i: Value) -> None:
        """Put what is known of one argument into the signature."""
        fn = self.fn
        thing = self.word(self.given, i, "ptr")
        kind = fn.load(fn.offset(thing, HEADER - 8), "ptr")
        null = Value(fn, "null", "ptr", 1)
        self.put(self.arrays, i, null)
        self.put(self.nodes, i, self.none)
        static = self.word(self.table, i + _KINDS).ne(0)
        plain = self.same(kind, self.object("plain")) | self.same(kind, self.object("parameter"))
        tensor = self.mode.ne(ARRAYS) & plain
        array = self.mode.eq(ARRAYS) & self.same(kind, self.object("ndarray"))
        is_float, is_int = self.same(kind, self.object("float")), self.same(kind, self.object("int"))
        is_tuple = self.same(kind, self.object("tuple"))
        with fn.when(tensor & ~static):
            node = self.slot_of(thing, self.tensor["_node"])
            wants = ~self.same(node, self.none)
            self.put(self.nodes, i, node)
            self.put(self.arrays, i, self.slot_of(thing, self.tensor["_array"]))
            fn.store(fn.load_slot(self.recorded, "i1") | wants, self.recorded, slot=True)
            self.note(wants.convert("i64") + 1)
        with fn.when(array & ~static):
            self.put(self.arrays, i, thing)
            self.note(self.const(1))
        with fn.when((tensor | array) & ~static):
            at = fn.load_slot(self.at, "i64")
            self.leave_unless(at <= WORDS - 2 * _NDIM - 8)
            found = self.word(self.arrays, i, "ptr")
            text = f"call i64 @describe(ptr {found.ref}, ptr %words, i64 {at.ref})"
            after = fn.op(text, "i64")
            self.leave_unless(after >= 0)
            fn.store(after, self.at, slot=True)
        with fn.when(is_int & ~static):
            overflow = fn.slot("i32")
            self.call("PyLong_AsLongAndOverflow", "i64", thing, overflow)
            self.leave_unless(fn.load_slot(overflow, "i32").eq(0))
            self.note(self.const(3))
        with fn.when(is_float & ~static):
            self.note(self.const(4))
        with fn.when(is_tuple & static):
            self.shape(thing)
        known = ~static & (tensor | array | is_int | is_float)
        self.leave_unless(static | known | self.same(thing, self.none))
        with fn.when(~(known | (is_tuple & static))):
            self.leave_unless(fn.load_slot(self.at, "i64") < WORDS - 8)
            self.note(fn.op(f"ptrtoint ptr {thing.ref} to i64", "i64"))

    def shape(self, thing: Value) -> None:
        """A static tuple of ints: its values."""
        fn = self.fn
        size = self.call("PyTuple_Size", "i64", thing)
        self.leave_unless((fn.load_slot(self.at, "i64") + size) < WORDS - 8)
        self.note(size)
        with fn.loop(self.const(0), size) as k:
            item = self.call("PyTuple_GetItem", "ptr", thing, k)
            kind = fn.load(fn.offset(item, HEADER - 8), "ptr")
            self.leave_unless(self.same(kind, self.object("int")))
            overflow = fn.slot("i32")
            self.note(self.call("PyLong_AsLongAndOverflow", "i64", item, overflow))
            self.leave_unless(fn.load_slot(overflow, "i32").eq(0))

    def find(self) -> Value:
        """The cell of the signature; without one, count, and leave."""
        fn = self.fn
        length = fn.load_slot(self.at, "i64")
        mixed = fn.slot("i64")
        fn.store(self.const(0x243F6A8885A308D3), mixed, slot=True)
        with fn.loop(self.const(0), length) as k:
            h = (fn.load_slot(mixed, "i64") ^ self.word(self.words, k)) * 0x9E3779B97F4A7C1
            fn.store(h ^ self.logical_shift(h, 29), mixed, slot=True)
        h = fn.load_slot(mixed, "i64")
        place = self.logical_shift(h, 58)
        cell = self.word(self.table, place + _CELLS, "ptr")
        found = fn.slot("i1")
        fn.store(fn.const(0, "i1"), found, slot=True)
        with fn.when(~self.null(cell)):
            alike = self.cell_word(cell, "hash").eq(h) & self.cell_word(cell, "length").eq(length)
            with fn.when(alike):
                there = self.address(cell, len(_CELL))
                differs = self.call("memcmp", "i32", self.words, there, length * 8)
                fn.store(differs.eq(0), found, slot=True)
        with fn.leaving(~fn.load_slot(found, "i1")):
            again = self.word(self.table, place + _SEEN).eq(h)
            times = again.select(self.word(self.table, place + _TIMES) + 1, self.const(1))
            self.put(self.table, place + _SEEN, h)
            self.put(self.table, place + _TIMES, times)
            with fn.leaving(times.ne(self.word(self.table, _OFTEN))):
                self.give(self.own(self.none))
            self.put(self.table, _LENGTH, length)
            self.put(self.table, _HASH, h)
            with fn.loop(self.const(0), length) as k:
                self.put(self.table, k + _MISSED, self.word(self.words, k))
            self.give(self.own(self.object("wanted")))
        return cell

    def logical_shift(self, value: Value, bits: int) -> Value:
        return self.fn.op(f"lshr i64 {value.ref}, {bits}", "i64")

    def cell_word(self, cell: Value, name: str, kind: str = "i64") -> Value:
        return self.word(cell, _WORD[name], kind)

    def push(self, value: Value) -> None:
        n = self.fn.load_slot(self.pushed, "i64")
        self.put(self.vector, n, value)
        self.fn.store(n + 1, self.pushed, slot=True)

    def run(self, cell: Value) -> None:
        fn = self.fn
        entry = self.cell_word(cell, "entry", "ptr")
        self.leave_unless(~self.null(entry))
        inplace = self.mode.eq(INPLACE)
        with fn.when(inplace):
            self.check_overlap(cell)
        self.pushed = fn.slot("i64")
        fn.store(self.const(0), self.pushed, slot=True)
        self.push(self.cell_word(cell, "numbers", "ptr"))
        with fn.loop(self.const(0), self.count) as i:  # other threads may give a tensor another array meanwhile
            array = self.word(self.arrays, i, "ptr")
            self.own(self.word(self.nodes, i, "ptr"))
            with fn.when(~self.null(array)):
                self.push(self.own(array))
        first = fn.load_slot(self.pushed, "i64")
        with fn.when(inplace):
            self.push(self.word(self.arrays, 0, "ptr"))
        outputs = self.cell_word(cell, "outputs")
        allocator, before = self.cell_word(cell, "pool", "ptr"), fn.slot("ptr")
        with fn.when(~self.null(allocator)):
            fn.store(self.call("flambeau_set_handler", "ptr", allocator), before, slot=True)
        described = fn.slot("ptr")
        fn.store(self.cell_word(cell, "output", "ptr"), described, slot=True)
        with fn.loop(self.const(0), outputs):
            at = fn.load_slot(described, "ptr")
            self.push(self.new_array(self.word(at, 0, "ptr"), self.word(at, 1), self.address(at, 2)))
            fn.store(self.address(at, 2 + _NDIM), described, slot=True)
        with fn.loop(self.const(0), self.count) as i:
            thing = self.word(self.given, i, "ptr")
            kind = fn.load(fn.offset(thing, HEADER - 8), "ptr")
            number = self.same(kind, self.object("float")) | self.same(kind, self.object("int"))
            with fn.when(number & self.word(self.table, i + _KINDS).eq(0)):
                self.push(thing)
        scratch = fn.slot("ptr")
        fn.store(self.own(self.object("empty")), scratch, slot=True)
        nbytes = self.cell_word(cell, "bytes")
        with fn.when(nbytes > 0):
            self.call("Py_DecRef", "void", fn.load_slot(scratch, "ptr"))
            size = self.address(cell, _WORD["bytes"])
            fn.store(self.new_array(self.object("byte"), self.const(1), size), scratch, slot=True)
        self.push(fn.load_slot(scratch, "ptr"))
        with fn.when(~self.null(allocator)):
            old = fn.load_slot(before, "ptr")
            self.call("Py_DecRef", "void", self.call("flambeau_set_handler", "ptr", old))
            self.call("Py_DecRef", "void", old)
        n = fn.load_slot(self.pushed, "i64")
        text = f"call ptr {entry.ref}(ptr {self.none.ref}, ptr {self.vector.ref}, i64 {n.ref})"
        self.call("Py_DecRef", "void", fn.op(text, "ptr"))
        self.call("Py_DecRef", "void", fn.load_slot(scratch, "ptr"))
        with fn.leaving(inplace):
            thing = self.word(self.given, 0, "ptr")
            counter = self.slot_of(thing, self.tensor["_counter"])
            version = self.call("PyLong_AsLong", "i64", self.call("PyList_GetItem", "ptr", counter, self.const(0)))
            raised = self.call("PyLong_FromLong", "ptr", version + 1)
            self.call("PyList_SetItem", "i32", counter, self.const(0), raised)
            self.release()
            self.give(self.own(thing))
        result = self.word(self.vector, first, "ptr")
        with fn.leaving(self.mode.eq(TENSORS)):
            tensor = self.new_tensor(cell, result)
            self.release()
            self.give(tensor)
        self.release()
        with fn.leaving(outputs.eq(1)):
            self.give(result)
        both = self.fail_if_null(self.call("PyTuple_New", "ptr", outputs))
        with fn.loop(self.const(0), outputs) as k:
            self.call("PyTuple_SetItem", "i32", both, k, self.word(self.vector, first + k, "ptr"))
        self.give(both)

    def release(self) -> None:
        """Let go of the arrays and nodes that the call has held."""
        with self.fn.loop(self.const(0), self.count) as i:
            array = self.word(self.arrays, i, "ptr")
            with self.fn.when(~self.null(array)):
                self.call("Py_DecRef", "void", array)
            self.call("Py_DecRef", "void", self.word(self.nodes, i, "ptr"))

    def check_overlap(self, cell: Value) -> None:
        """The arrays read must be the one written to, or lie apart from it (all are contiguous)."""
        fn = self.fn
        target = self.word(self.arrays, 0, "ptr")
        flags = fn.load(fn.offset(target, HEADER + 48), "i32")
        self.leave_unless((flags & 0x400).ne(0))
        start = fn.load(fn.offset(target, HEADER), "i64")
        size = self.cell_word(cell, "size")
        with fn.loop(self.const(1), self.count) as i:
            array = self.word(self.arrays, i, "ptr")
            with fn.when(~self.null(array)):
                other = fn.load(fn.offset(array, HEADER), "i64")
                apart = ((other - start) >= size) | ((start - other) >= size)
                self.leave_unless(other.eq(start) | apart)

    def new_array(self, dtype: Value, ndim: Value, dims: Value) -> Value:
        self.own(dtype)
        fn = self.fn
        null, zero = Value(fn, "null", "ptr", 1), fn.const(0, "i32")
        made = self.call(
            "flambeau_new_array",
            "ptr",
            self.object("ndarray"),
            dtype,
            ndim.convert("i32"),
            dims,
            null,
            null,
            zero,
            null,
        )
        return self.fail_if_null(made)

    def new_tensor(self, cell: Value, array: Value) -> Value:
        fn = self.fn
        made = self.fail_if_null(self.call("PyType_GenericAlloc", "ptr", self.object("tensor"), self.const(0)))
        self.set_slot(made, self.tensor["_array"], array)
        counter = self.fail_if_null(self.call("PyList_New", "ptr", self.const(1)))
        self.call("PyList_SetItem", "i32", counter, self.const(0), self.call("PyLong_FromLong", "ptr", self.const(0)))
        self.set_slot(made, self.tensor["_counter"], counter)
        cls = self.cell_word(cell, "node", "ptr")
        node = fn.either(self.null(cls), lambda: self.own(self.none), lambda: self.new_node(cell, cls, array, counter))
        self.set_slot(made, self.tensor["_node"], node)
        return made

    def new_node(self, cell: Value, cls: Value, array: Value, counter: Value) -> Value:
        fn = self.fn
        made = self.fail_if_null(self.call("PyType_GenericAlloc", "ptr", cls, self.const(0)))
        number = self.fail_if_null(self.call("PyObject_CallNoArgs", "ptr", self.object("next_seq")))
        self.set_slot(made, self.node["seq"], number)
        self.set_slot(made, self.node["shape"], self.own(self.cell_word(cell, "shape", "ptr")))
        count = self.cell_word(cell, "edges")
        edges = self.fail_if_null(self.call("PyTuple_New", "ptr", count))
        places = self.cell_word(cell, "edge", "ptr")
        with fn.loop(self.const(0), count) as k:
            place = self.word(places, k)
            edge = fn.slot("ptr")
            fn.store(self.none, edge, slot=True)
            with fn.when(place >= 0):
                fn.store(self.word(self.nodes, place, "ptr"), edge, slot=True)
            self.call("PyTuple_SetItem", "i32", edges, k, self.own(fn.load_slot(edge, "ptr")))
        self.set_slot(made, self.node["edges"], edges)
        count = self.cell_word(cell, "saves")
        saved = self.fail_if_null(self.call("PyTuple_New", "ptr", count))
        recipe = self.cell_word(cell, "save", "ptr")
        with fn.loop(self.const(0), count) as k:
            self.call("PyTuple_SetItem", "i32", saved, k, self.own(self.saved(recipe, k, array, counter)))
        self.set_slot(made, self.node["saved"], saved)
        return made

    def saved(self, recipe: Value, k: Value, array: Value, counter: Value) -> Value:
        fn = self.fn
        what, which = self.word(recipe, k * 2), self.word(recipe, k * 2 + 1)
        value = fn.slot("ptr")
        fn.store(self.word(recipe, k * 2 + 1, "ptr"), value, slot=True)
        with fn.when(what.eq(ARRAY)):
            fn.store(self.word(self.arrays, which, "ptr"), value, slot=True)
        with fn.when(what.eq(COUNTER) | what.eq(VERSION)):
            own = self.slot_of(self.word(self.given, which, "ptr"), self.tensor["_counter"])
            fn.store(own, value, slot=True)
            with fn.when(what.eq(VERSION)):
                fn.store(self.call("PyList_GetItem", "ptr", own, self.const(0)), value, slot=True)
        with fn.when(what.eq(RESULT)):
            fn.store(array, value, slot=True)
        with fn.when(what.eq(RESULT_COUNTER)):
            fn.store(counter, value, slot=True)
        with fn.when(what.eq(ARGUMENT)):
            fn.store(self.word(self.given, which, "ptr"), value, slot=True)
        return fn.load_slot(value, "ptr")

    def text(self) -> str:
        count = len(_AT)
        objects = f"@flambeau_call_objects = global [{count} x ptr] zeroinitializer, align 8"
        address = "define ptr @flambeau_call_address() {\n  ret ptr @flambeau_call_objects\n}"
        return f"{objects}\n{self.module.text()}\n{address}"


# --- the library, once a process ---------------------------------------------------------------------------------


class Library:
    """The compiled function and the objects it refers to. There is one, which lives as long as the process."""

    def __init__(self, tensor: Slots, node: Slots, objects: dict[str, Any]) -> None:
        from numpy._core import _multiarray_umath  # type: ignore[attr-defined]

        api = ctypes.pythonapi
        api.PyCapsule_GetPointer.restype = ctypes.c_void_p
        api.PyCapsule_GetPointer.argtypes = (ctypes.py_object, ctypes.c_char_p)
        functions = api.PyCapsule_GetPointer(_multiarray_umath._ARRAY_API, None)
        assert functions is not None
        entry = ctypes.c_void_p.from_address(functions + _NEW_ARRAY * ctypes.sizeof(ctypes.c_void_p)).value
        assert entry is not None
        jit = engine()
        jit.define("flambeau_new_array", entry)
        pool.allocator()  # which defines `flambeau_set_handler`
        text = _Writer(tensor, node).text()
        self.address = jit.load("calls" + text, lambda: text, "flambeau_call")
        where = ctypes.CFUNCTYPE(ctypes.c_void_p)(jit.address("flambeau_call_address"))()
        self.cells = (ctypes.c_int64 * len(_AT)).from_address(where)
        self.kept: list[Any] = []
        empty = np.empty(0, np.uint8)
        objects = {**objects, "none": None, "true": True, "ndarray": np.ndarray, "float": float, "int": int}
        objects |= {"tuple": tuple, "wanted": WANTED, "empty": empty, "byte": empty.dtype}
        for name, value in objects.items():
            self.set(name, value)

    def set(self, name: str, value: Any) -> None:
        """Let the code's object `name` be `value`."""
        self.kept.append(value)
        self.cells[_AT[name]] = id(value)


_NEW_ARRAY = 94  # the position of PyArray_NewFromDescr in NumPy's table of C functions
_lock = threading.Lock()


class Cell:
    """How one signature is computed: a kernel, its outputs, and the node that records the call."""

    def __init__(
        self,
        kernel: Callable[..., None],
        numbers: np.ndarray,
        outputs: Sequence[tuple[tuple[int, ...], np.dtype]],
        scratch: int = 0,
        node: type | None = None,
        edges: Sequence[int] = (),
        saves: Sequence[tuple[int, Any]] = (),
        size: int = 0,
    ) -> None:
        self.kernel, self.numbers, self.outputs, self.scratch = kernel, numbers, outputs, scratch
        self.node, self.edges, self.saves, self.size = node, edges, saves, size


class Table:
    """A built-in, `function`, that knows some signatures of a function of arrays or tensors.

    `statics` says which arguments are static; a signature that comes `often` wants a cell; `build` makes it for a
    call's arguments, or gives None.
    """

    def __init__(
        self, library: Library, mode: int, statics: Sequence[bool], often: int, build: Callable[..., Cell | None]
    ) -> None:
        self.words = np.zeros(_TABLE, np.int64)
        self.words[_MODE], self.words[_OFTEN] = mode, often
        self.words[_KINDS : _KINDS + len(statics)] = statics
        self.build = build
        self.kept: list[Any] = []
        self.function = builtin("call", library.address, self.words)

    def want(self, args: tuple[Any, ...]) -> None:
        """Make the cell for the signature that was missed last, that of `args`."""
        if len(self.kept) >= MOST:
            return
        with _lock:
            length, mixed = int(self.words[_LENGTH]), int(self.words[_HASH])
            signature = self.words[_MISSED : _MISSED + length].copy()
        cell = self.build(args)
        place = (mixed & (1 << 64) - 1) >> 58
        words = np.zeros(len(_CELL) + length, np.int64)
        words[len(_CELL) :] = signature
        words[_WORD["hash"]], words[_WORD["length"]] = mixed, length
        keep: list[Any] = [words, _static(args)]
        if cell is not None:
            self.fill(words, cell, keep)
        self.kept.append(keep)
        self.words[_CELLS + place] = words.ctypes.data

    def fill(self, words: np.ndarray, cell: Cell, keep: list[Any]) -> None:
        outputs = np.zeros((max(len(cell.outputs), 1), 2 + _NDIM), np.int64)
        for row, (shape, dtype) in zip(outputs, cell.outputs, strict=False):
            row[0], row[1] = id(dtype), len(shape)
            row[2 : 2 + len(shape)] = shape
        edges = np.array([*cell.edges, 0], np.int64)
        saves = np.array([[what, id(x) if what == CONSTANT else x] for what, x in cell.saves] + [[0, 0]], np.int64)
        shape = cell.outputs[0][0] if cell.outputs else ()
        sizes = [dtype.itemsize * math.prod(each) for each, dtype in cell.outputs]
        pooled = max([*sizes, cell.scratch]) >= pool.SMALLEST
        keep += [cell, outputs, edges, saves, shape]
        values = {
            "entry": _address(cell.kernel),
            "numbers": id(cell.numbers),
            "bytes": cell.scratch,
            "outputs": len(cell.outputs),
            "output": outputs.ctypes.data,
            "node": 0 if cell.node is None else id(cell.node),
            "shape": id(shape),
            "edges": len(cell.edges),
            "edge": edges.ctypes.data,
            "saves": len(cell.saves),
            "save": saves.ctypes.data,
            "size": cell.size,
            "pool": id(pool.allocator()) if pooled else 0,
        }
        for name, value in values.items():
            words[_WORD[name]] = value


def _static(args: tuple[Any, ...]) -> list[Any]:
    """The arguments that a signature knows by their address: they must live as long as it."""
    return [each for each in args if not hasattr(each, "shape")]


def _address(function: Any) -> int:
    """The code behind a built-in."""
    find = ctypes.pythonapi.PyCFunction_GetFunction
    find.restype, find.argtypes = ctypes.c_void_p, (ctypes.py_object,)
    return find(function)
