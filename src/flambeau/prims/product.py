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
# Of a transposed a the rows come apart in memory: on the Xeon 137 and 101. Not so on the EPYC, where OpenBLAS and the
# kernel that packs b do, with two cores, out of cache:
#   1024, 768, 192, b transposed     189, 213
#   1024, 192, 768                   187, 209
#   576, 192, 1024, a transposed     180, 193
#   512, 784, 128, a transposed      182, 194
#   700, 800, 200, b transposed      168, 136 (in a step that uses OpenBLAS for others): the last panel is half empty
#   800, 200, 700, a transposed      165, 153: the last panel is nearly empty
#   10, 256, 128, a transposed       82, 76
#   2048 cubed                       200, 204
# OpenBLAS's threads wait awake, too: a step that uses both kinds of threads is slower than one of either.
LEAST = 1 << 15
"""Multiplications from which the kernel beats BLAS."""
FEW = 256
"""Rows up to which it does: it does not pack them, and more do not stay in the cache."""
WASTE = 4
"""A transposed second factor is not packed where the rows fill vectors but for a `WASTE`th (`kernels.few_rows`)."""
NARROW = 16
COMPILED = (np.dtype(np.float32), np.dtype(np.float64))


MUCH = 1 << 20
"""Multiplications from which it does, on `QUICK` processors, with any rows too, where all panels are full or each is
packed once."""
QUICK = {("AuthenticAMD", 25)}  # Zen 3 and 4
ONCE = 512
"""Rows for which a panel is packed once."""


def _suits(x: Array, y: Array) -> bool:
    (m, k), n, item = x.shape, y.shape[1], x.itemsize
    return (
        x.dtype in COMPILED
        and y.dtype == x.dtype
        and m > 3
        and k > 3
        and n >= NARROW
        and m * n * k >= LEAST
        and threshold() <= AUTO_THRESHOLD
        and item in y.strides
        and ((m <= FEW and x.strides[1] == item) or (m * n * k >= MUCH and item in x.strides and _quick(m, n, item)))
    )


def _quick(rows: int, columns: int, item: int) -> bool:
    from flambeau.kernels.host import family

    return family() in QUICK and (columns % _panel(item) == 0 or rows <= ONCE)


@cache
def _panel(item: int) -> int:
    """Columns of a packed panel."""
    from flambeau.kernels import tile
    from flambeau.kernels.host import vector_bytes

    return max(tile.SIZES[vector_bytes()]) * vector_bytes() // item


def _few(x: Array, y: Array) -> bool:
    """Whether `few_rows` is the kernel of x @ y, which suit the kernels."""
    from flambeau.kernels.host import vector_bytes

    m, item = len(x), x.itemsize
    return x.strides[1] == y.strides[0] == item and m <= FEW and -m % (vector_bytes() // item) * WASTE <= m


def linear_kernel(x: Array, weight: Array, bias: Array | None) -> Any:
    """What `kernels.calls` run in place of `product(x, weight.T, bias)`, where that is `few_rows`; else None."""
    if x.shape[1] != weight.shape[1] or not (_suits(x, weight.T) and _few(x, weight.T)):
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
            if _few(x, y):
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
