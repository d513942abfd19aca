"""A pointwise function of arrays inside of a kernel of another kind: its values, one vector at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from flambeau.kernels.emit import Function, Value
from flambeau.kernels.expr import Expr, Trace, compute_kind
from flambeau.kernels.loops import combine
from flambeau.kernels.spec import Node


class Formula:
    """`body` traced for some arrays of one dtype, and for Python numbers that may differ from call to call.

    Among `args`, an `ndarray` dtype stands for an array, a float for such a number; what else is there, is a constant.
    """

    def __init__(self, body: Callable[..., Any], args: Sequence[Any]) -> None:
        trace = Trace()
        given, arrays, numbers = [], 0, 0
        for arg in args:
            if isinstance(arg, np.dtype):
                given.append(trace.input(arrays, np.empty(2, arg)))
                self.dtype, arrays = arg, arrays + 1
            elif type(arg) is float:
                given.append(trace.scalar(numbers, arg))
                numbers += 1
            else:
                given.append(arg)
        found = body(*given)
        results = [trace.lift(each) for each in (found if isinstance(found, tuple) else (found,))]
        self.kind = compute_kind(self.dtype)
        places = {id(each): k for k, each in enumerate(trace.nodes)}
        self.nodes = tuple(self._node(each, places) for each in trace.nodes)
        self.results = tuple(places[id(each)] for each in results)
        self.varies: list[bool] = []
        for node in self.nodes:
            self.varies.append(node.op == "input" or any(self.varies[k] for k in node.args))

    def _node(self, each: Expr, places: dict[int, int]) -> Node:
        param = each.dtype.name if each.op == "cast" else each.param
        return Node(each.op, tuple(places[id(a)] for a in each.args), compute_kind(each.dtype), (), param)

    def __repr__(self) -> str:
        """All that the code depends on."""
        return f"{self.nodes!r} {self.results!r}"

    def numbers(self, fn: Function, values: Sequence[Value], lanes: int) -> dict[int, Value]:
        """What depends on the numbers alone, in every lane, to be computed outside of loops: `values` are f64."""
        made: dict[int, Value] = {}
        for k, node in enumerate(self.nodes):
            if node.op == "scalar":
                made[k] = values[node.param]
            elif not self.varies[k]:
                made[k] = combine(fn, self.nodes, k, made.__getitem__, 1)
        for k, value in made.items():
            kinds = {
                node.param for node, varies in zip(self.nodes, self.varies, strict=True) if varies and k in node.args
            }
            made[k] = (value.convert(*kinds) if value.is_float and len(kinds) == 1 else value).splat(lanes)
        return made

    def vectors(self, fn: Function, values: Sequence[Value], known: dict[int, Value] | None = None) -> list[Value]:
        """The results for vectors of the arrays, each of its own kind; `known` is what `numbers` gave."""
        made = dict(known or {})
        for k, node in enumerate(self.nodes):
            if node.op == "input":
                made[k] = values[node.param]
            elif k not in made:
                made[k] = combine(fn, self.nodes, k, made.__getitem__, values[0].lanes)
        return [made[k] for k in self.results]
