"""Warnings that name the line of the user's program that led to them."""

from __future__ import annotations

import sys
import warnings


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn of the innermost call from outside this package.

    Frames of generated code do not count either: no warning would come of them (`prims.core`).
    """
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and (frame.f_globals.get("__name__") or "flambeau.").startswith("flambeau."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


_said: set[str] = set()


def warn_once(message: str) -> None:
    """Warn of something the first time it happens in this process."""
    if message not in _said:
        _said.add(message)
        warn(message)
