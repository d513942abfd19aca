"""The instruction set of this CPU."""

import functools

__all__ = ["get_cpu_capability"]


@functools.cache
def get_cpu_capability() -> str:
    """The widest vectors that kernels are compiled for: "AVX512", "AVX2", "NEON" or "DEFAULT"."""
    import importlib.util

    if importlib.util.find_spec("llvmlite") is None:
        return "DEFAULT"
    from ..kernels import host

    for feature, name in {"avx512f": "AVX512", "avx2": "AVX2", "neon": "NEON"}.items():
        if feature in host.features():
            return name
    return "DEFAULT"
