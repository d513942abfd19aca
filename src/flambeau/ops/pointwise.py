"""Pointwise arithmetic and functions: one line each, with the prim that computes it and the rules for its gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes, prims
from ..tensor import Tensor, attach, method
from .checks import every, lacking, refusing
from .comparison import flat, underivable, where
from .declare import alias, binary, composite, op, operators, scaled, unary
from .promotion import NUMBER

PI = math.pi
LN2, LN10 = math.log(2), math.log(10)
TWO_OVER_SQRT_PI = 2 / math.sqrt(PI)


# --- checks -------------------------------------------------------------------------------------------


def _check_alpha(input: Any, other: Any, alpha: Any) -> None:
    """Raise, in PyTorch's words, for a factor of another category than the operands."""
    if isinstance(alpha, (bool, float)):
        from .promotion import result_type

        kind = result_type((input, other))
        if isinstance(alpha, bool) and kind is not dtypes.bool_:
            raise RuntimeError("Boolean alpha only supported for Boolean results.")
        if isinstance(alpha, float) and not kind.is_differentiable:
            raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")


def _check_minus(input: Any, other: Any, alpha: Any) -> None:
    bools = [
        (each.dtype is dtypes.bool_) if isinstance(each, Tensor) else isinstance(each, bool) for each in (input, other)
    ]
    if any(bools) and not all(bools):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
            "use the `~` or `logical_not()` operator instead."
        )
    _check_alpha(input, other, alpha)


def _pow_name(given: dict[str, Any]) -> str:
    """PyTorch's name of a power's node: of a number as exponent, of two tensors, of a number as base."""
    first, second = (
        isinstance(given[name], (int, float, complex)) or given[f"{name}_versions"] is NUMBER
        for name in ("input", "exponent")
    )
    return f"PowBackward{2 if first else 0 if second else 1}"


def _divided_name(given: dict[str, Any]) -> str:
    """PyTorch's name of a remainder's node: by a tensor with a gradient, or not."""
    return f"{given['node'].op.name.capitalize()}Backward{0 if given['node'].edges[1] is None else 1}"


def _no_bool_minus(*arrays: Any) -> None:
    if arrays[0].dtype == bool:
        if len(arrays) == 1:
            raise RuntimeError(
                "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, "
                "use the `~` or `logical_not()` operator instead."
            )
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            "operator instead."
        )


def _nonzero_divisor(x: Any, y: Any, *_: Any) -> None:
    if y.dtype.kind in "iu" and x.size and not np.all(y):
        raise RuntimeError("ZeroDivisionError")


def _integer_powers(x: Any, y: Any) -> None:
    if isinstance(y, int) and y < 0 and not isinstance(x, float) and not x.dtype.is_differentiable:
        raise RuntimeError("Integers to negative integer powers are not allowed.")


def _pow(x: Any, y: Any) -> Any:
    """Integers to negative powers are 0, but for those of 1 and -1."""
    kind = getattr(y, "dtype", None)
    if kind is not None and kind.kind == "i" and (np.asarray(y) < 0).any():
        positive = prims.pow(x, np.maximum(y, 0))
        odd = np.where(y % 2 == 0, 1, x)
        return np.where(y >= 0, positive, np.where(np.abs(x) == 1, odd, 0)).astype(positive.dtype)
    return prims.pow(x, y)


_pow.name, _pow.numpy = "pow", prims.pow.numpy  # type: ignore[attr-defined]


# --- arithmetic -----------------------------------------------------------------------------------------


def _scaled_prim(prim: Any) -> Any:
    """A prim whose second argument is first multiplied by `alpha`."""

    def body(x: Any, y: Any, alpha: Any = 1) -> Any:
        return prim(x, y if alpha == 1 else prims.cast(prims.mul(y, alpha), x.dtype))

    body.name, body.numpy = prim.name, prim.numpy  # type: ignore[attr-defined]
    return body


