"""Small matrix products inside of other kernels: operands in memory as they lie, sums in registers."""

from __future__ import annotations

from typing import NamedTuple, Self

from flambeau.kernels.emit import BITS, Function, Module, Value

POINTERS = ("a", "b", "c", "start", "later_place")
INTEGERS = (
    *("a_row", "a_step", "b_row", "c_row", "start_row", "rows", "columns", "depth", "add"),
    *("later_row", "later_first", "later_lines"),
)
SIZES = {64: {1: 12, 2: 12, 3: 8, 4: 6}, 32: {1: 8, 2: 6}, 16: {1: 8, 2: 6}}
"""By a vector's bytes: how many rows of how many vectors a tile's sums have."""
WIDEST = 64
"""Bytes of vectors of which a processor may handle halves in half the time: the last columns are cut to such."""
LINE = 64
"""Bytes of a line of the cache, about."""
AHEAD = 12
"""Columns of `a` ahead that a tile asks for, where each lies on other lines."""
TOGETHER = 3
"""Rows of `a` that are addressed from one pointer, by multiples of the stride that the processor has."""


class Later(NamedTuple):
    """Memory that will be read after a product, for which its tiles ask while they compute.

    `row` is in bytes, from one of as many rows as the product is deep to the next. The first tiles ask for nothing,
    then, up to `lines`, each for a line of the cache of every row.
    """

    place: Value
    row: Value
    first: Value
    lines: Value

    def after(self, tiles: Value) -> Self:
        """What is left after so many tiles; before as many, if negative."""
        place = self.place.fn.offset(self.place, tiles * LINE)
        return self._replace(place=place, first=self.first - tiles, lines=self.lines - tiles)

    def or_else(self, condition: Value, other: Self) -> Self:
        return self._replace(**{key: condition.select(self[at], other[at]) for at, key in enumerate(self._fields)})

    def arguments(self) -> dict[str, Value]:
        return {f"later_{key}": value for key, value in self._asdict().items()}


