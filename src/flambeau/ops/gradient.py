"""Numerical derivatives of sampled functions."""

from __future__ import annotations

from typing import Any

from ..dtypes import get_default_dtype
from ..tensor import Tensor, wrap_dim
from .creation import creator
from .join import cat

NAME = "torch.gradient expected"


def _dims(input: Tensor, dim: Any) -> list[int]:
    if dim is None:
        return list(range(input.ndim))
    dims = [wrap_dim(d, input.ndim) for d in ((dim,) if isinstance(dim, int) else dim)]
    for d in dims:
        if dims.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return dims


def _spacings(spacing: Any, dims: list[int]) -> list[Any]:
    """For each dimension a distance, or the coordinates of the samples."""
    if spacing is None or isinstance(spacing, (int, float, complex)):
        return [1 if spacing is None else spacing] * len(dims)
    given = [spacing] if isinstance(spacing, Tensor) else list(spacing)
    if len(given) != len(dims):
        raise RuntimeError(
            f"{NAME} spacing to be unspecified, a scalar or a list of length equal to "
            f"'self.dim() = {len(dims)}', since dim argument is None or of that length, but got a "
            f"list of length {len(given)}"
        )
    return given


def _slope(input: Any, dim: int, spacing: Any, edge_order: int) -> Any:
    """Central differences inside; one-sided ones of the given order at the ends."""
    count = input.shape[dim]

    def part(start: int, length: int = 1) -> Any:
        return input.narrow(dim, start % count, length)

    if isinstance(spacing, Tensor):
        steps = (spacing[1:] - spacing[:-1]).reshape(-1, *(1,) * (input.ndim - 1 - dim))
    else:
        whole = not (input.is_floating_point() or input.is_complex())
        kind = get_default_dtype() if whole else input.real.dtype
        shape = (count - 1, *(1,) * (input.ndim - 1 - dim))
        steps = input.new_full(shape, spacing, dtype=kind)
    before, after = steps[:-1], steps[1:]
    inner = (
        part(0, count - 2) * (-after / (before * (before + after)))
        + part(1, count - 2) * ((after - before) / (before * after))
        + part(2, count - 2) * (before / (after * (before + after)))
    )
    first, last = steps[:1], steps[-1:]
    if edge_order == 1:
        head, tail = (part(1) - part(0)) / first, (part(-1) - part(-2)) / last
    else:
        second, previous = steps[1:2], steps[-2:-1]
        head = (
            part(0) * (-(2 * first + second) / (first * (first + second)))
            + part(1) * ((first + second) / (first * second))
            - part(2) * (first / (second * (first + second)))
        )
        tail = (
            part(-3) * (last / (previous * (previous + last)))
            - part(-2) * ((previous + last) / (previous * last))
            + part(-1) * ((2 * last + previous) / (last * (previous + last)))
        )
    return cat([head, inner, tail], dim)


@creator
def gradient(input: Any, *, spacing: Any = None, dim: Any = None, edge_order: int = 1) -> tuple[Any, ...]:
    """The derivatives along `dim`, a tensor for each, of a function given by its samples.

    `spacing` is a distance, one for each dimension, or the coordinates along each.
    """
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    dims = _dims(input, dim)
    spacings = _spacings(spacing, dims)
    for d in dims:
        if input.shape[d] < edge_order + 1:
            raise RuntimeError(f"{NAME} each dimension size to be at least edge_order+1")
    pairs = zip(dims, spacings, strict=True)
    return tuple(_slope(input, d, space, edge_order) for d, space in pairs)
