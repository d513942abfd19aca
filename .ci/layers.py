"""Check that imports run down the layers: `python .ci/layers.py`.

Every import in the package counts, also one inside a function. A module may import its own layer
and those below it.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"
PACKAGE = "flambeau"

LAYERS = [
    # prims.core is the dispatch rule, which the kernels' tracer signs up with
    {"kernels", "prims.core"},
    {"prims"},
    {"tensor", "_late", "dtypes", "device", "storage", "printing", "generator", "return_types"}
    | {"version", "torch_version", "utils.hooks", "_stubs"},
    {"autograd"},
    {"ops"},
    # functions for users, at the paths that PyTorch gives them
    {"autograd.forward_ad", "autograd.functional", "autograd.gradcheck", "autograd.finite_differences"}
    # what is written from the op table
    | {"ops.stubs", "ops.__main__"},
]
"""From the bottom up. A dotted name goes before its folder; what is not named is the API."""

RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}
API = len(LAYERS) - 1
NAMES = ["kernels", "prims", "tensor", "autograd", "ops", "API"]


def rank(module: str) -> int:
    """The layer of a dotted name inside the package."""
    parts = module.split(".")[1:]
    known = (RANK.get(".".join(parts[:length])) for length in range(len(parts), 0, -1))
    return next((rank for rank in known if rank is not None), API)


def imports(path: Path, module: str) -> Iterator[tuple[int, str]]:
    """Line and full name of every module of the package that `path` imports."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parent = package.split(".")[: len(package.split(".")) - max(node.level - 1, 0)]
            base = ".".join([*parent, node.module or ""] if node.level else [node.module or ""])
            base = base.rstrip(".")
            names = [resolve(base, alias.name) for alias in node.names]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.split(".")[0] == PACKAGE)


def resolve(base: str, name: str) -> str:
    """`base.name` where that is a module, else `base`, which holds `name`."""
    place = SOURCE.joinpath(*base.split("."), name)
    return f"{base}.{name}" if place.is_dir() or place.with_suffix(".py").exists() else base


def main() -> int:
    count, upward = 0, []
    for path in sorted((SOURCE / PACKAGE).rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        for line, name in imports(path, module):
            count += 1
            if rank(name) > rank(module):
                upward.append(
                    f"{path.relative_to(SOURCE.parent)}:{line}: {NAMES[rank(module)]} imports "
                    f"{name} from {NAMES[rank(name)]}"
                )
    print("\n".join([*upward, f"{count} imports, {len(upward)} upward"]))
    return bool(upward)


if __name__ == "__main__":
    sys.exit(main())
