"""From a trace and the arrays of a call to a spec and the numbers that it is run with.

A `Plan` holds for all calls with arrays of the same shapes, strides and dtypes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from flambeau.kernels.expr import Expr, Trace, Unsupported, compute_kind
from flambeau.kernels.lower import POINTWISE, REDUCTIONS
from flambeau.kernels.spec import Node, Operand, Spec

CAP = 1 << 18
CHUNK = 1 << 15
"""Elements worth a task of their own: what one core has just written costs another one to read.

`x * y + x` of 30000 floats takes 11 us in two tasks an op, 8 us in one.
"""
HEAVY_CHUNK = 1 << 14
"""The same where functions such as exp are computed."""
STASH_LIMIT = 1 << 16
"""Row lengths up to which values are kept from pass to pass."""
TASKS = 8
"""Tasks of work that is not large; an even number, so that of two cores neither takes from the other's share."""
COLUMN_CHUNKS = 32
FEW = 128
"""Rows whose float32 values may be added up in float32."""
NARROW = 64
"""Lengths up to which loops step over vectors no longer than that."""


@dataclass
class Output:
    """How to make an output: `shape` in the order of memory, then `transpose` to the result's."""

    shape: tuple[int, ...]
    dtype: np.dtype
    transpose: tuple[int, ...] | None


@dataclass
class Plan:
    """A spec, the numbers it is run with, and its outputs."""

    spec: Spec
    numbers: np.ndarray
    outputs: list[Output]
    scratch: int  # bytes
    stash: int  # bytes for each thread
    tasks: int  # threads that take part at most


def make_plan(
    trace: Trace,
    results: list[Expr],
    inputs: list[np.ndarray],
    scalars: list[str],
    targets: list[np.ndarray] | None,
) -> Plan:
    """The plan of a call; `targets` are the arrays to write, if they are given."""
    layout = Layout(trace, results, inputs, targets)
    return layout.plan(scalars)


