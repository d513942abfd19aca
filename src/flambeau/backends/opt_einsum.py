"""The search for a cheap contraction order in `einsum`."""

from typing import Any

enabled = True
"""Whether `einsum` reorders its contractions; left to right otherwise."""

strategy: str | None = "auto"
"""The search: "auto", "greedy" or "optimal"."""


def is_available() -> bool:
    return True


def get_opt_einsum() -> Any:
    """The `opt_einsum` package."""
    import opt_einsum

    return opt_einsum
