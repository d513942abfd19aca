"""Dropout: products with random masks, so that their gradients are those of `mul` and `add`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau import dtypes
from flambeau.generator import default_generator
from flambeau.ops.activation import leaky_relu
from flambeau.ops.convert import copied
from flambeau.ops.creation import copied_layout
from flambeau.ops.declare import composite, op
from flambeau.ops.errors import cast_error
from flambeau.ops.random import check_bernoulli, engine_of
from flambeau.prims import random as samplers
from flambeau.tensor import Array, Tensor, wrap

SELU_NEGATIVE_LIMIT = 1.7580993408473766
"""-scale * alpha of SELU: where its negative branch goes."""


def _kept(array: Array, p: float) -> Array:
    """A mask of ones with probability 1 - p, in the layout and dtype of `array`."""
    mask = copied_layout(array, array.dtype)
    check_bernoulli(mask, 1 - p)
    samplers.bernoulli(default_generator.engine, mask, 1 - p)
    return mask


def _elements(input: Tensor) -> Array:
    """What has the shape of an element-wise mask."""
    return input._array


def _channels(input: Tensor) -> Array:
    """One element for each channel of `input`, of shape (N, C, 1, ...)."""
    array = input._array
    if array.ndim < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return np.empty((*array.shape[:2], *[1] * (array.ndim - 2)), array.dtype)


def _scaled(mask: Array, p: float) -> tuple[Array, None]:
    """The mask as factors that keep the mean."""
    if mask.dtype.kind not in "fV":
        kind = dtypes.from_numpy_dtype(mask.dtype)
        raise cast_error(dtypes.get_default_dtype(), kind)
    wide = np.float64 if mask.dtype == np.float64 else np.float32
    mask *= mask.dtype.type(wide(1) / wide(1 - p))
    return mask, None


def _check_rate(p: float) -> None:
    if not 0 <= p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p:g}")


def noise(shape: tuple[int, ...], dtype: np.dtype, p: float) -> Array:
    """Factors that drop elements with probability `p` and keep the mean."""
    _check_rate(p)
    made = np.empty(shape, dtype)
    return np.zeros_like(made) if p == 1 or not made.size else _scaled(_kept(made, p), p)[0]


def _shifted(mask: Array, p: float) -> tuple[Array, Array]:
    """Factors and summands: SELU's limit for what is dropped, then mean and variance restored."""
    limit = SELU_NEGATIVE_LIMIT
    scale = 1 / math.sqrt((limit**2 * p + 1) * (1 - p))
    kind = mask.dtype.type
    return mask * kind(scale), (mask - kind(1)) * kind(limit * scale) + kind(limit * scale * p)


def _declare(
    name: str,
    target: Callable[[Tensor], Array],
    terms: Callable[[Array, float], tuple[Array, Array | None]],
    doc: str,
) -> Any:
    """Declare the op that multiplies by, and adds, the `terms` of a random mask; and in place."""

    def factors(input: Any, p: float, train: bool) -> tuple[Any, Any]:
        _check_rate(p)
        if p == 0 or not train or not input._array.size:
            return None, None
        if p == 1:
            return wrap(np.zeros((), input._array.dtype)), None
        factor, summand = terms(_kept(target(input), p), p)
        return wrap(factor), None if summand is None else wrap(summand)

    def dropped(input, p: float, train: bool):
        factor, summand = factors(input, p, train)
        if factor is None:
            return input
        return input * factor if summand is None else input * factor + summand

    def dropped_(input, p: float, train: bool):
        factor, summand = factors(input, p, train)
        if factor is not None:
            input.mul_(factor)
        return input if summand is None else input.add_(summand)

    dropped.__doc__ = dropped_.__doc__ = doc
    composite(dropped_, name=f"{name}_", method=False, out=False)
    return composite(dropped, name=name, method=False, out=False)


dropout = _declare(
    "dropout",
    _elements,
    _scaled,
    "In training, zero each element with probability `p` and scale the others by 1 / (1 - p).",
)
_declare("feature_dropout", _channels, _scaled, "`dropout` of whole channels.")
_declare(
    "alpha_dropout",
    _elements,
    _shifted,
    "Dropout that keeps mean and variance of SELU activations (Klambauer et al., 2017).",
)
_declare("feature_alpha_dropout", _channels, _shifted, "`alpha_dropout` of whole channels.")


@op(method=False, out=False, grad_name="NativeDropoutBackward0")
def native_dropout(input, p: float, train: Any):
    """`dropout` and the mask of what it kept (train=None counts as True)."""
    if train is not None and not train:
        return copied(input), np.ones(input.shape, bool)
    mask = _kept(input, p)
    return input * mask * input.dtype.type(_inverse(p)), mask.astype(bool)


@native_dropout.vjp
def _(g, p, train, result1):
    scale = 1.0 if train is not None and not train else _inverse(p)
    return (g[0] * result1 * scale,)


def _inverse(p: float) -> float:
    return 0.0 if p == 1 else 1 / (1 - p)


@op(method=False, out=False, grad_name="RreluWithNoiseBackward0")
def _with_slopes(input, slopes):
    """`input` times given slopes, which are no function of it."""
    return input * slopes


_with_slopes.vjp(input=lambda g, slopes: g * slopes)


@composite(method=False, inplace=True, out=False, grad_name="RreluWithNoiseBackward0")
def rrelu(
    input,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    generator: Any = None,
):
    """Positive x as it is; other x times a slope, drawn from [lower, upper) in training."""
    if not lower <= upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        return leaky_relu(input, (lower + upper) / 2)
    array = input._array
    negative = array <= 0
    slopes = np.ones(array.shape, array.dtype)
    uniforms = engine_of(generator, "rrelu").doubles(int(np.count_nonzero(negative)))
    slopes[negative] = lower + uniforms * (upper - lower)
    return _with_slopes(input, wrap(slopes))
