"""RAdam."""

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

__all__ = ["RAdam"]


@fused
def radam(  # type: ignore[no-untyped-def]
    param,
    grad,
    exp_avg,
    exp_avg_sq,
    step_size,
    rectification,
    complement1,
    beta2,
    complement2,
    eps,
    weight_decay,
    shrink,
    *,
    maximize,
):
    """One step; Liu et al. 2020. No `rectification`: the variance is not yet tractable."""
    if maximize:
        grad = -grad
    if shrink is not None:
        param = param * shrink
    if weight_decay is not None:
        grad = grad + weight_decay * param
    exp_avg = exp_avg + complement1 * (grad - exp_avg)
    exp_avg_sq = beta2 * exp_avg_sq + complement2 * (grad * grad)
    step = step_size * exp_avg
    if rectification is not None:
        step = step * (rectification / (sqrt(exp_avg_sq) + eps))
    return present(param - step, exp_avg, exp_avg_sq)


class RAdam(FormulaOptimizer):
    """Adam whose adaptive rate is rectified for the variance of its early steps."""

    formula = staticmethod(radam)
    buffers = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_options(lr, betas, eps=eps, weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def coefficients(self, group: dict[str, Any], moment: Any) -> dict[str, Any]:
        step = moment
        beta1, beta2 = group["betas"]
        lr, weight_decay = number(group, "lr"), group["weight_decay"]
        decoupled = group["decoupled_weight_decay"]
        bias2 = 1 - beta2**step
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * step * beta2**step / bias2
        rectification = None
        if length > 5:
            gain = (length - 4) * (length - 2) * longest
            gain /= (longest - 4) * (longest - 2) * length
            rectification = (gain * bias2) ** 0.5
        return {
            "step_size": lr / (1 - beta1**step),
            "rectification": rectification,
            "complement1": 1 - beta1,
            "beta2": beta2,
            "complement2": 1 - beta2,
            "eps": group["eps"],
            "weight_decay": weight_decay if weight_decay and not decoupled else None,
            "shrink": 1 - lr * weight_decay if weight_decay and decoupled else None,
            "maximize": group["maximize"],
        }
