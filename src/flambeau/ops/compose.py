"""Composite ops: functions written with other ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .declare import Op


def declare_composite(
    body: Callable[..., Any],
    name: str,
    method: bool | str,
    inplace: bool,
    out: bool,
    module: str,
    grad_name: str | None,
) -> Any:
    """A composite as an op: its body takes what the user gave, and no node of its own is recorded."""
    options: dict[str, Any] = {"family": "composite", "quiet": False, "signature": body, "grad_name": grad_name}
    return Op(name, body, method=method, inplace=inplace, out=out, module=module, **options).function