add = binary(
    "add",
    _scaled_prim(prims.add),
    "The sum `input + alpha * other`.",
    alone=True,
    signature=scaled,
    input=lambda g: g,
    other=lambda g, alpha: g if alpha == 1 else g * alpha,
    precheck=_check_alpha,
)
sub = binary(
    "sub",
    _scaled_prim(prims.sub),
    "The difference `input - alpha * other`.",
    alone=True,
    signature=scaled,
    check=_no_bool_minus,
    precheck=_check_minus,
    input=lambda g: g,
    other=lambda g, alpha: g * -alpha,
)
mul = binary(
    "mul",
    prims.mul,
    "The product of each pair of elements.",
    alone=True,
    input=lambda g, other: g * other,
    other=lambda g, input: g * input,
)
true_divide = binary(
    "true_divide",
    prims.true_divide,
    "The quotient of each pair of elements; integers are divided as floats.",
    alone=True,
    promote="float",
    grad_name="DivBackward0",
    input=lambda g, other: g / other,
    other=lambda g, result, other: -g * (result / other),
)


floor_divide = binary(
    "floor_divide",
    prims.floor_divide,
    "The quotient rounded down.",
    alone=True,
    check=every(lacking("cb", "div_floor_cpu"), _nonzero_divisor),
    **underivable("floor_divide"),
)
remainder = binary(
    "remainder",
    prims.remainder,
    "The remainder of a division rounded down: it has the sign of `other`.",
    check=every(lacking("cb", "remainder_cpu"), _nonzero_divisor),
    input=lambda g: g,
    other=lambda g, input, other: -g * floor(input / other),
)
fmod = binary(
    "fmod",
    prims.fmod,
    "The remainder of a division rounded towards zero: it has the sign of `input`.",
    scalars=("other",),
    check=every(lacking("cb", "fmod_cpu"), _nonzero_divisor),
    input=lambda g: g,
    other=lambda g, input, other: -g * trunc(input / other),
)
remainder.op.variant = fmod.op.variant = _divided_name


def _power(input, exponent): ...  # type: ignore[no-untyped-def]


pow = binary(
    "pow",
    _pow,
    "`input` to the power `exponent`.",
    signature=_power,
    precheck=_integer_powers,
    input=lambda g, input, exponent: g * _power_slope(input, exponent),
    exponent=lambda g, input, exponent, result: (
        g * where((input == 0) & (exponent.real >= 0), 0.0, result * log(input))
    ),
    check=lacking("b", "pow"),
)
pow.op.variant = _pow_name
pow.op.frequent = False  # numbers that many use as powers have kernels of their own


def _power_slope(x: Any, power: Any) -> Any:
    """The slope of `x ** power`: 0 for power 0, also where x is 0."""
    if isinstance(power, (bool, int, float, complex)):
        return power * x ** (power - 1) if power else x * 0
    return where(power == 0, 0.0, power * x ** (power - 1))


neg = unary("neg", prims.negative, "The negative.", lambda g: -g, check=_no_bool_minus)
positive = unary(
    "positive",
    lambda x: x,
    "The tensor itself.",
    lambda g: g,
    inplace=False,
    out=False,
    check=refusing("b", "The `+` operator, on a bool tensor is not supported."),
)
reciprocal = unary("reciprocal", prims.reciprocal, "1 / x.", lambda g, result: -g * (result * result), promote="float")
square = unary(
    "square",
    lambda x: prims.square(x) if x.dtype != bool else x.astype(np.int64),
    "x squared.",
    lambda g, input: g * (2 * input),
    grad_name="PowBackward0",
    promote=None,
)
sqrt = unary("sqrt", prims.sqrt, "The square root.", lambda g, result: g / (2 * result), promote="float")
rsqrt = unary("rsqrt", prims.rsqrt, "1 / sqrt(x).", lambda g, result: g * (-0.5 * result**3), promote="float")
abs = unary(
    "abs",
    prims.abs,
    "The absolute value (of complex numbers: the modulus).",
    lambda g, input: g * sgn(input),
    holomorphic=False,
    check=lacking("b", "abs_cpu"),
)
sgn = unary(
    "sgn",
    lambda x: x.copy() if x.dtype == bool else prims.sgn(x),
    "x / |x|, and 0 at 0.",
    lambda g, input, result: _sgn_vjp(g, input, result),
    holomorphic=False,
)
sign = unary(
    "sign",
    lambda x: x.copy() if x.dtype == bool else prims.sign(x),
    "-1, 0 or 1 by the sign.",
    lambda g: flat(g),
    check=refusing(
        "c",
        "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead.",
        NotImplementedError,
    ),
)


