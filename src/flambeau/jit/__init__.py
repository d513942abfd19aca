"""TorchScript's decorators, for programs that run as the Python they are.

`script` and `trace` give back what they were given: a scripted program computes what its Python
source computes. What needs a stored program (`save`, `load`, `freeze`, `.graph`) is not here.
"""

import collections.abc
import types
import typing
import warnings
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeVar

from flambeau.nn import Module

__all__ = [
    "Attribute",
    "Error",
    "Final",
    "ScriptFunction",
    "ScriptModule",
    "ScriptWarning",
    "TracerWarning",
    "annotate",
    "export",
    "ignore",
    "interface",
    "is_scripting",
    "is_tracing",
    "isinstance",
    "script",
    "script_if_tracing",
    "script_method",
    "trace",
    "trace_module",
    "unused",
]

_isinstance = isinstance
_T = TypeVar("_T")
_tracing = False


class Error(RuntimeError):
    """An error raised inside a compiled program."""


class ScriptWarning(Warning):
    pass


class TracerWarning(Warning):
    """What a trace cannot follow, as a decision by a tensor's value."""


class ScriptModule(Module):
    """The base of modules whose methods are marked by `script_method`; they run as they are."""


class ScriptFunction:
    """The type of a compiled function, of which `script` makes none."""


class Attribute(NamedTuple):
    """A module attribute's initial value together with its type."""

    value: Any
    type: Any


def is_scripting() -> bool:
    """Whether this runs compiled: never."""
    return False


def is_tracing() -> bool:
    """Whether `trace` is running its function."""
    return _tracing


def annotate(the_type: Any, the_value: _T) -> _T:
    """`the_value`, whose type is to be taken as `the_type`."""
    return the_value


def export(fn: _T) -> _T:
    """Mark a method for compilation together with its module."""
    return fn


def unused(fn: _T) -> _T:
    """Mark a method to be left out of compilation, and an error to call there."""
    return fn


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """Mark a method to stay Python; with or without parentheses."""
    if callable(drop):
        return drop
    if not _isinstance(drop, bool):
        raise RuntimeError(f"Argument to @torch.jit.ignore must be a bool or a function but got {drop}")
    if drop:
        warnings.warn(
            "ignore(True) has been deprecated. TorchScript will now drop the function call on "
            f"compilation. Use torch.jit.unused now. {kwargs}",
            FutureWarning,
            stacklevel=2,
        )
    return lambda fn: fn


def interface(obj: type[_T]) -> type[_T]:
    """Mark a class as naming the methods that other modules have."""
    return obj


def script_method(fn: _T) -> _T:
    """Mark a method of a `ScriptModule` for compilation."""
    _deprecated("script_method")
    return fn


def script_if_tracing(fn: _T) -> _T:
    """Compile `fn` when it is first called by a trace, so that its branches stay branches."""
    return fn


def script(obj: _T, *args: Any, **kwargs: Any) -> _T:
    """`obj` (a function, a module, a class) itself, which computes what its script would."""
    _deprecated("script")
    return obj


def trace(
    func: Callable[..., Any],
    example_inputs: Any = None,
    *args: Any,
    example_kwarg_inputs: dict[str, Any] | None = None,
    **kwargs: Any,
) -> Callable[..., Any]:
    """`func`, after one call on the example inputs that shows that it accepts them."""
    _deprecated("trace")
    if example_kwarg_inputs is not None:
        _run_traced(func, (), example_kwarg_inputs)
    elif _isinstance(example_inputs, dict):
        _run_traced(func, (), example_inputs)
    else:
        import flambeau

        single = _isinstance(example_inputs, flambeau.Tensor)
        _run_traced(func, (example_inputs,) if single else tuple(example_inputs), {})
    return func


def trace_module(mod: Module, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Module:
    """`mod`, after one call of each method named in `inputs` on its example inputs."""
    _deprecated("trace_module")
    for name, example in inputs.items():
        method = mod if name == "forward" else getattr(mod, name)
        _run_traced(method, example if _isinstance(example, tuple) else (example,), {})
    return mod


def _run_traced(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    global _tracing
    previous, _tracing = _tracing, True
    try:
        func(*args, **kwargs)
    finally:
        _tracing = previous


def _deprecated(name: str) -> None:
    warnings.warn(
        f"`torch.jit.{name}` is deprecated. Please switch to `torch.compile` or `torch.export`.",
        DeprecationWarning,
        stacklevel=3,
    )


def isinstance(obj: Any, target_type: Any) -> bool:
    """`isinstance` that looks into containers: `isinstance([1], list[int])`.

    Raises:
        RuntimeError: a container type without the type of what it holds.
    """
    origin, inner = typing.get_origin(target_type), typing.get_args(target_type)
    if target_type is None:
        return obj is None
    if _isinstance(target_type, tuple):
        return any(isinstance(obj, one) for one in target_type)
    if origin in (typing.Union, types.UnionType):
        return any(isinstance(obj, one) for one in inner)
    if target_type in (list, dict, tuple, typing.List, typing.Dict, typing.Tuple):  # noqa: UP006
        name = getattr(target_type, "__name__", str(target_type))
        raise RuntimeError(
            f"Attempted to use {name} without a contained type. Please add a contained type, e.g. {name}[int]"
        )
    if origin is None:
        return _isinstance(obj, target_type)
    if not _isinstance(obj, origin):
        return False
    if origin is tuple:
        if len(inner) == 2 and inner[1] is Ellipsis:
            return all(isinstance(item, inner[0]) for item in obj)
        return len(obj) == len(inner) and all(map(isinstance, obj, inner))
    if issubclass(origin, collections.abc.Mapping):
        return all(isinstance(k, inner[0]) and isinstance(v, inner[1]) for k, v in obj.items())
    return all(isinstance(item, inner[0]) for item in obj)
