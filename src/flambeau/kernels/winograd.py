"""Convolution with 3x3 kernels by S. Winograd's minimal filtering F(2x2, 3x3) (A. Lavin, S. Gray, arXiv:1509.09308).

Outputs are computed in tiles of 2x2, each from a tile of 4x4 inputs: Y = A' [(G w G') * (B' d B)] A. The product in the
middle is elementwise in the 16 places of a tile and a sum over the channels, so it is 16 matrix products, with 16
multiplications where the sums of products have 36. The weight's cotangent is the adjoint,
G' [(A g A') * (B' d B)] G, summed over the tiles.

A block is some images, or some rows of tiles of one image. Its inputs are turned round to pixels of channels, with the
padding's zeros, and transformed, all with vectors along the channels; `tile.multiplier` runs the products on scratch
that stays in the cache; the outputs are turned back.

Infinities would spread over a tile as NaN, so kernels report inputs that are not moderate, which are for other kernels.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from flambeau.kernels import tile
from flambeau.kernels.emit import BITS, Module, Value
from flambeau.kernels.entry import Task
from flambeau.kernels.gemm import transposed

SIDE = 4
PLACES = SIDE * SIDE
HUGE_BITS = 0x7CF0BDC2
"""The float32 1e37: sums of a tile's inputs of less than that do not overflow."""

Grid = list[list[Value]]


def _rows(grid: Grid, combine: Callable[[list[Value]], list[Value]]) -> Grid:
    """The matrix that `combine` stands for, times `grid`."""
    columns = [combine([row[j] for row in grid]) for j in range(len(grid[0]))]
    return [[column[i] for column in columns] for i in range(len(columns[0]))]


def _both(grid: Grid, combine: Callable[[list[Value]], list[Value]]) -> Grid:
    """M grid M' for the matrix M of `combine`."""
    return [combine(row) for row in _rows(grid, combine)]


def _inputs(d: list[Value]) -> list[Value]:  # B'
    return [d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]]


def _weights(w: list[Value]) -> list[Value]:  # G
    ends, middle = (w[0] + w[2]) * 0.5, w[1] * 0.5
    return [w[0], ends + middle, ends - middle, w[2]]


def _outputs(m: list[Value]) -> list[Value]:  # A'
    return [m[0] + m[1] + m[2], m[1] - m[2] - m[3]]


def _cotangents(g: list[Value]) -> list[Value]:  # A
    return [g[0], g[0] + g[1], g[0] - g[1], -g[1]]


def _weight_cotangents(u: list[Value]) -> list[Value]:  # G'
    plus, minus = (u[1] + u[2]) * 0.5, (u[1] - u[2]) * 0.5
    return [u[0] + plus, minus, plus + u[3]]


class _Writer:
    """A kernel being written."""

    def __init__(
        self, name: str, kind: str, vector_bytes: int, arrays: tuple[str, ...], integers: tuple[str, ...]
    ) -> None:
        self.kind, self.size, self.lanes = kind, BITS[kind] // 8, vector_bytes * 8 // BITS[kind]
        self.module = Module()
        self.width = max(tile.SIZES[vector_bytes]) * self.lanes
        self.task = Task(self.module, name, arrays, integers)
        self.fn = self.task.fn
        self.zero = self.fn.const(0, "i64")

    def at(self, base: Value, *index: Value | int) -> Value:
        """The address of base[sum of index]."""
        total = self.zero
        for part in index:
            total = total + part
        return self.fn.offset(base, total * self.size)

    def load(self, base: Value, *index: Value | int) -> Value:
        return self.fn.load(self.at(base, *index), self.kind, self.lanes)

    def store(self, value: Value, base: Value, *index: Value | int) -> None:
        self.fn.store(value, self.at(base, *index))

    def clear(self, base: Value, count: Value) -> None:
        name = self.module.declare("llvm.memset.p0.i64", "void", "ptr, i8, i64, i1")
        self.fn.emit(f"call void {name}(ptr {base.ref}, i8 0, i64 {(count * self.size).ref}, i1 false)")


