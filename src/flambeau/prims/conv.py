"""Convolution of arrays, of any number of spatial axes.

Convolution is linear in its input and in its weight, so with a cotangent of its output it makes one
form, linear in all three. `convolution` is that form solved for the output,
`convolution_input` for the input and `convolution_weight` for the weight: the three are one
another's derivatives, and `convolution_input` is what the API calls a transposed convolution.

input (N, C, *spatial), weight (O, C/groups, *kernel), output (N, O, *counts).
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.prims.copies import row_major
from flambeau.prims.core import silent
from flambeau.prims.fold import Sizes, fold, interior, offsets, padded, window_counts, windows
from flambeau.prims.product import product

_COLUMN_BYTES = 1 << 22  # columns of this size stay in the cache between their copy and the product


def _wide(array: np.ndarray) -> np.ndarray:
    """Half-precision arrays in float32, in which they are computed; others as they are."""
    return array.astype(np.float32) if array.dtype.itemsize < 4 and array.dtype.kind in "fV" else array


def _pointwise(kernel: Sizes, stride: Sizes, padding: Sizes) -> bool:
    return all(k == 1 for k in kernel) and all(s == 1 for s in stride) and not any(padding)


def _one_window(spatial: Sizes, kernel: Sizes, padding: Sizes, dilation: Sizes, groups: int) -> bool:
    """Whether a single window is all of the input, so that the convolution is a product of matrices."""
    return spatial == kernel and groups == 1 and not any(padding) and max(dilation) == 1


def _flat(array: np.ndarray) -> np.ndarray:
    """(N, C, *spatial) as (N, rest)."""
    return row_major(array).reshape(len(array), math.prod(array.shape[1:]))


def _geometry(input: tuple[int, ...], weight: tuple[int, ...], windows: tuple, groups: int) -> Any:
    """The geometry for the compiled kernels, or None where NumPy is as good."""
    return _geometry_from(silent["large"], input, weight, windows, groups)


@lru_cache(512)
def _geometry_from(large: int, input: tuple[int, ...], weight: tuple[int, ...], windows: tuple, groups: int) -> Any:
    """The same where kernels run from `large` elements on."""
    counts = window_counts(input[2:], weight[2:], *windows)
    products = input[0] * math.prod(weight) * math.prod(counts)
    from flambeau.kernels.host import available

    if max(products, 1) < large * 16 or len(counts) > 3 or not available():
        return None
    from flambeau.kernels.conv import Geometry

    sizes = (input[0], groups, weight[1], weight[0] // groups)
    return Geometry(*sizes, input[2:], weight[2:], *windows, counts)


def _batches(batch: int, bytes_each: int) -> list[slice]:
    """Slices of the batch whose columns take at most `_COLUMN_BYTES`."""
    step = max(1, _COLUMN_BYTES // max(1, bytes_each))
    return [slice(at, min(at + step, batch)) for at in range(0, batch, step)]


def convolution(
    input: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray | None,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> np.ndarray:
    """Cross-correlation of (N, C, *spatial) with (O, C/groups, *kernel), plus a bias (O)."""
    dtype, input, weight = input.dtype, _wide(input), _wide(weight)
    batch, kernel, depth = input.shape[0], weight.shape[2:], weight.shape[1]
    channels = weight.shape[0] // groups
    if _one_window(input.shape[2:], kernel, padding, dilation, groups):
        result = product(_flat(input), _flat(weight).T, None if bias is None else _wide(bias))
        return result.reshape(*result.shape, *(1,) * len(kernel)).astype(dtype, copy=False)
    counts = window_counts(input.shape[2:], kernel, stride, padding, dilation)
    geometry = _geometry(input.shape, weight.shape, (stride, padding, dilation), groups)
    if geometry is not None and input.dtype.kind == "f":
        from flambeau.kernels.conv import convolve

        result = convolve(geometry, input, weight, None if bias is None else _wide(bias))
        if result is not None:
            return result.astype(dtype, copy=False)
    shape = (batch, groups, channels, math.prod(counts))
    if depth == 1 and groups > 1:
        result = _depthwise(input, weight, counts, stride, padding, dilation, groups)
    elif _pointwise(kernel, stride, padding):
        columns = input.reshape(batch, groups, depth, -1)
        result = np.matmul(weight.reshape(1, groups, channels, depth), columns)
    else:
        rows = depth * math.prod(kernel)
        matrix = weight.reshape(groups, channels, rows)
        result = np.empty(shape, input.dtype)
        wide = padded(input, padding)
        for part in _batches(batch, groups * rows * shape[3] * input.itemsize):
            view = windows(wide[part], counts, kernel, stride, dilation)
            np.matmul(matrix, view.reshape(-1, groups, rows, shape[3]), out=result[part])
    result = result.reshape(batch, groups * channels, *counts)
    if bias is not None:
        result += bias.reshape(-1, *(1,) * len(counts))
    return result.astype(dtype, copy=False)


def convolution_input(
    cotangent: np.ndarray,
    weight: np.ndarray,
    spatial: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
    bias: np.ndarray | None = None,
) -> np.ndarray:
    """The input cotangent (N, C, *spatial) of `convolution`, from the output's, plus `bias` (C)."""
    dtype, cotangent, weight = cotangent.dtype, _wide(cotangent), _wide(weight)
    bias = None if bias is None else _wide(bias)
    batch, kernel, depth = cotangent.shape[0], weight.shape[2:], weight.shape[1]
    counts, channels = cotangent.shape[2:], weight.shape[0] // groups
    shape = (batch, groups * depth, *spatial)
    if _one_window(tuple(spatial), kernel, padding, dilation, groups) and max(counts) == 1:
        each = None if bias is None else np.repeat(bias, math.prod(kernel))
        return product(_flat(cotangent), _flat(weight), each).reshape(shape).astype(dtype, copy=False)
    geometry = _geometry(shape, weight.shape, (stride, padding, dilation), groups)
    if geometry is not None and geometry.counts == counts and weight.dtype.kind == "f":
        from flambeau.kernels.conv import convolve_input

        found = convolve_input(geometry, cotangent, weight, bias)
        if found is not None:
            return found.astype(dtype, copy=False)
    if bias is not None:
        result = convolution_input(cotangent, weight, spatial, stride, padding, dilation, groups)
        return (result + bias.reshape(-1, *(1,) * len(spatial))).astype(dtype, copy=False)
    if depth == 1 and groups > 1:
        result = _depthwise_input(cotangent, weight, spatial, stride, padding, dilation, groups)
        return result.astype(dtype, copy=False)
    rows = depth * math.prod(kernel)
    matrix = weight.reshape(groups, channels, rows).swapaxes(1, 2)
    outer = cotangent.reshape(batch, groups, channels, math.prod(counts))
    if _pointwise(kernel, stride, padding) and tuple(spatial) == counts:  # an output's padding adds some
        return np.matmul(matrix, outer).reshape(shape).astype(dtype, copy=False)
    result = np.empty(shape, cotangent.dtype)
    for part in _batches(batch, groups * rows * outer.shape[3] * cotangent.itemsize):
        columns = np.matmul(matrix, outer[part])
        columns = columns.reshape(-1, groups * depth, *kernel, *counts)
        result[part] = fold(columns, spatial, kernel, stride, padding, dilation)
    return result.astype(dtype, copy=False)


