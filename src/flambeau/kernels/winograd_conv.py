"""Running convolutions on `winograd`: square kernels over two spatial axes, in float32, where that is less work."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from flambeau.kernels import channel_gemm, gemm, tile, winograd
from flambeau.kernels.compile import engine
from flambeau.kernels.entry import kernel, table
from flambeau.kernels.geometry import Geometry, compiled, odd_lines
from flambeau.kernels.matmul import ceil_div
from flambeau.kernels.pool import empty
from flambeau.kernels.threads import slots
from flambeau.kernels.winograd import PLACES, TAPS, outputs_of

Array = np.ndarray
FLOAT = np.dtype(np.float32)
FEWEST = 16
"""Channels from which the products outweigh the transforms."""
WEIGHT_TILES = 48
"""Tiles whose products take as long as it takes to transform the weight."""
MOST_STRIDE = 4
"""A transform of weights is code for each phase."""
LEAST_SAVING = 1.5
"""Multiplications of the sums of products over those of the tiles."""
BLOCK_BYTES = 3 << 18
"""Of a block's transformed tiles: they stay in the second-level cache."""
TILES = 24
"""In a block at least: a product's other factor is read once for them, or its sums, twice as many if these are large."""
PARTS = 4
"""Into how many tasks the weight's cotangent is split, on any number of threads."""
SUM_BYTES = 1 << 19
"""Of a task's sums: as many tasks as it takes to get there, up to `PARTS`, share the inputs."""
LARGE_SUMS = 4
"""Of these sizes."""


def _taps(g: Geometry) -> int:
    """Kernel positions of a phase along an axis."""
    return ceil_div(g.kernel[0], g.stride[0])


