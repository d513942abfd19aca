"""Discrete Fourier transforms over chosen dimensions: complex, real to complex, complex to real.

`norm` is "backward", "ortho" or "forward", read for the direction of the transform itself, as in
`torch.fft`. Single precision stays single.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

Array = np.ndarray
Dims = Sequence[int]
Norm = Literal["backward", "ortho", "forward"]


def fft_c2c(x: Array, dims: Dims, norm: Norm = "backward", forward: bool = True) -> Array:
    """Complex transform of `x` over `dims`; backward when not `forward`."""
    if not dims:
        return x.copy()
    transform = np.fft.fftn if forward else np.fft.ifftn
    return np.ascontiguousarray(transform(x, axes=dims, norm=norm))


def fft_r2c(x: Array, dims: Dims, norm: Norm = "backward", onesided: bool = True) -> Array:
    """Forward transform of real `x`; `onesided` keeps half of the last of `dims`."""
    if onesided:
        return np.ascontiguousarray(np.fft.rfftn(x, axes=dims, norm=norm))
    return fft_c2c(x.astype(np.result_type(x.dtype, np.complex64)), dims, norm)


def fft_c2r(x: Array, dims: Dims, norm: Norm = "backward", size: int = 0) -> Array:
    """Backward transform to a real array, whose last of `dims` has `size`."""
    sizes = [x.shape[dim] for dim in dims]
    sizes[-1] = size
    return np.ascontiguousarray(np.fft.irfftn(x, s=sizes, axes=dims, norm=norm))
