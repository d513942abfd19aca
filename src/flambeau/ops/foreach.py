"""`_foreach_*`: an op on each tensor of a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.modes import state
from ..prims import lists
from ..tensor import Tensor, wrap
from .creation import creator
from .promotion import all_plain

UNARY = (
    *("abs", "acos", "asin", "atan", "ceil", "cos", "cosh", "erf", "erfc", "exp", "expm1", "floor", "frac", "lgamma"),
    *("log", "log10", "log1p", "log2", "neg", "reciprocal", "round", "rsqrt", "sigmoid", "sign", "sin", "sinh", "sqrt"),
    *("tan", "tanh", "trunc"),
)
BINARY = (
    "add",
    "sub",
    "mul",
    "div",
    "clamp_max",
    "clamp_min",
    "maximum",
    "minimum",
    "pow",
    "lerp",
    "addcmul",
    "addcdiv",
)
_METHODS = {"maximum": "clamp_min", "minimum": "clamp_max"}


def _spread(name: str, lists: Sequence[Any], count: int) -> list[list[Any]]:
    """Each argument once for each tensor: lists by their elements, others again and again."""
    columns = []
    for each in lists:
        if isinstance(each, (list, tuple)):
            if len(each) != count:
                raise RuntimeError(
                    f"Tensor lists must have the same number of tensors, got {count} and {len(each)}"
                    if each and isinstance(each[0], Tensor)
                    else f"Tensor list must have same number of elements as scalar list, got {count} and {len(each)}"
                )
            columns.append(list(each))
        else:
            columns.append([each] * count)
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in range(count)]


def _plain(tensors: Sequence[Any]) -> bool:
    """Whether these are plain tensors, of which nothing is recorded."""
    return all_plain(tensors) and not (state.grad and any(each._node is not None for each in tensors))


def _scaled(tensors: Sequence[Any], factor: float) -> bool:
    """Multiply plain tensors in place by one kernel; False, nothing done, where that is for each of them to do."""
    if not _plain(tensors) or not lists.scale([each._array for each in tensors], factor):
        return False
    for each in tensors:
        each._counter[0] += 1
    return True


def _each(name: str) -> None:
    """Declare `_foreach_name` and `_foreach_name_`."""

    def run(form: str, self: Sequence[Tensor], others: tuple[Any, ...], keywords: dict[str, Any]) -> list[Any]:
        if not len(self):
            raise RuntimeError("Tensor list must have at least one tensor.")
        if name == "mul" and form and len(others) == 1 and others[0].__class__ is float and _scaled(self, others[0]):
            return list(self)
        if name in ("addcmul", "addcdiv") and len(others) > 2:
            others, weights = others[:2], others[2]
            values = _spread(name, (weights,), len(self))
        else:
            values = [[] for _ in self]
        found = []
        for each, rest, value in zip(self, _spread(name, others, len(self)), values, strict=True):
            options = {**keywords, "value": value[0]} if value else keywords
            found.append(getattr(each, _METHODS.get(name, name) + form)(*rest, **options))
        return found

    def function(self: Sequence[Tensor], *others: Any, **keywords: Any) -> tuple[Tensor, ...]:
        return tuple(run("", self, others, keywords))

    def inplace(self: Sequence[Tensor], *others: Any, **keywords: Any) -> list[Tensor]:
        return run("_", self, others, keywords)

    function.__doc__ = f"`{name}` of each tensor of a list, with what stands beside it in the other lists."
    inplace.__doc__ = f"`{name}_` of each tensor of a list, with what stands beside it in the other lists."
    function.__name__, inplace.__name__ = f"_foreach_{name}", f"_foreach_{name}__"
    creator(function)
    creator(inplace)


for _name in (*UNARY, *BINARY):
    _each(_name)


def _norms(tensors: Sequence[Any], ord: Any) -> Any:
    """The norms of plain tensors in one array, or None where each is to be computed by itself."""
    return lists.norms([each._array for each in tensors]) if ord == 2 and _plain(tensors) else None


@creator
def _foreach_norm(self: Sequence[Tensor], ord: Any = 2, dtype: Any = None) -> tuple[Tensor, ...]:
    """The norm of each tensor of a list."""
    from .matrix_functions import linalg_vector_norm

    found = None if dtype is not None else _norms(self, ord)
    if found is not None:
        return tuple([wrap(each) for each in found])
    return tuple(linalg_vector_norm(each, ord, dtype=dtype) for each in self)


@creator
def _stacked_norms(self: Sequence[Tensor], ord: Any = 2) -> Tensor:
    """The norms of the tensors of a list, in one tensor."""
    from .join import stack

    found = _norms(self, ord)
    return stack(_foreach_norm(self, ord)) if found is None else wrap(found)


@creator
def _foreach_max(self: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The greatest element of each tensor of a list."""
    return tuple(each.max() for each in self)  # type: ignore[attr-defined]


def _foreach_zero(self: Sequence[Tensor]) -> list[Tensor]:
    """Fill each tensor of a list with 0."""
    return [each.zero_() for each in self]  # type: ignore[attr-defined]


def _foreach_copy(self: Sequence[Tensor], src: Sequence[Tensor], non_blocking: bool = False) -> list[Tensor]:
    """Copy each tensor of a list over its counterpart."""
    return [target.copy_(each) for target, each in zip(self, src, strict=True)]  # type: ignore[attr-defined]


for _function, _name in ((_foreach_zero, "_foreach_zero__"), (_foreach_copy, "_foreach_copy__")):
    _function.__name__ = _name
    creator(_function)
