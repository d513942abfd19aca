"""Discrete Fourier transforms over chosen dimensions: complex, real to complex, complex to real.

`norm` is "backward", "ortho" or "forward", read for the direction of the transform itself, as in
`torch.fft`. Single precision stays single. Large transforms are SciPy's, which has vectors and threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from flambeau.kernels.threads import get_num_threads
from flambeau.prims.copies import row_major

Array = np.ndarray
Dims = Sequence[int]
Norm = Literal["backward", "ortho", "forward"]
LEAST = 1 << 11
"""Elements from which SciPy is faster; below, NumPy spares its import."""


def _transform(name: str, x: Array, dims: Dims, norm: Norm, sizes: Sequence[int] | None = None) -> Array:
    """`name` of NumPy's functions and of SciPy's."""
    if x.size < LEAST:
        found: Any = getattr(np.fft, name)(x, s=sizes, axes=dims, norm=norm)
    else:
        import scipy.fft

        found = getattr(scipy.fft, name)(x, s=sizes, axes=dims, norm=norm, workers=get_num_threads())
    return row_major(found)  # type: ignore[no-any-return]


def fft_c2c(x: Array, dims: Dims, norm: Norm = "backward", forward: bool = True) -> Array:
    """Complex transform of `x` over `dims`; backward when not `forward`."""
    if not dims:
        return x.copy()
    return _transform("fftn" if forward else "ifftn", x, dims, norm)


def fft_r2c(x: Array, dims: Dims, norm: Norm = "backward", onesided: bool = True) -> Array:
    """Forward transform of real `x`; `onesided` keeps half of the last of `dims`."""
    if onesided:
        return _transform("rfftn", x, dims, norm)
    return fft_c2c(x.astype(np.result_type(x.dtype, np.complex64)), dims, norm)


def fft_c2r(x: Array, dims: Dims, norm: Norm = "backward", size: int = 0) -> Array:
    """Backward transform to a real array, whose last of `dims` has `size`."""
    sizes = [x.shape[dim] for dim in dims]
    sizes[-1] = size
    return _transform("irfftn", x, dims, norm, sizes)
