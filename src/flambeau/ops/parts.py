"""Parts of tensors as views: select, slices, narrow, splits, diagonals."""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import Any

import numpy as np

from ..autograd.graph import rename, target
from ..kernels import alongside
from ..tensor import Tensor, wrap, wrap_dim
from .declare import composite, op
from .declare import view as view_op
from .shape import ints


@view_op(grad_name="SelectBackward0")
def select(input, dim: int, index: int):
    """A view of the `index`-th slice along `dim`, without that dimension."""
    if input.ndim == 0:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    dim = wrap_dim(dim, input.ndim)
    index = int(index)
    size = input.shape[dim]
    if not -size <= index < size:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input.shape)} at dimension {dim}"
        )
    return input[(slice(None),) * dim + (index, ...)]


select.vjp(input=lambda g, input_shape, dim, index: select_backward(g, input_shape, dim, index))


@op(name="select_backward", method=False, out=False, linear=True, quiet=False)
def select_backward(grad_output, input_sizes: Any, dim: int, index: int):
    """Zeros of `input_sizes` with `grad_output` as the `index`-th slice along `dim`."""
    whole = np.zeros(input_sizes, grad_output.dtype)
    whole[(slice(None),) * (dim % len(input_sizes)) + (index,)] = grad_output
    return whole


select_backward.vjp(grad_output=lambda g, dim, index: select(g, dim, index))


@view_op(method=False, grad_name="SliceBackward0", name="_slice")
def slice_view(input, dim: int, start: int, end: int, step: int):
    """A view of the slices `start:end:step` along `dim`."""
    return input[(slice(None),) * dim + (slice(start, end, step),)]


slice_view.vjp(
    input=lambda g, input_shape, dim, start, end, step: slice_backward(g, input_shape, dim, start, end, step)
)


@op(name="slice_backward", method=False, out=False, linear=True, quiet=False)
def slice_backward(grad_output, input_sizes: Any, dim: int, start: int, end: int, step: int):
    """Zeros of `input_sizes` with `grad_output` as the slices `start:end:step` along `dim`."""
    whole = np.zeros(input_sizes, grad_output.dtype)
    whole[(slice(None),) * dim + (slice(start, end, step),)] = grad_output
    return whole


slice_backward.vjp(grad_output=lambda g, dim, start, end, step: slice_view(g, dim, start, end, step))


@composite(out=False)
def narrow(input, dim: int, start: Any, length: int):
    """A view of `length` slices along `dim`, from `start` on."""
    if input.ndim == 0:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    dim = wrap_dim(dim, input.ndim)
    size = input.shape[dim]
    if isinstance(start, Tensor) and (start.ndim or start._array.dtype.kind not in "iu"):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    start = int(start)
    if not -size <= start <= size:
        raise IndexError(f"start out of range (expected to be in range of [{-size}, {size}], but got {start})")
    start = start + size if start < 0 else start
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return slice_view(input, dim, start, start + length, 1)


@view_op(method=False, name="_split", grad_name="SplitBackward0")
def split_view(input, bounds: Any, dim: int):
    lead = (slice(None),) * dim
    return [input[(*lead, slice(a, b))] for a, b in bounds]


@split_view.vjp
def _(g: Any, input_shape: Any, input_dtype: Any, bounds: Any, dim: int) -> Any:
    pieces = []
    for each, (a, b) in zip(g, bounds, strict=True):
        shape = (*input_shape[:dim], b - a, *input_shape[dim + 1 :])
        pieces.append(zeros_for(g, shape, input_dtype) if each is None else each)
    from .join import cat

    if all(each.__class__ is np.ndarray for each in pieces):
        found = alongside.joined(pieces, dim)
        if found is not None:
            return found

    return cat(pieces, dim)


def zeros_for(g: Any, shape: Any, array_dtype: Any) -> Any:
    """Zeros of the kind (array or tensor) that the cotangents in `g` are of."""
    zeros = np.zeros(shape, array_dtype)
    if any(isinstance(each, Tensor) for each in g):
        return wrap(zeros)
    return zeros


@lru_cache(256)
def _even_cuts(size: int, step: int) -> tuple[tuple[int, int], ...]:
    """Where parts of a size begin and end, of which the last may be smaller."""
    return tuple((at, min(at + step, size)) for at in range(0, size, step)) if size else ((0, 0),)


def _splits(input: Any, sizes: Any, dim: int) -> tuple[Any, ...]:
    bounds = _cuts(sizes)
    return tuple(split_view(input, bounds, dim)) if bounds else ()


def _cuts(sizes: Any) -> tuple[tuple[int, int], ...]:
    """Where parts of these sizes begin and end."""
    ends = list(itertools.accumulate(sizes))
    return tuple(zip([0, *ends[:-1]], ends, strict=True)) if ends else ()


def bounds_of(input: Any, split_size_or_sections: Any, dim: int) -> tuple[tuple[tuple[int, int], ...], int]:
    """The bounds of the parts that `split` gives, and the dimension counted from the front."""
    dim = wrap_dim(dim, input.ndim)
    return _cuts([each.shape[dim] for each in split(input, split_size_or_sections, dim)]), dim


