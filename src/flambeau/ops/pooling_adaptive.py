"""Pooling over windows that follow from the sizes wanted: adaptive, fractional; and unpooling."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from flambeau import dtypes
from flambeau.ops.declare import composite, op
from flambeau.ops.pooling import (
    NATIVE,
    Ints,
    Sizes,
    check_kind,
    declare_means,
    dims_error,
    gather_planes,
    one_int,
    scatter_rule,
)
from flambeau.prims import pooling as arrays
from flambeau.prims import resample
from flambeau.tensor import Array, Tensor


def _adaptive_sizes(name: str, shape: Sizes, output_size: Ints, rank: int) -> Sizes:
    """The sizes wanted, checked with PyTorch's messages."""
    maximum = "max" in name
    if rank == 1:
        if len(shape) not in (2, 3):
            raise RuntimeError(dims_error(name, len(shape)))
        sizes = one_int(name, "output_size", output_size)
    else:
        sizes = (output_size,) * rank if isinstance(output_size, int) else tuple(output_size)
        if len(sizes) != rank:
            if maximum:
                raise RuntimeError(f"{name}(): internal error: output_size.size() must be {rank}")
            raise RuntimeError(f"{name}: output_size must be {rank}")
        if len(shape) not in (rank + 1, rank + 2):
            got = f"but got{':' if maximum else ''} {list(shape)}"
            raise RuntimeError(f"{name}(): Expected {rank + 1}D or {rank + 2}D tensor, {got}")
    # PyTorch averages one dimension as two, and says so.
    two = rank == 1 and not maximum
    shown = "adaptive_avg_pool2d" if two else name
    full = [*shape[:-1], 1, shape[-1]] if two else list(shape)
    for axis in range(len(full) - rank - two, len(full)):
        if full[axis] == 0:
            raise RuntimeError(
                f"{shown}(): Expected input to have non-zero size for non-batch dimensions, but "
                f"input has sizes {full} with dimension {axis} being empty"
            )
    if min(sizes) < 0:
        if maximum:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {min(sizes)}: {[*shape[:-rank], *sizes]}"
            )
        received = ", ".join(map(str, (1, *sizes) if two else sizes[:2]))
        received += "".join(f",{n}" for n in sizes[2:])
        raise RuntimeError(
            f"{shown}: elements of output_size must be greater than or equal to 0 but received {{{received}}}"
        )
    return sizes


def _adaptive_max_pool(rank: int) -> Callable[..., Any]:
    name = f"adaptive_max_pool{rank}d"

    def pool(input, output_size: Ints):
        sizes = _adaptive_sizes(name, input.shape, output_size, rank)
        check_kind(input, name, "fV")
        if 0 in sizes or not input.size:
            shape = (*input.shape[:-rank], *sizes)
            return np.empty(shape, input.dtype), np.empty(shape, np.int64)
        return arrays.max_pool_adaptive(input, sizes)

    pool.__doc__ = f"The largest elements of `output_size` windows of the last {rank} dimensions, with indices."
    grad_name = "SqueezeBackward1" if rank == 1 else f"AdaptiveMaxPool{rank}DBackward0"
    module = "flambeau" if rank == 1 else NATIVE
    declared = op(pool, name=name, method=False, out=False, grad_name=grad_name, module=module)
    declared.vjp(input=scatter_rule(rank))
    return declared


adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = (_adaptive_max_pool(rank) for rank in (1, 2, 3))


def _average_maps(shape: Sequence[int], sizes: Sizes) -> list[resample.AxisMap]:
    pairs = zip(shape[-len(sizes) :], sizes, strict=True)
    return [resample.adaptive_average(n, m) for n, m in pairs]


@op(name="_adaptive_shares", method=False, out=False)
def adaptive_shares(input, spatial: Sizes):
    """The transpose of the adaptive average."""
    maps = _average_maps(spatial, input.shape[-len(spatial) :])
    return resample.apply_maps(input, [each.transposed for each in maps])


