"""Convolution by S. Winograd's minimal filtering (A. Lavin, S. Gray, arXiv:1509.09308) at the points 0, 1, -1, infinity.

Outputs are computed in tiles of m x m, each from a tile of 4x4 inputs, for r x r kernels with m + r = 5:
Y = A' [(G w G') * (B' d B)] A. The product in the middle is elementwise in the 16 places of a tile and a sum over the
channels, so it is 16 matrix products, with 16 multiplications where the sums of products have m^2 r^2 = 36. The
weight's cotangent is the adjoint, G' [(A g A') * (B' d B)] G, summed over the tiles.

A convolution of stride s is a sum of convolutions of stride 1, one for each phase of the input, x[s * j + phase], with
the kernel positions that meet it: the phases are channels of the input. Transposed, they are channels of the output.

A block is some images, or some rows of tiles of one image. Its inputs are turned round to pixels of channels, with the
padding's zeros, and transformed, all with vectors along the channels; `tile.multiplier` runs the products on scratch
that stays in the cache; the outputs are turned back.

Infinities would spread over a tile as NaN, so kernels report inputs that are not moderate, which are for other kernels.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from itertools import chain, product

from flambeau.kernels import tile
from flambeau.kernels.emit import BITS, Module, Value
from flambeau.kernels.entry import Task
from flambeau.kernels.gemm import transposed

SIDE = 4
PLACES = SIDE * SIDE
TAPS = (2, 3)
"""The kernels' sizes along an axis, of each phase."""
HUGE_BITS = 0x7CF0BDC2
"""The float32 1e37: sums of a tile's inputs of less than that do not overflow."""

Grid = list[list[Value]]
Combination = Callable[[list[Value]], list[Value]]


def outputs_of(taps: int) -> int:
    """The outputs of a tile along an axis."""
    return SIDE + 1 - taps


def _both(grid: Grid, combine: Combination) -> Grid:
    """M grid M' for the matrix M that `combine` stands for."""
    columns = [combine([row[j] for row in grid]) for j in range(len(grid[0]))]
    return [combine([column[i] for column in columns]) for i in range(len(columns[0]))]


def _inputs(d: list[Value]) -> list[Value]:  # B'
    return [d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]]


def _at_points(v: list[Value]) -> list[Value]:
    """A polynomial of these coefficients at the four points."""
    even, odd = sum(v[2::2], v[0]), sum(v[3::2], v[1])
    return [v[0], even + odd, even - odd, v[-1]]


def _weights(w: list[Value]) -> list[Value]:  # G
    low, one, other, high = _at_points(w)
    return [low, one * 0.5, other * 0.5, high]


def _cotangents(g: list[Value]) -> list[Value]:  # A
    *most, high = _at_points(g)
    return [*most, -high]


def _from_points(u: list[Value], count: int) -> list[Value]:
    """The adjoint of `_at_points` for `count` coefficients."""
    plus, minus = u[1] + u[2], u[1] - u[2]
    found = [minus if at % 2 else plus for at in range(count)]
    return [found[0] + u[0], *found[1:-1], found[-1] + u[3]]


def _outputs(taps: int) -> Combination:  # A'
    return lambda m: _from_points([*m[:3], -m[3]], outputs_of(taps))


