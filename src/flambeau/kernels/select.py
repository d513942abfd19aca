"""The k least elements of each line in order, or the k-th alone: by keys, bisection and merging.

An element's key is an unsigned integer in the order wanted: NaN above all numbers, -0 with 0, all
turned round for the largest. The k-th key is found by halving the range of keys and counting, which
vectors do at the speed of memory; what lies below is collected in the order of positions, and
sorted so that ties keep that order: few by ranks in blocks that are merged, many digit by digit.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

from flambeau.kernels import threads
from flambeau.kernels.emit import BITS, Module, Value
from flambeau.kernels.entry import ALONE, Kernel, Task, division, kernel, table
from flambeau.kernels.gather import KINDS, c_strides, swept
from flambeau.kernels.pool import empty
from flambeau.kernels.scan import merged

BLOCK = 32
"""Elements sorted by their ranks."""
RADIX = 1 << 11
"""Elements from which digits are sooner sorted than blocks merged."""
DIGIT = 11
SHARE = 1 << 13
"""Elements that are worth a task."""

# The bits of infinity: what has more of them, apart from the sign, is NaN.
INFINITY = {"float16": 0x7C00, "bfloat16": 0x7F80, "float32": 0x7F800000, "float64": 0x7FF << 52}


def _key(raw: Value, dtype: str, largest: bool, width: int) -> Value:
    """The key of elements loaded as unsigned integers of their size, in `width` bits."""
    bits = BITS[raw.kind]
    sign = 1 << (bits - 1)
    key = raw
    if dtype in INFINITY:
        size = raw & (sign - 1)
        below = (raw.convert(f"i{bits}") >> (bits - 1)).convert(raw.kind)
        key = size.eq(0).select(raw.like(sign), raw ^ (below | sign))
        key = (size > INFINITY[dtype]).select(raw.like((1 << bits) - 1), key)
    elif dtype.startswith("int"):
        key = raw ^ sign
    key = key.convert(f"u{width}")
    return ~key if largest else key


class _Select:
    """The kernel; `only` asks for the k-th alone, `dense` says that a line's elements lie side by side."""

    def __init__(self, name: str, dtype: str, largest: bool, dense: bool, only: bool) -> None:
        size = np.dtype(dtype if dtype != "bfloat16" else "uint16").itemsize
        self.dtype, self.largest, self.raw = dtype, largest, f"u{8 * size}"
        self.kind = "u64" if size == 8 else "u32"
        self.item = "u128" if size == 8 else "u64"
        self.size, self.bytes, self.item_bytes = size, BITS[self.kind] // 8, BITS[self.item] // 8
        self.lanes = 64 // self.bytes
        integers = ("lines", "inner", "n", "k", "share", "room", "outer_x", "along_x", "inner_x", "outer_y", "along_y")
        self.task = task = Task(Module(), name, ("x", "values", "places", "scratch"), integers)
        fn = self.fn = task.fn
        self.zero, self.n, self.k = fn.const(0, "i64"), task["n"], task["k"]
        self.along = fn.const(size, "i64") if dense else task["along_x"]
        self.dense = dense
        self.keys = fn.offset(task["scratch"], task.worker * task["room"])
        chosen = fn.offset(self.keys, self.padded(self.n) * self.bytes)
        self.chosen, self.where = chosen, fn.offset(chosen, self.padded(self.k) * self.bytes)
        self.items = fn.offset(self.where, self.padded(self.k) * 4)
        self.spare = fn.offset(self.items, self.padded(self.k) * self.item_bytes)
        self.low, self.high, self.below = fn.slot(self.kind), fn.slot(self.kind), fn.slot("i64")
        first = task.task * task["share"]
        with fn.loop(first, fn.minimum(first + task["share"], task["lines"])) as r:
            outer, inner = r.udiv(task["inner"]), r.urem(task["inner"])
            self.line = fn.offset(task["x"], outer * task["outer_x"] + inner * task["inner_x"])
            self.out = outer * task["outer_y"] + inner
            self.fill_keys()
            self.bisect(exact=only)
            if only:
                self.deliver_one()
            else:
                self.collect()
                with fn.when(self.k < RADIX):
                    self.rank()
                    self.merge()
                with fn.when(self.k >= RADIX):
                    self.distribute()

    def padded(self, count: Value) -> Value:
        """Room for so many, up to a whole number of blocks, and a block more."""
        return (count + (2 * BLOCK - 1)) & -BLOCK

    def key_at(self, i: Value, lanes: int = 1) -> Value:
        return self.fn.load(self.fn.offset(self.keys, i * self.bytes), self.kind, lanes)

    def fill_keys(self) -> None:
        """The keys of a line, and the range in which they lie."""
        fn = self.fn
        most = fn.const((1 << BITS[self.kind]) - 1, self.kind)

        def write(i: Value, lanes: int) -> None:
            raw = fn.load(fn.offset(self.line, i * self.along), self.raw, lanes)
            key = _key(raw, self.dtype, self.largest, BITS[self.kind])
            fn.store(key, fn.offset(self.keys, i * self.bytes))

        if self.dense:
            swept(fn, self.zero, self.n, self.lanes, write)
        else:
            with fn.loop(self.zero, self.n) as i:
                write(i, 1)
        with fn.loop(self.n, self.padded(self.n)) as i:
            fn.store(most, fn.offset(self.keys, i * self.bytes))
        fn.store(fn.const(0, self.kind), self.high, slot=True)
        fn.store(most, self.low, slot=True)
        whole = self.n & -self.lanes
        least, greatest = fn.slot(self.kind, self.lanes), fn.slot(self.kind, self.lanes)
        with fn.when(whole > 0):
            fn.store(most.splat(self.lanes), least, slot=True)
            fn.store(fn.const(0, self.kind, self.lanes), greatest, slot=True)
            with fn.loop(self.zero, whole, self.lanes) as i:
                key = self.key_at(i, self.lanes)
                self.widen(least, greatest, key, key)
            vectors = (fn.load_slot(slot, self.kind, self.lanes) for slot in (least, greatest))
            low, high = next(vectors).fold(_min), next(vectors).fold(_max)
            self.widen(self.low, self.high, low, high)
        with fn.loop(whole, self.n) as i:
            key = self.key_at(i)
            self.widen(self.low, self.high, key, key)

    def widen(self, least: Value, greatest: Value, low: Value, high: Value) -> None:
        fn = self.fn
        fn.store(_min(fn.load_slot(least, self.kind, low.lanes), low), least, slot=True)
        fn.store(_max(fn.load_slot(greatest, self.kind, high.lanes), high), greatest, slot=True)

    def count(self, bound: Value) -> Value:
        """How many keys are not above `bound`, which is less than the greatest."""
        fn, lanes = self.fn, self.lanes
        total = fn.slot("i64")
        fn.store(self.zero, total, slot=True)
        limit = bound.splat(lanes)
        step = min(4 * lanes, BLOCK)
        with fn.loop(self.zero, (self.n + (step - 1)) & -step, step) as i:
            now = fn.load_slot(total, "i64")
            for part in range(step // lanes):
                hit = self.key_at(i + part * lanes, lanes) <= limit
                now = now + _bits(hit).call("ctpop").convert("u64").convert("i64")
            fn.store(now, total, slot=True)
        return fn.load_slot(total, "i64")

    def bisect(self, *, exact: bool) -> None:
        """Bring `low` to the least bound that k keys are not above, or to one that exactly k are not above."""
        fn = self.fn
        if not exact:  # all of them: nothing is to be found
            with fn.when(self.k.eq(self.n)):
                fn.store(fn.load_slot(self.high, self.kind), self.low, slot=True)
        with fn.repeat(lambda: fn.load_slot(self.low, self.kind) < fn.load_slot(self.high, self.kind)):
            low, high = fn.load_slot(self.low, self.kind), fn.load_slot(self.high, self.kind)
            middle = low + ((high - low) >> 1)
            found = self.count(middle)
            few = found < self.k
            new_high = few.select(high, middle)
            new_low = few.select(middle + 1, low)
            if not exact:
                new_low = found.eq(self.k).select(middle, new_low)
            fn.store(new_low, self.low, slot=True)
            fn.store(new_high, self.high, slot=True)

    def collect(self) -> None:
        """Keys and places of the k least, in the order of places."""
        fn = self.fn
        bound = fn.load_slot(self.low, self.kind)
        at, ties = fn.slot("i64"), fn.slot("i64")
        less = fn.slot("i64")
        fn.store(self.zero, less, slot=True)
        # Below the bound all are wanted; of those at it as many as are missing.
        with fn.when(bound.ne(0)):
            fn.store(self.count(bound - 1), less, slot=True)
        fn.store(self.k - fn.load_slot(less, "i64"), ties, slot=True)
        fn.store(self.zero, at, slot=True)
        lanes = 16
        whole = self.n & -lanes

        def take(i: Value) -> None:
            key = self.key_at(i)
            place, left = fn.load_slot(at, "i64"), fn.load_slot(ties, "i64")
            tie = key.eq(bound) & (left > 0)
            wanted = (key < bound) | tie
            fn.store(key, fn.offset(self.chosen, place * self.bytes))
            fn.store(i.convert("u32"), fn.offset(self.where, place * 4))
            fn.store(place + wanted.convert("i64"), at, slot=True)
            fn.store(left - tie.convert("i64"), ties, slot=True)

        with fn.loop(self.zero, whole, lanes) as i:
            near = _bits(self.key_at(i, lanes) <= bound.splat(lanes))
            with fn.when(near.ne(0)):
                for lane in range(lanes):
                    take(i + lane)
        with fn.loop(whole, self.n) as i:
            take(i)

    def rank(self) -> None:
        """Blocks of the chosen in order, as items: the key above the place."""
        fn, shift = self.fn, BITS[self.item] // 2
        most = fn.const((1 << BITS[self.kind]) - 1, self.kind)
        with fn.loop(self.k, self.padded(self.k)) as i:
            fn.store(most, fn.offset(self.chosen, i * self.bytes))
        with fn.loop(self.zero, self.k, BLOCK) as start:
            stop = fn.minimum(start + BLOCK, self.k)
            block = fn.offset(self.chosen, start * self.bytes)
            with fn.loop(start, stop) as i:
                key = fn.load(fn.offset(self.chosen, i * self.bytes), self.kind)
                own = (i - start).convert("u64")
                before = (fn.const(1, "u64") << own) - 1
                rank = fn.const(0, "u64")
                for part in range(BLOCK // self.lanes):
                    others = fn.load(fn.offset(block, part * self.lanes * self.bytes), self.kind, self.lanes)
                    wanted = key.splat(self.lanes)
                    less = _bits(others < wanted).convert("u64")
                    same = _bits(others.eq(wanted)).convert("u64") & (before >> (part * self.lanes))
                    rank = rank + (less | same).call("ctpop")
                where = fn.load(fn.offset(self.where, i * 4), "u32").convert(self.item)
                item = (key.convert(self.item) << shift) | where
                fn.store(item, fn.offset(self.items, (start + rank.convert("i64")) * self.item_bytes))

    def merge(self) -> None:
        """Merge runs of one length to runs of twice that; deliver the last."""
        fn, k = self.fn, self.k
        source, target, run = fn.slot("ptr"), fn.slot("ptr"), fn.slot("i64")
        fn.store(self.items, source, slot=True)
        fn.store(self.spare, target, slot=True)
        fn.store(fn.const(BLOCK, "i64"), run, slot=True)
        with fn.repeat(lambda: fn.load_slot(run, "i64") < k):
            old, new, length = fn.load_slot(source, "ptr"), fn.load_slot(target, "ptr"), fn.load_slot(run, "i64")
            whole = self.zero + (k & (self.zero - (length + length)))
            with fn.loop(self.zero, whole, length + length) as start:
                self.merge_equal(old, new, start, length)
            with fn.when(whole < k):
                self.merge_last(old, new, whole, length)
            fn.store(new, source, slot=True)
            fn.store(old, target, slot=True)
            fn.store(length + length, run, slot=True)
        self.deliver_all(fn.load_slot(source, "ptr"))

    def distribute(self) -> None:
        """The chosen in order, by one digit of the key after the other; deliver them."""
        fn, k, shift = self.fn, self.k, BITS[self.item] // 2
        with fn.loop(self.zero, k) as i:
            key = fn.load(fn.offset(self.chosen, i * self.bytes), self.kind).convert(self.item)
            where = fn.load(fn.offset(self.where, i * 4), "u32").convert(self.item)
            fn.store((key << shift) | where, _at(self.items, i, self.item_bytes))
        counts = fn.offset(self.spare, self.padded(k) * self.item_bytes)
        source, target = fn.slot("ptr"), fn.slot("ptr")
        fn.store(self.items, source, slot=True)
        fn.store(self.spare, target, slot=True)
        digits = fn.const(1 << DIGIT, "i64")
        with fn.loop(self.zero, fn.const(BITS[self.kind], "i64"), DIGIT) as low:
            old, new = fn.load_slot(source, "ptr"), fn.load_slot(target, "ptr")

            def bin_of(i: Value) -> Value:
                key = fn.load(fn.offset(_at(old, i, self.item_bytes), self.item_bytes // 2), self.kind)
                digit = (key >> low.convert(self.kind)) & (1 << DIGIT) - 1
                return _at(counts, digit.convert("u64").convert("i64"), 8)

            swept(fn, self.zero, digits, 8, lambda i, lanes: fn.store(fn.const(0, "i64", lanes), _at(counts, i, 8)))
            with fn.loop(self.zero, k) as i:
                place = bin_of(i)
                fn.store(fn.load(place, "i64") + 1, place)
            with fn.when(fn.load(bin_of(self.zero), "i64").ne(k)):  # else all have this digit
                total = fn.slot("i64")
                fn.store(self.zero, total, slot=True)
                with fn.loop(self.zero, digits) as digit:
                    place, before = _at(counts, digit, 8), fn.load_slot(total, "i64")
                    fn.store(before + fn.load(place, "i64"), total, slot=True)
                    fn.store(before, place)
                with fn.loop(self.zero, k) as i:
                    item, place = self.item_at(old, i), bin_of(i)
                    at = fn.load(place, "i64")
                    fn.store(item, _at(new, at, self.item_bytes))
                    fn.store(at + 1, place)
                fn.store(new, source, slot=True)
                fn.store(old, target, slot=True)
        self.deliver_all(fn.load_slot(source, "ptr"))

    def deliver_all(self, ordered: Value) -> None:
        fn = self.fn
        with fn.loop(self.zero, self.k) as i:
            where = fn.load(_at(ordered, i, self.item_bytes), "u32").convert("u64").convert("i64")
            self.deliver(where, self.out + i * self.task["along_y"])

    def item_at(self, base: Value, i: Value) -> Value:
        return self.fn.load(_at(base, i, self.item_bytes), self.item)

    def merge_equal(self, old: Value, new: Value, start: Value, length: Value) -> None:
        """Two runs of one length, from both ends: so neither is left before all is done."""
        fn = self.fn
        ends = start + length, start + length + length
        slots = [fn.slot("i64") for _ in range(4)]
        for slot, at in zip(slots, (start, ends[0], ends[0] - 1, ends[1] - 1), strict=True):
            fn.store(at, slot, slot=True)
        with fn.loop(self.zero, length) as t:
            i, j, last_i, last_j = (fn.load_slot(slot, "i64") for slot in slots)
            a, b = self.item_at(old, i), self.item_at(old, j)
            fn.store(a.call("umin", b), _at(new, start + t, self.item_bytes))
            later = (b < a).convert("i64")
            fn.store(i + (1 - later), slots[0], slot=True)
            fn.store(j + later, slots[1], slot=True)
            a, b = self.item_at(old, last_i), self.item_at(old, last_j)
            fn.store(a.call("umax", b), _at(new, ends[1] - 1 - t, self.item_bytes))
            later = (b > a).convert("i64")
            fn.store(last_i - (1 - later), slots[2], slot=True)
            fn.store(last_j - later, slots[3], slot=True)

    def merge_last(self, old: Value, new: Value, start: Value, length: Value) -> None:
        """A run and a shorter one, or none; what lies beyond a run counts as greatest."""
        fn = self.fn
        middle = fn.minimum(start + length, self.k)
        left, right = fn.slot("i64"), fn.slot("i64")
        fn.store(start, left, slot=True)
        fn.store(middle, right, slot=True)
        with fn.loop(start, self.k) as t:
            i, j = fn.load_slot(left, "i64"), fn.load_slot(right, "i64")
            a = self.item_at(old, i) | beyond(i >= middle, self.item)
            b = self.item_at(old, j) | beyond(j >= self.k, self.item)
            fn.store(a.call("umin", b), _at(new, t, self.item_bytes))
            later = (b < a).convert("i64")
            fn.store(i + (1 - later), left, slot=True)
            fn.store(j + later, right, slot=True)

    def deliver(self, where: Value, at: Value) -> None:
        fn = self.fn
        value = fn.load(fn.offset(self.line, where * self.along), self.raw)
        fn.store(value, fn.offset(self.task["values"], at * self.size))
        fn.store(where, fn.offset(self.task["places"], at * 8))

    def deliver_one(self) -> None:
        """The k-th: of equal elements the one that stands there when they are in the order of places."""
        fn = self.fn
        bound = fn.load_slot(self.low, self.kind)
        missing, where = fn.slot("i64"), fn.slot("i64")
        fn.store(self.k, missing, slot=True)
        with fn.when(bound.ne(0)):
            fn.store(self.k - self.count(bound - 1), missing, slot=True)
        fn.store(self.zero, where, slot=True)
        with fn.repeat(lambda: fn.load_slot(missing, "i64") > 0):
            i = fn.load_slot(where, "i64")
            left = fn.load_slot(missing, "i64") - self.key_at(i).eq(bound).convert("i64")
            fn.store(left, missing, slot=True)
            fn.store(i + 1, where, slot=True)
        self.deliver(fn.load_slot(where, "i64") - 1, self.out)


def _at(base: Value, i: Value, size: int) -> Value:
    return base.fn.offset(base, i * size)


def beyond(condition: Value, kind: str) -> Value:
    """All bits where the condition holds, else none."""
    return condition.fn.const(0, kind) - condition.convert(kind)


def _min(a: Value, b: Value) -> Value:
    return (a < b).select(a, b)


def _max(a: Value, b: Value) -> Value:
    return (a > b).select(a, b)


def _bits(mask: Value) -> Value:
    """A vector of bools as an integer."""
    return mask.fn.op(f"bitcast {mask.type} {mask.ref} to i{mask.lanes}", f"u{mask.lanes}")


def select(name: str, header: int, dtype: str, largest: bool, dense: bool, only: bool) -> str:
    """The kernel for one dtype and order."""
    return _Select(name, dtype, largest, dense, only).task.finish(header)


class Plan(NamedTuple):
    run: Kernel
    tasks: int
    room: int
    integers: np.ndarray


@lru_cache(4096)
def plan(
    dtype: np.dtype, shape: tuple[int, ...], strides: tuple[int, ...], dim: int, k: int, largest: bool, only: bool
) -> Plan | None:
    """How to select along `dim`; None if the dimensions cannot be taken as three."""
    outer, inner = merged(shape[:dim], strides[:dim]), merged(shape[dim + 1 :], strides[dim + 1 :])
    if outer is None or inner is None:
        return None
    n, lines = shape[dim], outer[0] * inner[0]
    kept = 1 if only else k
    tasks = min(division(lines * n, SHARE), lines) if lines > 1 else ALONE if n < 4 * SHARE else 1
    share = -(-lines // max(tasks, 1))
    size = 8 if dtype.itemsize == 8 else 4
    room = _padded(n) * size + _padded(kept) * (size + 4 + 4 * size) + (8 << DIGIT)
    steps = (outer[1], strides[dim], inner[1], kept * inner[0], inner[0])
    integers = table(lines, inner[0], n, k, share, room, *steps)
    dense = strides[dim] == dtype.itemsize
    return Plan(kernel(select, dtype.name, largest, dense, only), tasks, room, integers)


def _padded(count: int) -> int:
    return (count + 2 * BLOCK - 1) // BLOCK * BLOCK


@cache
def takes(dtype: np.dtype) -> bool:
    """Whether elements of `dtype` have keys."""
    return dtype.name in INFINITY or dtype.kind == "b" or dtype.str[1:] in KINDS


def least(x: np.ndarray, dim: int, k: int, largest: bool, only: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The `k` least (or largest) elements of a non-empty array along `dim`, in order, and their places.

    `only` gives the k-th alone; ties are in the order of places.
    """
    found = plan(x.dtype, x.shape, x.strides, dim, k, largest, only)
    if found is None:
        x = np.ascontiguousarray(x)
        found = plan(x.dtype, x.shape, c_strides(x.shape, x.itemsize), dim, k, largest, only)
        assert found is not None
    shape = (*x.shape[:dim], 1 if only else k, *x.shape[dim + 1 :])
    values, places = empty(shape, x.dtype), empty(shape, np.dtype(np.int64))
    workers = min(max(found.tasks, 1), threads.slots())
    scratch = empty((found.room * workers,), np.dtype(np.uint8))
    found.run(found.tasks, found.integers, x, values, places, scratch)
    return values, places
