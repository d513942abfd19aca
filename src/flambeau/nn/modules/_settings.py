"""Modules that are one function of their inputs and of settings given at construction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flambeau.tensor import Tensor

from .. import functional as F
from .module import Module


def parameter_names(function: Any) -> tuple[str, ...]:
    """The names of a Python function's parameters, `self` left out."""
    code = function.__code__
    return code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]


class FunctionModule(Module):
    """Calls a function of `flambeau.nn.functional` with the input and the settings.

    A subclass names its function in the class statement. Its settings are the parameters of its
    constructor, in order, which hands them to `_set`; they follow the input as arguments. `shown`
    is the printed form of the settings: a format string, in which `inplace` stands only where
    True; left out, every setting is shown as `name=value`.
    """

    _settings: tuple[str, ...] = ()
    _shown: str = ""
    _shows_inplace = False

    def __init_subclass__(cls, function: str | None = None, shown: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if function is not None and cls.__init__ is not Module.__init__:
            cls._settings = parameter_names(cls.__init__)
            listed = [name for name in cls._settings if name != "inplace"]
            cls._shown = ", ".join(f"{name}={{{name}}}" for name in listed)
            cls._shows_inplace = shown is None and "inplace" in cls._settings
        if shown is not None:
            cls._shown = shown
        if function is not None and "forward" not in cls.__dict__:
            cls.forward = _forward(function, cls._settings)

    def _set(self, **settings: Any) -> None:
        Module.__init__(self)
        self.__dict__.update(settings)

    def extra_repr(self) -> str:
        shown = self._shown.format_map(self.__dict__)
        if self._shows_inplace and self.inplace:
            return f"{shown}, inplace=True" if shown else "inplace=True"
        return shown


def _forward(function: str, settings: tuple[str, ...]) -> Callable[..., Any]:
    """The forward method that passes the settings on; it finds `function` when it is called."""
    if not settings:

        def forward(self: Module, input: Tensor) -> Tensor:
            return getattr(F, function)(input)

    elif len(settings) == 1:
        (setting,) = settings

        def forward(self: Module, input: Tensor) -> Tensor:
            return getattr(F, function)(input, self.__dict__[setting])

    else:

        def forward(self: Module, input: Tensor) -> Tensor:
            state = self.__dict__
            return getattr(F, function)(input, *[state[name] for name in settings])

    return forward
