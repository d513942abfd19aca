"""Window functions: `torch.signal.windows` (Harris, 1978; Nuttall, 1981; Kaiser & Schafer, 1980)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from ..device import check
from ..dtypes import dtype, float32, float64, get_default_dtype
from ..ops.creation import tensor
from ..ops.declare import functions
from ..ops.pointwise import abs as absolute
from ..ops.pointwise import cos, exp, sin, sqrt
from ..ops.ranges import linspace
from ..ops.special import i0
from ..tensor import Tensor, layout, strided

__all__ = [
    "bartlett",
    "blackman",
    "cosine",
    "exponential",
    "gaussian",
    "general_cosine",
    "general_hamming",
    "hamming",
    "hann",
    "kaiser",
    "nuttall",
]


def _window(values: Callable[..., Any]) -> Callable[..., Tensor]:
    """A window by its values at `M` points: `values` gets a function of two ends that spaces them evenly, and the number of
    steps in a period. Raises ValueError for lengths, dtypes and layouts that are none.
    """
    name = values.__name__

    def window(
        M: int,
        *,
        sym: bool = True,
        dtype: dtype | None = None,
        layout: layout = strided,
        device: Any = None,
        requires_grad: bool = False,
        **settings: Any,
    ) -> Tensor:
        kind = get_default_dtype() if dtype is None else dtype
        if M < 0:
            raise ValueError(f"{name} requires non-negative window length, got M={M}")
        if layout is not strided:
            raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
        if kind not in (float32, float64):
            raise ValueError(f"{name} expects float32 or float64 dtypes, got: {kind}")
        if device is not None:
            check(device)
        options = {"dtype": kind, "requires_grad": requires_grad}

        def spaced(start: float, end: float) -> Tensor:
            return linspace(start, end, M, **options)

        found = values(M, M if not sym and M > 1 else M - 1, spaced, sym=sym, **settings) if M else None
        if M < 2:
            return functions["ones"]((M,), **options)  # type: ignore[no-any-return]
        return found  # type: ignore[return-value]

    window.__name__ = window.__qualname__ = name
    window.__doc__, window.__module__ = values.__doc__, "flambeau.signal.windows"
    return window


@_window
def exponential(M: int, last: int, spaced: Any, *, sym: bool, center: float | None = None, tau: float = 1.0) -> Any:
    """exp(-|n - center| / tau)."""
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    middle = last / 2 if center is None else center
    return exp(-absolute(spaced(-middle / tau, (-middle + M - 1) / tau)))


@_window
def cosine(M: int, last: int, spaced: Any, *, sym: bool) -> Any:
    """sin(pi (n + 1/2) / M)."""
    step = math.pi / (last + 1)
    return sin(spaced(0.5 * step, (0.5 + M - 1) * step))


@_window
def gaussian(M: int, last: int, spaced: Any, *, sym: bool, std: float = 1.0) -> Any:
    """exp(-(n - center)^2 / (2 std^2))."""
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    scale = 1 / (std * math.sqrt(2))
    place = spaced(-last / 2 * scale, (-last / 2 + M - 1) * scale)
    return exp(-(place**2))


@_window
def kaiser(M: int, last: int, spaced: Any, *, sym: bool, beta: float = 12.0) -> Any:
    """I0(beta sqrt(1 - ((n - center) / center)^2)) / I0(beta)."""
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    step = 2 * beta / max(last, 1)
    place = spaced(-beta, min(beta, -beta + (M - 1) * step))
    height = tensor(float(beta), dtype=place.dtype)
    return i0(sqrt((height * height - place**2).clamp(min=0))) / i0(height)


@_window
def bartlett(M: int, last: int, spaced: Any, *, sym: bool) -> Any:
    """1 - |2 n / M - 1|."""
    return 1 - absolute(spaced(-1, -1 + 2 * (M - 1) / max(last, 1)))


@_window
def general_cosine(M: int, last: int, spaced: Any, *, sym: bool, a: Iterable[float]) -> Any:
    """The sum of (-1)^i a[i] cos(2 pi i n / M)."""
    if not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    weights = list(a)
    if not weights:
        raise ValueError("Coefficients cannot be empty")
    turn = spaced(0, (M - 1) * 2 * math.pi / max(last, 1))
    signed = tensor([(-1) ** i * weight for i, weight in enumerate(weights)], dtype=turn.dtype)
    orders = tensor([float(i) for i in range(len(weights))], dtype=turn.dtype)
    return (signed.unsqueeze(-1) * cos(orders.unsqueeze(-1) * turn)).sum(0)  # type: ignore[attr-defined]


def _cosines(name: str, doc: str, *a: float) -> Callable[..., Tensor]:
    """A window that is a sum of cosines."""

    def window(M: int, **options: Any) -> Tensor:
        return general_cosine(M, a=a, **options)

    window.__name__ = window.__qualname__ = name
    window.__doc__ = doc
    return window


def general_hamming(M: int, *, alpha: float = 0.54, **options: Any) -> Tensor:
    """alpha - (1 - alpha) cos(2 pi n / M)."""
    return general_cosine(M, a=[alpha, 1 - alpha], **options)


hamming = _cosines("hamming", "0.54 - 0.46 cos(2 pi n / M).", 0.54, 0.46)
hann = _cosines("hann", "1/2 - 1/2 cos(2 pi n / M).", 0.5, 0.5)
nuttall = _cosines(
    "nuttall", "The sum of four cosines with the lowest side lobes.", 0.3635819, 0.4891775, 0.1365995, 0.0106411
)
_blackman = _cosines("blackman", "", 0.42, 0.5, 0.08)


def blackman(M: int, **options: Any) -> Tensor:
    """0.42 - 0.5 cos(2 pi n / M) + 0.08 cos(4 pi n / M)."""
    kind = options.get("dtype")
    if M < 0:
        raise ValueError(f"blackman requires non-negative window length, got M={M}")
    if options.get("layout", strided) is not strided:
        raise ValueError(f"blackman is implemented for strided tensors only, got: {options['layout']}")
    if kind not in (None, float32, float64):
        raise ValueError(f"blackman expects float32 or float64 dtypes, got: {kind}")
    return _blackman(M, **options)