def multiplier(module: Module, kind: str, vector_bytes: int, *, padded: bool = False) -> str:
    """Emit c[i, j] = sum over k of a[i, k] * b[k, j], plus start[i, j] if `add`; gives its name.

    Strides are in bytes: `a_row` and `a_step` of `a`, `b_row`, `c_row`, `start_row`, which may be 0; neighbours in
    a row of `b`, `c` and `start` are neighbours in memory. Nothing outside of the matrices is read or written,
    but if `padded`, rows of `b` are read in whole vectors.
    """
    sizes, lanes = SIZES[vector_bytes], vector_bytes * 8 // BITS[kind]
    strips = {
        lanes * vectors: strip(module, kind, lanes, vectors, rows, padded=padded) for vectors, rows in sizes.items()
    }
    if vector_bytes == WIDEST:
        strips[lanes // 2] = strip(module, kind, lanes // 2, 1, sizes[1], padded=padded)
    name = f"multiply_{kind}"
    fn = Function(module, name, _arguments(), linkage="internal")
    at = dict(zip(_arguments(), fn.args, strict=True))
    widths = sorted(strips)
    with fn.loop(fn.const(0, "i64"), at["columns"], widths[-1]) as j:
        left = at["columns"] - j
        places = {"columns": left} | {x: fn.offset(at[x], j * (BITS[kind] // 8)) for x in ("b", "c", "start")}
        for less, width in zip([0, *widths], widths, strict=False):
            fits = left > less
            if width < widths[-1]:
                fits = fits & (left <= width)
            with fn.when(fits):
                call(fn, strips[width], {**at, **places})
    fn.emit("ret void")
    return name


def call(fn: Function, name: str, arguments: dict[str, Value]) -> None:
    """Emit the call of a multiplier; without a `start` it adds to `c`."""
    zero = fn.const(0, "i64")
    later = Later(arguments["a"], zero, zero, zero).arguments()
    arguments = {"start": arguments["c"], "start_row": arguments["c_row"], **later, **arguments}
    given = ", ".join(f"{arguments[x].type} {arguments[x].ref}" for x in _arguments())
    fn.emit(f"call void @{name}({given})")


def _arguments() -> dict[str, str]:
    return dict.fromkeys(POINTERS, "ptr") | dict.fromkeys(INTEGERS, "i64")


def strip(
    module: Module, kind: str, lanes: int, vectors: int, rows: int, *, even: bool = False, padded: bool = False
) -> str:
    """Emit the product for at most `vectors` vectors of columns, of which the last may be partial; gives its name.

    Tiles have `rows` rows and what is left is cut by halves, or, if `even`, all have about as many: more code, which
    pays where there are few rows.
    """
    fn = Function(module, f"multiply_{kind}_{vectors * lanes}", _arguments(), linkage="internal")
    at = dict(zip(_arguments(), fn.args, strict=True))
    mask = fn.first_lanes(at["columns"] - (vectors - 1) * lanes, kind, lanes)
    if even:
        tiles = (at["rows"] + (rows - 1)).udiv(fn.const(rows, "i64"))
        with fn.loop(fn.const(0, "i64"), tiles) as k:
            start = (at["rows"] * k).udiv(tiles)
            size = (at["rows"] * (k + 1)).udiv(tiles) - start
            for some in range(1, rows + 1):
                with fn.when(size.eq(some)):
                    _tile(fn, at, kind, lanes, vectors, some, start, mask, padded)
    else:
        start = fn.const(0, "i64")
        while rows:
            whole = start + (at["rows"] - start).udiv(start.like(rows)) * rows
            with fn.loop(start, whole, rows) as i:
                _tile(fn, at, kind, lanes, vectors, rows, i, mask, padded)
            start, rows = whole, rows // 2
    fn.emit("ret void")
    return fn.name


def _tile(
    fn: Function,
    at: dict[str, Value],
    kind: str,
    lanes: int,
    vectors: int,
    rows: int,
    i: Value,
    mask: Value,
    padded: bool,
) -> None:
    size = lanes * BITS[kind] // 8
    zero = fn.const(0, "i64")
    sums = [[fn.slot(kind, lanes) for _ in range(vectors)] for _ in range(rows)]

    def load(row: Value, *, whole: bool = False) -> list[Value]:
        found = [fn.load(fn.offset(row, j * size), kind, lanes) for j in range(vectors - 1)]
        last = fn.offset(row, (vectors - 1) * size)
        return [*found, fn.load(last, kind, lanes) if whole else fn.load_masked(last, kind, mask)]

    places = [fn.offset(at["c"], (i + r) * at["c_row"]) for r in range(rows)]
    for slots in sums:
        for slot in slots:
            fn.store(fn.const(0, kind, lanes), slot, slot=True)
    with fn.when(at["add"].ne(0)):
        for r, slots in enumerate(sums):
            place = fn.offset(at["start"], (i + r) * at["start_row"])
            for slot, value in zip(slots, load(place), strict=True):
                fn.store(value, slot, slot=True)
    for place in places:
        for j in range(vectors):
            fn.prefetch(fn.offset(place, j * size), write=True)
    groups = range(0, rows, TOGETHER)
    pointers = [fn.slot("ptr") for _ in groups]
    for first, pointer in zip(groups, pointers, strict=True):
        fn.store(fn.opaque(fn.offset(at["a"], (i + first) * at["a_row"])), pointer, slot=True)
    right, wanted = fn.slot("ptr"), fn.slot("ptr")
    fn.store(at["b"], right, slot=True)
    start, hop = _wanted(fn, at, BITS[kind] // 8, rows, i)
    fn.store(start, wanted, slot=True)
    with fn.loop(zero, at["depth"]):
        there = fn.load_slot(wanted, "ptr")
        fn.prefetch(there)
        fn.store(fn.offset(there, hop), wanted, slot=True)
        line = fn.load_slot(right, "ptr")
        columns = load(line, whole=padded)
        fn.store(fn.offset(line, at["b_row"]), right, slot=True)
        for first, pointer in zip(groups, pointers, strict=True):
            base = fn.load_slot(pointer, "ptr")
            fn.store(fn.offset(base, at["a_step"]), pointer, slot=True)
            for r in range(first, min(first + TOGETHER, rows)):
                factor = fn.load(fn.offset(base, at["a_row"] * (r - first)), kind).splat(lanes)
                for slot, column in zip(sums[r], columns, strict=True):
                    total = fn.load_slot(slot, kind, lanes)
                    fn.store(factor.call("fma", column, total), slot, slot=True)
    for slots, place in zip(sums, places, strict=True):
        for j, slot in enumerate(slots[:-1]):
            fn.store(fn.load_slot(slot, kind, lanes), fn.offset(place, j * size))
    lasts = [(slots[-1], fn.offset(place, (vectors - 1) * size)) for slots, place in zip(sums, places, strict=True)]
    whole = at["columns"] >= vectors * lanes
    with fn.when(whole):  # as in `store_first`
        for slot, last in lasts:
            fn.store(fn.load_slot(slot, kind, lanes), last)
    with fn.when(~whole):
        for slot, last in lasts:
            fn.store_masked(fn.load_slot(slot, kind, lanes), last, mask)


def _wanted(fn: Function, at: dict[str, Value], size: int, rows: int, i: Value) -> tuple[Value, Value]:
    """What the tile from row `i` on asks for as it goes: a first address, and the bytes from one to the next.

    That is what is wanted later, if it is its turn; else the rows of `a` after its own, or, where its columns lie on
    lines of their own, those that it comes to itself.
    """
    along = at["a_step"].eq(size)
    ahead = fn.offset(at["a"], i * at["a_row"] + along.select(at["a_row"] * rows, at["a_step"] * AHEAD))
    line = i.udiv(rows)
    early = (line >= at["later_first"]) & (line < at["later_lines"])
    first = early.select(fn.offset(at["later_place"], line * LINE), ahead)
    return first, early.select(at["later_row"], along.select(at["a_step"] * rows, at["a_step"]))