class _Blocks(_Writer):
    """A kernel over blocks of images or of rows of tiles."""

    def __init__(
        self, name: str, kind: str, vector_bytes: int, arrays: tuple[str, ...], integers: tuple[str, ...]
    ) -> None:
        super().__init__(name, kind, vector_bytes, arrays, integers)
        self.multiply = tile.multiplier(self.module, kind, vector_bytes, padded=True)
        self.largest = self.fn.slot("i32", self.lanes)
        self.fn.store(self.fn.const(0, "i32", self.lanes), self.largest, slot=True)

    def block(self, index: Value) -> dict[str, Value]:
        fn, task = self.fn, self.task
        image, row = index.udiv(task["split"]) * task["images"], index.urem(task["split"]) * task["rows"]
        images = fn.minimum(task["images"], task["batch"] - image)
        rows = fn.minimum(task["rows"], task["tile_rows"] - row)
        return {"image": image, "row": row, "images": images, "rows": rows}

    def tiles(self, stack: ExitStack, block: dict[str, Value], channels: Value) -> tuple[Value, ...]:
        """Emit the loops over a block's tiles and vectors of channels: image, row, column, channel, and tile."""
        fn, task, enter = self.fn, self.task, stack.enter_context
        n = enter(fn.loop(self.zero, block["images"]))
        i = enter(fn.loop(self.zero, block["rows"]))
        j = enter(fn.loop(self.zero, task["tile_columns"]))
        c = enter(fn.loop(self.zero, channels, self.lanes))
        return n, i, j, c, (n * block["rows"] + i) * task["tile_columns"] + j

    def note(self, value: Value) -> None:
        """Remember how large the values were; NaN is larger than infinity."""
        size = value.bitcast("i32") & 0x7FFFFFFF
        self.fn.store(size.call("smax", self.fn.load_slot(self.largest, "i32", self.lanes)), self.largest, slot=True)

    def report(self) -> None:
        """Report whether a value was not moderate."""
        largest = self.fn.load_slot(self.largest, "i32", self.lanes).fold(lambda a, b: a.call("smax", b))
        with self.fn.when(largest >= HUGE_BITS):
            self.task.report(self.fn.const(1, "i64"))

    def turn(
        self,
        source: Value,
        channels: Value,
        step: Value,
        span: tuple[Value, Value],
        target: Value,
        pitch: Value,
        places: tuple[Value, Value],
    ) -> None:
        """Planes of `channels`, `step` elements apart, pixels from span[0] to span[1], as pixels of `pitch` channels.

        Pixel q goes to places[0][q] - places[1] of the target; missing channels are filled with 0.
        """
        fn, lanes = self.fn, self.lanes
        start, stop = span
        none = fn.const(0, self.kind, lanes)
        with fn.loop(self.zero, channels, lanes) as c, fn.loop(start, stop, lanes) as q:
            mask = fn.first_lanes(stop - q, self.kind, lanes)
            lines = []
            for lane in range(lanes):
                near = self.at(source, fn.minimum(c + lane, channels - 1) * step, q)
                line = fn.load_masked(near, self.kind, mask)
                self.note(line)
                lines.append((c + lane < channels).select(line, none))
            for lane, pixel in enumerate(transposed(lines)):
                with fn.when(q + lane < stop):
                    place = fn.load(fn.offset(places[0], (q + lane) * 8), "i64") - places[1]
                    self.store(pixel, target, place * pitch, c)

    def inputs(self, x: Value, block: dict[str, Value], channels: tuple[Value, Value], pixels: Value) -> None:
        """Fill `pixels`, a block's padded inputs, as (images, rows, columns, channels)."""
        fn, task = self.fn, self.task
        count, pitch = channels
        columns, height, width = task["tile_columns"] * 2 + 2, task["height"], task["width"]
        plane = (block["rows"] * 2 + 2) * columns
        self.clear(pixels, block["images"] * plane * pitch)
        first = block["row"] * 2 - task["padding"]
        low = (first > 0).select(first, self.zero)
        high = fn.minimum(first + block["rows"] * 2 + 2, height)
        with fn.loop(self.zero, block["images"]) as n:
            source = self.at(x, (block["image"] + n) * task["x_image"])
            target = self.at(pixels, n * plane * pitch)
            places = (task["places"], block["row"] * 2 * columns)  # they count from the padding's first row
            self.turn(source, count, task["x_channel"], (low * width, high * width), target, pitch, places)

    def transform_inputs(self, pixels: Value, block: dict[str, Value], pitch: Value, target: Value) -> None:
        """Tiles of inputs as PLACES matrices (tiles, channels), `task["v_pitch"]` elements apart."""
        columns = self.task["tile_columns"] * 2 + 2
        with ExitStack() as stack:
            n, i, j, c, t = self.tiles(stack, block, pitch)
            corner = ((n * (block["rows"] * 2 + 2) + i * 2) * columns + j * 2) * pitch + c
            d = [[self.load(pixels, corner, (columns * r + s) * pitch) for s in range(SIDE)] for r in range(SIDE)]
            for at, value in enumerate(value for row in _both(d, _inputs) for value in row):
                self.store(value, target, t * pitch + c, self.task["v_pitch"] * at)


INPUTS = (
    *("split", "images", "rows", "batch", "tile_rows", "tile_columns"),
    *("height", "width", "padding", "x_image", "x_channel"),
)
FORWARD = (
    *INPUTS,
    *("inputs", "outputs", "v_columns", "m_columns", "v_pitch", "m_pitch", "panels"),
    *("out_height", "out_width", "y_image", "y_channel", "share", "second", "third"),
)


