"""Adadelta."""

from __future__ import annotations

from typing import Any

from flambeau import sqrt
from flambeau.kernels import fused
from flambeau.optim._formula import (
    FormulaOptimizer,
    check_options,
    number,
    present,
)
from flambeau.optim.optimizer import ParamsT
from flambeau.tensor import Tensor

__all__ = ["Adadelta"]


@fused
def adadelta(  # type: ignore[no-untyped-def]
    param, grad, square_avg, acc_delta, lr, rho, complement, eps, weight_decay, *, maximize
):
    """One step; Zeiler 2012."""
    if maximize:
        grad = -grad
    if weight_decay is not None:
        grad = grad + weight_decay * param
    square_avg = rho * square_avg + complement * (grad * grad)
    delta = sqrt(acc_delta + eps) / sqrt(square_avg + eps) * grad
    acc_delta = rho * acc_delta + complement * (delta * delta)
    return present(param - lr * delta, square_avg, acc_delta)


class Adadelta(FormulaOptimizer):
    """Steps in the units of the parameter, from running averages of gradients and steps."""

    formula = staticmethod(adadelta)
    buffers = ("square_avg", "acc_delta")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_options(lr, eps=eps, weight_decay=weight_decay)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def coefficients(self, group: dict[str, Any], moment: Any) -> dict[str, Any]:
        return {
            "lr": number(group, "lr"),
            "rho": group["rho"],
            "complement": 1 - group["rho"],
            "eps": group["eps"],
            "weight_decay": group["weight_decay"] or None,
            "maximize": group["maximize"],
        }
