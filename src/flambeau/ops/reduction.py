"""Reductions: sums, means, extremes and norms over dimensions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes, prims, return_types
from ..kernels import fused
from ..prims import copies
from ..tensor import Tensor, method, wrap, wrap_dim
from .checks import SAME_OUT, every, lacking, refusing
from .comparison import isnan, logical_not, maximum, minimum, where
from .convert import converted
from .declare import composite, op
from .pointwise import abs as absolute
from .pointwise import exp
from .shape import expand_to, reshape, unsqueeze
from .warn import warn

Dims = Any


def _numbered(name: str) -> Any:
    """The name of a reduction's node: PyTorch numbers the form with `dim` 1, the one without 0."""
    return lambda given: name + ("0" if given["dim"] is None else "1")


def axes_of(dim: Dims, ndim: int) -> tuple[int, ...] | None:
    """Dimensions (an int, several, or none given) as axes; None means all.

    Raises IndexError out of range, RuntimeError for one given twice.
    """
    if dim is None:
        return None
    if dim.__class__ is int:
        found = wrap_dim(dim, ndim)
        return (found,) if ndim else None
    if isinstance(dim, (tuple, list)):
        if not dim:
            return None
        axes = tuple([wrap_dim(int(each), ndim) for each in dim])
        if len(set(axes)) < len(axes):
            twice = next(a for a in axes if axes.count(a) > 1)
            raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
        return axes if ndim else None
    return axes_of(int(dim), ndim)


def restored(g: Any, shape: tuple[int, ...], dim: Dims, keepdim: bool) -> Any:
    """The result (or cotangent) of a reduction with its removed dimensions put back as ones."""
    axes = axes_of(dim, len(shape))
    if keepdim or not len(shape):
        return g
    if axes is None:
        return g.reshape((1,) * len(shape))
    return g.reshape(tuple([1 if i in axes else n for i, n in enumerate(shape)]))


def spread(g: Any, shape: tuple[int, ...], dim: Dims, keepdim: bool) -> Any:
    """The cotangent of a sum, broadcast to the shape of what was summed."""
    if isinstance(g, Tensor):
        return expand_to(restored(g, shape, dim, keepdim), shape)
    if g.size == 1:
        g = np.asarray(g)
        return (
            np.ndarray(shape, g.dtype, g, 0, (0,) * len(shape)) if g.dtype.kind in "fc" else np.broadcast_to(g, shape)
        )
    return np.broadcast_to(restored(g, shape, dim, keepdim), shape)


def in_dtype(g: Any, array_dtype: Any) -> Any:
    """A cotangent in the dtype of its primal, where `dtype=` had changed it."""
    kind = g.dtype.numpy if isinstance(g, Tensor) else g.dtype
    return g if kind == array_dtype else converted(g, array_dtype)


def count_of(shape: tuple[int, ...], dim: Dims) -> int:
    """The number of elements that go into one result."""
    axes = axes_of(dim, len(shape))
    return math.prod(n for i, n in enumerate(shape) if axes is None or i in axes)


AMAX_OUT = (
    "Expected the dtype for input and out to match, but got {result} for input's dtype and {out} for out's dtype."
)


def need_float(name: str, array: Any) -> None:
    if array.dtype.kind in "iub":
        kind = dtypes.scalar_name(dtypes.from_numpy_dtype(array.dtype))
        raise RuntimeError(
            f"{name}(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {kind}"
        )


# --- sums and products ------------------------------------------------------------------------------------


@op(name="sum", linear=True, grad_name="SumBackward0", traced=True)
def sum_(input, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None):
    """The sum of the elements, over all dimensions or over `dim`. Integers are summed in int64."""
    if dtype is not None:
        input = prims.cast(input, dtype.numpy)
    elif input.dtype.kind in "iub":
        return prims.sum(input, axes_of(dim, input.ndim), keepdim, np.dtype(np.int64))
    if input.dtype.kind in "iub":
        return prims.sum(input, axes_of(dim, input.ndim), keepdim, input.dtype)
    return prims.sum(input, axes_of(dim, input.ndim) if dim is not None else None, keepdim)


