"""Convolution as implicit matrix products with vectors along the channels.

The factor that is read scalar by scalar is the input: position p of an output meets element k (a
channel and a kernel position) of its sum at x[pixels[p] + taps[k]], whatever the number of axes,
padding, stride and dilation, so nothing is copied for a kernel position. `gemm.outer` reads x by
these two tables: with rows over positions it gives the output (positions, channels), with rows over
k the weight's cotangent (k, channels). The other factor, and what comes out, is turned round between
memory's order and panels of channels, a square of vectors at a time.

A block is some images, or some of the outermost rows of one image; where there is padding, its
channels are first copied into scratch as zero-padded planes (`implicit_gemm.pack`).
"""

from __future__ import annotations

from contextlib import ExitStack

from flambeau.kernels.emit import BITS, Function, Module, Value
from flambeau.kernels.gemm import Tile, address, entry, load_ints, outer, read, task, transposed
from flambeau.kernels.implicit_gemm import LAYOUT, Values, ceil_div, pack

PLAN = (
    *("tasks", "batch", "images", "outer", "rows"),  # the batch and a block's share; outermost rows alike
    *("groups", "inputs", "outputs", "panels", "phases"),  # channels of a group; panels of outputs
    *("direct", "inside"),  # whether x is read where it is; whether no position meets padding
    *("sn", "sc", "sd"),  # strides of x: of images, channels, rows of blocks
    *("dense", "tn", "tc", "td"),  # the same of the other array; whether its positions follow one another
    *("blocks", "parts", "share", "second", "down"),  # of a weight: blocks; parts of the channels. Scratch.
)
PHASE = ("rows", "inner", "depth", "pixels", "taps", "factors")
"""A phase of the output: outermost rows, positions of a row, length of a sum, where its tables start."""

AT = len(LAYOUT)
"""Where the plan stands behind the layout."""


def _phases(fn: Function, table: Value, index: Value) -> Values:
    return read(fn, table, PHASE, index * len(PHASE) + (AT + len(PLAN)))


def turn(module: Module, tile: Tile) -> str:
    """Emit far[c * step + places[q]] = near[q * pitch + c] + bias[c] for q < count, c < channels.

    With `dense`, places[q] is places[0] + q.
    """
    kind, lanes, name = tile.kind, tile.lanes, f"turn_{tile.kind}"
    pointers = dict.fromkeys(("near", "far", "bias", "places"), "ptr")
    fn = Function(module, name, pointers | dict.fromkeys(("pitch", "step", "count", "channels", "dense"), "i64"))
    near, far, bias, places, pitch, step, count, channels, dense = fn.args
    zero = fn.const(0, "i64")
    with fn.loop(zero, channels, lanes) as c, fn.loop(zero, count, lanes) as q:
        lines = [
            fn.load(address(fn, kind, near, fn.minimum(q + i, count - 1) * pitch, c), kind, lanes) for i in range(lanes)
        ]
        first = load_ints(fn, places, zero) + q
        where = [load_ints(fn, places, fn.minimum(q + lane, count - 1)) for lane in range(lanes)]
        for i, line in enumerate(transposed(lines)):
            with fn.when(c + i < channels):
                total = line + fn.load(address(fn, kind, bias, c, i), kind).splat(lanes)
                start = address(fn, kind, far, (c + i) * step)
                with fn.when(dense.ne(0)):
                    fn.store_first(total, address(fn, kind, start, first), count - q)
                # One by one, which is quicker than the processors' scatter; beyond the end, the last line is stored again.
                with fn.when(dense.eq(0)):
                    for lane, place in enumerate(where):
                        fn.store(total.lane(lane), address(fn, kind, start, place))
    fn.emit("ret void")
    return name


