"""Sliding windows of arrays: their strided view, their columns (im2col) and the sum back (col2im).

Every function takes the spatial axes last, of any number, and one value for each of them in
`kernel`, `stride`, `padding` and `dilation`.
"""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided

from flambeau.prims import copies

Sizes = tuple[int, ...]


def window_counts(spatial: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> Sizes:
    """How many windows fit along each spatial axis (negative where the kernel is larger)."""
    return tuple(
        (size + 2 * p - d * (k - 1) - 1) // s + 1
        for size, k, s, p, d in zip(spatial, kernel, stride, padding, dilation, strict=True)
    )


def padded(input: np.ndarray, padding: Sizes, value: object = 0) -> np.ndarray:
    """`input` with `padding` more elements of `value` on both sides of each trailing axis."""
    if not any(padding):
        return input
    lead = input.ndim - len(padding)
    spatial = tuple(s + 2 * p for s, p in zip(input.shape[lead:], padding, strict=True))
    result = copies.full(input.shape[:lead] + spatial, input.dtype, value)
    copies.write(result[interior(input.shape[lead:], padding)], input)
    return result


def interior(spatial: Sizes, padding: Sizes) -> tuple:
    """The index of what `padded` copied from its input."""
    return (..., *(slice(p, p + s) for s, p in zip(spatial, padding, strict=True)))


def windows(input: np.ndarray, counts: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes) -> np.ndarray:
    """A read-only view (*lead, *kernel, *counts) of the windows of a padded `input`."""
    rank = len(kernel)
    lead, steps = input.shape[: input.ndim - rank], input.strides[input.ndim - rank :]
    taps = tuple(t * d for t, d in zip(steps, dilation, strict=True))
    moves = tuple(t * s for t, s in zip(steps, stride, strict=True))
    strides = input.strides[: len(lead)] + taps + moves
    return as_strided(input, lead + kernel + counts, strides, writeable=False)


def offsets(kernel: Sizes, counts: Sizes, stride: Sizes, dilation: Sizes) -> Iterator[tuple[Sizes, tuple]]:
    """Each kernel position with the index of the padded elements it meets in all windows."""
    for at in itertools.product(*map(range, kernel)):
        yield (
            at,
            (
                ...,
                *(
                    slice(a * d, a * d + s * (n - 1) + 1, s)
                    for a, n, s, d in zip(at, counts, stride, dilation, strict=True)
                ),
            ),
        )


def unfold(input: np.ndarray, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes) -> np.ndarray:
    """(*lead, *spatial) to (*lead, *kernel, *counts): every window of the zero-padded `input`."""
    rank = len(kernel)
    counts = window_counts(input.shape[input.ndim - rank :], kernel, stride, padding, dilation)
    return windows(padded(input, padding), counts, kernel, stride, dilation).copy()


def fold(
    columns: np.ndarray,
    spatial: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
) -> np.ndarray:
    """The transpose of `unfold`: (*lead, *kernel, *counts) summed into (*lead, *spatial)."""
    rank = len(kernel)
    lead, counts = columns.shape[: columns.ndim - 2 * rank], columns.shape[columns.ndim - rank :]
    wide = tuple(s + 2 * p for s, p in zip(spatial, padding, strict=True))
    result = np.zeros(lead + wide, columns.dtype)
    if columns.size:
        each = (slice(None),) * len(lead)
        for at, place in offsets(kernel, counts, stride, dilation):
            result[place] += columns[each + at]
    return np.ascontiguousarray(result[interior(spatial, padding)])
