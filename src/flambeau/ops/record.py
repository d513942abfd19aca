"""Finds out which file of this package declares what, and writes that down in `homes`.

A function's home is known only while it is being declared. So `python -m flambeau.ops.record`, in a process of its own,
imports every file and looks after each what is new.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from importlib import import_module
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from .._late import promised
from ..tensor import Tensor
from . import declare, files

FILE = Path(__file__).with_name("homes.py")
PACKAGE = declare.__name__.rpartition(".")[0]
FUNCTIONS, METHODS, PROPERTIES = "FUNCTIONS", "METHODS", "PROPERTIES"


def _declared() -> Iterator[tuple[tuple[str, str], Any]]:
    """All that is declared by now, and under which names."""
    for place, names in (("op", declare.table), ("alias", declare.aliases), ("function", declare.functions)):
        yield from (((place, name), each) for name, each in names.items())
    yield from (((METHODS, name), late.value) for name, late in promised.items() if hasattr(late, "value"))
    yield from (((METHODS, name), each) for name, each in vars(Tensor).items() if name not in promised)


def homes() -> dict[str, dict[str, str]]:
    """The home of each function, method and property. Raises ValueError for a name that has two."""
    known: dict[tuple[str, str], Any] = {}
    found: dict[str, dict[str, str]] = {FUNCTIONS: {}, METHODS: {}, PROPERTIES: {}}
    running = [""]

    def note() -> None:
        for key, value in _declared():
            if known.get(key) is value:
                continue
            known[key] = value
            kind, name = key
            kind = FUNCTIONS if kind != METHODS else PROPERTIES if isinstance(value, property) else METHODS
            if found[kind].setdefault(name, running[-1]) != running[-1]:
                raise ValueError(f"{name} is declared in {found[kind][name]} and in {running[-1]}")

    class Loader(SourceFileLoader):
        """What imports files, and notes what they declare."""

        def exec_module(self, module: ModuleType) -> None:
            note()
            running.append(module.__name__.rpartition(".")[2] if module.__name__.startswith(PACKAGE) else "")
            run(self, module)
            note()
            running.pop()

    run = SourceFileLoader.exec_module
    SourceFileLoader.exec_module = Loader.exec_module  # type: ignore[method-assign, assignment]
    note()
    for name in files():
        import_module(f"{PACKAGE}.{name}")
    return {kind: {name: home for name, home in names.items() if home} for kind, names in found.items()}


def main() -> None:
    """Print the text of `homes`."""
    text = '"""Which file declares what. Written by `python -m flambeau.ops --stubs`; not to be edited."""\n'
    for kind, names in homes().items():
        text += f"\n{kind} = {{\n"
        for home in sorted(set(names.values())):
            listed = " ".join(sorted(name for name in names if names[name] == home))
            lines = textwrap.fill(listed, 118, initial_indent=" " * 8, subsequent_indent=" " * 8)
            text += f'    "{home}": """\n{lines}\n    """,\n'
        text += "}\n"
    sys.stdout.write(text)


def text() -> str:
    """What `homes` should be."""
    command = [sys.executable, "-m", f"{PACKAGE}.record"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603


if __name__ == "__main__":
    main()
