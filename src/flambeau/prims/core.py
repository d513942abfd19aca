"""Prims: functions on arrays, and the one rule by which they are dispatched.

A call whose arrays are all `numpy.ndarray` runs at once: NumPy for small arrays, the compiled
kernels (`flambeau.kernels`) for large ones. An argument of another kind of array carries `__prim__`
and is asked instead: `x.__prim__(name, args, kwargs)`. Python numbers stay weak: numbers in, number
out; every other result is an array, never a NumPy scalar.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FunctionType
from typing import Any, Protocol, TypeVar, cast

import numpy as np

Array = Any
"""An `ndarray`, or any object with `__prim__`."""

F = TypeVar("F", bound=Callable[..., Any])


class Prim(Protocol):
    """A function on arrays; `numpy` is what runs on small ndarrays, without any dispatch."""

    name: str
    numpy: Callable[..., Any]
    source: str

    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


table: dict[str, Prim] = {}
"""Every prim by name."""

numbers = frozenset({bool, int, float, complex})

COMPILED = (np.dtype(np.float32), np.dtype(np.float64))
"""The dtypes that the kernels written for one task, as products, have code for."""


# NumPy's floating-point warnings. PyTorch is silent about 1/0, and a user's own `np.seterr` must
# keep its meaning for the user's NumPy code. Measured on a 4x4 add of 230 ns: `np.errstate` costs
# 800 ns a call; setting and resetting NumPy's context variable 130 ns; a `warnings` filter for our
# modules nothing, but 1.3 us whenever a warning fires, and `-W error` undoes it. Free, and out of
# any filter's reach: `warnings` drops what comes from a frame whose globals have no module name.
# So generated code runs in the namespace `silent`, and functions marked `silently` in one like it;
# longer bodies of ordinary Python are run under `np.errstate(all="ignore")` by their callers.

silent: dict[str, Any] = {
    "__name__": None,
    "ndarray": np.ndarray,
    "asarray": np.asarray,
    "numbers": numbers,
}


def silently(function: F) -> F:
    """`function`, of whose NumPy calls no floating-point warning comes.

    It sees its module as it stood at its definition.
    """
    f = cast(FunctionType, function)
    namespace = {**f.__globals__, "__name__": None}
    quiet = FunctionType(f.__code__, namespace, f.__name__, f.__defaults__, f.__closure__)
    quiet.__kwdefaults__, quiet.__doc__ = f.__kwdefaults__, f.__doc__
    return cast(F, quiet)


AUTO_THRESHOLD = 1 << 15
"""Elements from which a compiled kernel beats NumPy."""


def set_kernels(mode: str) -> None:
    """Choose when kernels run: "0" never, "1" for large arrays and calls that come often, "force" for every size,
    "hot" as "1" from the second call on.
    """
    thresholds = {"0": 1 << 62, "1": AUTO_THRESHOLD, "hot": AUTO_THRESHOLD, "force": 0}
    if mode not in thresholds:
        raise ValueError(f"FLAMBEAU_KERNELS must be one of {list(thresholds)}, got {mode!r}")
    silent["large"] = thresholds[mode]


def threshold() -> int:
    """The number of elements from which kernels run."""
    large: int = silent["large"]
    return large


def pays(size: int, least: int) -> bool:
    """Whether a kernel that beats NumPy from `least` elements on is to run on `size` elements."""
    large = threshold()
    return size >= min(least, large) and large <= AUTO_THRESHOLD


@silently
def on_numpy(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> np.ndarray:
    """A prim run by NumPy; the result is an ndarray also where NumPy gives a scalar."""
    return np.asarray(table[name].numpy(*args, **kwargs))


def elsewhere(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Every call of a prim but that on small ndarrays."""
    arrays = False
    for arg in (*args, *kwargs.values()):
        if isinstance(arg, np.ndarray | np.generic):
            arrays = True
        elif hasattr(arg, "__prim__"):
            return arg.__prim__(name, args, kwargs)
    if not arrays:
        return on_numpy(name, args, kwargs).item()
    if _size([arg for arg in args if isinstance(arg, np.ndarray | np.generic)]) >= threshold():
        from flambeau.kernels import run_prim

        result = run_prim(name, args, kwargs)
        if result is not NotImplemented:
            return result
    return on_numpy(name, args, kwargs)


def _size(arrays: Sequence[Any]) -> int:
    """Elements of the largest, or of two that are broadcast to each other."""
    sizes = [each.size for each in arrays]
    if len(arrays) == 2 and arrays[0].shape != arrays[1].shape:
        with suppress(ValueError):
            return np.broadcast(*arrays).size
    return max(sizes)


def on_large(name: str, args: tuple[Any, ...]) -> np.ndarray:
    """A prim on ndarrays and numbers of which some array is large."""
    from flambeau.kernels import run_prim

    silent["on_large"] = _on_large(run_prim)
    return silent["on_large"](name, args)


def _on_large(run_prim: Callable[..., Any]) -> Callable[..., Any]:
    def on_large(name: str, args: tuple[Any, ...]) -> np.ndarray:
        result = run_prim(name, args, {})
        return on_numpy(name, args, {}) if result is NotImplemented else result

    return on_large


silent["elsewhere"] = elsewhere
silent["on_large"] = on_large
set_kernels(os.environ.get("FLAMBEAU_KERNELS", "1"))


_templates: dict[str, FunctionType] = {}


def declare(name: str, numpy: Callable[..., Any], template: str) -> Prim:
    """Enter a prim in the table; its call is `template`, in which it is named NAME, and `numpy` is `numpy_NAME`."""
    if template not in _templates:  # compiled once for all prims of a kind: most of the time of this import
        found: dict[str, Any] = {}
        exec(compile(template, f"<prim {template.split('(', maxsplit=1)[0]}>", "exec"), silent, found)  # noqa: S102
        _templates[template] = found["NAME"]
    silent[f"numpy_{name}"] = numpy
    pattern = _templates[template]
    code = pattern.__code__.replace(
        co_name=name,
        co_qualname=name,
        co_filename=f"<prim {name}>",
        co_names=tuple([n.replace("NAME", name) for n in pattern.__code__.co_names]),
        co_consts=tuple([name if c == "NAME" else c for c in pattern.__code__.co_consts]),
    )
    prim = cast(Any, FunctionType(code, silent, name, pattern.__defaults__))
    prim.__module__, prim.__doc__ = "flambeau.prims", numpy.__doc__
    prim.name, prim.numpy, prim.source = name, numpy, template.replace("NAME", name)
    table[name] = prim
    return cast(Prim, prim)
