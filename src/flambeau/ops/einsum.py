"""Einstein summation of tensors; see `prims.einsum` for the equation and the contraction."""

from __future__ import annotations

from typing import Any

from ..autograd.graph import rename
from ..prims import einsum as core
from ..tensor import Tensor
from .creation import creator


class TensorOperations:
    """What a contraction needs, recorded in the graph."""

    @staticmethod
    def permute(x: Any, dims: tuple[int, ...]) -> Any:
        return x.permute(dims)

    @staticmethod
    def reshape(x: Any, shape: tuple[int, ...]) -> Any:
        return x.reshape(shape)

    @staticmethod
    def diagonal(x: Any, dim1: int, dim2: int) -> Any:
        return x.diagonal(0, dim1, dim2)

    @staticmethod
    def sum(x: Any, dims: tuple[int, ...]) -> Any:
        return x.sum(dims)

    @staticmethod
    def mul(x: Any, y: Any) -> Any:
        return x * y

    @staticmethod
    def matmul(x: Any, y: Any) -> Any:
        return x @ y


def _sublist(labels: Any) -> list[int]:
    """A subscript list as labels: in PyTorch its numbers count A-Z, then a-z."""
    for label in labels:
        if label is not Ellipsis and not 0 <= label < core.ELLIPSIS:
            raise ValueError("einsum(): subscript in subscript list is not within the valid range [0, 52)")
    return [core.ELLIPSIS if label is Ellipsis else int(label) for label in labels]


_PRODUCTS = frozenset({"MmBackward0", "BmmBackward0", "UnsafeViewBackward0"})


@creator
def einsum(*args: Any):
    """The sum of products that an equation describes.

    Takes an equation and operands, or operands each followed by a list of its labels, and the
    output's labels at the end.
    """
    if len(args) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one "
            "operand and its subscripts list"
        )
    if isinstance(args[0], str):
        operands = args[1] if len(args) == 2 and isinstance(args[1], (list, tuple)) else args[1:]
        inputs, output = core.parse(args[0], tuple(x.ndim for x in operands))
    else:
        operands = args[0 : len(args) // 2 * 2 : 2]
        terms = [_sublist(labels) for labels in args[1::2]]
        given = _sublist(args[-1]) if len(args) % 2 else None
        inputs, output = core.resolve(terms, given, [x.ndim for x in operands])
    tensors = any(isinstance(x, Tensor) for x in operands)
    ops = TensorOperations if tensors else core.ArrayOperations
    result = core.contract(ops, inputs, output, operands)
    if tensors and result._node is not None and type(result._node).__name__ in _PRODUCTS:
        rename(
            result._node, "ViewBackward0", settled=True
        )  # to PyTorch a contraction is a product of matrices, reshaped
    return result
