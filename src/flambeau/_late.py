"""Attributes of Tensor that are declared in files which are imported when one of their attributes is first used."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

promised: dict[str, Late] = {}
"""Those that are still to be put in their places, by name."""


class Late:
    """Stands on a class for an attribute until it is used: then its file is imported and its attributes are put there.

    What a file declares is handed out when the whole file has run, to other threads too: they wait for the import.
    """

    __slots__ = ("holder", "home", "name", "value")
    value: Any

    def __init__(self, holder: type, name: str, home: str) -> None:
        self.holder, self.name, self.home = holder, name, home

    def found(self) -> Any:
        """What is declared under the name. Raises AttributeError where nothing is."""
        fulfil(self.home)
        try:
            return self.value
        except AttributeError:
            raise AttributeError(f"type object {self.holder.__name__!r} has no attribute {self.name!r}") from None

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self.found().__get__(instance, owner)


class LateProperty(Late):
    """The same for a property, whose setter and deleter are reached too."""

    __slots__ = ()

    def __set__(self, instance: Any, value: Any) -> None:
        self.found().__set__(instance, value)

    def __delete__(self, instance: Any) -> None:
        self.found().__delete__(instance)


def promise(holder: type, names: Iterable[str], home: str, kind: type[Late] = Late) -> None:
    """Let the class have attributes that the module `home` declares."""
    for name in names:
        promised[name] = late = kind(holder, name, home)
        setattr(holder, name, late)


def fulfil(home: str) -> None:
    """Import a module and put what it declares in the places of what stands there for it."""
    import_module(home)
    put(home)


def put(home: str | None = None) -> None:
    """Put the attributes that the module `home`, or any, has declared where they belong, unless a program did."""
    for name, late in [*promised.items()]:
        if home in (None, late.home) and hasattr(late, "value"):
            if vars(late.holder).get(name) is late:
                setattr(late.holder, name, late.value)
            promised.pop(name, None)  # what is declared anew goes straight there
