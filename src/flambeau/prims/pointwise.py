"""Pointwise prims: one line each, name and NumPy implementation.

Arguments broadcast, and the result has the dtype that NumPy gives (promotion is the ops' business);
the functions that come from SciPy keep float16, bfloat16 and float32. `out` takes the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau.prims.core import AUTO_THRESHOLD, Prim, declare, numbers, silently, threshold

_PLAIN = {  # the arguments are ndarrays and numbers
    1: "x.__class__ is ndarray",
    2: "x.__class__ is ndarray and (y.__class__ is ndarray or y.__class__ in numbers)",
    3: "x.__class__ is ndarray and (y.__class__ is ndarray or y.__class__ in numbers) "
    "and (z.__class__ is ndarray or z.__class__ in numbers)",
}
_SMALL = {
    1: "x.size < large",
    2: "x.size < large and (y.__class__ is not ndarray or y.size < large)",
    3: "x.size < large and (y.__class__ is not ndarray or y.size < large) "
    "and (z.__class__ is not ndarray or z.size < large)",
}


def _declare(name: str, numpy: Callable[..., Any], arity: int) -> Prim:
    """A prim of `arity` broadcasting arguments, with `out=`."""
    if not isinstance(numpy, np.ufunc):
        numpy = _with_out(numpy)
    args = ", ".join("xyz"[:arity])
    source = f"""
def NAME({args}, out=None):
    if out is None and {_PLAIN[arity]}:
        if {_SMALL[arity]}:
            result = numpy_NAME({args})
            return result if result.__class__ is ndarray else asarray(result)
        return on_large("NAME", ({args},))
    return elsewhere("NAME", ({args},), {{}} if out is None else {{"out": out}})
"""
    return declare(name, numpy, source)


def unary(name: str, numpy: Callable[..., Any]) -> Prim:
    return _declare(name, numpy, 1)


def binary(name: str, numpy: Callable[..., Any]) -> Prim:
    return _declare(name, numpy, 2)


def ternary(name: str, numpy: Callable[..., Any]) -> Prim:
    return _declare(name, numpy, 3)


def _with_out(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` with the `out=` that ufuncs have."""

    @silently
    def call(*args: Any, out: np.ndarray | None = None) -> Any:
        result = function(*args)
        if out is None:
            return result
        np.copyto(out, result, casting="same_kind")
        return out

    call.__doc__ = function.__doc__
    return call


def special(name: str, kernel: str | None = None) -> Callable[..., Any]:
    """SciPy's function of that name, imported at its first call, keeping a 16-bit dtype.

    Arrays of every size are for the `kernel`, if one is named: a small call costs 2 µs more, the import 0.2 s.
    """
    function: Any = None

    @silently
    def call(*args: Any) -> Any:
        nonlocal function
        if kernel is not None and threshold() == AUTO_THRESHOLD and args[0].__class__ is np.ndarray:
            from flambeau.kernels import run_prim

            result = run_prim(kernel, args, {})
            if result is not NotImplemented:
                return result
        if function is None:
            import scipy.special

            function = getattr(scipy.special, name)
        dtype = getattr(args[0], "dtype", None)
        if len(args) > 1 and any(
            each.__class__ in numbers for each in args
        ):  # SciPy's functions do not take them weakly
            dtype = next((each.dtype for each in args if each.__class__ is np.ndarray), dtype)
            args = tuple([np.asarray(each, dtype) if each.__class__ in numbers else each for each in args])
        if dtype is None or dtype.itemsize != 2 or dtype.kind in "iu":
            return function(*args)
        return function(*(np.asarray(a, np.float32) for a in args)).astype(dtype)

    return call


# arithmetic
add = binary("add", np.add)
sub = binary("sub", np.subtract)
mul = binary("mul", np.multiply)
true_divide = binary("true_divide", np.true_divide)
floor_divide = binary("floor_divide", np.floor_divide)
remainder = binary("remainder", np.remainder)
fmod = binary("fmod", np.fmod)
pow = binary("pow", np.power)
negative = unary("negative", np.negative)
abs = unary("abs", np.abs)
sign = unary("sign", np.sign)
sgn = unary("sgn", np.sign)
square = unary("square", np.square)
reciprocal = unary("reciprocal", np.reciprocal)
sqrt = unary("sqrt", np.sqrt)
rsqrt = unary("rsqrt", silently(lambda x: np.reciprocal(np.sqrt(x))))
cbrt = unary("cbrt", np.cbrt)
hypot = binary("hypot", np.hypot)
gcd = binary("gcd", np.gcd)
lcm = binary("lcm", np.lcm)
maximum = binary("maximum", np.maximum)
minimum = binary("minimum", np.minimum)
fmax = binary("fmax", np.fmax)
fmin = binary("fmin", np.fmin)
heaviside = binary("heaviside", np.heaviside)

