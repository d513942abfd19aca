"""Which precision a computation runs in: 2-byte floats are computed in float32 and rounded back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])


def is_half(dtype: np.dtype) -> bool:
    """Whether `dtype` is float16, bfloat16 or a float8, which have no arithmetic worth using."""
    return dtype.itemsize <= 2 and dtype.kind in "fV"


def widen(x: np.ndarray) -> np.ndarray:
    """`x`, or `x` in float32 when it is a small float."""
    return x.astype(np.float32) if is_half(x.dtype) else x


def in_float32(function: F) -> F:
    """Let `function`, whose first argument sets the dtype, compute small floats in float32."""

    @functools.wraps(function)
    def wrapper(x: np.ndarray, *args: Any, **kwargs: Any) -> Any:
        if not is_half(x.dtype):
            return function(x, *args, **kwargs)
        args = tuple(widen(arg) if isinstance(arg, np.ndarray) else arg for arg in args)
        return _narrow(function(x.astype(np.float32), *args, **kwargs), x.dtype)

    return wrapper  # type: ignore[return-value]


def _narrow(result: Any, dtype: np.dtype) -> Any:
    if isinstance(result, tuple):
        return tuple(_narrow(part, dtype) for part in result)
    return result.astype(dtype) if result.dtype == np.float32 else result