sum_.op.variant = _numbered("SumBackward")
sum_.vjp(
    input=lambda g, input_shape, input_dtype, dim, keepdim: in_dtype(spread(g, input_shape, dim, keepdim), input_dtype)
)


@op(linear=True, grad_name="MeanBackward0", traced=True)
def mean(input, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None):
    """The mean of the elements, over all dimensions or over `dim`."""
    if dtype is not None:
        input = prims.cast(input, dtype.numpy)
    need_float("mean", input)
    return prims.mean(input, axes_of(dim, input.ndim) if dim is not None else None, keepdim)


mean.op.variant = _numbered("MeanBackward")
mean.vjp(
    input=lambda g, input_shape, input_dtype, dim, keepdim: in_dtype(
        spread(g / max(count_of(input_shape, dim), 1), input_shape, dim, keepdim), input_dtype
    )
)


@op(grad_name="NansumBackward0", quiet=True)
def nansum(input, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None):
    """The sum with NaN counted as 0."""
    if input.dtype.kind == "c":
        raise RuntimeError("nansum on CPU does not support complex inputs")
    if dtype is not None:
        input = prims.cast(input, dtype.numpy)
    elif input.dtype.kind in "iub":
        return prims.sum(input, axes_of(dim, input.ndim), keepdim, np.dtype(np.int64))
    return _sum_of_numbers(input, np.zeros((), input.dtype), axes=axes_of(dim, input.ndim), keepdim=keepdim)


@fused
def _sum_of_numbers(x, zero, *, axes, keepdim):
    return prims.sum(prims.where(prims.ne(x, x), zero, x), axes, keepdim)


nansum.vjp(
    input=lambda g, input, input_dtype, dim, keepdim: in_dtype(
        where(isnan(input), 0.0, spread(g, tuple(input.shape), dim, keepdim)), input_dtype
    )
)


@composite
def nanmean(input, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None):
    """The mean of the elements that are not NaN."""
    if not input.dtype.is_differentiable:
        raise RuntimeError(
            f"nanmean(): expected input to have floating point or complex dtype but got {dtypes.scalar_name(input.dtype)}"
        )
    return nansum(input, dim, keepdim, dtype=dtype) / sum_(logical_not(isnan(input)), dim, keepdim)


@op(grad_name="ProdBackward0")
def prod(input, dim: Any = None, keepdim: bool = False, *, dtype: Any = None):
    """The product of the elements, over all dimensions or over one. Integers are multiplied in int64."""
    if isinstance(dim, (tuple, list)):
        raise TypeError("prod(): several dimensions")
    if dtype is not None:
        input = prims.cast(input, dtype.numpy)
    elif input.dtype.kind in "iub":
        return prims.prod(input, axes_of(dim, input.ndim), keepdim, np.dtype(np.int64))
    kind = input.dtype if input.dtype.kind in "iub" else None
    return prims.prod(input, axes_of(dim, input.ndim), keepdim, kind)


prod.op.variant = _numbered("ProdBackward")


@prod.vjp
def _prod_vjp(g: Any, input: Any, input_dtype: Any, dim: Any, keepdim: bool) -> Any:
    """Each factor's cotangent is the product of the others: exclusive products from both ends, so zeros are exact."""
    from .join import cat, flip
    from .scan import cumprod

    shape = tuple(input.shape)
    if not shape:
        return in_dtype(g * 1, input_dtype)
    flat = reshape(input, (-1,)) if dim is None else input
    axis = 0 if dim is None else wrap_dim(dim, len(shape))
    size = flat.shape[axis]
    if size == 0:
        return in_dtype(flat * 0, input_dtype)
    factors = in_dtype(flat, g.dtype.numpy if isinstance(g, Tensor) else g.dtype)
    lead = (slice(None),) * axis
    ones = factors[(*lead, slice(0, 1))] * 0 + 1
    before = cat([ones, cumprod(factors[(*lead, slice(0, size - 1))], axis)], axis)
    backwards = flip(factors, (axis,))
    after = flip(cat([ones, cumprod(backwards[(*lead, slice(0, size - 1))], axis)], axis), (axis,))
    others = before * after
    if g.dtype in (np.complex64, np.complex128, dtypes.complex64, dtypes.complex128):
        others = others.conj()
    whole = reshape(restored(g, shape, dim, keepdim), (1,)) if dim is None else restored(g, shape, dim, keepdim)
    return in_dtype(reshape(whole * others, shape), input_dtype)


