"""Convolutions of one to three spatial dimensions, and transposed ones.

Three ops are one another's derivatives: `convolution`, and the cotangents of its input and weight.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from flambeau import dtypes
from flambeau.ops.declare import composite, op
from flambeau.ops.pointwise import conj
from flambeau.ops.reduction import sum_
from flambeau.ops.warn import warn
from flambeau.prims import conv as arrays
from flambeau.prims.fold import window_counts
from flambeau.tensor import Array, Tensor

Sizes = tuple[int, ...]
Ints = Any
"""An int, or a sequence of one int or of one for each spatial dimension."""


@op(method=False, out=False)
def convolution(
    input,
    weight,
    bias: Tensor | None,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    transposed: bool,
    output_padding: Sizes,
    groups: int,
):
    """The cross-correlation of (N, C, ...) with (O, C/groups, ...); or its transpose."""
    _check_dims(list(input.shape), list(weight.shape))
    stride, padding, dilation, output_padding = (
        _spread("", values, input.ndim - 2) for values in (stride, padding, dilation, output_padding)
    )
    _check(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups)
    if not transposed:
        return arrays.convolution(input, weight, bias, stride, padding, dilation, groups)
    spatial = _transposed_sizes(input, weight, stride, padding, dilation, output_padding)
    return arrays.convolution_input(input, weight, spatial, stride, padding, dilation, groups, bias)


@convolution.vjp
def _(g, input, weight, stride, padding, dilation, transposed, groups, needs):
    rank = len(input.shape) - 2
    shape = tuple(_spread("", values, rank) for values in (stride, padding, dilation))
    rest = (*shape, groups)
    spatial, kernel = tuple(input.shape[2:]), tuple(weight.shape[2:])
    of_input = of_weight = of_bias = None
    if needs[0]:
        factor = conj(weight)
        if transposed:
            of_input = convolution(g, factor, None, *shape, False, (0,) * rank, groups)
            if of_input.shape[2:] != spatial:  # the output's padding made room for more windows
                of_input = of_input[(..., *(slice(n) for n in spatial))]
        else:
            of_input = convolution_input(g, factor, spatial, *rest)
    if needs[1]:
        pair = (conj(input), g) if transposed else (g, conj(input))
        of_weight = convolution_weight(*pair, kernel, *rest)
    if needs[2]:
        of_bias = sum_(g, (0, *range(2, rank + 2)))
    return of_input, of_weight, of_bias


@op(name="_convolution_input", method=False, out=False)
def convolution_input(
    cotangent,
    weight,
    spatial: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
):
    """The cotangent of the input of `convolution`."""
    return arrays.convolution_input(cotangent, weight, spatial, stride, padding, dilation, groups)


convolution_input.vjp(
    cotangent=lambda g, weight, stride, padding, dilation, groups: convolution(
        g, conj(weight), None, stride, padding, dilation, False, (0,) * len(stride), groups
    ),
    weight=lambda g, cotangent, weight_shape, stride, padding, dilation, groups: convolution_weight(
        conj(cotangent), g, tuple(weight_shape[2:]), stride, padding, dilation, groups
    ),
)


@op(name="_convolution_weight", method=False, out=False)
def convolution_weight(
    cotangent,
    input,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
):
    """The cotangent of the weight of `convolution`."""
    return arrays.convolution_weight(cotangent, input, kernel, stride, padding, dilation, groups)


convolution_weight.vjp(
    cotangent=lambda g, input, stride, padding, dilation, groups: convolution(
        conj(input), g, None, stride, padding, dilation, False, (0,) * len(stride), groups
    ),
    input=lambda g, cotangent, input_shape, stride, padding, dilation, groups: convolution_input(
        conj(cotangent), g, tuple(input_shape[2:]), stride, padding, dilation, groups
    ),
)


def _spread(name: str, values: Ints, rank: int) -> Sizes:
    """One int for each spatial dimension."""
    if isinstance(values, int):
        return (values,) * rank
    found = tuple(int(value) for value in values)
    if len(found) == 1:
        return found * rank
    if len(found) != rank:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {rank} values to match the "
            f"convolution dimensions, but got {name}={list(found)}"
        )
    return found


def _by(sizes: Sequence[int]) -> str:
    return " x ".join(map(str, sizes))


def _check_dims(size: list[int], shape: list[int]) -> None:
    if len(shape) != len(size):
        raise RuntimeError(
            f"Expected {len(shape)}-dimensional input for {len(shape)}-dimensional weight {shape}, "
            f"but got {len(size)}-dimensional input of size {size} instead"
        )


def _check(
    input: Array,
    weight: Array,
    bias: Array | None,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    transposed: bool,
    output_padding: Sizes,
    groups: int,
) -> None:
    """Raise PyTorch's RuntimeError for what cannot be convolved."""
    shape, size = list(weight.shape), list(input.shape)
    _check_dtypes(input, weight, bias)
    if min(padding, default=0) < 0:
        raise RuntimeError("negative padding is not supported")
    if min(output_padding, default=0) < 0:
        raise RuntimeError("negative output_padding is not supported")
    if min(stride, default=1) <= 0:
        raise RuntimeError("non-positive stride is not supported")
    if min(dilation, default=1) <= 0:
        raise RuntimeError(f"dilation should be greater than zero, but got {list(dilation)}")
    if shape[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got "
            f"weight of size {shape} instead"
        )
    if shape[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            f"but got weight of size [{shape}] instead"
        )
    channels, made = shape[1] * groups, shape[0]
    if transposed:
        channels, made = made, channels
    said = f"transposed={int(transposed)}" if transposed else f"groups={groups}"
    if size[1] != channels:
        raise RuntimeError(
            f"Given {said}, weight of size {shape}, expected input{size} to have {channels} "
            f"channels, but got {size[1]} channels instead"
        )
    if bias is not None and bias.shape != (made,):
        raise RuntimeError(
            f"Given {said + ', ' if transposed else ''}weight of size {shape}, expected bias to be "
            f"1-dimensional with {made} elements, but got bias of size {list(bias.shape)} instead"
        )
    if min(shape[2:], default=1) <= 0:
        names = ("time", "height", "width")[-len(shape) + 2 :]
        sizes = " ".join(f"kernel_{n}: {k}" for n, k in zip(names, shape[2:], strict=True))
        raise RuntimeError(f"kernel size should be greater than zero, but got {sizes}")
    if transposed:
        _check_output_padding(output_padding, stride, dilation)
        return
    ones = (1,) * len(stride)
    counts = window_counts(input.shape[2:], weight.shape[2:], ones, padding, dilation)
    if min(counts, default=1) < 1:
        padded = [n + 2 * p for n, p in zip(size[2:], padding, strict=True)]
        reach = [d * (k - 1) + 1 for d, k in zip(dilation, shape[2:], strict=True)]
        raise RuntimeError(
            f"Calculated padded input size per channel: ({_by(padded)}). Kernel size: "
            f"({_by(reach)}). Kernel size can't be greater than actual input size"
        )


