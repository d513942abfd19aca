"""Seeds for the generators of all devices, of which there are none."""

from collections.abc import Iterable
from typing import Any

from flambeau.cuda._unavailable import needs_cuda


def manual_seed(seed: int) -> None:
    int(seed)


def manual_seed_all(seed: int) -> None:
    int(seed)


def seed() -> None:
    pass


def seed_all() -> None:
    pass


def get_rng_state_all() -> list[Any]:
    return []


def set_rng_state_all(new_states: Iterable[Any]) -> None:
    for state in new_states:
        set_rng_state(state)


get_rng_state = needs_cuda
set_rng_state = needs_cuda
initial_seed = needs_cuda