def _weight_cotangents(taps: int) -> Combination:  # G'
    return lambda u: _from_points([u[0], u[1] * 0.5, u[2] * 0.5, u[3]], taps)


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
        self, name: str, kind: str, vector_bytes: int, taps: int, arrays: tuple[str, ...], integers: tuple[str, ...]
    ) -> None:
        super().__init__(name, kind, vector_bytes, arrays, integers)
        self.taps, self.out = taps, outputs_of(taps)
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

    def grid_rows(self, block: dict[str, Value]) -> Value:
        """Rows of inputs that a block's tiles meet, of each phase."""
        return block["rows"] * self.out + (self.taps - 1)

    def inputs(self, x: Value, block: dict[str, Value], channels: tuple[Value, Value], pixels: Value) -> None:
        """Fill `pixels`, a block's padded inputs, as (images, rows, columns, phases, channels)."""
        fn, task = self.fn, self.task
        count, pitch = channels
        step, line = task["step"], task["columns"] * task["step"] * task["step"]
        plane = self.grid_rows(block) * line
        self.clear(pixels, block["images"] * plane * pitch)
        first = block["row"] * self.out * step - task["padding"]
        low = (first > 0).select(first, self.zero)
        high = fn.minimum(first + self.grid_rows(block) * step, task["height"])
        span = (low * task["width"], high * task["width"])
        with fn.loop(self.zero, block["images"]) as n:
            source = self.at(x, (block["image"] + n) * task["x_image"])
            target = self.at(pixels, n * plane * pitch)
            places = (task["places"], block["row"] * self.out * line)  # they count from the padding's first row
            self.turn(source, count, task["x_channel"], span, target, pitch, places)

    def transform_inputs(self, pixels: Value, block: dict[str, Value], pitch: Value, target: Value) -> None:
        """Tiles of inputs as PLACES matrices (tiles, phases and channels), `task["v_pitch"]` elements apart."""
        columns = self.task["columns"]
        with ExitStack() as stack:
            n, i, j, c, t = self.tiles(stack, block, pitch)
            corner = ((n * self.grid_rows(block) + i * self.out) * columns + j * self.out) * pitch + c
            d = [[self.load(pixels, corner, (columns * r + s) * pitch) for s in range(SIDE)] for r in range(SIDE)]
            for at, value in enumerate(chain(*_both(d, _inputs))):
                self.store(value, target, t * pitch + c, self.task["v_pitch"] * at)


INPUTS = (
    *("split", "images", "rows", "batch", "tile_rows", "tile_columns"),
    *("height", "width", "padding", "step", "columns", "x_image", "x_channel"),
)
"""`step` is the stride, `columns` those of the padded grid of each phase."""
FORWARD = (
    *INPUTS,
    *("inputs", "depth", "columns_out", "v_columns", "m_columns", "v_pitch", "m_pitch", "panels"),
    *("outputs", "spread", "row_shift", "column_shift"),
    *("out_height", "out_width", "y_image", "y_channel", "share", "second", "third"),
)
"""
`depth` and `columns_out` are a product's sizes; `v_columns` and `m_columns` whole vectors of channels of a phase.
Position j of a phase is the output's `spread` * j + phase + shift.
"""


def convolver(name: str, header: int, kind: str, vector_bytes: int, taps: int) -> str:
    """Emit the convolution of x with transformed weights (PLACES, panels, depth, width): a task is a block."""
    arrays = ("x", "factors", "y", "bias", "scratch", "places")
    w = _Blocks(name, kind, vector_bytes, taps, arrays, FORWARD)
    fn, task, zero = w.fn, w.task, w.zero
    block = w.block(task.task)
    pixels = w.at(task["scratch"], task.worker * task["share"])
    transformed, products = w.at(pixels, task["second"]), w.at(pixels, task["third"])
    w.inputs(task["x"], block, (task["inputs"], task["v_columns"]), pixels)
    phases_in, phases_out = task["step"] * task["step"], task["spread"] * task["spread"]
    v_row, m_row = task["v_columns"] * phases_in, task["m_columns"] * phases_out
    w.transform_inputs(pixels, block, v_row, transformed)
    count = block["images"] * block["rows"] * task["tile_columns"]
    with fn.loop(zero, fn.const(PLACES, "i64")) as at, fn.loop(zero, task["panels"]) as panel:
        tile.call(fn, w.multiply, {
            "a": w.at(transformed, at * task["v_pitch"]), "a_row": v_row * w.size, "a_step": fn.const(w.size, "i64"),
            "b": w.at(task["factors"], (at * task["panels"] + panel) * task["depth"] * w.width),
            "b_row": fn.const(w.width * w.size, "i64"),
            "c": w.at(products, at * task["m_pitch"], panel * w.width), "c_row": m_row * w.size,
            "rows": count, "columns": fn.minimum(task["columns_out"] - panel * w.width, zero.like(w.width)),
            "depth": task["depth"], "add": zero,
        })  # fmt: skip
    first = block["row"] * w.out * task["spread"] + task["row_shift"]
    low = (first > 0).select(first, zero)
    height = fn.minimum(first + block["rows"] * w.out * task["spread"], task["out_height"]) - low
    width, pitch = task["out_width"], task["m_columns"]
    with ExitStack() as stack:
        phase = stack.enter_context(fn.loop(zero, phases_out))
        n, i, j, c, t = w.tiles(stack, block, pitch)
        near = t * m_row + phase * pitch + c
        m = [[w.load(products, near, task["m_pitch"] * (r * SIDE + s)) for s in range(SIDE)] for r in range(SIDE)]
        y = _both(m, _outputs(taps))
        top = first - low + phase.udiv(task["spread"]) + i * w.out * task["spread"]
        left = task["column_shift"] + phase.urem(task["spread"]) + j * w.out * task["spread"]
        for r, s in product(range(w.out), repeat=2):
            row, column = top + task["spread"] * r, left + task["spread"] * s
            with fn.when((row >= 0) & (row < height) & (column >= 0) & (column < width)):
                w.store(y[r][s], pixels, ((n * height + row) * width + column) * pitch, c)
    with fn.loop(zero, block["images"]) as n:
        near = w.at(pixels, n * height * width * pitch)
        far = w.at(task["y"], (block["image"] + n) * task["y_image"], low * width)
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


