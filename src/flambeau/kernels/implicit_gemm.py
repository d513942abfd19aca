"""Convolution as implicit matrix products: pack a block of images, multiply, unpack.

A block is some images, or some of the outermost rows of one image. Its input channels are copied
into scratch memory as zero-padded lines of one length, each phase of the stride by itself; there,
the elements that one kernel position meets are the elements that another one meets, shifted. So a
row of the "matrix" is an offset into the scratch (`gemm.product`, `gemm.correlation`), whatever the
number of axes, padding, stride and dilation. Columns that lie in the padding are computed and
dropped.

The kernels are compiled once for each element type; the geometry is data, a table of integers: two
`LAYOUT`s, a `PLAN` and a `PHASE` for each phase of the output.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack

from flambeau.kernels.emit import BITS, Function, Module, Value, llvm_type
from flambeau.kernels.gemm import Tile, address, correlation, entry, product, read, task

LAYOUT = (
    *("sn", "sc", "sd", "sh", "sw"),  # strides of the array
    *("d", "h", "w"),  # its sizes
    *("td", "th", "tw", "pd", "ph", "pw"),  # array index = grid index * t + phase - p
    *("gd", "gh", "gw"),  # sizes of a grid in scratch
    *("cd", "ch", "cw", "ed", "eh", "ew"),  # c grids a channel, of the phases 0, e, 2e, ...
    "pitch",  # scratch elements from one channel to the next
)
"""How channels of an array lie in scratch: one grid for each phase of each channel."""

PLAN = (
    *("batch", "images", "outer", "rows"),  # the batch and a block's share; outermost rows alike
    *("groups", "inputs", "outputs", "panels"),  # channels of a group; panels of outputs
    *("columns", "phases", "second"),  # columns of the product, output phases, 2nd scratch's start
    *("size", "block"),  # scratch of one output phase; rows of a correlation to take together
    *("tasks", "blocks", "share", "chunk"),  # scratch of a thread, result of a task
)
TASKS = 2 * len(LAYOUT) + PLAN.index("tasks")
"""Where the table says how many tasks there are."""
PHASE = ("rd", "rh", "rw", "depth", "factors", "offsets")
"""An output phase: which one, its number of products, and where its operands start."""

Values = dict[str, Value]


def ceil_div(x: Value, y: Value) -> Value:
    """max(0, ceil(x / y)) for a positive y."""
    return (x > 0).select((x + y - 1).udiv(y), x.like(0))


class _Rows:
    """The loops over the rows of one phase (rd, rh) of a group, in the array and in scratch."""

    pointers = ("array", "scratch", "bias", "layout")
    integers = ("channels", "images", "image", "rows", "row", "rd", "rh")

    def __init__(self, module: Module, name: str, more: tuple[str, ...], tile: Tile) -> None:
        self.kind, self.lanes = tile.kind, tile.lanes
        integers = dict.fromkeys((*self.integers, *more), "i64")
        self.fn = Function(module, name, dict.fromkeys(self.pointers, "ptr") | integers)
        names = (*self.pointers, *self.integers, *more)
        self.args = dict(zip(names, self.fn.args, strict=True))
        self.at = read(self.fn, self.args["layout"], LAYOUT)

    def enter(self, stack: ExitStack) -> tuple[Value, Value, Value]:
        """Emit the loops; the channel, and the first elements of the row in scratch and array."""
        fn, at, args = self.fn, self.at, self.args
        zero, enter = fn.const(0, "i64"), stack.enter_context
        c = enter(fn.loop(zero, args["channels"]))
        n = enter(fn.loop(zero, args["images"]))
        d = enter(fn.loop(zero, args["rows"]))
        d_at = (d + args["row"]) * at["td"] + args["rd"] - at["pd"]
        enter(fn.when((d_at >= 0) & (d_at < at["d"])))
        h = enter(fn.loop(zero, at["gh"]))
        h_at = h * at["th"] + args["rh"] - at["ph"]
        enter(fn.when((h_at >= 0) & (h_at < at["h"])))
        line = ((n * at["gd"] + d) * at["gh"] + h) * at["gw"]
        near = address(fn, self.kind, args["scratch"], c * at["pitch"], line)
        start = (n + args["image"]) * at["sn"] + c * at["sc"]
        far = address(fn, self.kind, args["array"], start, d_at * at["sd"] + h_at * at["sh"])
        return c, near, far

    def span(self, phase: Value) -> tuple[Value, Value, Value]:
        """The first grid column of a phase, how many there are, and the first's array column."""
        at = self.at
        first = ceil_div(at["pw"] - phase, at["tw"])
        stop = self.fn.minimum(ceil_div(at["w"] + at["pw"] - phase, at["tw"]), at["gw"])
        return first, stop - first, first * at["tw"] + phase - at["pw"]

    def load(self, base: Value, first: Value, low: Value, high: Value) -> Value:
        """base[first + lane] in the lanes for which low <= first + lane < high, else 0."""
        vector, suffix, mask = self._mask(first, low, high)
        name = self.fn.module.declare(
            f"llvm.masked.load.{suffix}.p0",
            vector,
            f"ptr, i32, <{self.lanes} x i1>, {vector}",
        )
        place = address(self.fn, self.kind, base, first)
        arguments = f"ptr {place.ref}, i32 {BITS[self.kind] // 8}, {mask}, {vector} zeroinitializer"
        return self.fn.op(f"call {vector} {name}({arguments})", self.kind, self.lanes)

    def store(self, value: Value, base: Value, first: Value, low: Value, high: Value) -> None:
        """Store the lanes for which low <= first + lane < high at base[first + lane]."""
        vector, suffix, mask = self._mask(first, low, high)
        name = self.fn.module.declare(
            f"llvm.masked.store.{suffix}.p0", "void", f"{vector}, ptr, i32, <{self.lanes} x i1>"
        )
        place = address(self.fn, self.kind, base, first)
        align = BITS[self.kind] // 8
        self.fn.emit(f"call void {name}({vector} {value.ref}, ptr {place.ref}, i32 {align}, {mask})")

    def _mask(self, first: Value, low: Value, high: Value) -> tuple[str, str, str]:
        at = self.fn.lane_index(self.lanes) + first.splat(self.lanes)
        mask = (at >= low.splat(self.lanes)) & (at < high.splat(self.lanes))
        return (
            llvm_type(self.kind, self.lanes),
            f"v{self.lanes}{self.kind}",
            f"{mask.type} {mask.ref}",
        )

    def zip(self, left: Value, right: Value, places: Iterable[int]) -> Value:
        """The lanes of two vectors in the order that `places` gives."""
        lanes = ", ".join(f"i32 {at}" for at in places)
        return self.fn.op(
            f"shufflevector {left.type} {left.ref}, {right.type} {right.ref}, <{self.lanes} x i32> <{lanes}>",
            self.kind,
            self.lanes,
        )


