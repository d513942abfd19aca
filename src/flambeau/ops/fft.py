"""Discrete Fourier transforms.

Three linear ops (complex, real to complex, complex to real) and a resize carry the gradients; the
functions of `torch.fft` are written with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..prims import fft as arrays
from ..tensor import Array, Tensor, wrap_dim
from .convert import convert
from .declare import composite, op
from .indexing import dtype_name, is_complex
from .pointwise import conj

FFT = "flambeau.fft"
Dims = tuple[int, ...]
_SWAPPED: dict[str, Any] = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


@op(name="_fft_c2c", method=False, out=False, linear=True, grad_name="FftC2CBackward0")
def c2c(input, dims: Dims, norm: Any, forward: bool):
    return arrays.fft_c2c(input, dims, norm, forward)


@op(name="_fft_r2c", method=False, out=False, linear=True, grad_name="FftR2CBackward0")
def r2c(input, dims: Dims, norm: Any, onesided: bool):
    return arrays.fft_r2c(input, dims, norm, onesided)


@op(name="_fft_c2r", method=False, out=False, linear=True, grad_name="FftC2RBackward0")
def c2r(input, dims: Dims, norm: Any, size: int):
    return arrays.fft_c2r(input, dims, norm, size)


@op(name="_fft_resized", method=False, out=False, linear=True)
def resized(input, dims: Dims, sizes: Dims):
    """`input` cut, or filled up with zeros, to `sizes` along `dims`."""
    shape = list(input.shape)
    for dim, size in zip(dims, sizes, strict=True):
        shape[dim] = size
    common = tuple(slice(min(a, b)) for a, b in zip(shape, input.shape, strict=True))
    if all(n <= own for n, own in zip(shape, input.shape, strict=True)):
        return input[common].copy()
    result = np.zeros(shape, input.dtype)
    result[common] = input[common]
    return result


def _sizes(shape: Sequence[int], dims: Dims) -> Dims:
    return tuple(shape[dim] for dim in dims)


resized.vjp(input=lambda g, input_shape, dims: resized(g, dims, _sizes(input_shape, dims)))
c2c.vjp(input=lambda g, dims, norm, forward: c2c(g, dims, _SWAPPED[norm], not forward))


def _r2c_vjp(g, input_shape, dims, norm, onesided):
    if onesided:
        g = resized(g, dims[-1:], (input_shape[dims[-1]],))
    return c2c(g, dims, _SWAPPED[norm], False).real


def _c2r_vjp(g, input_shape, dims, norm, size):
    """Every frequency but the first (and the middle one) stands for its mirror image too."""
    spectrum = r2c(g, dims, _SWAPPED[norm], True)
    count = input_shape[dims[-1]]
    weights = np.full(count, 2.0)
    weights[0] = 1
    if size % 2 == 0:
        weights[-1] = 1
    weights = weights.reshape(-1, *(1,) * (len(input_shape) - 1 - dims[-1] % len(input_shape)))
    return scaled(spectrum, weights)


@op(name="_fft_scaled", method=False, out=False, linear=True)
def scaled(input, weights: Array):
    return (input * weights).astype(input.dtype)


scaled.vjp(input=lambda g, weights: scaled(g, weights))
r2c.vjp(input=_r2c_vjp)
c2r.vjp(input=_c2r_vjp)


# Arguments


def _norm(norm: str | None) -> str:
    if norm is None:
        return "backward"
    if norm not in _SWAPPED:
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    return norm


def _float_input(input: Tensor, *, complex: bool = False) -> Tensor:
    """The input in a floating dtype that can be transformed."""
    array = input._array
    if array.dtype.itemsize == 2 and array.dtype.kind in "fV":
        raise RuntimeError(f"Unsupported dtype {dtype_name(array)}")
    kind = input.dtype
    if array.dtype.kind in "iub":
        kind = dtypes.get_default_dtype()
    if complex:
        kind = kind.to_complex()
    return convert(input, kind)


def _real_input(name: str, input: Tensor) -> Tensor:
    if is_complex(input):
        raise RuntimeError(f"{name} expects a real input tensor, but got {dtype_name(input._array)}")
    return _float_input(input)


def _dim(dim: int, ndim: int) -> int:
    if ndim == 0:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return wrap_dim(dim, ndim)


def _check_points(sizes: Sequence[int]) -> None:
    for size in sizes:
        if size < 1:
            raise RuntimeError(f"Invalid number of data points ({size}) specified")


def _canonical(input: Tensor, s: Any, dim: Any) -> tuple[Dims, Dims]:
    """The dimensions of an n-d transform and their sizes (-1 and None: the input's own)."""
    ndim = input.ndim
    if dim is not None:
        given = (dim,) if isinstance(dim, int) else tuple(dim)
        dims = tuple(_dim(d, ndim) for d in given)
        if len(set(dims)) < len(dims):
            raise RuntimeError("FFT dims must be unique")
        if s is not None and len(s) != len(dims):
            raise RuntimeError("When given, dim and shape arguments must have the same length")
    elif s is not None:
        if len(s) > ndim:
            raise RuntimeError(f"Got shape with {len(s)} values but input tensor only has {ndim} dimensions.")
        dims = tuple(range(ndim - len(s), ndim))
    else:
        dims = tuple(range(ndim))
    own = _sizes(tuple(input.shape), dims)
    sizes = own if s is None else tuple(o if n == -1 else n for n, o in zip(s, own, strict=True))
    _check_points(sizes)
    return dims, sizes


def _fitted(input: Any, dims: Dims, sizes: Dims) -> Any:
    return input if _sizes(tuple(input.shape), dims) == sizes else resized(input, dims, sizes)


def _transform(input: Tensor, dims: Dims, sizes: Dims, norm: str | None, forward: bool) -> Any:
    norm = _norm(norm)
    if is_complex(input):
        return c2c(_fitted(input, dims, sizes), dims, norm, forward)
    x = _fitted(_float_input(input), dims, sizes)
    if not dims:
        return convert(x, x.dtype.to_complex())
    found = r2c(x, dims, norm if forward else _SWAPPED[norm], False)
    return found if forward else conj(found)


# One dimension


def _one(input: Tensor, n: int | None, dim: int) -> tuple[Dims, Dims]:
    dim = _dim(dim, input.ndim)
    size = input.shape[dim] if n is None else n
    _check_points((size,))
    return (dim,), (size,)


@composite(name="fft_fft", module=FFT, method=False)
def fft(input, n: int | None = None, dim: int = -1, norm: str | None = None):
    """The discrete Fourier transform along `dim`, of `n` points."""
    return _transform(input, *_one(input, n, dim), norm, forward=True)


@composite(name="fft_ifft", module=FFT, method=False)
def ifft(input, n: int | None = None, dim: int = -1, norm: str | None = None):
    """The inverse of `fft`."""
    return _transform(input, *_one(input, n, dim), norm, forward=False)


@composite(name="fft_rfft", module=FFT, method=False)
def rfft(input, n: int | None = None, dim: int = -1, norm: str | None = None):
    """The half of the transform of a real input that determines the rest."""
    x = _real_input("rfft", input)
    dims, sizes = _one(x, n, dim)
    return r2c(_fitted(x, dims, sizes), dims, _norm(norm), True)


def _half_sizes(input: Tensor, dims: Dims, sizes: Dims, last: int | None) -> tuple[Dims, int]:
    """The sizes of a half spectrum's dimensions, and how many real points it stands for."""
    size = 2 * (input.shape[dims[-1]] - 1) if last is None else last
    _check_points((size,))
    return (*sizes[:-1], size // 2 + 1), size


def _half_to_real(input: Any, dims: Dims, sizes: Dims, last: int | None, norm: str) -> Any:
    x = _float_input(input, complex=True)
    sizes, size = _half_sizes(x, dims, sizes, last)
    return c2r(_fitted(x, dims, sizes), dims, norm, size)


@composite(name="fft_irfft", module=FFT, method=False)
def irfft(input, n: int | None = None, dim: int = -1, norm: str | None = None):
    """The inverse of `rfft`, of `n` real points."""
    dim = _dim(dim, input.ndim)
    return _half_to_real(input, (dim,), (1,), n, _norm(norm))


@composite(name="fft_hfft", module=FFT, method=False)
def hfft(input, n: int | None = None, dim: int = -1, norm: str | None = None):
    """The transform of a Hermitian signal, given by its first half."""
    dim = _dim(dim, input.ndim)
    return _half_to_real(conj(input), (dim,), (1,), n, _SWAPPED[_norm(norm)])


@composite(name="fft_ihfft", module=FFT, method=False)
def ihfft(input, n: int | None = None, dim: int = -1, norm: str | None = None):
    """The inverse of `hfft`."""
    x = _real_input("ihfft", input)
    dims, sizes = _one(x, n, dim)
    return conj(r2c(_fitted(x, dims, sizes), dims, _SWAPPED[_norm(norm)], True))


# Several dimensions


@composite(name="fft_fftn", module=FFT, method=False)
def fftn(input, s: Any = None, dim: Any = None, norm: str | None = None):
    """The transform over several dimensions."""
    return _transform(input, *_canonical(input, s, dim), norm, forward=True)


@composite(name="fft_ifftn", module=FFT, method=False)
def ifftn(input, s: Any = None, dim: Any = None, norm: str | None = None):
    """The inverse of `fftn`."""
    return _transform(input, *_canonical(input, s, dim), norm, forward=False)


def _at_least_one(name: str, dims: Dims) -> None:
    if not dims:
        raise RuntimeError(f"{name} must transform at least one axis")


@composite(name="fft_rfftn", module=FFT, method=False)
def rfftn(input, s: Any = None, dim: Any = None, norm: str | None = None):
    """`fftn` of a real input: half of the last dimension."""
    x = _real_input("rfftn", input)
    dims, sizes = _canonical(x, s, dim)
    _at_least_one("rfftn", dims)
    return r2c(_fitted(x, dims, sizes), dims, _norm(norm), True)


def _canonical_half(name: str, input: Tensor, s: Any, dim: Any) -> tuple[Dims, Dims, int | None]:
    """Dimensions, sizes, and the real size of the last one if it is given."""
    dims, sizes = _canonical(input, s, dim)
    _at_least_one(name, dims)
    given = None if s is None or s[-1] == -1 else s[-1]
    return dims, sizes, given


@composite(name="fft_irfftn", module=FFT, method=False)
def irfftn(input, s: Any = None, dim: Any = None, norm: str | None = None):
    """The inverse of `rfftn`."""
    dims, sizes, last = _canonical_half("irfftn", input, s, dim)
    return _half_to_real(input, dims, sizes, last, _norm(norm))


@composite(name="fft_hfftn", module=FFT, method=False)
def hfftn(input, s: Any = None, dim: Any = None, norm: str | None = None):
    """The transform of a signal that is Hermitian in the last dimension."""
    dims, sizes, last = _canonical_half("hfftn", input, s, dim)
    x = _float_input(input, complex=True)
    half, size = _half_sizes(x, dims, sizes, last)
    x = c2c(_fitted(x, dims, half), dims[:-1], _norm(norm), True)
    return c2r(conj(x), dims[-1:], _SWAPPED[_norm(norm)], size)


@composite(name="fft_ihfftn", module=FFT, method=False)
def ihfftn(input, s: Any = None, dim: Any = None, norm: str | None = None):
    """The inverse of `hfftn`."""
    x = _real_input("ihfftn", input)
    dims, sizes = _canonical(x, s, dim)
    _at_least_one("ihfftn", dims)
    half = conj(r2c(_fitted(x, dims, sizes), dims[-1:], _SWAPPED[_norm(norm)], True))
    return c2c(half, dims[:-1], _norm(norm), False)


def _two_dimensional(name: str, transform: Any) -> Any:
    def over_two(input, s=None, dim=(-2, -1), norm: str | None = None):
        return transform(input, s, dim, norm)

    over_two.__doc__ = f"`{name[:-1]}n` over two dimensions, by default the last."
    return composite(over_two, name=f"fft_{name}", module=FFT, method=False)


fft2 = _two_dimensional("fft2", fftn)
ifft2 = _two_dimensional("ifft2", ifftn)
rfft2 = _two_dimensional("rfft2", rfftn)
irfft2 = _two_dimensional("irfft2", irfftn)
hfft2 = _two_dimensional("hfft2", hfftn)
ihfft2 = _two_dimensional("ihfft2", ihfftn)


# Order of frequencies


def _shift(input: Any, dim: Any, *, back: bool) -> Any:
    given = range(input.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
    dims = tuple(wrap_dim(d, input.ndim) for d in given)
    shifts = tuple((input.shape[d] + back) // 2 for d in dims)
    return input.roll(shifts, dims) if dims else input.clone()


@composite(name="fft_fftshift", module=FFT, method=False, out=False)
def fftshift(input, dim: Any = None):
    """Zero frequency moved to the middle."""
    return _shift(input, dim, back=False)


@composite(name="fft_ifftshift", module=FFT, method=False, out=False)
def ifftshift(input, dim: Any = None):
    """The inverse of `fftshift`."""
    return _shift(input, dim, back=True)


def fftfreq(n: int, d: float = 1.0, *, out=None, **options: Any) -> Tensor:
    """The frequencies of the `n` points of `fft`, at sample spacing `d`."""
    steps = np.fft.ifftshift(np.arange(-(n // 2), n - n // 2)) if n else np.zeros(0)
    return _frequencies(steps, n, d, out, options)


def rfftfreq(n: int, d: float = 1.0, *, out=None, **options: Any) -> Tensor:
    """The frequencies of the points of `rfft`."""
    return _frequencies(np.arange(n // 2 + 1), n, d, out, options)


def _frequencies(steps: Array, n: int, d: float, out: Tensor | None, options: Any) -> Tensor:
    from .creation import tensor

    dtype = options.pop("dtype", None) or dtypes.get_default_dtype()
    found = tensor(steps * (1.0 / (n * d) if n else 1.0), dtype=dtype, **options)
    if out is None:
        return found
    out.resize_(found.shape)  # type: ignore[attr-defined]
    return out.copy_(found)  # type: ignore[attr-defined]
