"""From how many elements a compiled kernel is used where NumPy would do: the one table of it."""

from __future__ import annotations

from flambeau.prims.core import AUTO_THRESHOLD, silent

# Measured on two cores with AVX-512: below, NumPy's call is as short as a kernel's with its plan.
LEAST = {
    "gather": 512,
    "scatter": 256,
    "scan": 512,
    "extremum": 256,
    "select": 256,
    "sort": 1024,
    "mask": 2048,
    "normal": 16,
    "search": 256,
    "planes": 4096,
    "axes": 1024,
    "move": 8192,
}
"""Elements that a call handles."""

OFTEN = 50
"""Calls with fewer elements before a kernel is loaded for them too; these give NumPy's results to the last bit."""
_left = dict.fromkeys(("gather", "scatter", "extremum", "select", "sort", "planes", "axes"), OFTEN)

_available: bool | None = None


def pays(name: str, size: int) -> bool:
    """Whether `size` elements are worth the kernel `name` (forced, forbidden or not: `set_kernels`)."""
    limit = silent["large"]
    if limit == AUTO_THRESHOLD and size < LEAST[name]:
        left = _left.get(name, 1)
        if left:
            if name in _left:
                _left[name] = left - 1
            return False
    elif size < limit != AUTO_THRESHOLD:
        return False
    return size > 0 and _can_compile()


def _can_compile() -> bool:
    global _available
    if _available is None:
        from flambeau.kernels.host import available

        _available = available()
    return _available