def pack(module: Module, tile: Tile) -> str:
    """Emit the copy of one phase (rd, rh, rw) of an array's group into scratch."""
    rows = _Rows(module, f"pack_{tile.kind}", ("rw",), tile)
    fn, kind, lanes = rows.fn, tile.kind, tile.lanes
    zero = fn.const(0, "i64")
    first, count, column = rows.span(rows.args["rw"])
    step = rows.at["sw"] * rows.at["tw"]
    whole = count & -lanes
    rest = fn.lane_index(lanes) < (count - whole).splat(lanes)
    with ExitStack() as stack:
        _, near, far = rows.enter(stack)
        near = address(fn, kind, near, first)
        far = address(fn, kind, far, column * rows.at["sw"])
        with fn.when(step.eq(1)):
            with fn.loop(zero, whole, lanes) as at:
                fn.store(fn.load(address(fn, kind, far, at), kind, lanes), address(fn, kind, near, at))
            with fn.when(whole < count):
                tail = fn.load_masked(address(fn, kind, far, whole), kind, rest)
                fn.store_masked(tail, address(fn, kind, near, whole), rest)
        with fn.when(step.eq(2)), fn.loop(zero, count, lanes) as at:
            stop = count * 2 - 1
            halves = [rows.load(far, at * 2 + half, zero, stop) for half in (0, lanes)]
            rows.store(rows.zip(*halves, range(0, 2 * lanes, 2)), near, at, zero, count)
        with fn.when(step.ne(1) & step.ne(2)), fn.loop(zero, count) as at:
            value = fn.load(address(fn, kind, far, at * step), kind)
            fn.store(value, address(fn, kind, near, at))
    fn.emit("ret void")
    return f"pack_{kind}"


