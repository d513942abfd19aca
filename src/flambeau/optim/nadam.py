"""NAdam."""

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

__all__ = ["NAdam"]


@fused
def nadam(  # type: ignore[no-untyped-def]
    param,
    grad,
    exp_avg,
    exp_avg_sq,
    grad_size,
    avg_size,
    complement1,
    beta2,
    complement2,
    bias2,
    eps,
    weight_decay,
    shrink,
    *,
    maximize,
):
    """One step; Dozat 2016."""
    if maximize:
        grad = -grad
    if shrink is not None:
        param = param * shrink
    if weight_decay is not None:
        grad = grad + weight_decay * param
    exp_avg = exp_avg + complement1 * (grad - exp_avg)
    exp_avg_sq = beta2 * exp_avg_sq + complement2 * (grad * grad)
    scale = sqrt(exp_avg_sq / bias2) + eps
    param = param - grad_size * (grad / scale) - avg_size * (exp_avg / scale)
    return present(param, exp_avg, exp_avg_sq)


def momentum(group: dict[str, Any], step: float) -> float:
    """The momentum of a step, which warms up to `beta1`."""
    return group["betas"][0] * (1 - 0.5 * 0.96 ** (step * group["momentum_decay"]))


class NAdam(FormulaOptimizer):
    """Adam with Nesterov momentum on a warming schedule."""

    formula = staticmethod(nadam)
    buffers = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_options(lr, betas, eps=eps, weight_decay=weight_decay, momentum_decay=momentum_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def init(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        return {
            "step": zero_step(),
            "mu_product": zero_step().fill_(1.0),
            **{name: flambeau.zeros_like(param) for name in self.buffers},
        }

    def advance(self, group: dict[str, Any], param: Tensor, state: dict[str, Any]) -> tuple[float, float]:
        """The step and the product of all momenta so far."""
        step = state["step"]._array
        step += 1
        product = state["mu_product"]._array
        product *= momentum(group, float(step))
        return float(step), float(product)

    def coefficients(self, group: dict[str, Any], moment: Any) -> dict[str, Any]:
        step, product = moment
        beta1, beta2 = group["betas"]
        lr, weight_decay = number(group, "lr"), group["weight_decay"]
        decoupled = group["decoupled_weight_decay"]
        mu, mu_next = momentum(group, step), momentum(group, step + 1)
        return {
            "grad_size": lr * (1 - mu) / (1 - product),
            "avg_size": lr * mu_next / (1 - product * mu_next),
            "complement1": 1 - beta1,
            "beta2": beta2,
            "complement2": 1 - beta2,
            "bias2": 1 - beta2**step,
            "eps": group["eps"],
            "weight_decay": weight_decay if weight_decay and not decoupled else None,
            "shrink": 1 - lr * weight_decay if weight_decay and decoupled else None,
            "maximize": group["maximize"],
        }
