"""Type stubs, written from the op table and from the functions beside it.

What the namespace and the methods of Tensor are is known when the ops have been declared; a type checker needs it
written down. `python -m flambeau.ops --stubs` writes the files of `flambeau/_stubs`, which the modules that have the
functions import under TYPE_CHECKING.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flambeau
from flambeau import return_types
from flambeau.tensor import Tensor, legacy_types

from . import public, record, table
from .declare import OPTIONAL, TENSOR, TENSORS, Op, Param

FOLDER = Path(flambeau.__file__).parent / "_stubs"
HEADER = '''\
"""{about} Written by `python -m flambeau.ops --stubs`; not to be edited."""

from builtins import bool as _bool, complex as _complex, float as _float, int as _int, str as _str
from collections.abc import Callable, Sequence
from typing import Any, SupportsFloat, SupportsIndex

from flambeau._stubs import returns as _returns
from flambeau.device import device as _device
from flambeau.dtypes import dtype as _dtype
from flambeau.generator import Generator as _Generator
from flambeau.tensor import Size as Size, Tensor as Tensor, layout as _layout, memory_format as _memory_format

_Number = SupportsFloat | _complex
_Ints = SupportsIndex | Sequence[SupportsIndex]
_Kind = _dtype | type[_float | _complex]
_Place = _device | _str | _int
'''

# How the annotations of bodies and functions read in a stub; bodies see what a user gave.
_TYPES = {
    "int": "SupportsIndex",
    "float": "_Number",
    "bool": "_bool",
    "str": "_str",
    "complex": "_complex",
    "Dims": "_Ints | None",
    "Ints": "_Ints",
    **dict.fromkeys(("Sizes", "Shape", "Axes", "Sequence[int]", "tuple[int, ...]"), "Sequence[SupportsIndex]"),
    "tuple[float | None, ...]": "Any",
    "Tensors": "Sequence[Tensor]",
    "dtype": "_Kind",
    "DType": "_Kind",
    "dtypes.dtype": "_Kind",
}
_BY_NAME = {
    "dtype": "_Kind | None",
    "device": "_Place | None",
    "dim": "_Ints | None",
    "layout": "_layout | None",
    "memory_format": "_memory_format | None",
    "generator": "_Generator | None",
}
_PLAIN = {"Tensor", "Any", "None", "Size", "Sequence[Tensor]"}
_LITERALS = (bool, int, float, str, type(None))


def _typed(annotation: Any, name: str = "") -> str:
    """A stub's type for an annotation; what it does not know is Any, unless the parameter's name says more."""
    if not isinstance(annotation, str):
        annotation = getattr(annotation, "__name__", None) if annotation is not inspect.Parameter.empty else None
    if annotation in (None, "Any"):
        return _BY_NAME.get(name, "Any")
    if annotation in _TYPES:
        return _TYPES[annotation]
    parts = [part.strip() for part in re.split(r"\|(?![^\[]*\])", annotation)]
    mapped = [part if part in _PLAIN else _TYPES.get(part, "Any") for part in parts]
    return "Any" if "Any" in mapped else " | ".join(mapped)


# --- ops ----------------------------------------------------------------------------------------------


def _returns(body: Callable[..., Any]) -> str:
    """What a body gives: as annotated, or as its `return` statements show."""
    annotated = getattr(body, "__annotations__", {}).get("return")
    if annotated is not None:
        return _result(annotated)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(body)))
    except (OSError, TypeError, SyntaxError):
        return "Tensor"
    function = tree.body[0]
    if not isinstance(function, ast.FunctionDef):
        return "Tensor"
    found = set()
    for node in _own_nodes(function):
        if isinstance(node, ast.Return) and node.value is not None:
            if isinstance(node.value, ast.Tuple):
                found.add("tuple[" + ", ".join(["Tensor"] * len(node.value.elts)) + "]")
            elif isinstance(node.value, ast.Call) and ast.unparse(node.value.func).startswith("return_types."):
                found.add("_returns." + ast.unparse(node.value.func).removeprefix("return_types."))
            elif "return_types" in ast.unparse(node.value):
                found.add("Any")
    return "Tensor" if not found else found.pop() if len(found) == 1 else "Any"


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, (ast.FunctionDef, ast.Lambda)):
            yield child
            yield from _own_nodes(child)


def _result(annotated: Any) -> str:
    text = annotated if isinstance(annotated, str) else getattr(annotated, "__name__", "Any")
    plain = {"bool": "_bool", "int": "_int", "float": "_float", "str": "_str", "Size": "Size", "None": "None"}
    plain |= {"Tensor": "Tensor", "dtype": "_dtype", "Array": "Any", "torch.Tensor": "Tensor"}
    if text in plain:
        return plain[text]
    inner = re.fullmatch(r"(tuple|list)\[(.*)\]", text)
    if inner and all(part.strip() in ("Tensor", "...") for part in inner[2].split(",")):
        return text
    return "Any"


def _parameter(op: Op, param: Param) -> str:
    """The type of an op's argument. What a composite passes on may be a number, whatever its name in the body."""
    if param.kind == TENSORS:
        return "Sequence[Tensor]"
    if param.kind in (TENSOR, OPTIONAL):
        passed_on = op.family == "composite" and param is not op.params[0]
        kinds = ["Tensor"] + ["_Number"] * (passed_on or param.name in op.scalars)
        return " | ".join(kinds + ["None"] * (not param.required and param.default is None))
    typed = "_Number" if param.name == "alpha" else _typed(param.annotation, param.name)
    optional = not param.required and param.default is None and typed != "Any" and "None" not in typed
    return typed + " | None" if optional else typed


