"""Views that are copied at once, and the other functions that differ from a view only by their memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, method, retyped
from .convert import clone
from .creation import creator
from .shape import (
    as_strided,
    chunk,
    diagonal,
    expand_to,
    narrow,
    permute,
    select,
    slice_view,
    split,
    split_with_sizes,
    squeeze,
    t,
    transpose,
    unbind,
    unfold_windows,
    unsqueeze,
    view_as_complex,
    view_as_real,
)


def _view(input: Tensor, size: Any) -> Tensor:
    return input.view(size)  # type: ignore[attr-defined, no-any-return]


def _alias(input: Tensor) -> Tensor:
    return input


def _copying(name: str, view: Any) -> None:
    """The function `name`: what `view` shows, in memory of its own."""

    def function(*args: Any, out: Any = None, **keywords: Any) -> Any:
        found = view(*args, **keywords)
        many = isinstance(found, (tuple, list))
        copies = tuple(clone(each) for each in found) if many else clone(found)
        if out is None:
            return copies
        for target, each in zip(out, copies, strict=True) if many else ((out, copies),):
            target.resize_(each.shape).copy_(each)
        return out

    function.__name__ = name
    function.__doc__ = f"`{name.removesuffix('_copy')}` in memory of its own."
    creator(function)


for _name, _function in {
    "alias": _alias,
    "as_strided": as_strided,
    "diagonal": diagonal,
    "expand": expand_to,
    "narrow": narrow,
    "permute": permute,
    "select": select,
    "slice": slice_view,
    "split": split,
    "squeeze": squeeze,
    "t": t,
    "split_with_sizes": split_with_sizes,
    "transpose": transpose,
    "unbind": unbind,
    "unfold": unfold_windows,
    "unsqueeze": unsqueeze,
    "view": _view,
    "view_as_real": view_as_real,
    "view_as_complex": view_as_complex,
}.items():
    _copying(f"{_name}_copy", _function)


@method
def narrow_copy(self: Tensor, dim: int, start: int, length: int) -> Tensor:
    """`narrow` in memory of its own."""
    return clone(narrow(self, dim, start, length))  # type: ignore[no-any-return]


def _unsafe(name: str, function: Any) -> None:
    """A split whose parts are copies, so that they may be written to."""

    def call(*args: Any, **keywords: Any) -> tuple[Tensor, ...]:
        return tuple(clone(each) for each in function(*args, **keywords))

    call.__name__ = name
    call.__doc__ = f"`{name.removeprefix('unsafe_')}` whose parts may be written in place."
    setattr(Tensor, name, creator(call))


_unsafe("unsafe_chunk", chunk)
_unsafe("unsafe_split", split)
_unsafe("unsafe_split_with_sizes", split_with_sizes)


@creator
def resolve_conj(input: Tensor) -> Tensor:
    """The tensor itself: conjugation is never put off here."""
    return input


@creator
def resolve_neg(input: Tensor) -> Tensor:
    """The tensor itself: negation is never put off here."""
    return input


Tensor.resolve_conj, Tensor.resolve_neg = resolve_conj, resolve_neg  # type: ignore[attr-defined]


@method
def as_subclass(self: Tensor, cls: type) -> Any:
    """The same tensor as an instance of `cls`."""
    return retyped(self, cls)


@method
def share_memory_(self: Tensor) -> Tensor:
    """The tensor itself."""
    return self


@method
def pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """The tensor itself: there is no device to copy to."""
    return self


@method
def apply_(self: Tensor, callable: Any) -> Tensor:
    """Replace each element by `callable` of it."""
    self._array[...] = _mapped(callable, self._array)
    self._counter[0] += 1
    return self


def _mapped(function: Any, *arrays: Any) -> Any:
    values = [function(*each) for each in zip(*[array.reshape(-1).tolist() for array in arrays], strict=True)]
    return np.array(values, arrays[0].dtype).reshape(arrays[0].shape)


@method
def map_(self: Tensor, tensor: Tensor, callable: Any) -> Tensor:
    """Replace each element by `callable` of it and of its counterpart in `tensor`."""
    self._array[...] = _mapped(callable, self._array, tensor._array)
    self._counter[0] += 1
    return self
