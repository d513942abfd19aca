"""New tensors of random numbers: `rand`, `randn`, `randint`, `randperm`, `normal`, `rand_like`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from flambeau import dtypes
from flambeau.autograd import inplace
from flambeau.device import check as check_device
from flambeau.dtypes import dtype
from flambeau.generator import default_generator
from flambeau.kernels.pool import empty
from flambeau.ops.creation import _empty_like, _kind, creator, made, size_of
from flambeau.ops.declare import op
from flambeau.ops.dispatch import function_modes, override, overrides
from flambeau.ops.errors import broadcast_error
from flambeau.ops.indexing import zeros_of
from flambeau.ops.random import (
    check_normal,
    check_uniform,
    engine_of,
    fill_integers,
    integer,
    invalid_arguments,
    is_float,
    is_integer,
    is_number,
    no_gradient,
    number,
    unsupported,
)
from flambeau.prims import random as samplers
from flambeau.prims.random_engine import Engine
from flambeau.tensor import Array, Tensor, preserve_format, wrap

_LONG = np.dtype(np.int64)

Sample = Callable[[Engine, Array], None]
Shape = tuple[int, ...]

_KEYWORDS = frozenset({"out", "dtype", "layout", "device", "pin_memory", "requires_grad"})
_OPTIONS = (
    "Tensor out = None, torch.dtype dtype = None, torch.layout layout = None, "
    "torch.device device = None, bool pin_memory = False, bool requires_grad = False"
)


def _forms(*arguments: str) -> tuple[str, ...]:
    return tuple(
        f"{given}, *, {generator}{_OPTIONS}" for given in arguments for generator in ("torch.Generator generator, ", "")
    )


def _drawn(
    name: str,
    shape: Shape,
    sample: Sample,
    *,
    default: dtype | None = None,
    generator: Any = None,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A new tensor of `shape`, or `out` resized to it, that `sample` has filled."""
    if device is not None:
        check_device(device)
    engine = engine_of(generator, name)
    if out is None:
        array = empty(shape, _kind(dtype, default, name).numpy)
        sample(engine, array)
        return made(array, requires_grad)
    if dtype is not None and dtype is not out.dtype:
        raise RuntimeError(
            f"dtype {dtypes.scalar_name(dtype)} does not match dtype of out parameter ({dtypes.scalar_name(out.dtype)})"
        )
    if out._array.shape != shape:
        inplace.resize(out, shape)
    sample(engine, out._array)
    out._counter[0] += 1
    return out


# A distribution that depends on the shape alone


def _uniform(engine: Engine, array: Array) -> None:
    check_uniform(array, 0.0, 1.0)
    samplers.uniform(engine, array)


def _normal(engine: Engine, array: Array) -> None:
    check_normal(array, 0.0, 1.0)
    samplers.normal(engine, array)


def _sized(name: str, sample: Sample, distribution: str) -> tuple[Any, Any]:
    """Declare the function of a shape, and its `_like` form."""

    def sized(*size: Any, generator: Any = None, **options: Any) -> Tensor:
        if size and not options and generator is None:
            plain = len(size) == 1 and size[0].__class__ is int and size[0] >= 0
            array = empty(size if plain else size_of(size, name), dtypes.get_default_dtype().numpy)
            sample(default_generator.engine, array)
            return wrap(array)
        if "size" in options and not size:
            size = (options.pop("size"),)
        if not size or options.keys() - _KEYWORDS:
            shown = options if generator is None else {"generator": generator, **options}
            raise invalid_arguments(name, size, shown, *_forms("tuple of ints size"))
        if generator is not None and not hasattr(generator, "engine"):
            shown = {"generator": generator, **options}
            raise invalid_arguments(name, size, shown, *_forms("tuple of ints size"))
        return _drawn(name, size_of(size, name), sample, generator=generator, **options)

    def like(
        input: Tensor,
        *,
        dtype: dtype | None = None,
        layout: Any = None,
        device: Any = None,
        pin_memory: bool = False,
        requires_grad: bool = False,
        memory_format: Any = preserve_format,
        generator: Any = None,
    ) -> Tensor:
        options = {"dtype": dtype, "device": device, "generator": generator}
        return _like(like, input, (), sample, requires_grad, memory_format, **options)

    sized.__name__ = sized.__qualname__ = name
    sized.__doc__ = f"A tensor of shape `size` with numbers {distribution}."
    like.__name__ = like.__qualname__ = f"{name}_like"
    like.__doc__ = f"A tensor with the shape and memory order of `input`, numbers {distribution}."
    return creator(sized), creator(like)


