"""Micro-kernels of matrix products: tiles of sums held in registers.

The kernels read one operand through a table of row offsets, so that the rows of a "matrix" may be
shifted views of one another: that makes a convolution a matrix product without a copy for every
kernel position (implicit GEMM).

`product`: y[i, q] = sum over k of a[i, k] * x[offsets[k] + q], vectors along q.
`correlation`: w[i, k] += sum over q of g[i, q] * x[offsets[k] + q], vectors along q.
`outer`: y[i, q] += sum over k of x[rows[i] + steps[k]] * b[k, q], vectors along q.
"""

from __future__ import annotations

from dataclasses import dataclass

from flambeau.kernels.emit import BITS, Function, Module, Value
from flambeau.kernels.entry import CALLED, data, give_none, run_tasks

PANEL_BYTES = 3 << 13
"""How much of x a tile's sums take in before they rest in memory: it stays in the first cache."""


OUTER_BYTES = {1: 3 << 13, 2: 3 << 13, 3: 3 << 15, 4: 3 << 15}
"""How much of b `outer` takes in before its sums rest in memory, by the tile's columns (measured): narrow tiles
read it often and want it in the first cache."""


@dataclass(frozen=True)
class Tile:
    """A block of sums held in registers: `rows` by `columns` vectors of `lanes` elements."""

    kind: str
    lanes: int
    rows: int
    columns: int

    @property
    def width(self) -> int:
        return self.columns * self.lanes

    @property
    def name(self) -> str:
        return f"{self.kind}_{self.rows}x{self.columns}x{self.lanes}"

    @property
    def grid(self) -> list[tuple[int, int]]:
        return [(i, j) for i in range(self.rows) for j in range(self.columns)]


def tiles(kind: str, vector_bytes: int) -> dict[str, Tile]:
    """The tile for each use and a vector length: as many sums as registers leave room for.

    AVX-512 has 32 registers, AVX2 and SSE have 16.
    """
    lanes = vector_bytes * 8 // BITS[kind]
    shapes = {
        "product": ((8, 3), (6, 2)),
        "product_few": ((4, 6), (4, 3)),  # few output channels
        "product_one": ((1, 8), (1, 8)),  # one, as in a depthwise convolution
        "correlation": ((4, 6), (3, 4)),
        "correlation_one": ((1, 9), (1, 9)),
        "outer_1": ((8, 1), (8, 1)),
        "outer_2": ((8, 2), (6, 2)),
        "outer_3": ((8, 3), (4, 3)),
        "outer_4": ((6, 4), (3, 4)),
    }
    return {use: Tile(kind, lanes, *(many if vector_bytes == 64 else few)) for use, (many, few) in shapes.items()}


