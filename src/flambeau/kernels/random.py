"""Kernels of random numbers: MT19937's recurrence, Box and Muller's formula, and shuffling.

`state` is NumPy's `struct { uint32 key[624]; int pos; }` behind `numpy.random.MT19937`, so its own
functions and these may take turns.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from flambeau.kernels.compile import HEADER, builtin, engine
from flambeau.kernels.emit import BITS, Function, Module, Value
from flambeau.kernels.entry import adapt
from flambeau.kernels.math import (
    LN2_PARTS,
    _cosine,
    _flip,
    _log_of,
    _log_parts,
    _sine,
    fma,
    nearest,
)

WORDS = 624
MIDDLE = 397  # the recurrence mixes in the word that many places on
LANES = 16


def _at(fn: Function, base: Value, index: Value, size: int) -> Value:
    return fn.offset(base, index * size)


def _each(fn: Function, start: int | Value, stop: int | Value, write: Callable[[Value, int], None]) -> None:
    """`write(i, lanes)` for i from `start` up to `stop`, by vectors as long as they fit."""
    first = start if isinstance(start, Value) else fn.const(start, "i64")
    last = stop if isinstance(stop, Value) else fn.const(stop, "i64")
    whole = first + ((last - first) & -LANES)
    with fn.loop(first, whole, LANES) as i:
        write(i, LANES)
    with fn.loop(whole, last) as i:
        write(i, 1)


def _renew(module: Module, name: str) -> None:
    """`name(key)`: the next 624 words (Matsumoto and Nishimura, 1998)."""
    fn = Function(module, name, {"key": "ptr"})
    (key,) = fn.args

    def word(i: Value, lanes: int) -> Value:
        return fn.load(_at(fn, key, i, 4), "u32", lanes)

    def advance(i: Value, following: Value, other: Value, lanes: int) -> None:
        mixed = (word(i, lanes) & -(2**31)) | (word(following, lanes) & 2**31 - 1)
        odd = mixed.like(0) - (mixed & 1)
        new = word(other, lanes) ^ (mixed >> 1) ^ (odd & 0x9908B0DF - 2**32)
        fn.store(new, _at(fn, key, i, 4))

    turn = WORDS - MIDDLE
    _each(fn, 0, turn, lambda i, lanes: advance(i, i + 1, i + MIDDLE, lanes))
    _each(fn, turn, WORDS - 1, lambda i, lanes: advance(i, i + 1, i - turn, lanes))
    last = fn.const(WORDS - 1, "i64")
    advance(last, fn.const(0, "i64"), fn.const(MIDDLE - 1, "i64"), 1)
    fn.emit("ret void")


def _temper(module: Module, name: str) -> None:
    """`name(key, out, n)`: what the words show of themselves."""
    fn = Function(module, name, {"key": "ptr", "out": "ptr", "n": "i64"})
    key, out, n = fn.args

    def write(i: Value, lanes: int) -> None:
        y = fn.load(_at(fn, key, i, 4), "u32", lanes)
        y = y ^ (y >> 11)
        y = y ^ ((y << 7) & 0x9D2C5680 - 2**32)
        y = y ^ ((y << 15) & 0xEFC60000 - 2**32)
        fn.store(y ^ (y >> 18), _at(fn, out, i, 4))

    _each(fn, 0, n, write)
    fn.emit("ret void")


def _draws(module: Module, name: str) -> Function:
    """`name(state, out, n)`: the next n words."""
    renew, temper = f"{name}_renew", f"{name}_temper"
    _renew(module, renew)
    _temper(module, temper)
    fn = Function(module, name, {"state": "ptr", "out": "ptr", "n": "i64"})
    state, out, words = fn.args
    place = fn.offset(state, 4 * WORDS)
    start = fn.load(place, "i32").convert("i64")
    head = fn.minimum(words, WORDS - start)
    fn.emit(f"call void @{temper}(ptr {_at(fn, state, start, 4).ref}, ptr {out.ref}, i64 {head.ref})")
    fn.store((start + head).convert("i32"), place)
    with fn.loop(head, words, WORDS) as done:
        count = fn.minimum(words - done, fn.const(WORDS, "i64"))
        target = _at(fn, out, done, 4)
        fn.emit(f"call void @{renew}(ptr {state.ref})")
        fn.emit(f"call void @{temper}(ptr {state.ref}, ptr {target.ref}, i64 {count.ref})")
        fn.store(count.convert("i32"), place)
    fn.emit("ret void")
    return fn


BUFFER = 4096
"""Words drawn at a time."""

Convert = Callable[[Function, Value, dict[str, Value], int], Value]
"""What words become: `(fn, vector of u32 or u64, parameters, lanes)`."""


def _filler(
    module: Module, name: str, bits: int, result: str, parameters: dict[str, str], convert: Convert
) -> Function:
    """`name(state, out, n, ...)`: fill `out` with what numbers of 32 bits, or of 64, become.

    Of 64 bits, the first word drawn is the high one.
    """
    draw = _draws(module, f"{name}_draw")
    fn = Function(module, name, {"state": "ptr", "out": "ptr", "n": "i64", **parameters})
    state, out, n, *rest = fn.args
    given = dict(zip(parameters, rest, strict=True))
    buffer = Value(fn, "%buffer", "ptr", 1)
    fn.entry.append(f"  %buffer = alloca [{BUFFER} x i32], align 64")
    step = BUFFER // (bits // 32)
    with fn.loop(fn.const(0, "i64"), n, step) as done:
        count = fn.minimum(n - done, fn.const(step, "i64"))
        words = count * (bits // 32)
        fn.emit(f"call void @{draw.name}(ptr {state.ref}, ptr {buffer.ref}, i64 {words.ref})")
        target = _at(fn, out, done, BITS[result] // 8)

        def write(i: Value, lanes: int, target: Value = target) -> None:
            drawn = fn.load(_at(fn, buffer, i, bits // 8), f"u{bits}", lanes)
            if bits == 64:
                drawn = (drawn << 32) | (drawn >> 32)
            fn.store(convert(fn, drawn, given, lanes), _at(fn, target, i, BITS[result] // 8))

        _each(fn, 0, count, write)
    fn.emit("ret void")
    return fn


def _uniform32(module: Module, name: str) -> Function:
    """24 bits times `scale` plus `first`, rounded once; `last`, which that may give, is `first`."""

    def convert(fn: Function, bits: Value, given: dict[str, Value], lanes: int) -> Value:
        x = (bits & (1 << 24) - 1).convert("i32").convert("f64")
        y = (x * given["scale"].splat(lanes) + given["first"].splat(lanes)).convert("f32")
        first, last = (given[end].convert("f32").splat(lanes) for end in ("first", "last"))
        return y.eq(last).select(first, y)

    return _filler(module, name, 32, "f32", {"scale": "f64", "first": "f64", "last": "f64"}, convert)


def _uniform64(module: Module, name: str) -> Function:
    """The same of 53 bits, where the product is not rounded."""

    def convert(fn: Function, bits: Value, given: dict[str, Value], lanes: int) -> Value:
        x = (bits & (1 << 53) - 1).convert("i64").convert("f64") * 2.0**-53
        first = given["first"].splat(lanes)
        y = fma(x, given["scale"].splat(lanes), first)
        return y.eq(given["last"].splat(lanes)).select(first, y)

    return _filler(module, name, 64, "f64", {"scale": "f64", "first": "f64", "last": "f64"}, convert)


def _integers(module: Module, name: str) -> Function:
    """`base` plus the remainder of 32 bits by `span`, at most 2**32."""

    def convert(fn: Function, bits: Value, given: dict[str, Value], lanes: int) -> Value:
        x = bits.convert("i64")
        span = given["span"].splat(lanes)
        # The quotient by floating-point division is off by one at most.
        quotient = (x.convert("f64") / span.convert("f64")).convert("i64")
        rest = x - quotient * span
        rest = (rest < 0).select(rest + span, rest)
        return (rest >= span).select(rest - span, rest) + given["base"].splat(lanes)

    return _filler(module, name, 32, "i64", {"span": "i64", "base": "i64"}, convert)


def _below(module: Module, name: str, result: str) -> Function:
    """One where 53 bits are less than `limit`, else zero."""

    def convert(fn: Function, bits: Value, given: dict[str, Value], lanes: int) -> Value:
        less = (bits & (1 << 53) - 1).convert("i64") < given["limit"].splat(lanes)
        return less.convert(result)

    return _filler(module, name, 64, result, {"limit": "i64"}, convert)


def _few_normals(module: Module, name: str, kind: str) -> Function:
    """`name(state, out, n, mean, std, spare)`: normal numbers by the C library's functions, as Python's `math`.

    They come in pairs: of an odd number the last one's fellow is left in `spare`, without mean and std.
    """
    draw = _draws(module, f"{name}_draw")
    args = {"state": "ptr", "out": "ptr", "n": "i64", "mean": "f64", "std": "f64", "spare": "ptr"}
    fn = Function(module, name, args)
    state, out, n, mean, std, spare = fn.args
    libm = {f: module.declare(f, "double", "double") for f in ("log1p", "cos", "sin", "sqrt")}

    def of(function: str, x: Value) -> Value:
        return fn.op(f"call double {libm[function]}(double {x.ref})", "f64")

    def put(i: Value, normal: Value) -> None:
        fn.store((normal * std + mean).convert(kind), _at(fn, out, i, BITS[kind] // 8))

    buffer = Value(fn, "%buffer", "ptr", 1)
    fn.entry.append("  %buffer = alloca [4 x i32], align 64")

    def uniform(at: int) -> Value:
        high, low = (fn.load(fn.offset(buffer, 8 * at + 4 * part), "u32").convert("u64") for part in (0, 1))
        bits = ((high << 32) | low) & (1 << 53) - 1
        return bits.convert("i64").convert("f64") * 2.0**-53

    with fn.loop(fn.const(0, "i64"), n, 2) as i:
        fn.emit(f"call void @{draw.name}(ptr {state.ref}, ptr {buffer.ref}, i64 4)")
        angle = uniform(0) * (2 * math.pi)
        radius = of("sqrt", of("log1p", -uniform(1)) * -2.0)
        put(i, radius * of("cos", angle))
        second = radius * of("sin", angle)
        with fn.when(i + 1 < n):
            put(i + 1, second)
        with fn.when(i + 1 >= n):
            fn.store(second, spare)
    fn.emit("ret void")
    return fn


def _box_muller(module: Module, name: str, kind: str) -> Function:
    """`name(x, blocks, mean, std)`: blocks of 16 uniform numbers made normal, in place."""
    args = {"x": "ptr", "blocks": "i64", "mean": kind, "std": kind}
    fn = Function(module, name, args)
    x, blocks, mean, std = fn.args
    size = 4 if kind == "f32" else 8
    with fn.loop(fn.const(0, "i64"), blocks) as block:
        first = _at(fn, x, block, 16 * size)
        second = fn.offset(first, 8 * size)
        radius = (_log(1 - fn.load(first, kind, 8)) * -2).call("sqrt")
        r, k = _quadrant(fn.load(second, kind, 8) * (2 * math.pi))
        sine, cosine, odd = _sine(r), _cosine(r), (k & 1).ne(0)
        for at, value, negative in (
            (first, odd.select(sine, cosine), ((k + 1) & 2).ne(0)),
            (second, odd.select(cosine, sine), (k & 2).ne(0)),
        ):
            normal = radius * _flip(value, negative)
            fn.store(fma(normal, std.splat(8), mean.splat(8)), at)
    fn.emit("ret void")
    return fn


def _log(x: Value) -> Value:
    """The logarithm of positive numbers that are not tiny."""
    m, e = _log_parts(x)
    f, rest = _log_of(m)
    high, low = LN2_PARTS[x.kind]
    return fma(e, high, f - (rest - e * low))


def _quadrant(x: Value) -> tuple[Value, Value]:
    """(r, k) with x = k pi/2 + r, for x within a turn."""
    k, integer = nearest(x * (2 / math.pi))
    for part in _HALF_PI[x.kind]:
        x = fma(k, -part, x)
    return x, integer


# pi/2 as the nearest number and what that leaves out
_HALF_PI = {
    "f32": (1.5707963705062866, -4.371139000186241e-08),
    "f64": (1.5707963267948966, 6.123233995736766e-17),
}


def _permutation(module: Module, name: str) -> Function:
    """`name(state, out, n)`: 0 ... n-1, where each place i < n - 1 in turn was exchanged with i + draw % (n - i)."""
    draw = _draws(module, f"{name}_draw")
    fn = Function(module, name, {"state": "ptr", "out": "ptr", "n": "i64"})
    state, out, n = fn.args
    zero = fn.const(0, "i64")
    with fn.loop(zero, n) as i:
        fn.store(i, _at(fn, out, i, 8))
    buffer = Value(fn, "%buffer", "ptr", 1)
    fn.entry.append(f"  %buffer = alloca [{BUFFER} x i32], align 64")
    with fn.loop(zero, n - 1, BUFFER) as done:
        count = fn.minimum(n - 1 - done, fn.const(BUFFER, "i64"))
        fn.emit(f"call void @{draw.name}(ptr {state.ref}, ptr {buffer.ref}, i64 {count.ref})")
        with fn.loop(zero, count) as k:
            i = done + k
            step = fn.load(_at(fn, buffer, k, 4), "u32").urem((n - i).convert("u32"))
            here = _at(fn, out, i, 8)
            there = _at(fn, here, step.convert("u64"), 8)
            mine, its = fn.load(here, "i64"), fn.load(there, "i64")
            fn.store(its, here)
            fn.store(mine, there)
    fn.emit("ret void")
    return fn


def _words(module: Module, name: str) -> Function:
    """`name(state, out, n)`: numbers of 64 bits."""
    return _filler(module, name, 64, "u64", {}, lambda fn, bits, given, lanes: bits)


_KERNELS: dict[str, Callable[[Module, str], Function]] = {
    "draw32": _draws,
    "draw64": _words,
    "uniform32": _uniform32,
    "uniform64": _uniform64,
    "integers": _integers,
    "below_f32": lambda module, name: _below(module, name, "f32"),
    "below_f64": lambda module, name: _below(module, name, "f64"),
    "below_u8": lambda module, name: _below(module, name, "u8"),
    "normal32": lambda module, name: _box_muller(module, name, "f32"),
    "normal64": lambda module, name: _box_muller(module, name, "f64"),
    "few_normals32": lambda module, name: _few_normals(module, name, "f32"),
    "few_normals64": lambda module, name: _few_normals(module, name, "f64"),
    "permutation": _permutation,
}


@cache
def kernel(name: str) -> Callable[..., None]:
    """A kernel of this file; it takes arrays and numbers.

    The interpreter's lock is kept: an engine has one user at a time.
    """
    full = f"random_{name}"

    def generate() -> str:
        module = Module()
        adapt(module, _KERNELS[name](module, f"{full}_body"), full, HEADER)
        return module.text()

    return builtin(full, engine().load(full, generate, full))


def draw(state: Any, out: Any) -> None:
    """Fill the uint32 or uint64 array `out` from the MT19937 whose words and position are `state`."""
    kernel(f"draw{8 * out.itemsize}")(state, out, out.size)


def uniform(state: Any, out: Any, low: float, high: float) -> None:
    """Fill the contiguous float32 or float64 array `out` from [low, high)."""
    if low == 0 and high == 1:
        kernel(f"uniform{8 * out.itemsize}")(state, out, out.size, *_UNIT[out.itemsize])
    elif out.itemsize == 4:
        first, last = np.float32(low), np.float32(high)
        kernel("uniform32")(state, out, out.size, float(last - first) * 2.0**-24, float(first), float(last))
    else:
        kernel("uniform64")(state, out, out.size, high - low, low, high if high != 1 else math.nan)


_UNIT = {4: (2.0**-24, 0.0, 1.0), 8: (1.0, 0.0, math.nan)}
_BELOW = {"f4": "below_f32", "f8": "below_f64", "b1": "below_u8", "u1": "below_u8"}


def bernoulli(state: Any, out: Any, limit: int) -> bool:
    """Fill the contiguous array `out` with ones where 53 bits are less than `limit`; whether there is a kernel."""
    name = _BELOW.get(out.dtype.str[1:])
    if name is not None:
        kernel(name)(state, out, out.size, limit)
    return name is not None


_NO_SPARE = np.empty(0)


def few_normals(state: Any, out: Any, mean: float, std: float) -> float | None:
    """Fill the contiguous float32 or float64 array `out`; of an odd number of normals the one that is left."""
    odd = out.size & 1
    spare = np.empty(1) if odd else _NO_SPARE
    kernel(f"few_normals{8 * out.itemsize}")(state, out, out.size, mean, std, spare)
    return float(spare[0]) if odd else None


def box_muller(uniforms: Any, mean: float, std: float) -> None:
    """Make normal numbers of a contiguous array of whole blocks of 16 uniform ones, in place."""
    kernel(f"normal{8 * uniforms.itemsize}")(uniforms, uniforms.size // 16, mean, std)
