"""The engine behind every random number: MT19937 with PyTorch's seeding and state bytes."""

from __future__ import annotations

import math
import os
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

from flambeau.prims.core import AUTO_THRESHOLD, silent

DEFAULT_SEED = 67280421310721
WORDS = 624  # of MT19937's state
CHUNK = 1 << 15  # numbers made at a time: their buffers stay in the cache

# The fields of `Generator.get_state()`. A spare float normal exists in the layout, but no CPU
# sampler of PyTorch makes one.
_STATE = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "key", "spare", "has_spare", "float32_spare"],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", WORDS), "<f8", "<i4", "<u8"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040, 5048],
        "itemsize": 5056,
    }
)


def _53_bits(high: int, low: int) -> float:
    """A number in [0, 1) from two draws."""
    return ((high & 0x1FFFFF) << 32 | low) * 2.0**-53


@cache
def _kernels() -> Any:
    """The module of the kernels, loaded at its first use."""
    from flambeau.kernels import random

    return random


class Engine:
    """A stream of random bits, and the one normal number that was made but not yet handed out."""

    __slots__ = ("bits", "initial_seed", "raw", "spare_normal", "state")

    bits: Any  # numpy.random.MT19937, made (and numpy.random imported) at the first draw
    raw: Any  # its random_raw: n draws as an array of uint64
    state: Any  # its words and position, an array for kernels; None where they cannot run

    def __init__(self, seed: int = DEFAULT_SEED) -> None:
        self.initial_seed = seed & (2**64 - 1)
        self.spare_normal: float | None = None

    def __getattr__(self, name: str) -> Any:
        if name == "state":
            self.state = _state_of(self.bits)
        elif name in {"bits", "raw"}:
            from numpy.random import MT19937

            self.bits = MT19937(0)
            self.bits._legacy_seeding(self.initial_seed & 0xFFFFFFFF)
            self.raw = self.bits.random_raw
        else:
            raise AttributeError(name)
        return getattr(self, name)

    def manual_seed(self, seed: int) -> None:
        """Start the stream that belongs to `seed` (its low 64 bits are kept, 32 of them used)."""
        self.initial_seed = seed & (2**64 - 1)
        self.spare_normal = None
        self.bits._legacy_seeding(seed & 0xFFFFFFFF)

    def seed(self) -> int:
        """Start a stream that nobody can predict; return its seed."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self.initial_seed

    def draw32(self, n: int) -> NDArray[np.uint32]:
        """The next `n` draws of 32 bits."""
        if n and self.by_kernel(n):
            return self._drawn(n, np.uint32)
        return self.raw(n).astype(np.uint32)

    def draw64(self, n: int) -> NDArray[np.uint64]:
        """The next `n` draws of 64 bits: two draws each, the first one high."""
        if n and self.by_kernel(n):
            return self._drawn(n, np.uint64)
        words = self.raw(2 * n)
        bits = words[::2] << np.uint64(32)
        bits |= words[1::2]
        return bits

    def by_kernel(self, n: int) -> bool:
        """Whether kernels draw `n` numbers: many, or fewer once few have been drawn often.

        They draw the same numbers as NumPy, so it does not matter when they begin.
        """
        limit = silent["large"]
        if n >= limit:
            _calls[0] = 0
        elif limit > AUTO_THRESHOLD:
            return False
        elif _calls[0]:
            _calls[0] -= 1
            return False
        return self.state is not None

    def _drawn(self, n: int, kind: Any) -> NDArray[Any]:
        out = np.empty(n, kind)
        _kernels().draw(self.state, out)
        return out

    def doubles(self, n: int) -> NDArray[np.float64]:
        """The next `n` numbers in [0, 1) with 53 random bits."""
        if n and self.by_kernel(n):
            uniforms = np.empty(n)
            _kernels().uniform(self.state, uniforms, 0.0, 1.0)
            return uniforms
        bits = self.draw64(n)
        bits &= np.uint64(2**53 - 1)
        return np.multiply(bits.view(np.int64), 2.0**-53)

    def double(self) -> float:
        """The next number in [0, 1) with 53 random bits."""
        raw = self.raw
        return _53_bits(raw(), raw())

    def standard_normal(self) -> float:
        """The next normal number."""
        return self.few_normals(1)[0]

    def few_normals(self, n: int) -> list[float]:
        """The next `n` normal numbers, by Box and Muller's polar formula: they come in pairs."""
        normals = []
        if n and self.spare_normal is not None:
            normals.append(self.spare_normal)
            self.spare_normal = None
        words = self.raw(4 * ((n - len(normals) + 1) // 2)).tolist()
        for k in range(0, len(words), 4):
            angle = 2 * math.pi * (_53_bits(words[k], words[k + 1]))
            radius = math.sqrt(-2 * math.log1p(-_53_bits(words[k + 2], words[k + 3])))
            normals.append(radius * math.cos(angle))
            normals.append(radius * math.sin(angle))
        if len(normals) > n:
            self.spare_normal = normals.pop()
        return normals

    def standard_normals(self, n: int) -> NDArray[np.float64]:
        """The next `n` normal numbers; as `few_normals`, to the last bit or two."""
        normals = np.empty(n)
        start = 0
        if n and self.spare_normal is not None:
            normals[0] = self.standard_normal()
            start = 1
        stop = start + (n - start) // 2 * 2
        uniforms = self.doubles(stop - start)
        angle = 2 * math.pi * uniforms[::2]
        radius = np.sqrt(-2 * np.log1p(-uniforms[1::2]))
        np.multiply(radius, np.cos(angle), out=normals[start:stop:2])
        np.multiply(radius, np.sin(angle), out=normals[start + 1 : stop : 2])
        if stop < n:
            normals[stop] = self.standard_normal()
        return normals

    def get_state(self) -> NDArray[np.uint8]:
        """The state as PyTorch's CPU generator lays it out in 5056 bytes."""
        key, position = self._words()
        # A generator that was seeded and not drawn from is told by its words: they still follow
        # the seeding's recurrence, and PyTorch writes 0 as the next one.
        first = int(key[0])
        fresh = int(key[1]) == (1812433253 * (first ^ (first >> 30)) + 1) & 0xFFFFFFFF
        state = np.zeros((), _STATE)
        state["seed"] = self.initial_seed
        state["left"] = WORDS + 1 - position
        state["seeded"] = 1
        state["next"] = 0 if fresh and position == WORDS else position
        state["key"] = key
        if self.spare_normal is not None:
            state["spare"] = self.spare_normal
            state["has_spare"] = 1
        return np.frombuffer(state.tobytes(), np.uint8).copy()

    def set_state(self, state: NDArray[np.uint8]) -> None:
        """Continue from what `get_state` returned, here or in PyTorch."""
        if state.size != _STATE.itemsize:
            msg = (
                f"Expected a CPUGeneratorImplState of size {_STATE.itemsize} but found the input "
                f"RNG state size to be {state.size}"
            )
            raise RuntimeError(msg)
        fields = np.frombuffer(state.tobytes(), _STATE)[0]
        left, position = int(fields["left"]), int(fields["next"])
        if not fields["seeded"] or not 0 < left <= WORDS or position > WORDS:
            raise RuntimeError("Invalid mt19937 state")
        self.initial_seed = int(fields["seed"])
        self.spare_normal = float(fields["spare"]) if fields["has_spare"] else None
        self.bits.state = {
            "bit_generator": "MT19937",
            "state": {
                "key": fields["key"].astype(np.uint32),
                "pos": WORDS if left == 1 else position,
            },
        }

    def clone(self) -> Engine:
        """A second engine that continues from the same state."""
        copy = Engine(self.initial_seed)
        copy.bits.state = self.bits.state
        copy.spare_normal = self.spare_normal
        return copy

    def _words(self) -> tuple[NDArray[np.uint32], int]:
        state = self.bits.state["state"]
        return state["key"], state["pos"]


_calls = [100]
"""How many times small numbers of draws are left to NumPy before kernels are loaded for them."""


def _state_of(bits: Any) -> NDArray[np.uint32] | None:
    """The words and position of `bits`, if they lie as the kernels take them."""
    import ctypes

    from flambeau.kernels.host import available

    if not available():
        return None
    memory = (ctypes.c_uint32 * (WORDS + 1)).from_address(bits.ctypes.state_address)
    state = bits.state["state"]
    return np.ctypeslib.as_array(memory) if [*memory] == [*state["key"].tolist(), state["pos"]] else None
