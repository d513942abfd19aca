"""The short-time Fourier transform and its inverse."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import wrap
from .complex_views import view_as_real
from .declare import composite
from .fft import fft, ifft, irfft, rfft
from .indexing import is_complex, zeros_of
from .scatter import index_add
from .warn import warn


def _check(name: str, shown: str, condition: bool, message: str) -> None:
    if not condition:
        raise RuntimeError(f"{name}({shown}): {message}")


def _window(window: Any, n_fft: int, win_length: int, like: Any) -> Any:
    """The window with zeros on both sides to `n_fft` points; ones where none is given."""
    if window is None:
        window = zeros_of(like.detach().real if is_complex(like) else like.detach(), (win_length,))
        window = window + 1
    if win_length == n_fft:
        return window
    left = (n_fft - win_length) // 2
    places = wrap(np.arange(left, left + win_length))
    return index_add(zeros_of(window, (n_fft,)), 0, places, window)


@composite(out=False)
def stft(
    input,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window=None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
):
    """Fourier transforms of overlapping windowed frames: frequencies by frames."""
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    if input.dtype.is_floating_point is False and not is_complex(input):
        raise RuntimeError(
            f"stft({input.type()}{list(input.shape)}, n_fft={n_fft}): expected a tensor of "
            "floating point or complex values"
        )
    if return_complex is None:
        return_complex = is_complex(input) or (window is not None and is_complex(window))
        if not return_complex:
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will "
                "further require that return_complex=True in a future PyTorch release."
            )
    if not return_complex:
        warn(
            "stft with return_complex=False is deprecated. In a future pytorch release, stft will "
            "return complex tensors for all inputs, and return_complex=False will raise an error.\n"
            "Note: you can still call torch.view_as_real on the complex output to recover the old "
            "return format.",
        )
    x = input if input.ndim == 2 else input.unsqueeze(0)
    if center:
        side = n_fft // 2
        from .padding import pad_nd

        x = pad_nd(x.unsqueeze(1), (side, side), pad_mode).squeeze(1)
    shown = f"{input.type()}{list(input.shape)}, n_fft={n_fft}, hop_length={hop}"
    length = x.shape[1]
    if not 0 < n_fft <= length:
        _check("stft", shown, False, f"expected 0 < n_fft < {length}, but got n_fft={n_fft}")
    _check("stft", shown, hop > 0, f"expected hop_length > 0, but got hop_length={hop}")
    _check(
        "stft",
        shown,
        0 < width <= n_fft,
        f"expected 0 < win_length <= n_fft, but got win_length={width}",
    )
    _check(
        "stft",
        shown,
        window is None or tuple(window.shape) == (width,),
        f"expected a 1D window tensor of size equal to win_length={width}, but got window with "
        f"size {None if window is None else list(window.shape)}",
    )
    frames = x.unfold(1, n_fft, hop)
    if window is not None or width != n_fft:
        frames = frames * _window(window, n_fft, width, x)
    norm = "ortho" if normalized else None
    whole = is_complex(frames)
    if onesided is None:
        onesided = not whole
    _check(
        "stft",
        shown,
        not (onesided and whole),
        "Cannot have onesided output if window or input is complex",
    )
    found = (rfft if onesided else fft)(frames, norm=norm).transpose(1, 2)
    if input.ndim == 1:
        found = found.squeeze(0)
    return found if return_complex else view_as_real(found)


@composite(out=False)
def istft(
    input,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window=None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
):
    """The signal whose `stft` is nearest to `input`: frames added up, over the windows' squares."""
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    shown = f"{input.type()}{list(input.shape)}, n_fft={n_fft}, hop_length={hop}"
    if not is_complex(input):
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True."
        )
    _check("istft", shown, input.numel() > 0, "input tensor cannot be empty.")
    _check(
        "istft",
        shown,
        input.ndim in (2, 3),
        f"expected a tensor with 2 or 3 dimensions, but got {input.ndim}",
    )
    x = input if input.ndim == 3 else input.unsqueeze(0)
    bins = x.shape[1]
    if onesided is None:
        onesided = bins != n_fft
    expected = n_fft // 2 + 1 if onesided else n_fft
    _check(
        "istft",
        shown,
        bins == expected,
        "expected the frequency dimension (3rd to the last) of the input tensor to match "
        f"{'n_fft / 2 + 1' if onesided else 'n_fft'} when onesided="
        f"{'True' if onesided else 'False'}, but got {bins}",
    )
    _check("istft", shown, 0 < hop <= width, "expected 0 < hop_length <= win_length")
    _check("istft", shown, 0 < width <= n_fft, "expected 0 < win_length <= n_fft")
    _check(
        "istft",
        shown,
        window is None or tuple(window.shape) == (width,),
        "Invalid window shape. window has to be 1D and length of `win_length`",
    )
    _check(
        "istft",
        shown,
        not (return_complex and onesided),
        "cannot have onesided output if window or input is complex",
    )
    norm = "ortho" if normalized else None
    frames = x.transpose(1, 2)
    if return_complex:
        frames = ifft(frames, norm=norm)
    else:
        half = frames if onesided else frames.narrow(2, 0, n_fft // 2 + 1)
        frames = irfft(half, n_fft, norm=norm)
    weights = _window(window, n_fft, width, frames)
    count = frames.shape[1]
    total = n_fft + hop * (count - 1)
    places = wrap((np.arange(count)[:, None] * hop + np.arange(n_fft)).reshape(-1))
    batch = x.shape[0]
    weighted = (frames * weights).reshape(batch, -1)
    signal = index_add(zeros_of(weighted, (batch, total)), 1, places, weighted)
    squares = (weights * weights).expand(count, n_fft).reshape(-1)
    envelope = index_add(zeros_of(squares, (total,)), 0, places, squares)
    start = n_fft // 2 if center else 0
    end = total - (n_fft // 2 if center else 0) if length is None else start + length
    signal, envelope = signal[:, start : min(end, total)], envelope[start : min(end, total)]
    lowest = envelope.abs().min()
    _check("istft", shown, bool(lowest > 1e-11), f"window overlap add min: {int(bool(lowest > 1e-11))}")
    signal = signal / envelope
    if end > total:
        warn(
            "The length of signal is shorter than the length parameter. Result is being padded "
            "with zeros in the tail. Please check your center and hop_length settings.",
        )
        from .padding import pad_nd

        signal = pad_nd(signal, (0, end - total))
    return signal.squeeze(0) if input.ndim == 2 else signal
