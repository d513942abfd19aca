"""Adagrad."""

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

__all__ = ["Adagrad"]


@fused
def adagrad(  # type: ignore[no-untyped-def]
    param, grad, sum, step_size, eps, weight_decay, *, maximize
):
    """One step; Duchi, Hazan and Singer 2011."""
    if maximize:
        grad = -grad
    if weight_decay is not None:
        grad = grad + weight_decay * param
    sum = sum + grad * grad
    return present(param - step_size * (grad / (sqrt(sum) + eps)), sum)


class Adagrad(FormulaOptimizer):
    """Steps scaled by the root of the sum of all squared gradients so far."""

    formula = staticmethod(adagrad)
    buffers = ("sum",)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_options(
            lr,
            eps=eps,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
        )
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param] = self.init(group, param)

    def init(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        value = group["initial_accumulator_value"]
        start = complex(value, value) if param.is_complex() else value
        return {"step": zero_step(), "sum": flambeau.full_like(param, start)}

    def share_memory(self) -> None:
        """Move the state into memory that processes share."""
        for state in self.state.values():
            state["sum"].share_memory_()

    def coefficients(self, group: dict[str, Any], moment: Any) -> dict[str, Any]:
        step = moment
        return {
            "step_size": number(group, "lr") / (1 + (step - 1) * group["lr_decay"]),
            "eps": group["eps"],
            "weight_decay": group["weight_decay"] or None,
            "maximize": group["maximize"],
        }