def _unpack(module: Module, tile: Tile) -> str:
    """Emit the copy of all phases along the last axis, `size` apart in scratch, plus the bias."""
    rows = _Rows(module, f"unpack_{tile.kind}", ("size",), tile)
    fn, kind, lanes = rows.fn, tile.kind, tile.lanes
    zero, at = fn.const(0, "i64"), rows.at
    plain = at["sw"].eq(1)
    with ExitStack() as stack:
        c, near, far = rows.enter(stack)
        bias = fn.load(address(fn, kind, rows.args["bias"], c), kind)
        with fn.when(plain & at["tw"].eq(1)), fn.loop(zero, at["w"], lanes) as w:
            value = fn.load(address(fn, kind, near, at["pw"] + w), kind, lanes)
            rows.store(value + bias.splat(lanes), far, w, zero, at["w"])
        with fn.when(plain & at["tw"].eq(2)):
            other = address(fn, kind, near, rows.args["size"])
            stop = (at["w"] + at["pw"] + 1) >> 1
            with fn.loop(zero, stop, lanes) as g:
                pair = [fn.load(address(fn, kind, base, g), kind, lanes) + bias.splat(lanes) for base in (near, other)]
                for half in (0, 1):
                    places = [lanes * (lane % 2) + (lane + half * lanes) // 2 for lane in range(lanes)]
                    w = g * 2 + half * lanes - at["pw"]
                    rows.store(rows.zip(*pair, places), far, w, zero, at["w"])
        with fn.when(~(plain & (at["tw"] < 3))), fn.loop(zero, at["tw"]) as phase:
            base = address(fn, kind, near, phase * rows.args["size"])
            first, count, column = rows.span(phase)
            with fn.loop(zero, count) as g:
                value = fn.load(address(fn, kind, base, first + g), kind) + bias
                w = (column + g * at["tw"]) * at["sw"]
                fn.store(value, address(fn, kind, far, w))
    fn.emit("ret void")
    return f"unpack_{kind}"


class _Driver:
    """What the two drivers share: tables, the loop over blocks, the packing of a group."""

    def __init__(self, module: Module, name: str, pointers: tuple[str, ...], kind: str) -> None:
        args = dict.fromkeys(pointers, "ptr") | dict.fromkeys(("begin", "end"), "i64")
        self.fn, self.kind = Function(module, name, args), kind
        self.arguments = dict(zip(args, self.fn.args, strict=True))
        table = self.arguments["plan"]
        self.tables = [address(self.fn, "i64", table, at * len(LAYOUT)) for at in (0, 1)]
        self.layouts = [read(self.fn, each, LAYOUT) for each in self.tables]
        self.plan = read(self.fn, table, PLAN, 2 * len(LAYOUT))
        self.phases = address(self.fn, "i64", table, 2 * len(LAYOUT) + len(PLAN))
        module.declare("llvm.memset.p0.i64", "void", "ptr, i8, i64, i1")

    def call(self, name: str, *values: Value) -> None:
        self.fn.emit(f"call void @{name}({', '.join(f'{v.type} {v.ref}' for v in values)})")

    def count(self, stack: ExitStack, stop: Value) -> Value:
        return stack.enter_context(self.fn.loop(self.fn.const(0, "i64"), stop))

    def blocks(self, stack: ExitStack) -> Values:
        """Emit the loop over the blocks begin to end: where each starts and how much it has."""
        fn, plan, args = self.fn, self.plan, self.arguments
        split = ceil_div(plan["outer"], plan["rows"])
        block = stack.enter_context(fn.loop(args["begin"], args["end"]))
        image, row = block.udiv(split) * plan["images"], block.urem(split) * plan["rows"]
        return {
            "images": fn.minimum(plan["images"], plan["batch"] - image),
            "image": image,
            "rows": fn.minimum(plan["rows"], plan["outer"] - row),
            "row": row,
        }

    def of_group(self, which: int, array: str, group: Value, channels: Value) -> Value:
        """The address of a group's first channel."""
        first = group * channels * self.layouts[which]["sc"]
        return address(self.fn, self.kind, self.arguments[array], first)

    def pack(self, which: int, array: Value, scratch: Value, channels: Value, block: Values) -> None:
        """Emit the packing of a group's channels: all is cleared, then every phase copied."""
        fn, at = self.fn, self.layouts[which]
        size = channels * at["pitch"] * (BITS[self.kind] // 8)
        fn.emit(f"call void @llvm.memset.p0.i64(ptr {scratch.ref}, i8 0, i64 {size.ref}, i1 false)")
        plane = self.plan["images"] * at["gd"] * at["gh"] * at["gw"]
        block = block if which else block | {"rows": at["gd"]}
        with ExitStack() as stack:
            d, h, w = (self.count(stack, at[axis]) for axis in ("cd", "ch", "cw"))
            copy = ((d * at["ch"] + h) * at["cw"] + w) * plane
            places = (array, address(fn, self.kind, scratch, copy), array, self.tables[which])
            phase = (d * at["ed"], h * at["eh"], w * at["ew"])
            self.call(f"pack_{self.kind}", *places, channels, *block.values(), *phase)


def forward(module: Module, name: str, tile: Tile) -> None:
    """Emit the driver of convolutions and of inputs' cotangents, for the blocks begin to end."""
    kind = tile.kind
    multiply = product(module, tile)
    pack(module, tile)
    unpack = _unpack(module, tile)
    pointers = ("input", "factors", "offsets", "output", "bias", "scratch", "plan")
    driver = _Driver(module, name, pointers, kind)
    fn, args, plan = driver.fn, driver.arguments, driver.plan
    packed, sums = args["scratch"], address(fn, kind, args["scratch"], plan["second"])
    with ExitStack() as stack:
        block = driver.blocks(stack)
        group = driver.count(stack, plan["groups"])
        images = driver.of_group(0, "input", group, plan["inputs"])
        driver.pack(0, images, packed, plan["inputs"], block)
        output = driver.of_group(1, "output", group, plan["outputs"])
        bias = address(fn, kind, args["bias"], group * plan["outputs"])
        along = driver.layouts[1]["tw"]
        line = driver.count(stack, plan["phases"].udiv(along)) * along
        with fn.loop(fn.const(0, "i64"), along) as w:
            phase = read(fn, driver.phases, PHASE, (line + w) * len(PHASE))
            panel = group * plan["panels"] * phase["depth"] * tile.rows
            factors = address(fn, kind, args["factors"], phase["factors"], panel)
            offsets = address(fn, "i64", args["offsets"], phase["offsets"])
            target = address(fn, kind, sums, w * plan["size"])
            sizes = (driver.layouts[1]["pitch"], phase["depth"], plan["columns"], plan["panels"])
            driver.call(multiply, factors, packed, offsets, target, *sizes)
        phase = read(fn, driver.phases, PHASE, line * len(PHASE))
        place = (output, sums, bias, driver.tables[1])
        sizes = (*block.values(), phase["rd"], phase["rh"], plan["size"])
        driver.call(unpack, *place, plan["outputs"], *sizes)
    fn.emit("ret void")


def weight(module: Module, name: str, tile: Tile) -> None:
    """Emit the driver that adds the blocks' share to a weight's cotangent (groups, outputs, depth)."""
    kind = tile.kind
    correlate = correlation(module, tile)
    pack(module, tile)
    pointers = ("input", "cotangent", "offsets", "output", "scratch", "plan")
    driver = _Driver(module, name, pointers, kind)
    fn, args, plan = driver.fn, driver.arguments, driver.plan
    packed, outer = args["scratch"], address(fn, kind, args["scratch"], plan["second"])
    depth = read(fn, driver.phases, PHASE)["depth"]
    with ExitStack() as stack:
        block = driver.blocks(stack)
        group = driver.count(stack, plan["groups"])
        images = driver.of_group(0, "input", group, plan["inputs"])
        driver.pack(0, images, packed, plan["inputs"], block)
        cotangent = driver.of_group(1, "cotangent", group, plan["outputs"])
        driver.pack(1, cotangent, outer, plan["outputs"], block)
        output = address(fn, kind, args["output"], group * plan["outputs"] * depth)
        pitch = driver.layouts[1]["pitch"]
        sizes = (pitch, depth, plan["columns"], plan["outputs"], plan["block"])
        driver.call(correlate, outer, packed, args["offsets"], output, *sizes)
    fn.emit("ret void")


def convolver(module: Module, name: str, tile: Tile, header: int) -> None:
    """Emit `name(input, factors, offsets, output, bias, scratch, plan)`: a task is a block."""
    forward(module, f"{name}_blocks", tile)
    fn, arrays, index, worker = task(module, f"{name}_task", 7)
    plan = read(fn, arrays[6], PLAN, 2 * len(LAYOUT))
    arrays[5] = address(fn, tile.kind, arrays[5], worker * plan["share"])
    values = ", ".join(f"{v.type} {v.ref}" for v in (*arrays, index, index + 1))
    fn.emit(f"call void @{name}_blocks({values})")
    fn.emit("ret void")
    entry(module, name, f"{name}_task", 7, TASKS, header)


def weigher(module: Module, name: str, tile: Tile, header: int) -> None:
    """Emit `name(input, cotangent, offsets, output, scratch, plan)`.

    A task sums some of the blocks into an output of its own, so threads do not change the result.
    """
    weight(module, f"{name}_blocks", tile)
    fn, arrays, index, worker = task(module, f"{name}_task", 6)
    plan = read(fn, arrays[5], PLAN, 2 * len(LAYOUT))
    begin = (plan["blocks"] * index).udiv(plan["tasks"])
    end = (plan["blocks"] * (index + 1)).udiv(plan["tasks"])
    arrays[3] = address(fn, tile.kind, arrays[3], index * plan["chunk"])
    arrays[4] = address(fn, tile.kind, arrays[4], worker * plan["share"])
    values = ", ".join(f"{v.type} {v.ref}" for v in (*arrays, begin, end))
    fn.emit(f"call void @{name}_blocks({values})")
    fn.emit("ret void")
    entry(module, name, f"{name}_task", 6, TASKS, header)
