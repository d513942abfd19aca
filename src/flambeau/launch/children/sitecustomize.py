"""Python runs this as it starts in a process begun under `flambeau.as_torch()`.

It waits for the first question about torch, so that a child that never asks pays nothing, then
lets flambeau answer. Any other `sitecustomize` on the path runs as it would have.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any


class _Torch(MetaPathFinder):
    """Stands first in `sys.meta_path` until torch is asked for."""

    def _install(self) -> Any:
        sys.meta_path.remove(self)
        try:
            from flambeau.launch import as_torch
        except ModuleNotFoundError:  # another environment's interpreter
            return None
        as_torch()
        return sys.meta_path[0]

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name.partition(".")[0] != "torch":
            return None
        finder = self._install()
        return finder and finder.find_spec(name, path, target)

    def find_distributions(self, context: Any) -> Any:
        if context.name != "torch":
            return ()
        finder = self._install()
        return finder.find_distributions(context) if finder else ()


sys.meta_path.insert(0, _Torch())

_here = Path(__file__).parent
_other = PathFinder.find_spec("sitecustomize", [entry for entry in sys.path if Path(entry).absolute() != _here])
if _other is not None and _other.loader is not None:
    _other.loader.exec_module(module_from_spec(_other))
