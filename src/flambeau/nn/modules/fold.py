"""Sliding windows as columns, and back."""

from __future__ import annotations

from typing import Any

from ._settings import FunctionModule

__all__ = ["Fold", "Unfold"]


class Fold(FunctionModule, function="fold"):
    """Sum blocks (N, C kh kw, blocks) into (N, C, *output_size): the adjoint of `Unfold`."""

    def __init__(
        self,
        output_size: Any,
        kernel_size: Any,
        dilation: Any = 1,
        padding: Any = 0,
        stride: Any = 1,
    ) -> None:
        self._set(
            output_size=output_size,
            kernel_size=kernel_size,
            dilation=dilation,
            padding=padding,
            stride=stride,
        )


class Unfold(FunctionModule, function="unfold"):
    """The sliding blocks of (N, C, H, W) as columns: (N, C kh kw, blocks)."""

    def __init__(self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> None:
        self._set(kernel_size=kernel_size, dilation=dilation, padding=padding, stride=stride)
