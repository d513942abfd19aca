"""Padding of the last one, two or three dimensions."""

from __future__ import annotations

from typing import Any

from flambeau.tensor import Tensor

from .. import functional as F
from .._sizes import _ntuple
from .module import Module

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _PadNd(Module):
    """Pads `_ndim` dimensions in `_mode`.

    Args:
        padding: the size on every side, or (left, right), then (top, bottom), (front, back).
    """

    _ndim: int
    _mode: str
    padding: tuple[int, ...]

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = _ntuple(2 * self._ndim)(padding)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _CircularPadNd(_PadNd):
    _mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        low = self._ndim + 1
        if input.dim() not in (low, low + 1):
            raise ValueError(f"expected {low}D or {low + 1}D input (got {input.dim()}D input)")
        return F.pad(input, self.padding, self._mode)


class _ConstantPadNd(_PadNd):
    value: float

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class CircularPad1d(_CircularPadNd):
    """Continue (N, C, W) or (C, W) periodically."""

    _ndim = 1


class CircularPad2d(_CircularPadNd):
    """Continue (N, C, H, W) or (C, H, W) periodically."""

    _ndim = 2


class CircularPad3d(_CircularPadNd):
    """Continue (N, C, D, H, W) or (C, D, H, W) periodically."""

    _ndim = 3


class ConstantPad1d(_ConstantPadNd):
    """Surround the last dimension with `value`."""

    _ndim = 1


class ConstantPad2d(_ConstantPadNd):
    """Surround the last two dimensions with `value`."""

    _ndim = 2


class ConstantPad3d(_ConstantPadNd):
    """Surround the last three dimensions with `value`."""

    _ndim = 3


class ReflectionPad1d(_PadNd):
    """Continue (N, C, W) or (C, W) by its mirror image, the edge not repeated."""

    _ndim, _mode = 1, "reflect"


class ReflectionPad2d(_PadNd):
    """Continue (N, C, H, W) or (C, H, W) by its mirror image, the edge not repeated."""

    _ndim, _mode = 2, "reflect"


class ReflectionPad3d(_PadNd):
    """Continue (N, C, D, H, W) or (C, D, H, W) by its mirror image, the edge not repeated."""

    _ndim, _mode = 3, "reflect"


class ReplicationPad1d(_PadNd):
    """Continue (N, C, W) or (C, W) by its edge."""

    _ndim, _mode = 1, "replicate"


class ReplicationPad2d(_PadNd):
    """Continue (N, C, H, W) or (C, H, W) by its edge."""

    _ndim, _mode = 2, "replicate"


class ReplicationPad3d(_PadNd):
    """Continue (N, C, D, H, W) or (C, D, H, W) by its edge."""

    _ndim, _mode = 3, "replicate"


class _ZeroPad(_ConstantPadNd):
    """Mixed in before a constant pad: the value is zero and not shown."""

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad1d(_ZeroPad, ConstantPad1d):
    """Surround the last dimension with zeros."""


class ZeroPad2d(_ZeroPad, ConstantPad2d):
    """Surround the last two dimensions with zeros."""


class ZeroPad3d(_ZeroPad, ConstantPad3d):
    """Surround the last three dimensions with zeros."""
