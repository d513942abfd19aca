"""Running convolutions on `winograd`: 3x3 kernels of stride 1 over two spatial axes, in float32."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from flambeau.kernels import channel_gemm, gemm, tile, winograd
from flambeau.kernels.compile import engine
from flambeau.kernels.entry import kernel, table
from flambeau.kernels.geometry import Geometry, compiled, odd_lines
from flambeau.kernels.matmul import ceil_div
from flambeau.kernels.pool import empty
from flambeau.kernels.threads import slots
from flambeau.kernels.winograd import PLACES

Array = np.ndarray
FLOAT = np.dtype(np.float32)
FEWEST = 16
"""Channels from which the products outweigh the transforms."""
FEWEST_TILES = 16
"""Tiles from which the products that are saved outweigh the weight's transform."""
BLOCK_BYTES = 3 << 18
"""Of a block's transformed tiles: they stay in the second-level cache."""
TILES = 24
"""In a block at least: a product's other factor is read once for them."""
PARTS = 4
"""Into how many tasks the weight's cotangent is split, on any number of threads."""
SUM_BYTES = 1 << 19
"""Of a task's sums."""


def suits(g: Geometry, x: Array) -> bool:
    """Whether the convolution of `x`, or one of its cotangents, is for these kernels."""
    return (
        g.kernel == (3, 3)
        and g.stride == (1, 1)
        and g.dilation == (1, 1)
        and g.groups == 1
        and max(g.padding) <= 2
        and min(g.depth, g.channels) >= FEWEST
        and min(*g.counts, *g.spatial) >= 2
        and g.batch * g.counts[0] * g.counts[1] >= 4 * FEWEST_TILES
        and x.dtype == FLOAT
        and dense(x)
    )


def dense(x: Array) -> bool:
    """Whether pixels of a channel follow one another."""
    return x.strides[3] == x.itemsize and x.strides[2] == x.itemsize * x.shape[3]


