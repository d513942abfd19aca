"""Complex tensors and their real and imaginary parts, as views of one another."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import from_numpy_dtype, scalar_name
from ..tensor import Tensor, attach
from .declare import composite
from .declare import view as view_op


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


attach(real=_part(real), imag=_part(imag))
