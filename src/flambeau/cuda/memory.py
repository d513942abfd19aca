"""Nothing is ever allocated on a GPU here."""

from collections import OrderedDict
from typing import Any

from flambeau.cuda._unavailable import needs_cuda


class OutOfMemoryError(RuntimeError):
    """The device's memory is exhausted."""


def empty_cache() -> None:
    pass


def memory_allocated(device: Any = None) -> int:
    return 0


def max_memory_allocated(device: Any = None) -> int:
    return 0


def memory_reserved(device: Any = None) -> int:
    return 0


def max_memory_reserved(device: Any = None) -> int:
    return 0


def memory_stats(device: Any = None) -> OrderedDict[str, Any]:
    return OrderedDict()


mem_get_info = needs_cuda
