"""Sliding blocks as columns and back; and elements moved between channels and space."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flambeau.ops.declare import alias, op
from flambeau.ops.pooling import NATIVE, Sizes, check_kind
from flambeau.prims import fold as arrays


def _pairs(**values: Any) -> None:
    for name, value in values.items():
        if len(value) != 2:
            raise RuntimeError(f"It is expected {name} equals to 2, but got size {len(value)}")


def _check_windows(kernel: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes) -> None:
    for name, short, values, least, must in (
        ("kernel size", "kernel", kernel, 1, "greater than zero"),
        ("dilation", "dilation", dilation, 1, "greater than zero"),
        ("padding", "pad", padding, 0, "non-negative"),
        ("stride", "stride", stride, 1, "greater than zero"),
    ):
        if min(values) < least:
            raise RuntimeError(
                f"{name} should be {must}, but got {short}_height: {values[0]} {short}_width: {values[1]}"
            )


def _shown(values: Any) -> str:
    return f"({', '.join(map(str, values))})"


@op(method=False, out=False, module=NATIVE, grad_name="Im2ColBackward0")
def im2col(input, kernel_size: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes):
    """The sliding blocks of (N, C, H, W) as columns (N, C kh kw, blocks); also without N."""
    _pairs(kernel_size=kernel_size, dilation=dilation, padding=padding, stride=stride)
    _check_windows(kernel_size, dilation, padding, stride)
    shape = input.shape
    if input.ndim < 3:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-input.ndim}, {input.ndim - 1}], but got 2)"
        )
    if input.ndim > 4 or 0 in shape[-3:]:
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(shape)}"
        )
    windows = (tuple(kernel_size), tuple(stride), tuple(padding), tuple(dilation))
    counts = arrays.window_counts(shape[-2:], *windows)
    if min(counts) < 1:
        raise RuntimeError(
            f"Given input with spatial size {_shown(shape[-2:])}, kernel_size="
            f"{_shown(kernel_size)}, dilation={_shown(dilation)}, padding={_shown(padding)}, "
            f"calculated shape of the array of sliding blocks as {_shown(counts)}, but its "
            "components must be at least one."
        )
    check_kind(input, "im2col_out_cpu", "fVbc")
    rows = shape[-3] * math.prod(kernel_size)
    return arrays.unfold(input, *windows).reshape(*shape[:-3], rows, math.prod(counts))


@op(method=False, out=False, module=NATIVE, grad_name="Col2ImBackward0")
def col2im(input, output_size: Sizes, kernel_size: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes):
    """The transpose of `im2col`: blocks (N, C kh kw, blocks) summed into (N, C, *output_size)."""
    _pairs(
        output_size=output_size,
        kernel_size=kernel_size,
        dilation=dilation,
        padding=padding,
        stride=stride,
    )
    _check_windows(kernel_size, dilation, padding, stride)
    shape = input.shape
    if input.ndim not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(shape)}"
        )
    area = math.prod(kernel_size)
    if shape[-2] % area:
        raise RuntimeError(
            f"Expected size of input's dimension 1 to be divisible by the product of kernel_size, "
            f"but got input.size(1)={shape[-2]} and kernel_size={_shown(kernel_size)}."
        )
    windows = (tuple(kernel_size), tuple(stride), tuple(padding), tuple(dilation))
    counts = arrays.window_counts(tuple(output_size), *windows)
    given = (
        f"Given output_size={_shown(output_size)}, kernel_size={_shown(kernel_size)}, "
        f"dilation={_shown(dilation)}, padding={_shown(padding)}, stride={_shown(stride)}, "
    )
    if math.prod(counts) != shape[-1]:
        raise RuntimeError(
            f"{given}expected size of input's dimension 2 to match the calculated number of sliding "
            f"blocks {counts[0]} * {counts[1]} = {math.prod(counts)}, but got input.size(2)="
            f"{shape[-1]}."
        )
    if min(counts) < 1:
        raise RuntimeError(f"{given}which is too small (non-positive)")
    check_kind(input, "col2im_out_cpu", "fVbc")
    columns = input.reshape(*shape[:-2], shape[-2] // area, *kernel_size, *counts)
    return arrays.fold(columns, tuple(output_size), *windows)


im2col.vjp(
    input=lambda g, input_shape, kernel_size, dilation, padding, stride: col2im(
        g, tuple(input_shape[-2:]), kernel_size, dilation, padding, stride
    )
)
col2im.vjp(input=lambda g, kernel_size, dilation, padding, stride: im2col(g, kernel_size, dilation, padding, stride))


@op(method=False, out=False)
def pixel_shuffle(input, upscale_factor: int):
    """(..., C r², H, W) to (..., C, H r, W r): channels become pixels (Shi et al., 2016)."""
    r = upscale_factor
    _check_image("pixel_shuffle", input.ndim, "upscale_factor", r)
    *lead, channels, height, width = input.shape
    if channels % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of "
            f"upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}"
        )
    made = channels // (r * r)
    blocks = input.reshape(math.prod(lead), made, r, r, height, width).transpose(0, 1, 4, 2, 5, 3)
    return np.array(blocks, order="C").reshape(*lead, made, height * r, width * r)


@op(method=False, out=False)
def pixel_unshuffle(input, downscale_factor: int):
    """(..., C, H r, W r) to (..., C r², H, W): the inverse of `pixel_shuffle`."""
    r = downscale_factor
    _check_image("pixel_unshuffle", input.ndim, "downscale_factor", r)
    *lead, channels, height, width = input.shape
    for name, place, size in (("height", -2, height), ("width", -1, width)):
        if size % r:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but "
                f"input.size({place})={size} is not divisible by {r}"
            )
    blocks = input.reshape(math.prod(lead), channels, height // r, r, width // r, r)
    blocks = blocks.transpose(0, 1, 3, 5, 2, 4)
    return np.array(blocks, order="C").reshape(*lead, channels * r * r, height // r, width // r)


pixel_shuffle.vjp(input=lambda g, upscale_factor: pixel_unshuffle(g, upscale_factor))
pixel_unshuffle.vjp(input=lambda g, downscale_factor: pixel_shuffle(g, downscale_factor))


def _check_image(name: str, ndim: int, argument: str, factor: int) -> None:
    if ndim < 3:
        raise RuntimeError(
            f"{name} expects input to have at least 3 dimensions, but got input with {ndim} dimension(s)"
        )
    if factor <= 0:
        raise RuntimeError(f"{name} expects a positive {argument}, but got {factor}")


@op(method=False, out=False)
def channel_shuffle(input, groups: int):
    """(N, g n, ...) with the channels of g groups interleaved (Zhang et al., 2018)."""
    shape = input.shape
    if input.ndim < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(shape)}")
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    if shape[1] % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {shape[1]} channels and {groups} groups."
        )
    parts = input.reshape(shape[0], groups, shape[1] // groups, *shape[2:])
    return parts.swapaxes(1, 2).reshape(shape)


channel_shuffle.vjp(input=lambda g, input_shape, groups: channel_shuffle(g, input_shape[1] // groups))
alias(channel_shuffle, "native_channel_shuffle", method=False)