adaptive_shares.vjp(input=lambda g, input_shape, spatial: uneven[len(spatial)](g, tuple(input_shape[-len(spatial) :])))


def _declare_uneven(rank: int, kernel_name: str, grad_name: str) -> Any:
    """The adaptive average for windows of unequal length."""

    @op(name=f"_adaptive_avg_pool{rank}d", method=False, out=False, grad_name=grad_name)
    def apply(input, output_size: Sizes):
        check_kind(input, kernel_name, "fV")
        if not input.size or 0 in output_size:
            return np.zeros((*input.shape[:-rank], *output_size), input.dtype)
        return resample.apply_maps(input, _average_maps(input.shape, output_size))

    apply.vjp(input=lambda g, input_shape, output_size: adaptive_shares(g, tuple(input_shape[-rank:])))
    return apply


uneven: dict[int, Any] = {}


def _adaptive_avg_pool(rank: int) -> Callable[..., Any]:
    name = f"adaptive_avg_pool{rank}d"
    grad_name = "SqueezeBackward1" if rank == 1 else f"AdaptiveAvgPool{rank}DBackward0"
    kernel_name = name if rank > 1 else "adaptive_avg_pool2d"
    even = declare_means(f"{name}_even", rank, "fV", kernel_name, grad_name)
    uneven[rank] = _declare_uneven(rank, kernel_name, grad_name)

    def pool(input, output_size: Ints):
        shape = tuple(input.shape)
        sizes = _adaptive_sizes(name, shape, output_size, rank)
        if rank > 1 and set(sizes) == {1}:
            return input.mean(tuple(range(-rank, 0)), keepdim=True)
        spatial = shape[-rank:]
        if 0 in (*sizes, *shape) or any(n % m for n, m in zip(spatial, sizes, strict=True)):
            return uneven[rank](input, sizes)
        kernel = tuple(n // m for n, m in zip(spatial, sizes, strict=True))
        return even(input, kernel, kernel, (0,) * rank, sizes, math.prod(kernel))

    pool.__doc__ = f"The means of `output_size` windows of the last {rank} dimensions."
    module = "flambeau" if rank == 1 else NATIVE
    return composite(pool, name=name, method=False, out=False, module=module)


adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = (_adaptive_avg_pool(rank) for rank in (1, 2, 3))


def _check_samples(samples: Array, batch: int, channels: int, rank: int) -> None:
    if samples.ndim != 3:
        raise RuntimeError(f"Expect _random_samples to have 3 dimensions got {samples.ndim}")
    if samples.shape[0] < batch:
        raise RuntimeError("Expect _random_samples.size(0) no less then input batch size.")
    if samples.shape[1] != channels:
        raise RuntimeError("Expect _random_samples.size(1) equals to input channel size.")
    if samples.shape[2] != rank:
        raise RuntimeError(f"Expect _random_samples.size(2) equals to {rank}; got {samples.shape[2]}.")


def _full(values: Ints, rank: int, message: str) -> Sizes:
    found = (values,) * rank if isinstance(values, int) else tuple(values)
    if len(found) != rank:
        raise RuntimeError(message)
    return found


def _fractional_max_pool(rank: int) -> Callable[..., Any]:
    name = f"fractional_max_pool{rank}d"

    def pool(input, kernel_size: Ints, output_size: Ints, _random_samples: Tensor) -> tuple[Tensor, Tensor]:
        said = f"{name}: {{}} must either be a single Int or tuple of Ints"
        kernel = _full(kernel_size, rank, said.format("kernel_size"))
        sizes = _full(output_size, rank, said.format("output_size"))
        if input.ndim not in (rank + 1, rank + 2):
            raise RuntimeError(f"{name}(): Expected {rank + 1}D or {rank + 2}D tensor, but got: {list(input.shape)}")
        batch = input.shape[0] if input.ndim == rank + 2 else 1
        spatial = input.shape[-rank:]
        _check_samples(_random_samples, batch, input.shape[-rank - 1], rank)
        names, where = ("time", "height", "width")[-rank:], "_out" if rank == 3 else ""
        for axis, n, m, k in zip(names, spatial, sizes, kernel, strict=True):
            if m + k - 1 > n:
                raise RuntimeError(f"{name}{where}(): pool {axis} {k} too large relative to input {axis} {n}")
        check_kind(input, f"{name}_out_frame", "fV")
        kind = np.result_type(_random_samples.dtype, np.float32)
        samples = _random_samples[:batch].astype(kind, copy=False)
        # In two dimensions the first sample is the width's.
        columns = (1, 0) if rank == 2 else (0, 1, 2)
        tables = [
            arrays.fractional_table(samples[..., column], n, m, k)
            for column, n, m, k in zip(columns, spatial, sizes, kernel, strict=True)
        ]
        if input.ndim == rank + 1:
            tables = [table[0] for table in tables]
        return arrays.max_pool_tables(input, tables)

    pool.__doc__ = (
        f"The largest elements of pseudo-random windows of the last {rank} dimensions (Graham, 2014), with indices."
    )
    grad_name = f"FractionalMaxPool{rank}DBackward0"
    declared = op(pool, name=name, method=False, out=False, grad_name=grad_name, module=NATIVE)
    declared.vjp(input=scatter_rule(rank))
    return declared


fractional_max_pool2d, fractional_max_pool3d = _fractional_max_pool(2), _fractional_max_pool(3)


def _unpool(input: Array, indices: Array, sizes: Sizes, rank: int) -> Array:
    if indices.dtype != np.int64:
        kind = dtypes.scalar_name(dtypes.from_numpy_dtype(indices.dtype))
        raise RuntimeError(f"elements in indices should be type int64 but got: {kind}")
    if input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"Input to max_unpooling{rank}d should be a {rank + 1}d or {rank + 2}d Tensor, but got "
            f"a tensor with {input.ndim} dimensions."
        )
    if input.shape != indices.shape:
        raise RuntimeError(
            "Expected shape of indices to be same as that of the input tensor "
            f"({list(input.shape)}) but got indices tensor with shape: {list(indices.shape)}"
        )
    outside = (indices < 0) | (indices >= math.prod(sizes))
    if outside.any():
        volume = "x".join(map(str, sizes))
        raise RuntimeError(f"Found an invalid max index: {indices[outside][0]} (output volumes are of size {volume})")
    return arrays.unpool_planes(input, indices, sizes)


