"""Ranges of numbers, and complex numbers from their parts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes
from ..autograd.graph import rename
from ..device import check
from ..dtypes import c_name, dtype
from ..kernels.pool import empty
from ..tensor import Tensor
from .arguments import is_int, is_number, misfits, type_name
from .checks import lacking
from .creation import _kind, creator, made
from .dispatch import write_out

FAR = 1 << 40
"""Ends of ranges below which nothing can overflow."""


@creator
def arange(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """The values from `start` up to (not including) `end` in steps of `step`; integers if all three are."""
    if device is not None:
        check(device)
    given = (start, end, step)
    if dtype is None and out is None and start.__class__ is int and step.__class__ is int and step > 0:
        first, last = (0, start) if end is None else (start, end)
        if last.__class__ is int and -FAR < first <= last < FAR:
            return made(np.arange(first, last, step, dtype=np.int64), requires_grad)
    if start is None or not all(each is None or is_number(each) for each in given):
        raise misfits("arange", _written(given, (0, None, 1)), {})
    if end is None:
        start, end = 0, start
    start, end, step = (each.item() if isinstance(each, (Tensor, np.generic)) else each for each in (start, end, step))
    if any(isinstance(each, complex) for each in (start, end, step)):
        raise RuntimeError("value cannot be converted to type double without overflow")
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    default = dtypes.int64 if out is None else out.dtype
    if out is None and float in map(type, (start, end, step)):
        default = dtypes.get_default_dtype()
    kind = _kind(dtype, default, "arange")
    if kind is not dtypes.int64:
        lacking("cb", "arange_cpu")(np.empty(0, kind.numpy))
    if out is not None and dtype is not None and kind is not out.dtype:
        raise RuntimeError(
            f"dtype {dtypes.scalar_name(kind)} does not match dtype of out parameter ({dtypes.scalar_name(out.dtype)})"
        )
    if not kind.is_floating_point and int(step) == 0:
        raise ValueError("step must be nonzero")
    count = math.ceil((end - start) / step)
    if count >= 1 << 62:
        raise RuntimeError("invalid size, possible overflow?")
    array = _range(start, step, count, kind.numpy)
    return made(array, requires_grad) if out is None else write_out("arange", out, array)


def _range(start: Any, step: Any, count: int, target: Any) -> Any:
    if target.kind in "iu":
        return (np.arange(count, dtype=np.int64) * int(step) + int(start)).astype(target)
    wide = np.float64
    return (start + np.arange(count, dtype=wide) * step).astype(target)


@creator
def range_(start: Any = 0, end: Any = None, step: Any = 1, **options: Any) -> Tensor:
    """The values from `start` to `end`, both included (deprecated in PyTorch)."""
    import warnings

    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
        "Python's range builtin. Instead, use torch.arange, which produces values in [start, end).",
        UserWarning,
        stacklevel=2,
    )
    if end is None:
        start, end = 0, start
    kind = _kind(options.pop("dtype", None), None, "range")
    requires_grad = options.pop("requires_grad", False)
    return made(_range(start, step, math.floor((end - start) / step) + 1, kind.numpy), requires_grad)


def _spaced(start: Any, end: Any, steps: int, target: Any) -> Any:
    """`steps` values from `start` to `end`, computed from both ends as PyTorch does."""
    if steps == 1:
        return np.full(1, start).astype(target)
    work = np.dtype(np.float32) if target.itemsize == 2 and target.kind != "i" else target
    if target.kind in "iu":
        start, end = int(start), int(end)
        stride = (end - start) / max(steps - 1, 1)
        places = np.arange(steps)
        up = (start + stride * places[: steps // 2]).astype(target)
        down = (end - stride * (steps - 1 - places[steps // 2 :])).astype(target)
        return np.concatenate([up, down])
    kind = work.type
    step: Any = (kind(end) - kind(start)) / kind(steps - 1)
    away, half = np.arange(steps, dtype=work), steps // 2
    away *= step
    result = empty((steps,), work)
    np.add(kind(start), away[:half], out=result[:half])
    np.subtract(kind(end), away[: steps - half][::-1], out=result[half:])
    return result.astype(target, copy=False)


def _written(values: tuple[Any, ...], defaults: tuple[Any, ...]) -> list[Any]:
    """Arguments without the defaults at their end."""
    given = list(values)
    while given and given[-1] is defaults[len(given) - 1]:
        given.pop()
    return given


def _ends(name: str, start: Any, end: Any, steps: Any) -> tuple[Any, Any, int]:
    """Both ends as numbers, and the number of steps. Raises PyTorch's errors for what is none."""
    tensors = {key: each for key, each in (("start", start), ("end", end)) if isinstance(each, Tensor) and each.ndim}
    if not all(isinstance(each, Tensor) or is_number(each) for each in (start, end)) or not is_int(steps):
        raise misfits(name, [start, end, steps], {})
    if tensors:
        told = " and ".join(f"{key} with {each.ndim} dimension(s)" for key, each in tensors.items())
        raise RuntimeError(f"{name} only supports 0-dimensional start and end tensors, but got {told}.")
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    start, end = (each.item() if isinstance(each, (Tensor, np.generic)) else each for each in (start, end))
    return start, end, int(steps)


