"""Dtypes for which PyTorch has no kernel: what an op refuses, in PyTorch's words.

A check is called with the arrays of an op's tensors, in the dtype in which it would compute.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .. import dtypes

Check = Callable[..., None]
"""Its `refuses` names the categories refused: "c" complex, "f" float32 and float64, "h" 2-byte floats, "i" signed
integers, "u" unsigned ones, "b" bool.
"""


def category(array: Any) -> str:
    """The letter of an array's dtype."""
    kind = array.dtype.kind
    return kind if kind not in "fV" else "f" if array.dtype.itemsize > 2 else "h"


@cache
def lacking(categories: str, kernel: str) -> Check:
    """Refuse dtypes for which the kernel of that name was not compiled."""
    return _refusal(
        categories,
        lambda array: NotImplementedError(
            f"\"{kernel}\" not implemented for '{dtypes.scalar_name(dtypes.from_numpy_dtype(array.dtype))}'"
        ),
    )


@cache
def refusing(categories: str, message: str, error: type[Exception] = RuntimeError) -> Check:
    """Refuse dtypes with a message of the op's own; `{}` in it stands for the dtype."""
    return _refusal(
        categories,
        lambda array: error(message.format(dtypes.scalar_name(dtypes.from_numpy_dtype(array.dtype)))),
    )


def _refusal(categories: str, error: Callable[[Any], Exception]) -> Check:
    def check(*arrays: Any) -> None:
        for each in arrays:
            if each is not None and category(each) in categories:
                raise error(each)

    check.refuses, check.whole = categories, True  # type: ignore[attr-defined]
    return check


def every(*checks: Check) -> Check:
    """All of the checks, in turn."""

    def check(*arrays: Any) -> None:
        for each in checks:
            each(*arrays)

    check.refuses = "".join(getattr(each, "refuses", "") for each in checks)  # type: ignore[attr-defined]
    check.whole = all(getattr(each, "whole", False) for each in checks)  # type: ignore[attr-defined]
    return check


def refused(check: Check | None) -> str:
    """The categories of dtypes that a check (or None) refuses."""
    return getattr(check, "refuses", "")


def accepted(check: Check | None) -> frozenset[Any]:
    """NumPy's own dtypes that a check lets pass, if it asks for nothing else; else none."""
    if check is None or not getattr(check, "whole", False):
        return frozenset()
    names = ("bool", "uint8", "int8", "int16", "int32", "int64", "float32", "float64")
    return frozenset(kind for kind in map(np.dtype, names) if kind.kind not in refused(check))


SAME_OUT = "Expected out tensor to have dtype {c_result}, but got {c_out} instead"
"""What most ops say of an `out=` that has not the result's dtype, where they do not cast."""

not_complex = refusing("c", "clamp is not supported for complex types", NotImplementedError)
