"""Views: the same memory in another shape, order or extent."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .. import storage
from ..autograd import inplace
from ..autograd.engine import sum_to
from ..dtypes import as_dtype, dtype, from_numpy_dtype, scalar_name
from ..tensor import Array, Tensor, attach, method, wrap, wrap_dim
from .declare import alias, composite, op
from .declare import view as view_op

Shape = tuple[int, ...]


# --- arguments ------------------------------------------------------------------------------------------


def ints(args: tuple[Any, ...]) -> Shape:
    """Ints given one by one or as one sequence."""
    if len(args) == 1 and args[0].__class__ is not int:
        first = args[0]
        args = tuple(first) if isinstance(first, (tuple, list)) else (first,)
    return tuple([each if each.__class__ is int else each.__index__() for each in args])


def inferred(shape: Shape, size: int) -> Shape:
    """A shape with its -1 worked out. Raises RuntimeError, in PyTorch's words, where none fits."""
    known, unknown = 1, None
    for place, n in enumerate(shape):
        if n == -1:
            if unknown is not None:
                raise RuntimeError("only one dimension can be inferred")
            unknown = place
        elif n < 0:
            raise RuntimeError(f"invalid shape dimension {n}")
        else:
            known *= n
    if unknown is None:
        if known != size:
            raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
        return shape
    if known == 0 and size:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
    if known == 0:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size -1 "
            "can be any value and is ambiguous"
        )
    if size % known:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")
    return (*shape[:unknown], size // known, *shape[unknown + 1 :])


def dims_of(dims: Any, ndim: int) -> Shape:
    """Dimensions counted from the front, each named once."""
    found = tuple([wrap_dim(each, ndim) for each in ints((dims,))])
    if len(set(found)) < len(found):
        raise RuntimeError(
            f"dim {next(d for d in found if found.count(d) > 1)} appears multiple times in the list of dims"
        )
    return found


# --- shape ----------------------------------------------------------------------------------------------


def _viewed(input: Array, shape: Shape) -> Array | None:
    """`input` in another shape without a copy; None where its strides do not allow it."""
    found = input.view()
    try:
        found.shape = shape
    except AttributeError:
        return None
    return found


@view_op(name="_view", method=False, grad_name="ViewBackward0")
def view_shape(input, shape: Any):
    found = _viewed(input, shape)
    if found is None:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across "
            "two contiguous subspaces). Use .reshape(...) instead."
        )
    return found


view_shape.vjp(input=lambda g, input_shape: g.reshape(input_shape))


@view_op(name="_view_dtype", method=False)
def view_dtype(input, kind: Any):
    target = kind.numpy
    if input.ndim == 0 and target.itemsize != input.itemsize:
        raise RuntimeError(
            f"self.dim() cannot be 0 to view {scalar_name(from_numpy_dtype(input.dtype))} as {scalar_name(kind)} "
            "(different element sizes)"
        )
    if input.ndim and input.strides[-1] != input.itemsize and target.itemsize != input.itemsize:
        raise RuntimeError(
            f"self.stride(-1) must be 1 to view {scalar_name(from_numpy_dtype(input.dtype))} as {scalar_name(kind)} "
            f"(different element sizes), but got {input.strides[-1] // input.itemsize}"
        )
    if input.ndim and input.shape[-1] * input.itemsize % target.itemsize:
        raise RuntimeError(
            f"self.size(-1) must be divisible by {target.itemsize // input.itemsize} to view "
            f"{scalar_name(from_numpy_dtype(input.dtype))} as {scalar_name(kind)} (different element sizes), but got "
            f"{input.shape[-1]}"
        )
    return input.view(target)


@method
def view(self: Tensor, *shape: Any, dtype: Any = None) -> Tensor:
    """The same memory in another shape, or seen as another dtype.

    Raises RuntimeError where the strides do not allow the shape.
    """
    if dtype is not None or (len(shape) == 1 and isinstance(shape[0], (_DTYPE, type))):
        kind = as_dtype(dtype or shape[0], "view")
        return self if kind is self.dtype else view_dtype(self, kind)
    return view_shape(self, inferred(ints(shape), self._array.size))


