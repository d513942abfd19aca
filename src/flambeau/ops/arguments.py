"""PyTorch's errors for calls whose arguments do not fit: read only once a call has failed.

A function of one form is read from its declaration; `overloads` has those of several. As in PyTorch, the forms that take so many
arguments are looked at: where there is one, the error names the argument that does not fit it; else all forms are listed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import dtypes
from ..tensor import Tensor, layout, memory_format
from .declare import TENSOR, Op, _first_call
from .dispatch import MISSING


class Parameter(NamedTuple):
    """One parameter of a form: the name of its type as PyTorch prints it ("" for any), and its default's text."""

    kind: str
    name: str
    default: str | None
    keyword: bool
    optional: bool


def parsed(form: str) -> list[Parameter]:
    """The parameters of a form that is written as PyTorch prints it."""
    found, keyword = [], False
    for piece in form[1:-1].split(", "):
        if piece == "*":
            keyword = True
        elif piece:
            declared, _, default = piece.partition(" = ")
            kind, _, name = declared.rpartition(" ")
            given = default if " = " in piece else None
            found.append(Parameter(kind, name, given, keyword, given == "None"))
    return found


_KINDS = {
    None: "Tensor",
    "Tensor": "Tensor",
    "Tensor | None": "Tensor",
    "Tensors": "tuple of Tensors",
    "int": "int",
    "int | None": "int",
    "float": "float",
    "float | None": "float",
    "bool": "bool",
    "str": "str",
    "str | None": "str",
    "Ints": "tuple of ints",
    "Dims": "tuple of ints",
    "Number": "Number",
    "Number | None": "Number",
    "dtype | None": "torch.dtype",
}
"""Annotations of declarations, as PyTorch names the types."""


def declared(op: Op, *, method: bool) -> list[Parameter]:
    """The parameters of an op's only form."""
    found = [
        Parameter(
            "torch.dtype" if param.name == "dtype" else _KINDS.get(param.annotation, ""),
            param.name,
            None if param.required else str(param.default),
            param.keyword,
            (not param.required and param.default is None) or (param.annotation or "").endswith("| None"),
        )
        for param in op.params
    ]
    return found[1:] if method else [*found, *([Parameter("Tensor", "out", "None", True, True)] if op.out else [])]


def forms_of(op: Op, *, method: bool) -> tuple[str, ...]:
    """The several forms of an op; none where its declaration says it all."""
    from .overloads import FORMS, METHODS

    if not method:
        return FORMS.get(op.name, ())
    if op.name in METHODS:
        return METHODS[op.name]
    found = []
    for form in FORMS.get(op.name, ()):
        pieces = form[1:-1].split(", ")
        if pieces[0] == "Tensor input":
            rest = [each for each in pieces[1:] if not each.endswith(" out = None")]
            found.append(f"({', '.join(rest[:-1] if rest and rest[-1] == '*' else rest)})")
    return tuple(found)


# --- values -----------------------------------------------------------------------------------------------


def type_name(value: Any) -> str:
    """The type of a value as PyTorch names it."""
    cls = type(value)
    if cls is Tensor:
        return "Tensor"
    if cls.__module__ == "numpy" or isinstance(value, (dtypes.dtype, layout, memory_format)):
        return f"{cls.__module__.split('.')[0].replace('flambeau', 'torch')}.{cls.__name__}"
    if cls.__name__ in ("Size", "device") and cls.__module__.startswith(("flambeau", "torch")):
        return f"torch.{cls.__name__}"
    return "torch._C.Generator" if cls.__name__ == "Generator" else cls.__name__


