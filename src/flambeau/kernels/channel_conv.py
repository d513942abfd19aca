"""Running convolutions on `channel_gemm`: where the elements of every sum are found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np

from flambeau.kernels import channel_gemm, gemm, threads
from flambeau.kernels.compile import engine
from flambeau.kernels.gemm import Tile
from flambeau.kernels.geometry import KINDS, Geometry, Sizes, compiled, odd_lines, panels, three_strides
from flambeau.kernels.pool import empty

BLOCK_BYTES = 3 << 18
"""Scratch of a block: it stays in a core's second-level cache."""
PARTS = 4
"""Into how many tasks the weight's cotangent is split, on any number of threads."""


class Axis(NamedTuple):
    """Along one axis: position a of phase r meets tap t at step * a + start[r] + taps[r][t] of the grid.

    The grid is the source behind `before` elements of padding, which may be negative.
    """

    source: int
    step: int
    before: int
    counts: Sizes  # positions of each phase
    start: Sizes
    taps: tuple[tuple[tuple[int, int], ...], ...]  # of each phase: kernel positions, and where they are met
    place: tuple[int, int]  # the target's element of position a of phase r: place[0] * a + where[r]
    where: Sizes

    def reach(self, count: int) -> int:
        """How much of the grid `count` positions of every phase meet."""
        far = [s + max((at for _, at in taps), default=0) for s, taps in zip(self.start, self.taps, strict=True)]
        return self.step * (count - 1) + max(far) + 1

    @property
    def inside(self) -> bool:
        """Whether no position meets padding."""
        return self.before <= 0 and self.reach(max(self.counts)) - self.before <= self.source


def forward_axis(size: int, n: int, k: int, s: int, p: int, d: int) -> Axis:
    taps = tuple((t, t * d) for t in range(k))
    return Axis(size, s, p, (n,), (0,), (taps,), (1, 0), (0,))