# --- extremes ---------------------------------------------------------------------------------------------


def _evenly(g: Any, input: Any, result: Any, dim: Dims, keepdim: bool) -> Any:
    """The cotangent of an extreme, shared evenly among the elements that attain it."""
    shape = tuple(input.shape)
    chosen = input == restored(result, shape, dim, keepdim)
    number = (
        chosen.sum(axes_of(dim, len(shape)), keepdims=True)
        if not isinstance(chosen, Tensor)
        else sum_(chosen, dim, True)
    )
    if isinstance(number, Tensor) and dim is None:
        number = reshape(number, (1,) * len(shape))
    return where(chosen, restored(g, shape, dim, keepdim) / number, 0.0)


def _extreme(name: str, prim: Any, doc: str) -> Any:
    complex_check = lacking("c", f"{name[1:]}_values_cpu")

    @op(name=name, grad_name=f"{name.capitalize()}Backward0", exact_out=AMAX_OUT)
    def extreme(input, dim: Dims = (), keepdim: bool = False):
        complex_check(input)
        axes = axes_of(dim, input.ndim)
        _need_elements(name, input, axes)
        return prim(input, axes, keepdim)

    extreme.op.doc = doc
    extreme.vjp(input=_evenly)
    return extreme


def _need_elements(name: str, input: Any, axes: Any) -> None:
    if input.size:
        return
    for axis in range(input.ndim) if axes is None else axes:
        if input.shape[axis] == 0:
            if axes is not None:
                raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim "
                "with the 'dim' argument."
            )


amax = _extreme("amax", prims.amax, "The greatest element over `dim`.")
amin = _extreme("amin", prims.amin, "The least element over `dim`.")


def _all_extreme(name: str, prim: Any, grad_name: str) -> Any:
    @op(name=f"_{name}_all", method=False, grad_name=grad_name, out=False)
    def whole(input):
        lacking("c", f"{name}_all")(input)
        if input.size == 0:
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim "
                "with the 'dim' argument."
            )
        return prim(input, None, False)

    whole.vjp(input=lambda g, input, result: _evenly(g, input, result, None, False))
    return whole


def _picked(array: Any, places: Any, dim: int) -> Any:
    """The elements of `array` at `places` along `dim`."""
    if dim == array.ndim - 1 and array.flags.c_contiguous:  # NumPy's own function takes as long as the search
        lines = np.arange(0, array.size, array.shape[-1])
        lines += places.reshape(-1)
        return array.reshape(-1).take(lines).reshape(places.shape)
    return np.take_along_axis(array, np.expand_dims(places, dim), dim).squeeze(dim)


LARGE = 1 << 13
"""Elements that are sooner copied than searched along an axis that is not the last."""


def _searched(pick: Any, array: Any, dim: int) -> Any:
    """The places that `pick` finds along `dim`: NumPy's goes across memory where that is not the last."""
    if dim < array.ndim - 1 and array.size >= LARGE:
        return pick(copies.row_major(np.moveaxis(array, dim, -1)), array.ndim - 1)
    return pick(array, dim)


