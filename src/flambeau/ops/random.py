"""Filling tensors in place with random numbers: `uniform_`, `normal_`, `random_` and their like.

Each is declared by its arguments, the checks of their values, and the sampler on arrays. The rest
is common: finding the generator, refusing targets that autograd must keep, and cutting the history
of others.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from flambeau import dtypes
from flambeau.autograd import inplace
from flambeau.autograd.graph import Node, next_seq
from flambeau.autograd.modes import state
from flambeau.generator import Generator, default_generator
from flambeau.ops import dispatch
from flambeau.ops.indexing import zeros_of
from flambeau.ops.memory import check_target
from flambeau.ops.warn import warn
from flambeau.prims import random as samplers
from flambeau.prims.random_engine import Engine
from flambeau.tensor import Array, Tensor, attach, new

REQUIRED = object()


# Arguments


def engine_of(generator: Any, name: str) -> Engine:
    """The engine to draw from for an op's `generator` argument."""
    if generator is None:
        return default_generator.engine
    if isinstance(generator, Generator):
        return generator.engine
    kind = type(generator).__name__
    raise TypeError(f"{name}(): argument 'generator' must be torch.Generator, not {kind}")


def scalar_name(array: Array) -> str:
    """PyTorch's word for an array's dtype: "Float", "Long", ..."""
    return dtypes.scalar_name(dtypes.from_numpy_dtype(array.dtype))


def invalid_arguments(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], *forms: str) -> TypeError:
    """PyTorch's complaint about arguments that fit none of a function's `forms`."""
    kinds = [type(arg).__name__ for arg in args]
    named = [f"{key}={type(value).__name__}" for key, value in kwargs.items()]
    got = ", ".join([*kinds, *named]) + ("" if kinds or not named else ", ")
    listed = "".join(f" * ({form})\n" for form in forms)
    return TypeError(
        f"{name}() received an invalid combination of arguments - got ({got}), but expected one of:\n{listed}"
    )


def is_number(value: Any) -> bool:
    """Whether PyTorch takes `value` for a float argument."""
    if isinstance(value, Tensor):
        return value._array.ndim == 0 and value._node is None
    return isinstance(value, int | float | np.number)


def bound(name: str, defaults: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[float]:
    """The float arguments of a call of `name`, in order, as Python numbers."""
    names = list(defaults)
    if not kwargs and len(args) == len(names) and all(type(arg) in (float, int) for arg in args):
        return list(args)
    if len(args) > len(names):
        least = sum(value is REQUIRED for value in defaults.values())
        count = f"{len(names)}" if least == len(names) else f"from {least} to {len(names)}"
        plural = "" if len(names) == 1 and least == 1 else "s"
        raise TypeError(f"{name}() takes {count} positional argument{plural} but {len(args)} were given")
    given = dict(zip(names, args, strict=False))
    places = {key: f" (position {place + 1})" for place, key in enumerate(given)}
    for key, value in kwargs.items():
        if key not in defaults:
            raise TypeError(f"{name}() got an unexpected keyword argument '{key}'")
        if key in given:
            raise TypeError(f"{name}() got multiple values for argument '{key}'")
        given[key] = value
    missing = [key for key in names if key not in given and defaults[key] is REQUIRED]
    if missing:
        raise TypeError(f'{name}() missing {len(missing)} required positional arguments: "{missing[0]}"')
    for key, value in given.items():
        if not is_number(value):
            kind = type(value).__name__
            raise TypeError(f"{name}(): argument '{key}'{places.get(key, '')} must be float, not {kind}")
    return [number(given.get(key, defaults[key])) for key in names]


def number(value: Any) -> Any:
    """A number that a user gave as such, or as a 0-d tensor."""
    return value.item() if isinstance(value, Tensor | np.number) else value


# Targets


def no_gradient(g: Any, input_shape: tuple[int, ...]) -> Any:
    """The rule of a draw: where `input` moves, nearly all numbers drawn stay."""
    return zeros_of(g, input_shape)


class _Overwritten(Node):
    """The history of a tensor that was filled: nothing of its old value is left."""

    __slots__ = ()

    def run(self, g: Any) -> tuple[Any, ...]:
        return np.zeros_like(g), *[None for _ in self.edges[1:]]

    def run_graph(self, g: Any) -> tuple[Any, ...]:
        return g * 0, *[None for _ in self.edges[1:]]


_nodes: dict[str, type[Node]] = {}


def fill(target: Tensor, grad_name: str, sample: Callable[[Array], None], *others: Tensor) -> Tensor:
    """Let `sample` overwrite `target`'s array, as an in-place op of it and `others`.

    Raises RuntimeError, before anything is changed, for a leaf that requires grad and for a target
    whose elements share memory.
    """
    array = target._array
    recorded = state.grad and (
        any(each._node is not None for each in (target, *others))
        or (target._base is not None and target._base._node is not None)
    )
    if recorded:
        inplace.check(target)
    elif target._inference and not state.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed."
            "You can make a clone to get a normal tensor before doing inplace update."
            "See https://github.com/pytorch/rfcs/pull/17 for more details."
        )
    check_target(array)
    sample(array)
    target._counter[0] += 1
    if recorded:
        inplace.rebase(target, _overwritten(grad_name, target, *others))
    return target