# rounding (`round`: half to even)
floor = unary("floor", np.floor)
ceil = unary("ceil", np.ceil)
round = unary("round", np.rint)
trunc = unary("trunc", np.trunc)

# exponentials and logarithms
exp = unary("exp", np.exp)
exp2 = unary("exp2", np.exp2)
expm1 = unary("expm1", np.expm1)
log = unary("log", np.log)
log2 = unary("log2", np.log2)
log10 = unary("log10", np.log10)
log1p = unary("log1p", np.log1p)
logaddexp = binary("logaddexp", np.logaddexp)
logaddexp2 = binary("logaddexp2", np.logaddexp2)
sigmoid = unary("sigmoid", special("expit"))
log_sigmoid = unary("log_sigmoid", special("log_expit"))
logit = unary("logit", special("logit"))
xlogy = binary("xlogy", special("xlogy"))
xlog1py = binary("xlog1py", special("xlog1py"))

# trigonometric and hyperbolic
sin = unary("sin", np.sin)
cos = unary("cos", np.cos)
tan = unary("tan", np.tan)
asin = unary("asin", np.arcsin)
acos = unary("acos", np.arccos)
atan = unary("atan", np.arctan)
sinh = unary("sinh", np.sinh)
cosh = unary("cosh", np.cosh)
tanh = unary("tanh", np.tanh)
asinh = unary("asinh", np.arcsinh)
acosh = unary("acosh", np.arccosh)
atanh = unary("atanh", np.arctanh)
atan2 = binary("atan2", np.arctan2)
sinc = unary("sinc", np.sinc)

# special functions
erf = unary("erf", special("erf", "erf"))
erfc = unary("erfc", special("erfc"))
erfcx = unary("erfcx", special("erfcx"))
erfinv = unary("erfinv", special("erfinv"))
ndtr = unary("ndtr", special("ndtr"))
ndtri = unary("ndtri", special("ndtri"))
log_ndtr = unary("log_ndtr", special("log_ndtr"))
lgamma = unary("lgamma", special("gammaln"))
digamma = unary("digamma", special("psi"))
gammainc = binary("gammainc", special("gammainc"))
gammaincc = binary("gammaincc", special("gammaincc"))
zeta = binary("zeta", special("zeta"))
entr = unary("entr", special("entr"))
i0 = unary("i0", special("i0"))
i0e = unary("i0e", special("i0e"))
i1 = unary("i1", special("i1"))
i1e = unary("i1e", special("i1e"))
bessel_j0 = unary("bessel_j0", special("j0"))
bessel_j1 = unary("bessel_j1", special("j1"))
bessel_y0 = unary("bessel_y0", special("y0"))
bessel_y1 = unary("bessel_y1", special("y1"))
bessel_k0 = unary("bessel_k0", special("k0"))
bessel_k0e = unary("bessel_k0e", special("k0e"))
bessel_k1 = unary("bessel_k1", special("k1"))
bessel_k1e = unary("bessel_k1e", special("k1e"))

# comparison and logic
eq = binary("eq", np.equal)
ne = binary("ne", np.not_equal)
lt = binary("lt", np.less)
le = binary("le", np.less_equal)
gt = binary("gt", np.greater)
ge = binary("ge", np.greater_equal)
logical_and = binary("logical_and", np.logical_and)
logical_or = binary("logical_or", np.logical_or)
logical_xor = binary("logical_xor", np.logical_xor)
logical_not = unary("logical_not", np.logical_not)
bitwise_and = binary("bitwise_and", np.bitwise_and)
bitwise_or = binary("bitwise_or", np.bitwise_or)
bitwise_xor = binary("bitwise_xor", np.bitwise_xor)
bitwise_not = unary("bitwise_not", np.bitwise_not)
left_shift = binary("left_shift", np.left_shift)
right_shift = binary("right_shift", np.right_shift)
isnan = unary("isnan", np.isnan)
isinf = unary("isinf", np.isinf)
isfinite = unary("isfinite", np.isfinite)
signbit = unary("signbit", np.signbit)
where = ternary("where", np.where)

# parts and representation
copysign = binary("copysign", np.copysign)
nextafter = binary("nextafter", np.nextafter)
ldexp = binary("ldexp", np.ldexp)
conj = unary("conj", np.conjugate)
real = unary("real", np.real)
imag = unary("imag", np.imag)
angle = unary("angle", np.angle)
cast = declare(
    "cast",
    silently(lambda x, dtype: np.asarray(x).astype(dtype, copy=False)),
    """
def NAME(x, dtype):
    if x.__class__ is ndarray and x.size < large:
        return x.astype(dtype, copy=False)
    return elsewhere("NAME", (x, dtype), {})
""",
)
