"""The default generator: seeding it, and saving, restoring and protecting its state."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from flambeau.device import device
from flambeau.generator import Generator, default_generator
from flambeau.tensor import Tensor

__all__ = [
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
    "thread_safe_generator",
]


def manual_seed(seed: int) -> Generator:
    """Start the default generator's stream of `seed`; return that generator."""
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Start an unpredictable stream; return its seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the default generator was started with."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The default generator's state, a ByteTensor."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Continue the default generator from `new_state`."""
    default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(
    devices: Iterable[device | str | int] | None = None,
    enabled: bool = True,
    _caller: str = "fork_rng",
    _devices_kw: str = "devices",
    device_type: str | None = None,
) -> Iterator[None]:
    """Give the default generator its present state back on leaving the `with` block.

    There is no generator of another device to protect: `devices` may only be empty.
    """
    if device_type is not None:
        device(device_type)
    if not enabled:
        yield
        return
    if devices is not None and list(devices):
        raise AssertionError("Torch not compiled with CUDA enabled: flambeau computes on the CPU")
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)


def thread_safe_generator() -> Generator | None:
    """The generator of the data loader's worker thread that calls; None in every other thread."""
    return None
