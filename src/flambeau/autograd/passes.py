"""Backward passes as users start them: `backward` and `grad`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from ..tensor import Array, Tensor, wrap
from .engine import Task
from .graph import AccumulateGrad, Node

Tensors = Tensor | Sequence[Tensor]


# The cotangent of a scalar loss: shared, since the engine never writes to what it did not make.
ONES = {np.dtype(kind): np.ones((), kind) for kind in (np.float32, np.float64)}


def _as_tuple(value: Any) -> tuple[Any, ...]:
    if isinstance(value, Tensor) or value is None:
        return (value,)
    if isinstance(value, Node):
        return (value,)
    return tuple(value)


def _root(place: int, tensor: Any, grad: Any, batched: bool, graph: bool) -> tuple[Node, Any] | None:
    """A root's node and its cotangent: the one given, or 1 for a scalar."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"element {place} of tensors tuple is not a Tensor, but {type(tensor).__name__}")
    array = tensor._array
    if grad is None:
        if tensor._node is None:
            raise RuntimeError(f"element {place} of tensors does not require grad and does not have a grad_fn")
        if array.size != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        if not tensor.dtype.is_floating_point:
            raise RuntimeError(f"grad can be implicitly created only for real scalar outputs but got {tensor.dtype}")
        if not graph and array.shape == () and array.dtype in ONES:
            return tensor._node, ONES[array.dtype]
        ones = np.ones(array.shape, array.dtype)
        return tensor._node, wrap(ones) if graph else ones
    if not isinstance(grad, Tensor):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(grad).__name__}")
    if grad._array.shape != array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{place}] has a shape of {grad.shape} and output[{place}] has a shape "
            f"of {tensor.shape}."
        )
    if (grad._array.dtype.kind == "c") != (array.dtype.kind == "c"):
        raise RuntimeError(
            "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in "
            f"dtype: grad_output[{place}] has a dtype of {grad.dtype} and output[{place}] has a dtype of "
            f"{tensor.dtype}."
        )
    if tensor._node is None:
        raise RuntimeError(f"element {place} of tensors does not require grad and does not have a grad_fn")
    if grad._array.dtype != array.dtype:
        grad = grad.to(tensor.dtype)  # type: ignore[attr-defined]
    return tensor._node, grad if graph else grad._array


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Accumulate the gradients of `tensors` into the leaves' `.grad`.

    `grad_tensors` are the cotangents (None: 1, for scalars); `inputs` restricts which tensors receive gradients.
    Raises RuntimeError for roots that do not require grad, and for a graph already freed.
    """
    del grad_variables
    roots = _as_tuple(tensors)
    grads = _as_tuple(grad_tensors) if grad_tensors is not None else (None,) * len(roots)
    if len(grads) != len(roots):
        raise RuntimeError(f"got {len(roots)} tensors and {len(grads)} gradients")
    keep = create_graph if retain_graph is None else retain_graph
    found = [
        _root(place, tensor, grad, False, create_graph)
        for place, (tensor, grad) in enumerate(zip(roots, grads, strict=True))
    ]
    pairs = [each for each in found if each is not None]
    if inputs is None:
        Task(create_graph, keep).run([node for node, _ in pairs], [g for _, g in pairs])
        return
    targets = _as_tuple(inputs)
    if not targets:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    for each in targets:
        if each._node is None:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    task = Task(create_graph, keep, {each._node: None for each in targets})
    task.run([node for node, _ in pairs], [g for _, g in pairs])
    for each in targets:
        g = task.wanted[each._node]  # type: ignore[index]
        if g is not None and not isinstance(each._node, AccumulateGrad):
            given = task.as_tensor(g)
            before = each.__dict__.get("_grad")
            each._grad = given if before is None else before + given


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` with respect to `inputs`, which accumulate nowhere.

    Raises RuntimeError for an input that was not used, unless `allow_unused`; with `materialize_grads` its gradient is
    zeros. With `is_grads_batched` the first dimension of `grad_outputs` numbers independent passes.
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    if not only_inputs:
        import warnings

        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for "
            "other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    allow_unused = materialize_grads if allow_unused is None else allow_unused
    roots = _as_tuple(outputs)
    targets = _as_tuple(inputs)
    grads = _as_tuple(grad_outputs) if grad_outputs is not None else (None,) * len(roots)
    keep = create_graph if retain_graph is None else retain_graph
    if is_grads_batched:
        return _batched(roots, targets, grads, keep, create_graph, allow_unused, materialize_grads)
    if len(grads) != len(roots):
        raise RuntimeError(f"got {len(roots)} tensors and {len(grads)} gradients")
    pairs = [
        _root(place, tensor, each, False, create_graph)
        for place, (tensor, each) in enumerate(zip(roots, grads, strict=True))
    ]
    nodes = []
    for each in targets:
        node = each.node if isinstance(each, GradientEdge) else each._node
        if node is None:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
        nodes.append(node)
    task = Task(create_graph, keep, dict.fromkeys(nodes), accumulate=False)
    task.run([p[0] for p in pairs if p], [p[1] for p in pairs if p])
    assert task.wanted is not None
    results = []
    for place, (each, node) in enumerate(zip(targets, nodes, strict=True)):
        g = task.wanted[node]
        if g is None and not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {place} appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior."
            )
        if g is None and materialize_grads:
            g = np.zeros_like(each._array)
        results.append(None if g is None else _owned(g))
    return tuple(results)


def _owned(g: Any) -> Tensor:
    """A result's own tensor: never memory that something else may write to."""
    if isinstance(g, Tensor):
        return g
    array: Array = np.asarray(g)
    return wrap(array if array.base is None else array.copy())


def _batched(
    roots: tuple[Any, ...],
    targets: tuple[Any, ...],
    grads: tuple[Any, ...],
    keep: bool,
    create_graph: bool,
    allow_unused: bool,
    materialize: bool,
) -> tuple[Any, ...]:
    count = next(len(each) for each in grads if each is not None)
    rows = [
        grad(
            roots,
            targets,
            [None if each is None else each[i] for each in grads],
            keep or i + 1 < count,
            create_graph,
            allow_unused=allow_unused,
            materialize_grads=materialize,
        )
        for i in range(count)
    ]
    return tuple(None if column[0] is None else _stacked(column) for column in zip(*rows, strict=True))


def _stacked(column: tuple[Any, ...]) -> Tensor:
    """Gradients side by side along a new first dimension, recorded if they are."""
    first = column[0].unsqueeze(0)
    whole = first.expand((len(column), *first.shape[1:])).clone()
    for place, each in enumerate(column):
        whole[place] = each
    return whole


class GradientEdge(tuple[Any, ...]):
    """A node and the number of its output: an input of `grad` that keeps no tensor alive."""

    __slots__ = ()

    def __new__(cls, node: Any, output_nr: int) -> Self:
        return tuple.__new__(cls, (node, output_nr))

    @property
    def node(self) -> Any:
        return self[0]

    @property
    def output_nr(self) -> int:
        return self[1]


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The edge that leads to `tensor`."""
    if tensor._node is None:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    return GradientEdge(tensor._node, 0)
