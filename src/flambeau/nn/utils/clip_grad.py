"""Bounds on gradients, by their common norm or element by element."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from types import GeneratorType

import flambeau
from flambeau.tensor import Tensor

from .._deprecation import deprecated

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_"]

Tensors = Tensor | Iterable[Tensor]


def _listed(tensors: Tensors) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _get_total_norm(
    tensors: Tensors,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The `norm_type`-norm of all elements of all tensors together.

    RuntimeError where it is not finite and `error_if_nonfinite`.
    """
    tensors = _listed(tensors)
    norm_type = float(norm_type)
    if not tensors:
        return flambeau.tensor(0.0)
    with flambeau.no_grad():
        norms = flambeau._stacked_norms(tensors, norm_type)  # type: ignore[attr-defined]
        total = flambeau.linalg.vector_norm(norms, norm_type)
    if error_if_nonfinite and not bool(total.isfinite()):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, "
            "so it cannot be clipped. To disable this error and scale the gradients by the "
            "non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


def _clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale the gradients in place so that their norm `total_norm` becomes at most `max_norm`."""
    grads = [param.grad for param in _listed(parameters) if param.grad is not None]
    if not grads:
        return
    with flambeau.no_grad():
        factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
        # a number: no copy to another dtype, and an array less to read
        flambeau._foreach_mul_(grads, factor.item())  # type: ignore[attr-defined]


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients of `parameters` in place to a common norm of at most `max_norm`.

    Returns the norm before. RuntimeError where it is not finite and `error_if_nonfinite`.
    """
    from_generator = isinstance(parameters, GeneratorType)
    parameters = _listed(parameters)
    if from_generator and not parameters:
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2)
    grads = [param.grad for param in parameters if param.grad is not None]
    total = _get_total_norm(grads, norm_type, error_if_nonfinite, foreach)
    _clip_grads_with_norm_(parameters, max_norm, total, foreach)
    return total


@deprecated("`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`.")
def clip_grad_norm(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The older name of `clip_grad_norm_`."""
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Clamp every element of the gradients to [-clip_value, clip_value], in place."""
    bound = float(clip_value)
    with flambeau.no_grad():
        for param in _listed(parameters):
            if param.grad is not None:
                param.grad.clamp_(min=-bound, max=bound)
