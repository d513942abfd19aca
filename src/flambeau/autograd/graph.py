"""The graph: nodes, each the record of one call, and the edges along which cotangents flow."""

from __future__ import annotations

import itertools
import re
import weakref
from collections import OrderedDict
from typing import Any

import numpy as np

from .. import dtypes
from ..tensor import Array, Tensor, new, wrap

# Later nodes have smaller numbers: the engine's heap then gives every node after all that use its result.
next_seq = itertools.count(-1, -1).__next__


class Extras:
    """What few nodes have: hooks, and tensors that retain their grad."""

    __slots__ = ("post_hooks", "pre_hooks", "retained", "tensor_hooks")

    def __init__(self) -> None:
        self.tensor_hooks: OrderedDict[int, Any] = OrderedDict()
        self.pre_hooks: OrderedDict[int, Any] = OrderedDict()
        self.post_hooks: OrderedDict[int, Any] = OrderedDict()
        self.retained: weakref.ref[Tensor] | None = None


class Node:
    """The record of one call: where its cotangents go, and what its rule needs.

    `edges` has the node of each tensor argument (None: no gradient wanted), `saved` the rule's values with the
    versions they had, `shape` the shape of the result.
    """

    __slots__ = ("__dict__", "__weakref__", "edges", "saved", "seq", "shape")
    edges: tuple[Node | None, ...]
    saved: tuple[Any, ...] | None
    seq: int
    shape: tuple[int, ...]
    extras: Extras | None = None
    casts: tuple[Any, ...] | None = None
    metadata_: dict[Any, Any] | None = None
    trace: str | None = None
    settled = False  # whether its name is that of the composite op which it ends
    defers = False  # whether its rules take cotangents that are not computed yet
    op: Any = None  # the op that made it

    def run(self, g: Any) -> tuple[Any, ...]:
        """The cotangents of the arguments, as arrays, from that of the result."""
        raise TypeError(f"{self.name()} has no rule")

    def run_graph(self, g: Any) -> tuple[Any, ...]:
        """The same on tensors, recorded in turn."""
        raise TypeError(f"{self.name()} has no rule")

    # --- what users see -------------------------------------------------------------------------

    def name(self) -> str:
        return type(self).__name__

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        return tuple((target(edge), index(edge)) for edge in self.edges)

    @property
    def metadata(self) -> dict[Any, Any]:
        if self.metadata_ is None:
            self.metadata_ = {}
        return self.metadata_

    def _sequence_nr(self) -> int:
        return -self.seq

    def _extras(self) -> Extras:
        if self.extras is None:
            self.extras = Extras()
        return self.extras

    def register_hook(self, hook: Any) -> Any:
        """Call `hook(grad_inputs, grad_outputs)` after the node has run; it may replace `grad_inputs`."""
        return handle(self._extras().post_hooks, hook)

    def register_prehook(self, hook: Any) -> Any:
        """Call `hook(grad_outputs)` before the node runs; it may replace them."""
        return handle(self._extras().pre_hooks, hook)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"


def handle(hooks: OrderedDict[int, Any], hook: Any, *, first: bool = False) -> Any:
    from ..utils.hooks import RemovableHandle

    found = RemovableHandle(hooks)
    hooks[found.id] = hook
    if first:
        hooks.move_to_end(found.id, last=False)
    return found


class Output(Node):
    """One result of a node that has several; the engine gathers their cotangents into one tuple."""

    __slots__ = ("dtype", "index", "main")

    def __init__(self, main: Node, index: int, array: Array) -> None:
        self.main, self.index = main, index
        self.edges, self.saved = (main,), ()
        self.shape, self.dtype = array.shape, array.dtype
        self.seq = next_seq()


def target(node: Node | None) -> Node | None:
    """The node a user sees behind an edge."""
    found = node.main if node.__class__ is Output else node  # type: ignore[union-attr]
    if found is not None and found.op is not None and found.op.variant is not None and found.saved is not None:
        _rename(found)
    return found


def _rename(node: Any) -> None:
    """Give a node the class that PyTorch has for the form of its call: `SumBackward1` where there was a `dim`."""
    given, place = {}, 0
    for save in node.saves:
        given[save.name] = node.saved[place]
        counted = save.kind in ("tensor", "optional", "result")
        if counted:
            given[f"{save.name}_versions"] = node.saved[place + 1]
        place += 3 if counted else 1
    given["node"] = node
    name = type(node).op.variant(given)
    if name is not None:
        rename(node, name)


