"""Einstein summation: read the equation, choose an order, contract pair by pair.

The contraction is written over `Operations`, so one implementation serves arrays and tensors.
Labels are integers: 0-25 for A-Z, 26-51 for a-z, 52 and up for what an ellipsis stands for.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

Shape = tuple[int, ...]
Labels = tuple[int, ...]
ELLIPSIS = 52


class Operations(Protocol):
    """What a contraction needs of arrays or tensors; dims are tuples and not negative."""

    def permute(self, x: Any, dims: Shape) -> Any: ...
    def reshape(self, x: Any, shape: Shape) -> Any: ...
    def diagonal(self, x: Any, dim1: int, dim2: int) -> Any: ...
    def sum(self, x: Any, dims: Shape) -> Any: ...
    def mul(self, x: Any, y: Any) -> Any: ...
    def matmul(self, x: Any, y: Any) -> Any: ...


class ArrayOperations:
    """`Operations` on ndarrays."""

    permute = staticmethod(np.transpose)
    reshape = staticmethod(np.reshape)
    mul = staticmethod(np.multiply)
    matmul = staticmethod(np.matmul)

    @staticmethod
    def diagonal(x: np.ndarray, dim1: int, dim2: int) -> np.ndarray:
        return np.diagonal(x, 0, dim1, dim2)

    @staticmethod
    def sum(x: np.ndarray, dims: Shape) -> np.ndarray:
        return np.asarray(x.sum(dims, dtype=x.dtype))


def einsum(equation: str, *operands: np.ndarray) -> np.ndarray:
    """`torch.einsum` of arrays."""
    inputs, output = parse(equation, tuple(operand.ndim for operand in operands))
    return np.asarray(contract(ArrayOperations, inputs, output, operands))


# Reading the equation


@functools.lru_cache(1024)
def parse(equation: str, ndims: tuple[int, ...]) -> tuple[tuple[Labels, ...], Labels]:
    """The labels of every dimension of the operands, and of the output.

    RuntimeError for an equation that does not fit operands of `ndims` dimensions.
    """
    left, arrow, right = equation.partition("->")
    terms: list[list[int]] = [[]]
    for label in _read(left, 0, "operand"):
        if label is None:
            terms.append([])
        else:
            terms[-1].append(label)
    if len(terms) != len(ndims):
        more = "more" if len(ndims) > len(terms) else "fewer"
        verb = "were provided than specified in the equation"
        raise RuntimeError(f"einsum(): {more} operands {verb}")
    explicit = None
    if arrow:
        explicit = [label for label in _read(right, len(left) + 2, "output") if label is not None]
    return resolve(terms, explicit, ndims)


def _read(text: str, start: int, place: str) -> list[int | None]:
    """Labels of one side; ELLIPSIS for `...`, None for a comma."""
    labels: list[int | None] = []
    operand, seen, at = 0, False, 0
    while at < len(text):
        char = text[at]
        where = f"operand {operand}" if place == "operand" else "output"
        if char == ".":
            if seen:
                again = "for which an ellipsis was already found"
                again = again if place == "operand" else "but an ellipsis (...) was already found"
                raise RuntimeError(f"einsum(): found '.' for {where} {again}")
            if text[at : at + 3] != "...":
                dots = "" if place == "operand" else " (...)"
                raise RuntimeError(f"einsum(): found '.' for {where} that is not part of any ellipsis{dots}")
            labels.append(ELLIPSIS)
            seen = True
            at += 2
        elif char == "," and place == "operand":
            labels.append(None)
            operand += 1
            seen = False
        elif char.isascii() and char.isalpha():
            labels.append(ord(char) - ord("A") if char.isupper() else ord(char) - ord("a") + 26)
        elif char != " ":
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {start + at} in the equation string, "
                "subscripts must be in [a-zA-Z]"
            )
        at += 1
    return labels


def resolve(
    terms: Sequence[Sequence[int]], output: Sequence[int] | None, ndims: Sequence[int]
) -> tuple[tuple[Labels, ...], Labels]:
    """Replace each ELLIPSIS by the labels of its dimensions; find an implicit output."""
    hidden = []
    for place, (term, ndim) in enumerate(zip(terms, ndims, strict=True)):
        dots = ELLIPSIS in term
        named = len(term) - dots
        if named > ndim if dots else named != ndim:
            verb = "is more than" if dots else "does not match"
            rest = "" if dots else " and no ellipsis was given"
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({named}) {verb} the number "
                f"of dimensions ({ndim}) for operand {place}{rest}"
            )
        hidden.append(ndim - named if dots else 0)
    widest = max(hidden, default=0)
    inputs = tuple(_expand(term, count, widest) for term, count in zip(terms, hidden, strict=True))
    if output is None:
        counts = Counter(label for term in inputs for label in term if label < ELLIPSIS)
        once = sorted(label for label, count in counts.items() if count == 1)
        return inputs, (*range(ELLIPSIS, ELLIPSIS + widest), *once)
    known = {label for term in inputs for label in term}
    result = _expand(output, widest, widest)
    for label, count in Counter(result).items():
        if count > 1:
            raise RuntimeError(f"einsum(): output subscript {name(label)} appears more than once in the output")
        if label not in known:
            raise RuntimeError(
                f"einsum(): output subscript {name(label)} does not appear in the equation for any input operand"
            )
    return inputs, result


def _expand(term: Sequence[int], count: int, widest: int) -> Labels:
    dots = range(ELLIPSIS + widest - count, ELLIPSIS + widest)
    return tuple(part for label in term for part in (dots if label == ELLIPSIS else (label,)))


def name(label: int) -> str:
    """The letter of a label."""
    return chr(label + ord("A")) if label < 26 else chr(label - 26 + ord("a"))


# Contraction


class Pair(NamedTuple):
    """One step: `i` and `j` are replaced by their product, summed over what is not `kept`."""

    i: int
    j: int
    kept: frozenset[int]


@functools.lru_cache(1024)
def _steps(inputs: tuple[Labels, ...], output: Labels, shapes: tuple[Shape, ...]) -> tuple[Pair, ...]:
    """The order of pairs, by opt_einsum when there is a choice."""
    order: list[tuple[int, ...]] = [(0, 1)] * (len(inputs) - 1)
    if len(inputs) > 2:
        import opt_einsum

        letters = [opt_einsum.get_symbol(label) for label in range(ELLIPSIS + 64)]
        spelled = ",".join("".join(letters[label] for label in term) for term in inputs)
        spelled += "->" + "".join(letters[label] for label in output)
        sizes = _sizes(inputs, shapes)
        full = [tuple(sizes[label] for label in term) for term in inputs]
        order, _ = opt_einsum.contract_path(spelled, *full, shapes=True)
    left = [frozenset(term) for term in inputs]
    steps = []
    for chosen in order:
        if len(chosen) == 1:
            continue
        i, j = sorted(chosen)
        rest = [term for place, term in enumerate(left) if place not in (i, j)]
        kept = frozenset(output).union(*rest) & (left[i] | left[j])
        steps.append(Pair(i, j, kept))
        left = [*rest, kept]
    return tuple(steps)


def _sizes(inputs: Sequence[Labels], shapes: Sequence[Shape]) -> dict[int, int]:
    """The size of every label; 1 broadcasts. RuntimeError where sizes disagree."""
    sizes: dict[int, int] = {}
    for place, (term, shape) in enumerate(zip(inputs, shapes, strict=True)):
        own: dict[int, int] = {}
        for label, size in zip(term, shape, strict=True):
            if own.setdefault(label, size) != size:
                raise RuntimeError(
                    f"einsum(): subscript {name(label)} is repeated for operand {place} but the "
                    f"sizes don't match, {size} != {own[label]}"
                )
            seen = sizes.get(label, 1)
            if size != 1 and seen not in (1, size):
                which = "dimensions" if label >= ELLIPSIS else f"subscript {name(label)}"
                raise RuntimeError(
                    f"einsum(): {which} has size {size} for operand {place} which does not "
                    f"broadcast with previously seen size {seen}"
                )
            sizes[label] = seen if size == 1 else size
    return sizes


def contract(ops: Any, inputs: tuple[Labels, ...], output: Labels, operands: Sequence[Any]) -> Any:
    """The operands multiplied and summed over every label that is not in `output`."""
    shapes = tuple(tuple(operand.shape) for operand in operands)
    _sizes(inputs, shapes)
    steps = _steps(inputs, output, shapes)
    work = [_distinct(ops, x, labels) for x, labels in zip(operands, inputs, strict=True)]
    for step in steps:
        second, first = work.pop(step.j), work.pop(step.i)
        work.append(_contract_pair(ops, *first, *second, step.kept))
    x, labels = _keep(ops, *work[0], frozenset(output))
    if labels == output:
        return x
    return ops.permute(x, tuple(labels.index(label) for label in output))


def _distinct(ops: Any, x: Any, labels: Labels) -> tuple[Any, Labels]:
    """`x` with a repeated label replaced by the diagonal of its dimensions, which comes last."""
    while len(set(labels)) < len(labels):
        label = next(label for label, count in Counter(labels).items() if count > 1)
        first = labels.index(label)
        second = labels.index(label, first + 1)
        x = ops.diagonal(x, first, second)
        labels = (*labels[:first], *labels[first + 1 : second], *labels[second + 1 :], label)
    return x, labels


def _keep(ops: Any, x: Any, labels: Labels, kept: frozenset[int]) -> tuple[Any, Labels]:
    """`x` summed over the labels that are not kept."""
    dims = tuple(dim for dim, label in enumerate(labels) if label not in kept)
    if not dims:
        return x, labels
    return ops.sum(x, dims), tuple(label for label in labels if label in kept)


def _contract_pair(ops: Any, x: Any, xs: Labels, y: Any, ys: Labels, kept: frozenset[int]) -> tuple[Any, Labels]:
    x, xs = _drop_broadcast(ops, x, xs, y, ys)
    y, ys = _drop_broadcast(ops, y, ys, x, xs)
    x, xs = _keep(ops, x, xs, kept.union(ys))
    y, ys = _keep(ops, y, ys, kept.union(xs))
    shared = [label for label in xs if label in ys]
    batch = [label for label in shared if label in kept]
    summed = [label for label in shared if label not in kept]
    x_only = [label for label in xs if label not in ys]
    y_only = [label for label in ys if label not in xs]
    sizes = dict(zip(ys, y.shape, strict=True)) | dict(zip(xs, x.shape, strict=True))
    labels = (*batch, *x_only, *y_only)
    if not summed:
        x = _arranged(ops, x, xs, sizes, [[label] for label in (*batch, *x_only)] + [[]] * len(y_only))
        y = _arranged(ops, y, ys, sizes, [[b] for b in batch] + [[]] * len(x_only) + [[f] for f in y_only])
        return ops.mul(x, y), labels
    groups = [batch] if batch else []
    x = _arranged(ops, x, xs, sizes, [*groups, x_only, summed])
    y = _arranged(ops, y, ys, sizes, [*groups, summed, y_only])
    product = ops.matmul(x, y)
    shape = tuple(sizes[label] for label in labels)
    return (product if product.shape == shape else ops.reshape(product, shape)), labels


def _drop_broadcast(ops: Any, x: Any, xs: Labels, y: Any, ys: Labels) -> tuple[Any, Labels]:
    """`x` without its dimensions of size 1 whose label has another size in `y`."""
    sizes = dict(zip(ys, y.shape, strict=True))
    keep = [d for d, label in enumerate(xs) if not (x.shape[d] == 1 and sizes.get(label, 1) != 1)]
    if len(keep) == len(xs):
        return x, xs
    return ops.reshape(x, tuple(x.shape[d] for d in keep)), tuple(xs[d] for d in keep)


def _arranged(ops: Any, x: Any, labels: Labels, sizes: dict[int, int], groups: Sequence[Sequence[int]]) -> Any:
    """`x` with one dimension for each group of labels."""
    order = tuple(labels.index(label) for group in groups for label in group)
    if order != tuple(range(len(order))):
        x = ops.permute(x, order)
    shape = tuple(math.prod(sizes[label] for label in group) for group in groups)
    return x if tuple(x.shape) == shape else ops.reshape(x, shape)
