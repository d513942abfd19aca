"""`autocast` and its decorators for the device type "cuda"."""

import functools
import warnings
from collections.abc import Callable
from typing import Any

import flambeau.amp
from flambeau import dtype, float16

__all__ = ["autocast", "custom_bwd", "custom_fwd"]


def _deprecated(name: str, instead: str) -> None:
    warnings.warn(
        f"`torch.cuda.amp.{name}(args...)` is deprecated. Please use `torch.amp.{instead}` instead.",
        FutureWarning,
        stacklevel=3,
    )


class autocast(flambeau.amp.autocast):
    """`flambeau.amp.autocast("cuda", ...)`, which warns and stays off."""

    def __init__(self, enabled: bool = True, dtype: dtype = float16, cache_enabled: bool = True) -> None:
        _deprecated("autocast", "autocast('cuda', args...)")
        super().__init__("cuda", dtype=dtype, enabled=enabled, cache_enabled=cache_enabled)


def custom_fwd(fwd: Callable[..., Any] | None = None, *, cast_inputs: dtype | None = None) -> Callable[..., Any]:
    _deprecated("custom_fwd", "custom_fwd(args..., device_type='cuda')")
    return functools.partial(flambeau.amp.custom_fwd, device_type="cuda")(fwd, cast_inputs=cast_inputs)


def custom_bwd(bwd: Callable[..., Any]) -> Callable[..., Any]:
    _deprecated("custom_bwd", "custom_bwd(args..., device_type='cuda')")
    return functools.partial(flambeau.amp.custom_bwd, device_type="cuda")(bwd)
