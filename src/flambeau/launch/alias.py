"""`import torch` answered by flambeau: one finder, the same module objects under both names."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType, TracebackType
from typing import Any

ALIAS, TARGET = "torch", "flambeau"
CHILDREN = str(Path(__file__).parent / "children")
"""Put on PYTHONPATH, this folder carries the alias into child interpreters."""


def _translate(name: str) -> str | None:
    """`flambeau.x.y` for `torch.x.y`; None for any other name."""
    head, dot, rest = name.partition(".")
    return TARGET + dot + rest if head == ALIAS else None


class _SameModule(InspectLoader):
    """Loads `torch.x` by handing out the module `flambeau.x`, which keeps its own spec."""

    def __init__(self, spec: ModuleSpec) -> None:
        self.spec = spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return importlib.import_module(self.spec.name)

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec  # the import system has just put the alias's there
        if self.spec.name == TARGET:
            # PyTorch's submodules are in sys.modules once it is imported, and so are these.
            for name, loaded in list(sys.modules.items()):
                if name.startswith(TARGET + "."):
                    sys.modules.setdefault(ALIAS + name.removeprefix(TARGET), loaded)

    def is_package(self, fullname: str) -> bool:
        return self.spec.submodule_search_locations is not None

    def get_code(self, fullname: str) -> CodeType | None:
        loader = self.spec.loader
        return loader.get_code(self.spec.name) if isinstance(loader, InspectLoader) else None

    def get_source(self, fullname: str) -> str | None:
        loader = self.spec.loader
        return loader.get_source(self.spec.name) if isinstance(loader, InspectLoader) else None


_HOMES = {f"{TARGET}.autograd.modes": f"{ALIAS}.autograd.grad_mode"}


def _rename(module: ModuleType) -> None:
    """Give a module's classes and functions the module that PyTorch has them in, which shows in print and pickles."""
    home = module.__name__
    alias = _HOMES.get(home, ALIAS + home.removeprefix(TARGET))
    for found in list(vars(module).values()):
        if not isinstance(found, (type, FunctionType)):
            continue
        known = found.__module__ or ""
        if known == home or known.startswith((f"{home}._", f"{alias}._")):  # of a private part of this package, too
            # What PyTorch defines in its core is at the top.
            core = home.count(".") == 1 and vars(sys.modules[TARGET]).get(found.__name__) is found
            _renamed.append((found, known))
            found.__module__ = ALIAS if core else alias


_renamed: list[tuple[type | FunctionType, str]] = []


class _TorchFinder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.startswith(TARGET + "."):
            return self._find_ours(fullname, path)
        real = _translate(fullname)
        if real is None:
            return None
        spec = importlib.util.find_spec(real)
        if spec is None:  # the import system goes on to "No module named 'torch.x'"
            return None
        alias = ModuleSpec(fullname, _SameModule(spec), origin=spec.origin)
        alias.submodule_search_locations = spec.submodule_search_locations
        return alias

    def _find_ours(self, fullname: str, path: Sequence[str] | None) -> ModuleSpec | None:
        """A module of flambeau's, whose classes are renamed once it has run."""
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            run = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                run(module)
                _rename(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec

    def find_distributions(self, context: Any = None) -> Iterator[Any]:
        if context is None or context.name in (None, ALIAS):
            from flambeau.launch.distribution import TorchDistribution

            yield TorchDistribution()


_finder = _TorchFinder()


class _Alias:
    """What `as_torch()` returns: leave it alone, or use it as a context manager."""

    def __init__(self, *, began: bool) -> None:
        self._began = began

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._began:  # an outer as_torch() still holds
            return
        sys.meta_path.remove(_finder)
        for found, known in reversed(_renamed):
            found.__module__ = known
        _renamed.clear()
        for name in [name for name in sys.modules if _translate(name)]:
            del sys.modules[name]
        _set_children_path([entry for entry in _children_path() if entry != CHILDREN])


def _children_path() -> list[str]:
    path = os.environ.get("PYTHONPATH")
    return path.split(os.pathsep) if path else []


def _set_children_path(entries: list[str]) -> None:
    if entries:
        os.environ["PYTHONPATH"] = os.pathsep.join(entries)
    else:
        os.environ.pop("PYTHONPATH", None)


def as_torch() -> _Alias:
    """Make `import torch`, here and in every library imported from now on, mean flambeau.

    `torch.x.y` is the very module `flambeau.x.y`, whether or not PyTorch is installed. Python
    processes started from this one (`multiprocessing`, `subprocess`) inherit it.

    As a context manager it holds inside the `with` block only: what was imported there keeps
    flambeau, what is imported later gets PyTorch.

    Raises:
        ImportError: PyTorch itself is already imported in this process.

    Example:
        >>> import flambeau
        >>> alias = flambeau.as_torch()
        >>> import torch
        >>> torch is flambeau
        True
    """
    loaded = sys.modules.get(ALIAS)
    if loaded is not None and loaded is not sys.modules[TARGET]:
        raise ImportError(
            "PyTorch is already imported in this process, so its tensors may be in use: "
            "call flambeau.as_torch() before the first `import torch`",
            name=ALIAS,
            path=getattr(loaded, "__file__", None),
        )
    if _finder in sys.meta_path:
        return _Alias(began=False)
    sys.meta_path.insert(0, _finder)
    importlib.invalidate_caches()
    for name in sorted(name for name in sys.modules if name.startswith(TARGET + ".")):
        _rename(sys.modules[name])
    if CHILDREN not in _children_path():
        _set_children_path([CHILDREN, *_children_path()])
    return _Alias(began=True)
