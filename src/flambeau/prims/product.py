"""Products of two matrices: NumPy's BLAS, or the compiled kernel where that measures better."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from flambeau.kernels.pool import empty
from flambeau.prims.core import AUTO_THRESHOLD, COMPILED, elsewhere, threshold

Array = np.ndarray

# GFLOP/s of OpenBLAS and of the kernel, one core of an EPYC (Zen 4, whose peak is 112), in cache; N: rows' elements
# are neighbours, T: columns' are:
#   m, n, k            NN         NT         TN         TT
#   128, 9216, 64      77, 102    65, 102    70, 102    73, 102
#   300, 300, 300      103, 112   96, 112    102, 111   96, 111
#   1024, 576, 192     105, 113   102, 113   101, 108   102, 111
#   1024 cubed         97, 105    94, 109    100, 105   97, 106
#   2048 cubed         101, 105   98, 110    104, 99    95, 109
#   768, 192, 8192     97, 102    96, 108    94, 88     93, 91
#   20000, 10, 64      49, 68     49, 67     40, 63     41, 64
#   5, 3000, 3000      19, 13     13, 27     19, 13     13, 27
# `few_rows` reads a transposed b as it lies; OpenBLAS, the kernel and `few_rows`, in cache (and out of it, as the
# weights of a model are):
#   16, 768, 192      32, 62, 90
#   20, 800, 200      46, 77, 66
#   64, 576, 192      73 (65), 97 (87), 107 (103)
#   64, 192, 768      75 (68), 102 (91), 109 (101)
#   256, 768, 192     96, 106, 108
# On a Xeon with AVX-512, whose peak is 160, OpenBLAS had 155 at 2048 cubed and the kernel 140. But the threads of
# OpenBLAS look for work for some 20 ms after every call, on the cores on which the kernels' threads run: the step of
# a convolutional net took 54 ms with its linear layers' gradients by OpenBLAS, 38 ms without.
LEAST = 1 << 15
"""Multiplications from which the kernel beats BLAS."""
FEW, WASTE = 256, 4
"""A transposed second factor is not packed for up to `FEW` rows that fill vectors but for a `WASTE`th."""
NARROW = 8
PLANS = 1024
Run = Callable[..., Array]
"""Of factors, a bias or None, and what the product is written to, if not to new memory."""
_kernels: dict[Any, Run | None] = {}
"""What computes the products of matrices of given shapes, strides and dtypes, if a kernel does."""


def _suits(x: Array, y: Array) -> bool:
    """Whether a product of matrices, or each of a stack, is for the kernel."""
    (m, k), n, item = x.shape[-2:], y.shape[-1], x.itemsize
    return (
        x.dtype in COMPILED
        and y.dtype == x.dtype
        and m > 3
        and k > 3
        and n >= NARROW
        and m * n * k >= LEAST
        and threshold() <= AUTO_THRESHOLD
        and item in x.strides[-2:]
        and item in y.strides[-2:]
        and k == y.shape[-2]
    )


def _of_stacks(x: Array, y: Array) -> Run | None:
    """What computes products of stacks of matrices like these, if the kernel does."""
    if not x.size or not y.size or not _suits(x, y):
        return None
    from flambeau.kernels.host import available

    if not available():
        return None
    from flambeau.kernels import matmul

    lead = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    stack = matmul.stack_of(x, y, lead)
    return None if stack is None else matmul.prepared_stacks(x, y, stack, lead)


def _few(x: Array, y: Array) -> bool:
    """Whether there are few rows, and both factors' elements lie together along the sums."""
    m, item = len(x), x.itemsize
    return m <= FEW and x.strides[1] == item == y.strides[0] and -m % _lanes(x.dtype) * WASTE <= m


@cache
def _lanes(dtype: np.dtype) -> int:
    from flambeau.kernels.compile import engine

    return engine().vector_bytes // dtype.itemsize


def linear_kernel(x: Array, weight: Array, bias: Array | None) -> Any:
    """What `kernels.calls` run in place of `product(x, weight.T, bias)`, where that is `few_rows`; else None."""
    if not (_suits(x, weight.T) and _few(x, weight.T)):
        return None
    if bias is not None and (bias.dtype != x.dtype or bias.strides != (x.itemsize,)):
        return None
    from flambeau.kernels import few_rows

    (m, k), n = x.shape, len(weight)
    found = few_rows.plan(m, n, k, x.dtype, x.strides[0], weight.strides[0], bias is not None)
    return found.run, found.numbers, found.scratch * x.itemsize


def _kernel(x: Array, y: Array, bias: Array | None, add: bool) -> Run | None:
    """What computes products of operands like these, if a kernel does; or adds them to what it is given."""
    from flambeau.kernels.host import available

    if x.ndim > 1 < y.ndim and bias is None and not add and x.ndim + y.ndim > 4:
        return _of_stacks(x, y)
    if x.ndim != 2 or y.ndim != 2 or not _suits(x, y) or not available():
        return None
    if bias is not None and (bias.dtype != x.dtype or bias.strides != (x.itemsize,) or bias.shape != y.shape[1:]):
        return None
    from flambeau.kernels import few_rows, matmul

    return few_rows.prepared(x, y.T, bias) if _few(x, y) and not add else matmul.prepared(x, y, bias, add=add)


def _found(x: Array, y: Array, bias: Array | None, add: bool) -> Run | None:
    """What computes products of operands like these, looked for once."""
    third = None if bias is None else (bias.shape, bias.strides, bias.dtype)
    signature = (x.shape, x.strides, x.dtype, y.shape, y.strides, y.dtype, third, threshold() <= AUTO_THRESHOLD, add)
    try:
        return _kernels[signature]
    except KeyError:
        if len(_kernels) >= PLANS:
            _kernels.clear()
        run = _kernels[signature] = _kernel(x, y, bias, add)
        return run


def add_product(total: Array, x: Array, y: Array) -> None:
    """Add x @ y to `total` (m, n), which is row-major, for matrices x (m, k) and y (k, n) of its dtype."""
    run = _found(x, y, None, True)
    if run is None:
        total += np.matmul(x, y)
    else:
        run(x, y, None, total)


def product(x: Any, y: Any, bias: Any = None) -> Any:
    """x @ y + bias; `bias` (n,) for matrices x (m, k) and y (k, n)."""
    run = _found(x, y, bias, False)
    if run is not None:
        return run(x, y, bias)
    if x.ndim == 2 and y.ndim == 2 and x.dtype == y.dtype and x.shape[1] == y.shape[0]:
        result = np.matmul(x, y, out=empty((len(x), y.shape[1]), x.dtype))
    else:
        found = _found(x, y, None, False) if bias is not None else None
        result = np.matmul(x, y) if found is None else found(x, y, None)
    if bias is None:
        return result
    if not result.ndim or bias.dtype != result.dtype:
        return result + bias
    if result.size < threshold():
        return np.add(result, bias, out=result)
    return elsewhere("add", (result, bias), {"out": result})
