"""Adafactor."""

from __future__ import annotations

from typing import Any

import numpy as np

import flambeau
from flambeau import clamp, mean, sqrt, sum
from flambeau.optim._formula import FormulaOptimizer, number, present, zero_step
from flambeau.optim.optimizer import ParamsT
from flambeau.tensor import Tensor

__all__ = ["Adafactor"]


def root_mean_square(x: Any) -> float:
    return float(sqrt(sum(x * x))) / x.size**0.5


def adafactor(  # type: ignore[no-untyped-def]
    param, grad, row_var, col_var, variance, rate, new, eps, floor, threshold, shrink, *, maximize
):
    """One step; Shazeer and Stern 2018. The variance of a matrix is kept as an outer product."""
    if maximize:
        grad = -grad
    size = rate * max(floor, root_mean_square(param))
    if shrink is not None:
        param = param * shrink
    square = grad * grad
    if variance is None:
        row_var = row_var + new * (mean(square, -1, True) - row_var)
        col_var = col_var + new * (mean(square, -2, True) - col_var)
        estimate = row_var * col_var / clamp(mean(row_var, -2, True), eps)
    else:
        estimate = variance = variance + new * (square - variance)
    update = grad / sqrt(clamp(estimate, eps * eps))
    size /= max(1.0, root_mean_square(update) / threshold)
    return present(param - size * update, row_var, col_var, variance)


class Adafactor(FormulaOptimizer):
    """Adam's scaling with the memory of a row and a column; steps relative to the parameter."""

    formula = staticmethod(adafactor)
    buffers = ("row_var", "col_var", "variance")
    elementwise = False

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not lr >= 0.0:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not beta2_decay <= 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        for i, floor in enumerate(eps):
            if floor is not None and not floor >= 0.0:
                raise ValueError(f"epsilon{i + 1} should be >= 0 but is: {floor}")
        if not d >= 1.0:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not weight_decay >= 0.0:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _write(self, arrays: list[Any], coefficients: dict[str, Any]) -> None:
        targets = present(arrays[0], *arrays[2:])
        for target, result in zip(targets, self.formula(*arrays, **coefficients), strict=True):
            np.copyto(target, result)

    def init(self, group: dict[str, Any], param: Tensor) -> dict[str, Any]:
        if param.is_complex():
            raise RuntimeError("Adafactor does not support complex parameters")
        if param.dim() < 2:
            return {"step": zero_step(), "variance": flambeau.zeros_like(param)}
        *batch, rows, columns = param.shape
        return {
            "step": zero_step(),
            "row_var": param.new_zeros((*batch, rows, 1)),
            "col_var": param.new_zeros((*batch, 1, columns)),
        }

    def advance(self, group: dict[str, Any], param: Tensor, state: dict[str, Any]) -> tuple[Any, Any]:
        """The step and the dtype, on which the default `eps` depends."""
        return super().advance(group, param, state), param.dtype

    def coefficients(self, group: dict[str, Any], moment: Any) -> dict[str, Any]:
        (step, dtype), lr = moment, number(group, "lr")
        eps, floor = group["eps"]
        return {
            "rate": min(lr, 1 / step**0.5),
            "new": step ** group["beta2_decay"],
            "eps": flambeau.finfo(dtype).eps if eps is None else eps,
            "floor": floor,
            "threshold": group["d"],
            "shrink": 1 - lr * group["weight_decay"] if group["weight_decay"] else None,
            "maximize": group["maximize"],
        }
