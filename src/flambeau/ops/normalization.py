"""Normalization over trailing dimensions, groups of channels, and batches.

All of them standardize an input over some axes and then scale and shift it. The rules compute mean
and scale again from the input, as tensors where the pass is recorded, so that derivatives of every
order follow; only batch normalization keeps its statistics for the plain pass, because its axes do
not lie together in memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from flambeau import dtypes, prims
from flambeau.kernels import fused
from flambeau.ops.declare import composite, op
from flambeau.ops.pointwise import rsqrt
from flambeau.ops.pooling import check_kind
from flambeau.ops.reduction import mean as mean_op
from flambeau.prims.copies import row_major
from flambeau.prims.precision import widen
from flambeau.tensor import Array, Tensor

Axes = tuple[int, ...]
Mean = Callable[[Any, Axes, bool], Any]


@fused
def statistics(x, eps, *, axes):
    """The mean, and one over the standard deviation."""
    mean = prims.mean(x, axes, True)
    away = x - mean
    return mean, prims.rsqrt(prims.mean(away * away, axes, True) + eps)


@fused
def standardized(x, weight, bias, eps, *, axes):
    """`x` with mean 0 and variance 1 over `axes`, times `weight`, plus `bias`."""
    mean = prims.mean(x, axes, True)
    away = x - mean
    result = away * prims.rsqrt(prims.mean(away * away, axes, True) + eps)
    if weight is not None:
        result = result * weight
    return result if bias is None else result + bias


@fused
def affine(x, mean, scale, weight, bias):
    """`x` standardized by what is given, times `weight`, plus `bias`."""
    result = (x - mean) * scale
    if weight is not None:
        result = result * weight
    return result if bias is None else result + bias


def _cotangent(mean: Mean, g: Any, x: Any, at: Any, scale: Any, axes: Axes) -> Any:
    """The input's cotangent of (x - at) * scale, both statistics of x over `axes`."""
    unit = (x - at) * scale
    return scale * (g - mean(g, axes, True) - unit * mean(g * unit, axes, True))


@fused
def _input_rule(g, x, weight, eps, *, axes):
    mean = prims.mean(x, axes, True)
    away = x - mean
    scale = prims.rsqrt(prims.mean(away * away, axes, True) + eps)
    scaled = g if weight is None else g * weight
    return _cotangent(prims.mean, scaled, x, mean, scale, axes)


@fused
def _whole_rule(g, x, weight, eps, *, axes, lead):
    """The cotangents of input, weight and bias in one pass over the rows."""
    mean = prims.mean(x, axes, True)
    away = x - mean
    scale = prims.rsqrt(prims.mean(away * away, axes, True) + eps)
    scaled = g if weight is None else g * weight
    of_input = _cotangent(prims.mean, scaled, x, mean, scale, axes)
    return of_input, prims.sum(g * away * scale, lead), prims.sum(g, lead)


@fused
def parameter_rule(g, x, mean, scale, *, axes):
    return prims.sum(g * (x - mean) * scale, axes), prims.sum(g, axes)


def rule(
    g: Any, x: Any, weight: Any, eps: float, axes: Axes, lead: Axes, needs: Sequence[bool]
) -> tuple[Any, Any, Any]:
    """The cotangents of input, weight and bias; `lead` are the axes that the parameters lack."""
    of_input = of_weight = of_bias = None
    if isinstance(g, Tensor):
        at = mean_op(x, axes, True)
        away = x - at
        scale = rsqrt(mean_op(away * away, axes, True) + eps)
        if needs[0]:
            scaled = g if weight is None else g * weight
            of_input = _cotangent(mean_op, scaled, x, at, scale, axes)
        if needs[1]:
            of_weight = (g * away * scale).sum(lead) if lead else g * away * scale
    elif needs[0] and needs[1]:
        return _whole_rule(g, x, weight, eps, axes=axes, lead=lead)
    else:
        if needs[0]:
            of_input = _input_rule(g, x, weight, eps, axes=axes)
        if needs[1]:
            at, scale = statistics(x, eps, axes=axes)
            of_weight, of_bias = parameter_rule(g, x, at, scale, axes=lead)
    if needs[2] and of_bias is None:
        of_bias = g.sum(lead) if lead else g
    return of_input, of_weight, of_bias