_DTYPE = dtype


@op(linear=True, method=False, out=False, name="_unsafe_view", grad_name="UnsafeViewBackward0", quiet=False)
def reshape_copy(input, shape: Any):
    """The elements in another shape, in new memory."""
    return input.reshape(shape)


reshape_copy.vjp(input=lambda g, input_shape: g.reshape(input_shape))


@composite(method=False, out=False)
def reshape(input, shape: Any):
    """The elements in another shape: a view where the memory allows it, else a copy."""
    shape = ints((shape,))
    if isinstance(input, np.ndarray):
        return input.reshape(shape)
    shape = inferred(shape, input._array.size)
    if _viewed(input._array, shape) is None:
        return reshape_copy(input, shape)
    return view_shape(input, shape)


def _method(name: str, function: Any, doc: str) -> None:
    """A method of `function` that takes its ints one by one or as a sequence."""

    def call(self: Tensor, *args: Any, **keywords: Any) -> Any:
        if keywords:
            return function(self, *args, **keywords)
        return function(self, ints(args))

    call.__name__, call.__qualname__, call.__doc__ = name, f"Tensor.{name}", doc
    setattr(Tensor, name, call)


_method("reshape", reshape, "The elements in another shape: a view where the memory allows it, else a copy.")


@method
def view_as(self: Tensor, other: Tensor) -> Tensor:
    """The same memory in the shape of `other`."""
    return self.view(other._array.shape)


@method
def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """The elements in the shape of `other`."""
    return reshape(self, other._array.shape)


@composite(out=False)
def flatten(input, start_dim: int = 0, end_dim: int = -1):
    """The dimensions from `start_dim` to `end_dim` made one."""
    ndim = input.ndim
    start, end = wrap_dim(start_dim, ndim), wrap_dim(end_dim, ndim)
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if ndim == 0:
        return reshape(input, (1,))
    if start == end:
        return input
    shape = tuple(input.shape)
    count = 1
    for n in shape[start : end + 1]:
        count *= n
    return reshape(input, (*shape[:start], count, *shape[end + 1 :]))


@composite(out=False)
def unflatten(input, dim: int, sizes: Any):
    """Dimension `dim` split into `sizes`, of which one may be -1."""
    dim = wrap_dim(dim, input.ndim)
    sizes = ints((sizes,))
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    try:
        parts = inferred(sizes, input.shape[dim])
    except RuntimeError:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({input.shape[dim]}) "
            "in the input tensor"
        ) from None
    shape = tuple(input.shape)
    return view_shape(input, (*shape[:dim], *parts, *shape[dim + 1 :]))


@composite(out=False)
def ravel(input):
    """The elements as one dimension."""
    return reshape(input.contiguous() if isinstance(input, Tensor) else input, (-1,))


@view_op(name="expand", method=False, grad_name="ExpandBackward0")
def expand_to(input, sizes: Any):
    """A view in which dimensions of size 1 are repeated; -1 keeps a size."""
    lead = len(sizes) - input.ndim
    if lead < 0:
        raise RuntimeError(
            f"expand(torch.{scalar_name(from_numpy_dtype(input.dtype))}Tensor{{{list(input.shape)}}}, "
            f"size={list(sizes)}): the number of sizes provided ({len(sizes)}) must be greater or equal to the number "
            f"of dimensions in the tensor ({input.ndim})"
        )
    full: list[int] = []
    strides: list[int] = []
    for place, n in enumerate(sizes):
        if place < lead:
            if n < 0:
                raise RuntimeError(
                    f"The expanded size of the tensor ({n}) isn't allowed in a leading, non-existing dimension {place}"
                )
            full.append(n)
            strides.append(0)
            continue
        own = input.shape[place - lead]
        if n not in (-1, own) and own != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({own}) at non-singleton "
                f"dimension {place}.  Target sizes: {list(sizes)}.  Tensor sizes: {list(input.shape)}"
            )
        full.append(own if n == -1 else n)
        strides.append(0 if own == 1 and n not in (-1, 1) else input.strides[place - lead])
    return strided_array(input, tuple(full), tuple(strides))


