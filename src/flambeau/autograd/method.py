"""`Tensor.backward`, apart from what else a tensor knows about the graph: it brings in the engine."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor, method
from . import passes
from .engine import Task
from .passes import ONES


@method
def backward(
    self: Tensor,
    gradient: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Accumulate the gradient of this tensor into the leaves' `.grad` (see `autograd.backward`)."""
    array = self._array
    if (
        gradient is None
        and inputs is None
        and not create_graph
        and array.shape == ()
        and self._node is not None
        and array.dtype in ONES
    ):
        # A loss: nothing to check.
        Task(False, bool(retain_graph)).run((self._node,), (ONES[array.dtype],))
        return
    passes.backward(self, gradient, retain_graph, create_graph, inputs=inputs)
