"""Pooling: the families for one, two and three spatial dimensions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import flambeau
from flambeau.tensor import Tensor

from .. import _ops as ops
from .._sizes import _list_with_default, _ntuple

Sizes = Any  # an int, or a sequence of one or n ints
Pool = Callable[..., Any]


def _named(function: Pool, name: str, doc: str) -> Pool:
    """`function` as the member `name` of `flambeau.nn.functional`."""
    function.__name__ = function.__qualname__ = name
    function.__module__ = "flambeau.nn.functional"
    function.__doc__ = doc
    return function


def _max_pool(n: int) -> tuple[Pool, Pool]:
    name = f"max_pool{n}d"

    def pool(
        input: Tensor,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        op = getattr(ops, f"{name}_with_indices" if return_indices else name)
        steps = kernel_size if stride is None else stride
        return op(input, kernel_size, steps, padding, dilation, ceil_mode)

    def with_indices(
        input: Tensor,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> tuple[Tensor, Tensor]:
        return pool(input, kernel_size, stride, padding, dilation, ceil_mode, True)

    doc = f"The largest element in each window of the last {n} dimensions"
    return (
        _named(pool, name, f"{doc}; with `return_indices` also where it stood."),
        _named(with_indices, f"{name}_with_indices", f"{doc}, and where it stood."),
    )


def _adaptive_max_pool(n: int) -> tuple[Pool, Pool]:
    name = f"adaptive_max_pool{n}d"

    def with_indices(input: Tensor, output_size: Sizes, return_indices: bool = False) -> tuple[Tensor, Tensor]:
        sizes = output_size if n == 1 else _list_with_default(output_size, input.size())
        return getattr(ops, name)(input, sizes)

    def pool(input: Tensor, output_size: Sizes, return_indices: bool = False) -> Any:
        found = with_indices(input, output_size)
        return found if return_indices else found[0]

    doc = f"The largest element in each of `output_size` windows of the last {n} dimensions"
    return (
        _named(pool, name, f"{doc}; with `return_indices` also where it stood."),
        _named(with_indices, f"{name}_with_indices", f"{doc}, and where it stood."),
    )


def _adaptive_avg_pool(n: int) -> Pool:
    name = f"adaptive_avg_pool{n}d"

    def pool(input: Tensor, output_size: Sizes) -> Tensor:
        sizes = output_size if n == 1 else _list_with_default(output_size, input.size())
        return getattr(ops, name)(input, sizes)

    return _named(pool, name, f"The mean of each of `output_size` windows of the last {n} dimensions.")


def _fractional_max_pool(n: int) -> tuple[Pool, Pool]:
    name = f"fractional_max_pool{n}d"

    def with_indices(
        input: Tensor,
        kernel_size: Sizes,
        output_size: Sizes | None = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        if output_size is None:
            if output_ratio is None:
                raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
            if n == 2 and isinstance(output_ratio, Sequence) and len(output_ratio) > 2:
                raise ValueError(f"{name} requires output_ratio to either be a single Int or tuple of Ints.")
            ratios = _ntuple(n)(output_ratio)
            spatial = input.size()[-n:]
            output_size = [int(s * ratio) for s, ratio in zip(spatial, ratios, strict=True)]
        if _random_samples is None:
            batch = 1 if input.dim() == n + 1 else input.size(0)
            _random_samples = flambeau.rand(batch, input.size(-n - 1), n, dtype=input.dtype, device=input.device)
        return getattr(ops, name)(input, kernel_size, output_size, _random_samples)

    def pool(
        input: Tensor,
        kernel_size: Sizes,
        output_size: Sizes | None = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> Any:
        found = with_indices(input, kernel_size, output_size, output_ratio, True, _random_samples)
        return found if return_indices else found[0]

    doc = f"Max pooling over random windows of the last {n} dimensions (Graham, 2014)"
    return (
        _named(pool, name, f"{doc}; with `return_indices` also where each maximum stood."),
        _named(with_indices, f"{name}_with_indices", f"{doc}, and where each maximum stood."),
    )


def _unpool_size(
    input: Tensor,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    output_size: Sequence[int] | None,
) -> Sequence[int]:
    """The spatial size of the unpooled tensor; ValueError where the wanted one is impossible."""
    n = len(kernel)
    spatial = input.size()[-n:]
    default = [(spatial[d] - 1) * stride[d] + kernel[d] - 2 * padding[d] for d in range(n)]
    if output_size is None:
        size: Sequence[int] = default
    else:
        if len(output_size) == n + 2:
            output_size = output_size[2:]
        if len(output_size) != n:
            raise ValueError(
                f"output_size should be a sequence containing {n} or {n + 2} elements, but it has "
                f"a length of '{len(output_size)}'"
            )
        for d in range(n):
            low, high = default[d] - stride[d], default[d] + stride[d]
            if not low < output_size[d] < high:
                raise ValueError(f'invalid output_size "{output_size}" (dim {d} must be between {low} and {high})')
        size = output_size
    for d in range(n):
        if size[d] < 0:
            raise ValueError(
                "max_unpooling: output_size must contain non-negative spatial dimensions, but got "
                f"output_size[{d}]={size[d]}"
            )
    return size


def _max_unpool(n: int) -> Pool:
    def unpool(
        input: Tensor,
        indices: Tensor,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        output_size: Sequence[int] | None = None,
    ) -> Tensor:
        sizes = _ntuple(n)
        kernel = sizes(kernel_size)
        steps = kernel if stride is None else sizes(stride)
        pads = sizes(padding)
        size = list(_unpool_size(input, kernel, steps, pads, output_size))
        if n == 1:
            found = ops.max_unpool2d(input.unsqueeze(-1), indices.unsqueeze(-1), [*size, 1])
            return found.squeeze(-1)
        if n == 2:
            return ops.max_unpool2d(input, indices, size)
        return ops.max_unpool3d(input, indices, size, steps, pads)

    return _named(unpool, f"max_unpool{n}d", f"Put the maxima back where `max_pool{n}d` found them, else 0.")


def _lp_pool(n: int) -> Pool:
    def pool(
        input: Tensor,
        norm_type: float,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        ceil_mode: bool = False,
    ) -> Tensor:
        if norm_type in (math.inf, -math.inf):
            sign = 1 if norm_type > 0 else -1
            return sign * MAX_POOLS[n - 1](sign * input.abs(), kernel_size, stride, 0, 1, ceil_mode)
        steps = kernel_size if stride is None else stride
        means = getattr(ops, f"avg_pool{n}d")(input**norm_type, kernel_size, steps, 0, ceil_mode)
        count = math.prod(_ntuple(n)(kernel_size))
        return (means.sign() * ops.relu(means.abs()) * count) ** (1.0 / norm_type)

    return _named(pool, f"lp_pool{n}d", f"The `norm_type`-norm of each window of the last {n} dimensions.")


max_pool1d, max_pool1d_with_indices = _max_pool(1)
max_pool2d, max_pool2d_with_indices = _max_pool(2)
max_pool3d, max_pool3d_with_indices = _max_pool(3)
MAX_POOLS = (max_pool1d, max_pool2d, max_pool3d)
adaptive_max_pool1d, adaptive_max_pool1d_with_indices = _adaptive_max_pool(1)
adaptive_max_pool2d, adaptive_max_pool2d_with_indices = _adaptive_max_pool(2)
adaptive_max_pool3d, adaptive_max_pool3d_with_indices = _adaptive_max_pool(3)
adaptive_avg_pool1d = _adaptive_avg_pool(1)
adaptive_avg_pool2d = _adaptive_avg_pool(2)
adaptive_avg_pool3d = _adaptive_avg_pool(3)
fractional_max_pool2d, fractional_max_pool2d_with_indices = _fractional_max_pool(2)
fractional_max_pool3d, fractional_max_pool3d_with_indices = _fractional_max_pool(3)
max_unpool1d = _max_unpool(1)
max_unpool2d = _max_unpool(2)
max_unpool3d = _max_unpool(3)
lp_pool1d = _lp_pool(1)
lp_pool2d = _lp_pool(2)
lp_pool3d = _lp_pool(3)
