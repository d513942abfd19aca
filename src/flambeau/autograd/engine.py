"""The engine: carries cotangents from the roots of a graph to its leaves.

Nodes are numbered as they are made, so the latest one that still waits is always complete: everything that used
its result is later, and has run. A heap of numbers is the whole schedule. Cotangents are arrays, or, when the
backward pass is to be differentiated in turn (`create_graph`), tensors.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy._core.umath import _extobj_contextvar, _make_extobj  # type: ignore[attr-defined]

from .. import prims
from ..tensor import Tensor, wrap
from .deferred import Deferring, Pending, as_array, compute_all
from .graph import AccumulateGrad, Node, Output, target
from .modes import state
from .saved import check_anomaly

quiet = _make_extobj(all="ignore")
set_errstate, reset_errstate = _extobj_contextvar.set, _extobj_contextvar.reset


def _references() -> int:
    """How many references the loop counts to a cotangent that nothing else holds."""
    results = (np.empty(0), None)
    r = results[0]
    return sys.getrefcount(r)


_OWNED = _references()


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """`g`, an array, summed over the dimensions that were broadcast from `shape`."""
    lead = g.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1)
    return prims.sum(g, axes, False).reshape(shape) if axes else g.reshape(shape)


def expandable(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    return len(shape) <= len(to) and all(a in (1, b) for a, b in zip(reversed(shape), reversed(to), strict=False))


def _fit(g: Any, node: Node, source: Node, place: int) -> Any:
    """The cotangent in the shape of the result it belongs to."""
    shape, g = node.shape, as_array(g)
    if not expandable(shape, tuple(g.shape)):
        raise RuntimeError(
            f"Function {source.name()} returned an invalid gradient at index {place} - got {list(g.shape)} but "
            f"expected shape compatible with {list(shape)}"
        )
    return g.sum_to_size(shape) if isinstance(g, Tensor) else sum_to(g, shape)


class Task(Deferring):
    """One backward pass."""

    __slots__ = ("accumulate", "grads", "graph", "heap", "keep", "leaves", "needed", "nodes", "owned", "wanted")

    def __init__(
        self,
        create_graph: bool,
        keep_graph: bool,
        wanted: dict[Node, Any] | None = None,
        accumulate: bool = True,
    ) -> None:
        self.graph = create_graph
        self.keep = keep_graph
        self.wanted = wanted  # nodes whose cotangent is asked for; None: all leaves accumulate
        self.accumulate = accumulate
        self.needed: set[Node] | None = None
        self.nodes: dict[int, Node] = {}
        self.grads: dict[int, Any] = {}
        self.owned: set[int] = set()
        self.heap: list[int] = []
        self.pending: list[Pending] = []
        self.leaves: dict[AccumulateGrad, Any] = {}  # whose cotangents are put off

    def run(self, roots: Sequence[Node], grads: Sequence[Any]) -> None:
        if self.wanted is not None:
            self.needed = _leading_to(roots, self.wanted)
        token = set_errstate(quiet)
        before, outer = state.grad, state.deferral
        state.grad = self.graph
        state.deferral = None if self.graph or self.wanted is not None or state.anomaly else self
        try:
            if len(roots) == 1 and self.needed is None and roots[0].__class__ is not AccumulateGrad:
                self.loop(roots[0], grads[0])
            else:
                for root, g in zip(roots, grads, strict=True):
                    if self.needed is None or root in self.needed:
                        self.send(root, g)
                self.loop()
        finally:
            if self.leaves:
                self.settle()
            state.grad, state.deferral = before, outer
            reset_errstate(token)

    def send(self, node: Node, g: Any) -> None:
        """Add `g` to what waits for `node`."""
        if node.__class__ is AccumulateGrad:
            self.finish(node, g, False)
            return
        seq = node.seq
        if seq in self.nodes:
            self.grads[seq] = self.add(seq, self.grads[seq], g)
        else:
            self.nodes[seq] = node
            self.grads[seq] = g
            heappush(self.heap, seq)

    def add(self, seq: int, total: Any, g: Any) -> Any:
        if seq in self.owned and total.__class__ is np.ndarray and total.dtype is g.dtype:
            return np.add(total, g, out=total)
        if not self.graph:
            if total.__class__ is Pending or g.__class__ is Pending:
                return self.later_sum(total, g)
            self.owned.add(seq)
            return prims.add(total, g)
        return total + g

    def loop(self, node: Any = None, g: Any = None) -> None:
        """Run `node`, then all that wait, until none does. The hot path: plain nodes, arrays, no hooks."""
        nodes, grads, heap, graph, keep = self.nodes, self.grads, self.heap, self.graph, self.keep
        needed, owned, wanted = self.needed, self.owned, self.wanted
        plain = not graph and wanted is None
        refcount = sys.getrefcount
        anomaly = state.anomaly
        pending = self.pending
        while node is not None or heap:
            if node is None:
                seq = heappop(heap)
                node = nodes.pop(seq)
                g = grads.pop(seq)
            while True:
                # A chain runs here without touching the heap.
                extras = node.extras
                if pending and (extras is not None or not node.defers):
                    (g,) = self.settle(g)
                if extras is not None or wanted is not None:
                    g, stop = self.meet(node, g)
                    if stop:
                        break
                if node.__class__ is Output:
                    self.gather(node, g)
                    break
                results = node.run_graph(g) if graph else node.run(g)
                if anomaly:
                    check_anomaly(node, results)
                if extras is not None and extras.post_hooks:
                    results = self.call_post_hooks(node, results, g)
                if not keep and node.saved:
                    node.saved = None
                g = None
                following = None
                place = -1
                for edge in node.edges:
                    place += 1
                    if edge is None or (needed is not None and edge not in needed):
                        continue
                    r = results[place]
                    if r is None:
                        continue
                    if r.shape != edge.shape:
                        r = _fit(r, edge, node, place)
                    if edge.__class__ is AccumulateGrad:
                        if pending and (edge in self.leaves or r.__class__ is Pending):
                            results = self.put_off(edge, r, results)
                        elif plain and edge.extras is None:
                            references = refcount(r)
                            edge.accumulate(r, references <= _OWNED)
                            if edge.post_accumulate is not None:
                                if pending:
                                    results = self.settle(*results)
                                self.after_accumulate(edge)
                        else:
                            self.finish(edge, r, False)
                        continue
                    next_seq = edge.seq
                    if next_seq in nodes:
                        grads[next_seq] = self.add(next_seq, grads[next_seq], r)
                    elif following is None:
                        following = edge
                        nodes[next_seq] = edge
                        grads[next_seq] = r
                    else:
                        nodes[next_seq] = edge
                        grads[next_seq] = r
                        heappush(heap, next_seq)
                results = r = None
                if following is None:
                    break
                seq = following.seq
                if heap and heap[0] < seq:
                    heappush(heap, seq)
                    break
                node = nodes.pop(seq)
                g = grads.pop(seq)
                if owned:
                    owned.discard(seq)
            node = None

    def put_off(self, leaf: AccumulateGrad, r: Any, results: Any) -> Any:
        """Let a leaf's cotangent wait, unless a hook is to see it; `results` that came with it, computed then."""
        if leaf.extras is None and leaf.post_accumulate is None:
            before = self.leaves.pop(leaf, None)
            self.leaves[leaf] = r if before is None else self.later_sum(before, r)
            return results
        results = self.settle(*results)
        self.finish(leaf, as_array(r), False)
        return results

    def settle(self, *held: Any) -> tuple[Any, ...]:
        """Compute all that was put off, and give leaves theirs; the arrays of `held`."""
        grads, leaves = self.grads, self.leaves
        self.pending.clear()
        live = [*held, *grads.values(), *leaves.values()]
        compute_all(live)
        shared = Counter(map(id, live))
        for seq, each in grads.items():
            if each.__class__ is Pending:
                grads[seq] = each.value
        self.leaves = {}
        for leaf, each in leaves.items():
            leaf.accumulate(as_array(each), each.__class__ is Pending and shared[id(each)] == 1)
        return tuple([as_array(each) for each in held])

    # --- the rarer things ---------------------------------------------------------------------------

    def gather(self, node: Output, g: Any) -> None:
        """Put the cotangent of one of several results into its main node's tuple."""
        main = node.main
        seq = main.seq
        if seq not in self.nodes:
            self.nodes[seq] = main
            self.grads[seq] = [None] * main.outputs  # type: ignore[attr-defined]
            heappush(self.heap, seq)
        gathered = self.grads[seq]
        gathered[node.index] = g if gathered[node.index] is None else gathered[node.index] + g

    def meet(self, node: Node, g: Any) -> tuple[Any, bool]:
        """Hooks and captures of a node's cotangent; True: the node itself need not run."""
        if node.__class__ is _Leaf:
            return g, False
        extras = node.extras
        if extras is not None:
            for hook in tuple(extras.tensor_hooks.values()):
                g = self.hooked(hook, g, node)
            if extras.retained is not None and self.accumulate and (tensor := extras.retained()) is not None:
                self.retain(tensor, g)
            if extras.pre_hooks:
                g = self.call_pre_hooks(node, g)
        if self.wanted is not None:
            if node in self.wanted:
                self.capture(node, g)
            assert self.needed is not None
            return g, not any(edge in self.needed for edge in node.edges if edge is not None)
        return g, False

    def hooked(self, hook: Any, g: Any, node: Node) -> Any:
        """Call a tensor's hook, on a tensor; what it returns takes the cotangent's place."""
        given = g if isinstance(g, Tensor) else wrap(np.asarray(g))
        found = hook(given)
        if found is None:
            return given if self.graph else given._array
        if not isinstance(found, Tensor):
            raise TypeError(f"expected Tensor, but hook returned '{type(found).__name__}'")
        if found.shape != given.shape:
            raise RuntimeError(f"hook '{getattr(hook, '__name__', '<unknown>')}' has changed the size of value")
        return found if self.graph else found._array

    def call_pre_hooks(self, node: Node, g: Any) -> Any:
        assert node.extras is not None
        many = isinstance(g, list)
        grads = tuple(self.as_tensor(each) for each in (g if many else (g,)))
        for hook in tuple(node.extras.pre_hooks.values()):
            found = hook(grads)
            if found is not None:
                grads = found if isinstance(found, tuple) else (found,)
        back = [self.as_cotangent(each) for each in grads]
        return back if many else back[0]

    def call_post_hooks(self, node: Node, results: Any, g: Any) -> Any:
        assert node.extras is not None
        inputs = tuple(self.as_tensor(each) for each in results)
        outputs = tuple(self.as_tensor(each) for each in (g if isinstance(g, list) else (g,)))
        for hook in tuple(node.extras.post_hooks.values()):
            found = hook(inputs, outputs)
            if found is not None:
                inputs = found if isinstance(found, tuple) else (found,)
        return tuple(self.as_cotangent(each) for each in inputs)

    def as_tensor(self, g: Any) -> Any:
        return g if g is None or isinstance(g, Tensor) else wrap(np.asarray(g))

    def as_cotangent(self, g: Any) -> Any:
        return g if g is None or self.graph or not isinstance(g, Tensor) else g._array

    def retain(self, tensor: Tensor, g: Any) -> None:
        given = self.as_tensor(g)
        tensor._grad = given if tensor._grad is None else tensor._grad + given  # type: ignore[operator]

    def capture(self, node: Node, g: Any) -> None:
        assert self.wanted is not None
        before = self.wanted[node]
        self.wanted[node] = g if before is None else before + g

    def finish(self, leaf: Any, g: Any, owned: bool) -> None:
        """A cotangent has reached a leaf."""
        if g.shape != leaf.shape:
            g = _fit(g, leaf, leaf, 0)
        if leaf.extras is not None:
            # Hooks of a leaf see the whole cotangent of this pass, so they run at its end.
            self.late(leaf, g)
            return
        if self.wanted is not None and leaf in self.wanted:
            self.capture(leaf, g)
            if not self.accumulate:
                return
        elif self.wanted is not None:
            return
        self.deposit(leaf, g, owned)

    def deposit(self, leaf: AccumulateGrad, g: Any, owned: bool) -> None:
        if self.graph:
            leaf.accumulate_graph(g)
        else:
            leaf.accumulate(g, owned)
        if leaf.post_accumulate is not None:
            self.after_accumulate(leaf)

    def after_accumulate(self, leaf: AccumulateGrad) -> None:
        assert leaf.post_accumulate is not None
        for hook in tuple(leaf.post_accumulate.values()):
            hook(leaf.variable)

    def late(self, leaf: AccumulateGrad, g: Any) -> None:
        """Keep the cotangent of a leaf with hooks until all of it has come."""
        proxy = self.nodes.get(-leaf.seq)
        if proxy is None:
            self.nodes[-leaf.seq] = _Leaf(leaf, self)
            self.grads[-leaf.seq] = g
            heappush(self.heap, -leaf.seq)
        else:
            self.grads[-leaf.seq] = self.grads[-leaf.seq] + g


