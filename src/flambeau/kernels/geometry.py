"""What a convolution's kernels share: its geometry, strides, compiled code, the weight in panels."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from flambeau.kernels import gemm, threads
from flambeau.kernels.compile import HEADER, builtin, engine
from flambeau.kernels.emit import Module
from flambeau.kernels.gemm import Tile
from flambeau.kernels.pool import empty

Sizes = tuple[int, ...]


class Geometry(NamedTuple):
    """A convolution of (batch, groups * depth, *spatial) to (batch, groups * channels, *counts)."""

    batch: int
    groups: int
    depth: int
    channels: int
    spatial: Sizes
    kernel: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes
    counts: Sizes

    def three(self) -> Geometry:
        """The same convolution with three spatial axes."""

        def widen(values: Sizes, fill: int) -> Sizes:
            rank = len(values)
            return values if rank == 3 else ((fill, fill, *values), (values[0], fill, values[-1]))[rank - 1]

        return Geometry(
            *self[:4], *(widen(sizes, fill) for sizes, fill in zip(self[4:], (1, 1, 1, 0, 1, 1), strict=True))
        )


def odd_lines(elements: int) -> int:
    """Rounded up to an odd number of cache lines, so that channels do not share cache sets."""
    return (-(-elements // 16) | 1) * 16


def three_strides(array: np.ndarray) -> Sizes:
    """Strides in elements, with three spatial axes."""
    n, c, *spatial = (stride // array.itemsize for stride in array.strides)
    rank = len(spatial)
    return (
        n,
        c,
        *((0, 0, *spatial) if rank == 1 else (spatial[0], *(0,) * (3 - rank), *spatial[1:])),
    )


KINDS = {np.dtype(np.float32): "f32", np.dtype(np.float64): "f64"}
Emit = Callable[[Module, str, Tile, int], None]


@cache
def compiled(emit: Emit, tile: Tile) -> Callable[..., None]:
    threads.load()
    name = "_".join((emit.__module__.rpartition(".")[2], emit.__name__, tile.name))

    def generate() -> str:
        module = Module()
        emit(module, name, tile, HEADER)
        return module.text()

    return builtin(name, engine().load(name, generate, name))


def panels(
    g: Geometry, places: tuple[np.ndarray, ...], row: int, weight: np.ndarray, outputs: int, tile: Tile
) -> np.ndarray:
    """The weight as panels of `tile.rows` outputs: (phases, groups, panels, places, rows)."""
    each = -(-outputs // tile.rows)
    count = g.groups * each
    target = empty((sum(len(p) for p in places) * count * tile.rows,), weight.dtype)
    pack = compiled(gemm.panel_packer, tile)
    group = g.channels * g.depth * math.prod(g.kernel)
    start = 0
    for where in places:
        stop = start + len(where) * count * tile.rows
        numbers = np.array([count, group, row, outputs, len(where), each], np.int64)
        pack(weight, where, target[start:stop], numbers)
        start = stop
    return target
