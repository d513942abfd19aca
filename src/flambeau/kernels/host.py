"""The machine this runs on, as far as kernels go. Importing this loads nothing else."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any

VECTORS = {"avx512f": 64, "avx": 32}
"""Features that say how many bytes a vector register has; without one it is 16."""


@cache
def available() -> bool:
    """Whether kernels can be compiled here."""
    if sys.implementation.name != "cpython" or os.name != "posix":
        return False
    from importlib.util import find_spec

    return find_spec("llvmlite") is not None


@cache
def identity() -> str:
    """What code compiled here depends on: the processor's model and its features."""
    return "\n".join(_account()) or f"{_llvm().get_host_cpu_name()} {_llvm().get_host_cpu_features().flatten()}"


@cache
def features() -> frozenset[str]:
    """The names of the instruction sets that programs may use."""
    for line in _account():
        if line.startswith("flags"):
            return frozenset(line.partition(":")[2].split())
    return frozenset(name for name, there in _llvm().get_host_cpu_features().items() if there)


@cache
def reads_ahead() -> bool:
    """Whether the processor finds by itself what loops read next: asking for it costs time there."""
    return any(line.startswith("vendor_id") and line.endswith("AuthenticAMD") for line in _account())


@cache
def vector_bytes() -> int:
    """How wide kernels' vectors are: as the machine's registers, or as `FLAMBEAU_VECTOR_BYTES` says if that is less."""
    widest = next((size for name, size in VECTORS.items() if name in features()), 16)
    given = os.environ.get("FLAMBEAU_VECTOR_BYTES")
    if given is None:
        return widest
    if given not in {"16", "32", "64"}:
        raise ValueError(f"FLAMBEAU_VECTOR_BYTES must be 16, 32 or 64, got {given!r}")
    return min(int(given), widest)


@cache
def _account() -> tuple[str, ...]:
    """Linux's description of the first processor, without what changes; elsewhere nothing.

    LLVM knows it as well, but takes 0.1 s to load.
    """
    from pathlib import Path  # half of what importing this package would take

    path = Path("/proc/cpuinfo")
    if not sys.platform.startswith("linux") or not path.exists():
        return ()
    with path.open(encoding="utf-8", errors="replace") as file:
        text = file.read(1 << 14)
    lines = text.partition("\n\n")[0].splitlines()
    kept = ("vendor_id", "cpu family", "model", "stepping", "flags")
    found = tuple(line for line in lines if line.startswith(kept))
    return found if any(line.startswith("flags") for line in found) else ()


def _llvm() -> Any:
    import llvmlite.binding

    return llvmlite.binding