def strided_array(array: Array, shape: Shape, strides: Shape) -> Array:
    """A view of `array` from its first element, with strides in bytes."""
    if array.flags.c_contiguous and array.dtype.kind in "fiubc":
        return np.ndarray(shape, array.dtype, array, 0, strides)
    return np.lib.stride_tricks.as_strided(array, shape, strides)


expand_to.vjp(input=lambda g, input_shape: sum_to_size(g, input_shape))
_method("expand", expand_to, "A view in which dimensions of size 1 are repeated; -1 keeps a size.")


@method
def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """A view expanded to the shape of `other`."""
    return expand_to(self, other._array.shape)


@composite(method=False, out=False)
def broadcast_to(input, size: Any):
    """A view expanded to `size`."""
    return expand_to(input, ints((size,)))


_method("broadcast_to", broadcast_to, "A view expanded to `size`.")


@op(linear=True, method=False, out=False, name="_sum_to_size", grad_name="SumBackward1")
def _summed(input, size: Any):
    return sum_to(input, size)


_summed.vjp(input=lambda g, input_shape: expand_to(g, input_shape))


def sum_to_size(input: Any, size: Any) -> Any:
    """The sum over the dimensions in which `input` is larger than `size`."""
    size = ints((size,))
    if tuple(input.shape) == size:
        return input
    if isinstance(input, Tensor):
        lead = input.ndim - len(size)
        if lead < 0 or any(a not in (1, b) for a, b in zip(size, tuple(input.shape)[lead:], strict=True)):
            raise RuntimeError(f"size {{{list(size)}}} is not expandable to size {{{list(input.shape)}}}.")
    return _summed(input, size)


_method("sum_to_size", sum_to_size, "The sum over the dimensions in which the tensor is larger than `size`.")


# --- order of dimensions --------------------------------------------------------------------------------


@view_op(grad_name="TransposeBackward0")
def transpose(input, dim0: int, dim1: int):
    """A view with `dim0` and `dim1` swapped."""
    dim0, dim1 = wrap_dim(dim0, input.ndim), wrap_dim(dim1, input.ndim)
    return input.swapaxes(dim0, dim1) if input.ndim else input.view()


transpose.vjp(input=lambda g, dim0, dim1: transpose(g, dim0, dim1))
alias(transpose, "swapaxes", "swapdims")


@view_op(grad_name="TBackward0")
def t(input):
    """The transpose of a matrix (a vector is its own)."""
    if input.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D")
    return input.T


t.vjp(input=lambda g: t(g))


@view_op(method=False, grad_name="PermuteBackward0")
def permute(input, dims: Any):
    """A view with the dimensions in the order `dims`."""
    if len(dims) != input.ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {input.ndim} is not equal to len(dims) = {len(dims)}"
        )
    wrapped = [wrap_dim(each, input.ndim) for each in dims]
    if len(set(wrapped)) < len(wrapped):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return input.transpose(wrapped)


permute.vjp(input=lambda g, dims: permute(g, tuple(np.argsort([d % len(dims) for d in dims]).tolist())))
_method("permute", permute, "A view with the dimensions in the given order.")


@composite(out=False)
def movedim(input, source: Any, destination: Any):
    """A view with the dimensions `source` moved to the places `destination`."""
    source, destination = ints((source,)), ints((destination,))
    if input.ndim == 0 and {*source, *destination} <= {0, -1}:
        return permute(input, ())
    if len(source) != len(destination):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(source)} dims) should contain the same number "
            f"of dims as destination ({list(destination)} dims)"
        )
    ndim = input.ndim
    for name, given in (("source", source), ("destination", destination)):
        if len({wrap_dim(each, ndim) for each in given}) < len(given):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(given)})")
    source = tuple(wrap_dim(each, ndim) for each in source)
    destination = tuple(wrap_dim(each, ndim) for each in destination)
    order = [each for each in range(ndim) if each not in source]
    for place, dim in sorted(zip(destination, source, strict=True)):
        order.insert(place, dim)
    return permute(input, tuple(order))


