"""What is done to each array of a list, in one call where kernels can."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from flambeau import prims
from flambeau.kernels.fusion import MANY
from flambeau.prims.core import threshold

Array = np.ndarray


@cache
def _squares() -> Any:
    from flambeau.kernels.many import Many

    return Many(lambda x: prims.square(prims.cast(x, np.float64)), sums=1)


@cache
def _product() -> Any:
    from flambeau.kernels.many import Many

    return Many(lambda x, factor: x * factor)


def _run(many: Any, arrays: Sequence[Array], more: Sequence[float], writes: Sequence[int]) -> Array | None:
    """What a kernel of rows of one array gives, or None where it is not for one."""
    if not arrays or sum([array.size for array in arrays]) * MANY < threshold():
        return None
    from flambeau.kernels.many import apart, suits

    rows = [[array] for array in arrays]
    alike = len({array.dtype for array in arrays}) == 1 and all(map(suits, rows))
    return many()(rows, more, writes) if alike and (not writes or apart(list(arrays))) else None


def norms(arrays: Sequence[Array]) -> Array | None:
    """The Euclidean norm of each array, summed in float64; None where no kernel does it."""
    sums = _run(_squares, arrays, (), ())
    return None if sums is None else np.sqrt(sums).astype(arrays[0].dtype)


def scale(arrays: Sequence[Array], factor: float) -> bool:
    """Multiply each array by `factor`, in place; False, nothing done, where no kernel does it."""
    if not all(array.flags.writeable for array in arrays):
        return False
    return _run(_product, arrays, (factor,), (0,)) is not None