def turn_back(module: Module, tile: Tile) -> str:
    """Emit near[panel of c, q, c in it] = far[c * step + q] for q < count; zeros beyond the channels.

    `depth` is the number of positions of a panel.
    """
    kind, lanes, name = tile.kind, tile.lanes, f"turn_back_{tile.name}"
    pointers = dict.fromkeys(("near", "far"), "ptr")
    fn = Function(module, name, pointers | dict.fromkeys(("depth", "step", "count", "channels", "panels"), "i64"))
    near, far, depth, step, count, channels, panels = fn.args
    zero, none = fn.const(0, "i64"), fn.const(0, kind, lanes)
    with (
        fn.loop(zero, panels) as panel,
        fn.loop(zero, fn.const(tile.width, "i64"), lanes) as part,
        fn.loop(zero, count, lanes) as q,
    ):
        some, lines = fn.first_lanes(count - q, kind, lanes), []
        for i in range(lanes):
            c = panel * tile.width + part + i
            place = address(fn, kind, far, fn.minimum(c, channels - 1) * step, q)
            lines.append((c < channels).select(fn.load_masked(place, kind, some), none))
        for i, line in enumerate(transposed(lines)):
            with fn.when(q + i < count):
                fn.store(line, address(fn, kind, near, (panel * depth + q + i) * tile.width, part))
    fn.emit("ret void")
    return name