alias(movedim, "moveaxis")


def _matrix_transpose(name: str, conjugate: bool) -> Any:
    def get(self: Tensor) -> Tensor:
        ndim = self._array.ndim
        if name in ("mT", "mH") and ndim < 2:
            if ndim == 1:
                raise RuntimeError(
                    f"tensor.{name} is only supported on matrices or batches of matrices. Got {ndim}-D tensor."
                )
        if name == "H" and ndim not in (0, 2):
            raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {ndim}-D tensor.")
        found = self if ndim == 0 else transpose(self, -2, -1)
        return found.conj() if conjugate else found  # type: ignore[attr-defined]

    get.__doc__ = "The matrix transpose" + (", conjugated." if conjugate else ".")
    return property(get)


def _reversed(self: Tensor) -> Tensor:
    """A view with the dimensions in reverse order."""
    return permute(self, tuple(range(self._array.ndim - 1, -1, -1)))


attach(T=property(_reversed))
attach(mT=_matrix_transpose("mT", False))
attach(H=_matrix_transpose("H", True))
attach(mH=_matrix_transpose("mH", True))


@composite(out=False)
def adjoint(input):
    """The conjugate transpose of each matrix."""
    return transpose(input, -2, -1).conj()


# --- dimensions of size 1 -------------------------------------------------------------------------------


@view_op(grad_name="SqueezeBackward0")
def squeeze(input, dim: Any = None):
    """A view without the dimensions of size 1, or without those of `dim` that have size 1."""
    if dim is None:
        return input.squeeze()
    dims = dims_of(dim, input.ndim)
    return input.squeeze(tuple(each for each in dims if input.ndim and input.shape[each] == 1))


def _squeezed_name(given: dict[str, Any]) -> str:
    dim = given["dim"]
    return f"SqueezeBackward{0 if dim is None else 1 if isinstance(dim, int) else 2}"


squeeze.op.variant = _squeezed_name
squeeze.vjp(input=lambda g, input_shape, dim: g.reshape(input_shape))


@view_op(grad_name="UnsqueezeBackward0")
def unsqueeze(input, dim: int):
    """A view with a dimension of size 1 put in at `dim`."""
    dim = wrap_dim(dim, input.ndim + 1)
    step = input.shape[dim] * input.strides[dim] if dim < input.ndim else input.itemsize
    found = np.expand_dims(input, dim)
    if found.strides[dim] != step:
        # PyTorch gives the new dimension the stride that its neighbours imply.
        strides = (*found.strides[:dim], step, *found.strides[dim + 1 :])
        return np.lib.stride_tricks.as_strided(found, found.shape, strides)
    return found


unsqueeze.vjp(input=lambda g, dim: squeeze(g, dim))


# --- parts ----------------------------------------------------------------------------------------------


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

    return cat(pieces, dim)


