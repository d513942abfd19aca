"""LLVM IR as text: values with Python operators, structured loops.

A `Function` collects lines of IR; a `Value` is one of its registers, a scalar (`lanes == 1`) or a
vector. What is written `x * y + 1` becomes `fmul` and `fadd`. Only what kernels need is here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

LLVM_TYPES = {
    "i1": "i1",
    "i8": "i8",
    "u8": "i8",
    "i16": "i16",
    "u16": "i16",
    "i32": "i32",
    "u32": "i32",
    "i64": "i64",
    "u64": "i64",
    "u128": "i128",
    "f16": "half",
    "f32": "float",
    "f64": "double",
    "ptr": "ptr",
}
BITS = {k: int(k[1:]) for k in LLVM_TYPES if k != "ptr"}


def llvm_type(kind: str, lanes: int = 1) -> str:
    scalar = LLVM_TYPES[kind]
    return scalar if lanes == 1 else f"<{lanes} x {scalar}>"


class Module:
    """The text of one LLVM module: its functions and the intrinsics they declare."""

    def __init__(self) -> None:
        self.declarations: dict[str, str] = {}
        self.functions: list[Function] = []

    def declare(self, name: str, result: str, args: str) -> str:
        self.declarations[name] = f"declare {result} @{name}({args})"
        return f"@{name}"

    def text(self) -> str:
        return "\n".join([*self.declarations.values(), *(f.text() for f in self.functions)])


class Value:
    """A register of `fn`: `lanes` elements of `kind` ("f32", "i64", "u8", "i1", "ptr", ...)."""

    __slots__ = ("fn", "kind", "lanes", "ref")

    def __init__(self, fn: Function, ref: str, kind: str, lanes: int) -> None:
        self.fn, self.ref, self.kind, self.lanes = fn, ref, kind, lanes

    @property
    def type(self) -> str:
        return llvm_type(self.kind, self.lanes)

    @property
    def is_float(self) -> bool:
        return self.kind[0] == "f"

    def _other(self, other: Any) -> Value:
        return other if isinstance(other, Value) else self.like(other)

    def like(self, number: float) -> Value:
        """A constant of this value's kind and lanes."""
        return self.fn.const(number, self.kind, self.lanes)

    def _binary(self, float_op: str, int_op: str, other: Any) -> Value:
        other = self._other(other)
        op = float_op if self.is_float else int_op
        return self.fn.op(f"{op} {self.type} {self.ref}, {other.ref}", self.kind, self.lanes)

    def __add__(self, other: Any) -> Value:
        return self._binary("fadd", "add", other)

    def __sub__(self, other: Any) -> Value:
        return self._binary("fsub", "sub", other)

    def __mul__(self, other: Any) -> Value:
        return self._binary("fmul", "mul", other)

    def __truediv__(self, other: Any) -> Value:
        return self._binary("fdiv", "", other)

    def __radd__(self, other: Any) -> Value:
        return self.like(other) + self

    def __rsub__(self, other: Any) -> Value:
        return self.like(other) - self

    def __rmul__(self, other: Any) -> Value:
        return self.like(other) * self

    def __rtruediv__(self, other: Any) -> Value:
        return self.like(other) / self

    def __neg__(self) -> Value:
        if self.is_float:
            return self.fn.op(f"fneg {self.type} {self.ref}", self.kind, self.lanes)
        return self.like(0) - self

    def __and__(self, other: Any) -> Value:
        return self._binary("", "and", other)

    def __or__(self, other: Any) -> Value:
        return self._binary("", "or", other)

    def __xor__(self, other: Any) -> Value:
        return self._binary("", "xor", other)

    def __invert__(self) -> Value:
        return self ^ (1 if self.kind == "i1" else -1)

    def __lshift__(self, other: Any) -> Value:
        return self._binary("", "shl", other)

    def __rshift__(self, other: Any) -> Value:
        return self._binary("", "lshr" if self.kind[0] == "u" else "ashr", other)

    def udiv(self, other: Any) -> Value:
        return self._binary("", "udiv", other)

    def urem(self, other: Any) -> Value:
        return self._binary("", "urem", other)

    def compare(self, float_op: str, other: Any) -> Value:
        """`float_op` is LLVM's: "olt", "une", ...; integers use the matching signed or unsigned."""
        other = self._other(other)
        if self.is_float:
            text = f"fcmp {float_op} {self.type} {self.ref}, {other.ref}"
        else:
            name = float_op[1:]
            sign = "" if name in {"eq", "ne"} else "u" if self.kind[0] == "u" else "s"
            text = f"icmp {sign}{name} {self.type} {self.ref}, {other.ref}"
        return self.fn.op(text, "i1", self.lanes)

    def __lt__(self, other: Any) -> Value:
        return self.compare("olt", other)

    def __le__(self, other: Any) -> Value:
        return self.compare("ole", other)

    def __gt__(self, other: Any) -> Value:
        return self.compare("ogt", other)

    def __ge__(self, other: Any) -> Value:
        return self.compare("oge", other)

    def eq(self, other: Any) -> Value:
        return self.compare("oeq", other)

    def ne(self, other: Any) -> Value:
        return self.compare("une", other)

    def isnan(self) -> Value:
        return self.compare("uno", self)

    def select(self, yes: Any, no: Any) -> Value:
        """`yes` where this i1 is set, else `no`."""
        if not isinstance(yes, Value):
            yes = no.like(yes)
        no = yes._other(no)
        text = f"select {self.type} {self.ref}, {yes.type} {yes.ref}, {no.type} {no.ref}"
        return self.fn.op(text, yes.kind, yes.lanes)

    def convert(self, kind: str) -> Value:
        """The value in another kind; floats to integers by truncation, anything to i1 by != 0."""
        if kind == self.kind:
            return self
        if kind == "i1":
            return self.ne(0)
        source, target = BITS[self.kind], BITS[kind]
        if self.is_float and kind[0] == "f":
            op = "fpext" if target > source else "fptrunc"
        elif self.is_float:
            # As C on the usual machines: through a wider integer, whose low bits are kept.
            wide = "i32" if target <= 16 or kind == "i32" else "i64"
            return self._convert("fptosi", wide).convert(kind)
        elif kind[0] == "f":
            op = "uitofp" if self.kind[0] == "u" or self.kind == "i1" else "sitofp"
        elif target == source:
            return Value(self.fn, self.ref, kind, self.lanes)
        elif target < source:
            op = "trunc"
        else:
            op = "zext" if self.kind[0] == "u" or self.kind == "i1" else "sext"
        return self._convert(op, kind)

    def _convert(self, op: str, kind: str) -> Value:
        text = f"{op} {self.type} {self.ref} to {llvm_type(kind, self.lanes)}"
        return self.fn.op(text, kind, self.lanes)

    def bitcast(self, kind: str) -> Value:
        return self._convert("bitcast", kind)

    def call(self, intrinsic: str, *args: Value) -> Value:
        """`llvm.<intrinsic>` of this value and others of its type."""
        suffix = ("" if self.lanes == 1 else f"v{self.lanes}") + (self.kind if self.is_float else f"i{BITS[self.kind]}")
        values = (self, *args)
        name = self.fn.module.declare(f"llvm.{intrinsic}.{suffix}", self.type, ", ".join(v.type for v in values))
        text = f"call {self.type} {name}({', '.join(f'{v.type} {v.ref}' for v in values)})"
        return self.fn.op(text, self.kind, self.lanes)

    def splat(self, lanes: int) -> Value:
        """The scalar in every lane."""
        if lanes == self.lanes:
            return self
        vector = llvm_type(self.kind, lanes)
        one = self.fn.op(f"insertelement {vector} poison, {self.type} {self.ref}, i32 0", self.kind, lanes)
        text = f"shufflevector {vector} {one.ref}, {vector} poison, <{lanes} x i32> zeroinitializer"
        return self.fn.op(text, self.kind, lanes)

    def lane(self, index: int) -> Value:
        """One lane as a scalar."""
        return self.fn.op(f"extractelement {self.type} {self.ref}, i32 {index}", self.kind)

    def shuffle(self, other: Value, places: list[int]) -> Value:
        """Lanes of this vector and, from `self.lanes` on, of another one, in the order of `places`."""
        lanes = ", ".join(f"i32 {at}" for at in places)
        text = f"shufflevector {self.type} {self.ref}, {other.type} {other.ref}, <{len(places)} x i32> <{lanes}>"
        return self.fn.op(text, self.kind, len(places))

    def fold(self, combine: Callable[[Value, Value], Value]) -> Value:
        """All lanes combined to a scalar, by halves."""
        value = self
        while value.lanes > 1:
            half = value.lanes // 2
            parts = []
            for start in (0, half):
                lanes = ", ".join(f"i32 {start + k}" for k in range(half))
                if half == 1:
                    text = f"extractelement {value.type} {value.ref}, i32 {start}"
                else:
                    text = f"shufflevector {value.type} {value.ref}, {value.type} poison, <{half} x i32> <{lanes}>"
                parts.append(self.fn.op(text, self.kind, half))
            value = combine(*parts)
        return value


