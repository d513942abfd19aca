"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

import flambeau
from flambeau.kernels import fused
from flambeau.optim._formula import FormulaOptimizer, check_options, number, present
from flambeau.optim.optimizer import ParamsT
from flambeau.tensor import Tensor

__all__ = ["SGD"]


@fused
def sgd(  # type: ignore[no-untyped-def]
    param, grad, momentum_buffer, lr, momentum, undamped, weight_decay, *, nesterov, maximize, first
):
    """One step; Sutskever et al. 2013, with the velocity in units of the gradient."""
    if maximize:
        grad = -grad
    if weight_decay is not None:
        grad = grad + weight_decay * param
    if momentum_buffer is not None:
        momentum_buffer = grad if first else momentum * momentum_buffer + undamped * grad
        grad = grad + momentum * momentum_buffer if nesterov else momentum_buffer
    return present(param - lr * grad, momentum_buffer)


class SGD(FormulaOptimizer):
    """Gradient descent `param -= lr * grad`, optionally with (Nesterov) momentum."""

    formula = staticmethod(sgd)
    buffers = ("momentum_buffer",)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_options(lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def init(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        return {"momentum_buffer": None} if group["momentum"] else {}

    def advance(self, group: dict[str, Any], param: Tensor, state: dict[str, Any]) -> bool:
        """Whether this is the first step, whose velocity is the gradient."""
        if group["momentum"] == 0 or state.get("momentum_buffer") is not None:
            return False
        state["momentum_buffer"] = flambeau.zeros_like(param)
        return True

    def coefficients(self, group: dict[str, Any], moment: Any) -> dict[str, Any]:
        return {
            "lr": number(group, "lr"),
            "momentum": group["momentum"],
            "undamped": 1 - group["dampening"],
            "weight_decay": number(group, "weight_decay") or None,
            "nesterov": group["nesterov"],
            "maximize": group["maximize"],
            "first": moment,
        }
