"""The instruction set of this CPU."""

import functools

__all__ = ["get_cpu_capability"]


@functools.cache
def get_cpu_capability() -> str:
    """The widest vectors that kernels are compiled for: "AVX512", "AVX2", "NEON" or "DEFAULT"."""
    import importlib.util

    if importlib.util.find_spec("llvmlite") is None:
        return "DEFAULT"
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    for feature, name in {"avx512f": "AVX512", "avx2": "AVX2", "neon": "NEON"}.items():
        if features.get(feature):
            return name
    return "DEFAULT"
