"""Every differentiable operation, declared once, by family.

`table` has all declarations; `python -m flambeau.ops` prints it. An op is also an attribute of this package. A file is
imported when something that it declares is first used: `homes`, which is generated, says what that is.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from .. import _late
from ..tensor import Tensor as _Tensor
from . import homes

_functions: dict[str, str] = {}
"""The file of each function."""
for _home, _names in homes.FUNCTIONS.items():
    _functions.update(dict.fromkeys(_names.split(), _home))
for _home, _names in homes.METHODS.items():
    _late.promise(_Tensor, _names.split(), f"{__name__}.{_home}")
for _home, _names in homes.PROPERTIES.items():
    _late.promise(_Tensor, _names.split(), f"{__name__}.{_home}", _late.LateProperty)


def load(home: str) -> None:
    """Import a file of the package, and put on Tensor what it declares for it."""
    _late.fulfil(f"{__name__}.{home}")


def files() -> list[str]:
    """The files that declare ops, and those that these are made with."""
    from pkgutil import iter_modules

    return [each.name for each in iter_modules(__path__) if each.name not in ("__main__", "record", "stubs")]


def load_all() -> None:
    """Import every file."""
    if "table" not in globals():
        for name in files():
            import_module(f"{__name__}.{name}")
        _late.put()
        from .declare import table

        globals()["table"] = table


def home(name: str) -> str | None:
    """The file that declares the function of that name, or whose in-place form it is."""
    return _functions.get(name) or (_functions.get(name[:-1]) if name.endswith("_") else None)


def public(home: str | None = None) -> dict[str, Any]:
    """The functions of the top-level namespace that are declared in a file, or in all, by name."""
    if home is None:
        load_all()
    else:
        load(home)
    from .declare import aliases, functions, table

    def here(names: dict[str, Any]) -> dict[str, Any]:
        return names if home is None else {name: each for name, each in names.items() if _functions.get(name) == home}

    found: dict[str, Any] = {}
    for name, op in here(table).items():
        if op.module == "flambeau" and not name.startswith("_"):
            found[name] = op.function
            if "inplace" in op.forms:
                found[f"{name}_"] = op.forms["inplace"]
    return {**found, **here(aliases), **here(functions)}


class _Package(ModuleType):
    """The package, of which `scatter` is the op also when the file that declares it is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, ModuleType) and name in _functions:
            from .declare import table

            value = table[name].function if name in table else value
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    """An op (or the in-place form of one) by its name; `table`."""
    if name.startswith("__"):
        raise AttributeError(f"module 'flambeau.ops' has no op {name!r}")
    where = home(name)
    if where is None and name != "table":
        try:
            return import_module(f"{__name__}.{name}")
        except ModuleNotFoundError:
            pass
    if where is None:
        load_all()
    else:
        load(where)
    if name in globals():
        return globals()[name]
    from .declare import aliases, table

    if name in table:
        return table[name].function
    if name.endswith("_") and name[:-1] in table and "inplace" in table[name[:-1]].forms:
        return table[name[:-1]].forms["inplace"]
    if name in aliases:
        return aliases[name]
    raise AttributeError(f"module 'flambeau.ops' has no op {name!r}")
