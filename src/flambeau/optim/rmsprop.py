"""RMSprop."""

from __future__ import annotations

from typing import Any

import flambeau
from flambeau import sqrt
from flambeau.kernels import fused
from flambeau.optim._formula import (
    FormulaOptimizer,
    check_options,
    number,
    present,
    zero_step,
)
from flambeau.optim.optimizer import ParamsT
from flambeau.tensor import Tensor

__all__ = ["RMSprop"]


@fused
def rmsprop(  # type: ignore[no-untyped-def]
    param,
    grad,
    square_avg,
    momentum_buffer,
    grad_avg,
    lr,
    alpha,
    complement,
    eps,
    momentum,
    weight_decay,
    *,
    maximize,
):
    """One step; Hinton's lecture 6e 2012, centered as in Graves 2013."""
    if maximize:
        grad = -grad
    if weight_decay is not None:
        grad = grad + weight_decay * param
    square_avg = alpha * square_avg + complement * (grad * grad)
    variance = square_avg
    if grad_avg is not None:
        grad_avg = grad_avg + complement * (grad - grad_avg)
        variance = square_avg - grad_avg * grad_avg
    step = grad / (sqrt(variance) + eps)
    if momentum_buffer is not None:
        step = momentum_buffer = momentum * momentum_buffer + step
    return present(param - lr * step, square_avg, momentum_buffer, grad_avg)


class RMSprop(FormulaOptimizer):
    """Steps scaled by a running average of the squared gradient."""

    formula = staticmethod(rmsprop)
    buffers = ("square_avg", "momentum_buffer", "grad_avg")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_options(lr, eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def init(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        used = (True, group["momentum"] > 0, group["centered"])
        names = [name for name, use in zip(self.buffers, used, strict=True) if use]
        return {"step": zero_step(), **{name: flambeau.zeros_like(param) for name in names}}

    def coefficients(self, group: dict[str, Any], moment: Any) -> dict[str, Any]:
        return {
            "lr": number(group, "lr"),
            "alpha": group["alpha"],
            "complement": 1 - group["alpha"],
            "eps": group["eps"],
            "momentum": group["momentum"],
            "weight_decay": group["weight_decay"] or None,
            "maximize": group["maximize"],
        }
