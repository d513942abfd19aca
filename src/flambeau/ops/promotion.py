"""What an op computes on: the common dtype of its arguments, and the arguments cast to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..autograd.modes import state
from ..dtypes import dtype, promote_types, scalar_name
from ..prims import copies
from ..tensor import Array, Tensor, wrap
from . import memory
from .declare import OPTIONAL, STATIC, TENSORS, Op, namespace
from .errors import broadcast_error, type_error

NUMBER = [0]
"""The versions of all 0-d tensors that stand for Python numbers, which nothing writes to."""
NUMBERS = (bool, int, float, complex, np.number, np.bool_)
ARRAYS = (np.ndarray, np.generic)


def tensor_values(op: Op, args: tuple[Any, ...], *, promoted: bool = False) -> list[Any]:
    """The values of the tensor parameters (`promoted`: of those that promotion concerns), lists flattened."""
    values: list[Any] = []
    for param, value in zip(op.params, args, strict=True):
        if promoted and param.name in op.keep:
            continue
        if param.kind == TENSORS:
            values.extend(value if isinstance(value, (list, tuple)) else [value])
        elif param.kind != STATIC:
            values.append(value)
    return values


def all_plain(tensors: Any) -> bool:
    if tensors.__class__ is not list and tensors.__class__ is not tuple:
        return False
    plain, parameter = namespace["Tensor"], namespace["Parameter"]
    for each in tensors:
        if each.__class__ is not plain and each.__class__ is not parameter:
            return False
    return len(tensors) > 0


def same_dtype(tensors: Any) -> bool:
    first = tensors[0]._array.dtype
    return all([each._array.dtype is first for each in tensors])  # noqa: C419 -- lists are short, a generator slow


def _merge(high: dtype | None, low: dtype | None) -> dtype | None:
    """The type of a category of operands with that of a lesser one, which may raise the category only."""
    if high is None or low is None:
        return high or low
    if high.is_complex or high.category >= low.category:
        return high
    if high.is_floating_point:
        return high.to_complex()
    return promote_types(high, low) if low.category > high.category else high


def result_type(values: Sequence[Any]) -> dtype:
    """The common dtype of tensors and Python numbers: those with dimensions count first, then 0-d tensors, then
    numbers.
    """
    groups: list[dtype | None] = [None, None, None]
    for value in values:
        if value is None:
            continue
        if isinstance(value, Tensor):
            kind, group = value.dtype, 0 if value._array.ndim else 1
        else:
            kind, group = dtypes.default_of(type(value)), 2
        before = groups[group]
        groups[group] = kind if before is None else promote_types(before, kind)
    found = _merge(groups[0], _merge(groups[1], groups[2]))
    assert found is not None
    return found


def compute_type(op: Op, values: Sequence[Any]) -> dtype | None:
    """The dtype in which `op` computes on these arguments; None: each in its own."""
    if op.promote is None:
        return None
    if op.promote == "same":
        kinds = [value.dtype for value in values if isinstance(value, Tensor)]
        for kind in kinds[1:]:
            if kind is not kinds[0]:
                raise RuntimeError(f"expected scalar type {scalar_name(kinds[0])} but found {scalar_name(kind)}")
        return kinds[0]
    kind = result_type(values)
    if op.promote == "float" and not kind.is_differentiable:
        return dtypes.get_default_dtype()
    return kind


def as_number(value: Any, target: np.dtype[Any]) -> Array:
    """A Python number as a 0-d array."""
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
        raise OverflowError("int too big to convert")
    if isinstance(value, int) and target.kind in "iu" and not isinstance(value, bool):
        bits = 8 * target.itemsize
        low, high = (0, (1 << bits) - 1) if target.kind == "u" else (-(1 << bits - 1), (1 << bits - 1) - 1)
        if not low <= value <= high:
            value &= (1 << bits) - 1
            if target.kind == "i" and value >> (bits - 1):
                value -= 1 << bits
    return np.asarray(value).astype(target)


def prepare(op: Op, args: tuple[Any, ...]) -> tuple[list[Any], dtype | None]:
    """The arguments with tensors in the op's dtype (casts recorded), numbers as 0-d tensors."""
    checked: list[Any] = []
    for place, (param, given) in enumerate(zip(op.params, args, strict=True)):
        value = given.item() if isinstance(given, np.generic) else given  # PyTorch's numbers are weak
        if param.kind == STATIC or (param.kind == OPTIONAL and value is None):
            pass
        elif param.kind == TENSORS:
            if not isinstance(value, (list, tuple)):
                raise type_error(op, param.name, place, value, "tuple of Tensors")
            for at, each in enumerate(value):
                if not isinstance(each, Tensor):
                    raise TypeError(
                        f"expected Tensor as element {at} in argument {place}, but got {type(each).__name__}"
                    )
        elif not isinstance(value, Tensor) and not (param.name in op.scalars and isinstance(value, NUMBERS)):
            raise type_error(op, param.name, place, value)
        checked.append(value)
    if op.scalars and not op.alone and not any(isinstance(value, Tensor) for value in checked):
        raise type_error(op, op.params[0].name, 0, args[0])
    if op.precheck is not None:
        op.precheck(*args)
    kind = compute_type(op, tensor_values(op, tuple(checked), promoted=True))
    for at, param in enumerate(op.params):
        value = checked[at]
        if param.kind == STATIC or value is None or param.name in op.keep:
            continue
        if param.kind == TENSORS:
            checked[at] = [cast(each, kind) for each in value]
        else:
            checked[at] = cast(value, kind)
    if op.check is not None:
        arrays = [array_of(value) for param, value in zip(op.params, checked, strict=True) if param.kind != STATIC]
        try:
            op.check(*arrays)
        except NotImplementedError:
            if op.family == "pointwise":  # shapes come before kernels
                _check_broadcast(arrays)
            raise
    return checked, kind


