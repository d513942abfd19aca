"""Functions of settings whose results are kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def remembered(function: F) -> F:
    """`function`, called once for equal arguments of equal types; for what cannot be looked up, as lists, each time."""
    cached = lru_cache(512, typed=True)(function)

    @wraps(function)
    def call(*args: Any) -> Any:
        try:
            return cached(*args)
        except TypeError:
            return function(*args)

    return call  # type: ignore[return-value]
