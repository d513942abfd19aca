"""Reductions and normalizations of the elements under a mask: `torch.masked`.

What the mask leaves out counts as the identity of the operation; a mask is broadcast to the tensor.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

from .. import dtypes
from ..dtypes import dtype
from ..tensor import Tensor

__all__ = [
    "amax",
    "amin",
    "argmax",
    "argmin",
    "cumprod",
    "cumsum",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "mean",
    "median",
    "norm",
    "normalize",
    "prod",
    "softmax",
    "softmin",
    "std",
    "sum",
    "var",
]
INF = float("inf")


def _least(kind: dtype, name: str, sign: int) -> Any:
    """The identity of a maximum (sign 1) or minimum (-1) of a dtype."""
    if kind.is_floating_point:
        return -sign * INF
    if kind is dtypes.bool_ or kind.is_complex:
        raise NotImplementedError(f"identity of {name} on {kind} input")
    limits = dtypes.iinfo(kind)
    return limits.min if sign > 0 else limits.max


def _filled(input: Tensor, mask: Tensor | None, identity: Any) -> Any:
    """The tensor with `identity` where the mask is false."""
    if mask is None:
        return input
    return input.where(_broadcast(input, mask), input.new_full((), identity))  # type: ignore[attr-defined]


def _broadcast(input: Any, mask: Any) -> Any:
    return mask.expand(tuple(input.shape)).bool()


def _dims(input: Tensor, dim: Any) -> tuple[int, ...]:
    """Dimensions as a tuple; none given means all."""
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(input.ndim))
    given = dim if isinstance(dim, (tuple, list)) else (dim,)
    bound = builtins.max(input.ndim, 1)
    found: list[int] = []
    for each in given:
        if not -bound <= each < bound:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {each})"
            )
        if each % bound in found:
            raise RuntimeError(f"dim={each} appears multiple times in the list of dims")
        found.append(each % bound)
    return tuple(found)


def _summed_dtype(input: Tensor, given: dtype | None) -> dtype:
    if given is not None:
        return given
    return input.dtype if input.dtype.is_differentiable else dtypes.int64


def _reduction(function: Callable[..., Any]) -> Callable[..., Tensor]:
    """A reduction by its body, which gets the tensor in the wanted dtype and the dimensions as a tuple."""

    def reduced(
        input: Any,
        dim: Any = None,
        *,
        keepdim: bool | None = False,
        dtype: dtype | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        return function(input, _dims(input, dim), bool(keepdim), dtype, mask)  # type: ignore[no-any-return]

    reduced.__name__ = reduced.__qualname__ = function.__name__
    reduced.__doc__ = function.__doc__
    return reduced


@_reduction
def sum(input: Any, dim: Any, keepdim: bool, kind: Any, mask: Any) -> Any:
    """The sum of the elements under the mask."""
    wide = input.to(_summed_dtype(input, kind))
    return _filled(wide, mask, 0).sum(dim, keepdim) if dim else _filled(wide, mask, 0).sum()


@_reduction
def prod(input: Any, dim: Any, keepdim: bool, kind: Any, mask: Any) -> Any:
    """The product of the elements under the mask."""
    result = _filled(input.to(_summed_dtype(input, kind)), mask, 1)
    for each in sorted(dim, reverse=True):
        result = result.prod(each, keepdim)
    return result


@_reduction
def amax(input: Any, dim: Any, keepdim: bool, kind: Any, mask: Any) -> Any:
    """The greatest element under the mask."""
    wide = input if kind is None else input.to(kind)
    return _filled(wide, mask, _least(wide.dtype, "amax", 1)).amax(dim, keepdim)


@_reduction
def amin(input: Any, dim: Any, keepdim: bool, kind: Any, mask: Any) -> Any:
    """The least element under the mask."""
    wide = input if kind is None else input.to(kind)
    return _filled(wide, mask, _least(wide.dtype, "amin", -1)).amin(dim, keepdim)


@_reduction
def logsumexp(input: Any, dim: Any, keepdim: bool, kind: Any, mask: Any) -> Any:
    """The logarithm of the sum of exponentials under the mask."""
    wide = input if kind is None else input.to(kind)
    identity = -INF if wide.dtype.is_complex else _least(wide.dtype, "logsumexp", 1)
    found = _filled(wide, mask, identity).logsumexp(dim, keepdim)
    return found.to(wide.dtype)


@_reduction
def mean(input: Any, dim: Any, keepdim: bool, kind: Any, mask: Any) -> Any:
    """The mean of the elements under the mask; NaN where there are none."""
    wide = input if kind is None else input.to(kind)
    if not wide.dtype.is_differentiable:
        raise ValueError(
            "mean(): Could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: "
            f"{wide.dtype}"
        )
    if mask is None:
        return wide.mean(dim, keepdim)
    total = _filled(wide, mask, 0).sum(dim, keepdim)
    return total / _broadcast(input, mask).sum(dim, keepdim).to(wide.dtype)


def _position(name: str, sign: int) -> Callable[..., Tensor]:
    def function(
        input: Any,
        dim: int | None = None,
        *,
        keepdim: bool | None = False,
        dtype: dtype | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        wide = input if dtype is None else input.to(dtype)
        found = getattr(_filled(wide, mask, _least(wide.dtype, name, sign)), name)(dim, bool(keepdim))
        return found.to(wide.dtype)  # type: ignore[no-any-return]

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"The position of the {'greatest' if sign > 0 else 'least'} element under the mask."
    return function


argmax, argmin = _position("argmax", 1), _position("argmin", -1)


def median(
    input: Any, dim: int = -1, *, keepdim: bool = False, dtype: dtype | None = None, mask: Tensor | None = None
) -> Tensor:
    """The lower median of the elements under the mask."""
    wide = input if dtype is None else input.to(dtype)
    if mask is None:
        return wide.median(dim, keepdim).values  # type: ignore[no-any-return]
    under = _broadcast(input, mask)
    if not wide.dtype.is_floating_point:
        if not bool(under.any(dim).all()):
            raise ValueError("masked median expects no fully masked out rows if dtype is not floating point")
        real = _filled(wide.to(dtypes.float64), mask, float("nan"))
        return real.nanmedian(dim, keepdim).values.to(wide.dtype)  # type: ignore[no-any-return]
    return _filled(wide, mask, float("nan")).nanmedian(dim, keepdim).values  # type: ignore[no-any-return]


def norm(
    input: Any,
    ord: float | None = 2.0,
    dim: Any = None,
    *,
    keepdim: bool | None = False,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The vector norm of the elements under the mask."""
    from ..linalg import vector_norm

    wide = input if dtype is None else input.to(dtype)
    identity = INF if ord == -INF else 0
    return vector_norm(_filled(wide, mask, identity), ord, _dims(input, dim), bool(keepdim), dtype=dtype)  # type: ignore[no-any-return]


