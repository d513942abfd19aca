"""Applying an op's rules: saved values made tensors again, rules of lists, of large arrays and of complex numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd.deferred import as_array
from ..autograd.graph import Node, Output, freed_error, version_error
from ..autograd.modes import state
from ..tensor import Array, Tensor, new
from .declare import OPTIONAL, STATIC, TENSOR, TENSORS, Op
from .promotion import narrowed, widened


def revive(value: Any, node: Node | None, counter: Any) -> Any:
    """A saved array as the tensor it was, for a rule that is itself recorded."""
    if value.__class__ is not np.ndarray:
        return value
    tensor = new(Tensor)
    tensor._array, tensor._node, tensor._counter = value, node, counter
    return tensor


def output_of(node: Any, place: int, array: Array) -> Node | None:
    """The node of one of several results, for a rule that uses that result; None without a gradient."""
    if node.outputs == 1:
        return node  # type: ignore[no-any-return]
    return Output(node, place, array) if array.dtype.kind in "fcV" else None


def revive_all(values: list[Any], nodes: Sequence[Node | None], counters: list[Any]) -> list[Any]:
    return [revive(*each) for each in zip(values, nodes, counters, strict=True)]


def run_listed(self: Any, g: Any) -> tuple[Any, ...]:
    return _run_listed(self, g, False)


def run_listed_graph(self: Any, g: Any) -> tuple[Any, ...]:
    return _run_listed(self, g, True)


def _run_listed(self: Any, g: Any, graph: bool) -> tuple[Any, ...]:
    """Apply the rules of an op with lists of tensors."""
    if self.saved is None:
        raise freed_error()
    op: Op = self.op
    values = iter(self.saved)
    given: dict[str, Any] = {"g": g}
    counts = _counts(self)
    starts: dict[str, int] = {}
    place = 0
    for param in op.params:
        if param.kind != STATIC:
            starts[param.name] = place
            place += counts[param.name]
    for save in self.saves:
        value = next(values)
        if save.kind in (TENSOR, OPTIONAL, "result"):
            counter, version = next(values), next(values)
            origin = self if save.kind == "result" else self.edges[starts[save.name]]
            if counter[0] != version:
                raise version_error(value, counter, version, origin)
            if graph and save.kind == "result" and save.name[6:]:
                origin = output_of(self, int(save.name[6:]), value)
            given[save.name] = revive(value, origin, counter) if graph else value
        elif save.kind == TENSORS:
            counters, versions = next(values), next(values)
            nodes = self.edges[starts[save.name] : starts[save.name] + len(value)]
            for each, counter, version, origin in zip(value, counters, versions, nodes, strict=True):
                if counter is not None and counter[0] != version:
                    raise version_error(each, counter, version, origin)
            given[save.name] = revive_all(value, nodes, counters) if graph else value
        else:
            given[save.name] = value
    given["needs"] = tuple([edge is not None for edge in self.edges])
    if op.joint is not None:
        names = names_of(op.joint)
        results = op.joint(**{name: given[name] for name in names})
        return results if isinstance(results, tuple) else (results,)
    collected: list[Any] = []
    for param in op.params:
        if param.kind == STATIC:
            continue
        count, start = counts[param.name], starts[param.name]
        rule = op.rules.get(param.name)
        if rule is None or not any(edge is not None for edge in self.edges[start : start + count]):
            collected += [None] * count
            continue
        found = rule(**{name: given[name] for name in names_of(rule)})
        collected += list(found) if param.kind == TENSORS else [found]
    return tuple(collected)


def names_of(rule: Callable[..., Any]) -> tuple[str, ...]:
    code = rule.__code__  # type: ignore[attr-defined]
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _counts(node: Any) -> dict[str, int]:
    """How many edges each tensor parameter has; one list takes what the others leave."""
    op: Op = node.op
    names = [param for param in op.params if param.kind != STATIC]
    lists = [param for param in names if param.kind == TENSORS]
    if len(lists) > 1:
        return node.counts
    rest = len(node.edges) - (len(names) - 1)
    return {param.name: rest if param.kind == TENSORS else 1 for param in names}


def large_rule(rule: Callable[..., Any]) -> Callable[..., Any]:
    """The rule for large arrays: fused into one kernel, made at its first use."""
    fast: Callable[..., Any] | None = None
    if not rule.__name__.isidentifier():
        rule.__name__ = "rule"

    def run(*args: Any) -> Any:
        nonlocal fast
        if fast is None:
            from ..kernels import fused

            fast = fused(rule)
        return fast(*args)

    return run


def late_rule(rule: Callable[..., Any]) -> Callable[..., Any]:
    """The rule of a pointwise op for large arrays: put off where the backward pass allows it."""
    now = large_rule(rule)

    def run(*args: Any) -> Any:
        if state.deferral is None:
            return now(*args)
        found = state.deferral.take(rule, args)
        return now(*[as_array(each) for each in args]) if found is None else found

    return run


_complex_nodes: dict[type, type] = {}


def pick(cls: Any, array_dtype: np.dtype[Any]) -> Any:
    """The node class for results of a dtype: for complex ones, the rule of a holomorphic function is applied to
    conjugates (PyTorch's gradients are those of the conjugate variable).
    """
    if array_dtype.itemsize <= 2 and array_dtype.kind in "fV":
        return _widening(cls)
    if array_dtype.kind != "c":
        return cls
    found = _complex_nodes.get(cls)
    if found is None:

        def run(self: Any, g: Any) -> tuple[Any, ...]:
            return _conjugated(cls.run(self, np.conjugate(g)))

        def run_graph(self: Any, g: Any) -> tuple[Any, ...]:
            return _conjugated(cls.run_graph(self, g.conj()))

        members = {"__slots__": (), "run": run, "run_graph": run_graph}
        found = _complex_nodes[cls] = type(cls.__name__, (cls,), members)
    return found


def pick_real(cls: Any, array_dtype: np.dtype[Any]) -> Any:
    """The same for a rule that is PyTorch's for complex numbers as it stands."""
    return cls if array_dtype.kind == "c" else pick(cls, array_dtype)


_half_nodes: dict[type, type] = {}


def _widening(cls: Any) -> Any:
    """The node class for results of 2-byte floats: its rules compute in float32."""
    found = _half_nodes.get(cls)
    if found is None:

        def run(self: Any, g: Any) -> tuple[Any, ...]:
            saved = self.saved
            if saved is None:
                raise freed_error()
            self.saved = tuple([widened(each) for each in saved])
            try:
                return tuple([each if each is None else narrowed(each, g.dtype) for each in cls.run(self, widened(g))])
            finally:
                self.saved = saved

        found = _half_nodes[cls] = type(cls.__name__, (cls,), {"__slots__": (), "run": run})
    return found


def _conjugated(grads: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(None if g is None else g.conj() if isinstance(g, Tensor) else np.conjugate(g) for g in grads)