@op(method=False, out=False, module=NATIVE, grad_name="MaxUnpool2DBackward0")
def max_unpool2d(input, indices, output_size: Sizes):
    """Zeros, but for the elements of (..., H, W) put at flat indices."""
    if len(output_size) != 2:
        raise RuntimeError(
            f"There should be exactly two elements (height, width) in output_size, but got {len(output_size)} elements."
        )
    return _unpool(input, indices, tuple(output_size), 2)


@op(method=False, out=False, module=NATIVE, grad_name="MaxUnpool3DBackward0")
def max_unpool3d(input, indices, output_size: Sizes, stride: Sizes, padding: Sizes):
    """Zeros, but for the elements of (..., D, H, W) put at flat indices."""
    for name, values in (("output_size", output_size), ("stride", stride), ("padding", padding)):
        if len(values) != 3:
            raise RuntimeError(
                f"There should be exactly three elements (depth, height, width) in {name}, but "
                f"got: {len(values)} elements."
            )
    if min(stride) <= 0:
        raise RuntimeError(f"strides should be greater than zero, but got stride: {stride}")
    return _unpool(input, indices, tuple(output_size), 3)


max_unpool2d.vjp(input=lambda g, indices: gather_planes(g, indices, 2))
max_unpool3d.vjp(input=lambda g, indices: gather_planes(g, indices, 3))
