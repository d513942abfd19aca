"""What a tensor knows about the graph: `requires_grad`, `grad`, `grad_fn`, `backward`, hooks."""

from __future__ import annotations

import warnings
import weakref
from collections import OrderedDict
from typing import Any

from .. import dtypes
from ..tensor import Tensor, attach, method, new
from .graph import AccumulateGrad, Node, handle, index, target
from .modes import state


def _requires_grad(self: Tensor) -> bool:
    """Whether operations on this tensor are recorded for a gradient."""
    return self._node is not None


def _set_requires_grad(self: Tensor, wanted: bool) -> None:
    node = self._node
    if node is not None and node.__class__ is not AccumulateGrad:
        if not wanted:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in "
                "a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
            )
        return
    if wanted:
        if node is None:
            if not self.dtype.is_differentiable:
                raise RuntimeError("only Tensors of floating point dtype can require gradients")
            if self._inference and not state.inference:
                raise RuntimeError(
                    "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed."
                )
            self._node = AccumulateGrad(self)
            self._node.grad = self.__dict__.pop("_grad", None)
    elif node is not None:
        self._node = None
        if node.grad is not None:
            self._grad = node.grad


@method
def requires_grad_(self: Any, requires_grad: bool = True) -> Any:
    """Set whether gradients are wanted for this leaf; returns the tensor."""
    _set_requires_grad(self, requires_grad)
    return self


def _grad(self: Tensor) -> Tensor | None:
    """The gradient that `backward` has accumulated here."""
    node = self._node
    if node.__class__ is AccumulateGrad:
        return node.grad
    found = self.__dict__.get("_grad")
    if found is None and node is not None and not retains_grad(self):
        warnings.warn(
            "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't "
            "be populated during autograd.backward(). If you indeed want the .grad field to be populated for a "
            "non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by "
            "mistake, make sure you access the leaf Tensor instead. See github.com/pytorch/pytorch/pull/30531 for "
            "more informations.",
            UserWarning,
            stacklevel=2,
        )
    return found


def _set_grad(self: Tensor, grad: Tensor | None) -> None:
    if grad is not None:
        if not isinstance(grad, Tensor):
            raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {type(grad).__name__}")
        if grad is self:
            raise RuntimeError("can't assign Variable as its own grad")
        if grad._array.dtype != self._array.dtype:
            raise RuntimeError(
                f"assigned grad has data of a different type: expected torch.{dtypes.scalar_name(self.dtype)}Tensor "
                f"but got torch.{dtypes.scalar_name(grad.dtype)}Tensor"
            )
        if grad._array.shape != self._array.shape:
            raise RuntimeError(
                f"attempting to assign a gradient of size '{list(grad._array.shape)}' to a tensor of size "
                f"'{list(self._array.shape)}'. Please ensure that the gradient and the tensor are the same size"
            )
    node = self._node
    if node.__class__ is AccumulateGrad:
        node.grad = grad
    elif grad is None:
        self.__dict__.pop("_grad", None)
    else:
        self._grad = grad


def _is_leaf(self: Tensor) -> bool:
    """Whether the tensor was made by the user, not by a recorded operation."""
    return self._node is None or self._node.__class__ is AccumulateGrad


def _grad_fn(self: Tensor) -> Node | None:
    """The node of the operation that made this tensor (None for leaves)."""
    return None if self._node.__class__ is AccumulateGrad else target(self._node)


def _data(self: Tensor) -> Tensor:
    """The same memory outside the graph, with a version of its own."""
    tensor = new(Tensor)
    tensor._array, tensor._node, tensor._counter = self._array, None, [0]
    return tensor


def _set_data(self: Tensor, data: Tensor) -> None:
    if not isinstance(data, Tensor):
        raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
    if self._node is not None and data._array.dtype != self._array.dtype and not data.dtype.is_differentiable:
        raise RuntimeError("data set to a tensor that requires gradients must be floating point or complex dtype")
    self._array = data._array
    if self._node.__class__ is AccumulateGrad:
        self._node.follow(self)


def _output_nr(self: Tensor) -> int:
    return index(self._node)


def retains_grad(self: Tensor) -> bool:
    node = self._node
    extras = None if node is None else node.extras
    return extras is not None and extras.retained is not None and node.__class__ is not AccumulateGrad


attach(
    requires_grad=property(_requires_grad, _set_requires_grad),
    grad=property(_grad, _set_grad, lambda self: _set_grad(self, None)),
    is_leaf=property(_is_leaf),
    grad_fn=property(_grad_fn),
    data=property(_data, _set_data),
    output_nr=property(_output_nr),
    retains_grad=property(retains_grad),
)


@method
def detach(self: Tensor) -> Tensor:
    """The same memory (and version) outside the graph."""
    tensor = new(Tensor)
    # Tangents belong to arrays: an array of its own has none.
    array = self._array.view() if state.dual_levels else self._array
    tensor._array, tensor._node, tensor._counter = array, None, self._counter
    return tensor


@method
def detach_(self: Any) -> Any:
    """Take this tensor out of the graph."""
    if self._base is not None and self._node is not None:
        raise RuntimeError(
            "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel (DDP) for "
            "training, and gradient_as_bucket_view is set as True, gradients are views of DDP buckets, and hence "
            "detach_() cannot be called on these gradients. To fix this error, please refer to the "
            "Optimizer.zero_grad() function in torch/optim/optimizer.py as a solution."
        )
    self._node = None
    return self


@method
def retain_grad(self: Tensor) -> None:
    """Have `backward` fill `.grad` although the tensor is not a leaf."""
    node = self._node
    if node is None:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    if node.__class__ is not AccumulateGrad:
        node._extras().retained = weakref.ref(self)


@method
def register_hook(self: Tensor, hook: Any) -> Any:
    """Call `hook(grad)` whenever the gradient of this tensor is computed; what it returns replaces it."""
    if self._node is None:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    return handle(self._node._extras().tensor_hooks, hook)


@method
def register_post_accumulate_grad_hook(self: Tensor, hook: Any) -> Any:
    """Call `hook(tensor)` after a gradient has been added to this leaf's `.grad`."""
    node = self._node
    if node is None:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    if node.__class__ is not AccumulateGrad:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    if node.post_accumulate is None:
        node.post_accumulate = OrderedDict()
    return handle(node.post_accumulate, hook)
