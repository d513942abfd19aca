"""The ops by name, in the forms that functions choose between: `relu`, `relu_`.

What was looked up once is an attribute of this module from then on.
"""

from __future__ import annotations

from typing import Any

from flambeau import ops


def __getattr__(name: str) -> Any:
    found = globals()[name] = getattr(ops, name)
    return found