def _overwritten(grad_name: str, target: Tensor, *others: Tensor) -> Node:
    cls = _nodes.get(grad_name)
    if cls is None:
        cls = _nodes[grad_name] = type(grad_name, (_Overwritten,), {"__slots__": ()})
    node = new(cls)
    node.seq, node.saved, node.shape = next_seq(), (), target._array.shape
    node.edges = tuple(each._node for each in (target, *others))
    return node


def filling(
    grad_name: str, check: Callable[..., None], **defaults: Any
) -> Callable[[Callable[..., None]], Callable[..., Any]]:
    """Give Tensor the method that fills it by the decorated `sampler(engine, array, *numbers)`.

    `defaults` are the method's arguments, all of them numbers (REQUIRED: no default); `check` gets
    the array and the numbers, and raises what PyTorch raises.
    """

    def decorate(sampler: Callable[..., None]) -> Callable[..., Any]:
        name = sampler.__name__

        def method(self: Any, *args: Any, generator: Any = None, **kwargs: Any) -> Any:
            if type(self) is not Tensor or dispatch.function_modes:
                given = kwargs if generator is None else {**kwargs, "generator": generator}
                answering = dispatch.overrides((self,))
                if answering or dispatch.function_modes:
                    return dispatch.override(method, answering, (self, *args), given)
            numbers = bound(name, defaults, args, kwargs)
            engine = engine_of(generator, name)

            def sample(array: Array) -> None:
                check(array, *numbers)
                sampler(engine, array, *numbers)

            return fill(self, grad_name, sample)

        method.__name__ = name
        method.__qualname__ = f"Tensor.{name}"
        method.__doc__ = sampler.__doc__
        attach(**{name: method})
        return method

    return decorate


# Checks


def unsupported(kernel: str, array: Array) -> NotImplementedError:
    return NotImplementedError(f"\"{kernel}\" not implemented for '{scalar_name(array)}'")


def is_float(array: Array) -> bool:
    return array.dtype.char in samplers.DIGITS


_MODEST = 2.0**14  # every dtype holds the difference of two such numbers


def check_uniform(array: Array, low: float, high: float) -> None:
    if array.dtype.kind != "c" and not is_float(array):
        raise unsupported("check_uniform_bounds", array)
    if -_MODEST <= low <= high <= _MODEST:
        return
    kind = dtypes.from_numpy_dtype(array.dtype).to_real()
    largest = dtypes.finfo(kind).max
    for name, value in (("from", low), ("to", high)):
        if not -largest <= value <= largest:
            raise RuntimeError(f"{name} is out of bounds for {dtypes.C_NAMES.get(kind.name, kind.name)}")
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}")
    if high - low > largest:
        limit = f"std::numeric_limits<{dtypes.scalar_name(kind)}>::max()"
        raise RuntimeError(
            f"uniform_ expects to-from <= {limit}, but found to={high:g} and from={low:g} "
            "which result in to-from to exceed the limit"
        )


def check_normal(array: Array, mean: float, std: float) -> None:
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    if array.dtype.kind != "c" and not is_float(array):
        raise unsupported("normal_kernel_cpu", array)


def _check_log_normal(array: Array, mean: float, std: float) -> None:
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std:g}")
    if not is_float(array):
        raise unsupported("log_normal_cpu", array)


def _check_exponential(array: Array, rate: float) -> None:
    if not rate > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={rate:g}")
    _check_continuous(array, "Exponential", scalar_name(array))


def _check_cauchy(array: Array, median: float, sigma: float) -> None:
    if not sigma > 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}")
    kind = dtypes.from_numpy_dtype(array.dtype)
    _check_continuous(array, "Cauchy", dtypes.C_NAMES.get(kind.name, kind.name))


def _check_continuous(array: Array, distribution: str, kind: str) -> None:
    if not dtypes.from_numpy_dtype(array.dtype).is_floating_point:
        raise RuntimeError(
            f"{distribution} distribution is a continuous probability distribution. "
            f"dtype must be a floating point but you specified {kind}"
        )
    if not is_float(array):
        raise unsupported(f"{distribution.lower()}_cpu", array)


