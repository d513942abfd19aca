"""Kernels of random numbers: MT19937's recurrence, Box and Muller's formula, and shuffling.

`state` is NumPy's `struct { uint32 key[624]; int pos; }` behind `numpy.random.MT19937`, so its own
functions and these may take turns.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from functools import cache
from typing import Any

from flambeau.kernels.compile import engine
from flambeau.kernels.emit import Function, Module, Value
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


def _draws(name: str, bits: int) -> str:
    """`name(state, out, n)`: numbers of 32 bits, or of 64: pairs of words, the first one high."""
    module = Module()
    renew, temper = f"{name}_renew", f"{name}_temper"
    _renew(module, renew)
    _temper(module, temper)
    fn = Function(module, name, {"state": "ptr", "out": "ptr", "n": "i64"})
    state, out, n = fn.args
    words = n * (bits // 32)
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

    def exchange(i: Value, lanes: int) -> None:
        at = _at(fn, out, i, 8)
        pair = fn.load(at, "u64", lanes)
        fn.store((pair << 32) | (pair >> 32), at)

    if bits == 64:
        _each(fn, 0, n, exchange)
    fn.emit("ret void")
    return module.text()


def _box_muller(name: str, kind: str) -> str:
    """`name(x, blocks, mean, std)`: blocks of 16 uniform numbers made normal, in place."""
    module = Module()
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
    return module.text()


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


def _shuffle(name: str) -> str:
    """`name(order, draws, n)`: exchange places i and i + draws[i] % (n - i), for each i < n - 1."""
    module = Module()
    fn = Function(module, name, {"order": "ptr", "draws": "ptr", "n": "i64"})
    order, draws, n = fn.args
    with fn.loop(fn.const(0, "i64"), n - 1) as i:
        step = fn.load(_at(fn, draws, i, 4), "u32").urem((n - i).convert("u32"))
        here = _at(fn, order, i, 8)
        there = _at(fn, here, step.convert("u64"), 8)
        mine, its = fn.load(here, "i64"), fn.load(there, "i64")
        fn.store(its, here)
        fn.store(mine, there)
    fn.emit("ret void")
    return module.text()


_POINTERS = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_longlong
_NUMBERS = ctypes.c_void_p, ctypes.c_longlong
_KERNELS: dict[str, tuple[Callable[[str], str], tuple[Any, ...]]] = {
    "random_draw32": (lambda name: _draws(name, 32), _POINTERS),
    "random_draw64": (lambda name: _draws(name, 64), _POINTERS),
    "random_normal32": (
        lambda name: _box_muller(name, "f32"),
        (*_NUMBERS, ctypes.c_float, ctypes.c_float),
    ),
    "random_normal64": (
        lambda name: _box_muller(name, "f64"),
        (*_NUMBERS, ctypes.c_double, ctypes.c_double),
    ),
    "random_shuffle": (_shuffle, _POINTERS),
}


@cache
def _kernel(name: str) -> Any:
    generate, arguments = _KERNELS[name]
    address = engine().load(name, lambda: generate(name), name)
    # The interpreter's lock is kept: an engine has one user at a time.
    return ctypes.PYFUNCTYPE(None, *arguments)(address)


def draw(state: int, out: Any) -> None:
    """Fill the uint32 or uint64 array `out` from the MT19937 whose state is at that address."""
    _kernel(f"random_draw{8 * out.itemsize}")(state, out.ctypes.data, out.size)


def box_muller(uniforms: Any, mean: float, std: float) -> None:
    """Make normal numbers of a contiguous array of whole blocks of 16 uniform ones, in place."""
    kernel = _kernel(f"random_normal{8 * uniforms.itemsize}")
    kernel(uniforms.ctypes.data, uniforms.size // 16, mean, std)


def shuffle(order: Any, draws: Any) -> None:
    """Shuffle the int64 array `order` by exchanges that the uint32 array `draws` chooses."""
    _kernel("random_shuffle")(order.ctypes.data, draws.ctypes.data, order.size)