def _dim_extreme(name: str, prim: Any, pick: Any) -> Any:
    container = getattr(return_types, name)

    @op(name=f"_{name}_dim", method=False, grad_name=f"{name.capitalize()}Backward0", exact_out=SAME_OUT)
    def along(input, dim: int, keepdim: bool):
        refusing("c", f"{name}(): does not support complex input")(input)
        dim = wrap_dim(dim, input.ndim)
        if input.ndim and input.shape[dim] == 0:
            raise IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")
        if input.ndim == 0:
            return container(input.copy(), np.zeros((), np.int64))
        places = _searched(pick, input, dim)
        values = _picked(input, places, dim)
        if keepdim:
            return container(np.expand_dims(values, dim), np.expand_dims(places, dim))
        return container(values, places)

    along.vjp(input=lambda g, input_shape, result1, dim, keepdim: picked_vjp(g[0], input_shape, result1, dim, keepdim))
    return along


def picked_vjp(g: Any, input_shape: Any, places: Any, dim: int, keepdim: bool) -> Any:
    """The cotangent of picking one element along `dim`: put back where it was taken."""
    from .scatter import scatter

    if not len(input_shape):
        return g
    if not keepdim:
        g, places = unsqueeze(g, dim), unsqueeze(places, dim)
    zeros = np.zeros(input_shape, g.dtype.numpy if isinstance(g, Tensor) else g.dtype)
    if isinstance(g, Tensor):
        zeros = wrap(zeros)
    return scatter(zeros, dim, places, g)


_max_all, _min_all = _all_extreme("max", prims.amax, "MaxBackward1"), _all_extreme("min", prims.amin, "MinBackward1")
_max_dim = _dim_extreme("max", prims.amax, np.ndarray.argmax)
_min_dim = _dim_extreme("min", prims.amin, np.ndarray.argmin)


def _max_like(name: str, whole: Any, along: Any, pairwise: Any, doc: str) -> Any:
    """`max`, `min`: over everything, along a dimension (with positions), or of two tensors."""

    @composite(name=name)
    def function(input, dim: Any = None, keepdim: bool = False, *, other: Any = None):
        second = dim if isinstance(dim, Tensor) else other
        if second is not None:
            return pairwise(input, second)
        if dim is None:
            return whole(input)
        return along(input, dim, keepdim)

    function.op.doc, function.op.exact_out = doc, SAME_OUT
    return function


max_ = _max_like("max", _max_all, _max_dim, maximum, "The greatest element; with `dim`, also its position.")
min_ = _max_like("min", _min_all, _min_dim, minimum, "The least element; with `dim`, also its position.")


@op(exact_out=SAME_OUT)
def aminmax(input, *, dim: Any = None, keepdim: bool = False):
    """The least and the greatest element, over everything or along `dim`."""
    lacking("c", "aminmax_cpu")(input)
    axes = axes_of(dim, input.ndim)
    if input.size == 0 and axes is None:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        )
    if axes is not None and input.shape[axes[0]] == 0:
        raise IndexError(f"aminmax: Expected reduction dim {axes[0]} to have non-zero size.")
    return return_types.aminmax(prims.amin(input, axes, keepdim), prims.amax(input, axes, keepdim))


@aminmax.vjp
def _aminmax_vjp(g: Any, input: Any, result0: Any, result1: Any, dim: Any, keepdim: bool) -> Any:
    parts = [
        _evenly(each, input, result, dim, keepdim)
        for each, result in zip(g, (result0, result1), strict=True)
        if each is not None
    ]
    return parts[0] if len(parts) == 1 else parts[0] + parts[1]


def _position(name: str, pick: Any, doc: str) -> Any:
    check = every(
        refusing("c", f"{name}(): does not support complex input"),
        refusing("b", f"{name}(): does not support bool input"),
    )

    @op(name=name, quiet=False, exact_out=SAME_OUT)
    def function(input, dim: Any = None, keepdim: bool = False):
        check(input)
        if dim is None:
            if input.size == 0:
                raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
            return np.asarray(pick(input.reshape(-1), 0)).reshape((1,) * input.ndim if keepdim else ())
        dim = wrap_dim(dim, input.ndim)
        if input.ndim == 0:
            return np.zeros((), np.int64)
        if input.shape[dim] == 0:
            raise IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")
        places = _searched(pick, input, dim)
        return np.expand_dims(places, dim) if keepdim else places

    function.op.doc = doc
    return function