def _check_dtypes(input: Array, weight: Array, bias: Array | None) -> None:
    kinds = [dtypes.from_numpy_dtype(x.dtype) for x in (input, weight)]
    if bias is not None and bias.dtype != input.dtype:
        other = dtypes.from_numpy_dtype(bias.dtype)
        raise RuntimeError(f"Input type ({_scalar(kinds[0])}) and bias type ({_scalar(other)}) should be the same")
    if kinds[0] is not kinds[1]:
        names = [dtypes.scalar_name(kind) for kind in kinds]
        if {"Half", "BFloat16"} & set(names):
            raise RuntimeError(
                f"Input type (torch.{names[0]}Tensor) and weight type (torch.{names[1]}Tensor) "
                "should be the same or input should be a MKLDNN tensor and weight is a dense tensor"
            )
        raise RuntimeError(f"expected scalar type {names[0]} but found {names[1]}")
    if input.dtype == np.bool_:
        raise NotImplementedError("\"slow_conv2d_cpu\" not implemented for 'Bool'")


def _scalar(kind: Any) -> str:
    """A dtype's name in C++, as messages give it."""
    name = dtypes.scalar_name(kind)
    plain = {"Half": "c10::Half", "BFloat16": "c10::BFloat16", "Long": "long long"}
    complexes = {"ComplexFloat": "c10::complex<float>", "ComplexDouble": "c10::complex<double>"}
    return {**plain, **complexes}.get(name, name.lower())


def _check_output_padding(output_padding: Sizes, stride: Sizes, dilation: Sizes) -> None:
    for extra, s, d in zip(output_padding, stride, dilation, strict=True):
        if extra >= s and extra >= d:
            names = ("depth", "height", "width") if len(stride) == 3 else ("height", "width")
            parts = (("output_padding", output_padding), ("stride", stride), ("dilation", dilation))
            values = " ".join(
                f"{part}_{name}: {value}"
                for part, numbers in parts
                for name, value in zip(names, (1,) * (len(names) - len(numbers)) + numbers)
            )
            raise RuntimeError("output padding must be smaller than either stride or dilation, but got " + values)


