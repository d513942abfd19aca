"""Remainders and floored quotients of floats on IR values: what the C library's fmod and NumPy's divmod give, exactly.

x - trunc(x / y) * y is exact where the quotient has no more digits than its dtype, since all of it is a multiple of the
last digit of y; the few lanes with larger ones are handed to the C library.
"""

from __future__ import annotations

from flambeau.kernels.emit import Value
from flambeau.kernels.math import absolute, copysign, fma

LARGE = {"f32": 2.0**23, "f64": 2.0**51}
"""Quotients from which the C library computes."""


def fmod(x: Value, y: Value) -> Value:
    """The remainder of a division rounded towards zero, with the sign of x."""
    size, step = absolute(x), absolute(y)
    ratio = size / step
    whole = ratio.call("trunc")
    rest = fma(-whole, step, size)
    rest = (rest < 0).select(rest + step, rest)  # where the quotient was rounded up to the next integer
    rest = (size < step).select(size, rest)
    return copysign(_by_library(x, y, ratio >= LARGE[x.kind], rest), x)


def _by_library(x: Value, y: Value, rare: Value, result: Value) -> Value:
    """`result`, with the C library's in the lanes marked `rare`."""
    fn, lanes, size = x.fn, x.lanes, 4 if x.kind == "f32" else 8
    libm = fn.module.declare("fmod", "double", "double, double")
    results = fn.slot(x.kind, lanes)
    fn.store(result, results, slot=True)
    some = rare
    if lanes > 1:
        bits = fn.op(f"bitcast {rare.type} {rare.ref} to i{lanes}", "i1")
        some = fn.op(f"icmp ne i{lanes} {bits.ref}, 0", "i1")
    with fn.when(some):
        slots = [fn.slot(x.kind, lanes) for _ in range(2)]
        for slot, value in zip(slots, (x, y), strict=True):
            fn.store(value, slot, slot=True)
        with fn.loop(fn.const(0, "i64"), fn.const(lanes, "i64")) as i:
            a, b = (fn.load(fn.offset(slot, i * size), x.kind) for slot in slots)
            with fn.when(absolute(a) / absolute(b) >= LARGE[x.kind]):
                wide = [each.convert("f64") for each in (a, b)]
                exact = fn.op(f"call double {libm}(double {wide[0].ref}, double {wide[1].ref})", "f64")
                fn.store(absolute(exact.convert(x.kind)), fn.offset(results, i * size))
    return fn.load_slot(results, x.kind, lanes)


def remainder(x: Value, y: Value) -> Value:
    """The remainder of a division rounded down, with the sign of y."""
    rest = fmod(x, y)
    apart = rest.ne(0) & ((rest < 0) ^ (y < 0))
    found = apart.select(rest + y, rest)
    return found.eq(0).select(copysign(found, y), found)


def floor_divide(x: Value, y: Value) -> Value:
    """The quotient rounded down, of the dividend without its remainder; x / y where y is 0."""
    rest = fmod(x, y)
    quotient = (x - rest) / y
    quotient = (rest.ne(0) & ((rest < 0) ^ (y < 0))).select(quotient - 1, quotient)
    low = quotient.call("floor")
    low = (quotient - low > 0.5).select(low + 1, low)
    ratio = x / y
    low = quotient.eq(0).select(copysign(quotient.like(0), ratio), low)
    return y.eq(0).select(ratio, low)
