"""Muon: momentum, orthogonalized."""

from __future__ import annotations

from typing import Any

import flambeau
from flambeau.optim.optimizer import Closure, Optimizer, ParamsT
from flambeau.tensor import Tensor

__all__ = ["Muon"]


def orthogonalize(matrix: Tensor, coefficients: tuple[float, float, float], steps: int, eps: float) -> Tensor:
    """Nearly the closest orthogonal matrix, by a quintic Newton-Schulz iteration in bfloat16.

    Bernstein and Newhouse 2024; Jordan 2024. The singular values end between about 0.7 and 1.2.
    """
    a, b, c = coefficients
    x = matrix.bfloat16()
    tall = x.size(0) > x.size(1)
    if tall:
        x = x.T
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        gram = x @ x.T
        x = flambeau.addmm(x, flambeau.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x


class Muon(Optimizer):
    """Steps along the orthogonalized momentum, for the 2-D weights of hidden layers."""

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        if isinstance(lr, Tensor) and lr.numel() != 1:  # type: ignore[unreachable]
            raise ValueError("Tensor lr must be 1-element")
        if not lr >= 0.0:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not momentum >= 0.0:
            raise ValueError(f"momentum should be >= 0 but is: {momentum}")
        if not weight_decay >= 0.0:
            raise ValueError(f"weight decay should be >= 0 but is: {weight_decay}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                if param.ndim != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {param.size()}"
                    )

    @flambeau.no_grad()
    def step(self, closure: Closure | None = None) -> Any:
        """Make one update; `closure` evaluates the model anew and returns the loss."""
        loss = None
        if closure is not None:
            with flambeau.enable_grad():
                loss = closure()
        for group, param, grad in self._params_with_grad():
            if param.is_complex():
                raise RuntimeError("Muon does not support complex parameters")
            state = self.state[param]
            if not state:
                state["momentum_buffer"] = flambeau.zeros_like(grad)
            average, momentum = state["momentum_buffer"], group["momentum"]
            average.lerp_(grad, 1 - momentum)
            direction = grad.lerp(average, momentum) if group["nesterov"] else average
            direction = orthogonalize(direction, group["ns_coefficients"], group["ns_steps"], group["eps"])
            rows, columns = param.shape
            if group["adjust_lr_fn"] == "match_rms_adamw":
                scale = 0.2 * max(rows, columns) ** 0.5
            else:
                scale = max(1.0, rows / columns) ** 0.5
            lr = float(group["lr"])
            param.mul_(1 - lr * group["weight_decay"])
            param.add_(direction, alpha=-lr * scale)
        return loss
