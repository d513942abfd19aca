"""The table of prims that have a kernel: each with the dtypes it accepts and the IR it becomes.

A rule gets its operands in the dtype NumPy computes in (`maths` rules only for floats).
"""

from __future__ import annotations

import math as python_math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flambeau.kernels import division, math
from flambeau.kernels.emit import BITS, Value

FLOATS = frozenset({"f32", "f64"})
INTEGERS = frozenset({"i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"})
BOOL = frozenset({"i1"})


@dataclass(frozen=True)
class Pointwise:
    """How a pointwise prim is computed on values of one kind."""

    emit: Callable[..., Value]
    kinds: frozenset[str]
    heavy: bool = False  # a transcendental function: worth keeping over computing again
    special: Callable[[tuple[Any, ...]], bool] | None = None  # a further condition

    def accepts(self, result: str, operand: str, args: tuple[Any, ...]) -> bool:
        return operand in self.kinds and (self.special is None or self.special(args))


def _maximum(x: Value, y: Value) -> Value:
    """NaN if either is."""
    if x.kind == "i1":
        return x | y
    larger = x > y
    return (larger | x.isnan() if x.is_float else larger).select(x, y)


def _minimum(x: Value, y: Value) -> Value:
    if x.kind == "i1":
        return x & y
    smaller = x < y
    return (smaller | x.isnan() if x.is_float else smaller).select(x, y)


def _sign(x: Value) -> Value:
    result = (x > 0).select(x.like(1), 0)
    if x.kind[0] != "u":
        result = (x < 0).select(-1, result)
    return x.isnan().select(x, result) if x.is_float else result


def _absolute(x: Value) -> Value:
    if x.is_float:
        return math.absolute(x)
    return x if x.kind[0] == "u" else (x < 0).select(-x, x)


SIMPLE_POWERS: dict[float, Callable[[Value], Value]] = {
    1: lambda x: x,
    2: lambda x: x * x,
    3: lambda x: x * x * x,
    0.5: lambda x: x.call("sqrt"),
    -1: lambda x: 1 / x,
    -0.5: lambda x: 1 / x.call("sqrt"),
}
"""The constant exponents that need no logarithm."""


def _simple_power(args: tuple[Any, ...]) -> bool:
    """Whether x ** y has a kernel: float32, or one of the constant powers."""
    x, y = args
    if getattr(y, "op", None) == "const":
        y = y.param
    dtype = getattr(x, "dtype", None)
    if isinstance(y, int | float) and y in SIMPLE_POWERS:
        return dtype is not None and (dtype.kind not in {"i", "u"} or y in {1, 2, 3})
    return dtype is not None and dtype.name in {"float32", "float16", "bfloat16"}


def _rounding(name: str) -> Pointwise:
    return Pointwise(lambda x: x.call(name) if x.is_float else x, FLOATS | INTEGERS)


def _compare(op: str) -> Pointwise:
    def emit(x: Value, y: Value) -> Value:
        if x.kind == "i1":
            x, y = x.convert("u8"), y.convert("u8")
        return x.compare(op, y)

    return Pointwise(emit, FLOATS | INTEGERS | BOOL)


def _logical(emit: Callable[..., Value]) -> Pointwise:
    return Pointwise(lambda *args: emit(*(a.convert("i1") for a in args)), FLOATS | INTEGERS | BOOL)


def _test(emit: Callable[[Value], Value]) -> Pointwise:
    return Pointwise(emit, FLOATS)


def _maths(emit: Callable[..., Value]) -> Pointwise:
    return Pointwise(emit, FLOATS, heavy=True)


def _logaddexp(x: Value, y: Value) -> Value:
    top = _maximum(x, y)
    apart = math.absolute(x - y)
    same = x.eq(y).select(python_math.log(2.0), math.log1p(math.exp(-apart)))
    return top + same


def _xlogy(x: Value, y: Value) -> Value:
    return (x.eq(0) & ~y.isnan()).select(0, x * math.log(y))


def _hypot(x: Value, y: Value) -> Value:
    wide_x, wide_y = x.convert("f64"), y.convert("f64")
    size = (wide_x * wide_x + wide_y * wide_y).call("sqrt").convert(x.kind)
    infinite = math.absolute(x).eq(python_math.inf) | math.absolute(y).eq(python_math.inf)
    return infinite.select(python_math.inf, size)


def _signbit(x: Value) -> Value:
    return x.bitcast(f"i{BITS[x.kind]}") < 0


NUMBERS = FLOATS | INTEGERS