def is_int(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value._array.ndim == 0 and value._array.dtype.kind in "iu" and value._node is None
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value._array.ndim == 0 and value._node is None
    return isinstance(value, (bool, int, float, complex, np.number, np.bool_))


def _is_float(value: Any) -> bool:
    return is_number(value) and not isinstance(value, (bool, complex, np.complexfloating, np.bool_))


def fits(kind: str, value: Any) -> bool:
    """Whether PyTorch takes a value for a parameter of that type."""
    if kind == "Tensor":
        return isinstance(value, Tensor) or hasattr(type(value), "__torch_function__") or hasattr(value, "__prim__")
    if kind == "int":
        return is_int(value)
    if kind == "float":
        return _is_float(value)
    if kind == "Number":
        return is_number(value)
    if kind == "bool":
        return isinstance(value, (bool, np.bool_))
    if kind == "str":
        return isinstance(value, str)
    if kind == "tuple of ints":
        return is_int(value) or (isinstance(value, (tuple, list)) and (not value or is_int(value[0])))
    if kind == "tuple of Tensors":
        return isinstance(value, (tuple, list))
    if kind == "torch.dtype":
        return isinstance(value, dtypes.dtype) or value in (float, int, bool, complex)
    return True


# --- the complaint ----------------------------------------------------------------------------------------


def complaint(
    name: str, forms: Sequence[Sequence[Parameter]], shown: Sequence[str], args: Sequence[Any], keywords: dict[str, Any]
) -> TypeError | None:
    """The error of a call that fits none of the forms (`shown`: as listed); None if it fits one."""
    listed = bool(shown)
    count = len(args) + len(keywords)
    plausible = [
        form for form in forms if not listed or sum(each.default is None for each in form) <= count <= len(form)
    ]
    if len(plausible) == 1:
        return misfit(name, plausible[0], args, keywords)
    if any(misfit(name, form, args, keywords) is None for form in plausible):
        return None
    return TypeError(_listing(name, shown, args, keywords))


def misfit(name: str, form: Sequence[Parameter], args: Sequence[Any], keywords: dict[str, Any]) -> TypeError | None:
    """What keeps a call from fitting one form; None if nothing does."""
    places = [each for each in form if not each.keyword]
    if len(args) > len(places):
        least = sum(each.default is None for each in places)
        most = len(places)
        number = (
            f"{most} positional argument{'s' * (most != 1)}"
            if least == most
            else f"from {least} to {most} positional arguments"
        )
        return TypeError(f"{name}() takes {number} but {len(args)} {'was' if len(args) == 1 else 'were'} given")
    for place, each in enumerate(form):
        given = place < len(places) and place < len(args)
        if not given and each.name not in keywords:
            if each.default is None:
                return _missing(name, form[place:])
            continue
        value = args[place] if given else keywords[each.name]
        if (value is None and each.optional) or fits(each.kind, value):
            continue
        where = f"argument '{each.name}'" + (f" (position {place + 1})" if given else "")
        wanted = f"{name}(): {where} must be {each.kind}"
        if each.kind == "tuple of ints" and isinstance(value, (tuple, list)):
            return TypeError(f"{wanted}, but found element of type {type_name(value[0])} at pos 0")
        return TypeError(f"{wanted}, not {type_name(value)}")
    names = [each.name for each in form]
    for key in keywords:
        if key not in names:
            return TypeError(f"{name}() got an unexpected keyword argument '{key}'")
        if names.index(key) < len(args):
            return TypeError(f"{name}() got multiple values for argument '{key}'")
    for each, value in zip(places, args, strict=False):
        if each.kind == "tuple of ints" and isinstance(value, (tuple, list)):
            for at, item in enumerate(value):
                if not is_int(item):
                    return TypeError(
                        f"{name}(): argument '{each.name}' failed to unpack the object at pos {at + 1} with error "
                        f'"type must be tuple of ints,but got {type_name(item)}"'
                    )
    return None


def _missing(name: str, rest: Sequence[Parameter]) -> TypeError:
    names = [f'"{each.name}"' for each in rest if each.default is None]
    few = "arguments" if len(names) == 1 else "argument"  # PyTorch's own way round
    return TypeError(f"{name}() missing {len(names)} required positional {few}: {', '.join(names)}")


def _listing(name: str, shown: Sequence[str], args: Sequence[Any], keywords: dict[str, Any]) -> str:
    given = [f"{key}={type_name(keywords[key])}" for key in sorted(keywords)]
    got = ", ".join([type_name(each) for each in args] + given) + ", " * (bool(given) and not args)
    head = f"{name}() received an invalid combination of arguments - got ({got}), but expected "
    if len(shown) == 1:
        return head + shown[0]
    return head + "one of:\n" + "".join(f" * {form}\n{_reason(form, args, keywords)}" for form in shown)


def _reason(form: str, args: Sequence[Any], keywords: dict[str, Any]) -> str:
    """Why a listed form of just so many parameters did not match, as PyTorch tells by the names of types."""
    pieces = form[1:-1].split(", ")
    if len(pieces) != len(args) + len(keywords):
        return ""
    named = {piece.rpartition(" ")[2]: piece.rpartition(" ")[0] for piece in pieces}
    wrong = sorted(set(keywords) - set(named))
    if wrong:
        return f"      didn't match because some of the keywords were incorrect: {', '.join(wrong)}\n"
    marked = []
    for piece, value in zip(pieces, args, strict=False):
        text = _described(value)
        marked.append(text if text == piece.rpartition(" ")[0] else f"!{text}!")
    for key in sorted(keywords):
        text = _described(keywords[key])
        marked.append(f"{key}={text}" if text == named[key] else f"!{key}={text}!")
    tail = ", " * (bool(keywords) and not args)
    return f"      didn't match because some of the arguments have invalid types: ({', '.join(marked)}{tail})\n"


def _described(value: Any) -> str:
    if type(value) in (tuple, list):
        inside = ", ".join(type_name(each) for each in value)
        return f"tuple of ({inside})" if type(value) is tuple else f"list of [{inside}]"
    return type_name(value)


def misfits(name: str, args: Sequence[Any], keywords: dict[str, Any]) -> TypeError:
    """The error of a call of a function of several forms that is known to fit none of them."""
    from .overloads import FORMS

    forms = FORMS[name]
    found = complaint(name, [parsed(form) for form in forms], forms, args, keywords)
    return found or TypeError(_listing(name, forms, args, keywords))


# --- calls of ops -----------------------------------------------------------------------------------------


def mistaken(
    op: Op, kind: str, values: Sequence[Any], error: Exception, unknown: dict[str, Any] | None = None
) -> Exception:
    """`error`, raised by a call of an op; or PyTorch's, where the arguments (and `unknown` keywords) did not fit."""
    tensors = [value for param, value in zip(op.params, values, strict=False) if param.kind == TENSOR]
    if op.name.startswith("_") or (
        any(isinstance(each, np.ndarray) for each in tensors) and not any(isinstance(each, Tensor) for each in tensors)
    ):
        return error
    method = "method" in kind or "dunder" in kind
    name = op.name + "_" * ("inplace" in kind)
    args, keywords = _as_written(op, kind, values)
    keywords.update(unknown or {})
    if method:
        args = args[1:]
    shown = forms_of(op, method=method)
    forms = [parsed(form) for form in shown] or [declared(op, method=method)]
    found = complaint(name, forms, shown, args, keywords)
    return error if found is None else found


def _as_written(op: Op, kind: str, values: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments as the caller wrote them, by position and by name; defaults are left out."""
    named = _names_at_call(op.forms.get(kind))
    args: list[Any] = []
    keywords: dict[str, Any] = {}
    for param, value in zip(op.params, values, strict=False):
        if value is MISSING or (not param.required and value is param.default):
            continue
        if param.keyword or param.name in named or len(args) < op.params.index(param):
            keywords[param.name] = value
        else:
            args.append(value)
    return args, keywords


def _names_at_call(form: Any) -> set[str]:
    """The names of the keyword arguments in the call of a form that is running, read from the caller's code."""
    frame: Any = sys._getframe()
    while frame is not None and (form is None or frame.f_code is not form.__code__):
        frame = frame.f_back
    if frame is None or frame.f_back is None:
        return set()
    caller = frame.f_back
    if caller.f_code is _first_call.__code__:
        return set(caller.f_locals.get("kwargs", ()))
    import dis

    pending: Any = ()
    names: Any = ()
    for each in dis.get_instructions(caller.f_code):
        if each.offset > caller.f_lasti:
            break
        if each.opname == "KW_NAMES":  # Python 3.11 and 3.12; later a constant that CALL_KW takes
            pending = caller.f_code.co_consts[each.arg or 0]
        elif each.opname == "LOAD_CONST" and sys.version_info >= (3, 13):
            pending = each.argval
        elif each.opname.startswith("CALL"):
            names, pending = pending if each.opname != "CALL" or sys.version_info < (3, 13) else (), ()
    return set(names) if isinstance(names, tuple) else set()
