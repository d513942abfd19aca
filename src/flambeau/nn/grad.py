"""The gradients of convolutions, as functions of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flambeau
from flambeau.tensor import Tensor

from . import functional as F

__all__ = [
    "conv1d_input",
    "conv1d_weight",
    "conv2d_input",
    "conv2d_weight",
    "conv3d_input",
    "conv3d_weight",
]


def _gradient(n: int, of: str) -> Callable[..., Tensor]:
    """The gradient of `conv{n}d` with regard to its input or its weight."""
    convolve = f"conv{n}d"

    def differentiate(other: Tensor, size: Sequence[int], grad_output: Tensor, *how: Any) -> Tensor:
        # Linear in either argument, so the value at which it is taken does not matter.
        free = flambeau.zeros(tuple(size), dtype=other.dtype).requires_grad_()
        with flambeau.enable_grad():
            pair = (free, other.detach()) if of == "input" else (other.detach(), free)
            output = getattr(F, convolve)(*pair, None, *how)
        return flambeau.autograd.grad(output, free, grad_output)[0]

    gradient: Callable[..., Tensor]
    if of == "input":

        def gradient(
            input_size: Sequence[int],
            weight: Tensor,
            grad_output: Tensor,
            stride: Any = 1,
            padding: Any = 0,
            dilation: Any = 1,
            groups: int = 1,
        ) -> Tensor:
            how = (stride, padding, dilation, groups)
            return differentiate(weight, input_size, grad_output, *how)

    else:

        def gradient(
            input: Tensor,
            weight_size: Sequence[int],
            grad_output: Tensor,
            stride: Any = 1,
            padding: Any = 0,
            dilation: Any = 1,
            groups: int = 1,
        ) -> Tensor:
            how = (stride, padding, dilation, groups)
            return differentiate(input, weight_size, grad_output, *how)

    gradient.__name__ = gradient.__qualname__ = f"conv{n}d_{of}"
    gradient.__doc__ = f"The gradient of `conv{n}d` with regard to its {of}, given the output's."
    return gradient


conv1d_input, conv1d_weight = _gradient(1, "input"), _gradient(1, "weight")
conv2d_input, conv2d_weight = _gradient(2, "input"), _gradient(2, "weight")
conv3d_input, conv3d_weight = _gradient(3, "input"), _gradient(3, "weight")
