"""Sampling images at places that a grid names, and the grid of an affine map.

`grid_sampler` is a sum over the neighbours of each place: gathered elements times weights that are
polynomials in the place. It is written with ops, so both arguments have gradients of every order.
Where a place is clipped or mirrored, that is a linear function of it, whose two coefficients are
found on arrays.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from flambeau import dtypes
from flambeau.ops.declare import composite, op
from flambeau.ops.join import cat
from flambeau.ops.pooling import Sizes
from flambeau.prims import taps as arrays
from flambeau.tensor import Array, Tensor, wrap

BILINEAR, NEAREST, BICUBIC = range(3)
ZEROS, BORDER, REFLECTION = range(3)


@op(name="_gathered_taps", method=False, out=False)
def gathered(input, weight, index):
    """Weighted sums (N, C, count) of elements of (N, C, size); weight and index (N, taps, count)."""
    return arrays.gathered(input, weight, index)


@op(name="_scattered_taps", method=False, out=False)
def scattered(input, weight, index, size: int):
    """The transpose of `gathered` in its input."""
    return arrays.scattered(input, weight, index, size)


@op(name="_correlated_taps", method=False, out=False)
def correlated(input, other, index):
    """The transpose of `gathered` in its weight."""
    return arrays.correlated(input, other, index)


gathered.vjp(
    input=lambda g, weight, index, input_shape: scattered(g, weight, index, input_shape[2]),
    weight=lambda g, input, index: correlated(g, input, index),
)
scattered.vjp(
    input=lambda g, weight, index: gathered(g, weight, index),
    weight=lambda g, input, index: correlated(input, g, index),
)
correlated.vjp(
    input=lambda g, other, index: gathered(other, g, index),
    other=lambda g, input, index, other_shape: scattered(input, g, index, other_shape[2]),
)


def _mirrored(place: Array, size: int, align: bool) -> tuple[Array, Array]:
    """(a, b) with a * place + b the place mirrored at the image's edges into it."""
    low, span = (0.0, float(size - 1)) if align else (-0.5, float(size))
    if span == 0:
        return np.zeros_like(place), np.zeros_like(place)
    away = place - low
    sign = np.where(away < 0, -1.0, 1.0)
    flips = np.floor(np.abs(away) / span)
    even = flips % 2 == 0
    slope = np.where(even, sign, -sign)
    inside = np.abs(away) - flips * span
    value = np.where(even, inside + low, span - inside + low)
    return slope.astype(place.dtype), (value - slope * place).astype(place.dtype)


def _within(place: Array, size: int, padding: int, align: bool) -> tuple[Array, Array]:
    """(a, b) with a * place + b the place after the padding mode has brought it into the image."""
    slope, shift = np.ones_like(place), np.zeros_like(place)
    if padding == ZEROS:
        return slope, shift
    if padding == REFLECTION:
        slope, shift = _mirrored(place, size, align)
    value = slope * place + shift
    inside = (value > 0) & (value < size - 1)
    clipped = np.clip(np.nan_to_num(value, nan=0.0), 0, size - 1)
    return np.where(inside, slope, 0), np.where(inside, shift, clipped)


def _integers(place: Array) -> Array:
    """Places as int64, those that no image has kept outside of any."""
    return np.nan_to_num(np.clip(place, -(2.0**31), 2.0**31), nan=-(2.0**31)).astype(np.int64)


Tap = tuple[Array, Tensor]
"""A neighbour along one axis: its index, and its weight."""


def _near(distance: Tensor, a: float) -> Tensor:
    return ((a + 2) * distance - (a + 3)) * distance * distance + 1


def _far(distance: Tensor, a: float) -> Tensor:
    return ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a


def _taps(place: Tensor, size: int, mode: int, padding: int, align: bool) -> list[Tap]:
    """The neighbours of places in [-1, 1] along an axis of `size` elements."""
    if align:
        place = (place + 1) * ((size - 1) / 2)
    else:
        place = ((place + 1) * size - 1) / 2
    if mode == BICUBIC:  # the padding acts on each neighbour
        low = np.floor(place._array)
        part = place - wrap(low)
        weights = (_far(part + 1, -0.75), _near(part, -0.75))
        weights += (_near(1 - part, -0.75), _far(2 - part, -0.75))
        taps = []
        for at, weight in enumerate(weights, start=-1):
            slope, shift = _within(low + at, size, padding, align)
            taps.append((_integers(np.rint(slope * (low + at) + shift)), weight))
        return taps
    slope, shift = _within(place._array, size, padding, align)
    place = place * wrap(slope) + wrap(shift)
    if mode == NEAREST:
        return [(_integers(np.rint(place._array)), place * 0 + 1)]
    low = np.floor(place._array)
    part = place - wrap(low)
    return [(_integers(low), 1 - part), (_integers(low + 1), part)]