class _Driver:
    """What both drivers share: the tables, blocks, and where the factor x is read from."""

    def __init__(self, module: Module, fn: Function, arrays: list[Value], tile: Tile) -> None:
        self.fn, self.kind, self.tile = fn, tile.kind, tile
        self.table = arrays[-1]
        self.layout = read(fn, self.table, LAYOUT)
        self.plan = read(fn, self.table, PLAN, AT)
        module.declare("llvm.memset.p0.i64", "void", "ptr, i8, i64, i1")

    def call(self, name: str, *values: Value) -> None:
        self.fn.emit(f"call void @{name}({', '.join(f'{v.type} {v.ref}' for v in values)})")

    def block(self, index: Value) -> Values:
        fn, plan = self.fn, self.plan
        split = ceil_div(plan["outer"], plan["rows"])
        image, row = index.udiv(split) * plan["images"], index.urem(split) * plan["rows"]
        images = fn.minimum(plan["images"], plan["batch"] - image)
        return {"images": images, "image": image, "row": row}

    def source(self, x: Value, scratch: Value, block: Values, first: Value, channels: Value) -> Value:
        """Where the tables' zero lies for `channels` from `first` on: in x, or in scratch that is filled."""
        fn, plan, at = self.fn, self.plan, self.layout
        x = address(fn, self.kind, x, first * plan["sc"])

        def there() -> Value:
            return address(fn, self.kind, x, block["image"] * plan["sn"], block["row"] * plan["sd"])

        def packed() -> Value:
            size = channels * at["pitch"] * (BITS[self.kind] // 8)
            with fn.when(plan["inside"].eq(0)):
                fn.emit(f"call void @llvm.memset.p0.i64(ptr {scratch.ref}, i8 0, i64 {size.ref}, i1 false)")
            zero = fn.const(0, "i64")
            sizes = (channels, block["images"], block["image"], at["gd"], block["row"] * plan["down"], zero, zero, zero)
            self.call(f"pack_{self.kind}", x, scratch, x, self.table, *sizes)
            return address(fn, self.kind, scratch, zero)

        return fn.either(plan["direct"].ne(0), there, packed)

    def target(self, base: Value, block: Values, group: Value) -> Value:
        """Where a block of the other array starts."""
        plan = self.plan
        first = group * plan["outputs"] * plan["tc"]
        return address(self.fn, self.kind, base, first + block["image"] * plan["tn"], block["row"] * plan["td"])


def convolver(module: Module, name: str, tile: Tile, header: int) -> None:
    """Emit `name(input, factors, pixels, taps, places, output, bias, scratch, plan)`: a task is a block."""
    kind = tile.kind
    multiply, turned = outer(module, tile), turn(module, tile)
    pack(module, tile)
    fn, arrays, index, worker = task(module, f"{name}_task", 9)
    x, factors, pixels, taps, places, output, bias, scratch, _ = arrays
    driver = _Driver(module, fn, arrays, tile)
    plan, zero = driver.plan, fn.const(0, "i64")
    packed = address(fn, kind, scratch, worker * plan["share"])
    sums = address(fn, kind, packed, plan["second"])
    pitch = plan["panels"] * tile.width
    block = driver.block(index)
    with ExitStack() as stack:
        group = stack.enter_context(fn.loop(zero, plan["groups"]))
        source = driver.source(x, packed, block, group * plan["inputs"], plan["inputs"])
        target = driver.target(output, block, group)
        shift = address(fn, kind, bias, group * plan["outputs"])
        phase = _phases(fn, driver.table, stack.enter_context(fn.loop(zero, plan["phases"])))
        each = fn.minimum(plan["rows"], phase["rows"] - block["row"]) * phase["inner"]
        stack.enter_context(fn.when(each > 0))
        positions = address(fn, "i64", pixels, phase["pixels"])
        panel = group * plan["panels"] * phase["depth"] * tile.width
        sizes = (each * block["images"], phase["depth"], pitch, plan["panels"], fn.const(1, "i64"))
        driver.call(
            multiply,
            *(source, positions, address(fn, "i64", taps, phase["taps"])),
            *(address(fn, kind, factors, phase["factors"], panel), sums, *sizes),
        )
        with fn.loop(zero, block["images"]) as n:
            near = address(fn, kind, sums, n * each * pitch)
            where = address(fn, "i64", places, phase["pixels"], n * each)
            driver.call(turned, near, target, shift, where, pitch, plan["tc"], each, plan["outputs"], plan["dense"])
    fn.emit("ret void")
    entry(module, name, f"{name}_task", 9, AT, header)


def weigher(module: Module, name: str, tile: Tile, header: int) -> None:
    """Emit `name(input, cotangent, pixels, taps, places, sums, scratch, plan)`.

    A task sums a share of the blocks, for a part of the channels, into a place of its own in sums
    (shares, groups, channels and kernel positions, outputs), so threads do not change the result.
    """
    kind = tile.kind
    multiply, turned = outer(module, tile), turn_back(module, tile)
    pack(module, tile)
    fn, arrays, index, worker = task(module, f"{name}_task", 8)
    x, cotangent, pixels, taps, places, sums, scratch, _ = arrays
    driver = _Driver(module, fn, arrays, tile)
    plan, zero = driver.plan, fn.const(0, "i64")
    packed = address(fn, kind, scratch, worker * plan["share"])
    factors = address(fn, kind, packed, plan["second"])
    pitch = plan["panels"] * tile.width
    phase = _phases(fn, driver.table, zero)
    part, share = index.urem(plan["parts"]), index.udiv(plan["parts"])
    shares = plan["tasks"].udiv(plan["parts"])
    low, high = ((plan["inputs"] * at).udiv(plan["parts"]) for at in (part, part + 1))
    begin, end = ((plan["blocks"] * at).udiv(shares) for at in (share, share + 1))
    window = phase["depth"].udiv(plan["inputs"])
    with fn.loop(zero, plan["groups"]) as group, fn.loop(begin, end) as at:
        block = driver.block(at)
        source = driver.source(x, packed, block, group * plan["inputs"] + low, high - low)
        far = driver.target(cotangent, block, group)
        each = fn.minimum(plan["rows"], phase["rows"] - block["row"]) * phase["inner"]
        depth = each * block["images"]
        with fn.when(plan["dense"].ne(0)), fn.loop(zero, block["images"]) as n:
            near = address(fn, kind, factors, n * each * tile.width)
            start = address(fn, kind, far, load_ints(fn, places, n * each))
            driver.call(turned, near, start, depth, plan["tc"], each, plan["outputs"], plan["panels"])
        with fn.when(plan["dense"].eq(0)), fn.loop(zero, depth) as q, fn.loop(zero, plan["panels"]) as panel:
            start = address(fn, kind, far, load_ints(fn, places, q))
            near = address(fn, kind, factors, (panel * depth + q) * tile.width)
            with fn.loop(zero, fn.const(tile.width, "i64")) as lane:
                c = panel * tile.width + lane
                value = fn.load(address(fn, kind, start, fn.minimum(c, plan["outputs"] - 1) * plan["tc"]), kind)
                value = (c < plan["outputs"]).select(value, fn.const(0, kind))
                fn.store(value, address(fn, kind, near, lane))
        row = (share * plan["groups"] + group) * phase["depth"] + low * window
        sizes = ((high - low) * window, depth, pitch, plan["panels"], at.eq(begin).convert("i64"))
        driver.call(multiply, source, taps, pixels, factors, address(fn, kind, sums, row * pitch), *sizes)
    fn.emit("ret void")
    entry(module, name, f"{name}_task", 8, AT, header)


TURN = ("tasks", "strips", "channels", "outer", "count", "group", "channel", "step")
"""The numbers of `turner`: strips of a group, its channels; sizes, and strides of the array, inner positions apart."""


def turner(module: Module, name: str, tile: Tile, header: int) -> None:
    """Emit `name(array, panels, numbers)`: (groups, panels, outer, count, width) from an array whose counts lie together.

    Element c, o, q of a group is array[c * channel + o * step + q]. A task is one vector of channels.
    """
    kind, lanes = tile.kind, tile.lanes
    fn, (array, panels, numbers), index, _ = task(module, f"{name}_task", 3)
    at, zero = read(fn, numbers, TURN), fn.const(0, "i64")
    group, first = index.udiv(at["strips"]), index.urem(at["strips"]) * lanes
    width = fn.const(tile.width, "i64")
    depth = at["outer"] * at["count"]
    start = address(fn, kind, array, group * at["group"])
    near = address(fn, kind, panels, index * lanes * depth - first.urem(width) * (depth - 1))
    none = fn.const(0, kind, lanes)
    with fn.loop(zero, at["outer"]) as o, fn.loop(zero, at["count"], lanes) as q:
        some, lines = fn.first_lanes(at["count"] - q, kind, lanes), []
        for i in range(lanes):
            c = first + i
            line = fn.minimum(c, at["channels"] - 1) * at["channel"]
            value = fn.load_masked(address(fn, kind, start, line, o * at["step"] + q), kind, some)
            lines.append((c < at["channels"]).select(value, none))
        for i, line in enumerate(transposed(lines)):
            with fn.when(q + i < at["count"]):
                fn.store(line, address(fn, kind, near, (o * at["count"] + q + i) * tile.width))
    fn.emit("ret void")
    entry(module, name, f"{name}_task", 3, 0, header)


FOLD = ("tasks", "parts", "depth", "outputs", "pitch", "size")  # then zeros


def folder(module: Module, name: str, tile: Tile, header: int) -> None:
    """Emit `name(sums, weight, zeros, plan)`: weight (groups, outputs, depth) from sums (shares, groups, depth, pitch).

    A task is `lanes` rows of a group's sums, of which the shares are added in order.
    """
    kind, lanes = tile.kind, tile.lanes
    turned = turn(module, tile)
    fn, (sums, weight, zeros, numbers), index, _ = task(module, f"{name}_task", 4)
    at = read(fn, numbers, FOLD)
    zero = fn.const(0, "i64")
    strips = ceil_div(at["depth"], fn.const(lanes, "i64"))
    group, first = index.udiv(strips), index.urem(strips) * lanes
    rows = fn.minimum(at["depth"] - first, fn.const(lanes, "i64"))
    start = address(fn, kind, sums, (group * at["depth"] + first) * at["pitch"])
    with fn.loop(fn.const(1, "i64"), at["parts"]) as part:
        other = address(fn, kind, start, part * at["size"])
        with fn.loop(zero, rows * at["pitch"], lanes) as place:
            here = address(fn, kind, start, place)
            total = fn.load(here, kind, lanes) + fn.load(address(fn, kind, other, place), kind, lanes)
            fn.store(total, here)
    far = address(fn, kind, weight, group * at["outputs"] * at["depth"], first)
    none = address(fn, "i64", numbers, len(FOLD))
    values = (start, far, zeros, none, at["pitch"], at["depth"], rows, at["outputs"], fn.const(1, "i64"))
    fn.emit(f"call void @{turned}({', '.join(f'{v.type} {v.ref}' for v in values)})")
    fn.emit("ret void")
    entry(module, name, f"{name}_task", 4, 0, header)