def _positions(g: Geometry, *, transpose: bool) -> tuple[int, ...]:
    """Along each axis, of the output or, transposed, of each phase of the input: the positions that tiles cover."""
    if not transpose:
        return g.counts
    (s, _), p = g.stride, g.padding
    return tuple((size - 1 + before) // s - before // s + 1 for size, before in zip(g.spatial, p, strict=True))


@lru_cache(512)
def _saves(g: Geometry, *, transpose: bool) -> bool:
    if len(g.kernel) != 2 or g.groups > 1 or g.dilation != (1, 1) or len({*g.kernel}) > 1 or len({*g.stride}) > 1:
        return False
    if (
        _taps(g) not in TAPS
        or g.stride[0] > MOST_STRIDE
        or max(g.padding) >= g.kernel[0]
        or min(*g.counts, *g.spatial) < 2
    ):
        return False
    out, phases = outputs_of(_taps(g)), prod(g.stride)
    tiles = g.batch * prod(ceil_div(n, out) for n in _positions(g, transpose=transpose))
    direct, tiled = g.batch * prod(g.kernel) * prod(g.counts), PLACES * phases * tiles
    return direct >= LEAST_SAVING * tiled and direct - tiled >= PLACES * phases * WEIGHT_TILES


def suits(g: Geometry, x: Array, *, transpose: bool = False) -> bool:
    """Whether the convolution of `x`, or a cotangent, is for these kernels; `transpose`: the input's from the output's."""
    return x.dtype == FLOAT and min(g.depth, g.channels) >= FEWEST and _saves(g, transpose=transpose) and dense(x)


def dense(x: Array) -> bool:
    """Whether pixels of a channel follow one another."""
    return x.strides[3] == x.itemsize and x.strides[2] == x.itemsize * x.shape[3]


class _Blocks(NamedTuple):
    images: int
    rows: int
    blocks: int
    tiles: int

    @classmethod
    def fit(cls, batch: int, rows: int, columns: int, channels: int, least: int = TILES) -> _Blocks:
        """For tiles of `channels` transformed channels in all, `rows` by `columns` an image."""
        most = max(least, BLOCK_BYTES // (PLACES * 4 * channels))
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
    """A convolution of x to y in numbers, in elements.

    `step` is the stride; of a transposed one, `spread` and `shift` are as in `winograd.FORWARD`.
    """

    batch: int
    inputs: int
    outputs: int
    taps: int
    spatial: tuple[int, ...]
    padding: tuple[int, ...]
    step: int
    x_image: int
    x_channel: int
    counts: tuple[int, ...]
    y_image: int
    y_channel: int
    positions: tuple[int, ...]
    spread: int = 1
    shift: tuple[int, ...] = (0, 0)

    @classmethod
    def of(cls, g: Geometry, x: Array, y: Array) -> _Sizes:
        """The convolution of x to y."""
        size, stride = _taps(g), g.stride[0]
        read = (g.spatial, g.padding, stride, *_strides(x))
        return cls(g.batch, g.depth, g.channels, size, *read, g.counts, *_strides(y), g.counts)

    @classmethod
    def transpose(cls, g: Geometry, y: Array, x: Array) -> _Sizes:
        """The transposed convolution of y to x: from y, as from an input that is padded so that all it meets is there."""
        taps, stride = _taps(g), g.stride[0]
        padding = tuple(taps - 1 - p // stride for p in g.padding)
        shift = tuple(p // stride * stride - p for p in g.padding)
        read, written = (g.counts, padding, 1, *_strides(y)), (g.spatial, *_strides(x))
        positions = _positions(g, transpose=True)
        return cls(g.batch, g.channels, g.depth, taps, *read, *written, positions, stride, shift)

    @property
    def out(self) -> int:
        return outputs_of(self.taps)

    @property
    def tiles(self) -> tuple[int, int]:
        rows, columns = (ceil_div(n, self.out) for n in self.positions)
        return rows, columns

    @property
    def columns(self) -> int:
        """Of the padded grid of a phase."""
        met = self.out * self.tiles[1] + self.taps - 1
        return max(met, (self.spatial[1] - 1 + self.padding[1]) // self.step + 1)

    def places(self) -> Array:
        """Where in the padded grid, (rows, columns, phases), the input's pixels are."""
        h, w = (np.arange(n, dtype=np.int64) + p for n, p in zip(self.spatial, self.padding, strict=True))
        step = self.step
        rows = (h // step * self.columns * step + h % step) * step
        return np.ascontiguousarray(rows[:, None] + w // step * step**2 + w % step).ravel()

    def places_out(self) -> Array:
        """Where in the grid of whole tiles the output's pixels are."""
        h, w = (np.arange(n, dtype=np.int64) for n in self.counts)
        return np.ascontiguousarray(h[:, None] * (self.out * self.tiles[1]) + w).ravel()

    def block(self, b: _Blocks) -> tuple[int, ...]:
        rows, columns = self.tiles
        split = ceil_div(rows, b.rows)
        read = (*self.spatial, self.padding[0], self.step, self.columns, self.x_image, self.x_channel)
        return (split, b.images, b.rows, self.batch, rows, columns, *read)

    def grid(self, b: _Blocks) -> int:
        """Pixels of a block's inputs, of all phases."""
        return b.images * (self.out * b.rows + self.taps - 1) * self.columns * self.step**2


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
    v_row, m_row = v * s.step**2, m * s.spread**2
    blocks = _Blocks.fit(s.batch, *s.tiles, v_row + m_row)
    written = blocks.images * s.out * blocks.rows * s.spread * s.counts[1]
    v_pitch, m_pitch = odd_lines(blocks.tiles * v_row), odd_lines(blocks.tiles * m_row)
    second = odd_lines(max(s.grid(blocks) * v, written * m))
    third = second + PLACES * v_pitch
    share = third + PLACES * m_pitch
    depth, columns = v_row - v + s.inputs, m_row - m + s.outputs
    sizes = (s.inputs, depth, columns, v, m, v_pitch, m_pitch, ceil_div(columns, _width()))
    written_as = (s.outputs, s.spread, *s.shift, *s.counts, s.y_image, s.y_channel)
    return _Plan(
        blocks.blocks, table(*s.block(blocks), *sizes, *written_as, share, second, third), share, (s.places(),)
    )


@lru_cache(256)
def _plan_weight(s: _Sizes) -> tuple[_Plan, int]:
    """The plan, and how many shares have sums of their own."""
    v, m, phases = _vectors(s.inputs), _vectors(s.outputs), s.step**2
    vectors = v * FLOAT.itemsize // engine().vector_bytes
    sums = PLACES * FLOAT.itemsize * phases * v * m
    parts = min(PARTS, vectors, 1 << max(0, (sums - 1) // SUM_BYTES).bit_length())
    part = ceil_div(vectors, parts) * (v // vectors)
    least = TILES * 2 if sums > parts * LARGE_SUMS * SUM_BYTES else TILES
    blocks = _Blocks.fit(s.batch, *s.tiles, phases * part + m, least)
    shares = min(max(1, PARTS // parts), blocks.blocks)
    cotangents = blocks.images * s.out * blocks.rows * s.out * s.tiles[1]
    v_pitch, m_pitch = odd_lines(blocks.tiles * phases * part), odd_lines(blocks.tiles * m)
    second = odd_lines(max(s.grid(blocks) * part, cotangents * m))
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


def _factors(weight: Array, stride: int, *, transpose: bool) -> Array:
    """The transformed weight (PLACES, panels, depth, width) of the convolution or of its transpose."""
    shape, vector_bytes = _tile(), engine().vector_bytes
    (rows, columns, size, _), taps = weight.shape, weight.shape[2] ** 2
    outputs, inputs = (columns, rows) if transpose else (rows, columns)
    strips = ceil_div(outputs, shape.width) * shape.columns
    outer, count, channel, step = (
        (inputs, taps, taps, columns * taps) if transpose else (1, inputs * taps, inputs * taps, 0)
    )
    lines = ceil_div(outputs, shape.width) * inputs
    turned = empty((lines, taps, shape.width), FLOAT)
    numbers = table(strips, strips, outputs, outer, count, weight.size, channel, step)
    compiled(channel_gemm.turner, shape)(np.ascontiguousarray(weight), turned, numbers)
    pitch, more = _vectors(outputs if transpose else inputs), stride**2 - 1
    depth, wide = (inputs, more * pitch + outputs) if transpose else (more * pitch + inputs, outputs)
    panels = ceil_div(wide, shape.width)
    factors = empty((PLACES, panels, depth, shape.width), FLOAT)
    if more and not transpose and pitch > inputs:
        factors[:] = 0  # the lines between the phases
    run = kernel(winograd.transformer, "f32", vector_bytes, size, stride, transpose)
    run(lines, table(lines, inputs, depth, panels, pitch), turned, factors)
    return factors


def _run(
    s: _Sizes, stride: int, x: Array, weight: Array, bias: Array | None, y: Array, *, transpose: bool
) -> Array | None:
    plan = _plan(s)
    scratch = empty((plan.share * min(plan.tasks, slots()),), FLOAT)
    shift = np.zeros(s.outputs, FLOAT) if bias is None else np.ascontiguousarray(bias)
    run = kernel(winograd.convolver, "f32", engine().vector_bytes, s.taps)
    factors = _factors(weight, stride, transpose=transpose)
    immoderate = run(plan.tasks, plan.numbers, x, factors, y, shift, scratch, *plan.places)
    return None if immoderate else y


def convolve(g: Geometry, x: Array, weight: Array, bias: Array | None) -> Array | None:
    """The convolution with its bias, or None where values are too large."""
    y = empty((g.batch, g.channels, *g.counts), FLOAT)
    return _run(_Sizes.of(g, x, y), g.stride[0], x, weight, bias, y, transpose=False)


def convolve_input(g: Geometry, cotangent: Array, weight: Array, bias: Array | None) -> Array | None:
    """The input's cotangent, plus a number for each of its channels, or None where values are too large."""
    x = empty((g.batch, g.depth, *g.spatial), FLOAT)
    return _run(_Sizes.transpose(g, cotangent, x), g.stride[0], cotangent, weight, bias, x, transpose=True)


def convolve_weight(g: Geometry, cotangent: Array, x: Array) -> Array | None:
    """The weight's cotangent, or None where values are too large."""
    s, size = _Sizes.of(g, x, cotangent), g.kernel[0]
    (tasks, numbers, share, places), shares = _plan_weight(s)
    vector_bytes, columns = engine().vector_bytes, _vectors(g.channels)
    sums = empty((shares, PLACES, s.step**2, g.depth, columns), FLOAT)
    scratch = empty((share * min(tasks, slots()),), FLOAT)
    run = kernel(winograd.weigher, "f32", vector_bytes, s.taps)
    if run(tasks, numbers, x, cotangent, sums, scratch, *places):
        return None
    depth = g.depth * size**2
    folded = empty((depth, columns), FLOAT)
    fold = kernel(winograd.folder, "f32", vector_bytes, size, s.step)
    fold(g.depth, table(shares, g.depth, columns), sums, folded)
    result = empty((g.channels, g.depth, size, size), FLOAT)
    shape = _tile()
    turned = table(ceil_div(depth, shape.lanes), 1, depth, g.channels, columns, 0, *[0] * shape.lanes)
    compiled(channel_gemm.folder, shape)(folded, result, np.zeros(g.channels, FLOAT), turned)
    return result
