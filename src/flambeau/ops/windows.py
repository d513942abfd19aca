"""Windows for Fourier transforms: `hann_window` and its like (Harris, 1978)."""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes
from ..autograd.graph import AccumulateGrad
from ..dtypes import dtype
from ..tensor import Tensor, sparse_coo
from .comparison import where
from .creation import creator
from .declare import functions
from .pointwise import cos, sqrt
from .ranges import arange
from .special import i0


def _window(doc: str) -> Any:
    """Declare a window by its values at n numbered points: the checks and the periodic form are common."""

    def decorate(values: Any) -> Any:
        name = values.__name__

        def window(
            window_length: int,
            periodic: bool = True,
            *settings: Any,
            dtype: dtype | None = None,
            layout: Any = None,
            device: Any = None,
            pin_memory: bool = False,
            requires_grad: bool = False,
            **named: Any,
        ) -> Tensor:
            kind = dtypes.get_default_dtype() if dtype is None else dtypes.as_dtype(dtype, name)
            if layout is sparse_coo or not kind.is_differentiable or kind.is_complex:
                complaint = (
                    "is not implemented for sparse types" if layout is sparse_coo else "expects floating point dtypes"
                )
                raise RuntimeError(f"{name} {complaint}, got: {_options(dtype, layout)}")
            if window_length < 0:
                raise RuntimeError(f"{name} requires non-negative window_length, got window_length={window_length}")
            if window_length < 2:
                found = functions["ones"](window_length, dtype=kind, device=device)
            else:
                count = window_length + bool(periodic)
                found = values(arange(count, dtype=kind, device=device), count - 1, *settings, **named)[:window_length]
            if requires_grad:
                found._node = AccumulateGrad(found)
            return found  # type: ignore[no-any-return]

        window.__name__, window.__doc__ = name, doc
        return creator(window)

    return decorate


def _options(kind: Any, layout: Any) -> str:
    from ..dtypes import c_name

    named = f"{c_name(kind)}" if kind is not None else "float (default)"
    placed = "Sparse" if layout is sparse_coo else "Strided (default)"
    return (
        f"TensorOptions(dtype={named}, device=cpu, layout={placed}, requires_grad=false (default), "
        "pinned_memory=false, memory_format=(nullopt))"
    )


@_window("A raised cosine: 1/2 - 1/2 cos(2 pi n / N).")
def hann_window(n: Any, last: int) -> Any:
    return hamming_window.values(n, last, 0.5, 0.5)


def _hamming(n: Any, last: int, alpha: float = 0.54, beta: float = 0.46) -> Any:
    return cos(n * (2 * math.pi / last)) * -beta + alpha


_hamming.__name__ = "hamming_window"
hamming_window = _window("A raised cosine on a platform: alpha - beta cos(2 pi n / N).")(_hamming)
hamming_window.values = _hamming


@_window("0.42 - 0.5 cos(2 pi n / N) + 0.08 cos(4 pi n / N).")
def blackman_window(n: Any, last: int) -> Any:
    turn = n * (math.pi / last)
    return cos(turn * 4) * 0.08 - cos(turn * 2) * 0.5 + 0.42


@_window("A triangle: 1 - |2 n / N - 1|.")
def bartlett_window(n: Any, last: int) -> Any:
    rising = n * (2 / last)
    return where(n <= last // 2, rising, 2 - rising)


@_window("I0(beta sqrt(1 - (2 n / N - 1)^2)) / I0(beta) (Kaiser & Schafer, 1980).")
def kaiser_window(n: Any, last: int, beta: float = 12.0) -> Any:
    place = n * (2 / last) - 1
    return i0(sqrt((1 - place * place).clamp(min=0)) * beta) / i0(n.new_tensor(beta))
