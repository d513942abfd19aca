"""Running convolutions on the implicit matrix products of `implicit_gemm`.

Here the geometry of a convolution becomes the tables that the compiled drivers read. One and two
spatial axes are taken as three, of which the first is the one that blocks split.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from flambeau.kernels import channel_conv, gemm, implicit_gemm, threads, winograd_conv
from flambeau.kernels.compile import engine
from flambeau.kernels.gemm import Tile
from flambeau.kernels.geometry import KINDS, Geometry, Sizes, compiled, odd_lines, panels, three_strides
from flambeau.kernels.implicit_gemm import TASKS
from flambeau.kernels.pool import empty

BLOCK_BYTES = 3 << 18
"""Scratch of a block: it stays in a core's second-level cache."""
MOST_COLUMNS = 4096
CHUNKS = 4
"""Into how many sums the weight's cotangent is split, on any number of threads."""


class Layout(NamedTuple):
    """See `implicit_gemm.LAYOUT`, whose order this is."""

    strides: Sizes
    sizes: Sizes
    step: Sizes
    padding: Sizes
    grid: Sizes
    copies: Sizes
    spread: Sizes
    pitch: int

    def integers(self) -> list[int]:
        return [value for part in self[:-1] for value in part] + [self.pitch]


class Axis(NamedTuple):
    """How one axis of the source lies in scratch, and where the taps are found.

    Either the grids hold the phases of the stride and are long enough for all taps, or (`copied`)
    there is a grid for each tap, which then needs no columns beyond those that are wanted.
    """

    wanted: int
    grid: int
    split: int
    copies: int
    spread: int
    taps: tuple[tuple[int, int], ...]  # of each kernel position: which grid, where in it

    @classmethod
    def phases(cls, wanted: int, data: int, before: int, step: int, away: Sizes) -> Axis:
        """`away` are the taps' distances; `data` elements follow `before` of padding.

        A row may end before its padding does, if the next row starts with as much padding.
        """
        reach = max(away) // step
        shared = max(wanted, wanted + reach - before // step, -(-(data + before) // step))
        grid = min(wanted + reach, shared)
        taps = tuple((at % step, at // step) for at in away)
        return cls(wanted, grid, wanted + reach, step, 1, taps)

    @classmethod
    def copied(cls, wanted: int, away: Sizes) -> Axis:
        spread = away[1] - away[0] if len(away) > 1 else 1
        taps = tuple((at, 0) for at in range(len(away)))
        return cls(wanted, wanted, wanted, len(away), spread, taps)


class Blocks(NamedTuple):
    """How the work is cut: some images, or some of the outermost rows of one image."""

    images: int
    rows: int
    grid: Sizes
    axes: tuple[Axis, ...]

    @classmethod
    def fit(cls, batch: int, axes: tuple[Axis, ...], depth: int, channels: int, least: int) -> Blocks:
        bytes_a_column = 4 * (depth * math.prod(axis.copies for axis in axes) + channels)
        columns = min(MOST_COLUMNS, max(least, BLOCK_BYTES // bytes_a_column))
        inner = (axes[1].grid, axes[2].grid)
        plane = axes[0].grid * math.prod(inner)
        if plane <= columns:
            images = min(max(1, columns // plane), max(1, -(-batch // 4)))
            return cls(images, axes[0].wanted, (axes[0].grid, *inner), axes)
        outer = axes[0].wanted
        rows = max(1, -(-outer // -(-plane // columns)))
        if rows == outer:
            return cls(1, rows, (axes[0].grid, *inner), axes)
        return cls(1, rows, (rows + axes[0].split - outer, *inner), axes)

    @property
    def plane(self) -> int:
        return self.images * math.prod(self.grid)

    def flat(self, at: Sizes) -> int:
        return (at[0] * self.grid[1] + at[1]) * self.grid[2] + at[2]

    def tap(self, at: Sizes) -> int:
        """Where in a packed channel a kernel position meets the first output's element."""
        copy, place = 0, []
        for axis, position in zip(self.axes, at, strict=True):
            which, shift = axis.taps[position]
            copy = copy * axis.copies + which
            place.append(shift)
        return copy * self.plane + self.flat(tuple(place))

    @property
    def columns(self) -> int:
        """Up to the last column that is wanted."""
        last = (self.images - 1) * math.prod(self.grid)
        _, h, w = self.axes
        return last + self.flat((self.rows - 1, h.wanted - 1, w.wanted - 1)) + 1

    def count(self, batch: int) -> int:
        return -(-batch // self.images) * -(-self.axes[0].wanted // self.rows)

    def pitch(self, more: int) -> int:
        """From one packed channel to the next, with zeros where the last taps read beyond."""
        reach = tuple(max(shift for _, shift in axis.taps) for axis in self.axes)
        copies = math.prod(axis.copies for axis in self.axes)
        return odd_lines(copies * self.plane + self.flat(reach) + more)


def _best_axes(choices: list[tuple[Axis, Axis]], work: float) -> tuple[Axis, ...]:
    """Phases or copies for each axis, whichever costs less.

    `work` is the time of a column's products over that of packing one of its elements.
    """

    def cost(axes: tuple[Axis, ...]) -> float:
        columns = math.prod(axis.grid / axis.wanted for axis in axes)
        return columns * (work + math.prod(axis.copies for axis in axes))

    return min(itertools.product(*choices), key=cost)


@dataclass(frozen=True)
class Plan:
    """What a driver needs beside the arrays."""

    table: np.ndarray
    offsets: np.ndarray
    tasks: int
    share: int
    factors: tuple[np.ndarray, ...]
    """For each output phase, where in a row of the weight its factors are."""
    row: int
    """From one row of the weight to the next."""


Phases = list[tuple[Sizes, list[int], Sizes]]
"""Of each output phase: which one, where its taps are in a packed channel, their flat positions."""


def _plan(
    batch: int,
    groups: int,
    channels: tuple[int, int],
    blocks: Blocks,
    layouts: tuple[Layout, Layout],
    phases: Phases,
    tile: Tile,
    columns: int,
    strides: tuple[int, int],
) -> Plan:
    source, target = layouts
    panels = -(-channels[1] // tile.rows)
    second = channels[0] * source.pitch + 2 * tile.width
    size = panels * tile.rows * target.pitch
    table = [
        *(*source.integers(), *target.integers()),
        *(batch, blocks.images, blocks.axes[0].wanted, blocks.rows),
        *(groups, *channels, panels, columns, len(phases), second, size),
        *(len(phases[0][1]) * max(1, BLOCK_BYTES // (4 * source.pitch)), 0, 0, 0, 0),
    ]
    offsets: list[int] = []
    factors = []
    start = 0
    each = np.arange(channels[0], dtype=np.int64)[:, None]
    for phase, places, taps in phases:
        depth = channels[0] * len(places)
        table += [*phase, depth, start, len(offsets)]
        offsets += [c * source.pitch + at for c in range(channels[0]) for at in places]
        start += groups * panels * depth * tile.rows
        factors.append((each * strides[0] + np.array(taps, np.int64)).ravel())
    count = blocks.count(batch)
    share = second + size * target.step[2] + 2 * tile.width
    chunk = groups * channels[1] * len(offsets)
    tasks = min(CHUNKS, count) if strides == (0, 0) else count
    table[TASKS : TASKS + 4] = [tasks, count, share, chunk]
    return Plan(
        np.array(table, np.int64),
        np.array(offsets or [0], np.int64),
        tasks,
        share,
        tuple(factors),
        strides[1],
    )


ONES, ZEROS = (1, 1, 1), (0, 0, 0)


def _forward_blocks(g: Geometry, work: float, least: int) -> Blocks:
    choices = []
    for n, size, k, s, p, d in zip(g.counts, g.spatial, g.kernel, g.stride, g.padding, g.dilation, strict=True):
        away = tuple(at * d for at in range(k))
        choices.append((Axis.phases(n, size, p, s, away), Axis.copied(n, away)))
    return Blocks.fit(g.batch, _best_axes(choices, work), g.depth, g.channels, least)


def _layouts(
    blocks: Blocks,
    source: tuple[Sizes, Sizes, Sizes, Sizes],
    target: tuple[Sizes, Sizes, Sizes, Sizes],
    pitches: tuple[int, int],
) -> tuple[Layout, Layout]:
    copies = tuple(axis.copies for axis in blocks.axes)
    spread = tuple(axis.spread for axis in blocks.axes)
    return (
        Layout(*source, blocks.grid, copies, spread, pitches[0]),
        Layout(*target, blocks.grid, ONES, ONES, pitches[1]),
    )


@lru_cache(512)
def plan_output(geometry: Geometry, x_strides: Sizes, y_strides: Sizes, tile: Tile) -> Plan:
    """The convolution itself."""
    g = geometry.three()
    blocks = _forward_blocks(g, _work(g.channels, g.kernel, tile), 512)
    positions = list(itertools.product(*map(range, g.kernel)))
    layouts = _layouts(
        blocks,
        (x_strides, g.spatial, g.stride, g.padding),
        (y_strides, g.counts, ONES, ZEROS),
        (blocks.pitch(tile.width), odd_lines(_rounded(blocks.columns, tile.width))),
    )
    whole = [(ZEROS, [blocks.tap(at) for at in positions], tuple(range(len(positions))))]
    channels = (g.depth, g.channels)
    taps = len(positions)
    strides = (taps, g.depth * taps)
    return _plan(g.batch, g.groups, channels, blocks, layouts, whole, tile, blocks.columns, strides)


def _work(channels: int, taps: Sizes, tile: Tile) -> float:
    """Products of a packed element, in vectors at two a cycle, over about 1/2 cycle to pack it."""
    rows = -(-channels // tile.rows) * tile.rows
    return max(rows, 2) * math.prod(taps) / tile.lanes


def _rounded(columns: int, width: int) -> int:
    return -(-columns // width) * width


@lru_cache(512)
def plan_input(geometry: Geometry, y_strides: Sizes, x_strides: Sizes, tile: Tile) -> Plan:
    """The input's cotangent: for each phase of the stride, the taps that reach it."""
    g = geometry.three()
    choices, low, reach = [], [], []
    for n, size, k, s, p, d in zip(g.counts, g.spatial, g.kernel, g.stride, g.padding, g.dilation, strict=True):
        low.append(p // s)
        reach.append(d * (k - 1) // s)
        wanted = (p + size - 1) // s + 1 - low[-1]
        away = tuple(range(reach[-1] + 1))
        before = reach[-1] - low[-1]
        choices.append((Axis.phases(wanted, n, before, 1, away), Axis.copied(wanted, away)))
    work = _work(g.depth, tuple(m + 1 for m in reach), tile)
    blocks = Blocks.fit(g.batch, _best_axes(choices, work), g.channels, g.depth, 512)
    reached: dict[Sizes, list[tuple[int, Sizes]]] = {}
    for at, position in enumerate(itertools.product(*map(range, g.kernel))):
        away = tuple(i * d for i, d in zip(position, g.dilation, strict=True))
        back = (m - x // s for m, x, s in zip(reach, away, g.stride, strict=True))
        phase = tuple(x % s for x, s in zip(away, g.stride, strict=True))
        reached.setdefault(phase, []).append((at, tuple(back)))
    phases: Phases = []
    for phase in itertools.product(*map(range, g.stride)):
        mine = reached.get(phase, [])
        phases.append((phase, [blocks.tap(back) for _, back in mine], tuple(at for at, _ in mine)))
    before = tuple(m - first for m, first in zip(reach, low, strict=True))
    after = tuple(p - first * s for p, first, s in zip(g.padding, low, g.stride, strict=True))
    layouts = _layouts(
        blocks,
        (y_strides, g.counts, ONES, before),
        (x_strides, g.spatial, g.stride, after),
        (blocks.pitch(tile.width), odd_lines(_rounded(blocks.columns, tile.width))),
    )
    channels = (g.channels, g.depth)
    taps = math.prod(g.kernel)
    strides = (g.depth * taps, taps)
    return _plan(g.batch, g.groups, channels, blocks, layouts, phases, tile, blocks.columns, strides)


@lru_cache(512)
def plan_weight(geometry: Geometry, x_strides: Sizes, y_strides: Sizes, tile: Tile) -> Plan:
    """The weight's cotangent: the output's lies in the same grid as the input."""
    g = geometry.three()
    # Sums across lanes end every block, so blocks are longer here.
    blocks = _forward_blocks(g, _work(g.channels, g.kernel, tile), 2048)
    positions = list(itertools.product(*map(range, g.kernel)))
    layouts = _layouts(
        blocks,
        (x_strides, g.spatial, g.stride, g.padding),
        (y_strides, g.counts, ONES, ZEROS),
        (blocks.pitch(tile.lanes), odd_lines(blocks.plane + tile.lanes)),
    )
    whole = [(ZEROS, [blocks.tap(at) for at in positions], tuple(range(len(positions))))]
    columns = _rounded(blocks.columns, tile.lanes)
    channels = (g.depth, g.channels)
    return _plan(g.batch, g.groups, channels, blocks, layouts, whole, tile, columns, (0, 0))


def _tile(use: str, channels: int, dtype: np.dtype) -> Tile:
    few = "_one" if channels == 1 else "_few" if channels <= 4 and use == "product" else ""
    return gemm.tiles(KINDS[dtype], engine().vector_bytes)[use + few]


def _fits(*arrays: np.ndarray) -> bool:
    """Whether the compiled kernels take these arrays."""
    kind = arrays[0].dtype
    return kind in KINDS and all(a.dtype == kind for a in arrays)


def _scratch(plan: Plan, dtype: np.dtype) -> np.ndarray:
    return empty((plan.share * min(plan.tasks, threads.slots()),), dtype)


def _forward(
    g: Geometry,
    plan: Plan,
    tile: Tile,
    source: np.ndarray,
    weight: np.ndarray,
    target: np.ndarray,
    bias: np.ndarray | None,
    outputs: int,
) -> np.ndarray:
    factors = panels(g, plan.factors, plan.row, np.ascontiguousarray(weight), outputs, tile)
    shift = np.zeros(g.groups * outputs, source.dtype) if bias is None else bias
    run = compiled(implicit_gemm.convolver, tile)
    scratch = _scratch(plan, source.dtype)
    shift = np.ascontiguousarray(shift)
    run(source, factors, plan.offsets, target, shift, scratch, plan.table)
    return target


FEWEST_CHANNELS, FEWEST_TERMS = 8, 64
"""From these on, of what comes out and of a sum's elements, vectors lie along the channels."""


def _along_channels(channels: int, terms: int) -> bool:
    """Whether `channel_conv` is the faster way."""
    return channels >= FEWEST_CHANNELS and terms >= FEWEST_TERMS


def convolve(g: Geometry, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None) -> np.ndarray | None:
    """The convolution with its bias, or None for what they do not take."""
    if not _fits(x, weight) or (bias is not None and bias.dtype != x.dtype):
        return None
    if winograd_conv.suits(g, x) and (found := winograd_conv.convolve(g, x, weight, bias)) is not None:
        return found
    if _along_channels(g.channels, g.depth * math.prod(g.kernel)):
        return channel_conv.convolve(g, x, weight, bias)
    tile = _tile("product", g.channels, x.dtype)
    result = empty((g.batch, g.groups * g.channels, *g.counts), x.dtype)
    plan = plan_output(g, three_strides(x), three_strides(result), tile)
    return _forward(g, plan, tile, x, weight, result, bias, g.channels)


def convolve_input(
    g: Geometry, cotangent: np.ndarray, weight: np.ndarray, bias: np.ndarray | None
) -> np.ndarray | None:
    """The input's cotangent, plus a number for each of its channels, or None for what they do not take."""
    if not _fits(cotangent, weight) or (bias is not None and bias.dtype != cotangent.dtype):
        return None
    if winograd_conv.suits(g, cotangent, transpose=True):
        found = winograd_conv.convolve_input(g, cotangent, weight, bias)
        if found is not None:
            return found
    if _along_channels(g.depth, g.channels * math.prod(g.kernel)):
        return channel_conv.convolve_input(g, cotangent, weight, bias)
    tile = _tile("product", g.depth, cotangent.dtype)
    result = empty((g.batch, g.groups * g.depth, *g.spatial), cotangent.dtype)
    plan = plan_input(g, three_strides(cotangent), three_strides(result), tile)
    return _forward(g, plan, tile, cotangent, weight, result, bias, g.depth)


def convolve_weight(g: Geometry, cotangent: np.ndarray, x: np.ndarray) -> np.ndarray | None:
    """The weight's cotangent, or None for what they do not take."""
    if not _fits(cotangent, x):
        return None
    if winograd_conv.suits(g, x) and winograd_conv.dense(cotangent):
        found = winograd_conv.convolve_weight(g, cotangent, x)
        if found is not None:
            return found
    if _along_channels(g.channels, g.depth * math.prod(g.kernel)):
        return channel_conv.convolve_weight(g, cotangent, x)
    tile = _tile("correlation", g.channels, x.dtype)
    plan = plan_weight(g, three_strides(x), three_strides(cotangent), tile)
    sums = np.zeros((plan.tasks, g.groups * g.channels, g.depth, *g.kernel), x.dtype)
    scratch = _scratch(plan, x.dtype)
    run = compiled(implicit_gemm.weigher, tile)
    run(x, cotangent, plan.offsets, sums, scratch, plan.table)
    return sums.sum(0)
