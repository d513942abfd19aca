"""Settings of a process that PyTorch's scripts make at their start, most of which choose between ways to compute.

There is one way here: float32 products are exact to float32, and every operation is deterministic. So these settings
are kept and told, and change nothing.
"""

from __future__ import annotations

import warnings
from typing import Any

from . import dtypes
from .tensor import LEGACY_TYPES, Tensor

_PRECISIONS = ("highest", "high", "medium")
_MODES = {"default": 0, "warn": 1, "error": 2}
_state: dict[str, Any] = {"precision": "highest", "determinism": 0, "warn_always": False}


def get_float32_matmul_precision() -> str:
    """The precision asked of float32 products: "highest", "high" or "medium"."""
    return _state["precision"]  # type: ignore[no-any-return]


def set_float32_matmul_precision(precision: str) -> None:
    """Allow float32 products to be computed with less precision, which is not made use of."""
    if not isinstance(precision, str):
        raise RuntimeError(f"set_float32_matmul_precision expects a str, but got {type(precision).__name__}")
    if precision in _PRECISIONS:
        _state["precision"] = precision
        return
    warnings.warn(
        f"{precision} is not one of 'highest', 'high', or 'medium'; the currentsetFloat32MatmulPrecision call has no "
        "effect.",
        stacklevel=2,
    )


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Ask that operations be deterministic: they are."""
    _state["determinism"] = (1 if warn_only else 2) if mode else 0


def are_deterministic_algorithms_enabled() -> bool:
    """Whether determinism was asked for."""
    return _state["determinism"] > 0  # type: ignore[no-any-return]


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether it was asked for with warnings in place of errors."""
    return _state["determinism"] == 1  # type: ignore[no-any-return]


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """The same by a level: 0 or "default", 1 or "warn", 2 or "error"."""
    if not isinstance(debug_mode, (int, str)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if isinstance(debug_mode, str):
        if debug_mode not in _MODES:
            raise RuntimeError(
                f"invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got {debug_mode}"
            )
        debug_mode = _MODES[debug_mode]
    if debug_mode not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    _state["determinism"] = debug_mode


def get_deterministic_debug_mode() -> int:
    """The level of `set_deterministic_debug_mode`."""
    return _state["determinism"]  # type: ignore[no-any-return]


def set_warn_always(b: bool) -> None:
    """Ask that warnings be given each time; here, as in Python, the `warnings` filters decide."""
    _state["warn_always"] = bool(b)


def is_warn_always_enabled() -> bool:
    """What `set_warn_always` was called with last."""
    return _state["warn_always"]  # type: ignore[no-any-return]


def set_flush_denormal(mode: bool) -> bool:
    """Ask that denormal numbers be taken for 0. Returns whether that is so: they are kept, so only for False."""
    return not mode


def set_default_tensor_type(t: Any) -> None:
    """The default dtype by the name (or the class) of a legacy tensor type."""
    name = t if isinstance(t, str) else f"torch.{getattr(t, '__name__', '')}"
    if name.startswith("torch.cuda."):
        raise TypeError(f"type {name} not available. Torch not compiled with CUDA enabled.")
    kind = LEGACY_TYPES.get(name.removeprefix("torch."))
    if kind is None:
        raise TypeError("invalid type object: only floating-point types are supported as the default type")
    warnings.warn(
        "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use torch.set_default_dtype() and "
        "torch.set_default_device() as alternatives.",
        stacklevel=2,
    )
    if not kind.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    dtypes.set_default_dtype(kind)


def compiled_with_cxx11_abi() -> bool:
    """True, as of PyTorch's wheels."""
    return True


def is_inference(input: Tensor) -> bool:
    """Whether a tensor was made in inference mode."""
    return input.is_inference()


def is_distributed(input: Tensor) -> bool:
    """False: no tensor is spread over devices."""
    return False


def _assert(condition: Any, message: str) -> None:
    """Python's `assert` as a function."""
    if not condition:
        raise AssertionError(message)
