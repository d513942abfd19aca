"""Handles that take several hooks away at once."""

from __future__ import annotations

from typing import Any, Self


class MultiHandle:
    """Removes all of several hooks."""

    def __init__(self, handles: list[Any]) -> None:
        self.handles = handles

    def remove(self) -> None:
        for each in self.handles:
            each.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.remove()