def _sgn_vjp(g: Any, input: Any, result: Any) -> Any:
    if input.dtype not in _COMPLEX:
        return flat(g)
    size = abs(input)
    along = _real_part(conj(result) * g) * result
    return where(size == 0, 0.0, (g - along) / where(size == 0, 1.0, size))


_COMPLEX = {np.dtype("complex64"), np.dtype("complex128"), dtypes.complex64, dtypes.complex128}

# --- rounding -------------------------------------------------------------------------------------------

for _name, _doc in {
    "floor": "The greatest integer that is not greater.",
    "ceil": "The least integer that is not less.",
    "trunc": "The integer part.",
}.items():
    _check = every(
        refusing("c", f"{_name} is not supported for complex inputs", NotImplementedError),
        lacking("b", f"{_name}_vml_cpu"),
    )
    globals()[_name] = unary(_name, getattr(prims, _name), _doc, lambda g: flat(g), check=_check)
floor: Any
ceil: Any
trunc: Any


@op(name="round", inplace=True, promote="default", family="pointwise", check=lacking("cb", "round_vml_cpu"))
def round_(input, *, decimals: int = 0):  # type: ignore[no-untyped-def]
    """The nearest integer (half to even), or the nearest multiple of `10**-decimals`."""
    if input.dtype.kind in "iub":
        return input.copy()
    if decimals == 0:
        return prims.round(input)
    scale = 10.0 ** abs_int(decimals)
    if decimals > 0:
        return prims.round(input * scale) / scale
    return prims.round(input / scale) * scale


round_.vjp(input=lambda g: flat(g))


def abs_int(value: int) -> int:
    return -value if value < 0 else value


frac = unary(
    "frac",
    lambda x: prims.sub(x, prims.trunc(x)),
    "What is behind the point.",
    lambda g: g,
    check=lacking("ciub", "frac_cpu"),
)

# --- exponentials and logarithms ------------------------------------------------------------------------

exp = unary("exp", prims.exp, "e to the power x.", lambda g, result: g * result, promote="float")
exp2 = unary("exp2", prims.exp2, "2 to the power x.", lambda g, result: g * result * LN2, promote="float")
expm1 = unary("expm1", prims.expm1, "exp(x) - 1.", lambda g, result: g * (result + 1), promote="float")
log = unary("log", prims.log, "The natural logarithm.", lambda g, input: g / input, promote="float")
log2 = unary("log2", prims.log2, "The logarithm to base 2.", lambda g, input: g / (input * LN2), promote="float")
log10 = unary("log10", prims.log10, "The logarithm to base 10.", lambda g, input: g / (input * LN10), promote="float")
log1p = unary("log1p", prims.log1p, "log(1 + x).", lambda g, input: g / (input + 1), promote="float")


def _sigmoid(x: Any) -> Any:
    if getattr(x, "dtype", None) is not None and x.dtype.kind == "c":
        return prims.reciprocal(prims.add(1, prims.exp(prims.negative(x))))
    return prims.sigmoid(x)


_sigmoid.name, _sigmoid.numpy = "sigmoid", prims.sigmoid.numpy  # type: ignore[attr-defined]
sigmoid = unary(
    "sigmoid",
    _sigmoid,
    "1 / (1 + exp(-x)).",
    lambda g, result: g * ((1 - result) * result),
    promote="float",
)


def _logaddexp(x: Any, y: Any) -> Any:
    if x.dtype.kind != "c":
        return prims.logaddexp(x, y)
    larger = np.where(x.real >= y.real, x, y)
    return np.log(np.exp(x - larger) + np.exp(y - larger)) + larger


logaddexp = binary(
    "logaddexp",
    _logaddexp,
    "log(exp(input) + exp(other)).",
    scalars=(),
    inplace=False,
    input=lambda g, input, result: g * exp(input - result),
    other=lambda g, other, result: g * exp(other - result),
    check=lacking("iub", "logaddexp_cpu"),
)
logaddexp2 = binary(
    "logaddexp2",
    prims.logaddexp2,
    "log2(2**input + 2**other).",
    scalars=(),
    inplace=False,
    input=lambda g, input, result: g * exp2(input - result),
    other=lambda g, other, result: g * exp2(other - result),
    check=lacking("ciub", "logaddexp2_cpu"),
)
xlogy = binary(
    "xlogy",
    prims.xlogy,
    "input * log(other), and 0 where `input` is 0.",
    promote="float",
    input=lambda g, input, other: g * where((input == 0) & (other <= 0), 0.0, log(other)),
    other=lambda g, input, other: g * (input / other),
    check=lacking("c", "xlogy_cpu"),
)

