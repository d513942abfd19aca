"""Resilient propagation."""

from __future__ import annotations

from typing import Any

import flambeau
from flambeau import clamp, sign, where
from flambeau.kernels import fused
from flambeau.optim._formula import FormulaOptimizer, check_options, present, zero_step
from flambeau.optim.optimizer import ParamsT
from flambeau.tensor import Tensor

__all__ = ["Rprop"]


@fused
def rprop(  # type: ignore[no-untyped-def]
    param, grad, prev, step_size, shrink, grow, smallest, largest, *, maximize
):
    """One step; Riedmiller and Braun 1993, without the step back (iRprop-)."""
    if maximize:
        grad = -grad
    agreement = grad * prev
    turned = agreement < 0
    grown = where(agreement > 0, grow * step_size, step_size)
    step_size = clamp(where(turned, shrink * step_size, grown), smallest, largest)
    grad = where(turned, 0.0, grad)
    return present(param - sign(grad) * step_size, grad, step_size)


class Rprop(FormulaOptimizer):
    """Steps by the sign of the gradient, each weight with a step size of its own."""

    formula = staticmethod(rprop)
    buffers = ("prev", "step_size")

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_options(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def init(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        lr = float(group["lr"])
        start = complex(lr, lr) if param.is_complex() else lr
        return {
            "step": zero_step(),
            "prev": flambeau.zeros_like(param),
            "step_size": flambeau.full_like(param, start),
        }

    def coefficients(self, group: dict[str, Any], moment: Any) -> dict[str, Any]:
        shrink, grow = group["etas"]
        smallest, largest = group["step_sizes"]
        return {
            "shrink": shrink,
            "grow": grow,
            "smallest": smallest,
            "largest": largest,
            "maximize": group["maximize"],
        }