def backward_axis(size: int, n: int, k: int, s: int, p: int, d: int) -> Axis:
    """Element x of the input, x + p = s * j + r, meets tap t of residue r at output j - t * d // s."""
    first = [-(-(p - r) // s) if p > r else 0 for r in range(s)]
    stop = [-(-(size + p - r) // s) for r in range(s)]
    counts = tuple(max(0, b - a) for a, b in zip(first, stop, strict=True))
    back = [[(t, t * d // s) for t in range(k) if t * d % s == r] for r in range(s)]
    most = max((m for taps in back for _, m in taps), default=0)
    low = min(first)
    taps = tuple(tuple((t, most - m) for t, m in each) for each in back)
    start = tuple(j - low for j in first)
    where = tuple(s * j + r - p for r, j in enumerate(first))
    return Axis(n, 1, most - low, counts, start, taps, (s, 0), where)


class Plan(NamedTuple):
    """What a driver needs beside the arrays."""

    table: np.ndarray
    pixels: np.ndarray
    taps: np.ndarray
    places: np.ndarray
    tasks: int
    share: int
    factors: tuple[np.ndarray, ...]
    """For each phase, where in a row of the weight its factors are."""
    row: int
    """From one row of the weight to the next."""


def _even(total: int, most: int) -> int:
    """The largest share of at most `most` in which `total` is cut into an even number of parts."""
    parts = -(-total // max(1, most))
    return -(-total // (parts + parts % 2 if parts > 1 else 1))


def _block(batch: int, axes: Sequence[Axis], channels: tuple[int, int], packed: bool) -> tuple[int, int]:
    """Images and outermost rows of a block."""
    inner = math.prod(max(axis.counts) for axis in axes[1:])
    outer = max(axes[0].counts)
    plane = math.prod(axis.reach(max(axis.counts)) for axis in axes)
    image = 4 * (channels[0] * plane * packed + channels[1] * outer * inner)
    if image <= BLOCK_BYTES:
        return _even(batch, min(-(-batch // 4), max(1, BLOCK_BYTES // max(1, image)))), outer
    rows = min(outer, max(1, BLOCK_BYTES * outer // image, 64 // max(1, inner)))
    parts = -(-outer // rows)
    if parts * batch % 2:
        parts = min(outer, parts + 1)
    return 1, -(-outer // parts)


def _plan(
    g: Geometry,
    axes: tuple[Axis, ...],
    source: Sizes,
    target: Sizes,
    channels: tuple[int, int],
    tile: Tile,
    weight: tuple[int, int],
    parts: int,
) -> Plan:
    """`source` and `target` are the arrays' strides, `weight` those of the weight: of a channel, of a row."""
    inside = all(axis.inside for axis in axes)
    # Scalars that lie in as many places of memory as there are channels are better copied together first.
    direct = inside and (parts > 0 or 4 * channels[0] * math.prod(axis.source for axis in axes) <= BLOCK_BYTES)
    images, rows = _block(g.batch, axes, channels, not direct)
    grid = (axes[0].reach(rows), axes[1].reach(max(axes[1].counts)), axes[2].reach(max(axes[2].counts)))
    pitch = odd_lines(images * math.prod(grid))
    lines = source[2:] if direct else (grid[1] * grid[2], grid[2], 1)
    far, channel = (source[0], source[1]) if direct else (math.prod(grid), pitch)
    origin = -sum(axis.before * line for axis, line in zip(axes, lines, strict=True)) if direct else 0
    panels = -(-channels[1] // tile.width)
    phases: list[int] = []
    pixels: list[np.ndarray] = []
    taps: list[np.ndarray] = []
    places: list[np.ndarray] = []
    factors: list[np.ndarray] = []
    starts = [0, 0, 0]
    each = np.arange(channels[0], dtype=np.int64)[:, None]
    strides_k = (g.kernel[1] * g.kernel[2], g.kernel[2], 1)
    most = 0
    for phase in product(*(range(len(axis.counts)) for axis in axes)):
        counts = [axis.counts[r] for axis, r in zip(axes, phase, strict=True)]
        index = np.arange(images, dtype=np.int64)[:, None, None, None] * far + origin
        place = np.arange(images, dtype=np.int64)[:, None, None, None] * target[0]
        here = min(rows, counts[0])
        for at, (axis, r) in enumerate(zip(axes, phase, strict=True)):
            a = np.arange(here if at == 0 else counts[at], dtype=np.int64).reshape(-1, *(1,) * (2 - at))
            index = index + (axis.step * a + axis.start[r]) * lines[at]
            place = place + (axis.place[0] * a + axis.where[r]) * target[2 + at]
        met = list(product(*(axis.taps[r] for axis, r in zip(axes, phase, strict=True))))
        flat = [sum(at * line for (_, at), line in zip(tap, lines, strict=True)) for tap in met]
        which = [sum(t * stride for (t, _), stride in zip(tap, strides_k, strict=True)) for tap in met]
        depth = channels[0] * len(met)
        phases += [counts[0], counts[1] * counts[2], depth, *starts]
        pixels.append(index.ravel())
        places.append(place.ravel())
        taps.append((each * channel + np.array(flat, np.int64)).ravel())
        factors.append((each * weight[0] + np.array(which, np.int64)).ravel())
        starts[0] += index.size
        starts[1] += depth
        starts[2] += g.groups * panels * depth * tile.width
        most = max(most, index.size)
    outer = max(axes[0].counts)
    blocks = -(-g.batch // images) * -(-outer // rows)
    dense = len(phases) == len(channel_gemm.PHASE) and _dense(axes, target)
    second = 0 if direct else channels[0] * pitch + tile.lanes
    share = second + (most + tile.rows) * panels * tile.width
    tasks = parts or blocks
    layout = [*source, *(axis.source for axis in axes), 1, 1, 1, *(axis.before for axis in axes), *grid]
    layout += [1, 1, 1, 1, 1, 1, pitch]
    step = axes[0].step
    numbers = [tasks, g.batch, images, outer, rows, g.groups, *channels, panels, len(phases) // len(channel_gemm.PHASE)]
    numbers += [direct, inside, *source[:2], source[2] * step, dense, *target[:2], target[2] * axes[0].place[0]]
    numbers += [blocks, 1, share, second, step]
    return Plan(
        np.array([*layout, *numbers, *phases], np.int64),
        np.concatenate(pixels),
        np.concatenate([*taps, np.zeros(1, np.int64)]),
        np.concatenate(places),
        tasks,
        share,
        tuple(factors),
        weight[1],
    )


def _dense(axes: tuple[Axis, ...], target: Sizes) -> bool:
    """Whether positions follow one another in the target."""
    step = 1
    for axis, stride in zip(axes[::-1], target[:1:-1], strict=True):
        if axis.place[0] != 1 or (axis.counts[0] > 1 and stride != step):
            return False
        step *= axis.counts[0]
    return True


def _axes(g: Geometry, kind: str) -> tuple[Axis, ...]:
    make = forward_axis if kind == "forward" else backward_axis
    each = zip(g.spatial, g.counts, g.kernel, g.stride, g.padding, g.dilation, strict=True)
    return tuple(make(*numbers) for numbers in each)


@lru_cache(128)
def _plan_output(geometry: Geometry, x: Sizes, y: Sizes, tile: Tile) -> Plan:
    g, taps = geometry.three(), math.prod(geometry.kernel)
    return _plan(g, _axes(g, "forward"), x, y, (g.depth, g.channels), tile, (taps, g.depth * taps), 0)


@lru_cache(128)
def _plan_input(geometry: Geometry, y: Sizes, x: Sizes, tile: Tile) -> Plan:
    g, taps = geometry.three(), math.prod(geometry.kernel)
    return _plan(g, _axes(g, "backward"), y, x, (g.channels, g.depth), tile, (g.depth * taps, taps), 0)


@lru_cache(128)
def _plan_weight(geometry: Geometry, x: Sizes, y: Sizes, tile: Tile) -> Plan:
    g, taps = geometry.three(), math.prod(geometry.kernel)
    plan = _plan(g, _axes(g, "forward"), x, y, (g.depth, g.channels), tile, (taps, g.depth * taps), PARTS)
    at = {name: channel_gemm.AT + k for k, name in enumerate(channel_gemm.PLAN)}
    blocks, sums = int(plan.table[at["blocks"]]), g.depth * taps * g.channels
    # Shares of the blocks have sums of their own; parts of the channels repeat the work on the cotangent.
    shares = PARTS if blocks >= PARTS and sums * 8 < g.batch * math.prod(g.counts) * g.channels else 1
    parts = min(PARTS // shares, g.depth)
    plan.table[at["tasks"]], plan.table[at["parts"]] = shares * parts, parts
    return plan._replace(tasks=shares * parts)


def tile_for(channels: int, dtype: np.dtype) -> Tile:
    """The tile that leaves the fewest columns unused; of those the widest."""
    bytes_ = engine().vector_bytes
    vectors = -(-channels // (bytes_ // dtype.itemsize))
    widths = (4, 3, 2, 1) if bytes_ == 64 else (3, 2, 1)
    best = min(widths, key=lambda columns: (-(-vectors // columns) * columns, -columns))
    return gemm.tiles(KINDS[dtype], bytes_)[f"outer_{best}"]


def _scratch(plan: Plan, dtype: np.dtype) -> np.ndarray:
    return empty((plan.share * min(plan.tasks, threads.slots()),), dtype)


def _factors(g: Geometry, plan: Plan, weight: np.ndarray, outputs: int, tile: Tile) -> np.ndarray:
    """The weight as panels of outputs: (phases, groups, panels, elements of a sum, width)."""
    taps, inputs = math.prod(g.kernel), g.channels * g.depth // max(outputs, 1)
    if len(plan.factors) > 1 or len(plan.factors[0]) != inputs * taps:
        return panels(g, plan.factors, plan.row, weight, outputs, Tile(tile.kind, tile.lanes, tile.width, 1))
    depth = inputs * taps
    strips = -(-outputs // tile.width) * tile.columns
    # Of the convolution itself, a row of the weight is all of a sum; of its transpose, taps are together.
    outer, count, step = (1, depth, 0) if plan.row == depth else (inputs, taps, g.depth * taps)
    numbers = [g.groups * strips, strips, outputs, outer, count, g.channels * g.depth * taps, plan.row, step]
    target = empty((g.groups * strips * tile.lanes * depth,), weight.dtype)
    compiled(channel_gemm.turner, tile)(weight, target, np.array(numbers, np.int64))
    return target


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
    factors = _factors(g, plan, np.ascontiguousarray(weight), outputs, tile)
    shift = np.zeros(g.groups * outputs, source.dtype) if bias is None else np.ascontiguousarray(bias)
    run = compiled(channel_gemm.convolver, tile)
    scratch = _scratch(plan, source.dtype)
    run(source, factors, plan.pixels, plan.taps, plan.places, target, shift, scratch, plan.table)
    return target


def convolve(g: Geometry, x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    """The convolution with its bias."""
    tile = tile_for(g.channels, x.dtype)
    result = empty((g.batch, g.groups * g.channels, *g.counts), x.dtype)
    plan = _plan_output(g, three_strides(x), three_strides(result), tile)
    return _forward(g, plan, tile, x, weight, result, bias, g.channels)


def convolve_input(g: Geometry, cotangent: np.ndarray, weight: np.ndarray, bias: np.ndarray | None) -> np.ndarray:
    """The input's cotangent, plus a number for each of its channels."""
    tile = tile_for(g.depth, cotangent.dtype)
    result = empty((g.batch, g.groups * g.depth, *g.spatial), cotangent.dtype)
    plan = _plan_input(g, three_strides(cotangent), three_strides(result), tile)
    return _forward(g, plan, tile, cotangent, weight, result, bias, g.depth)


def convolve_weight(g: Geometry, cotangent: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The weight's cotangent."""
    tile = tile_for(g.channels, x.dtype)
    plan = _plan_weight(g, three_strides(x), three_strides(cotangent), tile)
    depth, outputs = g.depth * math.prod(g.kernel), g.channels
    pitch = -(-outputs // tile.width) * tile.width
    shares = plan.tasks // int(plan.table[channel_gemm.AT + channel_gemm.PLAN.index("parts")])
    sums = empty((shares, g.groups, depth, pitch), x.dtype)
    run = compiled(channel_gemm.weigher, tile)
    run(x, cotangent, plan.pixels, plan.taps, plan.places, sums, _scratch(plan, x.dtype), plan.table)
    result = empty((g.groups * outputs, g.depth, *g.kernel), x.dtype)
    strips = g.groups * -(-depth // tile.lanes)
    numbers = np.array([strips, shares, depth, outputs, pitch, g.groups * depth * pitch, *[0] * tile.lanes], np.int64)
    compiled(channel_gemm.folder, tile)(sums, result, np.zeros(outputs, x.dtype), numbers)
    return result