# --- trigonometric and hyperbolic -----------------------------------------------------------------------

sin = unary("sin", prims.sin, "The sine.", lambda g, input: g * cos(input), promote="float")
cos = unary("cos", prims.cos, "The cosine.", lambda g, input: -g * sin(input), promote="float")
tan = unary("tan", prims.tan, "The tangent.", lambda g, result: g * (1 + result * result), promote="float")
asin = unary("asin", prims.asin, "The inverse sine.", lambda g, input: g * rsqrt(1 - input * input), promote="float")
acos = unary(
    "acos",
    prims.acos,
    "The inverse cosine.",
    lambda g, input: -g * rsqrt(1 - input * input),
    promote="float",
)
atan = unary("atan", prims.atan, "The inverse tangent.", lambda g, input: g / (1 + input * input), promote="float")
sinh = unary("sinh", prims.sinh, "The hyperbolic sine.", lambda g, input: g * cosh(input), promote="float")
cosh = unary("cosh", prims.cosh, "The hyperbolic cosine.", lambda g, input: g * sinh(input), promote="float")
tanh = unary(
    "tanh",
    prims.tanh,
    "The hyperbolic tangent.",
    lambda g, result: g * (1 - result * result),
    promote="float",
)
asinh = unary(
    "asinh",
    prims.asinh,
    "The inverse hyperbolic sine.",
    lambda g, input: g * rsqrt(input * input + 1),
    promote="float",
)
acosh = unary(
    "acosh",
    prims.acosh,
    "The inverse hyperbolic cosine.",
    lambda g, input: g * rsqrt(input - 1) * rsqrt(input + 1),
    promote="float",
)
atanh = unary(
    "atanh",
    prims.atanh,
    "The inverse hyperbolic tangent.",
    lambda g, input: g / (1 - input * input),
    promote="float",
)
atan2 = binary(
    "atan2",
    prims.atan2,
    "The angle of the point (other, input), in radians.",
    scalars=(),
    promote="float",
    input=lambda g, input, other: g * (other / (input * input + other * other)),
    other=lambda g, input, other: g * (-input / (input * input + other * other)),
    check=lacking("c", "atan2_cpu"),
)
hypot = binary(
    "hypot",
    prims.hypot,
    "sqrt(input**2 + other**2).",
    scalars=(),
    input=lambda g, input, result: g * (input / result),
    other=lambda g, other, result: g * (other / result),
    check=lacking("ciub", "hypot_cpu"),
)
sinc = unary(
    "sinc",
    prims.sinc,
    "sin(pi x) / (pi x), and 1 at 0.",
    lambda g, input: g * _sinc_slope(input),
    promote="float",
)


def _sinc_slope(x: Any) -> Any:
    safe = where(x == 0, 1.0, x)
    return where(x == 0, 0.0, (PI * x * cos(PI * x) - sin(PI * x)) / (PI * safe * safe))


deg2rad = unary(
    "deg2rad",
    lambda x: prims.mul(x, PI / 180),
    "Degrees to radians.",
    lambda g: g * (PI / 180),
    promote="float",
    check=refusing("c", "deg2rad is not supported for complex tensors."),
)
rad2deg = unary(
    "rad2deg",
    lambda x: prims.mul(x, 180 / PI),
    "Radians to degrees.",
    lambda g: g * (180 / PI),
    promote="float",
    check=refusing("c", "rad2deg is not supported for complex tensors."),
)

# --- complex numbers ------------------------------------------------------------------------------------

angle = unary(
    "angle",
    lambda x: prims.angle(x) if x.dtype.kind == "c" else _real_angle(x),
    "The argument of each complex number, in radians.",
    lambda g, input: _angle_vjp(g, input),
    holomorphic=False,
    inplace=False,
    promote="float",
)


def _real_part(x: Any) -> Any:
    from .complex_views import real

    return real(x)


def _real_angle(x: Any) -> Any:
    return prims.where(prims.isnan(x), x, prims.where(prims.lt(x, 0), np.asarray(PI, x.dtype), np.asarray(0, x.dtype)))