def op_signature(op: Op, kind: str) -> str:
    """The parameters and result of one form of an op."""
    method = "method" in kind or "dunder" in kind
    parts, starred = [], False
    for place, param in enumerate(op.params):
        if place == 0 and method:
            parts.append("self")
            continue
        if param.keyword and not starred:
            parts.append("*")
            starred = True
        written = f"{param.name}: {_parameter(op, param)}"
        parts.append(written if param.required else f"{written} = {_default(param.default)}")
    result = "Tensor" if "inplace" in kind else _returns(op.signature)
    if result == "Tensor" and op.name in return_types.FIELDS:
        result = "Any"  # one tensor or several, by the arguments
    if kind in ("function", "method"):
        if op.out:
            parts += [] if starred else ["*"]
            parts.append(f"out: {'Tensor | None' if result == 'Tensor' else 'Any'} = None")
        if any(param.name == "dim" for param in op.params):
            # NumPy's names; a required `dim` may come as `axis` too.
            parts = [part + " = ..." if _required(part, parts) else part for part in parts]
            parts.append("**names: Any")
    return f"({', '.join(parts)}) -> {result}"


def _required(part: str, parts: list[str]) -> bool:
    """Whether `part` is `dim` or a parameter after it, without a default."""
    names = [each.partition(":")[0] for each in parts]
    return part.partition(":")[0] in names[names.index("dim") :] and " = " not in part and part != "*"


def _default(value: Any) -> str:
    return repr(value) if isinstance(value, _LITERALS) else "..."


# --- other functions ----------------------------------------------------------------------------------


def plain_signature(function: Callable[..., Any], *, method: bool = False) -> str:
    """The parameters and result of a Python function, in a stub's types."""
    signature = inspect.signature(function)
    parts, starred = [], False
    for place, param in enumerate(signature.parameters.values()):
        if place == 0 and method:
            parts.append("self")
            continue
        star = "*" if param.kind is param.VAR_POSITIONAL else "**" if param.kind is param.VAR_KEYWORD else ""
        if param.kind is param.VAR_POSITIONAL:
            starred = True
        if param.kind is param.KEYWORD_ONLY and not starred:
            parts.append("*")
            starred = True
        default = "" if param.default is param.empty else f" = {_default(param.default)}"
        typed = "Any" if star else _typed(param.annotation, param.name)
        if param.default is None and typed != "Any" and "None" not in typed:
            typed += " | None"
        parts.append(f"{star}{param.name}: {typed}{default}")
    annotated = signature.return_annotation
    return f"({', '.join(parts)}) -> {'Any' if annotated is signature.empty else _result(annotated)}"


def _definition(name: str, found: Any, *, method: bool = False) -> str | None:
    """The `def` of a function or method called `name`."""
    op = getattr(found, "op", None)
    if op is not None:
        kind = next((kind for kind, form in op.forms.items() if form is found), "method" if method else "function")
        signature = op_signature(op, kind)
        if method and len(op.params) >= 2 and re.fullmatch("__[a-z]+__", name):
            signature = f"(self, other: {'Any' if name in ('__eq__', '__ne__') else 'Tensor | _Number'}) -> Tensor"
    elif inspect.isfunction(found):
        signature = plain_signature(found, method=method)
    else:
        return None
    doc = (inspect.getdoc(found) or "").split("\n")[0].replace("\\", "\\\\").replace('"""', "'''")
    ignored = "  # type: ignore[override]" if name in ("__eq__", "__ne__") else ""
    if not doc:
        return f"def {name}{signature}: ...{ignored}\n"
    return f'def {name}{signature}:{ignored}\n    """{doc}"""\n'


