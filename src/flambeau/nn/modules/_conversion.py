"""Moving and casting a module's tensors."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import flambeau
from flambeau._C._nn import _parse_to
from flambeau.tensor import Tensor

from ..parameter import Parameter

if TYPE_CHECKING:
    from .module import Module


def replace_members(module: Module, fn: Callable[[Any], Any]) -> None:
    """Replace the parameters, gradients and buffers of `module` itself by `fn` of each.

    A parameter stays the same object, so that optimizers keep it, unless it moves between the
    meta device and the CPU.
    """
    for name, param in module._parameters.items():
        if param is None:
            continue
        grad = param.grad
        with flambeau.no_grad():
            value = fn(param)
        kept = param
        if value.device.type == param.device.type:
            param.data = value
        else:
            kept = module._parameters[name] = Parameter(value, param.requires_grad)
        if grad is None:
            continue
        with flambeau.no_grad():
            new_grad = fn(grad)
        if kept is param:
            grad.data = new_grad
        else:
            kept.grad = new_grad.requires_grad_(grad.requires_grad)
    for name, buffer in module._buffers.items():
        if buffer is not None:
            module._buffers[name] = fn(buffer)


def converter(*args: Any, **kwargs: Any) -> Callable[[Tensor], Tensor]:
    """What `Module.to` with these arguments does to each tensor.

    TypeError unless the dtype is floating-point or complex.
    """
    device, dtype, non_blocking, memory_format = _parse_to(*args, **kwargs)
    if dtype is not None:
        if not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
            )
        if dtype.is_complex:
            warnings.warn(
                "Complex modules are a new feature under active development whose design may "
                "change, and some modules might not work as expected when using complex tensors "
                "as parameters or buffers. Please file an issue at "
                "https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml "
                "if a complex module does not work as expected.",
                stacklevel=3,
            )

    def convert(t: Tensor) -> Tensor:
        target = dtype if t.is_floating_point() or t.is_complex() else None
        options = {}
        if memory_format is not None and t.dim() in {4, 5}:
            options["memory_format"] = memory_format
        try:
            return t.to(device, target, non_blocking, **options)
        except NotImplementedError as error:
            if str(error) != "Cannot copy out of meta tensor; no data!":
                raise
            raise NotImplementedError(
                f"{error} Please use torch.nn.Module.to_empty() instead of torch.nn.Module.to() "
                "when moving module from meta to a different device."
            ) from None

    return convert
