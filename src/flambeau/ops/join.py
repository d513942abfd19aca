"""Joining, repeating and rearranging: results in new memory."""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import Any

import numpy as np

from .. import dtypes, prims
from ..autograd.graph import rename
from ..kernels import fused
from ..prims.copies import copied, joined, rolled, row_major, tiled
from ..tensor import Size, Tensor, attach, from_numpy, method, wrap, wrap_dim
from .checks import lacking
from .creation import creator, made
from .declare import Tensors, alias, composite, op
from .errors import broadcast_error
from .parts import diagonal, diagonal_backward, slice_view, unbind
from .pointwise import mul
from .shape import dims_of, expand_to, flatten, ints, reshape, sum_to_size, transpose, unsqueeze
from .warn import warn

Shape = tuple[int, ...]


def _some(tensors: Any, dim: int) -> None:
    if not len(tensors):
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")


@lru_cache(4096, typed=True)
def _joined(shapes: tuple[Shape, ...], dim: int) -> tuple[int, Shape, bool]:
    """The dimension and the result's shape of `cat`, and whether some shapes are empty vectors, which are left out."""
    if () in shapes:
        raise RuntimeError(f"zero-dimensional tensor (at position {shapes.index(())}) cannot be concatenated")
    kept = [each for each in shapes if each != (0,)] or list(shapes)
    first = kept[0]
    dim = wrap_dim(dim, len(first))
    for place, shape in enumerate(kept):
        if len(shape) != len(first):
            raise RuntimeError(f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}")
        for axis, (a, b) in enumerate(zip(first, shape, strict=True)):
            if axis != dim and a != b:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {dim}. Expected size {a} but got size {b} for "
                    f"tensor number {place} in the list."
                )
    size = sum(each[dim] for each in kept)
    return dim, (*first[:dim], size, *first[dim + 1 :]), len(kept) < len(shapes)


@op(method=False, promote="default", linear=True, apart=True, grad_name="CatBackward0", quiet=False, precheck=_some)
def cat(tensors: Tensors, dim: int = 0):
    """The tensors one after the other along `dim`. Empty vectors are left out, as PyTorch does."""
    dim, shape, some_empty = _joined(tuple([each.shape for each in tensors]), dim)
    kept: Any = [each for each in tensors if each.shape != (0,)] if some_empty else tensors
    return joined(kept, dim, shape)


@cat.vjp
def _cat_vjp(g: Any, tensors_shape: Any, dim: int, needs: Any) -> Any:
    ndim = max(map(len, tensors_shape))
    dim = wrap_dim(dim, ndim)
    results, start = [], 0
    for shape, needed in zip(tensors_shape, needs, strict=True):
        if shape == (0,) and ndim != 1:
            results.append(reshape(slice_view(g, dim, 0, 0, 1), (0,)))
            continue
        end = start + shape[dim]
        results.append(slice_view(g, dim, start, end, 1) if needed else None)
        start = end
    return tuple(results)


def _some_to_stack(tensors: Any, dim: int) -> None:
    if not len(tensors):
        raise RuntimeError("stack expects a non-empty TensorList")


alias(cat, "concat", "concatenate", method=False)


@lru_cache(4096, typed=True)
def _beside(shapes: tuple[Shape, ...], dim: int) -> tuple[int, Shape, tuple[Any, ...]]:
    """The dimension and the result's shape of `stack`, and the index that gives each tensor that dimension."""
    first = shapes[0]
    for place, shape in enumerate(shapes):
        if shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 and "
                f"{list(shape)} at entry {place}"
            )
    dim = wrap_dim(dim, len(first) + 1)
    return dim, (*first[:dim], len(shapes), *first[dim:]), (slice(None),) * dim + (None,)


@op(
    method=False,
    promote="default",
    linear=True,
    apart=True,
    grad_name="StackBackward0",
    quiet=False,
    precheck=_some_to_stack,
)
def stack(tensors: Tensors, dim: int = 0):
    """The tensors side by side along a new dimension `dim`."""
    dim, shape, index = _beside(tuple([each.shape for each in tensors]), dim)
    return joined([each[index] for each in tensors], dim, shape)


@stack.vjp
def _stack_vjp(g: Any, dim: int) -> Any:
    return tuple(unbind(g, dim))


def _at_least(ndim: int, places: tuple[int, ...]) -> Any:
    """`atleast_1d`, `_2d`, `_3d`: each argument with dimensions of size 1 put in."""

    def function(*tensors: Any) -> Any:
        if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
            return tuple(function(each) for each in tensors[0])
        if len(tensors) > 1:
            return tuple(function(each) for each in tensors)
        found = tensors[0]
        while found.ndim < ndim:
            found = unsqueeze(found, places[found.ndim])
        return found

    function.__name__ = f"atleast_{ndim}d"
    function.__doc__ = f"The tensors with at least {ndim} dimension{'s' * (ndim > 1)}."
    return creator(function)


atleast_1d, atleast_2d, atleast_3d = _at_least(1, (0,)), _at_least(2, (0, 0)), _at_least(3, (0, 0, -1))


def _stacked(name: str, prepare: Any, dim: int, doc: str) -> Any:
    @composite(name=name, method=False)
    def join(tensors: Tensors):
        if not tensors:
            raise RuntimeError(f"{name} expects a non-empty TensorList")
        parts = [prepare(each) for each in tensors]
        return cat(parts, 0 if name == "hstack" and parts[0].ndim == 1 else dim)

    join.__doc__ = doc
    return join


hstack = _stacked("hstack", atleast_1d, 1, "The tensors side by side, along the second dimension (vectors: the first).")
vstack = _stacked("vstack", atleast_2d, 0, "The tensors below each other, along the first dimension.")
dstack = _stacked("dstack", atleast_3d, 2, "The tensors behind each other, along the third dimension.")
column_stack = _stacked(
    "column_stack",
    lambda each: each if each.ndim > 1 else reshape(each, (each.numel(), 1)),
    1,
    "The tensors as columns beside each other.",
)
alias(vstack, "row_stack", method=False)


# --- repeating and rearranging ----------------------------------------------------------------------------


@op(method=False, linear=True, out=False, name="repeat", grad_name="RepeatBackward0", quiet=False)
def repeated(input, repeats: Any):
    """The tensor laid out `repeats` times along each dimension."""
    if len(repeats) < input.ndim:
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    if any(n < 0 for n in repeats):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(repeats)}: {list(repeats)}")
    return tiled(input, repeats)


@repeated.vjp
def _repeat_vjp(g: Any, input_shape: Any, repeats: Any) -> Any:
    lead = len(repeats) - len(input_shape)
    sizes: list[int] = []
    for n, own in zip(repeats, (1,) * lead + tuple(input_shape), strict=True):
        sizes += [n, own]
    summed = sum_to_size(g.reshape(tuple(sizes)), tuple([1 if i % 2 == 0 else n for i, n in enumerate(sizes)]))
    return summed.reshape(input_shape)


def _repeat(self: Tensor, *repeats: Any, **keywords: Any) -> Tensor:
    """The tensor laid out so many times along each dimension."""
    if not repeats and "repeats" not in keywords:
        raise TypeError('repeat() missing 1 required positional arguments: "repeats"')
    return repeated(self, ints(repeats or (keywords["repeats"],)))


attach(repeat=_repeat)


@composite(method=False, out=False)
def tile(input, dims: Any):
    """`repeat`, with ones put before `dims` where it is too short."""
    dims = ints((dims,))
    return repeated(input, (1,) * (input.ndim - len(dims)) + dims)


def _tile(self: Tensor, *dims: Any, **keywords: Any) -> Tensor:
    """`repeat`, with ones put before the given numbers where there are too few."""
    return tile(self, ints(dims or (keywords["dims"],)))


attach(tile=_tile)


@op(linear=True, method=False, out=False, name="_repeat_interleave", quiet=False, grad_name="IndexSelectBackward0")
def _repeat_rows(input, counts, dim: int):
    return np.repeat(input, counts, dim)


@_repeat_rows.vjp
def _repeat_rows_vjp(g: Any, counts: Any, input_shape: Any, dim: int) -> Any:
    from .scatter import index_add

    array = counts._array if isinstance(counts, Tensor) else counts
    shape = list(input_shape)
    zeros = np.zeros(shape, g.dtype if not isinstance(g, Tensor) else g.dtype.numpy)
    rows = np.repeat(np.arange(shape[dim]), array)
    if isinstance(g, Tensor):
        return index_add(wrap(zeros), dim, wrap(rows), g), None
    return index_add(zeros, dim, rows, g), None


@composite(out=False)
def repeat_interleave(input, repeats: Any = None, dim: Any = None, *, output_size: Any = None):
    """Each element (or slice along `dim`) repeated so many times; of counts alone, the positions they stand for."""
    if repeats is None:
        if input.ndim != 1:
            raise RuntimeError("repeat_interleave only accepts 1D vector as repeat")
        return wrap(np.repeat(np.arange(input.numel()), input._array))
    if dim is None:
        input, dim = flatten(input), 0
    dim = wrap_dim(dim, input.ndim)
    counts = repeats if isinstance(repeats, Tensor) else wrap(np.asarray(repeats))
    if counts.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError("repeats has to be Long or Int tensor")
    if (counts._array < 0).any():
        raise RuntimeError("repeats can not be negative")
    size = input.shape[dim] if input.ndim else 1
    if counts.ndim > 1:
        raise RuntimeError("repeats must be 0-dim or 1-dim tensor")
    if counts.ndim == 1 and counts.numel() not in (1, size):
        raise RuntimeError(
            f"repeats must have the same size as input along dim, but got repeats.size(0) = {counts.numel()} and "
            f"input.size({dim}) = {size}"
        )
    whole = wrap(np.broadcast_to(counts._array, (size,)).copy())
    found = _repeat_rows(input if input.ndim else reshape(input, (1,)), whole, dim)
    if found._node is not None and not isinstance(repeats, Tensor):
        rename(found._node, "ViewBackward0", settled=True)
    return found


@op(method=False, linear=True, out=False, quiet=False, grad_name="FlipBackward0")
def flip(input, dims: Any):
    """The elements in reverse order along `dims`."""
    return copied(np.flip(input, dims_of(dims, input.ndim)) if input.ndim else input)


flip.vjp(input=lambda g, dims: flip(g, dims))


def _flip(self: Tensor, *dims: Any, **keywords: Any) -> Tensor:
    """The elements in reverse order along the given dimensions."""
    return flip(self, ints(dims or (keywords["dims"],)))


attach(flip=_flip)


@composite(out=False)
def fliplr(input):
    """The columns in reverse order."""
    if input.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, (1,))


@composite(out=False)
def flipud(input):
    """The rows in reverse order."""
    if input.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, (0,))


@op(linear=True, out=False, quiet=False, method=False)
def roll(input, shifts: Any, dims: Any = ()):
    """The elements moved along `dims` by `shifts` places, around the end; without `dims`, of the flat tensor."""
    shifts, dims = ints((shifts,)), ints((dims,)) if dims is not None else ()
    if not shifts:
        raise RuntimeError("`shifts` required")
    if not dims and len(shifts) == 1:
        return rolled(row_major(input).reshape(-1), shifts, (0,)).reshape(input.shape)
    if len(shifts) != len(dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    if not input.size:
        return input.copy()
    if not input.ndim:
        raise IndexError(f"Dimension specified as {dims[0]} but tensor has no dimensions")
    return rolled(row_major(input), shifts, tuple([wrap_dim(d, input.ndim) for d in dims]))


roll.vjp(input=lambda g, shifts, dims: roll(g, tuple([-n for n in ints((shifts,))]), dims))


def _roll(self: Tensor, shifts: Any, dims: Any = ()) -> Tensor:
    """The elements moved around."""
    return roll(self, shifts, dims)


attach(roll=_roll)


@composite(out=False, grad_name="Rot90Backward0")
def rot90(input, k: int = 1, dims: Any = (0, 1)):
    """The planes of `dims` turned by `k` quarter turns, from the first dimension towards the second."""
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input.ndim}")
    if dims[0] == dims[1] or abs(dims[0] - dims[1]) == input.ndim:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    a, b = (wrap_dim(d, input.ndim) for d in dims)
    k %= 4
    if k == 0:
        return input.clone()
    if k == 2:
        return flip(input, (a, b))
    return transpose(flip(input, (b,)), a, b).contiguous() if k == 1 else flip(transpose(input, a, b), (b,))


# --- several tensors ----------------------------------------------------------------------------------------


@creator
def broadcast_shapes(*shapes: Any) -> Any:
    """The shape that tensors of the given shapes broadcast to."""
    try:
        return Size(np.broadcast_shapes(*[(each,) if isinstance(each, int) else tuple(each) for each in shapes]))
    except ValueError:
        raise RuntimeError("Shape mismatch: objects cannot be broadcast to a single shape") from None


@creator
def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """Views of the tensors expanded to their common shape."""
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    try:
        shape = np.broadcast_shapes(*[each._array.shape for each in tensors])
    except ValueError:
        raise broadcast_error(*[each._array for each in tensors]) from None
    return tuple(expand_to(each, shape) for each in tensors)


@creator
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Grids of coordinates from vectors: "ij" (matrix) or "xy" (Cartesian) indexing."""
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    if indexing is None:
        warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.",
            UserWarning,
        )
        indexing = "ij"
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for each in tensors:
        if each.ndim > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {each.ndim}")
        if each.dtype is not tensors[0].dtype:
            raise RuntimeError("torch.meshgrid expects all tensors to have the same dtype")
    swapped = indexing == "xy" and len(tensors) > 1
    ordered = (tensors[1], tensors[0], *tensors[2:]) if swapped else tensors
    shape = tuple(each.numel() for each in ordered)
    grids = [
        expand_to(reshape(each, tuple(-1 if i == place else 1 for i in range(len(shape)))), shape)
        for place, each in enumerate(ordered)
    ]
    if swapped:
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)


@creator
def block_diag(*tensors: Any) -> Tensor:
    """The matrices along the diagonal of one large matrix of zeros."""
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    parts = [atleast_2d(each) for each in tensors]
    for place, each in enumerate(parts):
        if each.ndim > 2:
            raise RuntimeError(
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. Input "
                f"{place} has {each.ndim} dimensions"
            )
    width = sum(each.shape[1] for each in parts)
    rows, before = [], 0
    for each in parts:
        height, own = each.shape
        left = each.new_zeros((height, before))
        right = each.new_zeros((height, width - before - own))
        rows.append(cat([left, each, right], 1))
        before += own
    return cat(rows, 0) if rows else made(np.zeros((1, 0), np.float32))


@creator
def cartesian_prod(*tensors: Any) -> Tensor:
    """All combinations of one element of each vector, as rows."""
    for each in tensors:
        if each.ndim != 1:
            raise RuntimeError("Expect a 1D vector, but got shape " + str(list(each.shape)))
    if len(tensors) == 1:
        return tensors[0]
    grids = meshgrid(*tensors, indexing="ij")
    return stack([flatten(each) for each in grids], 1)


@composite(method=False, out=False)
def combinations(input, r: int = 2, with_replacement: bool = False):
    """All choices of `r` elements of a vector, as rows."""
    if input.ndim != 1:
        raise RuntimeError("Expect a 1D vector, but got shape " + str(list(input.shape)))
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return input.new_empty((0,))
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    places = np.array(list(choose(range(input.numel()), r)), np.int64).reshape(-1, r)
    return input[wrap(places)]


# --- triangles and diagonals --------------------------------------------------------------------------------

REMEMBERED = 1 << 16
"""Elements of a matrix up to which it is remembered what a triangle of it is."""


@lru_cache(64)
def _kept(name: str, rows: int, columns: int, diagonal: int) -> Any:
    """Which elements of a matrix `tril` or `triu` keeps."""
    below = np.tri(rows, columns, diagonal if name == "tril" else diagonal - 1, bool)
    return below if name == "tril" else ~below


@fused
def _at_most(x, low, high, other):
    """x where low <= high."""
    return prims.where(prims.le(low, high), x, other)


def _triangle(name: str, doc: str) -> Any:
    @op(name=name, linear=True, inplace=True, overlaps=True, quiet=False)
    def triangle(input, diagonal: int = 0):
        if input.ndim < 2:
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
        rows, columns = input.shape[-2:]
        if rows * columns > REMEMBERED:
            row, column = np.arange(diagonal, rows + diagonal)[:, None], np.arange(columns)
            low, high = (column, row) if name == "tril" else (row, column)
            return _at_most(input, low, high, np.zeros((), input.dtype))
        return np.where(_kept(name, rows, columns, diagonal), input, input.dtype.type(0))

    triangle.__doc__ = triangle.op.doc = doc
    triangle.vjp(input=lambda g, diagonal: triangle(g, diagonal))
    return triangle


tril = _triangle("tril", "Each matrix with what is above its `diagonal`-th diagonal set to 0.")
triu = _triangle("triu", "Each matrix with what is below its `diagonal`-th diagonal set to 0.")


def _triangle_indices(name: str) -> Any:
    find = getattr(np, name)

    def function(
        row: int, col: int, offset: int = 0, *, dtype: Any = dtypes.int64, device: Any = None, layout: Any = None
    ) -> Tensor:
        return wrap(np.stack(find(row, offset, col)).astype(dtype.numpy))

    function.__name__ = name
    function.__doc__ = "The positions of a triangle's elements, as two rows."
    return creator(function)


tril_indices, triu_indices = _triangle_indices("tril_indices"), _triangle_indices("triu_indices")


@composite(grad_name="DiagEmbedBackward0")
def diag_embed(input, offset: int = 0, dim1: int = -2, dim2: int = -1):
    """The last dimension as the diagonals of new planes."""
    ndim = input.ndim + 1
    first, second = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    size = input.shape[-1] + abs(offset)
    shape = list(input.shape[:-1])
    for place in sorted((first, second)):
        shape.insert(place, size)
    return diagonal_backward(input, tuple(shape), offset, first, second)


@composite
def diag(input, diagonal: int = 0):
    """A vector as the diagonal of a matrix, or the diagonal of a matrix (a copy)."""
    if input.ndim == 1:
        return diag_embed(input, diagonal)
    if input.ndim != 2:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D")
    return _diagonal(input, diagonal).clone()


_diagonal = diagonal


@composite(out=False)
def diagflat(input, offset: int = 0):
    """The elements as the diagonal of a matrix."""
    return diag_embed(flatten(input), offset)


@method
def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Write a number along the diagonal; with `wrap`, again below each square of a tall matrix."""
    if self.ndim < 2:
        raise RuntimeError("dimensions must larger than 1")
    sizes = tuple(self.shape)
    if self.ndim > 2 and len(set(sizes)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    if self.ndim == 2 and wrap and sizes[1]:
        flat = np.arange(0, sizes[0] * sizes[1], sizes[1] + 1)
        places = [flat // sizes[1], flat % sizes[1]]
    else:
        places = [np.arange(min(sizes))] * self.ndim
    value = self.new_tensor(fill_value)  # type: ignore[attr-defined]
    return self.index_put_(tuple(from_numpy(each) for each in places), value)  # type: ignore[attr-defined, no-any-return]


@composite(out=False, grad_name="TraceBackward0")
def trace(input):
    """The sum of a matrix's diagonal."""
    if input.ndim != 2:
        raise RuntimeError("trace: expected a matrix, but got tensor with dim " + str(input.ndim))
    lacking("b", "trace")(input._array if isinstance(input, Tensor) else input)
    return diagonal(input).sum()


@composite
def kron(input, other):
    """The Kronecker product."""
    ndim = max(input.ndim, other.ndim)
    a = (1,) * (ndim - input.ndim) + tuple(input.shape)
    b = (1,) * (ndim - other.ndim) + tuple(other.shape)
    left = reshape(input, tuple(n for each in a for n in (each, 1)))
    right = reshape(other, tuple(n for each in b for n in (1, each)))
    return reshape(mul(left, right), tuple(m * n for m, n in zip(a, b, strict=True)))


# --- writing one part -----------------------------------------------------------------------------------------


def _scattered(input: Tensor, src: Tensor, find: Any) -> Tensor:
    """A copy of `input` in which `src` stands where the view `find` looks."""
    copy = input.clone()  # type: ignore[attr-defined]
    part = find(copy)
    if part.shape != src.shape:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {list(src.shape)}, slice size = "
            f"{list(part.shape)}"
        )
    part.copy_(src)
    return copy  # type: ignore[no-any-return]


@composite(out=False)
def select_scatter(input, src, dim: int, index: int):
    """A copy in which `src` is the `index`-th slice along `dim`."""
    return _scattered(input, src, lambda copy: copy.select(dim, index))


@composite
def slice_scatter(input, src, dim: int = 0, start: Any = None, end: Any = None, step: int = 1):
    """A copy in which `src` stands at `start:end:step` along `dim`."""
    dim = wrap_dim(dim, input.ndim)
    begin, stop, step = slice(start, end, step).indices(input.shape[dim])
    return _scattered(input, src, lambda copy: slice_view(copy, dim, begin, max(begin, stop), step))


@composite(out=False)
def diagonal_scatter(input, src, offset: int = 0, dim1: int = 0, dim2: int = 1):
    """A copy in which `src` is the diagonal."""
    return _scattered(input, src, lambda copy: _diagonal(copy, offset, dim1, dim2))


@composite(out=False)
def as_strided_scatter(input, src, size: Any, stride: Any, storage_offset: Any = None):
    """A copy in which `src` stands where the strides lead. (The gradient is the derivative; PyTorch's is not.)"""
    return _scattered(input, src, lambda copy: copy.as_strided(size, stride, storage_offset))
