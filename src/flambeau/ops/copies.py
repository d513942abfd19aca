"""Views that are copied at once, and the other functions that differ from a view only by their memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor, attach, method, retyped, wrap_dim
from .complex_views import view_as_complex, view_as_real
from .convert import clone
from .creation import creator
from .declare import composite, functions, op
from .parts import bounds_of, chunk, diagonal, narrow, select, slice_view, split, split_view, split_with_sizes, unbind
from .shape import as_strided, expand_to, permute, squeeze, t, transpose, unfold_windows, unsqueeze


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


def _narrow_copy(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """`narrow`, with the errors that its copying form has."""
    if dim >= input.ndim > 0:
        raise RuntimeError(
            "Expected dim < static_cast<int64_t>(self_sizes.size()) to be true, but got false.  (Could this error "
            "message be improved?  If so, please report an enhancement request to PyTorch.)"
        )
    if length < 0 and input.ndim:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({input.shape[dim]}).")
    return narrow(input, dim, start, length)  # type: ignore[no-any-return]


_copying("narrow_copy", _narrow_copy)
attach(narrow_copy=functions["narrow_copy"])


@op(method=False, out=False, linear=True, quiet=False, name="_unsafe_split", grad_name="UnsafeSplitBackward0")
def _parts(input, bounds: Any, dim: int):  # type: ignore[no-untyped-def]
    """Parts of the memory of `input` that autograd does not know as views, and that may so be written to."""
    return split_view.op.body(input, bounds, dim)


_parts.vjp(split_view.op.joint)


@composite(out=False)
def unsafe_split(input, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:  # type: ignore[no-untyped-def]
    """`split` whose parts may be written in place."""
    return _parts(input, *bounds_of(input, split_size, dim))


@composite(out=False)
def unsafe_split_with_sizes(input, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:  # type: ignore[no-untyped-def]
    """`split_with_sizes` whose parts may be written in place."""
    return _parts(input, *bounds_of(input, list(split_sizes), dim))


@composite(out=False)
def unsafe_chunk(input, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:  # type: ignore[no-untyped-def]
    """`chunk` whose parts may be written in place."""
    sizes = [each.shape[wrap_dim(dim, input.ndim)] for each in chunk(input, chunks, dim)]
    return _parts(input, *bounds_of(input, sizes, dim))


@creator
def resolve_conj(input: Tensor) -> Tensor:
    """The tensor itself: conjugation is never put off here."""
    return input


@creator
def resolve_neg(input: Tensor) -> Tensor:
    """The tensor itself: negation is never put off here."""
    return input


attach(resolve_conj=resolve_conj, resolve_neg=resolve_neg)


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