def convolver(name: str, header: int, kind: str, vector_bytes: int) -> str:
    """Emit the convolution of x with transformed weights (PLACES, panels, inputs, width): a task is a block."""
    arrays = ("x", "factors", "y", "bias", "scratch", "places")
    w = _Blocks(name, kind, vector_bytes, arrays, FORWARD)
    fn, task, zero = w.fn, w.task, w.zero
    block = w.block(task.task)
    pixels = w.at(task["scratch"], task.worker * task["share"])
    transformed, products = w.at(pixels, task["second"]), w.at(pixels, task["third"])
    w.inputs(task["x"], block, (task["inputs"], task["v_columns"]), pixels)
    w.transform_inputs(pixels, block, task["v_columns"], transformed)
    count = block["images"] * block["rows"] * task["tile_columns"]
    with fn.loop(zero, fn.const(PLACES, "i64")) as at, fn.loop(zero, task["panels"]) as panel:
        tile.call(fn, w.multiply, {
            "a": w.at(transformed, at * task["v_pitch"]), "a_row": task["v_columns"] * w.size,
            "a_step": fn.const(w.size, "i64"),
            "b": w.at(task["factors"], (at * task["panels"] + panel) * task["inputs"] * w.width),
            "b_row": fn.const(w.width * w.size, "i64"),
            "c": w.at(products, at * task["m_pitch"], panel * w.width), "c_row": task["m_columns"] * w.size,
            "rows": count, "columns": fn.minimum(task["outputs"] - panel * w.width, zero.like(w.width)),
            "depth": task["inputs"], "add": zero,
        })  # fmt: skip
    height = fn.minimum(block["rows"] * 2, task["out_height"] - block["row"] * 2)
    width, pitch = task["out_width"], task["m_columns"]
    with ExitStack() as stack:
        n, i, j, c, t = w.tiles(stack, block, pitch)
        m = [
            [w.load(products, t * pitch + c, task["m_pitch"] * (r * SIDE + s)) for s in range(SIDE)]
            for r in range(SIDE)
        ]
        y = [_outputs(row) for row in _rows(m, _outputs)]
        corner = ((n * height + i * 2) * width + j * 2) * pitch + c
        for r in range(2):
            for s in range(2):
                with fn.when((i * 2 + r < height) & (j * 2 + s < width)):
                    w.store(y[r][s], pixels, corner, (width * r + s) * pitch)
    with fn.loop(zero, block["images"]) as n:
        near = w.at(pixels, n * height * width * pitch)
        far = w.at(task["y"], (block["image"] + n) * task["y_image"], block["row"] * 2 * width)
        _turn_back(w, near, far, pitch, height * width)
    w.report()
    return task.finish(header)


def _turn_back(w: _Writer, near: Value, far: Value, pitch: Value, count: Value) -> None:
    """Pixels of channels as planes of channels, and the bias."""
    fn, lanes, task = w.fn, w.lanes, w.task
    channels = task["outputs"]
    with fn.loop(w.zero, channels, lanes) as c, fn.loop(w.zero, count, lanes) as q:
        lines = [w.load(near, fn.minimum(q + lane, count - 1) * pitch, c) for lane in range(lanes)]
        for lane, line in enumerate(transposed(lines)):
            with fn.when(c + lane < channels):
                bias = fn.load(w.at(task["bias"], c + lane), w.kind).splat(lanes)
                fn.store_first(line + bias, w.at(far, (c + lane) * task["y_channel"], q), count - q)


WEIGHT = (
    *INPUTS,
    *("inputs", "outputs", "m_columns", "v_pitch", "m_pitch", "out_height", "out_width", "y_image", "y_channel"),
    *("share", "second", "third", "blocks", "shares", "parts"),
)