POINTWISE: dict[str, Pointwise] = {
    "add": Pointwise(lambda x, y: x | y if x.kind == "i1" else x + y, NUMBERS | BOOL),
    "sub": Pointwise(lambda x, y: x - y, NUMBERS),
    "mul": Pointwise(lambda x, y: x & y if x.kind == "i1" else x * y, NUMBERS | BOOL),
    "true_divide": Pointwise(lambda x, y: x / y, FLOATS),
    "negative": Pointwise(lambda x: -x, NUMBERS),
    "abs": Pointwise(_absolute, NUMBERS),
    "sign": Pointwise(_sign, NUMBERS),
    "sgn": Pointwise(_sign, NUMBERS),
    "square": Pointwise(lambda x: x * x, NUMBERS),
    "reciprocal": Pointwise(lambda x: 1 / x, FLOATS),
    "sqrt": Pointwise(lambda x: x.call("sqrt"), FLOATS),
    "rsqrt": Pointwise(lambda x: 1 / x.call("sqrt"), FLOATS),
    "pow": Pointwise(math.pow, NUMBERS, heavy=True, special=_simple_power),
    "hypot": Pointwise(_hypot, frozenset({"f32"})),
    "maximum": Pointwise(_maximum, NUMBERS),
    "minimum": Pointwise(_minimum, NUMBERS),
    "fmax": Pointwise(lambda x, y: (_maximum(x, y).isnan()).select(
        x.isnan().select(y, x), _maximum(x, y)), FLOATS),
    "fmin": Pointwise(lambda x, y: (_minimum(x, y).isnan()).select(
        x.isnan().select(y, x), _minimum(x, y)), FLOATS),
    "floor": _rounding("floor"),
    "ceil": _rounding("ceil"),
    "trunc": _rounding("trunc"),
    "round": Pointwise(lambda x: x.call("rint"), FLOATS),
    "copysign": Pointwise(math.copysign, FLOATS),
    "fmod": Pointwise(division.fmod, FLOATS),
    "remainder": Pointwise(division.remainder, FLOATS),
    "floor_divide": Pointwise(division.floor_divide, FLOATS),
    "exp": _maths(math.exp),
    "exp2": _maths(math.exp2),
    "expm1": _maths(math.expm1),
    "log": _maths(math.log),
    "log2": _maths(math.log2),
    "log10": _maths(math.log10),
    "log1p": _maths(math.log1p),
    "logaddexp": _maths(_logaddexp),
    "xlogy": _maths(_xlogy),
    "sigmoid": _maths(math.sigmoid),
    "log_sigmoid": _maths(math.log_sigmoid),
    "sin": _maths(math.sin),
    "cos": _maths(math.cos),
    "tan": _maths(math.tan),
    "asin": _maths(math.in_double(math.asin)),
    "acos": _maths(math.acos),
    "atan": _maths(math.atan),
    "atan2": _maths(math.atan2),
    "sinh": _maths(math.sinh),
    "cosh": _maths(math.cosh),
    "tanh": _maths(math.tanh),
    "asinh": _maths(math.asinh),
    "acosh": _maths(math.in_double(math.acosh)),
    "atanh": _maths(math.in_double(math.atanh)),
    "erf": _maths(math.erf),
    "eq": _compare("oeq"),
    "ne": _compare("une"),
    "lt": _compare("olt"),
    "le": _compare("ole"),
    "gt": _compare("ogt"),
    "ge": _compare("oge"),
    "logical_and": _logical(lambda x, y: x & y),
    "logical_or": _logical(lambda x, y: x | y),
    "logical_xor": _logical(lambda x, y: x ^ y),
    "logical_not": _logical(lambda x: ~x),
    "bitwise_and": Pointwise(lambda x, y: x & y, INTEGERS | BOOL),
    "bitwise_or": Pointwise(lambda x, y: x | y, INTEGERS | BOOL),
    "bitwise_xor": Pointwise(lambda x, y: x ^ y, INTEGERS | BOOL),
    "bitwise_not": Pointwise(lambda x: ~x, INTEGERS | BOOL),
    "isnan": _test(lambda x: x.isnan()),
    "isinf": _test(lambda x: math.absolute(x).eq(python_math.inf)),
    "isfinite": _test(lambda x: math.absolute(x) < python_math.inf),
    "signbit": _test(_signbit),
    "where": Pointwise(lambda c, x, y: c.convert("i1").select(x, y), NUMBERS | BOOL),
}  # fmt: skip


@dataclass(frozen=True)
class Reduction:
    """How values are combined, and what combines with any value to that value."""

    combine: Callable[[Value, Value], Value]
    identity: Callable[[str], float]
    wide: bool = False  # float32 partial results are combined in float64


def _lowest(kind: str) -> float:
    if kind in FLOATS:
        return -python_math.inf
    return 0 if kind[0] == "u" or kind == "i1" else -(1 << (BITS[kind] - 1))


def _highest(kind: str) -> float:
    if kind in FLOATS:
        return python_math.inf
    bits = BITS[kind]
    return 1 if bits == 1 else (1 << bits) - 1 if kind[0] == "u" else (1 << (bits - 1)) - 1


REDUCTIONS: dict[str, Reduction] = {
    "sum": Reduction(lambda x, y: x + y, lambda kind: 0, wide=True),
    "prod": Reduction(lambda x, y: x * y, lambda kind: 1, wide=True),
    "amax": Reduction(_maximum, _lowest),
    "amin": Reduction(_minimum, _highest),
    "any": Reduction(lambda x, y: x | y, lambda kind: 0),
    "all": Reduction(lambda x, y: x & y, lambda kind: 1),
}


def emit_power(x: Value, y: Value, exponent: Any) -> Value:
    """x ** y, where `exponent` is y's value if it is a constant."""
    simple = SIMPLE_POWERS.get(exponent)
    return simple(x) if simple else math.pow(x, y)