def _transposed_sizes(
    input: Array,
    weight: Array,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    output_padding: Sizes,
) -> Sizes:
    sizes = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + extra + 1
        for n, k, s, p, d, extra in zip(
            input.shape[2:],
            weight.shape[2:],
            stride,
            padding,
            dilation,
            output_padding,
            strict=True,
        )
    )
    if min(sizes, default=1) < 1:
        raise RuntimeError(
            f"Given input size per channel: ({_by(input.shape[2:])}). Calculated output size per "
            f"channel: ({_by(sizes)}). Output size is too small"
        )
    return sizes


def _batched(name: str, input: Tensor, rank: int) -> tuple[Tensor, bool]:
    """The input with a batch dimension, and whether it came with one."""
    if input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to {name}, but got "
            f"input of size: {list(input.shape)}"
        )
    return (input, True) if input.ndim == rank + 2 else (input.unsqueeze(0), False)


def _same_padding(input: Tensor, weight: Tensor, stride: Sizes, dilation: Sizes) -> tuple[Tensor, Sizes]:
    """Half of what a window reaches on both sides; an odd rest is padded first, on the right."""
    if any(s != 1 for s in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    reach = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    if any(n % 2 for n in reach):
        warn(
            "Using padding='same' with even kernel lengths and odd dilation may require a "
            "zero-padded copy of the input be created",
        )
        from flambeau.ops.padding import constant_pad_nd

        pads = [part for n in reversed(reach) for part in (0, n % 2)]
        input = constant_pad_nd(input, pads)
    return input, tuple(n // 2 for n in reach)


def _conv(rank: int) -> Callable[..., Any]:
    name = f"conv{rank}d"

    def conv(
        input,
        weight,
        bias: Tensor | None = None,
        stride: Ints = 1,
        padding: Any = 0,
        dilation: Ints = 1,
        groups: int = 1,
    ):
        if groups <= 0:
            raise RuntimeError("non-positive groups is not supported")
        image, batched = _batched(name, input, rank)
        axes = weight.ndim - 2
        steps, spread = _spread("stride", stride, axes), _spread("dilation", dilation, axes)
        if not isinstance(padding, str):
            pads = _spread("padding", padding, axes)
        elif padding == "same":
            image, pads = _same_padding(image, weight, steps, spread)
        elif padding == "valid":
            pads = (0,) * axes
        else:
            raise RuntimeError(f"Invalid padding string: '{padding}'")
        zeros = (0,) * rank
        result = convolution(image, weight, bias, steps, pads, spread, False, zeros, groups)
        return result if batched else result.squeeze(0)

    conv.__doc__ = f"The cross-correlation of (N, C, ...) or (C, ...) with (O, C/groups, ...), in {rank}D."
    return composite(conv, name=name, method=False, out=False)


def _conv_transpose(rank: int) -> Callable[..., Any]:
    name = f"conv_transpose{rank}d"

    def conv_transpose(
        input,
        weight,
        bias: Tensor | None = None,
        stride: Ints = 1,
        padding: Ints = 0,
        output_padding: Ints = 0,
        groups: int = 1,
        dilation: Ints = 1,
    ):
        if groups <= 0:
            raise RuntimeError("non-positive groups is not supported")
        image, batched = _batched(name, input, rank)
        steps, pads, spread, extra = (
            _spread(word, values, weight.ndim - 2)
            for word, values in (
                ("stride", stride),
                ("padding", padding),
                ("dilation", dilation),
                ("output_padding", output_padding),
            )
        )
        result = convolution(image, weight, bias, steps, pads, spread, True, extra, groups)
        return result if batched else result.squeeze(0)

    conv_transpose.__doc__ = f"The transpose of `conv{rank}d`: (N, C, ...) with (C, O/groups, ...) to (N, O, ...)."
    return composite(conv_transpose, name=name, method=False, out=False)


conv1d, conv2d, conv3d = (_conv(rank) for rank in (1, 2, 3))
conv_transpose1d, conv_transpose2d, conv_transpose3d = (_conv_transpose(n) for n in (1, 2, 3))


@composite(method=False, out=False)
def conv_tbc(input, weight, bias, pad: int = 0):
    """`conv1d` of (T, N, C) with (kernel, C, O)."""
    if input.ndim != 3:
        raise RuntimeError("Input must have 3 dims: time, batch, in_channel")
    if weight.ndim != 3:
        raise RuntimeError("Weight tensor must have 3 dims: kernel_width, in_channels, out_channels.")
    if bias.ndim != 1:
        raise RuntimeError("Bias must be 1-D")
    if input.shape[2] != weight.shape[1]:
        raise RuntimeError("Input dim 2 (input channels) is not == dim 1 in the weight tensor")
    if weight.shape[2] != bias.shape[0]:
        raise RuntimeError("Bias size must equal dim 2 in the weight tensor (output channels).")
    result = conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, 1, pad)
    return result.permute(2, 0, 1)
