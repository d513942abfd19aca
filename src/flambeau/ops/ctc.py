"""Connectionist temporal classification (Graves et al., 2006)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from .declare import composite
from .join import cat, stack
from .reduction import logsumexp

IMPOSSIBLE = -1e30
"""The logarithm of a probability of 0, finite so that differences of two of them are numbers."""


def _lengths(value: Any) -> Any:
    return np.asarray(value._array if isinstance(value, Tensor) else value).reshape(-1).astype(np.int64)


@composite(method=False, out=False)
def ctc_loss(
    log_probs, targets, input_lengths: Any, target_lengths: Any, blank: int, reduction: Any, zero_infinity: bool
):
    """Minus the log-probability of all alignments of `targets` (N, S) or (sum of lengths) to `log_probs` (T, N, C).

    The forward recursion over the targets with blanks between them, in logarithms.
    """
    single = log_probs.ndim == 2
    scores = log_probs.unsqueeze(1) if single else log_probs
    frames, batch, classes = scores.shape
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    times, sizes = _lengths(input_lengths), _lengths(target_lengths)
    if len(times) != batch or len(sizes) != batch:
        raise RuntimeError("input_lengths must be of size batch_size")
    if times.size and times.max() > frames:
        raise RuntimeError(f"Expected input_lengths to have value at most {frames}, but got value {times.max()}")
    labels = targets._array
    width = int(sizes.max(initial=0))
    rows = np.full((batch, width), blank, np.int64)
    start = 0
    for place, size in enumerate(sizes):
        rows[place, :size] = labels[place, :size] if labels.ndim == 2 else labels[start : start + size]
        start += size
    extended = np.full((batch, 2 * width + 1), blank, np.int64)
    extended[:, 1::2] = rows
    jump = np.zeros(extended.shape, bool)
    jump[:, 2:] = (extended[:, 2:] != blank) & (extended[:, 2:] != extended[:, :-2])
    emitted = scores.gather(2, wrap(np.broadcast_to(extended, (frames, *extended.shape)).copy()))
    may_jump = wrap(jump)
    gap = scores.new_full((batch, 1), IMPOSSIBLE)
    alpha = cat([emitted[0, :, :2], scores.new_full((batch, max(2 * width - 1, 0)), IMPOSSIBLE)], 1)
    history = [alpha]
    for t in range(1, frames):
        once = cat([gap, alpha[:, :-1]], 1)
        twice = cat([gap, gap, alpha[:, :-2]], 1)[:, : alpha.shape[1]].where(may_jump, IMPOSSIBLE)
        alpha = logsumexp(stack([alpha, once, twice]), 0) + emitted[t]
        history.append(alpha)
    whole = stack(history)
    final = whole[wrap(np.maximum(times - 1, 0)), wrap(np.arange(batch))]
    last = final.gather(1, wrap((2 * sizes)[:, None]))
    before = final.gather(1, wrap(np.maximum(2 * sizes - 1, 0)[:, None])).where(wrap((sizes > 0)[:, None]), IMPOSSIBLE)
    losses = -logsumexp(cat([last, before], 1), 1)
    # PyTorch's gradient is that of the logits behind `log_probs`: it has the softmax's own term, which adds 0 here.
    alive = wrap((np.arange(frames)[:, None] < times)[..., None].astype(scores.dtype.numpy))
    mass = (scores.exp() * alive).sum((0, 2))
    losses = losses + (mass - mass.detach())
    losses = losses.where(losses < -IMPOSSIBLE / 2, 0.0 if zero_infinity else math.inf)
    if reduction in ("mean", 1):
        return (losses / wrap(np.maximum(sizes, 1).astype(losses.dtype.numpy))).mean()
    if reduction in ("sum", 2):
        return losses.sum()
    return losses.reshape(()) if single else losses