argmax = _position("argmax", np.argmax, "The position of the greatest element (the first of several).")
argmin = _position("argmin", np.argmin, "The position of the least element (the first of several).")


# --- logic ------------------------------------------------------------------------------------------------


def _truth(name: str, prim: Any, doc: str) -> Any:
    @op(name=name, quiet=False)
    def function(input, dim: Dims = None, keepdim: bool = False):
        found = prim(input, axes_of(dim, input.ndim), keepdim)
        return found.astype(np.uint8) if input.dtype == np.uint8 else found

    function.op.doc = doc
    return function


all_ = _truth("all", prims.all, "Whether all elements are nonzero.")
any_ = _truth("any", prims.any, "Whether any element is nonzero.")


@op(quiet=False, out=False)
def count_nonzero(input, dim: Dims = None):
    """The number of nonzero elements, over all dimensions or over `dim`."""
    return np.asarray(np.count_nonzero(input, axis=axes_of(dim, input.ndim)), np.int64)


@composite(out=False)
def equal(input, other) -> bool:
    """Whether both have the same shape and elements."""
    if not isinstance(other, Tensor):
        raise TypeError(f"equal(): argument 'other' (position 1) must be Tensor, not {type(other).__name__}")
    return input.shape == other.shape and bool((input._array == other._array).all())


