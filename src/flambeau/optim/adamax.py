"""Adamax."""

from __future__ import annotations

from typing import Any

from flambeau import abs, maximum
from flambeau.kernels import fused
from flambeau.optim._formula import (
    FormulaOptimizer,
    check_options,
    number,
    present,
)
from flambeau.optim.optimizer import ParamsT
from flambeau.tensor import Tensor

__all__ = ["Adamax"]


@fused
def adamax(  # type: ignore[no-untyped-def]
    param, grad, exp_avg, exp_inf, step_size, complement1, beta2, eps, weight_decay, *, maximize
):
    """One step; Kingma and Ba 2015, section 7.1."""
    if maximize:
        grad = -grad
    if weight_decay is not None:
        grad = grad + weight_decay * param
    exp_avg = exp_avg + complement1 * (grad - exp_avg)
    exp_inf = maximum(beta2 * exp_inf, abs(grad) + eps)
    return present(param - step_size * (exp_avg / exp_inf), exp_avg, exp_inf)


class Adamax(FormulaOptimizer):
    """Adam with the largest gradient of late in place of the root mean square."""

    formula = staticmethod(adamax)
    buffers = ("exp_avg", "exp_inf")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_options(lr, betas, eps=eps, weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def coefficients(self, group: dict[str, Any], moment: Any) -> dict[str, Any]:
        step = moment
        beta1, beta2 = group["betas"]
        return {
            "step_size": number(group, "lr") / (1 - beta1**step),
            "complement1": 1 - beta1,
            "beta2": beta2,
            "eps": group["eps"],
            "weight_decay": group["weight_decay"] or None,
            "maximize": group["maximize"],
        }
