"""`gradcheck` and `gradgradcheck`; what they do is in `finite_differences`, which loads at the first check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tensor import Tensor
from .modes import enable_grad

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A gradient that does not agree with finite differences."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the gradients of `func` with central differences of its values.

    Args:
        func: a function of the inputs that returns a tensor or a tuple of tensors.
        inputs: its arguments; those tensors that require grad (in double precision) are checked.
        eps: how far an element is moved to each side.
        atol: the absolute tolerance.
        rtol: the relative tolerance.
        raise_exception: raise a GradcheckError for a mismatch; else return False.
        nondet_tol: how far two backward passes may differ.
        check_undefined_grad: some outputs may stay without a cotangent.
        check_grad_dtypes: gradients have their inputs' dtypes.
        check_batched_grad: backward works on a batch of cotangents.
        check_batched_forward_grad: forward mode works on a batch of tangents.
        check_forward_ad: check forward mode, too.
        check_backward_ad: check backward.
        fast_mode: compare along one random direction only.
        masked: for sparse layouts; without effect here.

    Returns:
        Whether all gradients agree.
    """
    assert check_forward_ad or check_backward_ad, (
        "Expected at least one of check_forward_ad or check_backward_ad to be True"
    )
    assert not (check_batched_grad and not check_backward_ad), (
        "Setting check_batched_grad=True requires check_backward_ad to be True"
    )
    assert not (check_batched_forward_grad and not check_forward_ad), (
        "Setting check_batched_forward_grad=True requires check_forward_ad to be True"
    )
    from .finite_differences import Options, Problem, check, check_inputs

    options = Options(
        atol=atol,
        rtol=rtol,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        check_batched_forward_grad=check_batched_forward_grad,
        check_forward_ad=check_forward_ad,
        check_backward_ad=check_backward_ad,
        fast_mode=fast_mode,
    )
    try:
        arguments = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
        check_inputs(arguments)
        with enable_grad():
            return check(Problem(func, arguments, eps), options)
    except GradcheckError:
        if raise_exception:
            raise
        return False


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Compare the gradients of the gradients of `func` with central differences.

    Args:
        func: a function of the inputs that returns a tensor or a tuple of tensors.
        inputs: its arguments; those tensors that require grad (in double precision) are checked.
        grad_outputs: the cotangents of the outputs, which are inputs of the check, too; random if
            left out.
        eps: as for `gradcheck`.
        atol: as for `gradcheck`.
        rtol: as for `gradcheck`.
        gen_non_contig_grad_outputs: make random cotangents with gaps in memory.
        raise_exception: as for `gradcheck`.
        nondet_tol: as for `gradcheck`.
        check_undefined_grad: as for `gradcheck`.
        check_grad_dtypes: as for `gradcheck`.
        check_batched_grad: as for `gradcheck`.
        check_fwd_over_rev: check forward mode through backward.
        check_rev_over_rev: check backward through backward.
        fast_mode: as for `gradcheck`.
        masked: as for `gradcheck`.

    Returns:
        Whether all gradients agree.
    """
    assert check_fwd_over_rev or check_rev_over_rev, (
        "Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True"
    )
    from .finite_differences import Problem, is_differentiable, random_like
    from .passes import grad

    arguments = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    if grad_outputs is None:
        results = Problem.as_outputs(func(*arguments))
        cotangents = tuple(
            random_like(item, gen_non_contig_grad_outputs)
            for item in results
            if is_differentiable(item) and item.requires_grad
        )
    else:
        cotangents = tuple(grad_outputs) if isinstance(grad_outputs, (tuple, list)) else (grad_outputs,)
    count = len(cotangents)

    def gradients(*both: Any) -> tuple[Any, ...]:
        given, weights = both[: len(both) - count], both[len(both) - count :]
        given = tuple(
            item.requires_grad_() if is_differentiable(item) and first.requires_grad and item.is_leaf else item
            for item, first in zip(given, arguments, strict=True)
        )
        results = [item for item in Problem.as_outputs(func(*given)) if is_differentiable(item) and item.requires_grad]
        wanted = [item for item in given if isinstance(item, Tensor) and item.requires_grad]
        grads = grad(results, wanted, weights, create_graph=True, allow_unused=True)
        return tuple(grad for grad in grads if grad is not None)

    return gradcheck(
        gradients,
        (*arguments, *cotangents),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
        masked=masked,
    )
