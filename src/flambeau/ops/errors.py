"""The errors of calls, in PyTorch's words."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import dtype, scalar_name
from ..tensor import Tensor
from .declare import Op


def broadcast_error(*arrays: Any, inplace: bool = False) -> RuntimeError:
    """PyTorch's words for shapes that do not broadcast."""
    shapes = [np.shape(each) for each in arrays]
    width = max(map(len, shapes))
    result = list(shapes[0])
    for shape in shapes[1:]:
        for back in range(1, width + 1):
            a = result[-back] if back <= len(result) else 1
            b = shape[-back] if back <= len(shape) else 1
            if a != b and 1 not in (a, b):
                return RuntimeError(
                    f"The size of tensor a ({a}) must match the size of tensor b ({b}) at non-singleton "
                    f"dimension {width - back}"
                )
        result = list(np.broadcast_shapes(tuple(result), shape))
    if inplace:
        return RuntimeError(f"output with shape {list(shapes[0])} doesn't match the broadcast shape {result}")
    return RuntimeError(f"shapes {', '.join(map(str, map(list, shapes)))} cannot be broadcast")


def translated(error: np.exceptions.AxisError) -> Exception:
    """NumPy's complaint about an axis in PyTorch's words."""
    if error.axis is None:
        return IndexError(str(error))
    bound = max(error.ndim or 0, 1)
    return IndexError(
        f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {error.axis})"
    )


def mistaken(op: Op, kind: str, args: tuple[Any, ...], error: Exception) -> Exception:
    """What a failed call raises: PyTorch's complaint about arguments that do not fit, else `error` itself."""
    if isinstance(error, np.exceptions.AxisError):
        return translated(error)
    if isinstance(error, ValueError) and "operands could not be broadcast" in str(error):
        return broadcast_error(*[each._array for each in args if isinstance(each, Tensor)])
    from .arguments import mistaken

    return mistaken(op, kind, args, error)


def type_error(op: Op, name: str, place: int, value: Any, expected: str = "Tensor") -> TypeError:
    return TypeError(
        f"{op.name}(): argument '{name}' (position {place + 1}) must be {expected}, not {type(value).__name__}"
    )


def cast_error(result: dtype, target: dtype) -> RuntimeError:
    return RuntimeError(
        f"result type {scalar_name(result)} can't be cast to the desired output type {scalar_name(target)}"
    )
