"""Remainders and floored quotients of floats on IR values: what the C library's fmod and NumPy's divmod give, exactly.

x - trunc(x / y) * y is exact where the quotient has no more digits than its dtype, since all of it is a multiple of the
last digit of y; the few lanes with larger ones are handed to the C library.
"""

from __future__ import annotations

from flambeau.kernels.emit import Value
from flambeau.kernels.math import absolute, by_library, copysign, fma

LARGE = {"f32": 2.0**23, "f64": 2.0**51}
"""Quotients from which the C library computes."""


def fmod(x: Value, y: Value) -> Value:
    """The remainder of a division rounded towards zero, with the sign of x."""
    size, step = absolute(x), absolute(y)
    rest = fma(-(size / step).call("trunc"), step, size)
    rest = (rest < 0).select(rest + step, rest)  # where the quotient was rounded up to the next integer
    rest = (size < step).select(size, rest)
    rest = by_library("fmod", (size, step), lambda size, step: size / step >= LARGE[size.kind], rest)
    return copysign(rest, x)


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
