"""The printed form of tensors, and the options that shape it.

Numbers of one tensor share one notation (integers with a bare point, fixed point, or scientific)
and one width, both chosen from the finite non-zero values that are shown.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from flambeau import dtypes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flambeau.tensor import Tensor

__all__ = ["set_printoptions"]


@dataclass(slots=True)
class PrintOptions:
    """How tensors are printed; `sci_mode=None` chooses the notation from the values."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


PRINT_OPTS = PrintOptions()

PROFILES = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: Literal["default", "short", "full"] | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors are printed from now on.

    Args:
        precision: digits after the point.
        threshold: tensors with more elements are summarized with `...`.
        edgeitems: elements shown at each end of a summarized dimension.
        linewidth: columns before a line is broken.
        profile: a set of defaults: "default", "short" or "full"; the arguments above override it.
        sci_mode: scientific notation always (True), never (False), or by the values (None).
    """
    changes = asdict(PROFILES[profile]) if profile in PROFILES else {}
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    changes |= {name: value for name, value in given.items() if value is not None}
    for name, value in (changes | {"sci_mode": sci_mode}).items():
        setattr(PRINT_OPTS, name, value)


def get_printoptions() -> dict[str, Any]:
    """The print options in force, by name."""
    return asdict(PRINT_OPTS)


@contextlib.contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """Set print options (as `set_printoptions`) for the time of a `with` block."""
    saved = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        for field in fields(PRINT_OPTS):
            setattr(PRINT_OPTS, field.name, saved[field.name])


def _spread(magnitudes: np.ndarray, integral: bool) -> bool:
    """Whether magnitudes lie too far apart, or too far from one, for fixed point."""
    low, high = magnitudes.min(), magnitudes.max()
    with np.errstate(over="ignore"):
        return bool(high / low > 1000 or high > 1e8 or (not integral and low < 1e-4))


def _format_real(values: np.ndarray) -> tuple[list[str], int]:
    """The elements of a float array, and the width of the widest finite non-zero one."""
    values = values.astype(np.float64, copy=False).ravel()
    finite = np.isfinite(values)
    decisive = finite & (values != 0)
    counted = values[decisive]
    integral = not np.any(counted != np.ceil(counted))
    scientific = bool(counted.size) and (
        _spread(np.abs(counted), integral) if PRINT_OPTS.sci_mode is None else PRINT_OPTS.sci_mode
    )
    bare = integral and not scientific
    spec = ".0f" if bare else f".{PRINT_OPTS.precision}{'e' if scientific else 'f'}"
    texts = [format(value, spec) for value in values.tolist()]
    if bare:
        points = np.where(finite, ".", "").tolist()
        texts = [text + point for text, point in zip(texts, points, strict=True)]
    width = max((len(texts[i]) for i in np.flatnonzero(decisive).tolist()), default=1)
    return [text.rjust(width) for text in texts], width


def _format_elements(values: np.ndarray) -> tuple[list[str], int]:
    """The elements of an array as aligned strings in row-major order, and their width."""
    if values.dtype.kind in "biu":
        texts = [str(value) for value in values.ravel().tolist()]
        width = max(map(len, texts), default=1)
        return [text.rjust(width) for text in texts], width
    if values.dtype.kind != "c":
        return _format_real(values)
    real, real_width = _format_real(values.real)
    imaginary, imaginary_width = _format_real(values.imag)
    texts = [
        left + (right if right.startswith("-") else "+" + right) + "j"
        for left, right in zip(real, map(str.lstrip, imaginary), strict=True)
    ]
    return texts, real_width + imaginary_width + 1


def _edges(size: int) -> list[int]:
    """The indices of a dimension that a summary shows."""
    edge = PRINT_OPTS.edgeitems
    return [*range(edge), *range(size - edge, size)] if size > 2 * edge else list(range(size))


def _with_ellipsis(parts: list[str], ellipsis: str) -> list[str]:
    """What a summary shows of one dimension, with the gap between its ends marked."""
    return [*parts[: PRINT_OPTS.edgeitems], ellipsis, *parts[-PRINT_OPTS.edgeitems :]]


def format_array(array: np.ndarray, indent: int) -> str:
    """The bracketed elements of `array`, continued lines indented by `indent` columns."""
    if array.size == 0:
        return "[]"
    summarize = array.size > PRINT_OPTS.threshold
    if summarize and array.ndim and PRINT_OPTS.edgeitems == 0:
        return "[...]"
    cut = [summarize and size > 2 * PRINT_OPTS.edgeitems for size in array.shape]
    shown = array[np.ix_(*map(_edges, array.shape))] if any(cut) else array
    parts, width = _format_elements(shown)
    if array.ndim == 0:
        return parts[0]
    per_line = max(1, (PRINT_OPTS.linewidth - indent - array.ndim + 1) // (width + 2))
    # Each pass brackets one more dimension, innermost first.
    for axis in range(array.ndim - 1, -1, -1):
        size = shown.shape[axis]
        newline = "\n" * max(1, array.ndim - 1 - axis) + " " * (indent + axis + 1)
        groups = [parts[start : start + size] for start in range(0, len(parts), size)]
        if axis == array.ndim - 1:
            if cut[axis]:
                groups = [_with_ellipsis(group, " ...") for group in groups]
            groups = [_lines(group, per_line) for group in groups]
        elif cut[axis]:
            groups = [_with_ellipsis(group, "...") for group in groups]
        parts = ["[" + ("," + newline).join(group) + "]" for group in groups]
    return parts[0]


def _lines(texts: list[str], per_line: int) -> list[str]:
    return [", ".join(texts[start : start + per_line]) for start in range(0, len(texts), per_line)]


def tensor_repr(tensor: Tensor, *, tensor_contents: str | None = None) -> str:
    """The printed form of `tensor`, with `tensor_contents` in place of its elements if given."""
    cls = type(tensor)
    # Tensor and Parameter themselves are shown as `tensor`, classes made from them by their name.
    plain = cls.__name__ == "Tensor" or vars(cls).get("_mark") == "_is_param"
    prefix = "tensor(" if plain else cls.__name__ + "("
    return _with_suffixes(prefix, *_contents(tensor, len(prefix), tensor_contents))


def _contents(tensor: Tensor, indent: int, text: str | None) -> tuple[str, list[str]]:
    """What stands between the parentheses: the elements, and the suffixes after them."""
    default = dtypes.get_default_dtype()
    shape = tuple(tensor.shape)
    implied = {default}
    suffixes = []
    if tensor.device.type != "cpu":
        suffixes.append(f"device='{tensor.device}'")
    if tensor.is_meta:
        suffixes.append(f"size={shape}")
        shown = "..."
    elif tensor.numel() == 0:
        if len(shape) != 1:
            suffixes.append(f"size={shape}")
        shown = "[]"
    else:
        if PRINT_OPTS.edgeitems == 0:
            suffixes.append(f"size={shape}")
        implied |= {default.to_complex(), dtypes.int64, dtypes.bool_}
        shown = format_array(tensor._array, indent) if text is None else text
    if tensor.dtype not in implied:
        suffixes.append(f"dtype={tensor.dtype}")
    return shown if text is None else text, suffixes + _autograd_suffixes(tensor)


def _autograd_suffixes(tensor: Any) -> list[str]:
    suffixes = []
    node = tensor.grad_fn
    if node is not None:
        suffixes.append(f"grad_fn=<{type(node).__name__}>")
    elif tensor.requires_grad:
        suffixes.append("requires_grad=True")
    tangent = getattr(tensor, "_tangent", None)
    if tangent is not None:
        suffixes.append(f"tangent={tangent}")
    return suffixes


def _with_suffixes(prefix: str, text: str, suffixes: list[str]) -> str:
    """Join contents and suffixes, starting a new line where the line width is reached."""
    indent = len(prefix)
    text = prefix + text
    pieces = [text]
    column = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if column + len(suffix) + 2 > PRINT_OPTS.linewidth:
            pieces.append(",\n" + " " * indent + suffix)
            column = indent + len(suffix)
        else:
            pieces.append(", " + suffix)
            column += len(suffix) + 2
    return "".join(pieces) + ")"
