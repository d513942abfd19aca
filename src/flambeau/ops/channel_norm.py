"""Normalization of channels: over batches, over groups, and over each instance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from flambeau import prims
from flambeau.kernels import fused
from flambeau.ops.declare import composite, op
from flambeau.ops.normalization import (
    affine,
    check_parameters,
    in_float32,
    norm_statistics,
    parameter_rule,
    rule,
    statistics,
    stored,
)
from flambeau.ops.pointwise import rsqrt
from flambeau.ops.pooling import check_kind
from flambeau.prims.precision import widen
from flambeau.tensor import Array, Tensor


def _planes(x: Any) -> Any:
    """(N, C, ...) as (N, C, elements); also (C,), in which each element is a batch of its own."""
    lead = x.shape[:2] if len(x.shape) > 1 else (*x.shape, 0)
    return x.reshape(*lead, math.prod(x.shape[2:]))


def _column(x: Any) -> Any:
    """One number for each channel, against (N, C, elements)."""
    return None if x is None else x.reshape(-1, 1)


def _wide(*values: Array | None) -> list[Any]:
    return [None if each is None else widen(each) for each in values]


@fused
def _train(x, weight, bias, eps, *, axes):
    """`x` standardized over `axes` and its statistics: mean, one over the standard deviation."""
    mean = prims.mean(x, axes, True)
    away = x - mean
    scale = prims.rsqrt(prims.mean(away * away, axes, True) + eps)
    result = away * scale
    if weight is not None:
        result = result * weight
    return (result if bias is None else result + bias), mean, scale


@fused
def _train_cotangents(g, x, weight, mean, scale, share, *, axes):
    """The cotangents of input, weight and bias; `share` is one over the number of elements of a mean."""
    unit = (x - mean) * scale
    total, against = prims.sum(g, axes, True), prims.sum(g * unit, axes, True)
    factor = scale if weight is None else scale * weight
    return factor * (g - total * share - unit * (against * share)), against, total


@fused
def _eval_cotangents(g, x, mean, scale, factor, *, axes):
    return g * factor, prims.sum(g * (x - mean) * scale, axes), prims.sum(g, axes)


@fused
def _row_sums(g, x, mean, scale, *, axes):
    """The sums of g, and of g times x standardized."""
    return prims.sum(g, axes), prims.sum(g * (x - mean) * scale, axes)


@fused
def _from_rows(g, x, mean, factor, slope, level):
    return g * factor + (x - mean) * slope + level


@op(name="_batch_norm_train", method=False, out=False, grad_name="NativeBatchNormBackward0")
def batch_norm_train(input, weight: Tensor | None, bias: Tensor | None, eps: float):
    """Each channel standardized over all else; its mean, and one over its standard deviation."""
    _check(input, (weight, bias))
    x, w, b = _wide(input, weight, bias)
    result, mean, scale = _train(_planes(x), _column(w), _column(b), eps, axes=(0, 2))
    kind = _stored_dtype(input, weight)
    return (
        result.reshape(input.shape).astype(input.dtype, copy=False),
        mean.reshape(-1).astype(kind, copy=False),
        scale.reshape(-1).astype(kind, copy=False),
    )


def _stored_dtype(input: Array, weight: Array | None) -> np.dtype:
    return input.dtype if weight is None else weight.dtype


def _check(input: Array, parameters: Sequence[Array | None]) -> None:
    check_kind(input, "batch_norm", "fV")
    check_parameters(input, parameters)


def _train_rule(
    g: Any, x: Any, weight: Any, at: Any, scale: Any, eps: float, needs: Sequence[bool]
) -> tuple[Any, Any, Any]:
    shape = x.shape
    g, x, w = _planes(g), _planes(x), _column(weight)
    if isinstance(g, Tensor):
        found = rule(g, x, w, eps, (0, 2), (0, 2), needs)
    else:
        at, scale = (widen(each).reshape(1, -1, 1) for each in (at, scale))
        if needs[0]:
            share = 1.0 / max(1, x.shape[0] * x.shape[2])
            of_input, of_weight, of_bias = _train_cotangents(g, x, w, at, scale, share, axes=(0, 2))
            found = of_input, of_weight.reshape(-1), of_bias.reshape(-1)
        else:
            found = (None, *parameter_rule(g, x, at, scale, axes=(0, 2)))
    return found[0] if found[0] is None else found[0].reshape(shape), *found[1:]


@batch_norm_train.vjp
def _(g, input, weight, result1, result2, eps, needs):
    if g[0] is None:  # the statistics themselves are given out detached
        return None, None, None
    return in_float32(_train_rule, g[0], input, weight, result1, result2, eps, needs)


@op(name="_batch_norm_eval", method=False, out=False, grad_name="NativeBatchNormBackward0")
def batch_norm_eval(input, weight: Tensor | None, bias: Tensor | None, mean, variance, eps: float):
    """Each channel standardized by given statistics."""
    _check(input, (weight, bias))
    x, w, b, at, spread = _wide(input, weight, bias, mean, variance)
    scale = (1 / np.sqrt(spread + eps)).astype(x.dtype, copy=False)
    columns = (_column(each) for each in (at, scale, w, b))
    result = affine(_planes(x), *columns).reshape(input.shape)
    return result.astype(input.dtype, copy=False)


def _eval_rule(
    g: Any, x: Any, weight: Any, mean: Any, variance: Any, eps: float, needs: Sequence[bool]
) -> tuple[Any, Any, Any]:
    shape = x.shape
    g, x = _planes(g), _planes(x)
    scale = _column(rsqrt(variance + eps))
    if not isinstance(g, Tensor):
        factor = scale if weight is None else scale * _column(weight)
        found = _eval_cotangents(g, x, _column(mean), scale, factor, axes=(0, 2))
        return found[0].reshape(shape), *found[1:]
    of_input = of_weight = of_bias = None
    if needs[0]:
        factor = scale if weight is None else scale * _column(weight)
        of_input = (g * factor).reshape(shape)
    if needs[1]:
        of_weight = (g * (x - _column(mean)) * scale).sum((0, 2))
    if needs[2]:
        of_bias = g.sum((0, 2))
    return of_input, of_weight, of_bias


@batch_norm_eval.vjp
def _(g, input, weight, mean, variance, eps, needs):
    found = in_float32(_eval_rule, g, input, weight, mean, variance, eps, needs)
    return *found, None, None


def _channels(input: Tensor) -> int:
    return input.shape[1] if input.ndim > 1 else 0


def _check_sizes(input: Tensor, **named: Tensor | None) -> None:
    channels = _channels(input)
    for name, value in named.items():
        if value is not None and value.numel() != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {value.numel()}")


def _check_running(input: Tensor, weight: Tensor | None, *running: Tensor | None) -> None:
    given = [each for each in running if each is not None]
    if len(given) == 1:
        raise ValueError("running_mean and running_var must either both be None or neither be None")
    half = input.dtype.itemsize == 2 and weight is None
    kind = input.dtype if weight is None else weight.dtype
    for each in given:
        if each.dtype != kind and not (half and each.dtype.numpy == np.float32):
            raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")


def _moved(running: Tensor, value: Array, momentum: float) -> None:
    """Move a running statistic towards `value`, in its own memory."""
    target = running._array
    target[...] = (momentum * value + (1 - momentum) * widen(target)).astype(target.dtype)


def _batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    _check_sizes(input, weight=weight, bias=bias)
    if not training:
        for name, value in (("running_mean", running_mean), ("running_var", running_var)):
            if value is None:
                raise RuntimeError(f"{name} must be defined in evaluation mode")
    _check_sizes(input, running_mean=running_mean, running_var=running_var)
    _check(input._array, [None if v is None else v._array for v in (weight, bias)])
    _check_running(input, weight, running_mean, running_var)
    if not training:
        return batch_norm_eval(input, weight, bias, running_mean, running_var, eps), None, None
    result, mean, scale = batch_norm_train(input, weight, bias, eps)
    count = input.numel() // max(_channels(input), 1)
    if running_mean is not None and count:
        _moved(running_mean, widen(mean._array), momentum)
    if running_var is not None and count:
        variance = 1 / np.square(widen(scale._array)) - eps
        unbiased = count / (count - 1) if count > 1 else math.nan
        _moved(running_var, variance * unbiased, momentum)
    return result, mean, scale


@composite(method=False, out=False)
def batch_norm(
    input,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool = True,
):
    """Standardize each channel of (N, C, ...) over all else (Ioffe and Szegedy, 2015).

    In training by the batch's own statistics, which also move the running ones by `momentum`.
    """
    arguments = (weight, bias, running_mean, running_var, training, momentum, eps)
    return _batch_norm(input, *arguments)[0]


@composite(method=False)
def native_batch_norm(
    input,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
):
    """`batch_norm`, the batch's mean and one over its standard deviation (empty if not used)."""
    arguments = (weight, bias, running_mean, running_var, training, momentum, eps)
    result, mean, scale = _batch_norm(input, *arguments)
    if mean is None or scale is None:
        empty = input.new_empty((0,), dtype=input.dtype if weight is None else weight.dtype)
        return result, empty, empty.clone()
    kind = next((v.dtype for v in (weight, running_mean) if v is not None), input.dtype)
    return result, mean.detach().to(kind), scale.detach().to(kind)