class _Blocks(NamedTuple):
    images: int
    rows: int
    blocks: int
    tiles: int

    @classmethod
    def fit(cls, batch: int, rows: int, columns: int, channels: int) -> _Blocks:
        """For tiles of `channels` transformed channels in all, `rows` by `columns` an image."""
        most = max(TILES, BLOCK_BYTES // (PLACES * 4 * channels))
        if rows * columns <= most:
            images = max(1, min(most // (rows * columns), ceil_div(batch, 4)))
            images = ceil_div(batch, ceil_div(batch, images))
            return cls(images, rows, ceil_div(batch, images), images * rows * columns)
        each = max(1, most // columns)
        each = ceil_div(rows, ceil_div(rows, each))
        return cls(1, each, batch * ceil_div(rows, each), each * columns)


class _Plan(NamedTuple):
    tasks: int
    numbers: Array
    share: int
    """Elements of scratch memory of a thread."""
    places: tuple[Array, ...]


class _Sizes(NamedTuple):
    """A convolution's numbers, in elements."""

    batch: int
    inputs: int
    outputs: int
    spatial: tuple[int, ...]
    counts: tuple[int, ...]
    padding: tuple[int, ...]
    x_image: int
    x_channel: int
    y_image: int
    y_channel: int

    @property
    def tiles(self) -> tuple[int, int]:
        return ceil_div(self.counts[0], 2), ceil_div(self.counts[1], 2)

    def places(self) -> Array:
        """Where in the padded grid the input's pixels are."""
        columns = 2 * self.tiles[1] + 2
        h, w = (np.arange(n, dtype=np.int64) + p for n, p in zip(self.spatial, self.padding, strict=True))
        return np.ascontiguousarray(h[:, None] * columns + w).ravel()

    def places_out(self) -> Array:
        """Where in the grid of whole tiles the output's pixels are."""
        h, w = (np.arange(n, dtype=np.int64) for n in self.counts)
        return np.ascontiguousarray(h[:, None] * (2 * self.tiles[1]) + w).ravel()

    def block(self, b: _Blocks) -> tuple[int, ...]:
        rows, columns = self.tiles
        split = ceil_div(rows, b.rows)
        return (
            *(split, b.images, b.rows, self.batch, rows, columns),
            *(*self.spatial, self.padding[0], self.x_image, self.x_channel),
        )


def _vectors(channels: int) -> int:
    """Channels rounded up to whole vectors."""
    lanes = engine().vector_bytes // FLOAT.itemsize
    return ceil_div(channels, lanes) * lanes


def _width() -> int:
    vector_bytes = engine().vector_bytes
    return max(tile.SIZES[vector_bytes]) * vector_bytes // FLOAT.itemsize


@lru_cache(256)
def _plan(s: _Sizes) -> _Plan:
    v, m = _vectors(s.inputs), _vectors(s.outputs)
    blocks = _Blocks.fit(s.batch, *s.tiles, v + m)
    pixels = blocks.images * max((2 * blocks.rows + 2) * (2 * s.tiles[1] + 2) * v, 2 * blocks.rows * s.counts[1] * m)
    v_pitch, m_pitch = odd_lines(blocks.tiles * v), odd_lines(blocks.tiles * m)
    second = odd_lines(pixels)
    third = second + PLACES * v_pitch
    share = third + PLACES * m_pitch
    panels = ceil_div(s.outputs, _width())
    more = (s.inputs, s.outputs, v, m, v_pitch, m_pitch, panels, *s.counts, s.y_image, s.y_channel, share)
    return _Plan(blocks.blocks, table(*s.block(blocks), *more, second, third), share, (s.places(),))


@lru_cache(256)
def _plan_weight(s: _Sizes) -> tuple[_Plan, int]:
    """The plan, and how many shares have sums of their own."""
    v, m = _vectors(s.inputs), _vectors(s.outputs)
    vectors = v * FLOAT.itemsize // engine().vector_bytes
    parts = min(PARTS, vectors, 1 << max(0, (PLACES * 4 * v * m - 1) // SUM_BYTES).bit_length())
    part = ceil_div(vectors, parts) * (v // vectors)
    blocks = _Blocks.fit(s.batch, *s.tiles, part + m)
    shares = min(max(1, PARTS // parts), blocks.blocks)
    rows, columns = 2 * blocks.rows, 2 * s.tiles[1]
    pixels = blocks.images * max((rows + 2) * (columns + 2) * part, rows * columns * m)
    v_pitch, m_pitch = odd_lines(blocks.tiles * part), odd_lines(blocks.tiles * m)
    second = odd_lines(pixels)
    third = second + PLACES * v_pitch
    share = third + PLACES * m_pitch
    more = (s.inputs, s.outputs, m, v_pitch, m_pitch, *s.counts, s.y_image, s.y_channel)
    numbers = table(*s.block(blocks), *more, share, second, third, blocks.blocks, shares, parts)
    return _Plan(shares * parts, numbers, share, (s.places(), s.places_out())), shares


def _strides(x: Array) -> tuple[int, int]:
    return x.strides[0] // x.itemsize, x.strides[1] // x.itemsize


def _tile() -> gemm.Tile:
    vector_bytes = engine().vector_bytes
    return gemm.tiles("f32", vector_bytes)[f"outer_{max(tile.SIZES[vector_bytes])}"]


def _factors(weight: Array, *, flipped: bool) -> Array:
    """The transformed weight (PLACES, panels, inputs, width); `flipped`: of the transposed convolution."""
    shape, vector_bytes = _tile(), engine().vector_bytes
    rows, columns = weight.shape[:2]
    outputs, inputs = (columns, rows) if flipped else (rows, columns)
    panels = ceil_div(outputs, shape.width)
    strips = panels * shape.columns
    outer, count, channel, step = (inputs, 9, 9, columns * 9) if flipped else (1, inputs * 9, inputs * 9, 0)
    turned = empty((panels, inputs, 9, shape.width), FLOAT)
    numbers = table(strips, strips, outputs, outer, count, weight.size, channel, step)
    compiled(channel_gemm.turner, shape)(np.ascontiguousarray(weight), turned, numbers)
    factors = empty((PLACES, panels, inputs, shape.width), FLOAT)
    run = kernel(winograd.transformer, "f32", vector_bytes, flipped)
    run(panels * inputs, table(panels * inputs), turned, factors)
    return factors


def _run(s: _Sizes, x: Array, weight: Array, bias: Array | None, y: Array, *, flipped: bool) -> Array | None:
    plan = _plan(s)
    scratch = empty((plan.share * min(plan.tasks, slots()),), FLOAT)
    shift = np.zeros(s.outputs, FLOAT) if bias is None else np.ascontiguousarray(bias)
    run = kernel(winograd.convolver, "f32", engine().vector_bytes)
    factors = _factors(weight, flipped=flipped)
    immoderate = run(plan.tasks, plan.numbers, x, factors, y, shift, scratch, *plan.places)
    return None if immoderate else y


def convolve(g: Geometry, x: Array, weight: Array, bias: Array | None) -> Array | None:
    """The convolution with its bias, or None where values are too large."""
    y = empty((g.batch, g.channels, *g.counts), FLOAT)
    s = _Sizes(g.batch, g.depth, g.channels, g.spatial, g.counts, g.padding, *_strides(x), *_strides(y))
    return _run(s, x, weight, bias, y, flipped=False)


def convolve_input(g: Geometry, cotangent: Array, weight: Array, bias: Array | None) -> Array | None:
    """The input's cotangent, plus a number for each of its channels, or None where values are too large."""
    x = empty((g.batch, g.depth, *g.spatial), FLOAT)
    padding = tuple(2 - p for p in g.padding)
    strides = (*_strides(cotangent), *_strides(x))
    s = _Sizes(g.batch, g.channels, g.depth, g.counts, g.spatial, padding, *strides)
    return _run(s, cotangent, weight, bias, x, flipped=True)


def convolve_weight(g: Geometry, cotangent: Array, x: Array) -> Array | None:
    """The weight's cotangent, or None where values are too large."""
    s = _Sizes(g.batch, g.depth, g.channels, g.spatial, g.counts, g.padding, *_strides(x), *_strides(cotangent))
    (tasks, numbers, share, places), shares = _plan_weight(s)
    vector_bytes, columns = engine().vector_bytes, _vectors(g.channels)
    sums = empty((shares, PLACES, g.depth, columns), FLOAT)
    scratch = empty((share * min(tasks, slots()),), FLOAT)
    run = kernel(winograd.weigher, "f32", vector_bytes)
    if run(tasks, numbers, x, cotangent, sums, scratch, *places):
        return None
    folded = empty((g.depth * 9, columns), FLOAT)
    kernel(winograd.folder, "f32", vector_bytes)(g.depth, table(shares, g.depth, columns), sums, folded)
    result = empty((g.channels, g.depth, 3, 3), FLOAT)
    shape = _tile()
    depth = g.depth * 9
    turned = table(ceil_div(depth, shape.lanes), 1, depth, g.channels, columns, 0, *[0] * shape.lanes)
    compiled(channel_gemm.folder, shape)(folded, result, np.zeros(g.channels, FLOAT), turned)
    return result
