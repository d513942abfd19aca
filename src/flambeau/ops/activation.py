"""Activations: pointwise functions with settings, and softmax.

Bodies and rules are written with prims and operators alone, so that over large arrays each runs as one kernel.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes, prims
from ..kernels import fused
from ..prims.copies import row_major
from ..tensor import Tensor, wrap_dim
from .checks import every, lacking, not_complex, refusing
from .comparison import where
from .declare import EXPRESSION, composite, op
from .pointwise import _sigmoid, erf, exp, sigmoid, tanh

SQRT_HALF = math.sqrt(0.5)
INV_SQRT_2PI = 1 / math.sqrt(2 * math.pi)
SQRT_2_OVER_PI = math.sqrt(2 / math.pi)
# Of self-normalizing networks (Klambauer et al., 2017): the fixed point of mean 0 and variance 1.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def activation(**options: Any) -> Any:
    """Declare a pointwise function of `nn.functional`."""
    return op(
        **{
            "family": "pointwise",
            "promote": "default",
            "module": "flambeau.nn.functional",
            "method": False,
            "out": False,
            **options,
        }
    )


_HARDTANH = every(not_complex, refusing("b", "Bool inputs not supported for hardtanh"))


def choose(condition: Any, yes: Any, no: Any) -> Any:
    return prims.where(condition, yes, no)


@op(
    family="pointwise",
    promote="default",
    inplace=True,
    out=False,
    check=every(not_complex, refusing("b", "Boolean inputs not supported for relu")),
)
def relu(input):
    """max(0, x)."""
    return prims.maximum(input, 0)


relu.vjp(input=lambda g, result: where(result > 0, g, 0.0))


@activation(inplace=True, grad_name="HardtanhBackward0", check=_HARDTANH)
def relu6(input):
    """min(max(0, x), 6)."""
    return prims.minimum(prims.maximum(input, 0), 6)


relu6.vjp(input=lambda g, input: where((input > 0) & (input < 6), g, 0.0))


def _bounds(input: Any, min_val: float, max_val: float) -> None:
    if input.dtype is dtypes.uint8 and min_val < 0:
        raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")


@activation(inplace=True, check=_HARDTANH, precheck=_bounds)
def hardtanh(input, min_val: float = -1.0, max_val: float = 1.0):
    """x between `min_val` and `max_val`, which bound it."""
    return prims.minimum(prims.maximum(input, min_val), max_val)


hardtanh.vjp(input=lambda g, input, min_val, max_val: where((input > min_val) & (input < max_val), g, 0.0))


@activation(inplace=True, grad_name="EluBackward0", name="_elu", check=lacking("ciub", "elu_cpu"))
def elu_op(input, alpha: float, scale: float, input_scale: float):
    return prims.mul(
        prims.where(
            prims.gt(input, 0), input, prims.mul(alpha, prims.expm1(prims.mul(prims.minimum(input, 0), input_scale)))
        ),
        scale,
    )


elu_op.vjp(
    input=lambda g, input, alpha, scale, input_scale: (
        g * where(input > 0, scale, (scale * alpha * input_scale) * exp(where(input > 0, 0.0, input) * input_scale))
    )
)


def _elu_family(name: str, settings: Any, doc: str, grad_name: str | None = None) -> Any:
    @composite(name=name, method=False, out=False, inplace=True, module="flambeau.nn.functional", grad_name=grad_name)
    def function(input, alpha: float = 1.0):
        return elu_op(input, *settings(alpha))

    function.op.doc = doc
    return function


elu = _elu_family("elu", lambda a: (a, 1.0, 1.0), "x where positive, else alpha (exp(x) - 1).")
celu = _elu_family(
    "celu",
    lambda a: (a, 1.0, 1.0 / a),
    "x where positive, else alpha (exp(x / alpha) - 1).",
    "CeluBackward0",
)
selu = _elu_family(
    "selu", lambda a: (SELU_ALPHA, SELU_SCALE, 1.0), "The ELU whose constants keep mean 0 and variance 1."
)


@activation(inplace=True, check=lacking("ciub", "leaky_relu_cpu"))
def leaky_relu(input, negative_slope: float = 0.01):
    """x where positive, else negative_slope * x."""
    return prims.where(prims.gt(input, 0), input, prims.mul(input, negative_slope))


leaky_relu.vjp(input=lambda g, input, negative_slope: where(input > 0, g, g * negative_slope))


@activation(inplace=True, check=lacking("cb", "threshold_cpu"))
def threshold(input, threshold: float, value: float):
    """x where greater than `threshold`, else `value`."""
    return prims.where(prims.le(input, threshold), value, input)


threshold.vjp(input=lambda g, input, threshold: where(input <= threshold, 0.0, g))


@activation(inplace=True, check=lacking("iub", "silu_cpu"))
def silu(input):
    """x sigmoid(x)."""
    return prims.mul(input, _sigmoid(input))


silu.vjp(input=lambda g, input: g * (sigmoid(input) * (1 + input * (1 - sigmoid(input)))))


@activation(inplace=True, check=lacking("ciub", "mish_cpu"))
def mish(input):
    """x tanh(softplus(x))."""
    return prims.mul(input, prims.tanh(prims.log1p(prims.exp(prims.minimum(input, 50)))))


def _mish_slope(x: Any) -> Any:
    inner = tanh(-_log_sigmoid(-x))
    return inner + x * sigmoid(x) * (1 - inner * inner)


mish.vjp(input=lambda g, input: g * _mish_slope(input))


@activation(inplace=True, check=lacking("ciub", "hardsigmoid_cpu"))
def hardsigmoid(input):
    """min(max(0, x + 3), 6) / 6."""
    return prims.true_divide(prims.minimum(prims.maximum(prims.add(input, 3), 0), 6), 6)


hardsigmoid.vjp(input=lambda g, input: where((input > -3) & (input < 3), g * (1 / 6), 0.0))


@activation(inplace=True, check=lacking("ciub", "hardswish_cpu"))
def hardswish(input):
    """x hardsigmoid(x)."""
    return prims.true_divide(prims.mul(input, prims.minimum(prims.maximum(prims.add(input, 3), 0), 6)), 6)


hardswish.vjp(input=lambda g, input: where(input <= -3, 0.0, where(input < 3, g * (input * (1 / 3) + 0.5), g)))


@activation(out=True, check=lacking("ciub", "GeluKernelImpl"))
def gelu(input, *, approximate: str = "none"):
    """x times the normal distribution function (Hendrycks & Gimpel, 2016), or its "tanh" approximation."""
    if approximate == "none":
        half = prims.mul(input, 0.5)
        return prims.add(half, prims.mul(half, prims.erf(prims.mul(input, SQRT_HALF))))
    if approximate != "tanh":
        raise RuntimeError("approximate argument must be either none or tanh.")
    cube = prims.mul(prims.mul(input, input), input)
    inner = prims.mul(prims.add(input, prims.mul(cube, 0.044715)), SQRT_2_OVER_PI)
    return prims.mul(prims.mul(input, 0.5), prims.add(prims.tanh(inner), 1))


def _gelu_vjp(g: Any, input: Any, approximate: str) -> Any:
    if approximate == "none":
        area = 0.5 + 0.5 * erf(input * SQRT_HALF)
        return g * (area + input * (INV_SQRT_2PI * exp(-0.5 * input * input)))
    squared = input * input
    inner = tanh(SQRT_2_OVER_PI * input * (1 + 0.044715 * squared))
    slope = SQRT_2_OVER_PI * (1 + 3 * 0.044715 * squared)
    return g * (0.5 * (1 + inner) + 0.5 * input * (1 - inner * inner) * slope)


gelu.vjp(input=_gelu_vjp)


@activation(name="log_sigmoid", out=True, grad_name="LogSigmoidBackward0", check=lacking("ciub", "log_sigmoid_cpu"))
def _log_sigmoid(input):
    """log(sigmoid(x)), without overflow."""
    return prims.sub(prims.minimum(input, 0), prims.log1p(prims.exp(prims.negative(prims.abs(input)))))


_log_sigmoid.vjp(input=lambda g, input: g * sigmoid(-input))


@activation(out=True, check=lacking("ciub", "softplus_cpu"))
def softplus(input, beta: float = 1, threshold: float = 20):
    """log(1 + exp(beta x)) / beta; x itself where beta x is greater than `threshold`."""
    scaled = prims.mul(input, beta)
    soft = prims.true_divide(prims.log1p(prims.exp(prims.minimum(scaled, threshold))), beta)
    return prims.where(prims.gt(scaled, threshold), input, soft)


softplus.vjp(input=lambda g, input, beta, threshold: g * where(input * beta > threshold, 1.0, sigmoid(input * beta)))


def _shrinking(input: Any, lambd: float) -> None:
    _check_lambda(input.dtype, lambd)


def _check_lambda(kind: dtypes.dtype, lambd: float) -> None:
    limit = dtypes.finfo(kind).max if kind.is_floating_point else 0
    if limit and not 0 <= lambd <= limit:
        raise RuntimeError(
            f"lambda must be in range [0, {limit:g}] for input dtype {dtypes.scalar_name(kind)}, but found {lambd:g}"
        )


@activation(out=True, check=lacking("ciub", "softshrink_check"), precheck=_shrinking)
def softshrink(input, lambd: float = 0.5):
    """x moved towards 0 by `lambd`, and 0 within it."""
    _check_lambda(dtypes.from_numpy_dtype(input.dtype), lambd)
    moved = prims.where(
        prims.gt(input, lambd),
        prims.sub(input, lambd),
        prims.where(prims.lt(input, -lambd), prims.add(input, lambd), prims.mul(input, 0)),
    )
    return moved


softshrink.vjp(input=lambda g, input, lambd: where((input > lambd) | (input < -lambd), g, 0.0))


@op(family="pointwise", promote="default", check=lacking("ciub", "hardshrink_cpu"))
def hardshrink(input, lambd: float = 0.5):
    """x, and 0 within `lambd` of it."""
    inside = prims.logical_and(prims.ge(input, -lambd), prims.le(input, lambd))
    return prims.where(inside, 0, input)


hardshrink.vjp(input=lambda g, input, lambd: where((input > lambd) | (input < -lambd), g, 0.0))


@op(promote="default", grad_name="PreluKernelBackward0", method=False, out=False, name="_prelu_kernel", **EXPRESSION)
def _prelu(input, weight):
    return prims.where(prims.gt(input, 0), input, prims.mul(input, weight))


_prelu.vjp(
    input=lambda g, input, weight: where(input > 0, g, g * weight),
    weight=lambda g, input: where(input > 0, 0.0, g * input),
)


@composite(out=False)
def prelu(input, weight):
    """x where positive, else weight * x; `weight` has one element, or one for each channel (dimension 1)."""
    if input.dtype != weight.dtype:
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {dtypes.scalar_name(input.dtype)} and "
            f"{dtypes.scalar_name(weight.dtype)}"
        )
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.numel() != 1:
        if input.ndim == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        if weight.numel() != channels:
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {weight.numel()} and "
                f"channel size = {channels}."
            )
        if weight.ndim > 1:
            raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}")
        weight = weight.reshape((1, channels) + (1,) * (input.ndim - 2) if input.ndim > 1 else (channels,))
    elif weight.ndim and input.ndim != 1:
        weight = weight.reshape((1,) * input.ndim)
    return _prelu(input, weight)


@composite(method=False, out=False, module="flambeau.nn.functional", grad_name="GluBackward0")
def glu(input, dim: int = -1):
    """The first half along `dim` times the sigmoid of the second."""
    if input.ndim == 0:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    size = input.shape[wrap_dim(dim, input.ndim)]
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {wrap_dim(dim, input.ndim)} is size {size}")
    value, gate = input.chunk(2, dim)
    return value * gate.sigmoid()


# --- softmax ------------------------------------------------------------------------------------------------


def _need_float(name: str, array: Any, last: bool) -> None:
    lacking("ciub", f"{name}_{'lastdim_' * last}kernel_impl")(array)


@fused
def _softmax_body(x: Any, *, dim: int) -> Any:
    shifted = prims.exp(prims.sub(x, prims.amax(x, dim, True)))
    return prims.true_divide(shifted, prims.sum(shifted, dim, True))


@fused
def _log_softmax_body(x: Any, *, dim: int) -> Any:
    shifted = prims.sub(x, prims.amax(x, dim, True))
    return prims.sub(shifted, prims.log(prims.sum(prims.exp(shifted), dim, True)))


@fused
def _softmax_rule(g: Any, result: Any, *, dim: int) -> Any:
    product = prims.mul(g, result)
    return prims.sub(product, prims.mul(result, prims.sum(product, dim, True)))


@fused
def _log_softmax_rule(g: Any, result: Any, *, dim: int) -> Any:
    return prims.sub(g, prims.mul(prims.exp(result), prims.sum(g, dim, True)))


def _over(body: Any, x: Any, dim: int) -> Any:
    """Run a fused body along `dim`, in float32 for 16-bit floats."""
    if x.ndim == 0:
        return body(x.reshape(1), dim=0).reshape(())
    if 0 in x.shape:
        return x.copy()
    if isinstance(x, np.ndarray):  # not what records an expression
        x = row_major(x)
    half = x.dtype.itemsize == 2
    found = body(x.astype(np.float32) if half else x, dim=wrap_dim(dim, x.ndim))
    return found.astype(x.dtype) if half else found


@op(name="_softmax", method=False, out=False, grad_name="SoftmaxBackward0", traced=True)
def softmax_op(input, dim: int):
    _need_float("softmax", input, dim in (-1, input.ndim - 1))
    return _over(_softmax_body, input, dim)


@softmax_op.vjp
def _softmax_vjp(g: Any, result: Any, dim: int) -> Any:
    if isinstance(g, Tensor):
        return (g - (g * result).sum(dim, True)) * result
    return _pair(_softmax_rule, g, result, dim)


@op(name="_log_softmax", method=False, out=False, grad_name="LogSoftmaxBackward0", traced=True)
def log_softmax_op(input, dim: int):
    _need_float("log_softmax", input, dim in (-1, input.ndim - 1))
    return _over(_log_softmax_body, input, dim)


@log_softmax_op.vjp
def _log_softmax_vjp(g: Any, result: Any, dim: int) -> Any:
    if isinstance(g, Tensor):
        return g - exp(result) * g.sum(dim, True)
    return _pair(_log_softmax_rule, g, result, dim)


def _pair(rule: Any, g: Any, result: Any, dim: int) -> Any:
    if not result.ndim:
        return rule(np.reshape(g, 1), result.reshape(1), dim=0).reshape(())
    return rule(g, result, dim=wrap_dim(dim, result.ndim))


def _softmax_like(name: str, run: Any, doc: str) -> Any:
    @composite(name=name, out=True)
    def function(input, dim: int, dtype: Any = None):
        if dtype is not None:
            input = input.to(dtype)
        return run(input, dim)

    function.op.doc = doc
    return function


softmax = _softmax_like("softmax", softmax_op, "exp(x) divided by its sum along `dim`.")
log_softmax = _softmax_like("log_softmax", log_softmax_op, "The logarithm of softmax along `dim`.")