class _Leaf(Node):
    """Stands on the heap, after every other node, for a leaf with hooks."""

    __slots__ = ("leaf", "task")

    def __init__(self, leaf: AccumulateGrad, task: Task) -> None:
        self.leaf, self.task, self.edges, self.saved = leaf, task, (), ()

    def run(self, g: Any) -> tuple[Any, ...]:
        task, leaf = self.task, self.leaf
        extras = leaf.extras
        assert extras is not None
        for hook in tuple(extras.tensor_hooks.values()):
            g = task.hooked(hook, g, leaf)
        if extras.pre_hooks:
            g = task.call_pre_hooks(leaf, g)
        if task.wanted is not None and leaf in task.wanted:
            task.capture(leaf, g)
        if task.wanted is None or (leaf in task.wanted and task.accumulate):
            task.deposit(leaf, g, False)
        if extras.post_hooks:
            task.call_post_hooks(leaf, (), g)
        return ()

    run_graph = run


def _leading_to(roots: Sequence[Node], wanted: dict[Node, Any]) -> set[Node]:
    """The nodes from which some wanted node can be reached (itself included)."""
    needed: set[Node] = set(wanted)
    seen: dict[Node, bool] = {}
    stack: list[tuple[Node, bool]] = [(root, False) for root in roots]
    while stack:
        node, done = stack.pop()
        if done:
            if any(edge in needed for edge in node.edges if edge is not None):
                needed.add(node)
            continue
        if node in seen:
            continue
        seen[node] = True
        stack.append((node, True))
        stack.extend((edge, False) for edge in node.edges if edge is not None and edge not in seen)
    return needed


__all__ = ["Task", "expandable", "state", "sum_to", "target"]
