"""The product of small matrices, where a call of BLAS costs more than the arithmetic: a loop nest, or tiles.

Tiles take the matrices as they lie; a second one whose columns are contiguous is turned round first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from flambeau.kernels import tile as tiles
from flambeau.kernels.compile import HEADER, builtin, engine
from flambeau.kernels.emit import Function, Module, Value
from flambeau.kernels.entry import CALLED, give_none
from flambeau.kernels.matmul import turn_lines

LANES = 8
MOST = 512
"""Multiplications up to which one at a time is quicker than NumPy's call; `LANES` times as many where rows of the
second matrix are contiguous."""

TILED = 1 << 18
"""Multiplications up to which tiles on one thread are quicker than the kernels that share out the work."""

_NUMBERS = ("rows", "columns", "inner", "a_row", "a_column", "b_row", "b_column", "swapped")


def _text(name: str) -> str:
    """`name(numbers, a, b, [bias,] out, scratch)`, called with Python objects; steps are in bytes."""
    module = Module()
    fn = Function(module, name, CALLED, "ptr")
    none, args, count = fn.args

    def data(place: Value | int) -> Value:
        thing = fn.load(fn.offset(args, place * 8), "ptr")
        return fn.load(fn.offset(thing, HEADER), "ptr")

    words = data(0)
    n = {each: fn.load(fn.offset(words, 8 * k), "i64") for k, each in enumerate(_NUMBERS)}
    third, out = data(3), data(count - 2)
    given, swapped = (data(1), data(2)), n["swapped"].ne(0)
    a, b = swapped.select(given[1], given[0]), swapped.select(given[0], given[1])
    zero = fn.const(0, "i64")
    has_bias = count > 5
    vectors = n["b_column"].eq(4).select(_quotient(n["columns"]), zero) * LANES

    def tile(i: Value, j: Value, lanes: int) -> None:
        total = fn.slot("f32", lanes)
        fn.store(fn.const(0, "f32", lanes), total, slot=True)
        with fn.when(has_bias):
            first = fn.either(
                swapped,
                lambda: fn.load(fn.offset(third, i * 4), "f32").splat(lanes),
                lambda: fn.load(fn.offset(third, j * 4), "f32", lanes),
            )
            fn.store(first, total, slot=True)
        left, right = fn.offset(a, i * n["a_row"]), fn.offset(b, j * n["b_column"])
        with fn.loop(zero, n["inner"]) as k:
            x = fn.load(fn.offset(left, k * n["a_column"]), "f32").splat(lanes)
            y = fn.load(fn.offset(right, k * n["b_row"]), "f32", lanes)
            fn.store(x.call("fma", y, fn.load_slot(total, "f32", lanes)), total, slot=True)
        fn.store(fn.load_slot(total, "f32", lanes), fn.offset(out, (i * n["columns"] + j) * 4))

    with fn.loop(zero, n["rows"]) as i:
        with fn.loop(zero, vectors, LANES) as j:
            tile(i, j, LANES)
        with fn.loop(vectors, n["columns"]) as j:
            tile(i, j, 1)
    give_none(fn, none)
    return module.text()


def _quotient(value: Value) -> Value:
    return value >> (LANES.bit_length() - 1)


def _tiled(name: str) -> str:
    """The same by `tile.multiplier`."""
    vector_bytes = engine().vector_bytes
    lanes = vector_bytes // 4
    module = Module()
    multiply = tiles.multiplier(module, "f32", vector_bytes)
    fn = Function(module, name, CALLED, "ptr")
    none, args, count = fn.args

    def data(place: Value | int) -> Value:
        return fn.load(fn.offset(fn.load(fn.offset(args, place * 8), "ptr"), HEADER), "ptr")

    words, a, b = data(0), data(1), data(2)
    third, out, scratch = data(3), data(count - 2), data(count - 1)
    n = {each: fn.load(fn.offset(words, 8 * k), "i64") for k, each in enumerate(_NUMBERS)}
    zero, columns = fn.const(0, "i64"), n["columns"]
    turned, pitch = n["b_column"].ne(4), (columns + (lanes - 1) & -lanes) * 4
    with fn.when(turned), fn.loop(zero, columns, lanes) as j:
        turn_lines(fn, "f32", lanes, b, (j, columns), n["b_column"], n["inner"], fn.offset(scratch, j * 4), pitch)
    has_bias = count > 5
    with fn.when(has_bias), fn.loop(zero, columns, lanes) as j:
        some = fn.first_lanes(columns - j, "f32", lanes)
        start = fn.load_masked(fn.offset(third, j * 4), "f32", some)
        with fn.loop(zero, n["rows"]) as i:
            fn.store_masked(start, fn.offset(out, (i * columns + j) * 4), some)
    tiles.call(fn, multiply, {
        "a": a, "a_row": n["a_row"], "a_step": n["a_column"],
        "b": turned.select(scratch, b), "b_row": turned.select(pitch, n["b_row"]),
        "c": out, "c_row": columns * 4, "rows": n["rows"], "columns": columns, "depth": n["inner"],
        "add": has_bias.convert("i64"),
    })  # fmt: skip
    give_none(fn, none)
    return module.text()


@cache
def _kernel(name: str, generate: Callable[[str], str]) -> Callable[..., None]:
    text = generate(name)
    return builtin(name, engine().load(text, lambda: text, name))


def product(a: np.ndarray, b: np.ndarray, bias: np.ndarray | None = None) -> Any:
    """The kernel of `a @ b + bias` for float32 matrices like these, its numbers, outputs and scratch bytes; or None.

    The kernel is called with the numbers, `a`, `b`, `bias` if there is one, the result and a last argument.
    """
    output, work = ((a.shape[0], b.shape[1]), a.dtype), a.size * b.shape[1]
    if bias is not None and bias.strides[0] != 4:
        return None
    swapped = b.shape[1] == 1 and a.strides[0] == 4
    if swapped:  # one column: a row of the transposed product, with contiguous rows
        a, b = b.T, a.T
    numbers = np.array([a.shape[0], b.shape[1], a.shape[1], *a.strides, *b.strides, swapped], np.int64)
    if work <= MOST * (LANES if b.strides[1] == 4 else 1):
        return _kernel("small_product", _text), numbers, [output], 0
    if work > TILED or swapped or 4 not in b.strides or min(*a.shape, b.shape[1]) < 4:
        return None
    lanes = engine().vector_bytes // 4
    wide = (-(-each // lanes) * lanes for each in b.shape)
    return _kernel("tiled_product", _tiled), numbers, [output], 4 * math.prod(wide) * (b.strides[1] != 4)
