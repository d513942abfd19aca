"""Apple GPU probes, as PyTorch answers them on a machine without one."""

from collections.abc import Callable
from typing import Any, NoReturn


def is_available() -> bool:
    return False


def device_count() -> int:
    return 0


def manual_seed(seed: int) -> None:
    int(seed)


def _needs_mps(action: str) -> Callable[..., Any]:
    def function(*args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError(f"Cannot execute {action}() without MPS backend.")

    return function


synchronize = _needs_mps("deviceSynchronize")
empty_cache = _needs_mps("emptyCache")
current_allocated_memory = _needs_mps("getCurrentAllocatedMemory")
driver_allocated_memory = _needs_mps("getDriverAllocatedMemory")
recommended_max_memory = _needs_mps("getRecommendedMaxMemory")
get_rng_state = _needs_mps("getDefaultGenerator")
set_rng_state = _needs_mps("getDefaultGenerator")
seed = _needs_mps("getDefaultGenerator")
