"""`make_tensor`: random tensors of any dtype."""

from __future__ import annotations

import math
from typing import Any

import flambeau
from flambeau.dtypes import dtype as dtype_type
from flambeau.tensor import Tensor


def _interval(
    low: float | None,
    high: float | None,
    lowest: Any,
    highest: Any,
    defaults: tuple[Any, Any],
    kind: dtype_type,
) -> tuple[Any, Any]:
    """The interval to draw from, cut to what the dtype can hold."""
    low = defaults[0] if low is None else low
    high = defaults[1] if high is None else high
    if any(isinstance(value, float) and math.isnan(value) for value in (low, high)):
        raise ValueError(f"`low` and `high` cannot be NaN, but got {low=} and {high=}")
    if low > high or (low == high and not (kind.is_floating_point or kind.is_complex)):
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    if high < lowest or low > highest or (low == highest and not kind.is_floating_point):
        raise ValueError(
            f"The value interval specified by `low` and `high` is [{low}, {high}), "
            f"but {kind} only supports [{lowest}, {highest})"
        )
    return max(low, lowest), min(high, highest)


def make_tensor(
    *shape: Any,
    dtype: dtype_type,
    device: Any,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor of values drawn uniformly from [low, high).

    Args:
        shape: the sizes, one by one or as one sequence.
        dtype: the element type; where no interval is given, floats and signed integers are drawn
            from about [-9, 9], unsigned ones from [0, 9], bools from both.
        device: where the tensor lies.
        low: the least value.
        high: the bound that values stay below.
        requires_grad: record what is computed with it.
        noncontiguous: leave gaps between the elements of the last dimension.
        exclude_zero: put the dtype's smallest positive value in place of zeros.
        memory_format: the order of the strides.

    Raises:
        ValueError: an empty interval, one that the dtype cannot hold, or options that exclude each
            other.
    """
    sizes = tuple(shape[0]) if len(shape) == 1 and not isinstance(shape[0], int) else shape
    differentiable = dtype.is_floating_point or dtype.is_complex
    if noncontiguous and memory_format is not None:
        raise ValueError(
            "The parameters `noncontiguous` and `memory_format` are mutually exclusive, "
            f"but got {noncontiguous=} and {memory_format=}"
        )
    if requires_grad and not differentiable:
        raise ValueError(f"`requires_grad=True` is not supported for boolean and integral dtypes, but got {dtype=}")
    result: Any = _draw(sizes, dtype, device, low, high)
    if noncontiguous and result.numel() > 1:
        result = flambeau.repeat_interleave(result, 2, dim=-1)[..., ::2]
    elif memory_format is not None:
        result = result.clone(memory_format=memory_format)
    if exclude_zero:
        result[result == 0] = flambeau.finfo(dtype).tiny if differentiable else 1
    if requires_grad:
        result.requires_grad = True
    return result


def _draw(sizes: tuple[int, ...], kind: dtype_type, device: Any, low: Any, high: Any) -> Tensor:
    if kind.is_complex:
        parts = _draw((*sizes, 2), kind.to_real(), device, low, high)
        return flambeau.view_as_complex(parts)
    if kind.is_floating_point:
        limits = flambeau.finfo(kind)
        low, high = _interval(low, high, limits.min, limits.max, (-9, 9), kind)
        if kind.itemsize == 1:
            return flambeau.empty(sizes, device=device).uniform_(low, high).to(kind)
        return flambeau.empty(sizes, dtype=kind, device=device).uniform_(low, high)
    if kind is flambeau.bool:
        low, high = _interval(low, high, 0, 2, (0, 2), kind)
    else:
        bounds = flambeau.iinfo(kind)
        lowest, highest = bounds.min, bounds.max + (kind is not flambeau.int64)
        low, high = _interval(low, high, lowest, highest, (-9 if kind.is_signed else 0, 10), kind)
    return flambeau.randint(math.ceil(low), math.ceil(high), sizes, device=device, dtype=kind)