ATTRIBUTES = '"stackrealign"'
"""So that vectors that registers have no room for lie each in a line of the cache: x86 aligns the stack to 16 bytes, and
what is read again from two lines waits until all stores before it are done (an LSTM's cells took twice as long)."""


class Function:
    """The body of one LLVM function, written from top to bottom."""

    def __init__(
        self,
        module: Module,
        name: str,
        args: dict[str, str],
        result: str = "void",
        linkage: str = "",
    ) -> None:
        self.module, self.name = module, name
        self.result, self.linkage = result, linkage
        self.entry: list[str] = []
        self.lines: list[str] = []
        self.count = 0
        self.constants: dict[tuple[str, str, int], Value] = {}
        self.args = [Value(self, f"%{a}", kind, 1) for a, kind in args.items()]
        module.functions.append(self)

    def text(self) -> str:
        args = ", ".join(f"{a.type} {a.ref}" for a in self.args)
        lines = [
            f"define {self.linkage} {self.result} @{self.name}({args}) {ATTRIBUTES} {{",
            "entry:",
            *self.entry,
            *self.lines,
            "}",
        ]
        return "\n".join(lines)

    @contextmanager
    def on_entry(self) -> Iterator[None]:
        """What is written now stands in the entry block."""
        body, self.lines = self.lines, self.entry
        yield
        self.lines = body

    def name_new(self, prefix: str = "v") -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def op(self, text: str, kind: str, lanes: int = 1) -> Value:
        ref = f"%{self.name_new()}"
        self.lines.append(f"  {ref} = {text}")
        return Value(self, ref, kind, lanes)

    def emit(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def const(self, number: float, kind: str, lanes: int = 1) -> Value:
        if kind == "f32":
            ref = f"0x{struct.unpack('<Q', struct.pack('<d', _as_float32(number)))[0]:016X}"
        elif kind == "f64":
            ref = f"0x{struct.unpack('<Q', struct.pack('<d', float(number)))[0]:016X}"
        elif kind == "i1":
            ref = "true" if number else "false"
        else:
            ref = str(int(number))
        scalar = Value(self, ref, kind, 1)
        if lanes == 1:
            return scalar
        key = (ref, kind, lanes)
        if key not in self.constants:  # splat once, in the entry block
            with self.on_entry():
                self.constants[key] = scalar.splat(lanes)
        return self.constants[key]

    def lane_index(self, lanes: int) -> Value:
        """0, 1, 2, ... as i64."""
        if lanes == 1:
            return self.const(0, "i64")
        ref = "<" + ", ".join(f"i64 {k}" for k in range(lanes)) + ">"
        return Value(self, ref, "i64", lanes)

    def first_lanes(self, count: Value, kind: str, lanes: int) -> Value:
        """The first `count` of the lanes of a vector of `kind`.

        The comparison is of integers as wide as the elements: other masks are narrowed again at each use where the
        processor has no registers for masks.
        """
        index = f"i{max(BITS[kind], 32)}"
        numbers = Value(self, "<" + ", ".join(f"{index} {k}" for k in range(lanes)) + ">", index, lanes)
        return numbers < self.minimum(count, count.like(lanes)).convert(index).splat(lanes)

    # memory

    def slot(self, kind: str, lanes: int = 1) -> Value:
        """A local variable; `load_slot` and `store` read and write it."""
        ref = f"%{self.name_new('slot')}"
        self.entry.append(f"  {ref} = alloca {llvm_type(kind, lanes)}")
        return Value(self, ref, "ptr", 1)

    def load(self, pointer: Value, kind: str, lanes: int = 1) -> Value:
        """From memory of any alignment (on the machines of today that costs nothing)."""
        return self.op(f"load {llvm_type(kind, lanes)}, ptr {pointer.ref}, align 1", kind, lanes)

    def load_slot(self, slot: Value, kind: str, lanes: int = 1) -> Value:
        return self.op(f"load {llvm_type(kind, lanes)}, ptr {slot.ref}", kind, lanes)

    def store(self, value: Value, pointer: Value, *, slot: bool = False) -> None:
        align = "" if slot else ", align 1"
        self.emit(f"store {value.type} {value.ref}, ptr {pointer.ref}{align}")

    def load_masked(self, pointer: Value, kind: str, mask: Value) -> Value:
        """Neighbouring elements, or with a pointer a lane any; lanes that are off read 0."""
        name, suffix = ("load", "p0") if pointer.lanes == 1 else ("gather", f"v{mask.lanes}p0")
        vector = llvm_type(kind, mask.lanes)
        suffix = f"v{mask.lanes}{_intrinsic_kind(kind)}.{suffix}"
        types = f"{pointer.type}, i32, {mask.type}, {vector}"
        symbol = self.module.declare(f"llvm.masked.{name}.{suffix}", vector, types)
        given = f"{pointer.type} {pointer.ref}, i32 1, {mask.type} {mask.ref}, {vector} zeroinitializer"
        return self.op(f"call {vector} {symbol}({given})", kind, mask.lanes)

    def store_masked(self, value: Value, pointer: Value, mask: Value) -> None:
        """To neighbouring elements, or with a pointer a lane to any, in the lanes that are on."""
        name, suffix = ("store", "p0") if pointer.lanes == 1 else ("scatter", f"v{mask.lanes}p0")
        suffix = f"v{mask.lanes}{_intrinsic_kind(value.kind)}.{suffix}"
        types = f"{value.type}, {pointer.type}, i32, {mask.type}"
        symbol = self.module.declare(f"llvm.masked.{name}.{suffix}", "void", types)
        given = f"{value.type} {value.ref}, {pointer.type} {pointer.ref}, i32 1, {mask.type} {mask.ref}"
        self.emit(f"call void {symbol}({given})")

    def store_first(self, value: Value, pointer: Value, count: Value) -> None:
        """Store the first `count` lanes, as a whole vector where they are all: stores of parts are slow on some processors.

        With AVX2 on Zen 4, the step of a small GPT took 1.07 times as long with them in its products and recurrences.
        """
        whole = count >= value.lanes
        with self.when(whole):
            self.store(value, pointer)
        with self.when(~whole):
            self.store_masked(value, pointer, self.first_lanes(count, value.kind, value.lanes))

    def offset(self, pointer: Value, nbytes: Value | int) -> Value:
        at = nbytes.ref if isinstance(nbytes, Value) else str(nbytes)
        return self.op(f"getelementptr i8, ptr {pointer.ref}, i64 {at}", "ptr")

    def opaque(self, pointer: Value) -> Value:
        """The pointer, of which the compiler does not know how it is made: addresses are not computed from another's."""
        return self.op(f'call ptr asm "", "=r,0"(ptr {pointer.ref})', "ptr")

    def prefetch(self, pointer: Value, *, write: bool = False) -> None:
        """Ask for a line of memory that will be read soon, or written; any address is fine."""
        touch = self.module.declare("llvm.prefetch.p0", "void", "ptr, i32, i32, i32")
        self.emit(f"call void {touch}(ptr {pointer.ref}, i32 {int(write)}, i32 3, i32 1)")

    def offsets(self, pointer: Value, nbytes: Value) -> Value:
        """One pointer a lane."""
        return self.op(f"getelementptr i8, ptr {pointer.ref}, {nbytes.type} {nbytes.ref}", "ptr", nbytes.lanes)

    # control

    def label(self, name: str) -> None:
        self.lines.append(f"{name}:")

    @contextmanager
    def loop(self, start: Value, stop: Value, step: int | Value = 1) -> Iterator[Value]:
        """`for i in range(start, stop, step)`."""
        at = self.slot("i64")
        self.store(start, at, slot=True)
        head, body, done = (self.name_new(p) for p in ("head", "body", "done"))
        self.emit(f"br label %{head}")
        self.label(head)
        i = self.load_slot(at, "i64")
        more = i < stop
        self.emit(f"br i1 {more.ref}, label %{body}, label %{done}")
        self.label(body)
        yield i
        self.store(i + step, at, slot=True)
        self.emit(f"br label %{head}")
        self.label(done)

    @contextmanager
    def repeat(self, holds: Callable[[], Value]) -> Iterator[None]:
        """`while holds()`."""
        head, body, done = (self.name_new(p) for p in ("head", "body", "done"))
        self.emit(f"br label %{head}")
        self.label(head)
        self.emit(f"br i1 {holds().ref}, label %{body}, label %{done}")
        self.label(body)
        yield
        self.emit(f"br label %{head}")
        self.label(done)

    @contextmanager
    def when(self, condition: Value) -> Iterator[None]:
        """The block runs if `condition` holds."""
        yes, done = self.name_new("then"), self.name_new("done")
        self.emit(f"br i1 {condition.ref}, label %{yes}, label %{done}")
        self.label(yes)
        yield
        self.emit(f"br label %{done}")
        self.label(done)

    @contextmanager
    def leaving(self, condition: Value) -> Iterator[None]:
        """The block, which ends by returning, runs if `condition` holds."""
        yes, on = self.name_new("leave"), self.name_new("on")
        self.emit(f"br i1 {condition.ref}, label %{yes}, label %{on}")
        self.label(yes)
        yield
        self.label(on)

    def either(self, condition: Value, yes: Callable[[], Value], no: Callable[[], Value]) -> Value:
        """The value of one of two blocks, of which only that one runs."""
        names = [self.name_new(p) for p in ("yes", "no", "both")]
        self.emit(f"br i1 {condition.ref}, label %{names[0]}, label %{names[1]}")
        slot: Value | None = None
        for name, block in zip(names, (yes, no), strict=False):
            self.label(name)
            value = block()
            slot = slot or self.slot(value.kind, value.lanes)
            self.store(value, slot, slot=True)
            self.emit(f"br label %{names[2]}")
        self.label(names[2])
        assert slot is not None
        return self.load_slot(slot, value.kind, value.lanes)

    def minimum(self, a: Value, b: Value) -> Value:
        return (a < b).select(a, b)

    def maximum(self, a: Value, b: Value) -> Value:
        return (a > b).select(a, b)


def _intrinsic_kind(kind: str) -> str:
    return kind if kind[0] == "f" else f"i{BITS[kind]}"


def _as_float32(number: float) -> float:
    try:
        return struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