@creator
def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """`steps` evenly spaced values from `start` to `end`, both included."""
    if device is not None:
        check(device)
    start, end, steps = _ends("linspace", start, end, steps)
    default = dtypes.get_default_dtype() if out is None else out.dtype
    if out is None and (isinstance(start, complex) or isinstance(end, complex)):
        default = default.to_complex()
    kind = _kind(dtype, default, "linspace")
    lacking("b", "linspace_cpu")(np.empty(0, kind.numpy))
    if (isinstance(start, complex) or isinstance(end, complex)) and not kind.is_complex:
        inferred = c_name(dtypes.get_default_dtype().to_complex())
        raise RuntimeError(
            f"torch.linspace(): inferred dtype {inferred} can't be safely cast to passed dtype {dtypes.scalar_name(kind)}"
        )
    if out is not None and dtype is not None and kind is not out.dtype:
        raise RuntimeError(
            f"dtype {dtypes.scalar_name(kind)} does not match dtype of out parameter ({dtypes.scalar_name(out.dtype)})"
        )
    array = _spaced(start, end, steps, kind.numpy)
    return made(array, requires_grad) if out is None else write_out("linspace", out, array)


@creator
def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: Any = 10.0,
    *,
    out: Tensor | None = None,
    dtype: dtype | None = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """`steps` values `base**x` for evenly spaced x from `start` to `end`."""
    if device is not None:
        check(device)
    start, end, steps = _ends("logspace", start, end, steps)
    target = _kind(dtype, None if out is None else out.dtype, "logspace").numpy
    work = np.dtype(np.float64) if target.kind in "iu" else target
    with np.errstate(all="ignore"):
        array = np.power(work.type(base), _spaced(start, end, steps, work)).astype(target)
    return made(array, requires_grad) if out is None else write_out("logspace", out, array)


def _check_parts(name: str, parts: dict[str, Any], out: Tensor | None) -> None:
    """Raise PyTorch's errors for parts of complex numbers that are none."""
    for place, (key, each) in enumerate(parts.items()):
        if not isinstance(each, Tensor):
            raise TypeError(f"{name}(): argument '{key}' (position {place + 1}) must be Tensor, not {type_name(each)}")
    kinds = [each.dtype for each in parts.values()]
    first, second = map(dtypes.scalar_name, kinds)
    if not {dtypes.float32, dtypes.float64, dtypes.float16}.issuperset(kinds):
        raise RuntimeError(f"Expected both inputs to be Half, Float or Double tensors but got {first} and {second}")
    if first != second:
        raise RuntimeError(f"Expected object of scalar type {first} but got scalar type {second} for second argument")
    if out is not None and out.dtype is not kinds[0].to_complex():
        raise RuntimeError(
            f"Expected object of scalar type {dtypes.scalar_name(kinds[0].to_complex())} but got scalar type "
            f"{dtypes.scalar_name(out.dtype)} for argument 'out'"
        )


@creator
def complex_(real: Tensor, imag: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex numbers with the given parts."""
    _check_parts("complex", {"real": real, "imag": imag}, out)
    made_of = real + imag * 1j  # type: ignore[operator]
    exact = np.empty(made_of._array.shape, made_of._array.dtype)
    exact.real, exact.imag = real._array, imag._array
    made_of._array[...] = exact
    if made_of._node is not None:
        rename(made_of._node, "ComplexBackward0", settled=True)
    return made_of if out is None else write_out("complex", out, made_of)


@creator
def polar(abs: Tensor, angle: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex numbers with the given absolute values and angles (radians)."""
    _check_parts("polar", {"abs": abs, "angle": angle}, out)
    lacking("h", "polar_cpu")(abs._array)
    return complex_(abs * angle.cos(), abs * angle.sin(), out=out)  # type: ignore[operator, attr-defined]