def zeros_for(g: Any, shape: Any, array_dtype: Any) -> Any:
    """Zeros of the kind (array or tensor) that the cotangents in `g` are of."""
    zeros = np.zeros(shape, array_dtype)
    if any(isinstance(each, Tensor) for each in g):
        return wrap(zeros)
    return zeros


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
    count = 1 if size == 0 else -(-size // step)
    return _splits(tensor, [min(step, size - i * step) for i in range(count)], dim)


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
    return _splits(input, sizes, dim)


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
    return _splits(input, [small + (i < extra) for i in range(given)], dim)


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


# --- strides --------------------------------------------------------------------------------------------


@view_op(grad_name="AsStridedBackward0")
def as_strided(input, size: Any, stride: Any, storage_offset: Any = None):
    """A view of the tensor's storage with the given shape, strides and offset, in elements."""
    size, stride = ints((size,)), ints((stride,))
    if len(size) != len(stride):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(step < 0 for step in stride):
        raise RuntimeError(f"as_strided: Negative strides are not supported at the moment, got strides: {list(stride)}")
    if storage_offset is None:
        owner = storage.root(input)
        start = input.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
        storage_offset = start // input.itemsize if input.size else 0
    return storage.strided(input, size, stride, storage_offset)


@as_strided.vjp
def _(g: Any, input: Any, size: Any, stride: Any, storage_offset: Any) -> Any:
    array = input._array if isinstance(input, Tensor) else input
    geometry = inplace.Geometry(as_strided.op.body(array, size, stride, storage_offset), array)
    node = inplace.AsStridedBackward0.__new__(inplace.AsStridedBackward0)
    node.geometry = geometry
    return (node.run_graph(g) if isinstance(g, Tensor) else node.run(g))[0]


@view_op(name="unfold", grad_name="UnfoldBackward0")
def unfold_windows(input, dimension: int, size: int, step: int):
    """A view of the windows of `size` along `dimension`, every `step`; a window's elements come last."""
    dimension = wrap_dim(dimension, input.ndim)
    extent = input.shape[dimension] if input.ndim else 1
    if size > extent:
        raise RuntimeError(f"maximum size for tensor at dimension {dimension} is {extent} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if input.ndim == 0:
        return strided_array(input, (size,), (input.itemsize,))
    count = (extent - size) // step + 1
    shape = (*input.shape[:dimension], count, *input.shape[dimension + 1 :], size)
    own = input.strides[dimension]
    strides = (*input.strides[:dimension], own * step, *input.strides[dimension + 1 :], own)
    return np.lib.stride_tricks.as_strided(input, shape, strides)


@op(name="unfold_backward", method=False, out=False, linear=True)
def unfold_backward(grad_in, input_sizes: Any, dim: int, size: int, step: int):
    """The sum of windows at their places in zeros of `input_sizes`."""
    whole = np.zeros(input_sizes, grad_in.dtype)
    if not len(input_sizes):
        return grad_in.reshape(())
    dim = wrap_dim(dim, len(input_sizes))
    count = grad_in.shape[dim]
    lead = (slice(None),) * dim
    for i in range(size):
        whole[(*lead, slice(i, i + (count - 1) * step + 1, step))] += grad_in[..., i]
    return whole


unfold_windows.vjp(
    input=lambda g, input_shape, dimension, size, step: unfold_backward(g, input_shape, dimension, size, step)
)
unfold_backward.vjp(grad_in=lambda g, dim, size, step: unfold_windows(g, dim, size, step))


# --- complex numbers as pairs -----------------------------------------------------------------------------


@view_op(method=False)
def view_as_real(input):
    """A view of complex numbers as pairs of real ones, in a last dimension of size 2."""
    if input.dtype.kind != "c":
        raise RuntimeError("view_as_real is only supported for complex tensors")
    part = input.real
    half = part.itemsize
    return np.lib.stride_tricks.as_strided(part, (*part.shape, 2), (*part.strides, half))


@view_op(method=False)
def view_as_complex(input):
    """A view of pairs of real numbers (the last dimension, of size 2) as complex ones."""
    if input.dtype.kind != "f":
        kind = scalar_name(from_numpy_dtype(input.dtype))
        raise RuntimeError(
            f"view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: {kind}"
        )
    if input.ndim == 0:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if input.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    if input.strides[-1] != input.itemsize:
        raise RuntimeError("Tensor must have a last dimension with stride 1")
    if any(step % (2 * input.itemsize) for step in input.strides[:-1]):
        raise RuntimeError("Tensor must have a stride divisible by 2 for all but last dimension")
    return input.view(np.complex64 if input.itemsize == 4 else np.complex128)[..., 0]


view_as_real.vjp(input=lambda g: view_as_complex(_contiguous(g)))
view_as_complex.vjp(input=lambda g: view_as_real(g))


def _contiguous(g: Any) -> Any:
    return g.contiguous() if isinstance(g, Tensor) else np.ascontiguousarray(g)


@view_op(method=False, name="_real", grad_name="SelectBackward0")
def _real_view(input):
    return input.real


@view_op(method=False, name="_imag", grad_name="SelectBackward0")
def _imag_view(input):
    return input.imag


_real_view.vjp(input=lambda g: g + 0j)
_imag_view.vjp(input=lambda g: g * 1j)


@composite(method=False, out=False)
def real(input):
    """The real parts: a view of a complex tensor, a real tensor itself."""
    array = input._array if isinstance(input, Tensor) else input
    return _real_view(input) if array.dtype.kind == "c" else input


@composite(method=False, out=False)
def imag(input):
    """The imaginary parts of a complex tensor, as a view."""
    array = input._array if isinstance(input, Tensor) else input
    if array.dtype.kind != "c":
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return _imag_view(input)


def _part(function: Any) -> Any:
    def put(self: Tensor, value: Any) -> None:
        target = function(self)
        target.copy_(value) if isinstance(value, Tensor) else target.fill_(value)

    return property(lambda self: function(self), put, doc=function.__doc__)


Tensor.real, Tensor.imag = _part(real), _part(imag)  # type: ignore[attr-defined]


# --- in place ---------------------------------------------------------------------------------------------


def _inplace_view(name: str, function: Any) -> None:
    """The in-place form of a view: the tensor itself takes the new shape."""

    def call(self: Tensor, *args: Any, **keywords: Any) -> Tensor:
        found = function(self, *args, **keywords)
        self._array = found._array
        if found._node is not None:
            inplace.check(self)
            self._node = found._node
        return self

    call.__name__, call.__qualname__ = name, f"Tensor.{name}"
    call.__doc__ = f"`{name[:-1]}` of the tensor itself."
    setattr(Tensor, name, call)


for _name, _function in {
    "squeeze_": squeeze,
    "unsqueeze_": unsqueeze,
    "t_": t,
    "transpose_": transpose,
    "swapaxes_": transpose,
    "swapdims_": transpose,
    "as_strided_": as_strided,
}.items():
    _inplace_view(_name, _function)


@method
def resize_(self: Any, *sizes: Any, memory_format: Any = None) -> Any:
    """Give the tensor a new shape over its own storage, which grows if it must (new elements are undefined)."""
    if self._node is not None:
        raise RuntimeError("cannot resize variables that require grad")
    inplace.resize(self, ints(sizes))
    return self


@method
def resize_as_(self: Any, the_template: Tensor, memory_format: Any = None) -> Any:
    """`resize_` to the shape of another tensor."""
    return resize_(self, the_template._array.shape)


@method
def set_(self: Any, source: Any = None, storage_offset: int = 0, size: Any = None, stride: Any = None) -> Any:
    """Let the tensor look at the storage of `source`: a tensor or a storage."""
    if source is None:
        self._array = np.empty(0, self._array.dtype)
    elif isinstance(source, Tensor):
        self._array, self._counter = source._array, source._counter
        if size is not None:
            self._array = as_strided(source, size, stride or contiguous_strides(ints((size,))), storage_offset)._array
    else:
        memory = source.untyped().bytes()
        flat = memory[: memory.size // self._array.itemsize * self._array.itemsize].view(self._array.dtype)
        size = (flat.size - storage_offset,) if size is None else ints((size,))
        self._array = storage.strided(flat, size, stride or contiguous_strides(size), storage_offset)
    if self._node is not None:
        self._node.follow(self)
    return self


def contiguous_strides(shape: Shape) -> Shape:
    """The strides, in elements, of a row-major array."""
    strides: list[int] = []
    step = 1
    for n in reversed(shape):
        strides.append(step)
        step *= max(n, 1)
    return tuple(reversed(strides))
