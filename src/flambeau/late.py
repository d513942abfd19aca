"""Attributes of Tensor that are declared in files which are imported when one of their attributes is first used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

promised: dict[str, Late] = {}
"""These attributes, by name."""


class Late:
    """Stands on Tensor for an attribute until it is used: then `load` imports its file and puts the attributes there.

    What a file declares is handed out when the whole file has run, to other threads too: they wait for the import.
    """

    __slots__ = ("home", "load", "name", "value")
    value: Any

    def __init__(self, name: str, home: str, load: Callable[[str], Any]) -> None:
        self.name, self.home, self.load = name, home, load

    def found(self) -> Any:
        """What is declared under the name. Raises AttributeError where nothing is."""
        self.load(self.home)
        try:
            return self.value
        except AttributeError:
            raise AttributeError(f"type object 'Tensor' has no attribute {self.name!r}") from None

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self.found().__get__(instance, owner)


class LateProperty(Late):
    """The same for a property, whose setter and deleter are reached too."""

    __slots__ = ()

    def __set__(self, instance: Any, value: Any) -> None:
        self.found().__set__(instance, value)

    def __delete__(self, instance: Any) -> None:
        self.found().__delete__(instance)
