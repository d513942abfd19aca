"""Normalization that keeps no statistics: over trailing dimensions, groups and neighbours."""

from __future__ import annotations

import numbers
from typing import Any

import flambeau
from flambeau.tensor import Tensor

from .. import functional as F
from .. import init
from ..parameter import Parameter
from ._settings import FunctionModule
from .module import Module

__all__ = ["CrossMapLRN2d", "GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


class LocalResponseNorm(
    FunctionModule,
    function="local_response_norm",
    shown="{size}, alpha={alpha}, beta={beta}, k={k}",
):
    """Divide by (k + alpha mean(x²))^beta over `size` neighbouring channels of (N, C, ...)."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        self._set(size=size, alpha=alpha, beta=beta, k=k)


def _cross_map_window(channels: int, size: int) -> list[list[float]]:
    """Which channels (columns) count for each channel (row) of a `CrossMapLRN2d`.

    The window slides as PyTorch's does, which drops a channel one step late.
    """
    reach = (size - 1) // 2 + 1
    window = set(range(min(reach, channels)))
    rows = []
    for channel in range(channels):
        if 0 < channel < channels - reach + 1:
            window.add(channel + reach - 1)
        if channel > reach:
            window.discard(channel - reach)
        rows.append([float(each in window) for each in range(channels)])
    return rows


class CrossMapLRN2d(FunctionModule, shown="{size}, alpha={alpha}, beta={beta}, k={k}"):
    """Divide (N, C, H, W) by (k + alpha / size sum(x²))^beta over neighbouring channels."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        self._set(size=size, alpha=alpha, beta=beta, k=k)

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() != 4:
            raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.dim()}D instead.")
        window = input.new_tensor(_cross_map_window(input.size(1), self.size))
        sums = flambeau.einsum("dc,nchw->ndhw", window, input * input)
        return input * (sums * (self.alpha / self.size) + self.k) ** -self.beta


class _Affine(Module):
    """Normalization with a `weight` that starts at one and a `bias` that starts at zero."""

    weight: Tensor | None
    bias: Tensor | None

    def _make_affine(self, shape: Any, weight: bool, bias: bool, device: Any, dtype: Any) -> None:
        for name, wanted in (("weight", weight), ("bias", weight and bias)):
            empty = flambeau.empty(shape, device=device, dtype=dtype) if wanted else None
            self.register_parameter(name, None if empty is None else Parameter(empty))

    def reset_parameters(self) -> None:
        """Set the weight to one and the bias to zero."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self._parameters.get("bias") is not None:
            init.zeros_(self.bias)  # type: ignore[arg-type]


def _as_shape(shape: Any) -> tuple[int, ...]:
    return (int(shape),) if isinstance(shape, numbers.Integral) else tuple(shape)


class LayerNorm(_Affine):
    """Normalize over the trailing dimensions `normalized_shape` (Ba et al., 2016)."""

    normalized_shape: tuple[int, ...]
    eps: float
    elementwise_affine: bool

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._make_affine(self.normalized_shape, elementwise_affine, bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        if self.__class__ is LayerNorm:
            own = self._parameters  # as in Linear
            if "weight" in own and "bias" in own:
                return F.layer_norm(input, self.normalized_shape, own["weight"], own["bias"], self.eps)
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class GroupNorm(_Affine):
    """Normalize each of `num_groups` groups of channels of (N, C, ...) (Wu and He, 2018)."""

    num_groups: int
    num_channels: int
    eps: float
    affine: bool

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self._make_affine(num_channels, affine, bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(_Affine):
    """Divide by the root mean square over the trailing dimensions (Zhang and Sennrich, 2019).

    `eps` is the dtype's epsilon if left out.
    """

    normalized_shape: tuple[int, ...]
    eps: float | None
    elementwise_affine: bool

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        if elementwise_affine:
            weight = flambeau.empty(self.normalized_shape, device=device, dtype=dtype)
            self.weight = Parameter(weight)
        else:
            self.register_parameter("weight", None)
        self.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