def _functions(found: dict[str, Any]) -> str:
    lines = [_definition(name, function) for name, function in sorted(found.items()) if name.isidentifier()]
    return "\n".join(line for line in lines if line)


# --- the files ----------------------------------------------------------------------------------------


def namespace() -> str:
    """Everything in `flambeau` that is not written in its `__init__`."""
    from flambeau import _LAZY_MODULES, _LAZY_NAMES, dtypes

    assert table, "no op is declared"  # asked for, it has every family
    text = HEADER.format(about="The functions, dtypes and lazy modules of `flambeau`.")
    for node in ast.parse(Path(flambeau.__file__).read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1:  # a stub exports what is imported `as` itself
            home = f"flambeau.{node.module}" if node.module else "flambeau"
            names = [each.name for each in node.names if each.asname is None]
            text += "".join(f"from {home} import {name} as {name}\n" for name in names)
    text += "".join(f"from flambeau import {name} as {name}\n" for name in sorted(_LAZY_MODULES))
    text += "".join(f"from flambeau.{module} import {name} as {name}\n" for name, module in sorted(_LAZY_NAMES.items()))
    text += "\n" + "".join(f"{name}: _dtype\n" for name in sorted({*dtypes.ALIASES, *(d.name for d in dtypes.ALL)}))
    text += "".join(f"{name}: Any\n" for name in sorted(legacy_types())) + "\n"
    return text + _functions({name: each for name, each in public().items() if name not in vars(_body_of("__init__"))})


def _body_of(name: str) -> Any:
    """A namespace with the names that a file's own code defines."""
    source = Path(flambeau.__file__).with_name(f"{name}.py").read_text()
    defined = [node.name for node in ast.parse(source).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    return type("Body", (), dict.fromkeys(defined))


def methods() -> str:
    """The class of what ops and others have attached to Tensor."""
    source = Path(flambeau.__file__).with_name("tensor.py").read_text()
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == "Tensor"]
    own: set[str] = set()
    for node in ast.walk(classes[0]):
        if isinstance(node, ast.FunctionDef):
            own.add(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            own |= {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
    for name in [*vars(Tensor)]:
        getattr(Tensor, name, None)  # what waits for its first use
    lines = []
    for name, found in sorted(vars(Tensor).items()):
        if name in own or name in ("__doc__", "__module__", "__slots__", "__dict__", "__weakref__"):
            continue
        if isinstance(found, property):
            lines.append(_property(name, found))
        elif definition := _definition(name, found, method=True):
            lines.append(definition)
    text = HEADER.format(about="The methods of Tensor that ops declare.") + "\nclass Methods:\n"
    return text + textwrap.indent("\n".join(lines), "    ")


def _property(name: str, found: property) -> str:
    annotated = getattr(found.fget, "__annotations__", {}).get("return")
    kind = "Any" if annotated is None else _result(annotated)
    return f"{name}: {kind}\n" if found.fset else f"@property\ndef {name}(self) -> {kind}: ...\n"


def functional() -> str:
    """The ops that `nn.functional` hands out by their names there."""
    from flambeau.nn import functional

    text = HEADER.format(about="The ops of `nn.functional` that are not written there.") + "\n"
    return text + _functions({name: getattr(functional, name) for name in functional._OPS})


def named_tuples() -> str:
    """The types of several results."""
    lines = ['"""The types of several results. Written by `python -m flambeau.ops --stubs`; not to be edited."""\n']
    lines += ["from typing import Any, NamedTuple\n\nfrom flambeau.tensor import Tensor\n"]
    for name, fields in sorted(return_types.FIELDS.items()):
        lines.append(f"class {name}(NamedTuple):\n" + "".join(f"    {field}: Tensor\n" for field in fields.split()))
    return "\n".join(lines)


def files() -> dict[str, str]:
    """The text of every stub, by its file's name."""
    return {
        "namespace.pyi": namespace(),
        "methods.pyi": methods(),
        "returns.pyi": named_tuples(),
        "functional.pyi": functional(),
    }


def write() -> None:
    """Write the stubs into the package."""
    record.FILE.write_text(record.text())
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text)