def convolution_weight(
    cotangent: np.ndarray,
    input: np.ndarray,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> np.ndarray:
    """The weight cotangent (O, C/groups, *kernel) of `convolution`, from the output's."""
    dtype, cotangent, input = cotangent.dtype, _wide(cotangent), _wide(input)
    batch, counts = input.shape[0], cotangent.shape[2:]
    channels, depth = cotangent.shape[1] // groups, input.shape[1] // groups
    shape = (groups * channels, depth, *kernel)
    if _one_window(input.shape[2:], tuple(kernel), padding, dilation, groups) and max(counts) == 1:
        return product(_flat(cotangent).T, _flat(input)).reshape(shape).astype(dtype, copy=False)
    geometry = _geometry(input.shape, shape, (stride, padding, dilation), groups)
    if geometry is not None and geometry.counts == counts and input.dtype.kind == "f":
        from flambeau.kernels.conv import convolve_weight

        found = convolve_weight(geometry, cotangent, input)
        if found is not None:
            return found.astype(dtype, copy=False)
    if depth == 1 and groups > 1:
        result = _depthwise_weight(cotangent, input, kernel, stride, padding, dilation, groups)
        return result.astype(dtype, copy=False)
    rows, length = depth * math.prod(kernel), math.prod(counts)
    outer = cotangent.reshape(batch, groups, channels, length)
    result = np.zeros((groups, channels, rows), cotangent.dtype)
    wide = padded(input, padding)
    for part in _batches(batch, groups * rows * length * input.itemsize):
        view = windows(wide[part], counts, kernel, stride, dilation)
        columns = view.reshape(-1, groups, rows, length)
        result += np.matmul(outer[part], columns.swapaxes(2, 3)).sum(0)
    return result.reshape(shape).astype(dtype, copy=False)


def _depthwise(
    input: np.ndarray,
    weight: np.ndarray,
    counts: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> np.ndarray:
    kernel, batch = weight.shape[2:], input.shape[0]
    flat = (1,) * len(kernel)
    wide = padded(input, padding)[:, :, None]
    filters = weight.reshape(groups, -1, *kernel)
    result = np.zeros((batch, *filters.shape[:2], *counts), input.dtype)
    for at, place in offsets(kernel, counts, stride, dilation):
        result += filters[(..., *at)].reshape(groups, -1, *flat) * wide[place]
    return result


def _depthwise_input(
    cotangent: np.ndarray,
    weight: np.ndarray,
    spatial: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> np.ndarray:
    kernel, batch, counts = weight.shape[2:], cotangent.shape[0], cotangent.shape[2:]
    flat = (1,) * len(kernel)
    filters = weight.reshape(groups, -1, *kernel)
    outer = cotangent.reshape(batch, groups, -1, *counts)
    wide = tuple(s + 2 * p for s, p in zip(spatial, padding, strict=True))
    result = np.zeros((batch, groups, *wide), cotangent.dtype)
    for at, place in offsets(kernel, counts, stride, dilation):
        result[place] += (outer * filters[(..., *at)].reshape(groups, -1, *flat)).sum(2)
    return np.ascontiguousarray(result[interior(spatial, padding)])


def _depthwise_weight(
    cotangent: np.ndarray,
    input: np.ndarray,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> np.ndarray:
    batch, counts = input.shape[0], cotangent.shape[2:]
    outer = cotangent.reshape(batch, groups, -1, *counts)
    wide = padded(input, padding)[:, :, None]
    result = np.empty((*outer.shape[1:3], *kernel), cotangent.dtype)
    axes = (0, *range(3, outer.ndim))
    for at, place in offsets(kernel, counts, stride, dilation):
        result[(..., *at)] = (outer * wide[place]).sum(axes)
    return result.reshape(-1, 1, *kernel)