def _spread(
    input: Any, dim: Any, unbiased: Any, correction: Any, keepdim: Any, kind: dtype | None, mask: Tensor | None
) -> Any:
    """The variance of the elements under the mask."""
    if unbiased is not None and correction is not None:
        raise RuntimeError("Only one of unbiased and correction may be given")
    less = correction if correction is not None else 1 if unbiased or unbiased is None else 0
    dims, keep = _dims(input, dim), bool(keepdim)
    wide = kind or (input.dtype if input.dtype.is_differentiable else dtypes.float32)
    x = input.to(wide)
    under = _broadcast(input, mask) if mask is not None else None
    if under is None:
        number = x.new_ones(tuple(x.shape), dtype=dtypes.int64).sum(dims, True)
    else:
        number = under.sum(dims, True)
    centre = _filled(x, mask, 0).sum(dims, True) / number
    centred = x - centre
    total = _filled(centred * centred.conj(), mask, 0).sum(dims, keep)
    count = number if keep else number.reshape(tuple(total.shape))
    return (total / (count - less).clamp(min=0)).to(wide)


def var(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    *,
    correction: float | None = None,
    keepdim: bool | None = False,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The variance of the elements under the mask, dividing by their number less `correction` (1)."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    return _spread(input, dim, unbiased, correction, keepdim, dtype, mask)  # type: ignore[no-any-return]


def std(
    input: Any,
    dim: Any = None,
    unbiased: bool | None = None,
    *,
    correction: int | None = None,
    keepdim: bool | None = False,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The standard deviation of the elements under the mask: the square root of `var`."""
    return var(input, dim, unbiased, correction=correction, keepdim=keepdim, dtype=dtype, mask=mask).sqrt()  # type: ignore[attr-defined, no-any-return]


def logaddexp(
    input: Any,
    other: Any,
    *,
    dtype: dtype | None = None,
    input_mask: Tensor | None = None,
    other_mask: Tensor | None = None,
) -> Tensor:
    """log(exp(input) + exp(other)), each under its own mask."""
    first = input if dtype is None else input.to(dtype)
    second = other if dtype is None else other.to(dtype)
    return _filled(first, input_mask, -INF).logaddexp(_filled(second, other_mask, -INF))  # type: ignore[no-any-return]


def _along(name: str, identity: Any, doc: str) -> Callable[..., Tensor]:
    """A function along one dimension that keeps the shape."""

    def function(input: Any, dim: int, *, dtype: dtype | None = None, mask: Tensor | None = None) -> Tensor:
        wide = input if dtype is None else input.to(dtype)
        fill = identity(wide.dtype) if callable(identity) else identity
        return getattr(_filled(wide, mask, fill), name)(_dims(input, dim)[0])  # type: ignore[no-any-return]

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


softmax = _along("softmax", lambda kind: _least(kind, "amax", 1), "Softmax over the elements under the mask.")
log_softmax = _along("log_softmax", lambda kind: _least(kind, "amax", 1), "The logarithm of `softmax`.")
cumsum = _along("cumsum", 0, "The running sum of the elements under the mask.")
cumprod = _along("cumprod", 1, "The running product of the elements under the mask.")


def softmin(input: Any, dim: int, *, dtype: dtype | None = None, mask: Tensor | None = None) -> Tensor:
    """Softmax of the negative."""
    wide = input if dtype is None else input.to(dtype)
    filled = _filled(wide, mask, _least(wide.dtype, "amin", -1))
    return (-filled).softmax(_dims(input, dim)[0])  # type: ignore[no-any-return]


def normalize(
    input: Any,
    ord: float,
    dim: int,
    *,
    eps: float = 1e-12,
    dtype: dtype | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """The elements under the mask divided by their norm along `dim`, which is at least `eps`."""
    wide = input if dtype is None else input.to(dtype)
    size = norm(input, ord, dim, keepdim=True, dtype=dtype, mask=mask).clamp(min=eps)  # type: ignore[attr-defined]
    return _filled(wide, mask, 0) / size  # type: ignore[no-any-return]
