"""flambeau: tensors and automatic differentiation with PyTorch's API, in Python."""

from __future__ import annotations

import math as _math
from builtins import bool as _bool
from builtins import int as _int
from importlib import import_module as _import_module
from typing import TYPE_CHECKING
from typing import Any as _Any

if TYPE_CHECKING:
    from ._stubs.namespace import *  # noqa: F403 -- all names, written from the op table

from . import autograd, dtypes, ops, protocols
from .autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .device import device
from .dtypes import can_cast, dtype, finfo, get_default_dtype, iinfo, promote_types, set_default_dtype
from .tensor import (
    Size,
    channels_last,
    channels_last_3d,
    contiguous_format,
    layout,
    legacy_types,
    memory_format,
    preserve_format,
    sparse_coo,
    strided,
)
from .tensor import Tensor as Tensor

globals().update({each.name: each for each in dtypes.ALL})
globals().update(dtypes.ALIASES)
globals().update(legacy_types())
del globals()["tensor"]  # the module; it is to be the function, which loads when it is first used
nan, inf, pi, e = _math.nan, _math.inf, _math.pi, _math.e
newaxis = None
legacy_contiguous_format = contiguous_format


def is_tensor(obj: object) -> _bool:
    """Whether `obj` is a tensor."""
    return isinstance(obj, Tensor)


def is_storage(obj: object) -> _bool:
    """Whether `obj` is a storage."""
    from .storage import TypedStorage, UntypedStorage

    return isinstance(obj, (TypedStorage, UntypedStorage))


def numel(input: Tensor) -> _int:
    """The number of elements."""
    return input.numel()


def is_floating_point(input: Tensor) -> _bool:
    """Whether the dtype is floating-point."""
    return input.is_floating_point()


def is_complex(input: Tensor) -> _bool:
    """Whether the dtype is complex."""
    return input.is_complex()


def is_nonzero(input: Tensor) -> _bool:
    """Whether a one-element tensor is nonzero."""
    return input.is_nonzero()  # type: ignore[attr-defined, no-any-return]


def result_type(tensor1: _Any, tensor2: _Any) -> dtype:
    """The dtype of an operation on the two."""
    from .ops.promotion import result_type

    return result_type((tensor1, tensor2))


def set_default_device(device: _Any) -> None:
    """Where new tensors are made: the CPU is the one place there is."""
    from .device import check

    check(device)


def get_default_device() -> device:
    """Where new tensors are made."""
    return device("cpu")


_LAZY_MODULES = frozenset(
    {
        *("accelerator", "amp", "backends", "compiler", "cpu", "cuda", "distributed", "fft", "hub", "jit", "launch"),
        *("linalg", "masked", "mps", "nn", "optim", "overrides", "random", "return_types", "serialization", "signal"),
        *("special", "storage"),
        *("testing", "torch_version", "types", "utils", "version", "xpu", "_C", "_utils"),
    }
)
_PARTS = frozenset({"fusion", "generator", "kernels", "prims"})
"""Modules of this package's own, which PyTorch does not have."""
_LAZY_NAMES = {
    **dict.fromkeys(
        ("default_generator", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"), "random"
    ),
    "Generator": "generator",
    "thread_safe_generator": "random",
    "__version__": "version",
    "as_torch": "launch",
    **dict.fromkeys(("load", "save"), "serialization"),
    **dict.fromkeys(
        (
            *("autocast", "autocast_decrement_nesting", "autocast_increment_nesting", "clear_autocast_cache"),
            *("get_autocast_dtype", "is_autocast_cache_enabled", "is_autocast_enabled"),
            *("set_autocast_cache_enabled", "set_autocast_dtype", "set_autocast_enabled"),
        ),
        "amp.autocast_mode",
    ),
    "AcceleratorError": "accelerator",
    "OutOfMemoryError": "cuda",
    **dict.fromkeys(("set_printoptions", "get_printoptions"), "printing"),
    **dict.fromkeys(("TypedStorage", "UntypedStorage"), "storage"),
    "typename": "types",
    **dict.fromkeys(("detach", "detach_"), "autograd.variable"),
    "is_anomaly_enabled": "autograd.saved",
    **dict.fromkeys(
        (
            *("get_float32_matmul_precision", "set_float32_matmul_precision", "use_deterministic_algorithms"),
            *("are_deterministic_algorithms_enabled", "is_deterministic_algorithms_warn_only_enabled"),
            *("set_deterministic_debug_mode", "get_deterministic_debug_mode", "set_warn_always"),
            *("is_warn_always_enabled", "set_flush_denormal", "set_default_tensor_type", "compiled_with_cxx11_abi"),
            *("is_inference", "is_distributed", "_assert"),
        ),
        "settings",
    ),
    "fused": "fusion",
    **dict.fromkeys(("from_dlpack", "to_dlpack"), "utils.dlpack"),
    **dict.fromkeys(("get_num_threads", "set_num_threads"), "kernels.threads"),
}


if not TYPE_CHECKING:  # to a type checker, what is not in the stubs is not there

    def __getattr__(name: str) -> _Any:
        """Modules, and functions of modules, that load when they are first used."""
        if name in _LAZY_MODULES or name in _PARTS:
            return _import_module(f"{__name__}.{name}")
        if name == "torch":  # `from torch import torch` is what some programs say
            return _import_module(__name__)
        if name in _LAZY_NAMES:
            found = getattr(_import_module(f"{__name__}.{_LAZY_NAMES[name]}"), name)
            globals()[name] = found
            return found
        if name == "__all__":  # `import *` takes what is there
            _add_ops()
        elif not name.startswith("__"):
            _add_ops(ops.home(name))
            if name in globals():
                return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _add_ops(home: str | None = None) -> None:
    """Bring in the ops of a file, or all, which load when they are first used."""
    for name, function in ops.public(home).items():
        globals().setdefault(name, function)


def __dir__() -> list[str]:
    _add_ops()
    return sorted({*globals(), *_LAZY_MODULES, *_LAZY_NAMES})


from .autograd.gradcheck import gradcheck as _gradcheck  # noqa: E402 -- a layer above `autograd`

autograd.gradcheck = _gradcheck  # type: ignore[assignment]  # the function, as in PyTorch, not the module of that name
