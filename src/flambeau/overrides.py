"""`__torch_function__`: how other classes answer for functions themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .autograd.modes import enter_slow, leave_slow
from .ops.dispatch import function_modes, overrides
from .ops.dispatch import override as _override
from .tensor import DisableTorchFunctionSubclass, Tensor


def has_torch_function(relevant_args: Any) -> bool:
    """Whether an argument's class answers for functions, or a mode is on."""
    return bool(overrides(tuple(relevant_args))) or bool(function_modes)


def has_torch_function_unary(argument: Any) -> bool:
    return has_torch_function((argument,))


def has_torch_function_variadic(*arguments: Any) -> bool:
    return has_torch_function(arguments)


def handle_torch_function(public_api: Callable[..., Any], relevant_args: Any, *args: Any, **kwargs: Any) -> Any:
    """The answer of the first class among `relevant_args` that has one. Raises TypeError if none has."""
    return _override(public_api, overrides(tuple(relevant_args)), args, kwargs)


def is_tensor_like(inp: Any) -> bool:
    """Whether `inp` is a tensor or answers for functions as one."""
    return type(inp) is Tensor or hasattr(inp, "__torch_function__")


class TorchFunctionMode:
    """Within it, `__torch_function__` of this object sees every call of an op first."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}))

    def __enter__(self) -> Any:
        function_modes.append(self)
        enter_slow()
        return self

    def __exit__(self, *exc: object) -> None:
        function_modes.pop()
        leave_slow()


__all__ = [
    "DisableTorchFunctionSubclass",
    "TorchFunctionMode",
    "handle_torch_function",
    "has_torch_function",
    "is_tensor_like",
]
