"""The `reduction` of a loss, and the two arguments it once was."""

from __future__ import annotations

import warnings

__all__ = ["get_enum", "legacy_get_enum", "legacy_get_string", "resolve"]

_CODES = {"none": 0, "mean": 1, "elementwise_mean": 1, "sum": 2}


def get_enum(reduction: str) -> int:
    """The code of a reduction's name; ValueError for any other name."""
    if reduction == "elementwise_mean":
        warnings.warn(
            "reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.",
            stacklevel=3,
        )
    code = _CODES.get(reduction)
    if code is None:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return code


def legacy_get_string(size_average: bool | None, reduce: bool | None, emit_warning: bool = True) -> str:
    """The reduction that the old arguments `size_average` and `reduce` name (None: True)."""
    averaged = "sum" if size_average is False else "mean"
    reduction = "none" if reduce is False else averaged
    if emit_warning:
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            stacklevel=3,
        )
    return reduction


def legacy_get_enum(size_average: bool | None, reduce: bool | None, emit_warning: bool = True) -> int:
    """The code of `legacy_get_string`."""
    return get_enum(legacy_get_string(size_average, reduce, emit_warning))


def resolve(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction meant by a loss's arguments: "none", "mean" or "sum", else ValueError."""
    if size_average is None and reduce is None and reduction in {"mean", "sum"}:
        return reduction
    if size_average is not None or reduce is not None:
        reduction = legacy_get_string(size_average, reduce)
    elif reduction == "elementwise_mean":
        get_enum(reduction)
        return "mean"
    elif reduction not in _CODES:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction
