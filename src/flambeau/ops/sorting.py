"""Order: sort, top k, medians, quantiles, unique values, search, counting."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import return_types
from ..prims import sorting as arrays
from ..tensor import Array, Tensor, wrap, wrap_dim
from .declare import composite, op
from .indexing import dtype_name, number_like, zeros_of
from .scatter import gather, sums_at

# A rule for values that were picked along `dim`: their cotangents go where they came from.


def _picked(g, input_shape, dim, result1):
    return sums_at(g[0], dim, result1, input_shape)


def _picked_one(g, input_shape, dim, keepdim, result1):
    """The same where `dim` is gone from the results."""
    g, at = g[0], result1
    if not keepdim and input_shape:
        dim %= len(input_shape)
        shape = (*input_shape[:dim], 1, *input_shape[dim + 1 :])
        g, at = g.reshape(shape), at.reshape(shape)
    return sums_at(g, dim, at, input_shape)


def _given(array: Any) -> Array | None:
    """An optional argument as a body sees it: an array."""
    return array


def _no_complex(input: Array, message: str) -> None:
    if input.dtype.kind == "c":
        raise RuntimeError(message)


def _not_implemented(kernel: str, input: Array) -> NotImplementedError:
    return NotImplementedError(f"\"{kernel}\" not implemented for '{dtype_name(input)}'")


# Sorting


@op(name="_sort", grad_name="SortBackward0", method=False)
def sort_along(input, dim: int, descending: bool):
    _no_complex(input, " Sort does not support complex dtypes on CPU")
    return return_types.sort(*arrays.sort(input, wrap_dim(dim, input.ndim), descending))


sort_along.vjp(input=_picked)


@composite
def sort(input, dim: int = -1, descending: bool = False, *, stable: bool | None = None):
    """The elements in order along `dim`, NaN greatest, and where each was; always stable."""
    return sort_along(input, dim, descending)


@op(out=False)
def argsort(input, dim: int = -1, descending: bool = False, *, stable: bool = False):
    """The places of the elements of `input` in order along `dim`."""
    _no_complex(input, " Sort does not support complex dtypes on CPU")
    return arrays.sort(input, wrap_dim(dim, input.ndim), descending)[1]


@composite
def msort(input):
    """The elements in order along the first dimension."""
    return sort_along(input, 0, False)[0]


@op
def topk(input, k: int, dim: int = -1, largest: bool = True, sorted: bool = True):
    """The `k` largest (or smallest) elements along `dim`, in order, and where they are."""
    _no_complex(input, "topk does not support complex dtypes on CPU")
    if input.dtype == bool:
        raise RuntimeError("topk does not support bool dtypes on CPU")
    dim = wrap_dim(dim, input.ndim)
    if not 0 <= k <= (input.shape[dim] if input.ndim else 1):
        raise RuntimeError("selected index k out of range")
    return return_types.topk(*arrays.topk(input, k, dim, largest, sorted))


topk.vjp(input=_picked)


def _kept(found: tuple[Array, Array], dim: int, keepdim: bool, input: Array) -> tuple[Array, Array]:
    if keepdim and input.ndim:
        return np.expand_dims(found[0], dim), np.expand_dims(found[1], dim)
    return found


def _nonempty(name: str, input: Array, dim: int) -> int:
    dim = wrap_dim(dim, input.ndim)
    if input.ndim and input.shape[dim] == 0:
        raise IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")
    return dim


@op
def kthvalue(input, k: int, dim: int = -1, keepdim: bool = False):
    """The `k`-th smallest element along `dim`, counted from 1, and its place."""
    dim = wrap_dim(dim, input.ndim)
    if not 1 <= k <= (input.shape[dim] if input.ndim else 1):
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {dim}")
    if input.dtype.kind in "bc":
        raise _not_implemented("kthvalue_cpu", input)
    return return_types.kthvalue(*_kept(arrays.kthvalue(input, k, dim), dim, keepdim, input))


@op
def mode(input, dim: int = -1, keepdim: bool = False):
    """The most frequent element along `dim`, the least of such, and its place."""
    dim = _nonempty("mode", input, dim)
    return return_types.mode(*_kept(arrays.mode(input, dim), dim, keepdim, input))


def _median_op(name: str, *, ignore_nan: bool) -> Any:
    @op(name=f"_{name}_along", grad_name=f"{name.capitalize()}Backward1", method=False)
    def along(input, dim: int, keepdim: bool):
        if input.dtype.kind in "bc":
            raise _not_implemented("median_cpu", input)
        dim = _nonempty(name, input, dim)
        found = arrays.median(input, dim, ignore_nan)
        return getattr(return_types, name)(*_kept(found, dim, keepdim, input))

    @op(name=f"_{name}_all", grad_name=f"{name.capitalize()}Backward0", method=False)
    def over_all(input):
        if input.dtype.kind in "bc":
            raise _not_implemented("median_cpu", input)
        if input.size == 0:
            return np.asarray(np.nan if input.dtype.kind in "fV" else -(1 << 63)).astype(input.dtype)
        return arrays.median(input.reshape(-1), 0, ignore_nan)[0]

    along.vjp(input=_picked_one)
    over_all.vjp(input=_median_all)

    def median(input, dim=None, keepdim: bool = False):
        return over_all(input) if dim is None else along(input, dim, keepdim)

    median.__doc__ = "The lower median of all elements, or along `dim` with its place" + (
        ", NaN left out." if ignore_nan else "."
    )
    return composite(median, name=name)


def _median_all(g, input, result):
    """Shared evenly by the elements equal to the median."""
    hits = (input == result) | ((input != input) & (result != result))
    hits = hits * (zeros_of(g, ()) + 1)
    return g * hits / hits.sum()


median = _median_op("median", ignore_nan=False)
nanmedian = _median_op("nanmedian", ignore_nan=True)
kthvalue.vjp(input=_picked_one)
mode.vjp(input=_picked_one)

# Quantiles

_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(name: str, input: Any, q: Any, dim: int | None, keepdim: bool, interpolation: str, skip: bool) -> Tensor:
    """Order statistics around the place `q * (n - 1)`, interpolated."""
    if not isinstance(q, Tensor):
        if not 0 <= q <= 1:
            raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q:g}")
        q = zeros_of(input.detach(), ()) + q
    if q.ndim > 1:
        raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
    if input.numel() == 0:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if input._array.dtype not in (np.float32, np.float64):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if input.dtype != q.dtype:
        raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    if interpolation != "linear":
        q = q.detach()
    places = q._array
    if not ((places >= 0) & (places <= 1)).all():
        raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
    ndim = input.ndim
    along = None if dim is None else wrap_dim(dim, ndim)
    rows = input.reshape(-1) if along is None or ndim == 0 else input.movedim(along, -1)
    ordered = sort_along(rows, -1, False)[0]
    present = ordered.shape[-1] - (rows != rows).sum(-1, keepdim=True)
    if not skip:
        last = present * 0 + (ordered.shape[-1] - 1)
        ordered = ordered.masked_fill(present < ordered.shape[-1], float("nan"))
    else:
        last = (present - 1).clamp(min=0)
    ranks = q.reshape(-1) * last
    if interpolation == "lower":
        ranks = ranks.floor()
    elif interpolation == "higher":
        ranks = ranks.ceil()
    elif interpolation == "nearest":
        ranks = ranks.round()
    below = ranks.detach().floor().long()
    found = gather(ordered, -1, below)
    if interpolation in ("linear", "midpoint"):
        weight = ranks - below if interpolation == "linear" else (ranks - below).detach().ceil() * 0.5
        found = found.lerp(gather(ordered, -1, ranks.detach().ceil().long()), weight.to(input.dtype))
    if keepdim and ndim:
        ones = (1,) * ndim
        found = found.reshape(*ones, -1) if along is None else found.unsqueeze(along)
    found = found.movedim(-1, 0)
    return found.squeeze(0) if q.ndim == 0 else found


@composite
def quantile(input, q, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"):
    """The `q`-quantiles of all elements, or along `dim`; NaN if any element is."""
    return _quantile("quantile", input, q, dim, keepdim, interpolation, skip=False)


@composite
def nanquantile(input, q, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"):
    """`quantile` of the elements that are not NaN."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, skip=True)


