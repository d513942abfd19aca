"""Running PyTorch programs on flambeau as they stand.

From the shell, `python -m flambeau script.py [args]` or `python -m flambeau -m module [args]`; in a
notebook, `flambeau.as_torch()` before the first `import torch`; for a library's own tests,
`pytest -p flambeau.launch.pytest_plugin`.
"""

from flambeau.launch.alias import as_torch

__all__ = ["as_torch"]