def _check_geometric(array: Array, p: float) -> None:
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p:g}")
    if not is_float(array) and array.dtype.name not in _SIGNED_OR_BYTE:
        raise unsupported("geometric_cpu", array)


_SIGNED_OR_BYTE = frozenset({"int64", "int32", "int16", "int8", "uint8"})


# The fills


@filling("UniformBackward0", check_uniform, **{"from": 0.0, "to": 1.0})
def uniform_(engine: Engine, out: Array, low: float, high: float) -> None:
    """Fill the tensor with numbers from the uniform distribution on [from, to)."""
    samplers.uniform(engine, out, low, high)


@filling("NormalBackward0", check_normal, mean=0.0, std=1.0)
def normal_(engine: Engine, out: Array, mean: float, std: float) -> None:
    """Fill the tensor with numbers from the normal distribution of `mean` and `std`."""
    samplers.normal(engine, out, mean, std)


@filling("LogNormalBackward0", _check_log_normal, mean=1.0, std=2.0)
def log_normal_(engine: Engine, out: Array, mean: float, std: float) -> None:
    """Fill the tensor with exponentials of numbers from a normal distribution."""
    samplers.log_normal(engine, out, mean, std)


@filling("ExponentialBackward0", _check_exponential, lambd=1.0)
def exponential_(engine: Engine, out: Array, rate: float) -> None:
    """Fill the tensor with numbers of density lambd * exp(-lambd * x)."""
    samplers.exponential(engine, out, rate)


@filling("CauchyBackward0", _check_cauchy, median=0.0, sigma=1.0)
def cauchy_(engine: Engine, out: Array, median: float, sigma: float) -> None:
    """Fill the tensor with numbers from the Cauchy distribution."""
    samplers.cauchy(engine, out, median, sigma)


@filling("GeometricBackward0", _check_geometric, p=REQUIRED)
def geometric_(engine: Engine, out: Array, p: float) -> None:
    """Fill the tensor with numbers of trials up to the first success of probability `p`."""
    samplers.geometric(engine, out, p)


# Fills with several forms


def check_bernoulli(array: Array, p: float | Array) -> None:
    """Raise unless ones of probability `p` (a number, or an array) can be stored in `array`."""
    if not isinstance(p, np.ndarray):
        if not 0 <= p <= 1:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
        kernel = "bernoulli_scalar_cpu_"
    else:
        kernel = "bernoulli_tensor_cpu_self_"
    if not is_float(array) and array.dtype.name not in _SIGNED_OR_BYTE | {"bool"}:
        raise unsupported(kernel, array)
    if isinstance(p, np.ndarray):
        if not is_float(p):
            raise unsupported("bernoulli_tensor_cpu_p_", p)
        if not ((p >= 0) & (p <= 1)).all():
            raise RuntimeError(
                "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error "
                "message be improved?  If so, please report an enhancement request to PyTorch.)"
            )


def bernoulli_(self: Any, p: Any = 0.5, *, generator: Any = None) -> Any:
    """Fill the tensor with ones of probability `p`, a number or a tensor that broadcasts to it."""
    answering = dispatch.overrides((self, p))
    if answering or dispatch.function_modes:
        keywords = {} if generator is None else {"generator": generator}
        return dispatch.override(bernoulli_, answering, (self, p), keywords)
    engine = engine_of(generator, "bernoulli_")
    if isinstance(p, Tensor):
        probability = _expanded(p, self._array.shape)
    elif is_number(p):
        probability = number(p)
    else:
        raise invalid_arguments(
            "bernoulli_",
            (p,),
            {},
            "Tensor p, *, torch.Generator generator = None",
            "float p = 0.5, *, torch.Generator generator = None",
        )

    def sample(array: Array) -> None:
        check_bernoulli(array, probability)
        samplers.bernoulli(engine, array, probability)

    if isinstance(p, Tensor):
        return fill(self, "BernoulliBackward1", sample, p)
    return fill(self, "BernoulliBackward2", sample)


def _expanded(p: Tensor, shape: tuple[int, ...]) -> Array:
    own = p._array.shape
    if len(own) > len(shape):
        raise RuntimeError(
            f"expand(torch.{dtypes.scalar_name(p.dtype)}Tensor{{{list(own)}}}, "
            f"size={list(shape)}): the number of sizes provided ({len(shape)}) must be greater or "
            f"equal to the number of dimensions in the tensor ({len(own)})"
        )
    for back in range(1, len(own) + 1):
        if own[-back] not in (1, shape[-back]):
            raise RuntimeError(
                f"The expanded size of the tensor ({shape[-back]}) must match the existing size "
                f"({own[-back]}) at non-singleton dimension {len(shape) - back}.  "
                f"Target sizes: {list(shape)}.  Tensor sizes: {list(own)}"
            )
    return np.broadcast_to(p._array, shape)


