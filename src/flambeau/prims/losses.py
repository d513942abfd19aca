"""The cross-entropy of logits and class indices over arrays, where a kernel computes it."""

from __future__ import annotations

import numpy as np

from flambeau.prims.core import COMPILED, pays

LEAST = 1 << 8
"""Logits from which the kernel beats NumPy, whose calls are some ten."""
Array = np.ndarray


def suits(x: Array, target: Array) -> bool:
    """Whether a kernel computes the losses of these: rows of logits, an int64 for each."""
    if not (
        x.ndim == 2
        and target.ndim == 1
        and len(x) == len(target)
        and pays(x.size, LEAST)
        and x.size > 0
        and x.dtype in COMPILED
        and target.dtype == np.int64
        and x.flags.c_contiguous
        and target.flags.c_contiguous
    ):
        return False
    from flambeau.kernels.host import available

    return available()


def class_losses(x: Array, target: Array, ignored: int) -> tuple[Array, int, bool]:
    """The loss of each row, 0 for class `ignored`; how many rows are not; whether all others are classes."""
    from flambeau.kernels import losses

    found, word = losses.losses(x, target, ignored)
    count = int(np.count_nonzero(target != ignored)) if word & losses.IGNORED else len(target)
    return found, count, not word & losses.OUTSIDE


def cotangent(x: Array, target: Array, ignored: int, scale: Array) -> Array:
    """The cotangent of `x`; `scale`, of its dtype, has the cotangent of each row's loss, or that of all."""
    from flambeau.kernels import losses

    return losses.cotangent(x, target, ignored, scale)
