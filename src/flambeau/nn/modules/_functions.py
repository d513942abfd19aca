"""Autograd functions that modules use and no op provides."""

from __future__ import annotations

from typing import Any

from flambeau.autograd import Function
from flambeau.tensor import Tensor


class BackwardHookFunction(Function):
    """The identity, there to have a node to hang a module's backward hooks on."""

    @staticmethod
    def forward(ctx: Any, *args: Tensor) -> tuple[Tensor, ...]:
        ctx.mark_non_differentiable(*(arg for arg in args if not arg.requires_grad))
        return args

    @staticmethod
    def backward(ctx: Any, *args: Tensor | None) -> tuple[Tensor | None, ...]:
        return args
