"""`Generator`: a stream of random numbers that a program can seed, save and continue."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from flambeau.device import device as Device
from flambeau.prims.random_engine import DEFAULT_SEED, Engine
from flambeau.tensor import Tensor, wrap


class Generator:
    """A source of random numbers; `generator=` of every random function takes one.

    For one seed it gives the numbers of PyTorch's CPU generator, and the two exchange states.
    """

    __slots__ = ("__weakref__", "_device", "engine")

    def __init__(self, device: Any = None) -> None:
        where = Device("cpu" if device is None else device)
        if where.type == "meta":
            raise RuntimeError("META device type not an accelerator.")
        if where.type != "cpu":
            raise RuntimeError(f"Cannot get {where.type.upper()} generator: flambeau computes on the CPU")
        self._device = Device("cpu")
        self.engine = Engine(DEFAULT_SEED)

    @property
    def device(self) -> Device:
        return self._device

    def manual_seed(self, seed: int, /) -> Generator:
        """Start the stream of `seed`, an integer of 64 bits with or without sign; return self."""
        self.engine.manual_seed(checked_seed(seed))
        return self

    def seed(self) -> int:
        """Start a stream that nobody can predict; return its seed."""
        return self.engine.seed()

    def initial_seed(self) -> int:
        """The seed this stream was started with."""
        return self.engine.initial_seed

    def get_state(self) -> Tensor:
        """The state, a ByteTensor of 5056 elements in PyTorch's layout."""
        return wrap(self.engine.get_state())

    def set_state(self, new_state: Any, /) -> Generator:
        """Continue from a state that `get_state` returned; return self."""
        if not isinstance(new_state, Tensor):
            kind = type(new_state)
            name = kind.__name__ if kind.__module__ == "builtins" else _full_name(kind)
            raise TypeError(f"expected a torch.ByteTensor, but got {name}")
        if new_state._array.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        self.engine.set_state(new_state._array)
        return self

    def clone_state(self) -> Generator:
        """A generator that continues from the same state, and is independent from then on."""
        copy = Generator()
        copy.engine = self.engine.clone()
        return copy

    def graphsafe_get_state(self) -> Generator:
        raise NotImplementedError("graphsafe_get_state is not supported in this Generator")

    def graphsafe_set_state(self, state: Generator, /) -> Generator:
        raise NotImplementedError("graphsafe_set_state is not supported in this Generator")

    def get_offset(self) -> int:
        raise RuntimeError("CPU Generator does not use offset")

    def set_offset(self, offset: int, /) -> Generator:
        raise RuntimeError("CPU Generator does not use offset")

    def __repr__(self) -> str:
        return f"<torch._C.Generator object at {id(self):#x}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Generator, (self.device,), (self.initial_seed(), None, self.get_state())

    def __setstate__(self, state: tuple[int, None, Tensor]) -> None:
        self.set_state(state[2])


def checked_seed(seed: Any) -> int:
    """A seed in PyTorch's range; raises RuntimeError for other types, ValueError beyond 64 bits."""
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
    if not -(2**63) <= seed < 2**64:
        raise ValueError("Overflow when unpacking long long")
    return seed


def _full_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


default_generator = Generator()
# Until it is seeded nobody can predict it.
default_generator.engine.initial_seed = int.from_bytes(os.urandom(8), "little")
