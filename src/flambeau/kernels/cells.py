"""What a step of a recurrent layer computes: the cells' formulas, and where their operands stand."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple


class Place(NamedTuple):
    """Where an operand of a cell stands: in which array, at which gate's columns.

    Arrays named in `STATES` have a row for each sequence, the others one for each sequence and step.
    """

    array: str
    gate: int = 0


STATES = frozenset({"state", "change"})
GATED = ("gates", "of_gates", "of_linear")
"""Arrays that are as wide as all gates."""


class Cell(NamedTuple):
    """One direction of a step: `body` makes `writes` of the product's columns, `parts` of them, and `reads`.

    Rows that have a product and no place in the step add it to `rest`.
    """

    body: Callable[..., Any]
    parts: int
    reads: tuple[Place, ...]
    writes: tuple[Place, ...]
    rest: Place | None = None

    @property
    def arrays(self) -> tuple[str, ...]:
        return _arrays(self)


@cache
def _arrays(cell: Cell) -> tuple[str, ...]:
    return tuple(dict.fromkeys(place.array for place in (*cell.reads, *cell.writes)))


CELLS: dict[str, Cell] = {}
"""By the name of the kernel; `prims.recurrent` enters them."""
