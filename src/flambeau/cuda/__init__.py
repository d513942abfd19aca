"""CUDA's probes, as PyTorch answers them on a machine without a GPU.

Questions have answers (no device, nothing allocated), seeding and cleaning up do nothing, and what
needs a GPU raises PyTorch's error.
"""

from types import TracebackType
from typing import Any, NoReturn

from flambeau.cuda import amp, memory, random, streams
from flambeau.cuda._unavailable import needs_cuda
from flambeau.cuda.memory import (
    OutOfMemoryError,
    empty_cache,
    max_memory_allocated,
    max_memory_reserved,
    mem_get_info,
    memory_allocated,
    memory_reserved,
    memory_stats,
)
from flambeau.cuda.random import (
    get_rng_state,
    get_rng_state_all,
    initial_seed,
    manual_seed,
    manual_seed_all,
    seed,
    seed_all,
    set_rng_state,
    set_rng_state_all,
)
from flambeau.cuda.streams import Event, Stream, StreamContext, stream

__all__ = [
    "BFloat16Tensor",
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DoubleTensor",
    "Event",
    "FloatTensor",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "OutOfMemoryError",
    "ShortTensor",
    "Stream",
    "StreamContext",
    "amp",
    "can_device_access_peer",
    "current_blas_handle",
    "current_device",
    "current_stream",
    "default_generators",
    "default_stream",
    "device",
    "device_count",
    "device_of",
    "empty_cache",
    "get_arch_list",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "get_gencode_flags",
    "get_rng_state",
    "get_rng_state_all",
    "has_half",
    "has_magma",
    "init",
    "initial_seed",
    "ipc_collect",
    "is_available",
    "is_bf16_supported",
    "is_initialized",
    "is_tf32_supported",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "max_memory_reserved",
    "mem_get_info",
    "memory",
    "memory_allocated",
    "memory_reserved",
    "memory_stats",
    "random",
    "seed",
    "seed_all",
    "set_device",
    "set_per_process_memory_fraction",
    "set_rng_state",
    "set_rng_state_all",
    "stream",
    "streams",
    "synchronize",
]

default_generators: tuple[()] = ()
has_half = True
has_magma = False


def is_available() -> bool:
    """Whether a CUDA device can be used: never, flambeau computes on the CPU."""
    return False


def is_initialized() -> bool:
    return False


def device_count() -> int:
    return 0


def is_bf16_supported(including_emulation: bool = True) -> bool:
    return False


def is_tf32_supported() -> bool:
    return False


def get_arch_list() -> list[str]:
    return []


def get_gencode_flags() -> str:
    return ""


init = needs_cuda
synchronize = needs_cuda
ipc_collect = needs_cuda
current_device = needs_cuda
current_stream = needs_cuda
default_stream = needs_cuda
get_device_capability = needs_cuda
get_device_name = needs_cuda
get_device_properties = needs_cuda
can_device_access_peer = needs_cuda
current_blas_handle = needs_cuda
set_per_process_memory_fraction = needs_cuda


def _index(device: Any) -> int:
    """The device's number, -1 for "leave the current one"."""
    if device is None:
        return -1
    if isinstance(device, int):
        return device
    from flambeau.device import device as make_device

    place = make_device(device)
    if place.type != "cuda":
        raise ValueError(f"Expected a cuda device, but got: {place}")
    return 0 if place.index is None else place.index


def set_device(device: Any) -> None:
    """Make `device` current. A negative number or None leaves things as they are."""
    if _index(device) >= 0:
        needs_cuda()


class device:
    """Context manager that selects a device; negative numbers and None select nothing."""

    def __init__(self, device: Any) -> None:
        self.idx = _index(device)

    def __enter__(self) -> None:
        if self.idx >= 0:
            raise RuntimeError("PyTorch was compiled without CUDA support")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


class device_of(device):
    """Context manager that selects the device of a tensor; one on the CPU selects nothing."""

    def __init__(self, obj: Any) -> None:
        super().__init__(obj.get_device() if obj.is_cuda else -1)


def _tensor_type(name: str) -> type:
    """A type that no tensor here is an instance of."""

    def __new__(cls: type, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"type torch.cuda.{name} not available. Torch not compiled with CUDA enabled.")

    return type(name, (), {"__new__": __new__, "__module__": "torch.cuda"})


BFloat16Tensor = _tensor_type("BFloat16Tensor")
BoolTensor = _tensor_type("BoolTensor")
ByteTensor = _tensor_type("ByteTensor")
CharTensor = _tensor_type("CharTensor")
DoubleTensor = _tensor_type("DoubleTensor")
FloatTensor = _tensor_type("FloatTensor")
HalfTensor = _tensor_type("HalfTensor")
IntTensor = _tensor_type("IntTensor")
LongTensor = _tensor_type("LongTensor")
ShortTensor = _tensor_type("ShortTensor")