# Unique values


@op(name="_unique", method=False, out=False)
def unique_values(input, dim: int | None, places: bool):
    if dim is None:
        return arrays.unique(input, places)
    return arrays.unique_rows(input, wrap_dim(dim, input.ndim))


def _asked(found: Any, return_inverse: bool, return_counts: bool) -> Any:
    values, inverse, counts = found
    if return_inverse and return_counts:
        return values, inverse, counts
    if return_inverse:
        return values, inverse
    return (values, counts) if return_counts else values


@composite(out=False)
def unique(
    input,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements, or slices along `dim`, in order; places and counts where asked."""
    return _asked(unique_values(input, dim, return_inverse), return_inverse, return_counts)


@op(name="_unique_consecutive", method=False, out=False)
def unique_runs(input, dim: int | None):
    return arrays.unique_consecutive(input, None if dim is None else wrap_dim(dim, input.ndim))


@composite(out=False)
def unique_consecutive(input, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None) -> Any:
    """The elements, or slices along `dim`, that differ from the one before."""
    return _asked(unique_runs(input, dim), return_inverse, return_counts)


# Search


def _side(side: str | None, right: bool, name: str) -> bool:
    if side is None:
        return right
    if side not in ("left", "right"):
        raise RuntimeError(f"{name}: side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError(f"{name}: side and right can't be set to opposites, got side of left while right was True")
    return side == "right"


@op(name="_searchsorted", method=False)
def search(boundaries, values, sorter: Tensor | None, right: bool, out_int32: bool):
    found = arrays.searchsorted(boundaries, values, right, _given(sorter))
    return found.astype(np.int32) if out_int32 else found


@composite(method=False)
def searchsorted(sorted_sequence, input, *, out_int32: bool = False, right: bool = False, side=None, sorter=None):
    """Where `input` goes into the ordered last dimension of `sorted_sequence`."""
    right = _side(side, right, "torch.searchsorted()")
    values = input if isinstance(input, Tensor) else wrap(number_like(input, sorted_sequence._array))
    mine, its = tuple(sorted_sequence.shape), tuple(values.shape)
    if len(mine) != 1 and (len(mine) != len(its) or mine[:-1] != its[:-1]):
        if not its:
            raise RuntimeError(
                "torch.searchsorted(): input value can be a scalar only when boundaries tensor "
                f"dimension is 1, but we got boundaries tensor dim({len(mine)}) and input value's "
                f"dim(0) numel({values.numel()})"
            )
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 "
            "dimensions of boundaries tensor and input value tensor must match, but we got "
            f"boundaries tensor {list(mine)} and input value tensor {list(its)}"
        )
    return search(sorted_sequence, values, sorter, right, out_int32)


@composite(method=False)
def bucketize(input, boundaries, *, out_int32: bool = False, right: bool = False):
    """Which of the ordered 1-d `boundaries` each element comes before."""
    if boundaries.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    values = input if isinstance(input, Tensor) else wrap(np.asarray(input))
    return search(boundaries, values, None, right, out_int32)


# Counting


@op(out=False)
def bincount(input, weights: Tensor | None = None, minlength: int = 0):
    """How often each of 0, 1, ... occurs, or the sum of its `weights`."""
    if input.dtype.kind not in "iu":
        raise _not_implemented("bincount_cpu", input)
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if input.ndim != 1 or (input.size and input.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is not None and weights.shape != input.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    return arrays.bincount(input, _given(weights), minlength)


@op
def histc(input, bins: int = 100, min: Any = 0, max: Any = 0):
    """Counts in `bins` equal bins from `min` to `max`, or over the range of the elements."""
    if input.dtype.kind in "iubc":
        raise _not_implemented("histogram_cpu", input)
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    low, high = float(min), float(max)
    if low == high and input.size:
        low, high = float(input.min()), float(input.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    if low == high:
        low, high = low - 1, high + 1
    return arrays.histc(input, bins, low, high)


def _edges(input: Array, columns: int, bins: Any, ranges: Any) -> list[Array]:
    """The bin edges of each column: given, or counts over a given range or that of the data."""
    points = input.reshape(-1, columns)
    edges: list[Any] = []
    for column, each in enumerate(bins):
        if isinstance(each, (Tensor, np.ndarray)):
            edges.append(each._array if isinstance(each, Tensor) else each)
            continue
        if each <= 0:
            raise RuntimeError(f"torch.histogramdd(): bins must be > 0, but got {each} for dimension {column}")
        if ranges is not None:
            low, high = ranges[2 * column], ranges[2 * column + 1]
        elif len(points):
            low, high = float(points[:, column].min()), float(points[:, column].max())
        else:
            low, high = 0.0, 1.0
        if low == high:
            low, high = low - 0.5, high + 0.5
        edges.append(np.linspace(low, high, each + 1).astype(input.dtype))
    return edges


@op
def histogram(input, bins: Any, *, range: Any = None, weight: Tensor | None = None, density: bool = False):
    """Weighted counts of the elements in bins, and the edges of the bins."""
    edges = _edges(input, 1, [bins], range)
    return return_types.histogram(arrays.histogram(input, edges, _given(weight), density), edges[0])


@op(name="_histogramdd", method=False, out=False)
def grid_counts(input, bins: Any, range: Any, weight: Tensor | None, density: bool):
    columns = input.shape[-1]
    per_column = [bins] * columns if isinstance(bins, int) else bins
    if len(per_column) != columns:
        raise RuntimeError("histogramdd: The size of bins must be equal to the innermost dimension of the input.")
    edges = _edges(input, columns, per_column, range)
    return (arrays.histogram(input, edges, _given(weight), density), *edges)


@composite(method=False, out=False)
def histogramdd(input, bins: Any, *, range: Any = None, weight: Tensor | None = None, density: bool = False):
    """Weighted counts of the rows of `input` in a grid of bins, and the edges along each axis."""
    counts, *edges = grid_counts(input, bins, range, weight, density)
    return return_types.histogramdd(counts, tuple(edges))
