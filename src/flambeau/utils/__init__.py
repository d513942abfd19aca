"""Helpers around tensors and modules: data loading, checkpointing, hooks, pytrees."""

from importlib import import_module as _import_module
from typing import Any as _Any

_MODULES = frozenset({"_pytree", "checkpoint", "data", "dlpack", "hooks", "model_zoo"})


def __getattr__(name: str) -> _Any:
    if name in _MODULES:
        return _import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})


def set_module(obj: _Any, mod: str) -> None:
    """Say in which module an object is to be shown, and pickled, as defined."""
    if not isinstance(mod, str):
        raise TypeError("The mod argument should be a string")
    obj.__module__ = mod
