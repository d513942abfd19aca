"""Pooling over windows of one, two or three spatial dimensions."""

from __future__ import annotations

from typing import Any

from flambeau.tensor import Tensor

from .. import functional as F
from .._sizes import _ntuple
from ._settings import FunctionModule
from .module import Module

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]

Sizes = Any  # an int, or a tuple with one for each spatial dimension

_WINDOW = "kernel_size={kernel_size}, stride={stride}, padding={padding}"


class _MaxPoolNd(FunctionModule):
    _function: str
    _shown = f"{_WINDOW}, dilation={{dilation}}, ceil_mode={{ceil_mode}}"

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        self._set(
            kernel_size=kernel_size,
            stride=kernel_size if stride is None else stride,
            padding=padding,
            dilation=dilation,
            return_indices=return_indices,
            ceil_mode=ceil_mode,
        )

    def forward(self, input: Tensor) -> Any:
        return getattr(F, self._function)(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            self.return_indices,
        )


class MaxPool1d(_MaxPoolNd):
    """The largest element in each window of (N, C, L) or (C, L)."""

    _function = "max_pool1d"


class MaxPool2d(_MaxPoolNd):
    """The largest element in each window of (N, C, H, W) or (C, H, W)."""

    _function = "max_pool2d"


class MaxPool3d(_MaxPoolNd):
    """The largest element in each window of (N, C, D, H, W) or (C, D, H, W)."""

    _function = "max_pool3d"


class _MaxUnpoolNd(FunctionModule):
    _function: str
    _ndim: int
    _shown = _WINDOW

    def __init__(self, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> None:
        sizes = _ntuple(self._ndim)
        self._set(
            kernel_size=sizes(kernel_size),
            stride=sizes(kernel_size if stride is None else stride),
            padding=sizes(padding),
        )

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        return getattr(F, self._function)(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool1d(_MaxUnpoolNd):
    """Put the maxima back where `MaxPool1d` found them, zeros elsewhere."""

    _ndim = 1
    _function = "max_unpool1d"


class MaxUnpool2d(_MaxUnpoolNd):
    """Put the maxima back where `MaxPool2d` found them, zeros elsewhere."""

    _ndim = 2
    _function = "max_unpool2d"


class MaxUnpool3d(_MaxUnpoolNd):
    """Put the maxima back where `MaxPool3d` found them, zeros elsewhere."""

    _ndim = 3
    _function = "max_unpool3d"


class AvgPool1d(FunctionModule, function="avg_pool1d", shown=_WINDOW):
    """The mean of each window of (N, C, L) or (C, L)."""

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        single = _ntuple(1)
        self._set(
            kernel_size=single(kernel_size),
            stride=single(kernel_size if stride is None else stride),
            padding=single(padding),
            ceil_mode=ceil_mode,
            count_include_pad=count_include_pad,
        )


class _AvgPoolNd(FunctionModule):
    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        self._set(
            kernel_size=kernel_size,
            stride=kernel_size if stride is None else stride,
            padding=padding,
            ceil_mode=ceil_mode,
            count_include_pad=count_include_pad,
            divisor_override=divisor_override,
        )


class AvgPool2d(_AvgPoolNd, function="avg_pool2d", shown=_WINDOW):
    """The mean of each window of (N, C, H, W) or (C, H, W)."""


class AvgPool3d(_AvgPoolNd, function="avg_pool3d", shown=_WINDOW):
    """The mean of each window of (N, C, D, H, W) or (C, D, H, W)."""


class _FractionalMaxPoolNd(Module):
    _function: str
    _ndim: int

    def __init__(
        self,
        kernel_size: Sizes,
        output_size: Sizes | None = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        sizes = _ntuple(self._ndim)
        if self._ndim == 3 and any(size <= 0 for size in sizes(kernel_size)):
            raise ValueError(f"kernel_size must be greater than 0, but got {kernel_size}")
        self.kernel_size = sizes(kernel_size)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else sizes(output_size)
        self.output_ratio = None if output_ratio is None else sizes(output_ratio)
        if output_size is None and output_ratio is None:
            raise ValueError(f"{type(self).__name__} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < r < 1 for r in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input: Tensor) -> Any:
        return getattr(F, self._function)(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            _random_samples=self._random_samples,
        )


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """Max pooling over random windows of (N, C, H, W) or (C, H, W) (Graham, 2014)."""

    _ndim = 2
    _function = "fractional_max_pool2d"


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """Max pooling over random windows of (N, C, D, H, W) or (C, D, H, W) (Graham, 2014)."""

    _ndim = 3
    _function = "fractional_max_pool3d"


class _LPPoolNd(FunctionModule):
    def __init__(
        self,
        norm_type: float,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        ceil_mode: bool = False,
    ) -> None:
        self._set(norm_type=norm_type, kernel_size=kernel_size, stride=stride, ceil_mode=ceil_mode)


class LPPool1d(_LPPoolNd, function="lp_pool1d"):
    """The `norm_type`-norm of each window of (N, C, L) or (C, L)."""


class LPPool2d(_LPPoolNd, function="lp_pool2d"):
    """The `norm_type`-norm of each window of (N, C, H, W) or (C, H, W)."""


class LPPool3d(_LPPoolNd, function="lp_pool3d"):
    """The `norm_type`-norm of each window of (N, C, D, H, W) or (C, D, H, W)."""


class _AdaptiveMaxPoolNd(FunctionModule):
    def __init__(self, output_size: Sizes, return_indices: bool = False) -> None:
        self._set(output_size=output_size, return_indices=return_indices)


_SIZE = "output_size={output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd, function="adaptive_max_pool1d", shown=_SIZE):
    """The largest element in each of `output_size` windows of (N, C, L) or (C, L)."""


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd, function="adaptive_max_pool2d", shown=_SIZE):
    """The largest element in each of `output_size` windows of (N, C, H, W) or (C, H, W)."""


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd, function="adaptive_max_pool3d", shown=_SIZE):
    """The largest element in each of `output_size` windows of (N, C, D, H, W) or (C, D, H, W)."""


class _AdaptiveAvgPoolNd(FunctionModule):
    def __init__(self, output_size: Sizes) -> None:
        self._set(output_size=output_size)


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd, function="adaptive_avg_pool1d"):
    """The mean of each of `output_size` windows of (N, C, L) or (C, L)."""


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd, function="adaptive_avg_pool2d"):
    """The mean of each of `output_size` windows of (N, C, H, W) or (C, H, W)."""


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd, function="adaptive_avg_pool3d"):
    """The mean of each of `output_size` windows of (N, C, D, H, W) or (C, D, H, W)."""
