"""Expressions to loop nests to machine code; threads; memory pool; kernel cache (see README.md).

Importing this package loads neither llvmlite nor ctypes; the first large array does.
"""

from flambeau.kernels.fusion import fused, run_prim

__all__ = ["fused", "run_prim"]
