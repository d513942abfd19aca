"""Adam."""

from __future__ import annotations

from typing import Any

import flambeau
from flambeau import maximum, sqrt
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

__all__ = ["Adam"]


@fused
def adam(  # type: ignore[no-untyped-def]
    param,
    grad,
    exp_avg,
    exp_avg_sq,
    max_exp_avg_sq,
    step_size,
    complement1,
    beta2,
    complement2,
    root_bias2,
    eps,
    weight_decay,
    shrink,
    *,
    maximize,
):
    """One step; Kingma and Ba 2015, amsgrad by Reddi et al. 2018, `shrink` by Loshchilov 2019."""
    if maximize:
        grad = -grad
    if shrink is not None:
        param = param * shrink
    if weight_decay is not None:
        grad = grad + weight_decay * param
    exp_avg = exp_avg + complement1 * (grad - exp_avg)
    exp_avg_sq = beta2 * exp_avg_sq + complement2 * (grad * grad)
    second = exp_avg_sq
    if max_exp_avg_sq is not None:
        second = max_exp_avg_sq = maximum(max_exp_avg_sq, exp_avg_sq)
    param = param - step_size * (exp_avg / (sqrt(second) / root_bias2 + eps))
    return present(param, exp_avg, exp_avg_sq, max_exp_avg_sq)


class Adam(FormulaOptimizer):
    """Steps scaled by running averages of the gradient and of its square."""

    formula = staticmethod(adam)
    buffers = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        if isinstance(lr, Tensor) and foreach and not capturable:
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        check_options(lr, betas, eps=eps, weight_decay=weight_decay)
        if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
            raise ValueError("betas must be either both floats or both Tensors")
        for i, beta in enumerate(betas):
            if isinstance(beta, Tensor):
                if foreach and not capturable:
                    raise ValueError(f"betas[{i}] as a Tensor is not supported for capturable=False and foreach=True")
                if beta.numel() != 1:
                    raise ValueError(f"Tensor betas[{i}] must be 1-element")
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def init(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        names = self.buffers if group["amsgrad"] else self.buffers[:2]
        return {"step": zero_step(), **{name: flambeau.zeros_like(param) for name in names}}

    def coefficients(self, group: dict[str, Any], moment: Any) -> dict[str, Any]:
        step = moment
        beta1, beta2 = map(float, group["betas"])
        lr, weight_decay = number(group, "lr"), group["weight_decay"]
        decoupled = group["decoupled_weight_decay"]
        return {
            "step_size": lr / (1 - beta1**step),
            "complement1": 1 - beta1,
            "beta2": beta2,
            "complement2": 1 - beta2,
            "root_bias2": (1 - beta2**step) ** 0.5,
            "eps": group["eps"],
            "weight_decay": weight_decay if weight_decay and not decoupled else None,
            "shrink": 1 - lr * weight_decay if weight_decay and decoupled else None,
            "maximize": group["maximize"],
        }
