"""The order of the weights of convolutions in memory."""

from __future__ import annotations

from typing import Any, TypeVar

from ..modules.conv import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d
from ..modules.module import Module

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]

AnyModule = TypeVar("AnyModule", bound=Module)


def _convert(module: AnyModule, kinds: tuple[type, ...], memory_format: Any) -> AnyModule:
    for each in module.modules():
        if isinstance(each, kinds):
            each.weight.data = each.weight.detach().clone(memory_format=memory_format)
    return module


def convert_conv2d_weight_memory_format(module: AnyModule, memory_format: Any) -> AnyModule:
    """Lay out the weights of all 2-d convolutions in `module` as `memory_format` says."""
    return _convert(module, (Conv2d, ConvTranspose2d), memory_format)


def convert_conv3d_weight_memory_format(module: AnyModule, memory_format: Any) -> AnyModule:
    """Lay out the weights of all 3-d convolutions in `module` as `memory_format` says."""
    return _convert(module, (Conv3d, ConvTranspose3d), memory_format)