class Layout:
    """The axes of a trace, put in the order of memory, merged to groups and split."""

    def __init__(
        self,
        trace: Trace,
        results: list[Expr],
        inputs: list[np.ndarray],
        targets: list[np.ndarray] | None,
    ) -> None:
        self.trace, self.inputs, self.targets = trace, inputs, targets
        self.results = results
        if targets is not None:
            self.check_targets()
        self.nodes = self.reachable()
        self.axes = {id(n): self.roots(n.axes) for n in self.nodes}
        self.operands = [self.operand_axes(k, a) for k, a in enumerate(inputs)]
        self.order = self.axis_order()
        self.reduced = {id(n): frozenset(trace.find(a) for a in n.param) for n in self.nodes if n.op in REDUCTIONS}
        self.outputs = [self.output(k) for k in range(len(results))]
        self.strides = [self.axis_strides(a.strides, x) for x, a in zip(self.operands, inputs, strict=True)]
        self.strides += [self.output_strides(k) for k in range(len(results))]
        self.groups = self.merge()
        self.split()

    def check_targets(self) -> None:
        assert self.targets is not None
        for k, target in enumerate(self.targets):
            result = self.results[k]
            if result.shape != target.shape:
                raise Unsupported("a target of another shape")
            if not np.can_cast(result.dtype, target.dtype, "same_kind"):
                raise Unsupported("a target of another kind")
            self.results[k] = self.trace.cast(result, target.dtype)

    def reachable(self) -> list[Expr]:
        wanted: set[int] = set()
        stack = list(self.results)
        while stack:
            node = stack.pop()
            if id(node) not in wanted:
                wanted.add(id(node))
                stack.extend(node.args)
        return [n for n in self.trace.nodes if id(n) in wanted]

    def roots(self, axes: tuple[int | None, ...]) -> tuple[int | None, ...]:
        roots = tuple(None if a is None else self.trace.find(a) for a in axes)
        present = [r for r in roots if r is not None]
        if len(set(present)) != len(present):
            raise Unsupported("an array along its own diagonal")
        return roots

    def operand_axes(self, index: int, array: np.ndarray) -> tuple[int | None, ...]:
        for node in self.nodes:
            if node.op == "input" and node.param == index:
                return self.axes[id(node)]
        return (None,) * array.ndim

    def axis_strides(self, strides: tuple[int, ...], axes: tuple[int | None, ...]) -> dict[int, int]:
        return {a: s for a, s in zip(axes, strides, strict=True) if a is not None}

    def axis_order(self) -> list[int]:
        """Outermost first: as the first of the largest inputs lies in memory."""
        order: list[int] = []
        for axes in sorted(self.axes.values(), key=lambda x: -sum(a is not None for a in x)):
            at = len(order)
            for axis in reversed(axes):
                if axis is None:
                    continue
                if axis in order:
                    at = order.index(axis)
                else:
                    order.insert(at, axis)
        for node in self.nodes:
            order += [r for a in node.param if (r := self.trace.find(a)) not in order] if node.op in REDUCTIONS else []
        for axes, array in zip(self.operands, self.inputs, strict=True):
            strides = self.axis_strides(array.strides, axes)
            if len(strides) == len(order):
                if all(strides.values()):
                    order.sort(key=lambda a: -abs(strides[a]))
                break
        return order

    def output(self, k: int) -> Output:
        result = self.results[k]
        axes = self.axes[id(result)]
        present = sorted((a for a in axes if a is not None), key=self.order.index)
        sizes = self.trace.sizes
        positions = [i for i, a in enumerate(axes) if a is None] + [axes.index(a) for a in present]
        shape = tuple(1 if (a := axes[i]) is None else sizes[a] for i in positions)
        if present == [a for a in axes if a is not None]:
            return Output(result.shape, result.dtype, None)
        # Size-1 axes may stand anywhere in memory: the transpose puts all in place.
        return Output(shape, result.dtype, tuple(positions.index(i) for i in range(len(axes))))

    def output_strides(self, k: int) -> dict[int, int]:
        axes = self.axes[id(self.results[k])]
        if self.targets is not None:
            return self.axis_strides(self.targets[k].strides, axes)
        strides, step = {}, self.results[k].dtype.itemsize
        present = [a for a in axes if a is not None]
        for axis in sorted(present, key=self.order.index, reverse=True):
            strides[axis] = step
            step *= self.trace.sizes[axis]
        return strides

    def merge(self) -> list[list[int]]:
        """Neighbouring axes that everything treats alike become one group."""
        groups: list[list[int]] = []
        for axis in self.order:
            if groups and self.alike(groups[-1][-1], axis):
                groups[-1].append(axis)
            else:
                groups.append([axis])
        return groups

    def alike(self, a: int, b: int) -> bool:
        if any((a in x) != (b in x) for x in (*self.axes.values(), *self.reduced.values())):
            return False
        size = self.trace.sizes[b]
        return all(s[a] == s[b] * size for s in self.strides if a in s)

    def size(self, group: list[int]) -> int:
        return math.prod(self.trace.sizes[a] for a in group)

    def split(self) -> None:
        """Choose the inner groups: every reduction is over them, over the rest, or over all."""
        everything = frozenset(range(len(self.groups)))
        reduced = {frozenset(g for g in everything if self.groups[g][0] in axes) for axes in self.reduced.values()}
        last = len(self.groups) - 1
        candidates = [r for r in reduced if r != everything]
        candidates += [everything - r for r in candidates]
        if not candidates:
            candidates = [frozenset({last}) if last >= 0 else frozenset()]
        candidates.sort(key=lambda c: last not in c)
        for inner in candidates:
            outer = everything - inner
            if all(r in (inner, outer, everything) for r in reduced):
                break
        else:
            raise Unsupported("reductions over axes that overlap")
        if not self.groups:
            self.groups = [[]]
            inner, outer = frozenset({0}), frozenset()
        self.outer, self.inner = len(outer), len(inner)
        self.groups = [self.groups[g] for g in (*sorted(outer), *sorted(inner))]

    def of(self, axes: tuple[int | None, ...]) -> tuple[int, ...]:
        """The groups that an array with these axes varies over."""
        return tuple(g for g, group in enumerate(self.groups) if group and group[0] in axes)

    def plan(self, scalars: list[str]) -> Plan:
        positions = {id(n): k for k, n in enumerate(self.nodes)}
        nodes = []
        for n in self.nodes:
            args = tuple(positions[id(a)] for a in n.args)
            groups = self.of(self.axes[id(n)])
            nodes.append(Node(n.op, args, compute_kind(n.dtype), groups, self.param(n)))
        described = [*self.operands, *(self.axes[id(r)] for r in self.results)]
        dtypes = [a.dtype for a in self.inputs]
        dtypes += [t.dtype for t in self.targets] if self.targets is not None else [r.dtype for r in self.results]
        operands = tuple(
            Operand(d.name, self.of(axes), self.step(strides, d))
            for axes, strides, d in zip(described, self.strides, dtypes, strict=True)
        )
        self.rows = math.prod(self.size(g) for g in self.groups[: self.outer])
        self.row = math.prod(self.size(g) for g in self.groups[self.outer :])
        self.last = self.size(self.groups[-1])
        self.cut(any(n.param == "column" for n in nodes))
        spec = Spec(
            tuple(nodes),
            tuple(positions[id(r)] for r in self.results),
            operands,
            len(self.inputs),
            tuple(scalars),
            self.outer,
            self.inner,
            stash=self.row <= STASH_LIMIT,
            few=self.chunk <= FEW,
            width=1 << (self.last - 1).bit_length() if 0 < self.last <= NARROW else 0,
        )
        return self.fill(spec)

    def cut(self, columns: bool) -> None:
        """How much a task has; by sizes alone, so that threads do not change results."""
        heavy = any(n.op in POINTWISE and POINTWISE[n.op].heavy for n in self.nodes)
        total = self.rows * self.row
        parts = min(total // (HEAVY_CHUNK if heavy else CHUNK), TASKS)
        self.task = min(-(-total // max(parts & -2, 1)), CAP)
        self.chunk = max(1, min(-(-self.task // max(self.row, 1)), self.rows))
        if columns:  # each chunk has its own sums; they must not outweigh the data
            chunks = min(COLUMN_CHUNKS, -(-self.rows // self.chunk), max(self.rows // 16, 1))
            self.chunk = -(-self.rows // chunks) if chunks else 1

    def step(self, strides: dict[int, int], dtype: np.dtype) -> str:
        group = self.groups[-1]
        if not group or group[-1] not in strides:
            return "none"
        return "unit" if strides[group[-1]] == dtype.itemsize else "strided"

    def param(self, node: Expr) -> Any:
        if node.op in REDUCTIONS:
            return self.reduction_kind(node)
        if node.op == "count":
            return None
        return node.dtype.name if node.op == "cast" else node.param

    def reduction_kind(self, node: Expr) -> str:
        over = {g for g, group in enumerate(self.groups) if group and group[0] in self.reduced[id(node)]}
        if over == set(range(len(self.groups))):
            return "all"
        if over == set(range(self.outer)):
            varies = any(g >= self.outer for g in self.of(self.axes[id(node.args[0])]))
            return "column" if varies else "rows"
        return "row"

    def fill(self, spec: Spec) -> Plan:
        """The numbers: how the work is cut, sizes, strides, and where scratch memory is used."""
        slots = spec.slots
        numbers = np.zeros(len(slots), np.int64)
        rows, row, chunk = self.rows, self.row, self.chunk
        chunks = -(-rows // chunk)
        block = max(self.last, 1)
        if spec.inner == 1 and not spec.has_row_work:
            block = min(block, max(self.task // chunk, 1 << 12))
        blocks = max(-(-self.last // block), 1)
        values: dict[Any, int] = {
            "chunks": chunks,
            "chunk": chunk,
            "rows": rows,
            "blocks": blocks,
            "block": block,
            "flat": row,
        }
        for g, group in enumerate(self.groups):
            values["size", g] = self.size(group)
        for k, operand in enumerate(spec.operands):
            for g in operand.groups:
                values["stride", k, g] = self.strides[k][self.groups[g][-1]]
        for k, node in enumerate(self.nodes):
            if node.op == "count":
                values["count", k] = math.prod(self.trace.sizes[a] for a in {self.trace.find(p) for p in node.param})
        end = 0
        for k in spec.across:
            column = spec.nodes[k].param == "column"
            values["partial", k] = end
            end += 8 * (row * chunks if column else chunks * blocks)
            if column and chunks == 1 and spec.few:
                values["final", k] = values["partial", k]
            else:
                values["final", k] = end
                end += 8 * row if column else 8
        stash = 0
        for k in spec.stashed:
            values["stash", k] = stash
            stash += -(-(row + 128) * 8 // 64) * 64
        values["stash_base"], values["stash_bytes"] = end, stash
        for name, value in values.items():
            numbers[slots[name]] = value
        return Plan(spec, numbers, self.outputs, end, stash, chunks * blocks)