def weigher(name: str, header: int, kind: str, vector_bytes: int, taps: int) -> str:
    """Emit the sums (shares, PLACES, phases, inputs, m_columns) of transformed inputs times transformed cotangents.

    A task sums a share of the blocks, for a part of the inputs, into a place of its own.
    """
    arrays = ("x", "cotangent", "sums", "scratch", "places", "places_out")
    w = _Blocks(name, kind, vector_bytes, taps, arrays, WEIGHT)
    fn, task, zero, lanes = w.fn, w.task, w.zero, w.lanes
    part, share = task.task.urem(task["parts"]), task.task.udiv(task["parts"])
    vectors = (task["inputs"] + (lanes - 1)).udiv(zero.like(lanes))
    low, high = ((vectors * at).udiv(task["parts"]) * lanes for at in (part, part + 1))
    channels, pitch = fn.minimum(high, task["inputs"]) - low, high - low
    begin, end = ((task["blocks"] * at).udiv(task["shares"]) for at in (share, share + 1))
    pixels = w.at(task["scratch"], task.worker * task["share"])
    transformed, cotangents = w.at(pixels, task["second"]), w.at(pixels, task["third"])
    outputs, width = task["m_columns"], task["out_width"]
    phases = task["step"] * task["step"]
    sums = w.at(task["sums"], (share * PLACES * phases * task["inputs"] + low) * outputs)
    x = w.at(task["x"], low * task["x_channel"])
    with fn.loop(begin, end) as index:
        block = w.block(index)
        w.inputs(x, block, (channels, pitch), pixels)
        w.transform_inputs(pixels, block, pitch * phases, transformed)
        columns = task["tile_columns"] * w.out
        plane = block["rows"] * w.out * columns
        w.clear(pixels, block["images"] * plane * outputs)
        first = block["row"] * w.out
        last = fn.minimum(first + block["rows"] * w.out, task["out_height"])
        with fn.loop(zero, block["images"]) as n:
            source = w.at(task["cotangent"], (block["image"] + n) * task["y_image"])
            target = w.at(pixels, n * plane * outputs)
            span = (first * width, last * width)
            places = (task["places_out"], first * columns)
            w.turn(source, task["outputs"], task["y_channel"], span, target, outputs, places)
        with ExitStack() as stack:
            n, i, j, c, t = w.tiles(stack, block, outputs)
            corner = ((n * block["rows"] + i) * w.out * columns + j * w.out) * outputs + c
            g = [[w.load(pixels, corner, (columns * r + s) * outputs) for s in range(w.out)] for r in range(w.out)]
            for at, value in enumerate(chain(*_both(g, _cotangents))):
                w.store(value, cotangents, t * outputs + c, task["m_pitch"] * at)
        count = block["images"] * block["rows"] * task["tile_columns"]
        with fn.loop(zero, fn.const(PLACES, "i64")) as place, fn.loop(zero, phases) as phase:
            tile.call(fn, w.multiply, {
                "a": w.at(transformed, place * task["v_pitch"], phase * pitch), "a_row": fn.const(w.size, "i64"),
                "a_step": pitch * phases * w.size,
                "b": w.at(cotangents, place * task["m_pitch"]), "b_row": outputs * w.size,
                "c": w.at(sums, (place * phases + phase) * task["inputs"] * outputs), "c_row": outputs * w.size,
                "rows": channels, "columns": task["outputs"], "depth": count, "add": (index > begin).convert("i64"),
            })  # fmt: skip
    w.report()
    return task.finish(header)