def _like(
    function: Callable[..., Any],
    input: Any,
    args: tuple[Any, ...],
    sample: Sample,
    requires_grad: bool,
    memory_format: Any,
    *,
    dtype: dtype | None,
    device: Any,
    generator: Any,
) -> Any:
    name = function.__name__
    answering = overrides((input,))
    if answering or function_modes:
        keywords = {"dtype": dtype, "device": device, "generator": generator}
        given = {key: value for key, value in keywords.items() if value is not None}
        return override(function, answering, (input, *args), given)
    if not isinstance(input, Tensor):
        kind = type(input).__name__
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {kind}")
    if device is not None:
        check_device(device)
    array = _empty_like(input._array, _kind(dtype, input.dtype, name).numpy, memory_format)
    sample(engine_of(generator, name), array)
    return made(array, requires_grad)


rand, rand_like = _sized("rand", _uniform, "from the uniform distribution on [0, 1)")
randn, randn_like = _sized("randn", _normal, "from the normal distribution of mean 0 and variance 1")


# Integers


_RANDINT_FORMS = _forms("int high, tuple of ints size", "int low, int high, tuple of ints size")


@creator
def randint(*args: Any, generator: Any = None, **options: Any) -> Tensor:
    """A tensor of shape `size` with integers from [low, high): `randint(low=0, high, size)`."""
    if not options and generator is None and 1 < len(args) < 4:
        low, high = args[-3:-1] if len(args) == 3 else (0, args[0])
        size = args[-1]
        plain = low.__class__ is int and high.__class__ is int and (size.__class__ is tuple or size.__class__ is list)
        if plain and -(2**63) <= low < high < 2**63:
            array = empty(size_of((size,), "randint"), _LONG)
            samplers.integers(default_generator.engine, array, low, high)
            return wrap(array)
    given = [*args]
    shown = options if generator is None else {"generator": generator, **options}
    named: dict[str, Any] = {key: options.pop(key) for key in ("low", "high", "size") if key in options}
    if "size" in named:
        size = named.pop("size")
    elif len(given) > 1:
        size = given.pop()
        if not isinstance(size, tuple | list):
            place, kind = len(given) + 1, type(size).__name__
            if all(map(is_integer, args)):
                raise TypeError(f"randint(): argument 'size' (position {place}) must be tuple of ints, not {kind}")
            raise invalid_arguments("randint", args, shown, *_RANDINT_FORMS)
    else:
        raise invalid_arguments("randint", args, shown, *_RANDINT_FORMS)
    names = ("low", "high") if len(given) + len(named) == 2 else ("high",)
    free = [name for name in names if name not in named]
    ends = {**named, **dict(zip(free, given, strict=False))}
    unknown = options.keys() - _KEYWORDS
    if unknown or len(given) != len(free) or not all(map(is_integer, ends.values())):
        raise invalid_arguments("randint", args, shown, *_RANDINT_FORMS)
    low, high = integer(ends.get("low", 0)), integer(ends["high"])

    def sample(engine: Engine, array: Array) -> None:
        fill_integers(engine, array, low, high)

    shape = size_of((size,), "randint")
    return _drawn("randint", shape, sample, default=dtypes.int64, generator=generator, **options)


@creator
def randint_like(
    input: Tensor,
    *ends: Any,
    low: Any = 0,
    high: Any = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: Any = None,
    pin_memory: bool = False,
    requires_grad: bool = False,
    memory_format: Any = preserve_format,
    generator: Any = None,
) -> Tensor:
    """A tensor like `input` with integers from [low, high)."""
    if len(ends) == 2:
        low, high = ends
    elif ends and high is None:
        high = ends[0]
    elif ends:
        low = ends[0]
    if not (is_integer(low) and is_integer(high)):
        raise invalid_arguments(
            "randint_like",
            (input, *ends),
            {},
            "Tensor input, int high",
            "Tensor input, int low, int high",
        )
    first, stop = integer(low), integer(high)

    def sample(engine: Engine, array: Array) -> None:
        fill_integers(engine, array, first, stop)

    options = {"dtype": dtype, "device": device, "generator": generator}
    return _like(randint_like, input, (low, high), sample, requires_grad, memory_format, **options)


_PERMUTED = frozenset({"int64", "int32", "int16", "int8", "uint8"})


@creator
def randperm(n: Any, *, generator: Any = None, **options: Any) -> Tensor:
    """The integers 0 ... n-1 in random order."""
    if n.__class__ is int and n >= 0 and generator is None and not options:
        array = empty((n,), _LONG)
        samplers.permutation(default_generator.engine, array)
        return wrap(array)
    if not is_integer(n):
        kind = type(n).__name__
        raise TypeError(f"randperm(): argument 'n' (position 1) must be int, not {kind}")
    if (generator is not None and not hasattr(generator, "engine")) or (options.keys() - _KEYWORDS):
        shown = options if generator is None else {"generator": generator, **options}
        raise invalid_arguments("randperm", (n,), shown, *_forms("int n"))
    count = integer(n)

    def sample(engine: Engine, array: Array) -> None:
        _check_permutation(array, count)
        samplers.permutation(engine, array)

    shape = size_of((count,), "randperm")
    return _drawn("randperm", shape, sample, default=dtypes.int64, generator=generator, **options)