@composite(name="_native_batch_norm_legit", method=False, out=False)
def native_batch_norm_legit(
    input,
    weight: Tensor | None,
    bias: Tensor | None,
    *arguments: Any,
):
    """`native_batch_norm`, with or without running statistics."""
    if isinstance(arguments[0], bool):
        arguments = (None, None, *arguments)
    return native_batch_norm(input, weight, bias, *arguments)


@op(name="_group_norm", method=False, out=False, grad_name="NativeGroupNormBackward0")
def group_norm_op(input, weight: Tensor | None, bias: Tensor | None, groups: int, eps: float):
    """Each group of channels standardized; each channel scaled and shifted."""
    check_kind(input, "GroupNormKernelImpl", "fV")
    check_parameters(input, (weight, bias))
    x, w, b = _wide(input, weight, bias)
    if not x.size:
        return input.copy()
    mean, scale = statistics(x.reshape(x.shape[0], groups, -1), eps, axes=(-1,))
    each = x.shape[1] // groups
    mean, scale = mean.repeat(each, 1), scale.repeat(each, 1)
    result = affine(_planes(x), mean, scale, _column(w), _column(b))
    return result.reshape(input.shape).astype(input.dtype, copy=False)


def _group_rule(g: Any, x: Any, weight: Any, groups: int, eps: float, needs: Sequence[bool]) -> tuple[Any, Any, Any]:
    if not isinstance(g, Tensor):
        return _group_sums_rule(g, x, weight, groups, eps)
    shape, planes = x.shape, _planes(x).shape
    rows = (shape[0], groups, math.prod(shape[1:]) // groups)
    scaled = _planes(g) if weight is None else _planes(g) * _column(weight)
    wanted = (needs[0], False, False)
    of_input, *_ = rule(scaled.reshape(rows), x.reshape(rows), None, eps, (-1,), (), wanted)
    of_weight = of_bias = None
    if needs[1]:
        unit = _unit(x.reshape(rows), eps).reshape(planes)
        of_weight = (_planes(g) * unit).sum((0, 2))
    if needs[2]:
        of_bias = _planes(g).sum((0, 2))
    return of_input if of_input is None else of_input.reshape(shape), of_weight, of_bias


def _group_sums_rule(g: Array, x: Array, weight: Array | None, groups: int, eps: float) -> tuple[Array, Array, Array]:
    """The same on arrays: sums over each channel of each sample first, all else from those."""
    batch, channels, *_ = x.shape
    each, elements = channels // groups, x.size // (batch * groups)
    mean, scale = statistics(x.reshape(batch, groups, -1), eps, axes=(-1,))
    wide_mean, wide_scale = mean.repeat(each, 1), scale.repeat(each, 1)
    sums, against = _row_sums(_planes(g), _planes(x), wide_mean, wide_scale, axes=(-1,))
    factor = np.ones(channels, x.dtype) if weight is None else weight
    level, slope = (
        ((part * factor).reshape(batch, groups, each).sum(-1, keepdims=True) / elements).astype(x.dtype, copy=False)
        for part in (sums, against)
    )
    columns = (wide_scale * _column(factor), -slope * scale * scale, -level * scale)
    wide = [part if part.shape[1] == channels else part.repeat(each, 1) for part in columns]
    of_input = _from_rows(_planes(g), _planes(x), wide_mean, *wide)
    return of_input.reshape(x.shape), against.sum(0), sums.sum(0)


def _unit(rows: Tensor, eps: float) -> Any:
    """Rows standardized."""
    away = rows - rows.mean(-1, True)
    return away * rsqrt((away * away).mean(-1, True) + eps)


@group_norm_op.vjp
def _(g, input, weight, groups, eps, needs):
    if 0 in input.shape:
        zeros = None if weight is None else weight * 0
        return g, zeros if needs[1] else None, zeros if needs[2] else None
    return in_float32(_group_rule, g, input, weight, groups, eps, needs)


def _check_groups(input: Tensor, groups: int, **named: Tensor | None) -> None:
    shape = list(input.shape)
    if groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {groups}")
    if shape[1] % groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {shape} and num_groups={groups}"
        )
    for name, value in named.items():
        if value is not None and tuple(value.shape) != (shape[1],):
            shown = next(list(each.shape) for each in named.values() if each is not None)
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, "
                f"but got {'weight' if name == 'weight' else 'bias'} of shape "
                f"{list(value.shape) if name == 'weight' else shown} and input of shape {shape}"
            )


