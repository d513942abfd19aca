"""Cotangents that are not computed yet: pointwise rules over large arrays, put off to run together.

In a plain backward pass over large arrays memory is what rules cost, and most are pointwise. So such a
rule is noted down instead, as a `Pending` that stands for its result; when something needs the values
(a rule that is not pointwise, the end of the pass), all that is noted runs as one kernel. Nothing shows:
what a user may see or change is reached only after `settle`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..kernels.fusion import Compiled
from ..tensor import Array

MOST = 32
"""Rules put off at most: they keep alive the arrays that they read."""

Rule = Callable[..., Any]
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
_NUMBERS = (0.0, 1.0, -1.0)
"""Numbers that rules make distinctions by; others may change without a new kernel."""


class Pending:
    """The result of `rule(*args)`, for which an array is made when it is needed."""

    __slots__ = ("args", "dtype", "rule", "shape", "size", "value")

    def __init__(self, rule: Rule, args: tuple[Any, ...], shape: tuple[int, ...], size: int, dtype: np.dtype) -> None:
        self.rule, self.args, self.shape, self.size, self.dtype = rule, args, shape, size, dtype
        self.value: Array | None = None

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def array(self) -> Array:
        if self.value is None:
            compute([self])
        assert self.value is not None
        return self.value

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        return np.asarray(self.array(), dtype)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.array(), name)


def as_array(g: Any) -> Any:
    """The array of a cotangent, computed now if it was put off."""
    return g.array() if g.__class__ is Pending else g


class Deferring:
    """What puts rules off: a backward pass."""

    __slots__ = ("pending",)
    pending: list[Pending]

    def settle(self, *held: Any) -> tuple[Any, ...]:
        """Compute all that is pending and may be needed; the arrays of `held`."""
        raise NotImplementedError

    def take(self, rule: Rule, args: tuple[Any, ...]) -> Any:
        """What stands for `rule(*args)`, or None if it has to be computed now."""
        g = args[0]
        if g.__class__ is not np.ndarray and g.__class__ is not Pending:
            return None
        key = (rule, *[_kind(arg) for arg in args])
        try:
            kind = _kinds[key]
        except KeyError:
            kind = _kinds[key] = _learn(rule, args)
        except TypeError:  # a list among the arguments
            return None
        if kind is None:
            return None
        if kind >= 0:
            return args[kind]
        shape = g.shape
        for each in args:
            if each.__class__ is np.ndarray and each.shape != shape and not _fits(each.shape, shape):
                return None
        if len(self.pending) >= MOST:
            args = self.settle(*args)
        found = Pending(rule, args, shape, g.size, g.dtype)
        self.pending.append(found)
        return found

    def later_sum(self, total: Any, g: Any) -> Any:
        """The sum of two cotangents, put off if it may be."""
        found = self.take(_sum, (total, g))
        return as_array(total) + as_array(g) if found is None else found


def _sum(a: Any, b: Any) -> Any:
    return a + b


def _kind(arg: Any) -> Any:
    """What a rule's result depends on besides the values of arrays and of most numbers."""
    cls = arg.__class__
    if cls is np.ndarray or cls is Pending:
        return arg.dtype, arg.ndim
    if cls is float and arg not in _NUMBERS:
        return cls
    return cls, arg


NEW = -1
_kinds: dict[Any, int | None] = {}


def _learn(rule: Rule, args: tuple[Any, ...]) -> int | None:
    """Try a rule on arrays of one element: which argument it gives back, or whether a new array of g's dtype."""
    if args[0].dtype not in _FLOATS:
        return None
    sample = [np.ones((1,) * a.ndim, a.dtype) if a.__class__ in (np.ndarray, Pending) else a for a in args]
    try:
        result = rule(*sample)
    except (TypeError, ValueError, RuntimeError, AttributeError):
        return None
    for place, each in enumerate(sample):
        if each is result:
            return place
    alike = result.__class__ is np.ndarray and result.dtype == args[0].dtype and result.ndim <= args[0].ndim
    return NEW if alike else None


def _fits(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    return len(shape) <= len(to) and all(a in (1, b) for a, b in zip(reversed(shape), reversed(to), strict=False))


def _body(*given: Any) -> Any:
    """The results of a graph of rules: the values that differ from call to call, then the graph."""
    *values, (steps, roots) = given
    made: list[Any] = []
    for rule, refs in steps:
        made.append(rule(*[(values if ref[0] == "given" else made)[ref[1]] if ref[0] else ref[1] for ref in refs]))
    return tuple(made[root] for root in roots)


_compiled = Compiled(_body, "backward")


def compute_all(wanted: Iterable[Any]) -> None:
    """Make the arrays of those of `wanted` that are pending."""
    alike: dict[Any, dict[int, Pending]] = {}
    for each in wanted:
        if each.__class__ is Pending and each.value is None:
            alike.setdefault((each.shape, each.dtype), {})[id(each)] = each
    for group in alike.values():
        compute(list(group.values()))


def compute(wanted: Sequence[Pending]) -> None:
    """Make the arrays of some pendings of one shape, all in one kernel."""
    given: list[Any] = []
    places: dict[int, tuple[Any, int]] = {}
    steps: list[Any] = []

    def refer(arg: Any) -> tuple[Any, Any]:
        cls = arg.__class__
        if cls is Pending:
            if arg.value is None:
                return places[id(arg)]
            arg = arg.value
        elif cls is not np.ndarray and (cls is not float or arg in _NUMBERS):
            return "", arg
        if id(arg) not in places or cls is float:
            places[id(arg)] = "given", len(given)
            given.append(arg)
        return places[id(arg)]

    for each in _in_order(wanted):
        refs = tuple([refer(arg) for arg in each.args])
        places[id(each)] = "made", len(steps)
        steps.append((each.rule, refs))
    graph = tuple(steps), tuple([places[id(each)][1] for each in wanted])
    results = _compiled.run(tuple(given), (graph,))
    if results is NotImplemented:
        results = _body(*given, graph)
    for each, result in zip(wanted, results, strict=True):
        each.value = np.asarray(result) if result.shape == each.shape else np.broadcast_to(result, each.shape).copy()
        each.args = ()


def _in_order(wanted: Sequence[Pending]) -> list[Pending]:
    """All that has to be computed for `wanted`, arguments first."""
    found: dict[int, Pending] = {}
    stack = [(each, False) for each in reversed(wanted)]
    while stack:
        each, ready = stack.pop()
        if id(each) in found or each.value is not None:
            continue
        if ready:
            found[id(each)] = each
            continue
        stack.append((each, True))
        stack.extend((arg, False) for arg in each.args if arg.__class__ is Pending)
    return list(found.values())