def check_parameters(input: Array, parameters: Sequence[Array | None]) -> None:
    """Parameters have the input's dtype, or are float32 beside a 16-bit input."""
    given = [each for each in parameters if each is not None]
    half = input.dtype.itemsize == 2
    for each in given:
        if each.dtype != input.dtype and not (half and each.dtype == np.float32):
            name = "Float" if half else dtypes.scalar_name(dtypes.from_numpy_dtype(input.dtype))
            raise RuntimeError(f"mixed dtype (CPU): expect parameter to have scalar type of {name}")


def _normalized_axes(input: Any, normalized_shape: Sequence[int], named: dict[str, Any], star: str) -> Axes:
    """The trailing axes of `normalized_shape`; RuntimeError where something does not fit it."""
    shape = [int(n) for n in normalized_shape]
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one "
            f"element, but got normalized_shape = {shape}"
        )
    for name, parameter in named.items():
        if parameter is not None and list(parameter.shape) != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(parameter.shape)} and normalized_shape = {shape}"
            )
    if list(input.shape[max(0, len(input.shape) - len(shape)) :]) != shape:
        expected = ", ".join([star, *map(str, shape)]) if star == "*" else f"*{_joined(shape)}"
        raise RuntimeError(
            f"Given normalized_shape={shape}, expected input with shape [{expected}], but got input "
            f"of size{list(input.shape)}"
        )
    return tuple(range(-len(shape), 0))


def _joined(values: Sequence[int]) -> str:
    return ", ".join(map(str, values))


@op(method=False, out=False, grad_name="NativeLayerNormBackward0", traced=True)
def layer_norm(
    input,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
):
    """Standardize over the trailing dimensions `normalized_shape` (Ba et al., 2016)."""
    if isinstance(normalized_shape, int):
        raise TypeError("layer_norm(): argument 'normalized_shape' (position 2) must be tuple of ints, not int")
    axes = _normalized_axes(input, normalized_shape, {"weight": weight, "bias": bias}, "*")
    check_kind(input, "LayerNormKernelImpl", "fV")
    check_parameters(input, (weight, bias))
    if isinstance(input, np.ndarray):  # not what records an expression
        input = row_major(input)
    if input.dtype.itemsize != 2:
        return standardized(input, weight, bias, eps, axes=axes)
    wide = [None if each is None else widen(each) for each in (input, weight, bias)]
    return standardized(*wide, eps, axes=axes).astype(input.dtype)


@layer_norm.vjp
def _(g, input, weight, normalized_shape, eps, needs):
    axes = tuple(range(-len(normalized_shape), 0))
    lead = tuple(range(len(input.shape) - len(axes)))
    return in_float32(rule, g, input, weight, eps, axes, lead, needs)


def in_float32(apply: Callable[..., Any], g: Any, x: Any, weight: Any, *rest: Any) -> Any:
    """Apply a rule in float32 to 16-bit arrays, as the bodies do."""
    if isinstance(g, Tensor):
        if g.dtype.itemsize != 2:
            return apply(g, x, weight, *rest)
        kinds = (x.dtype, *(2 * [None if weight is None else weight.dtype]))
        weight = None if weight is None else weight.float()
        found = apply(g.float(), x.float(), weight, *rest)
        return tuple(
            each if each is None else each.to(kind or x.dtype) for each, kind in zip(found, kinds, strict=True)
        )
    if g.dtype.itemsize != 2:
        return apply(g, x, weight, *rest)
    kind = x.dtype if weight is None else weight.dtype
    wide = None if weight is None else widen(weight)
    found = apply(widen(g), widen(x), wide, *rest)
    kinds = (x.dtype, kind, kind)
    return tuple(each if each is None else each.astype(to, copy=False) for each, to in zip(found, kinds, strict=True))


@op(name="_norm_statistics", method=False, out=False)
def norm_statistics(input, axes: Axes, eps: float, dtype: Any):
    """The mean, and one over the standard deviation, over `axes`."""
    mean, scale = statistics(widen(input), eps, axes=axes)
    return mean.astype(dtype, copy=False), scale.astype(dtype, copy=False)


def stored(input: Tensor, *parameters: Tensor | None) -> np.dtype:
    return next((each.dtype for each in parameters if each is not None), input.dtype).numpy


