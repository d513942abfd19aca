"""Intel GPU probes, as PyTorch answers them on a machine without one."""

from typing import Any, NoReturn


def is_available() -> bool:
    return False


def is_initialized() -> bool:
    return False


def device_count() -> int:
    return 0


def is_bf16_supported(including_emulation: bool = True) -> bool:
    return False


def manual_seed(seed: int) -> None:
    int(seed)


def manual_seed_all(seed: int) -> None:
    int(seed)


def empty_cache() -> None:
    pass


def memory_allocated(device: Any = None) -> int:
    return 0


def memory_reserved(device: Any = None) -> int:
    return 0


def max_memory_allocated(device: Any = None) -> int:
    return 0


def _needs_xpu(*args: Any, **kwargs: Any) -> NoReturn:
    raise AssertionError("Torch not compiled with XPU enabled")


synchronize = _needs_xpu
current_device = _needs_xpu
current_stream = _needs_xpu
get_device_capability = _needs_xpu
get_device_name = _needs_xpu
get_device_properties = _needs_xpu
set_device = _needs_xpu
