"""Channels to pixels, and back."""

from __future__ import annotations

from ._settings import FunctionModule

__all__ = ["PixelShuffle", "PixelUnshuffle"]


class PixelShuffle(FunctionModule, function="pixel_shuffle"):
    """(*, C r², H, W) to (*, C, H r, W r) (Shi et al., 2016)."""

    def __init__(self, upscale_factor: int) -> None:
        self._set(upscale_factor=upscale_factor)


class PixelUnshuffle(FunctionModule, function="pixel_unshuffle"):
    """(*, C, H r, W r) to (*, C r², H, W): the inverse of `PixelShuffle`."""

    def __init__(self, downscale_factor: int) -> None:
        self._set(downscale_factor=downscale_factor)