def _check_broadcast(arrays: list[Any]) -> None:
    given = [each for each in arrays if each is not None]
    try:
        np.broadcast_shapes(*[each.shape for each in given])
    except ValueError:
        raise broadcast_error(*given) from None


def cast(value: Any, kind: dtype | None) -> Tensor:
    """A tensor of dtype `kind`, by the differentiable conversion where `value` is recorded."""
    if not isinstance(value, Tensor):
        target = kind or dtypes.default_of(type(value))
        number = wrap(as_number(value, target.numpy))
        number._counter = NUMBER
        return number
    if kind is None or value._array.dtype == kind.numpy:
        return value
    if (value._node is not None and state.grad) or state.dual_levels:
        return namespace["convert"](value, kind)
    array = value._array
    return wrap(copies.copied(array, kind.numpy, keep_order=memory.dense(array)))


def array_of(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value._array
    if value.__class__ is list and value and isinstance(value[0], Tensor):
        return [each._array for each in value]
    return value


_common: dict[tuple[Any, ...], dtype] = {}
"""The dtype in which an op computes on plain tensors and numbers, by what `aligned` looks at."""


def aligned(op: Op, args: tuple[Any, ...], target: Tensor | None = None) -> list[Any] | None:
    """The arguments with all tensors and numbers as tensors of the common dtype: with them the op's form goes its fast
    way. None where they are so already, where there is more to do, or where `target` has another dtype.
    """
    if op.promote is None or op.promote == "same":
        return None
    plain, parameter = namespace["Tensor"], namespace["Parameter"]
    key: list[Any] = [op.name, dtypes.get_default_dtype()]
    places: list[int] = []
    for place, may_be_number in op.promoting:
        value = args[place]
        if value is None:
            continue
        cls = value.__class__
        if cls is plain or cls is parameter:
            array = value._array
            key += (array.dtype, array.ndim > 0)
        elif may_be_number and (cls is int or cls is float or cls is bool or cls is complex):
            key.append(cls)
        else:
            return None
        places.append(place)
    tensors = [place for place in places if isinstance(args[place], Tensor)]
    if not tensors:
        return None
    known = tuple(key)
    kind = _common.get(known)
    if kind is None:
        found = compute_type(op, [args[place] for place in places])
        if found is None:
            return None
        kind = _common[known] = found
    wanted = kind.numpy
    if target is not None and target._array.dtype is not wanted:
        return None
    if len(tensors) == len(places) and all(args[place]._array.dtype is wanted for place in places):
        return None
    if op.precheck is not None:
        op.precheck(*args)
    moved = list(args)
    for place in places:
        moved[place] = cast(args[place], kind)
    return moved


def widened(value: Any) -> Any:
    """A 2-byte float array in float32."""
    if isinstance(value, np.ndarray) and value.dtype.itemsize <= 2 and value.dtype.kind in "fV":
        return copies.copied(value, dtypes.float32.numpy, keep_order=memory.dense(value))
    return [widened(each) for each in value] if value.__class__ is list else value


def narrowed(result: Any, target: np.dtype[Any]) -> Any:
    """Results computed in float32, in the dtype they stand for."""
    if isinstance(result, (tuple, list)):
        parts = [narrowed(each, target) for each in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    if result is None or result.dtype != np.float32:
        return result
    array = np.asarray(result)
    return copies.copied(array, target, keep_order=memory.dense(array))


def drifted(result: np.dtype[Any], kind: dtype) -> bool:
    """Whether a setting has widened the result in NumPy, as none does in PyTorch."""
    if kind.is_differentiable:
        return result.kind == kind.numpy.kind
    return result.kind in "iuf" and kind is not dtypes.bool_