def address(fn: Function, kind: str, base: Value, *index: Value | int) -> Value:
    """The address of base[sum of index]."""
    total = fn.const(0, "i64")
    for part in index:
        total = total + part
    return fn.offset(base, total * (BITS[kind] // 8))


def load_ints(fn: Function, base: Value, index: Value | int) -> Value:
    return fn.load(address(fn, "i64", base, index), "i64")


def product(module: Module, tile: Tile) -> str:
    """Emit y (panels*rows, pitch) = a (panels, depth, rows) times the rows of x; gives its name.

    Columns are computed in whole tiles: x must be readable and y writable up to the next multiple.
    """
    kind, lanes, name = tile.kind, tile.lanes, f"product_{tile.name}"
    pointers = dict.fromkeys(("a", "x", "offsets", "y"), "ptr")
    integers = dict.fromkeys(("pitch", "depth", "columns", "panels"), "i64")
    fn = Function(module, name, pointers | integers)
    a, x, offsets, y, pitch, depth, columns, panels = fn.args
    step = PANEL_BYTES // (tile.width * BITS[kind] // 8)
    zero, block = fn.const(0, "i64"), fn.const(step, "i64")
    sums = {at: fn.slot(kind, lanes) for at in tile.grid}
    once = (depth < 1).select(fn.const(1, "i64"), depth)  # an empty sum is written, too
    with (
        fn.loop(zero, once, step) as first,
        fn.loop(zero, columns, tile.width) as column,
        fn.loop(zero, panels) as panel,
    ):

        def place(i: int, j: int) -> Value:
            row = (panel * tile.rows + i) * pitch
            return address(fn, kind, y, row, column, j * lanes)

        with fn.when(first.eq(0)):
            for slot in sums.values():
                fn.store(fn.const(0, kind, lanes), slot, slot=True)
        with fn.when(first > 0):
            for at, slot in sums.items():
                fn.store(fn.load(place(*at), kind, lanes), slot, slot=True)
        factors = address(fn, kind, a, (panel * depth + first) * tile.rows)
        with fn.loop(zero, fn.minimum(depth - first, block)) as k:
            line = address(fn, kind, x, load_ints(fn, offsets, first + k), column)
            right = [fn.load(address(fn, kind, line, j * lanes), kind, lanes) for j in range(tile.columns)]
            for i in range(tile.rows):
                factor = fn.load(address(fn, kind, factors, k * tile.rows, i), kind).splat(lanes)
                for j in range(tile.columns):
                    _accumulate(fn, tile, sums[i, j], factor, right[j])
        for at, slot in sums.items():
            fn.store(fn.load_slot(slot, kind, lanes), place(*at))
    fn.emit("ret void")
    return name


def correlation(module: Module, tile: Tile) -> str:
    """Emit w (rows, depth) += g (rows, pitch) times the transposed rows of x; gives its name.

    `columns` of the tile counts rows of x here; `columns` of the call is a multiple of the lanes.
    Rows of x are taken `block` at a time, so that they stay in the second-level cache.
    """
    kind, lanes, name = tile.kind, tile.lanes, f"correlation_{tile.name}"
    pointers = dict.fromkeys(("g", "x", "offsets", "w"), "ptr")
    integers = dict.fromkeys(("pitch", "depth", "columns", "rows", "block"), "i64")
    fn = Function(module, name, pointers | integers)
    g, x, offsets, w, pitch, depth, columns, rows, block = fn.args
    zero = fn.const(0, "i64")
    sums = {at: fn.slot(kind, lanes) for at in tile.grid}
    with (
        fn.loop(zero, depth, block) as first,
        fn.loop(zero, rows, tile.rows) as row,
        fn.loop(first, fn.minimum(first + block, depth), tile.columns) as k,
    ):
        stop = fn.minimum(first + block, depth)
        row_at = [fn.minimum(row + i, rows - 1) for i in range(tile.rows)]
        k_at = [fn.minimum(k + j, stop - 1) for j in range(tile.columns)]
        left = [address(fn, kind, g, at * pitch) for at in row_at]
        right = [address(fn, kind, x, load_ints(fn, offsets, at)) for at in k_at]
        for slot in sums.values():
            fn.store(fn.const(0, kind, lanes), slot, slot=True)
        with fn.loop(zero, columns, lanes) as column:
            lines = [fn.load(address(fn, kind, base, column), kind, lanes) for base in left]
            for j, base in enumerate(right):
                other = fn.load(address(fn, kind, base, column), kind, lanes)
                for i, line in enumerate(lines):
                    _accumulate(fn, tile, sums[i, j], line, other)
        for (i, j), slot in sums.items():
            with fn.when((row + i < rows) & (k + j < stop)):
                place = address(fn, kind, w, row_at[i] * depth, k_at[j])
                total = fn.load_slot(slot, kind, lanes).fold(lambda one, other: one + other)
                fn.store(fn.load(place, kind) + total, place)
    fn.emit("ret void")
    return name


def outer(module: Module, tile: Tile) -> str:
    """Emit y (count, pitch) += x[rows + steps] (count, depth) times b (panels, depth, width); gives its name.

    With `fresh` y is written, not added to. Whole panels of y's columns are computed.
    """
    kind, lanes, name = tile.kind, tile.lanes, f"outer_{tile.name}"
    pointers = dict.fromkeys(("x", "rows", "steps", "b", "y"), "ptr")
    integers = dict.fromkeys(("count", "depth", "pitch", "panels", "fresh"), "i64")
    fn = Function(module, name, pointers | integers)
    x, rows, steps, b, y, count, depth, pitch, panels, fresh = fn.args
    block = OUTER_BYTES[tile.columns] // (tile.width * BITS[kind] // 8)
    zero = fn.const(0, "i64")
    sums = {at: fn.slot(kind, lanes) for at in tile.grid}
    once = (depth < 1).select(fn.const(1, "i64"), depth)  # an empty sum is written, too
    with (
        fn.loop(zero, once, block) as first,
        fn.loop(zero, panels) as panel,
        fn.loop(zero, count, tile.rows) as row,
    ):
        row_at = [fn.minimum(row + i, count - 1) for i in range(tile.rows)]
        lines = [address(fn, kind, x, load_ints(fn, rows, at)) for at in row_at]
        places = [address(fn, kind, y, at * pitch, panel * tile.width) for at in row_at]
        new = first.eq(0) & fresh.ne(0)
        with fn.when(new):
            for slot in sums.values():
                fn.store(fn.const(0, kind, lanes), slot, slot=True)
        with fn.when(~new):
            for (i, j), slot in sums.items():
                fn.store(fn.load(address(fn, kind, places[i], j * lanes), kind, lanes), slot, slot=True)
        factors = address(fn, kind, b, (panel * depth + first) * tile.width)
        moves = address(fn, "i64", steps, first)
        with fn.loop(zero, fn.minimum(depth - first, fn.const(block, "i64"))) as k:
            step = load_ints(fn, moves, k)
            right = [
                fn.load(address(fn, kind, factors, k * tile.width, j * lanes), kind, lanes) for j in range(tile.columns)
            ]
            for i, line in enumerate(lines):
                factor = fn.load(address(fn, kind, line, step), kind).splat(lanes)
                for j in range(tile.columns):
                    _accumulate(fn, tile, sums[i, j], factor, right[j])
        for i, place in enumerate(places):
            with fn.when(row + i < count):
                for j in range(tile.columns):
                    fn.store(fn.load_slot(sums[i, j], kind, lanes), address(fn, kind, place, j * lanes))
    fn.emit("ret void")
    return name


def transposed(vectors: list[Value]) -> list[Value]:
    """The rows of the transpose of a square of values: as many vectors as each has lanes."""
    lanes, step = vectors[0].lanes, 1
    while step < lanes:
        for i in range(lanes):
            if not i & step:
                one, two = vectors[i], vectors[i | step]
                low = [lane if not lane & step else lanes + (lane ^ step) for lane in range(lanes)]
                high = [lane ^ step if not lane & step else lanes + lane for lane in range(lanes)]
                vectors[i], vectors[i | step] = one.shuffle(two, low), one.shuffle(two, high)
        step *= 2
    return vectors


PANELS = ("tasks", "group", "row", "outputs", "depth", "panels")
"""The numbers of a panel packer: panels in all, strides of groups and rows, sizes."""


def panel_packer(module: Module, name: str, tile: Tile, header: int) -> None:
    """Emit the copy of matrices into the panels that `product` reads.

    Element (i, k) of group g is source[g * group + i * row + places[k]]; rows are filled with zeros.
    """
    kind = tile.kind
    fn, (source, places, target, numbers), panel, _ = task(module, f"{name}_task", 4)
    at = read(fn, numbers, PANELS)
    zero = fn.const(0, "i64")
    first = panel.urem(at["panels"]) * tile.rows
    matrix = address(fn, kind, source, panel.udiv(at["panels"]) * at["group"])
    lines = [address(fn, kind, matrix, fn.minimum(first + i, at["outputs"] - 1) * at["row"]) for i in range(tile.rows)]
    with fn.loop(zero, at["depth"]) as k:
        place = load_ints(fn, places, k)
        for i, line in enumerate(lines):
            value = fn.load(address(fn, kind, line, place), kind)
            value = (first + i < at["outputs"]).select(value, fn.const(0, kind))
            row = (panel * at["depth"] + k) * tile.rows
            fn.store(value, address(fn, kind, target, row, i))
    fn.emit("ret void")
    entry(module, name, f"{name}_task", 4, 0, header)


def read(fn: Function, base: Value, names: tuple[str, ...], start: Value | int = 0) -> dict[str, Value]:
    """Load the named integers of a table."""
    base = address(fn, "i64", base, start)
    return {name: load_ints(fn, base, at) for at, name in enumerate(names)}


def task(module: Module, name: str, count: int) -> tuple[Function, list[Value], Value, Value]:
    """Begin a task of `flambeau_run`: its arrays, its number, and that of the thread it runs on."""
    fn = Function(module, name, {"block": "ptr", "index": "i64", "worker": "i64"})
    block, index, worker = fn.args
    return fn, [fn.load(fn.offset(block, 8 * k), "ptr") for k in range(count)], index, worker


def entry(module: Module, name: str, run: str, count: int, tasks: int, header: int) -> None:
    """Emit `name(*arrays)` for Python, which runs a task as often as its last array's element says."""
    fn = Function(module, name, CALLED, "ptr")
    none, args, _ = fn.args
    block = Value(fn, "%block", "ptr", 1)
    fn.entry.append(f"  %block = alloca [{count} x ptr]")
    for k in range(count):
        pointer = data(fn, args, k, header)
        fn.store(pointer, fn.offset(block, 8 * k))
    run_tasks(fn, run, block, load_ints(fn, pointer, tasks))
    give_none(fn, none)


def _accumulate(fn: Function, tile: Tile, slot: Value, x: Value, y: Value) -> None:
    total = fn.load_slot(slot, tile.kind, tile.lanes)
    fn.store(x.call("fma", y, total), slot, slot=True)