@composite(method=False, out=False)
def group_norm(
    input,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enabled: bool = True,
):
    """Standardize each of `num_groups` groups of channels of (N, C, ...) (Wu and He, 2018)."""
    _check_groups(input, num_groups, weight=weight, bias=bias)
    return group_norm_op(input, weight, bias, num_groups, eps)


@composite(method=False, out=False)
def native_group_norm(
    input,
    weight: Tensor | None,
    bias: Tensor | None,
    N: int,
    C: int,
    HxW: int,
    group: int,
    eps: float,
):
    """`group_norm` of (N, C, HxW elements), means and one over standard deviations (N, group)."""
    result = group_norm(input, group, weight, bias, eps)
    rows = input.reshape(N, group, C * HxW // group)
    mean, scale = norm_statistics(rows, (-1,), eps, stored(input, weight, bias))
    return result, mean.reshape(N, group), scale.reshape(N, group)


@composite(method=False, out=False)
def instance_norm(
    input,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool = True,
):
    """Standardize each channel of each sample of (N, C, ...) (Ulyanov et al., 2016)."""
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    batch, channels, *spatial = input.shape
    merged = input.contiguous().view(1, batch * channels, *spatial)
    tiled = [None if v is None else v.repeat(batch) for v in (weight, bias)]
    running = [None if v is None else v.repeat(batch) for v in (running_mean, running_var)]
    result = _batch_norm(merged, *tiled, *running, use_input_stats, momentum, eps)[0]
    if use_input_stats:
        for kept, moved in zip((running_mean, running_var), running, strict=True):
            if kept is not None and moved is not None:
                kept._array[...] = moved._array.reshape(batch, channels).mean(0)
    return result.view(batch, channels, *spatial)