@composite(out=False)
def split(tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of consecutive parts along `dim`: of one size (the last may be smaller), or of the given sizes."""
    if tensor.ndim == 0:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    dim = wrap_dim(dim, tensor.ndim)
    size = tensor.shape[dim]
    if isinstance(split_size_or_sections, (tuple, list)):
        return split_with_sizes(tensor, split_size_or_sections, dim)
    step = int(split_size_or_sections)
    if step < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={step}")
    if step == 0 and size != 0:
        raise RuntimeError(f"split_size can only be 0 if dimension size is 0, but got dimension size of {size}")
    return tuple(split_view(tensor, _even_cuts(size, step), dim))


@composite(out=False)
def split_with_sizes(input, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of consecutive parts of the given sizes along `dim`."""
    if input.ndim == 0:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    dim = wrap_dim(dim, input.ndim)
    size = input.shape[dim]
    sizes = ints((split_sizes,))
    if any(n < 0 for n in sizes):
        raise RuntimeError(
            f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={list(sizes)}"
        )
    if sum(sizes) != size:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {size} (input tensor's size at dimension {dim}), "
            f"but got split_sizes={list(sizes)}"
        )
    parts = _splits(input, sizes, dim)
    node = target(parts[0]._node) if parts and isinstance(input, Tensor) else None
    if node is not None:
        rename(node, "SplitWithSizesBackward0", settled=True)
    return parts


@composite(out=False)
def chunk(input, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of at most `chunks` parts of equal size along `dim` (the last may be smaller)."""
    if input.ndim == 0:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    size = input.shape[wrap_dim(dim, input.ndim)]
    step = -(-size // chunks)
    if step == 0:
        return split_with_sizes(input, [0] * chunks, dim)
    return split(input, step, dim)


@composite(out=False)
def tensor_split(
    input, indices_or_sections: Any = None, dim: int = 0, *, indices: Any = None, sections: Any = None
) -> tuple[Tensor, ...]:
    """Views of parts along `dim`: so many of nearly equal size, or cut at the given positions."""
    given = next(each for each in (indices_or_sections, indices, sections) if each is not None)
    if input.ndim == 0:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    dim = wrap_dim(dim, input.ndim)
    size = input.shape[dim]
    if isinstance(given, Tensor):
        given = given.tolist()
    if isinstance(given, (tuple, list)):
        cuts = [0, *[slice(None, each).indices(size)[1] for each in given], size]
        return tuple(slice_view(input, dim, a, max(a, b), 1) for a, b in itertools.pairwise(cuts))
    if given <= 0:
        raise RuntimeError(f"number of sections must be larger than 0, got {given}")
    small, extra = divmod(size, given)
    bounds = _cuts([small + (i < extra) for i in range(given)])
    return tuple(slice_view(input, dim, a, b, 1) for a, b in bounds)


def _axis_split(name: str, dim: int, least: int) -> Any:
    @composite(name=name, out=False)
    def split_along(input, indices_or_sections: Any) -> tuple[Tensor, ...]:
        if input.ndim < least:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor "
                f"with {input.ndim} dimensions!"
            )
        along = 0 if name == "hsplit" and input.ndim == 1 else dim
        if isinstance(indices_or_sections, int) and (
            indices_or_sections == 0 or input.shape[along] % indices_or_sections
        ):
            raise RuntimeError(
                f"torch.{name} attempted to split along dimension {along}, but the size of the dimension "
                f"{input.shape[along]} is not divisible by the split_size {indices_or_sections}!"
            )
        return tensor_split(input, indices_or_sections, along)

    split_along.__doc__ = f"Views of parts along dimension {dim}."
    return split_along


hsplit, vsplit, dsplit = _axis_split("hsplit", 1, 1), _axis_split("vsplit", 0, 2), _axis_split("dsplit", 2, 3)


@view_op(grad_name="UnbindBackward0")
def unbind(input, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of all slices along `dim`."""
    if input.ndim == 0:
        raise RuntimeError("Dimension specified as 0 but tensor has no dimensions")
    dim = wrap_dim(dim, input.ndim)
    lead = (slice(None),) * dim
    return tuple([input[(*lead, i, ...)] for i in range(input.shape[dim])])


@unbind.vjp
def _(g: Any, input_shape: Any, input_dtype: Any, dim: int) -> Any:
    from .join import stack

    dim = wrap_dim(dim, len(input_shape))
    shape = (*input_shape[:dim], *input_shape[dim + 1 :])
    return stack([zeros_for(g, shape, input_dtype) if each is None else each for each in g], dim)


@view_op(grad_name="DiagonalBackward0")
def diagonal(input, offset: int = 0, dim1: int = 0, dim2: int = 1):
    """A view of the diagonals of the planes of `dim1` and `dim2`, as the last dimension."""
    first, second = wrap_dim(dim1, input.ndim), wrap_dim(dim2, input.ndim)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    if abs(offset) > max(input.shape[first], input.shape[second]):
        offset = max(input.shape[first], input.shape[second]) * (1 if offset > 0 else -1)
    found = np.diagonal(input, offset, first, second)
    if not found.flags.writeable and input.flags.writeable:
        found.flags.writeable = True
    return found


diagonal.vjp(input=lambda g, input_shape, offset, dim1, dim2: diagonal_backward(g, input_shape, offset, dim1, dim2))


@op(name="diagonal_backward", method=False, out=False, linear=True, quiet=False)
def diagonal_backward(grad_output, input_sizes: Any, offset: int, dim1: int, dim2: int):
    """Zeros of `input_sizes` with `grad_output` on the diagonals."""
    whole = np.zeros(input_sizes, grad_output.dtype)
    part = np.diagonal(whole, offset, dim1, dim2)
    part.flags.writeable = True
    part[...] = grad_output
    return whole


diagonal_backward.vjp(grad_output=lambda g, offset, dim1, dim2: diagonal(g, offset, dim1, dim2))
