"""Running sums, products and extrema along one dimension, and what is made of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import return_types
from ..dtypes import dtype as DType
from ..prims import scan as arrays
from ..prims.copies import row_major
from ..tensor import Array, Tensor, wrap_dim
from .comparison import where
from .declare import alias, composite, op
from .indexing import dtype_name, is_complex, placed, zeros_of
from .join import cat
from .pointwise import conj, exp, log
from .scatter import sums_at


def _target(input: Array, dtype: DType | None) -> np.dtype:
    """The dtype of a running sum or product: integers become int64."""
    if dtype is not None:
        return dtype.numpy
    return _INT64 if input.dtype.kind in "iub" else input.dtype


_INT64 = np.dtype(np.int64)


@op(inplace=True)
def cumsum(input, dim: int, *, dtype: DType | None = None):
    """The running sum along `dim`; integers become int64."""
    return arrays.cumsum(row_major(input), wrap_dim(dim, input.ndim), _target(input, dtype))


@op(name="_mirrored", method=False, out=False, linear=True)
def mirrored(input, dim: int):
    return np.flip(input, dim).copy() if input.ndim else input


mirrored.vjp(input=lambda g, dim: mirrored(g, dim))


def suffix_sum(g: Any, dim: int) -> Any:
    """The sum from each place along `dim` to the end."""
    return mirrored(cumsum(mirrored(g, dim), dim), dim)


cumsum.vjp(input=lambda g, dim: suffix_sum(g, dim))


@op(inplace=True)
def cumprod(input, dim: int, *, dtype: DType | None = None):
    """The running product along `dim`; integers become int64."""
    return arrays.cumprod(row_major(input), wrap_dim(dim, input.ndim), _target(input, dtype))


def _cumprod(g, input, dim, result):
    """d out[k] / d in[i] = out[k] / in[i] for k >= i; without division where an element is zero."""
    if input.ndim == 0:
        return g
    if not bool((input == 0).any()):
        return suffix_sum(g * conj(result), dim) / conj(input)
    dim = wrap_dim(dim, input.ndim)
    ones = zeros_of(input, input.shape) + 1
    total = zeros_of(input, input.shape)
    before = (slice(None),) * dim
    for i in range(input.shape[dim]):
        # The products of the elements after i with all those before it, for every end k >= i.
        later = input[(*before, slice(i, None))]
        head = ones[(*before, slice(i, i + 1))]
        if i:
            head = head * result[(*before, slice(i - 1, i))]
        rest = later[(*before, slice(1, None))]
        tail = cumprod(rest, dim) * head if rest.shape[dim] else rest
        part = g[(*before, slice(i, i + 1))] * conj(head)
        if rest.shape[dim]:
            more = g[(*before, slice(i + 1, None))] * conj(tail)
            part = part + more.sum(dim).reshape(part.shape)
        total = total + placed(part, tuple(input.shape), (*before, slice(i, i + 1)))
    return total


cumprod.vjp(input=_cumprod)


def _extremum(name: str) -> Any:
    @op(name=name)
    def running(input, dim: int):
        if input.dtype.kind == "c":
            raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{dtype_name(input)}'")
        found = getattr(arrays, name)(row_major(input), wrap_dim(dim, input.ndim))
        return getattr(return_types, name)(*found)

    running.vjp(input=lambda g, input_shape, dim, result1: sums_at(g[0], dim, result1, input_shape))
    return running


cummax = _extremum("cummax")
cummin = _extremum("cummin")


@op
def logcumsumexp(input, dim: int):
    """`log(cumsum(exp(input)))` along `dim`, without overflow."""
    if input.dtype.kind in "iub":
        raise NotImplementedError(f"\"logcumsumexp_out_cpu\" not implemented for '{dtype_name(input)}'")
    return arrays.logcumsumexp(row_major(input), wrap_dim(dim, input.ndim))


def _logcumsumexp(g, input, dim, result):
    """`exp(input) * suffix_sum(g * exp(-result))`, summed in logarithms by sign."""

    def part(log_g):
        ends = mirrored(log_g - conj(result), dim)
        return exp(mirrored(logcumsumexp(ends, dim), dim) + conj(input))

    if isinstance(g, Tensor):
        # To be differentiated again, where the logarithm of a zero would give NaN.
        top = result.detach().real.max() if result.numel() else 0.0
        return suffix_sum(g * exp(conj(top - result)), dim) * exp(conj(input - top))
    if is_complex(g):
        return part(log(g))
    zero = zeros_of(g, ()) - math.inf
    return part(where(g > 0, log(g), zero)) - part(where(g < 0, log(-g), zero))


logcumsumexp.vjp(input=_logcumsumexp)


@composite
def diff(input, n: int = 1, dim: int = -1, prepend=None, append=None):
    """The `n`-th differences of neighbours along `dim`."""
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    if input.ndim == 0:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    dim = wrap_dim(dim, input.ndim)
    for name, part in (("prepend", prepend), ("append", append)):
        if part is not None:
            _check_ends(name, part, input, dim)
    if n == 0:
        return input.clone()
    ends = [part for part in (prepend, input, append) if part is not None]
    joined = cat(ends, dim) if len(ends) > 1 else input
    for _ in range(min(n, joined.shape[dim])):
        length = joined.shape[dim]
        late = joined.narrow(dim, min(1, length), max(length - 1, 0))
        early = joined.narrow(dim, 0, max(length - 1, 0))
        joined = late ^ early if joined._array.dtype == bool else late - early
    return joined


def _check_ends(name: str, part: Any, input: Any, dim: int) -> None:
    if part.ndim != input.ndim:
        raise RuntimeError("diff expects prepend or append to be the same dimension as input")
    for axis, (a, b) in enumerate(zip(part.shape, input.shape, strict=True)):
        if axis != dim and a != b:
            raise RuntimeError(
                "diff expects the shape of tensor to prepend or append to match that of input "
                "except along the differencing dimension; "
                f"input.size({axis}) = {b}, but got tensor.size({axis}) = {a}"
            )


def _panels(y: Any, x: Any, dx: Any, dim: int) -> Any:
    """The areas between neighbours: half the sum of their heights times their distance."""
    dim = wrap_dim(dim, y.ndim)
    length = y.shape[dim]
    heights = y.narrow(dim, min(1, length), max(length - 1, 0)) + y.narrow(dim, 0, max(length - 1, 0))
    if x is None:
        return heights * (dx / 2)
    if x.ndim == 1:
        if x.shape[0] != length:
            raise RuntimeError("trapezoid: There must be one `x` value for each sample point")
        steps = (x[1:] - x[:-1]).reshape(-1, *(1,) * (y.ndim - 1 - dim))
    else:
        along = dim - y.ndim
        count = x.shape[along]
        steps = x.narrow(along, 1, count - 1) - x.narrow(along, 0, count - 1)
    return heights * steps / 2


@composite(method=False, out=False)
def trapezoid(y, x=None, *, dx: Any = 1, dim: int = -1):
    """The integral along `dim` by the trapezoidal rule, over `x` or with spacing `dx`."""
    return _panels(y, x, dx, dim).sum(dim)


@composite(method=False, out=False)
def cumulative_trapezoid(y, x=None, *, dx: Any = 1, dim: int = -1):
    """The running integral along `dim` by the trapezoidal rule."""
    return cumsum(_panels(y, x, dx, dim), dim)


alias(trapezoid, "trapz", method=False)
