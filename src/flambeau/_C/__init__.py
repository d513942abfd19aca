"""What programs reach for in PyTorch's extension module, where it has a meaning in Python."""

from typing import Any

from flambeau._C import _nn

__all__ = ["_get_tracing_state", "_log_api_usage_once", "_nn"]


def _get_tracing_state() -> None:
    """The state of the tracer: nothing is being traced."""


def _log_api_usage_once(event: str) -> None:
    """Usage is not logged."""


def __getattr__(name: str) -> Any:
    import flambeau

    if name == "_LinAlgError":
        return flambeau.linalg.LinAlgError
    if name in ("Generator", "Size", "device", "dtype"):  # defined here by PyTorch
        return getattr(flambeau, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