def _angle_vjp(g: Any, input: Any) -> Any:
    if input.dtype not in _COMPLEX:
        return flat(g)
    square_modulus = _real_part(input * conj(input))
    zero = square_modulus == 0
    return where(zero, 0.0, g * (input * 1j) / where(zero, 1.0, square_modulus))


conj = unary(
    "conj",
    lambda x: prims.conj(x) if x.dtype.kind == "c" else x,
    "The complex conjugate.",
    lambda g: conj(g),
    holomorphic=False,
    inplace=False,
    out=False,
)

# --- special --------------------------------------------------------------------------------------------

erf = unary(
    "erf",
    prims.erf,
    "The error function.",
    lambda g, input: g * (TWO_OVER_SQRT_PI * exp(-input * input)),
    promote="float",
    check=lacking("c", "erf_vml_cpu"),
)
erfc = unary(
    "erfc",
    prims.erfc,
    "1 - erf(x).",
    lambda g, input: g * (-TWO_OVER_SQRT_PI * exp(-input * input)),
    promote="float",
    check=lacking("c", "erfc_vml_cpu"),
)
erfinv = unary(
    "erfinv",
    prims.erfinv,
    "The inverse of the error function.",
    lambda g, result: g * (exp(result * result) / TWO_OVER_SQRT_PI),
    promote="float",
    check=lacking("c", "erfinv_vml_cpu"),
)

# --- compositions ---------------------------------------------------------------------------------------


@composite(inplace=True)
def div(input, other, *, rounding_mode=None):  # type: ignore[no-untyped-def]
    """The quotient; `rounding_mode` "floor" rounds it down, "trunc" towards zero."""
    if rounding_mode is None:
        return true_divide(input, other)
    if rounding_mode == "floor":
        return _rounded_div(input, other, "floor")
    if rounding_mode == "trunc":
        return _rounded_div(input, other, "trunc")
    raise RuntimeError(f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'")


@op(
    promote="default",
    scalars=("input", "other"),
    alone=True,
    method=False,
    out=False,
    check=_nonzero_divisor,
    grad_name="DivBackward2",
)
def _rounded_div(input, other, mode: str):  # type: ignore[no-untyped-def]
    """The quotient rounded down or towards zero, in the operands' own dtype."""
    if mode == "floor":
        return prims.floor_divide(input, other)
    if input.dtype.kind in "iub":
        quotient = prims.floor_divide(input, other)
        inexact = (prims.remainder(input, other) != 0) & ((input < 0) != (other < 0))
        return (quotient + inexact).astype(input.dtype)
    return prims.trunc(prims.true_divide(input, other))


_rounded_div.vjp(input=lambda g: flat(g), other=lambda g: flat(g))


@composite(inplace=True, method=True, grad_name="LdexpBackward0")
def ldexp(input, other):  # type: ignore[no-untyped-def]
    """input * 2**other."""
    if not isinstance(input, (Tensor, np.ndarray)) or not isinstance(other, (Tensor, np.ndarray)):
        raise TypeError("ldexp(): an argument is no tensor")
    return mul(input, pow(2.0, other))


@method
def __delitem__(self: Tensor, index: Any) -> None:
    """Raises TypeError: a tensor keeps its size."""
    raise TypeError("Tensor does not support deleting items")


for _name, _function in {"neg": neg, "pos": positive, "abs": abs}.items():
    attach(**{f"__{_name}__": _function.op.forms["method"]})
attach(__rdiv__=true_divide.op.form("rdunder", "__rdiv__"), __div__=true_divide.op.form("dunder", "__div__"))
operators(add, "add")
operators(sub, "sub", reversed_name="RsubBackward1")
operators(mul, "mul")
operators(true_divide, "truediv", reversed_name="MulBackward0")
operators(floor_divide, "floordiv")
operators(remainder, "mod")
operators(pow, "pow")
alias(sub, "subtract")
alias(mul, "multiply")
alias(neg, "negative")
alias(abs, "absolute")
alias(acos, "arccos")
alias(asin, "arcsin")
alias(atan, "arctan")
alias(acosh, "arccosh")
alias(asinh, "arcsinh")
alias(atanh, "arctanh")
alias(atan2, "arctan2")
alias(trunc, "fix")
alias(div, "divide")
