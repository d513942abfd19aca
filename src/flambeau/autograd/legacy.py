"""`Variable`, which tensors were once wrapped in."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from .variable import detach


class _VariableMeta(type):
    """Every tensor is a Variable."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_VariableMeta):
    """A tensor: `Variable(data, requires_grad)` shares the memory of `data`."""

    def __new__(cls, data: Any, requires_grad: bool = False, volatile: Any = None) -> Any:
        tensor = detach(data)
        if requires_grad:
            tensor.requires_grad = True
        return tensor