def rename(node: Any, name: str, *, settled: bool = False) -> None:
    """Give a node the class of that name; `settled`: whatever the form of the op that it comes from."""
    cls = type(node)
    if not settled and (cls.settled or name == cls.__name__):
        return
    node.__class__ = named_like(cls, name, settled=settled)


def named_like(cls: type, name: str, *, settled: bool = True) -> type:
    """The class of nodes that differs from `cls` by its name."""
    found = _variants.get((cls, name))
    if found is None:
        found = _variants[cls, name] = type(name, (cls,), {"__slots__": (), "settled": settled})
    return found


_variants: dict[tuple[type, str], type] = {}


def index(node: Node | None) -> int:
    """Which result of its target an edge stands for."""
    return node.index if node.__class__ is Output else 0  # type: ignore[union-attr]


class AccumulateGrad(Node):
    """The end of the graph at a leaf; it holds the leaf's `.grad`."""

    __slots__ = ("array", "grad", "post_accumulate", "reference")

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    def __init__(self, leaf: Tensor) -> None:
        self.edges, self.saved, self.seq = (), (), next_seq()
        self.grad: Tensor | None = None
        self.post_accumulate: OrderedDict[int, Any] | None = None
        self.follow(leaf)

    def follow(self, leaf: Tensor) -> None:
        """Stand for `leaf` with the memory it has now."""
        self.reference = weakref.ref(leaf)
        self.array = leaf._array
        self.shape = leaf._array.shape

    @property
    def variable(self) -> Tensor:
        leaf = self.reference()
        if leaf is None:
            leaf = new(Tensor)
            leaf._array, leaf._node, leaf._counter = self.array, self, [0]
            self.reference = weakref.ref(leaf)
        return leaf

    def accumulate(self, g: Array, owned: bool) -> None:
        """Add an array to `.grad`; `owned`: nothing else refers to it."""
        grad = self.grad
        if grad is None:
            array = self.array
            if g.__class__ is not np.ndarray:
                g = np.asarray(g, array.dtype)
            elif not (owned and g.base is None and g.strides == array.strides and g.dtype is array.dtype):
                kept = np.empty_like(array) if array.size < 1 << 14 else _empty_like(array)
                kept[...] = g
                g = kept
            self.grad = wrap(g)
        else:
            into = grad._array
            if grad._node is not None:
                self.grad = wrap(into + g)
                return
            if into.dtype is g.dtype:
                np.add(into, g, into)
            elif into.dtype != self.array.dtype:
                self.grad = wrap(into + g)
                return
            else:
                np.add(into, g, out=into, casting="unsafe")
            grad._counter[0] += 1

    def accumulate_graph(self, g: Tensor) -> None:
        """Add a tensor to `.grad`, keeping its history."""
        self.grad = g if self.grad is None else self.grad + g  # type: ignore[operator]


def _empty_like(array: Array) -> Array:
    from ..kernels import pool

    if not array.flags.c_contiguous:
        return np.empty_like(array)
    return pool.empty(array.shape, array.dtype)


def version_error(array: Array, counter: list[Any], version: int, origin: Node | None) -> RuntimeError:
    """What PyTorch says when a saved tensor, made by `origin`, was written to before its rule ran."""
    kind = dtypes.scalar_name(dtypes.from_numpy_dtype(array.dtype))
    shape = ", ".join(map(str, array.shape))
    maker = target(origin)
    made = ""
    if maker is not None and not isinstance(maker, AccumulateGrad):
        name = re.sub(r"Backward\d*$", "", maker.name())
        made = f", which is output {index(origin)} of {name},"
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[torch.{kind}Tensor [{shape}]]{made} is at version {counter[0]}; expected version {version} instead. "
        "Hint: enable anomaly detection to find the operation that failed to compute its gradient, with "
        "torch.autograd.set_detect_anomaly(True, check_nan=False)."
    )


def freed_error() -> RuntimeError:
    return RuntimeError(
        "Trying to backward through the graph a second time (or directly access saved tensors after they have "
        "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
        "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or "
        "if you need to access saved tensors after calling backward."
    )


_SAVED = frozenset(
    {
        *("saved_tensors_hooks", "save_on_cpu", "disable_saved_tensors_hooks", "increment_version"),
        "register_multi_grad_hook",
    }
)


def __getattr__(name: str) -> Any:
    """The names that `torch.autograd.graph` has from modules beside this one."""
    from importlib import import_module

    if name in _SAVED:
        return getattr(import_module("flambeau.autograd.saved"), name)
    if name in ("GradientEdge", "get_gradient_edge"):
        return getattr(import_module("flambeau.autograd.passes"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