def _check_permutation(array: Array, n: int) -> None:
    kind = array.dtype
    if is_float(array):
        exact = {"float16": 2**11 + 1, "float32": 2**24 + 1, "float64": 2**53 + 1}.get(kind.name)
        if exact is not None and n > exact:
            name = dtypes.scalar_name(dtypes.from_numpy_dtype(kind))
            raise RuntimeError(f"n cannot be greater than {exact} for {name} type.")
    elif kind.name not in _PERMUTED:
        raise unsupported("randperm", array)
    elif n > np.iinfo(kind).max + 1:
        raise RuntimeError(f"value cannot be converted to type {kind.name}_t without overflow")


# Normal numbers with given means and deviations

Floats = Any
_NORMAL_FORMS = (
    "Tensor mean, Tensor std, *, torch.Generator generator = None, Tensor out = None",
    "Tensor mean, float std = 1, *, torch.Generator generator = None, Tensor out = None",
    "float mean, Tensor std, *, torch.Generator generator = None, Tensor out = None",
    f"float mean, float std, tuple of ints size, *, torch.Generator generator = None, {_OPTIONS}",
)


def _check_deviations(std: Array) -> None:
    if std.dtype.kind == "c":
        raise RuntimeError("normal expects standard deviation to be non-complex")
    if not np.all(std >= 0):
        raise RuntimeError("normal expects all elements of std >= 0.0")


def _shifted(mean: Array, std: Array | float, shape: Shape, engine: Engine) -> Array:
    """`mean + std * z` for normal numbers z, rounded after the product as after the sum."""
    array = empty(shape, mean.dtype)
    if isinstance(std, np.ndarray):
        check_normal(array, 0.0, 1.0)
        samplers.normal(engine, array)
        with np.errstate(all="ignore"):
            array *= std.astype(array.dtype)
    else:
        check_normal(array, 0.0, std)
        samplers.normal(engine, array, 0.0, std)
    with np.errstate(all="ignore"):
        array += mean
    return array


@op(name="_normal_mean", grad_name="NormalBackward1", method=False, out=False)
def _normal_mean(input, std: float, generator: Any):
    return _shifted(input, std, input.shape, engine_of(generator, "normal"))


@op(name="_normal_std", grad_name="NormalBackward2", method=False, out=False)
def _normal_std(mean: Floats, std, generator: Any):
    _check_deviations(std)
    center = np.asarray(mean, std.dtype)
    return _shifted(center, std, std.shape, engine_of(generator, "normal"))


@op(name="_normal_both", grad_name="NormalBackward3", method=False, out=False)
def _normal_both(input, std, generator: Any):
    _check_deviations(std)
    try:
        shape = np.broadcast_shapes(input.shape, std.shape)
    except ValueError:
        raise broadcast_error(input, std) from None
    return _shifted(input, std, shape, engine_of(generator, "normal"))


def _no_gradient_of_std(g: Any, std_shape: Shape) -> Any:
    return zeros_of(g, std_shape)


_normal_mean.vjp(input=no_gradient)
_normal_std.vjp(std=_no_gradient_of_std)
_normal_both.vjp(input=no_gradient, std=_no_gradient_of_std)


@creator
def normal(
    mean: Any = None,
    std: Any = None,
    size: Any = None,
    *,
    generator: Any = None,
    out: Tensor | None = None,
    **options: Any,
) -> Tensor:
    """Normal numbers of the given means and deviations: tensors, or numbers with a `size`."""
    args = tuple(each for each in (mean, std, size) if each is not None)
    tensors = isinstance(mean, Tensor), isinstance(std, Tensor)
    if isinstance(size, tuple | list) and is_number(mean) and is_number(std):
        center, deviation = number(mean), number(std)

        def sample(engine: Engine, array: Array) -> None:
            check_normal(array, center, deviation)
            samplers.normal(engine, array, center, deviation)

        shape = size_of((size,), "normal")
        return _drawn("normal", shape, sample, generator=generator, out=out, **options)
    if size is not None or options or not any(tensors):
        raise invalid_arguments("normal", args, options, *_NORMAL_FORMS)
    if all(tensors):
        result = _normal_both(mean, std, generator)
    elif tensors[0] and (std is None or is_number(std)):
        result = _normal_mean(mean, 1.0 if std is None else number(std), generator)
    elif tensors[1] and is_number(mean):
        result = _normal_std(number(mean), std, generator)
    else:
        raise invalid_arguments("normal", args, options, *_NORMAL_FORMS)
    if out is None:
        return result
    if tensors == (True, False) and out.shape != result.shape:
        raise broadcast_error(result._array, out._array)
    inplace.resize_out(out, result._array.shape)
    return out.copy_(result)  # type: ignore[attr-defined]
