"""The current accelerator: there is none."""

from typing import Any, NoReturn


class AcceleratorError(RuntimeError):
    """An error reported by an accelerator's runtime."""


def is_available() -> bool:
    return False


def device_count() -> int:
    return 0


def current_accelerator(check_available: bool = False) -> None:
    """The accelerator's device without an index, or None where there is none."""


def _needs_accelerator(*args: Any, **kwargs: Any) -> NoReturn:
    raise RuntimeError("Cannot access accelerator device when none is available.")


current_device_index = _needs_accelerator
set_device_index = _needs_accelerator
current_stream = _needs_accelerator
set_stream = _needs_accelerator
synchronize = _needs_accelerator
empty_cache = _needs_accelerator
memory_allocated = _needs_accelerator
max_memory_allocated = _needs_accelerator
memory_reserved = _needs_accelerator
max_memory_reserved = _needs_accelerator
memory_stats = _needs_accelerator
reset_peak_memory_stats = _needs_accelerator
