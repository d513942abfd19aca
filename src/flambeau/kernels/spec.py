"""What a kernel is generated from: a trace reduced to its bare structure.

The axes that every array treats alike are merged to *groups*; the groups are split into outer ones
(whose positions are *rows*, shared out among threads) and inner ones (the positions within a row).
A reduction then is one of four kinds:

    "row"     over the inner groups: complete before the row's next pass
    "column"  over the outer groups, for each inner position
    "rows"    over the outer groups, of a value that rows have one of
    "all"     over everything

The last three are complete only after all rows have run: what uses them is of the next phase.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flambeau.kernels.lower import POINTWISE, REDUCTIONS

ENTRY, ROW, INNER = 0, 1, 2


@dataclass(frozen=True)
class Node:
    """One expression: `kind` is that of its values, `groups` those it varies over."""

    op: str
    args: tuple[int, ...]
    kind: str
    groups: tuple[int, ...]
    param: Any = None


@dataclass(frozen=True)
class Operand:
    """An array in memory; `step` is its stride along the last inner group."""

    dtype: str
    groups: tuple[int, ...]
    step: str = "none"  # "unit", "strided", "none"


@dataclass(frozen=True)
class Spec:
    """Everything that the code of a kernel depends on."""

    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]  # the node that each output stores
    operands: tuple[Operand, ...]  # inputs, then outputs
    inputs: int
    scalars: tuple[str, ...]  # the kinds of the Python numbers passed at each call
    outer: int  # groups 0 .. outer-1 are outer, the rest inner
    inner: int
    stash: bool  # rows are short enough to keep values from one pass to the next
    few: bool  # a chunk has few enough rows for its column sums to stay in float32
    width: int  # the last group's size where it is small, rounded up to a power of two, else 0

    @cached_property
    def levels(self) -> tuple[int, ...]:
        """Where each node's value is known: once, once a row, or at each inner position."""
        levels: list[int] = []
        for node in self.nodes:
            if node.op in REDUCTIONS:
                level = {"row": ROW, "column": INNER, "rows": ENTRY, "all": ENTRY}[node.param]
            else:
                level = max((levels[a] for a in node.args), default=ENTRY)
            if any(g >= self.outer for g in node.groups):
                level = INNER
            elif node.groups:
                level = max(level, ROW)
            levels.append(level)
        return tuple(levels)

    @cached_property
    def phases(self) -> tuple[int, ...]:
        """The first phase in which each node's value can be computed."""
        phases: list[int] = []
        for node in self.nodes:
            phase = max((phases[a] for a in node.args), default=0)
            phases.append(phase + (node.op in REDUCTIONS and node.param != "row"))
        return tuple(phases)

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """The first pass over its row in which each node's value can be computed."""
        depths: list[int] = []
        for node in self.nodes:
            depth = max((depths[a] for a in node.args), default=0)
            if node.op in REDUCTIONS:
                depth = depth + 1 if node.param == "row" else 0
            depths.append(depth)
        return tuple(depths)

    @cached_property
    def across(self) -> tuple[int, ...]:
        """The reductions that are complete only after all rows have run."""
        return tuple(k for k, n in enumerate(self.nodes) if n.op in REDUCTIONS and n.param != "row")

    def completed(self, phase: int, *, column: bool) -> list[int]:
        """The reductions whose result is known after `phase`."""
        return [k for k in self.across if self.phases[k] == phase + 1 and (self.nodes[k].param == "column") is column]

    @cached_property
    def late(self) -> tuple[int, ...]:
        """The outputs that do not vary over rows: stored once, after all phases."""
        return tuple(k for k, n in enumerate(self.outputs) if not any(g < self.outer for g in self.nodes[n].groups))

    @cached_property
    def last_phase(self) -> int:
        """The phase that stores the outputs which vary over rows; -1 without such outputs."""
        early = [n for k, n in enumerate(self.outputs) if k not in self.late]
        return max((self.phases[n] for n in early), default=-1)

    @cached_property
    def phase_count(self) -> int:
        return max(self.last_phase + 1, *(self.phases[k] for k in self.across), 0)

    @cached_property
    def has_row_work(self) -> bool:
        """Rows must be whole: something is computed once a row."""
        return any((n.op in REDUCTIONS and n.param in {"row", "rows"}) for n in self.nodes) or any(
            self.levels[n] == ROW for n in self.outputs
        )

    @cached_property
    def item(self) -> int:
        """Bytes of the widest value computed at inner positions."""
        widths = [
            int(n.kind[1:]) // 8
            for n, level in zip(self.nodes, self.levels, strict=True)
            if level == INNER and n.kind != "i1"
        ]
        return max(widths, default=4)

    @cached_property
    def heavy(self) -> bool:
        return any(n.op in POINTWISE and POINTWISE[n.op].heavy for n in self.nodes)

    @cached_property
    def stashed(self) -> tuple[int, ...]:
        """The nodes kept from one pass over a row to the next, rather than computed again."""
        if not self.stash:
            return ()
        uses: dict[int, set[int]] = {}
        for root in self.pass_roots():
            seen: set[int] = set()
            stack = [root[1]]
            while stack:
                k = stack.pop()
                if k in seen or self.levels[k] != INNER or self.nodes[k].op in REDUCTIONS:
                    continue
                seen.add(k)
                uses.setdefault(k, set()).add(root[0])
                stack.extend(self.nodes[k].args)
        heavy = [
            k
            for k, passes in uses.items()
            if len(passes) > 1 and (rule := POINTWISE.get(self.nodes[k].op)) is not None and rule.heavy
        ]
        return tuple(sorted(heavy))

    def pass_roots(self) -> list[tuple[int, int]]:
        """(pass, node) for all that is computed at inner positions: reductions and stores."""
        roots = [(self.depths[n.args[0]], n.args[0]) for n in self.nodes if n.op in REDUCTIONS and n.param == "row"]
        final = max(self.depths, default=0)
        roots += [(final, self.nodes[k].args[0]) for k in self.across]
        roots += [(final, n) for n in self.outputs]
        return roots

    @cached_property
    def slots(self) -> Slots:
        return Slots(self)


@dataclass
class Slots:
    """Where each run-time number stands in the array of sizes, strides and offsets."""

    spec: Spec
    positions: dict[Any, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        spec = self.spec
        names: list[Any] = ["chunks", "chunk", "rows", "blocks", "block", "flat", "stash_bytes"]
        names += [("size", g) for g in range(spec.outer + spec.inner)]
        names += [("stride", k, g) for k, o in enumerate(spec.operands) for g in o.groups]
        names += [(name, k) for k in spec.across for name in ("partial", "final")]
        names += [("stash", k) for k in spec.stashed]
        names += ["stash_base"]
        names += [("count", k) for k, n in enumerate(spec.nodes) if n.op == "count"]
        self.positions = {name: k for k, name in enumerate(names)}

    def __getitem__(self, name: Any) -> int:
        return self.positions[name]

    def __len__(self) -> int:
        return len(self.positions)
