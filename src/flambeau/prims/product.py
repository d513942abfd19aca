"""Products of two matrices: NumPy's BLAS, or the compiled kernel where that measures better."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from flambeau.kernels.pool import empty
from flambeau.prims.core import AUTO_THRESHOLD, elsewhere, threshold

Array = np.ndarray

# GFLOP/s of OpenBLAS and of the kernel, one core of a Xeon with AVX-512, in cache:
#   m, n, k           b as it lies   b transposed
#   16, 576, 192      44, 80         44, 80
#   64, 768, 192      93, 127        95, 127
#   128, 512, 784     114, 136       118, 140
#   1024, 768, 192    144, 137       137, 141; out of cache, in the steps of a GPT, 108 and 94
#   2048 cubed        155, 140
# The same of an EPYC (Zen 4, FMA peak 112): OpenBLAS, the kernel that packs b, and `few_rows`, for b transposed, in
# cache (and out of it, as the weights of a model are):
#   16, 768, 192      32, 62, 90
#   20, 800, 200      46, 77, 66
#   64, 576, 192      73 (65), 97 (87), 107 (103)
#   64, 192, 768      75 (68), 102 (91), 109 (101)
#   256, 768, 192     96, 106, 108
# Of a transposed a the rows come apart in memory: 137 and 101.
LEAST = 1 << 15
"""Multiplications from which the kernel beats BLAS."""
FEW = 256
"""Rows up to which it does: it does not pack them, and more do not stay in the cache."""
WASTE = 4
"""A transposed second factor is not packed where the rows fill vectors but for a `WASTE`th (`kernels.few_rows`)."""
NARROW = 16
COMPILED = (np.dtype(np.float32), np.dtype(np.float64))


def _suits(x: Array, y: Array) -> bool:
    (m, k), n, item = x.shape, y.shape[1], x.itemsize
    return (
        x.dtype in COMPILED
        and y.dtype == x.dtype
        and 3 < m <= FEW
        and k > 3
        and n >= NARROW
        and m * n * k >= LEAST
        and threshold() <= AUTO_THRESHOLD
        and x.strides[1] == item
        and item in y.strides
    )


@cache
def _lanes(dtype: np.dtype) -> int:
    from flambeau.kernels.compile import engine

    return engine().vector_bytes // dtype.itemsize


def _fills(x: Array) -> bool:
    return -len(x) % _lanes(x.dtype) * WASTE <= len(x)


def linear_kernel(x: Array, weight: Array, bias: Array | None) -> Any:
    """What `kernels.calls` run in place of `product(x, weight.T, bias)`, where that is `few_rows`; else None."""
    if not (_suits(x, weight.T) and x.shape[1] == weight.shape[1] and weight.strides[1] == x.itemsize and _fills(x)):
        return None
    if bias is not None and (bias.dtype != x.dtype or bias.strides != (x.itemsize,)):
        return None
    from flambeau.kernels import few_rows

    (m, k), n = x.shape, len(weight)
    found = few_rows.plan(m, n, k, x.dtype, x.strides[0], weight.strides[0], bias is not None)
    return found.run, found.numbers, found.scratch * x.itemsize


def product(x: Any, y: Any, bias: Any = None) -> Any:
    """x @ y + bias; `bias` (n,) for matrices x (m, k) and y (k, n)."""
    if x.ndim == 2 and y.ndim == 2 and _suits(x, y) and x.shape[1] == y.shape[0]:
        from flambeau.kernels.host import available

        if available() and (bias is None or (bias.dtype == x.dtype and bias.strides == (x.itemsize,))):
            if y.strides[0] == x.itemsize and _fills(x):
                from flambeau.kernels import few_rows

                return few_rows.multiply(x, y.T, bias)
            from flambeau.kernels.matmul import multiply

            return multiply(x, y, bias)
    if x.ndim == 2 and y.ndim == 2 and x.dtype == y.dtype and x.shape[1] == y.shape[0]:
        result = np.matmul(x, y, out=empty((len(x), y.shape[1]), x.dtype))
    else:
        result = np.matmul(x, y)
    if bias is None:
        return result
    if not result.ndim or bias.dtype != result.dtype:
        return result + bias
    if result.size < threshold():
        return np.add(result, bias, out=result)
    return elsewhere("add", (result, bias), {"out": result})
