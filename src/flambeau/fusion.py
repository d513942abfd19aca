"""`fused`: a function of tensors, or of arrays, as one compiled kernel."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .autograd.modes import state
from .tensor import Tensor, wrap


def fused(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a pointwise function (reductions allowed) to one loop nest over all its large arguments.

    Tensors that require grad are computed op by op, so that their gradient is recorded; so are small ones.
    """
    from .kernels import fused as compile_function

    kernel = compile_function(function)

    @functools.wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        if state.grad and any(isinstance(each, Tensor) and each._node is not None for each in args):
            return function(*args, **keywords)
        if not any(isinstance(each, Tensor) for each in args):
            return kernel(*args, **keywords)
        result = kernel(*[each._array if isinstance(each, Tensor) else each for each in args], **keywords)
        return tuple(map(wrap, result)) if isinstance(result, tuple) else wrap(result)

    return call