def weigher(name: str, header: int, kind: str, vector_bytes: int) -> str:
    """Emit the sums (shares, PLACES, inputs, m_columns) of transformed inputs times transformed cotangents.

    A task sums a share of the blocks, for a part of the inputs, into a place of its own.
    """
    w = _Blocks(name, kind, vector_bytes, ("x", "cotangent", "sums", "scratch", "places", "places_out"), WEIGHT)
    fn, task, zero, lanes = w.fn, w.task, w.zero, w.lanes
    part, share = task.task.urem(task["parts"]), task.task.udiv(task["parts"])
    vectors = (task["inputs"] + (lanes - 1)).udiv(zero.like(lanes))
    low, high = ((vectors * at).udiv(task["parts"]) * lanes for at in (part, part + 1))
    channels, pitch = fn.minimum(high, task["inputs"]) - low, high - low
    begin, end = ((task["blocks"] * at).udiv(task["shares"]) for at in (share, share + 1))
    pixels = w.at(task["scratch"], task.worker * task["share"])
    transformed, cotangents = w.at(pixels, task["second"]), w.at(pixels, task["third"])
    outputs, width = task["m_columns"], task["out_width"]
    sums = w.at(task["sums"], (share * PLACES * task["inputs"] + low) * outputs)
    x = w.at(task["x"], low * task["x_channel"])
    with fn.loop(begin, end) as index:
        block = w.block(index)
        w.inputs(x, block, (channels, pitch), pixels)
        w.transform_inputs(pixels, block, pitch, transformed)
        columns = task["tile_columns"] * 2
        plane = block["rows"] * 2 * columns
        w.clear(pixels, block["images"] * plane * outputs)
        first = block["row"] * 2
        last = fn.minimum(first + block["rows"] * 2, task["out_height"])
        with fn.loop(zero, block["images"]) as n:
            source = w.at(task["cotangent"], (block["image"] + n) * task["y_image"])
            target = w.at(pixels, n * plane * outputs)
            span = (first * width, last * width)
            places = (task["places_out"], first * columns)
            w.turn(source, task["outputs"], task["y_channel"], span, target, outputs, places)
        with ExitStack() as stack:
            n, i, j, c, t = w.tiles(stack, block, outputs)
            corner = ((n * block["rows"] + i) * 2 * columns + j * 2) * outputs + c
            g = [[w.load(pixels, corner, (columns * r + s) * outputs) for s in range(2)] for r in range(2)]
            for at, value in enumerate(value for row in _both(g, _cotangents) for value in row):
                w.store(value, cotangents, t * outputs + c, task["m_pitch"] * at)
        count = block["images"] * block["rows"] * task["tile_columns"]
        with fn.loop(zero, fn.const(PLACES, "i64")) as place:
            tile.call(fn, w.multiply, {
                "a": w.at(transformed, place * task["v_pitch"]), "a_row": fn.const(w.size, "i64"),
                "a_step": pitch * w.size,
                "b": w.at(cotangents, place * task["m_pitch"]), "b_row": outputs * w.size,
                "c": w.at(sums, place * task["inputs"] * outputs), "c_row": outputs * w.size,
                "rows": channels, "columns": task["outputs"], "depth": count, "add": (index > begin).convert("i64"),
            })  # fmt: skip
    w.report()
    return task.finish(header)


def transformer(name: str, header: int, kind: str, vector_bytes: int, flipped: bool) -> str:
    """Emit the transform of weights (panels, inputs, 9, width) to (PLACES, panels, inputs, width): a task is a line.

    `flipped`: each kernel is turned by half a circle.
    """
    w = _Writer(name, kind, vector_bytes, ("weight", "factors"), ("lines",))
    fn, task = w.fn, w.task
    with fn.loop(w.zero, fn.const(w.width, "i64"), w.lanes) as v:
        taps = [w.load(task["weight"], (task.task * 9 + k) * w.width, v) for k in range(9)]
        taps = taps[::-1] if flipped else taps
        u = _both([taps[k : k + 3] for k in (0, 3, 6)], _weights)
        for at, value in enumerate(value for row in u for value in row):
            w.store(value, task["factors"], (task["lines"] * at + task.task) * w.width, v)
    return task.finish(header)


def folder(name: str, header: int, kind: str, vector_bytes: int) -> str:
    """Emit the weight's cotangent (inputs, 9, columns) from sums (shares, PLACES, inputs, columns): a task is an input."""
    w = _Writer(name, kind, vector_bytes, ("sums", "weight"), ("shares", "inputs", "columns"))
    fn, task = w.fn, w.task
    size = task["inputs"] * task["columns"]
    with fn.loop(w.zero, task["columns"], w.lanes) as c:
        start = task.task * task["columns"] + c
        totals = [w.load(task["sums"], start, size * at) for at in range(PLACES)]
        slots = [fn.slot(kind, w.lanes) for _ in totals]
        for total, slot in zip(totals, slots, strict=True):
            fn.store(total, slot, slot=True)
        with fn.loop(fn.const(1, "i64"), task["shares"]) as share:
            for at, slot in enumerate(slots):
                more = w.load(task["sums"], start, size * (share * PLACES + at))
                fn.store(fn.load_slot(slot, kind, w.lanes) + more, slot, slot=True)
        sums = [fn.load_slot(slot, kind, w.lanes) for slot in slots]
        grid = [sums[k : k + SIDE] for k in range(0, PLACES, SIDE)]
        found = [_weight_cotangents(row) for row in _rows(grid, _weight_cotangents)]
        for at, value in enumerate(value for row in found for value in row):
            w.store(value, task["weight"], (task.task * 9 + at) * task["columns"], c)
    return task.finish(header)