def random_(self: Any, *args: Any, generator: Any = None, **kwargs: Any) -> Any:
    """Fill the tensor with integers: from [from, to), from [0, to), or from all its dtype holds."""
    answering = dispatch.overrides((self,))
    if answering or dispatch.function_modes:
        keywords = kwargs if generator is None else {**kwargs, "generator": generator}
        return dispatch.override(random_, answering, (self, *args), keywords)
    engine = engine_of(generator, "random_")
    ends = _integer_ends(args, kwargs)
    if not ends:

        def sample(array: Array) -> None:
            if not is_float(array) and array.dtype.name not in _SIGNED_OR_BYTE | {"bool"}:
                raise unsupported("random_kernel_cpu", array)
            samplers.any_integers(engine, array)

        return fill(self, "RandomBackward2", sample)
    low, high = ends if len(ends) == 2 else (0, ends[0])

    def sample_between(array: Array) -> None:
        fill_integers(engine, array, low, high)

    return fill(self, f"RandomBackward{2 - len(ends)}", sample_between)


def _integer_ends(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """The integers of `random_()`, `random_(to)` or `random_(from, to)`; `to` may be None there."""
    names = ("to",) if len(args) + len(kwargs) == 1 else ("from", "to")
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    known = len(args) <= 2 and set(given) in ({"from", "to"}, {"to"}, set())
    if not known or any(
        not is_integer(value) and not (value is None and key == "to" and "from" in given)
        for key, value in given.items()
    ):
        raise invalid_arguments(
            "random_",
            args,
            kwargs,
            "*, torch.Generator generator = None",
            "int from, int to, *, torch.Generator generator = None",
            "int to, *, torch.Generator generator = None",
        )
    return [integer(given[name]) if given[name] is not None else None for name in names if name in given]


def is_integer(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value._array.ndim == 0 and value._array.dtype.kind in "iu"
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def integer(value: Any) -> int:
    """A 64-bit integer argument; raises ValueError beyond that range."""
    found = int(value)
    if not -(2**63) <= found < 2**63:
        raise ValueError("Overflow when unpacking long long")
    return found


def fill_integers(engine: Engine, array: Array, low: int, high: int | None) -> None:
    """Fill `array` from [low, high), or up to the largest integer its dtype holds exactly."""
    kind = array.dtype.kind
    if kind == "c":
        raise RuntimeError("check_random_bounds handles only integral, floating-point and boolean types")
    if kind not in "biu" and not is_float(array):
        raise unsupported("random_update_from_to", array)
    if high is None:
        high = largest_integer(array) + 1
    elif low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    _check_ends(array, low, high - 1)
    samplers.integers(engine, array, low, high)


def largest_integer(array: Array) -> int:
    """The end of the integers that the array's dtype holds without a gap."""
    if array.dtype.kind == "b":
        return 1
    if array.dtype.kind in "iu":
        return int(np.iinfo(array.dtype).max)
    return 2 ** samplers.DIGITS[array.dtype.char]


def _check_ends(array: Array, first: int, last: int) -> None:
    smallest, largest, digits = _limits(array.dtype)
    for which, value in (("from", first), ("to - 1", last)):
        if not smallest <= value <= largest:
            name = dtypes.C_NAMES.get(array.dtype.name, array.dtype.name)
            raise RuntimeError(f"{which} is out of bounds for {name}")
    for which, value in (("from", first), ("to - 1", last)):
        if abs(value) > 2**digits:
            warn(
                f"{which} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision "
                f"limitations {dtypes.C_NAMES.get(array.dtype.name, array.dtype.name)} can support discrete uniform "
                "distribution only within this range. This warning will become an error in "
                "version 1.7 release, please fix the code in advance",
                UserWarning,
            )


@cache
def _limits(kind: np.dtype[Any]) -> tuple[float, float, int]:
    """A dtype's least and greatest number, and the bits of the integers it holds exactly."""
    if kind.char in samplers.DIGITS:
        largest = dtypes.finfo(dtypes.from_numpy_dtype(kind)).max
        return -largest, largest, samplers.DIGITS[kind.char]
    if kind.kind == "b":
        return 0, 1, 64
    limits = np.iinfo(kind)
    return int(limits.min), int(limits.max), 64


attach(bernoulli_=bernoulli_, random_=random_)