def _phases(size: int, stride: int) -> list[list[list[int | None]]]:
    """Of each phase, which of the `size` x `size` positions of a kernel are its own, as a square; None beyond the end."""
    taps = range(-(-size // stride))

    def position(at: tuple[int, int]) -> int | None:
        return at[0] * size + at[1] if max(at) < size else None

    return [
        [[position((stride * a + phase[0], stride * b + phase[1])) for b in taps] for a in taps]
        for phase in product(range(stride), repeat=2)
    ]


TRANSFORM = ("lines", "inputs", "depth", "panels", "pitch")
"""Lines of the weight, `inputs` a panel; of the factors, `depth` a panel, and panels; channels from phase to phase."""


def transformer(name: str, header: int, kind: str, vector_bytes: int, size: int, stride: int, transpose: bool) -> str:
    """Emit the transform of weights (panels, inputs, size ** 2, width) to (PLACES, panels, depth, width).

    A task is a line. Phases follow one another in the depth or, of the transposed convolution, whose kernels are turned
    by half a circle, among the columns.
    """
    w = _Writer(name, kind, vector_bytes, ("weight", "factors"), TRANSFORM)
    fn, task = w.fn, w.task
    panel, line = task.task.udiv(task["inputs"]), task.task.urem(task["inputs"])
    step = task["panels"] * task["depth"] * w.width
    none = fn.const(0, kind, w.lanes)
    with fn.loop(w.zero, fn.const(w.width, "i64"), w.lanes) as v:
        taps = [w.load(task["weight"], (task.task * size**2 + k) * w.width, v) for k in range(size**2)]
        column = panel * w.width + v
        for phase, positions in enumerate(_phases(size, stride)):
            grid = [[none if at is None else taps[at] for at in row] for row in positions]
            if transpose:
                grid = [row[::-1] for row in grid[::-1]]
                there = task["pitch"] * phase + column
                across = there.udiv(there.like(w.width))
                to = (across * task["depth"] + line - across) * w.width + there
            else:
                to = (panel * task["depth"] + task["pitch"] * phase + line) * w.width + v
            with fn.when(column < task["pitch"]) if transpose else ExitStack():
                for at, value in enumerate(chain(*_both(grid, _weights))):
                    w.store(value, task["factors"], to, step * at)
    return task.finish(header)


def folder(name: str, header: int, kind: str, vector_bytes: int, size: int, stride: int) -> str:
    """Emit the weight's cotangent (inputs, size ** 2, columns) from the sums of a `weigher`: a task is an input."""
    w = _Writer(name, kind, vector_bytes, ("sums", "weight"), ("shares", "inputs", "columns"))
    fn, task = w.fn, w.task
    line = task["inputs"] * task["columns"]
    combine = _weight_cotangents(-(-size // stride))
    with fn.loop(w.zero, task["columns"], w.lanes) as c:
        for phase, positions in enumerate(_phases(size, stride)):
            start = task.task * task["columns"] + c + line * phase
            pitch = line * stride**2
            slots = [fn.slot(kind, w.lanes) for _ in range(PLACES)]
            for at, slot in enumerate(slots):
                fn.store(w.load(task["sums"], start, pitch * at), slot, slot=True)
            with fn.loop(fn.const(1, "i64"), task["shares"]) as share:
                for at, slot in enumerate(slots):
                    more = w.load(task["sums"], start, pitch * (share * PLACES + at))
                    fn.store(fn.load_slot(slot, kind, w.lanes) + more, slot, slot=True)
            sums = [fn.load_slot(slot, kind, w.lanes) for slot in slots]
            found = _both([sums[k : k + SIDE] for k in range(0, PLACES, SIDE)], combine)
            for place, value in zip(chain(*positions), chain(*found), strict=True):
                if place is not None:
                    w.store(value, task["weight"], (task.task * size**2 + place) * task["columns"], c)
    return task.finish(header)
