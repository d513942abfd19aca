"""How a linear cross-entropy may trade memory for time."""

from __future__ import annotations

from typing import Any

import flambeau

__all__ = ["LinearCrossEntropyOptions"]


class LinearCrossEntropyOptions:
    """Options of `linear_cross_entropy`, checked here and without effect on a CPU's results.

    Args:
        allow_retain_graph: whether backward may run twice.
        batch_chunk_size: rows of logits held at a time; None: all.
        chunking_method: "auto", "aspect_ratio" or "aspect_ratio:N", to choose that number.
        acc_policy: "auto", "accurate", "balanced" or "compact".
        acc_dtype: the dtype sums are kept in.
    """

    __slots__ = (
        "acc_dtype",
        "acc_policy",
        "allow_retain_graph",
        "batch_chunk_size",
        "chunking_method",
    )

    def __init__(
        self,
        allow_retain_graph: bool = False,
        batch_chunk_size: int | None = None,
        chunking_method: str | None = "auto",
        acc_policy: str = "auto",
        acc_dtype: Any = None,
    ) -> None:
        if acc_policy not in ("auto", "accurate", "balanced", "compact"):
            raise ValueError(f"invalid acc_policy: {acc_policy!r}")
        if chunking_method not in (None, "auto"):
            name, colon, factor = chunking_method.partition(":")
            valid_factor = not colon or (factor.isdigit() and int(factor) > 0)
            if name != "aspect_ratio" or not valid_factor:
                raise ValueError(f"invalid chunking_method: {chunking_method!r}")
        if batch_chunk_size is not None and not (isinstance(batch_chunk_size, int) and batch_chunk_size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {batch_chunk_size!r}")
        floats = (flambeau.float16, flambeau.bfloat16, flambeau.float32, flambeau.float64)
        if acc_dtype is not None and acc_dtype not in floats:
            raise ValueError(
                "acc_dtype must be one of {None, torch.float16, torch.bfloat16, torch.float32, "
                f"torch.float64}}, got {acc_dtype!r}. Pass acc_dtype=None to let the op pick "
                "automatically."
            )
        self.allow_retain_graph = allow_retain_graph
        self.batch_chunk_size = batch_chunk_size
        self.chunking_method = chunking_method
        self.acc_policy = acc_policy
        self.acc_dtype = acc_dtype

    def __repr__(self) -> str:
        names = (
            "allow_retain_graph",
            "batch_chunk_size",
            "chunking_method",
            "acc_policy",
            "acc_dtype",
        )
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__name__}({shown})"