@composite(out=False)
def allclose(input, other, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements are close: |input - other| <= atol + rtol * |other|."""
    return bool(isclose(input, other, rtol, atol, equal_nan)._array.all())


@composite(out=False)
def isclose(input, other, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False):
    """Where the elements are close: |input - other| <= atol + rtol * |other|."""
    if input.dtype is not other.dtype:
        raise RuntimeError(f"{dtypes.scalar_name(input.dtype)} did not match {dtypes.scalar_name(other.dtype)}")
    if rtol < 0:
        raise RuntimeError(f"rtol must be greater than or equal to zero, but got {rtol}")
    if atol < 0:
        raise RuntimeError(f"atol must be greater than or equal to zero, but got {atol}")
    a, b = input.detach(), other.detach()
    close = a == b
    if equal_nan and a.dtype.is_differentiable:
        close = close | (isnan(a) & isnan(b))
    if not a.dtype.is_differentiable:
        a, b = a.double(), b.double()
    allowed = atol + absolute(rtol * b)
    return close | (absolute(a - b).isfinite() & (absolute(a - b) <= allowed))


# --- moments ------------------------------------------------------------------------------------------------


def _array(input: Any) -> Any:
    return input._array if isinstance(input, Tensor) else input


def _correction(unbiased: Any, correction: Any) -> float:
    if correction is not None:
        return correction
    return 1 if unbiased is None or unbiased else 0


def _split_moment(dim: Any, unbiased: Any, correction: Any) -> tuple[Any, float]:
    """`var(False)` means `unbiased=False`; `var(0)` means dimension 0."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    return dim, _correction(unbiased, correction)


@op(method=False, name="_var", grad_name="VarBackward0", out=True)
def var_op(input, dim: Dims, correction: float, keepdim: bool):
    if input.dtype.kind in "iub":
        raise RuntimeError("std and var only support floating point and complex dtypes")
    axes = axes_of(dim, input.ndim)
    if count_of(input.shape, dim) - correction <= 0:
        warn(
            "var(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor (input "
            "numel divided by output numel).",
            UserWarning,
        )
    return prims.var(input, axes, keepdim, correction)


@var_op.vjp
def _var_vjp(g: Any, input: Any, dim: Dims, correction: float, keepdim: bool) -> Any:
    shape = tuple(input.shape)
    degrees = count_of(shape, dim) - correction
    axes = axes_of(dim, len(shape))
    if isinstance(input, Tensor):
        centred = input - mean(input, axes, True)
    else:
        centred = prims.sub(input, prims.mean(input, axes, True))
    scale = 2 / degrees if degrees > 0 else math.inf if degrees == 0 else math.nan
    return restored(g, shape, dim, keepdim) * scale * centred


@op(method=False, name="_std", grad_name="StdBackward0", out=True)
def std_op(input, dim: Dims, correction: float, keepdim: bool):
    if input.dtype.kind in "iub":
        raise RuntimeError("std and var only support floating point and complex dtypes")
    return prims.sqrt(prims.var(input, axes_of(dim, input.ndim), keepdim, correction))


@std_op.vjp
def _std_vjp(g: Any, result: Any, input: Any, dim: Dims, correction: float, keepdim: bool) -> Any:
    safe = where(result == 0, 0.0, g / (2 * result))
    return _var_vjp(safe, input, dim, correction, keepdim)


@composite
def var(input, dim: Dims = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None):
    """The variance, dividing by the number of elements less `correction` (1)."""
    dim, correction = _split_moment(dim, unbiased, correction)
    return var_op(input, dim, correction, keepdim)


@composite
def std(input, dim: Dims = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None):
    """The standard deviation: the square root of the variance."""
    dim, correction = _split_moment(dim, unbiased, correction)
    return std_op(input, dim, correction, keepdim)


@composite(method=False, out=False, grad_name="VarMeanBackward0")
def var_mean(input, dim: Dims = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None):
    """The variance and the mean."""
    dim, correction = _split_moment(dim, unbiased, correction)
    refusing("iub", "var_mean only support floating point and complex dtypes")(_array(input))
    return var_op(input, dim, correction, keepdim), mean(input, dim, keepdim)


@composite(method=False, out=False, grad_name="StdMeanBackward0")
def std_mean(input, dim: Dims = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None):
    """The standard deviation and the mean."""
    dim, correction = _split_moment(dim, unbiased, correction)
    refusing("iub", "std_mean only support floating point and complex dtypes")(_array(input))
    return std_op(input, dim, correction, keepdim), mean(input, dim, keepdim)


@fused
def _log_of_sum(x, *, axes):
    top = prims.amax(x, axes, True)
    top = prims.where(prims.isfinite(top), top, 0.0)
    return prims.log(prims.sum(prims.exp(x - top), axes, True)) + top


@op(grad_name="LogsumexpBackward0")
def logsumexp(input, dim: Dims, keepdim: bool = False):
    """The logarithm of the sum of exponentials over `dim`, computed from the greatest element."""
    axes = axes_of(dim, input.ndim)
    if input.dtype.kind in "iub":
        input = input.astype(dtypes.get_default_dtype().numpy)
    if input.size == 0:
        return np.log(prims.sum(np.exp(input), axes, keepdim))
    if input.dtype in (np.float32, np.float64):
        result = _log_of_sum(input, axes=axes)
    else:
        top = prims.amax(input.real if input.dtype.kind == "c" else input, axes, True)
        top = np.where(np.isfinite(top), top, 0).astype(top.dtype)
        result = prims.log(prims.sum(prims.exp(prims.sub(input, top)), axes, True)) + top
    if keepdim or not input.ndim:
        return result
    return result.reshape(tuple(n for i, n in enumerate(input.shape) if axes is not None and i not in axes))


@logsumexp.vjp
def _logsumexp_vjp(g: Any, input: Any, result: Any, dim: Dims, keepdim: bool) -> Any:
    shape = tuple(input.shape)
    weight = exp(input - restored(result, shape, dim, keepdim))
    if (not isinstance(weight, Tensor) and weight.dtype.kind == "c") or (
        isinstance(weight, Tensor) and weight.is_complex()
    ):
        weight = weight.conj()
    return restored(g, shape, dim, keepdim) * weight


@method
def is_nonzero(self: Tensor) -> bool:
    """Whether a one-element tensor is nonzero."""
    if self._array.size != 1:
        raise RuntimeError(
            "Boolean value of Tensor with "
            + ("no values" if self._array.size == 0 else "more than one value")
            + " is ambiguous"
        )
    return bool(self._array.item())