def _sample(input: Tensor, grid: Tensor, mode: int, padding: int, align: bool) -> Tensor:
    rank = input.ndim - 2
    batch, channels, *spatial = input.shape
    counts = grid.shape[1:-1]
    # The last component of a place belongs to the first spatial axis.
    axes = [
        _taps(grid[..., rank - 1 - axis].reshape(batch, 1, -1), size, mode, padding, align)
        for axis, size in enumerate(spatial)
    ]
    indices, weights = [], []
    for taps in itertools.product(*axes):
        index = np.zeros((batch, 1, math.prod(counts)), np.int64)
        inside = np.ones(index.shape, bool)
        weight: Any = 1
        for (at, share), size in zip(taps, spatial, strict=True):
            inside &= (at >= 0) & (at < size)
            index = index * size + at
            weight = weight * share
        indices.append(np.where(inside, index, -1))
        weights.append(weight)
    flat = input.reshape(batch, channels, -1)
    found = gathered(flat, cat(weights, 1), wrap(np.concatenate(indices, 1)))
    return found.reshape(batch, channels, *counts)


def _check(input: Tensor, grid: Tensor, mode: int) -> None:
    shapes = f"but got input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
    if input.shape[:1] != grid.shape[:1]:
        raise RuntimeError(f"grid_sampler(): expected grid and input to have same batch size, {shapes}")
    if grid.shape[-1] != input.ndim - 2:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {input.ndim - 2} in last dimension, but got "
            f"grid with sizes {list(grid.shape)}"
        )
    if input.ndim not in (4, 5) or input.ndim != grid.ndim:
        raise RuntimeError(
            f"grid_sampler(): expected {4 if input.ndim == 4 else '4D or 5'}D input and grid with "
            f"same number of dimensions, {shapes}"
        )
    for axis in range(2, input.ndim):
        if input.shape[axis] == 0:
            raise RuntimeError(
                "grid_sampler(): expected input to have non-empty spatial dimensions, but input has "
                f"sizes {list(input.shape)} with dimension {axis} being empty"
            )
    if input.ndim == 5 and mode == BICUBIC:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    if input.dtype != grid.dtype:
        names = [dtypes.scalar_name(kind) for kind in (input.dtype, grid.dtype)]
        raise RuntimeError(f"expected scalar type {names[0]} but found {names[1]}")
    if not input.dtype.is_floating_point:
        name = dtypes.scalar_name(input.dtype)
        raise NotImplementedError(f"\"grid_sampler_{input.ndim - 2}d_cpu_kernel_impl\" not implemented for '{name}'")


def _declare_sampler(name: str) -> Any:
    @composite(name=name, method=False, out=False)
    def sampler(input, grid, interpolation_mode: int, padding_mode: int, align_corners: bool):
        """(N, C, ...) at the places `grid` (N, ..., axes), which run from -1 to 1."""
        _check(input, grid, interpolation_mode)
        half = input.dtype.itemsize == 2
        wide = input.float() if half else input
        places = grid.float() if half else grid
        found = _sample(wide, places, interpolation_mode, padding_mode, align_corners)
        return found.to(input.dtype) if half else found

    return sampler


grid_sampler, grid_sampler_2d, grid_sampler_3d = (
    _declare_sampler(f"grid_sampler{suffix}") for suffix in ("", "_2d", "_3d")
)


def _base_grid(size: Sizes, align: bool, kind: np.dtype) -> Array:
    """The homogeneous places (elements, axes + 1) of the elements of an image."""
    lines = []
    for n in reversed(size):
        line = np.linspace(-1, 1, n) if n > 1 else np.zeros(1)
        lines.append((line if align else line * (n - 1) / n).astype(kind))
    mesh = np.meshgrid(*reversed(lines), indexing="ij")[::-1]
    return np.stack([*(m.ravel() for m in mesh), np.ones(math.prod(size), kind)], 1)


@op(method=False, out=False)
def affine_grid_generator(theta, size: Sizes, align_corners: bool):
    """The grid for `grid_sampler` that applies the affine maps `theta`, (N, axes, axes + 1)."""
    if theta.shape[0] != size[0]:
        raise RuntimeError(
            "Expected size for first two dimensions of batch2 tensor to be: "
            f"[{size[0]}, {theta.shape[2]}] but got: [{theta.shape[0]}, {theta.shape[2]}]."
        )
    base = _base_grid(tuple(size[2:]), align_corners, theta.dtype)
    return (base @ theta.swapaxes(1, 2)).reshape(size[0], *size[2:], theta.shape[1])


@op(name="_affine_grid_moments", method=False, out=False)
def affine_grid_moments(input, size: Sizes, align_corners: bool):
    """The transpose of `affine_grid_generator`."""
    base = _base_grid(tuple(size[2:]), align_corners, input.dtype)
    return input.reshape(size[0], -1, input.shape[-1]).swapaxes(1, 2) @ base


affine_grid_generator.vjp(theta=lambda g, size, align_corners: affine_grid_moments(g, size, align_corners))
affine_grid_moments.vjp(input=lambda g, size, align_corners: affine_grid_generator(g, size, align_corners))
