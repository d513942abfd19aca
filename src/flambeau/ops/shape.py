"""Views: the same memory in another shape, order or extent."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import storage
from ..autograd import inplace
from ..autograd.engine import sum_to
from ..autograd.graph import AccumulateGrad, Node, next_seq, rename, target
from ..dtypes import as_dtype, dtype, from_numpy_dtype, scalar_name
from ..prims import copies
from ..tensor import Array, Tensor, attach, method, new, wrap_dim
from .declare import alias, composite, op
from .declare import view as view_op
from .warn import warn_once

Shape = tuple[int, ...]


# --- arguments ------------------------------------------------------------------------------------------


def ints(args: tuple[Any, ...]) -> Shape:
    """Ints given one by one or as one sequence."""
    if len(args) == 1 and args[0].__class__ is not int:
        first = args[0]
        args = tuple(first) if isinstance(first, (tuple, list)) else (first,)
    for each in args:
        if each.__class__ is not int:
            return tuple([each.__index__() for each in args])
    return args


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
    return copies.row_major(input).reshape(shape)


reshape_copy.vjp(input=lambda g, input_shape: g.reshape(input_shape))


@composite(method=False, out=False)
def reshape(input, shape: Any):
    """The elements in another shape: a view where the memory allows it, else a copy."""
    shape = ints((shape,))
    if isinstance(input, np.ndarray):
        return input.reshape(shape)
    array = input._array
    shape = inferred(shape, array.size)
    if not array.flags.c_contiguous and _viewed(array, shape) is None:
        return reshape_copy(input, shape)
    return view_shape(input, shape)


def _method(name: str, function: Any, doc: str) -> None:
    """A method of `function` that takes its ints one by one or as a sequence."""

    def call(self: Tensor, *args: Any, **keywords: Any) -> Any:
        if keywords:
            return function(self, *args, **keywords)
        return function(self, ints(args))

    call.__name__, call.__qualname__, call.__doc__ = name, f"Tensor.{name}", doc
    attach(**{name: call})


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
    """`input` summed over the dimensions broadcast from `size`."""
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
    if source.__class__ is int and destination.__class__ is int and input.ndim:
        order = list(range(input.ndim))
        order.insert(wrap_dim(destination, input.ndim), order.pop(wrap_dim(source, input.ndim)))
        return permute(input, tuple(order))
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
    """A view with the dimensions in reverse order; deprecated, for other tensors than matrices."""
    ndim = self._array.ndim
    if ndim == 2:
        return permute(self, (1, 0))
    if ndim == 0:
        warn_once("Tensor.T is deprecated on 0-D tensors. This function is the identity in these cases.")
    else:
        warn_once(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will throw "
            "an error in a future release. Consider `x.mT` to transpose batches of matrices or `x.permute(*torch.arange("
            "x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor."
        )
    return permute(self, tuple(range(ndim - 1, -1, -1)))


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
    if dim.__class__ is int:
        dim = wrap_dim(dim, input.ndim)
        return input.squeeze(dim) if input.ndim and input.shape[dim] == 1 else input.view()
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
    found = input.reshape((*input.shape[:dim], 1, *input.shape[dim:]))
    if found.strides[dim] != step:
        # PyTorch gives the new dimension the stride that its neighbours imply.
        strides = (*found.strides[:dim], step, *found.strides[dim + 1 :])
        return np.lib.stride_tricks.as_strided(found, found.shape, strides)
    return found


unsqueeze.vjp(input=lambda g, dim: squeeze(g, dim))


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


# --- in place ---------------------------------------------------------------------------------------------


def _inplace_view(name: str, function: Any, numbers: str) -> None:
    """The in-place form of a view: the tensor itself takes the new shape."""

    def call(self: Tensor, *args: Any, **keywords: Any) -> Tensor:
        self._counter[0] += 1  # before the node notes the version
        try:
            found = function(self, *args, **keywords)
            node = found._node
            if node is not None:
                inplace.check(self)
        except BaseException:
            self._counter[0] -= 1
            raise
        if node is not None:
            shown = type(target(node)).__name__
            rename(node, f"{shown[:-1]}{numbers[int(shown[-1])]}", settled=True)
            self._node = node
        self._array = found._array
        if isinstance(self._node, AccumulateGrad):
            self._node.follow(self)
        return self

    call.__name__, call.__qualname__ = name, f"Tensor.{name}"
    call.__doc__ = f"`{name[:-1]}` of the tensor itself."
    attach(**{name: call})


for _name, _function in {
    "squeeze_": squeeze,
    "unsqueeze_": unsqueeze,
    "t_": t,
    "transpose_": transpose,
    "swapaxes_": transpose,
    "swapdims_": transpose,
    "as_strided_": as_strided,
}.items():
    # PyTorch numbers the nodes of these forms after those of the views.
    _inplace_view(_name, _function, "345" if _name == "squeeze_" else "1")


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
    if isinstance(self._node, AccumulateGrad):
        self._node.follow(self)
    elif self._node is not None:
        before = self._node
        self._node = new(Unset)
        self._node.seq, self._node.edges, self._node.saved = next_seq(), (before,), ()
        self._node.shape = self._array.shape
    return self


class Unset(Node):
    """The history of a computed tensor that was told to look elsewhere: it cannot be followed."""

    __slots__ = ()

    def run(self, g: Any) -> Any:
        raise RuntimeError("derivative for set_ is not implemented")

    run_graph = run


Unset.__name__ = "NotImplemented"


def contiguous_strides(shape: Shape) -> Shape:
    """The strides, in elements, of a row-major array."""
    strides: list[int] = []
    step = 1
    for n in reversed(shape):
        strides.append(step)
        step *= max(n, 1)
    return tuple(reversed(strides))
