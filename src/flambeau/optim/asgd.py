"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import flambeau
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

__all__ = ["ASGD"]


@fused
def asgd(  # type: ignore[no-untyped-def]
    param, grad, ax, eta, shrink, mu, weight_decay, *, maximize
):
    """One step; Polyak and Juditsky 1992. `ax` is the average; no `mu`: it starts here."""
    if maximize:
        grad = -grad
    if weight_decay is not None:
        grad = grad + weight_decay * param
    param = param * shrink - eta * grad
    return present(param, param if mu is None else ax + mu * (param - ax))


class ASGD(FormulaOptimizer):
    """Gradient descent that keeps the average of its iterates in `state["ax"]`."""

    formula = staticmethod(asgd)
    buffers = ("ax",)

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_options(lr, weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def init(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        return {
            "step": zero_step(),
            "eta": zero_step().fill_(float(group["lr"])),
            "mu": zero_step().fill_(1.0),
            "ax": flambeau.zeros_like(param),
        }

    def advance(self, group: dict[str, Any], param: Tensor, state: dict[str, Any]) -> tuple[float, float]:
        """The rate of this step and the weight of its result in the average."""
        step, eta, mu = (state[name]._array for name in ("step", "eta", "mu"))
        moment = float(eta), float(mu)
        step += 1
        lr = float(number(group, "lr"))
        eta[...] = lr / (1 + group["lambd"] * lr * float(step)) ** group["alpha"]
        mu[...] = 1 / max(1, float(step) - group["t0"])
        return moment

    def coefficients(self, group: dict[str, Any], moment: Any) -> dict[str, Any]:
        eta, mu = moment
        return {
            "eta": eta,
            "shrink": 1 - group["lambd"] * eta,
            "mu": None if mu == 1 else mu,
            "weight_decay": group["weight_decay"] or None,
            "maximize": group["maximize"],
        }
