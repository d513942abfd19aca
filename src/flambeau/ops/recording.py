"""What comes out of a call: tensors, and the node that records it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.graph import Node, Output, next_seq
from ..autograd.modes import state
from ..dtypes import from_numpy_dtype
from ..tensor import Tensor, new, wrap, wrap_view
from .declare import STATIC, TENSORS, Op, namespace


def before_write(target: Tensor) -> Tensor:
    """What `target` holds and where it stands in the graph, kept from the write that follows."""
    kept = new(Tensor)
    kept._array, kept._node, kept._counter = target._array.copy(), target._node, [0]
    return kept


def finish(op: Op, result: Any, args: Sequence[Any]) -> Any:
    """Wrap what a body returned, and record the call if a gradient may be wanted."""
    if isinstance(result, (tuple, list)):
        return finish_many(op, result, args)
    array = result if result.__class__ is np.ndarray else np.asarray(result)
    tensor = wrap_view(array, args[0]) if op.view else wrap(array)
    record(op, args, [tensor])
    after(op, args, (tensor,))
    return tensor


def plain_many(results: Any) -> Any:
    """Several results as tensors outside the graph; their container's type is kept."""
    tensors: list[Any] = [
        None if each is None else wrap(each if each.__class__ is np.ndarray else np.asarray(each)) for each in results
    ]
    return type(results)(*tensors) if hasattr(results, "_fields") else tuple(tensors)


def finish_many(op: Op, results: Any, args: Sequence[Any]) -> Any:
    """The same for several results; their container's type is kept. (One result of an op on lists comes here too.)"""
    if not isinstance(results, (tuple, list)):
        return finish(op, results, args)
    tensors: list[Any] = [
        None if each is None else wrap_view(each, args[0]) if op.view else wrap(np.asarray(each)) for each in results
    ]
    record(op, args, tensors, many=True)
    if op.view:
        for tensor in tensors:
            tensor._view_flaw = "multi"  # type: ignore[union-attr, misc]
    after(op, args, tuple(tensors))
    return type(results)(*tensors) if hasattr(results, "_fields") else tuple(tensors)


def after(op: Op, args: Sequence[Any], results: tuple[Any, ...]) -> None:
    """What the rarer modes add to results."""
    if state.inference:
        for each in results:
            if each is not None and not op.view:
                each._inference = True
    if state.dual_levels:
        namespace["forward_rule"](op, args, results)


def node_of(value: Any) -> Node | None:
    return value._node if isinstance(value, Tensor) else None


def edges_of(op: Op, args: Sequence[Any]) -> tuple[list[Node | None], bool]:
    """The edges of a call, and whether any of them wants a gradient."""
    edges: list[Node | None] = []
    wanted = False
    for place, listed, has_rule in op.places:
        value = args[place]
        if listed:
            nodes = [node_of(each) if has_rule else None for each in value]
            edges += nodes
            wanted = wanted or any(node is not None for node in nodes)
        else:
            node = value._node if has_rule and isinstance(value, Tensor) else None
            edges.append(node)
            wanted = wanted or node is not None
    return edges, wanted


def record(op: Op, args: Sequence[Any], results: list[Any], *, many: bool = False) -> Node | None:
    """Make the node of a call and give it to the results that can have gradients."""
    if not state.grad or not op.differentiable:
        return None
    edges, wanted = edges_of(op, args)
    if not wanted:
        return None
    kept = [each is not None and from_numpy_dtype(each._array.dtype).is_differentiable for each in results]
    if True not in kept:
        return None
    node = make_node(op, args, edges, results)
    if not many:
        results[0]._node = node
        return node
    node.outputs = len(results)  # type: ignore[attr-defined]
    for place, each in enumerate(results):
        if kept[place]:
            each._node = Output(node, place, each._array)
    return node


def make_node(op: Op, args: Sequence[Any], edges: Sequence[Node | None], results: Sequence[Any]) -> Node:
    wanted = set()
    for place, listed, _ in op.places:
        value = args[place]
        for each in value if listed else (value,):
            if isinstance(each, Tensor):
                if each._node is not None:
                    wanted.add(place)
                elif each._inference:
                    raise RuntimeError(
                        "Inference tensors cannot be saved for backward. Please do not use Tensors created in "
                        "inference mode in computation tracked by autograd. To work around this, you can make a clone "
                        "to get a normal tensor and use it in autograd, or use `torch.no_grad()` instead of "
                        "`torch.inference_mode()`."
                    )
    if op.node is None:
        op.prepare()
    cls = op.node
    if op.family == "pointwise" and (op.holomorphic or results[0]._array.dtype.kind != "c"):
        from .rules import pick  # which computes with what is declared here

        cls = pick(cls, results[0]._array.dtype)
    node = new(cls)
    node.seq, node.edges = next_seq(), tuple(edges)
    node.shape = results[0]._array.shape if results[0] is not None else ()
    saved: list[Any] = []
    for kind, of_result, place, users in op.saving:
        if kind == STATIC:
            saved.append(args[place])
            continue
        needed = users is None or not wanted.isdisjoint(users)
        value = results[place] if of_result else args[place]
        if kind in {"shape", "dtype"}:
            if isinstance(value, (list, tuple)):
                saved.append([getattr(each._array, kind) for each in value])
            else:
                saved.append(None if value is None else getattr(value._array, kind))
        elif kind == TENSORS:
            values = value if needed else []
            saved += [
                [each if each is None else each._array for each in values],
                [each if each is None else each._counter for each in values],
                [each if each is None else each._counter[0] for each in values],
            ]
        elif value is None or not (needed or of_result):
            saved += (None, namespace["UNSAVED"], 0)
        else:
            counter = value._counter
            saved += (value._array, counter, counter[0])
    node.saved = tuple(saved)
    if state.saved_hooks:
        namespace["pack_saved"](node)
    if state.anomaly:
        namespace["note_trace"](node)
    return node


def no_nodes(tensors: Any) -> bool:
    """Whether none of a list of tensors is in a graph."""
    return not any([each._node is not None for each in tensors])  # noqa: C419 -- as above