@norm_statistics.vjp
def _(g, input, axes, eps):
    count = math.prod(input.shape[axis] for axis in axes)
    away = input - mean_op(input, axes, True)
    total = away * 0
    if g[0] is not None:
        total = total + g[0] / count
    if g[1] is not None:
        scale = rsqrt(mean_op(away * away, axes, True) + eps)
        total = total - g[1] * (scale * scale * scale) * away / count
    return (total,)


@composite(method=False, out=False)
def native_layer_norm(
    input,
    normalized_shape: Sequence[int],
    weight: Tensor | None,
    bias: Tensor | None,
    eps: float,
):
    """`layer_norm`, the mean and one over the standard deviation."""
    result = layer_norm(input, normalized_shape, weight, bias, eps)
    axes = tuple(range(-len(normalized_shape), 0))
    return result, *norm_statistics(input.detach(), axes, eps, stored(input, weight, bias))


@fused
def _rms_scaled(x, weight, eps, *, axes):
    result = x * prims.rsqrt(prims.mean(x * x, axes, True) + eps)
    return result if weight is None else result * weight


def _rms_cotangent(mean: Mean, rsqrt: Any, g: Any, x: Any, weight: Any, eps: float, axes: Axes) -> Any:
    scale = rsqrt(mean(x * x, axes, True) + eps)
    scaled = g if weight is None else g * weight
    unit = x * scale
    return scale * (scaled - unit * mean(scaled * unit, axes, True))


@fused
def _rms_input_rule(g, x, weight, eps, *, axes):
    return _rms_cotangent(prims.mean, prims.rsqrt, g, x, weight, eps, axes)


@fused
def _rms_whole_rule(g, x, weight, eps, *, axes, lead):
    of_input = _rms_cotangent(prims.mean, prims.rsqrt, g, x, weight, eps, axes)
    return of_input, prims.sum(g * x * prims.rsqrt(prims.mean(x * x, axes, True) + eps), lead)


@op(name="_rms_norm", method=False, out=False, grad_name="MulBackward0")
def rms_norm_op(input, weight: Tensor | None, axes: Axes, eps: float):
    """`input` over its root mean square, times `weight`."""
    wide = [None if each is None else widen(each) for each in (input, weight)]
    return _rms_scaled(*wide, eps, axes=axes).astype(input.dtype, copy=False)


def _rms_rule(
    g: Any, x: Any, weight: Any, eps: float, axes: Axes, lead: Axes, needs: Sequence[bool]
) -> tuple[Any, Any, Any]:
    of_input = of_weight = None
    if needs[0] and needs[1] and not isinstance(g, Tensor):
        return *_rms_whole_rule(g, x, weight, eps, axes=axes, lead=lead), None
    if needs[0]:
        if isinstance(g, Tensor):
            of_input = _rms_cotangent(mean_op, rsqrt, g, x, weight, eps, axes)
        else:
            of_input = _rms_input_rule(g, x, weight, eps, axes=axes)
    if needs[1]:
        share = g * x * rsqrt(mean_op(x * x, axes, True) + eps)
        of_weight = share.sum(lead) if lead else share
    return of_input, of_weight, None


@rms_norm_op.vjp
def _(g, input, weight, axes, eps, needs):
    lead = tuple(range(len(input.shape) - len(axes)))
    return in_float32(_rms_rule, g, input, weight, eps, axes, lead, needs)[:2]


@composite(method=False, out=False)
def rms_norm(
    input,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
):
    """Divide by the root mean square over `normalized_shape` (Zhang and Sennrich, 2019)."""
    axes = _normalized_axes(input, normalized_shape, {"weight": weight}, "")
    if not (input.is_floating_point() or input.is_complex()):
        name = dtypes.scalar_name(input.dtype)
        raise NotImplementedError(f"\"rms_norm\" not implemented for '{name}'")
    kind = dtypes.float64 if input.dtype.itemsize == 8 and not input.is_complex() else dtypes.float32
    if eps is None:
        eps = dtypes.finfo(kind).eps
    if input.is_complex() or (weight is not None and weight.is_complex()):
        result = input * (input * input).mean(axes, keepdim=True).add(eps).rsqrt()
        return result if weight is None else (result * weight).to(input.dtype)
    if weight is not None and weight.dtype != input.dtype:
        weight = weight.to(input.dtype)
    return rms_norm_op(input, weight, axes, eps)
