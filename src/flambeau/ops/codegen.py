"""Writes the code of an op's public functions, so that nothing is interpreted per call (`nodes`: that of its node).

What is written is the fast path: plain tensors of one dtype. Everything else (promotion, arrays, subclasses, modes,
`out=`, in-place writes that autograd must see) goes to `dispatch`. `print(torch.tanh.op.source)` shows the result.
"""

from __future__ import annotations

import linecache
import math
from collections.abc import Iterable

import numpy as np

from .. import dtypes, prims
from ..autograd.engine import quiet, reset_errstate, set_errstate
from ..autograd.graph import freed_error, named_like, next_seq, version_error
from ..autograd.modes import state
from ..autograd.saved import note_trace, pack_saved
from ..kernels.lock import lock
from ..tensor import Tensor, new, wrap, wrap_view
from . import convert, creation, dispatch, errors, hot, memory, promotion, recording, rules
from .checks import accepted, refused
from .declare import OPTIONAL, STATIC, TENSOR, TENSORS, Op, Param, namespace
from .nodes import declare_node, saves, tensor_params, write_rules

UNSCALED = "alpha == 1 and alpha is not True"
"""A test that sums and differences need no product; True is for PyTorch to refuse."""
FLOAT32_MOST = float(np.finfo(np.float32).max)

namespace.update(
    Tensor_=Tensor,
    new=new,
    next_seq=next_seq,
    freed_error=freed_error,
    version_error=version_error,
    state=state,
    wrap_view=wrap_view,
    set_errstate=set_errstate,
    reset_errstate=reset_errstate,
    quiet=quiet,
    convert=convert.convert,
    tensor_of=lambda data: wrap(creation.array_of(data)),
    call=dispatch.call,
    call_dunder=dispatch.call_dunder,
    call_inplace=dispatch.call_inplace,
    call_many=recording.finish_many,
    plain_many=recording.plain_many,
    call_composite=dispatch.call_composite,
    all_plain=promotion.all_plain,
    no_nodes=recording.no_nodes,
    wrap=wrap,
    broadcast=np.broadcast,
    lies_apart=memory.lies_apart,
    broadcast_error=errors.broadcast_error,
    mistaken=errors.mistaken,
    revive=rules.revive,
    output_of=rules.output_of,
    revive_all=rules.revive_all,
    pick=rules.pick,
    renamed=dispatch.renamed,
    MISSING=dispatch.MISSING,
    DType=dtypes.dtype,
    as_dtype=dtypes.as_dtype,
    UNSAVED=[0],
    NUMBERS=frozenset({bool, int, float}),
    F32=np.dtype(np.float32),
    F64=np.dtype(np.float64),
    I64=np.dtype(np.int64),
    LONG=1 << 63,
    AxisError=np.exceptions.AxisError,
    pack_saved=pack_saved,
    note_trace=note_trace,
)


def compile_form(op: Op, kind: str) -> None:
    """Write one form's code and move it into the stub that users hold."""
    with lock:
        if kind not in op.sources:
            _compile_form(op, kind)


def _compile_form(op: Op, kind: str) -> None:
    declare_node(op)
    source = _composite_source(op, kind) if op.family == "composite" else _form_source(op, kind)
    op.sources[kind] = source
    stub = op.forms[kind]
    filename = f"<{op.name}: {kind}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    namespace[f"_{op.name}_op"] = op
    namespace[f"_{op.name}_body"] = op.body
    exec(compile(source, filename, "exec"), namespace)
    made = namespace.pop(f"_{op.name}_{kind}")
    # Another thread may call the stub between any two of these lines: each default is there before the code that asks.
    stub.__defaults__, stub.__kwdefaults__ = (
        made.__defaults__,
        {**(stub.__kwdefaults__ or {}), **(made.__kwdefaults__ or {})},
    )
    stub.__code__ = made.__code__.replace(co_name=stub.__name__, co_qualname=stub.__qualname__)
    stub.__kwdefaults__ = made.__kwdefaults__
    stub.__annotations__ = {param.name: param.annotation for param in op.params if param.annotation}


# --- the public forms ---------------------------------------------------------------------------------


def _signature(op: Op, kind: str) -> str:
    parts, starred = [], False
    missing = _renamable(op, kind)
    for place, param in enumerate(op.params):
        if param.keyword and not starred:
            parts.append("*")
            starred = True
        name = param.name
        if place == 0 and "method" in kind and not name.startswith("*"):
            name = "self"
        if param.name in missing or (param.required and name != "self" and op.module != "flambeau.nn.functional"):
            parts.append(f"{name}=MISSING")
        elif param.required:
            parts.append(name)
        else:
            namespace[f"_{op.name}_default_{param.name}"] = param.default
            literal = repr(param.default)
            simple = param.default is None or isinstance(param.default, (bool, int, str))
            parts.append(f"{name}={literal if simple else f'_{op.name}_default_{param.name}'}")
    if kind in ("function", "method") and op.out:
        if not starred:
            parts.append("*")
        parts.append("out=None")
    if _numpy_named(op, kind):
        parts.append("**names")
    return ", ".join(parts)


def _numpy_named(op: Op, kind: str) -> bool:
    """Whether the form also takes NumPy's `axis` and `keepdims`, as PyTorch's functions of a `dim` do."""
    return kind in ("function", "method") and any(param.name == "dim" for param in op.params)


def _renamable(op: Op, kind: str) -> list[str]:
    """The required parameters from `dim` on: a call may say `axis` in its place."""
    required = [param.name for param in op.params if param.required]
    return required[required.index("dim") :] if "dim" in required and _numpy_named(op, kind) else []


def _renaming(op: Op, kind: str, arguments: str) -> list[str]:
    """The lines that come first: other names of arguments, and other forms of a dtype."""
    lines = []
    if _numpy_named(op, kind):
        tests = ["names", *(f"{name} is MISSING" for name in _renamable(op, kind))]
        out = "out" if op.out else "None"
        lines += [f"    if {' or '.join(tests)}:"]
        lines += [f"        return renamed(_{op.name}_op, '{kind}', ({arguments},), {out}, names)"]
    if any(param.name == "dtype" for param in op.params) and not op.name.startswith("_"):
        lines += ["    if dtype is not None and dtype.__class__ is not DType:"]
        lines += [f"        dtype = as_dtype(dtype, '{op.name}')"]
    return lines


def _plain(name: str) -> str:
    return f"({name}.__class__ is Tensor or {name}.__class__ is Parameter)"


def _guard(op: Op, names: dict[str, str]) -> list[str]:
    tests = []
    for param in tensor_params(op):
        name = names[param.name]
        if param.kind == TENSOR:
            tests.append(
                f"({_plain(name)} or {name}.__class__ in NUMBERS)" if param.name in op.numbers else _plain(name)
            )
        elif param.kind == OPTIONAL:
            tests.append(f"({name} is None or {_plain(name)})")
        else:
            tests.append(f"all_plain({name})")
    return tests


def _dtype_guard(op: Op) -> list[str]:
    """Conditions under which no promotion is needed."""
    if op.promote is None and op.check is None:
        return []
    tests = []
    params = [param for param in tensor_params(op) if param.name not in op.keep]
    first = params[0]
    if first.kind == TENSORS:
        return []
    for param in params[1:]:
        if param.kind == TENSOR:
            tests.append(f"a_{param.name}.dtype is d")
        elif param.kind == OPTIONAL:
            tests.append(f"(a_{param.name} is None or a_{param.name}.dtype is d)")
    composed = op.promote == "default" and op.quiet and not _is_prim(op)  # NumPy's rules for numbers are not PyTorch's
    if op.promote == "float" or op.check is not None or composed:
        kinds = ["d is F32 or d is F64"] if "f" not in refused(op.check) else []
        if op.promote != "float" and not composed and op.name not in FLOATS_ONLY and accepted(op.check):
            namespace[f"_{op.name}_accepted"] = accepted(op.check)
            kinds.append(f"d in _{op.name}_accepted")
        tests.append(f"({' or '.join(kinds) or 'False'})")
    return tests


def _form_source(op: Op, kind: str) -> str:
    if kind in ("inplace", "inplace_method"):
        return _inplace_source(op, kind)
    if kind in ("dunder", "rdunder"):
        return _dunder_source(op, kind)
    self_named = kind == "method"
    names = {param.name: param.name for param in op.params}
    if self_named:
        names[op.params[0].name] = "self"
    lines = [f"def _{op.name}_{kind}({_signature(op, kind)}):"]
    tests = (["out is None"] if op.out else []) + _guard(op, names)
    if op.name in ("add", "sub"):
        tests.append(UNSCALED)
    arguments = ", ".join(names[param.name] for param in op.params)
    slow = f"call(_{op.name}_op, ({arguments}{',' if op.params else ''}){', out' if op.out else ''})"
    if any(param.kind == TENSORS for param in op.params) and op.promote is not None:
        tests.append(f"same_dtype({names[tensor_params(op)[0].name]})")
        namespace["same_dtype"] = promotion.same_dtype
    lines += _renaming(op, kind, arguments)
    lines += _in_front(op, kind, names, op.params)
    lines += _numbers_as_arrays(op, names)
    if tests:
        lines.append(f"    if {' and '.join(tests)}:")
        lines += ["        " + line for line in _fast_body(op, names, kind)]
    first = names[op.params[0].name]
    if op.params[0].kind == TENSOR:
        lines.append(f"    if {first}.__class__ is ndarray{' and out is None' if op.out else ''}:")
        lines.append(f"        return _{op.name}_body({arguments})")
    if op.scalars and len(tensor_params(op)) == 2 and _is_prim(op) and "f" not in refused(op.check):
        lines += _scalar_branch(op, names, named_out=op.out)
    lines += _tried(op, kind, [names[param.name] for param in op.params], [f"return {slow}"], 4)
    return "\n".join(lines) + "\n"


def _numbers_as_arrays(op: Op, names: dict[str, str]) -> list[str]:
    """A number beside a plain float tensor, which decides the dtype, goes the way of tensors."""
    if not op.alone or op.numbers or op.promote != "default" or len(op.scalars) != 2:
        return []
    namespace["number_like"] = _number_like
    lines = []
    first, second = (names[each] for each in op.scalars)
    for number, other in ((first, second), (second, first)):
        lines += [
            f"    if ({number}.__class__ is float or {number}.__class__ is int) and {_plain(other)}:",
            f"        d = {other}._array.dtype",
            "        if d is F32 or d is F64:",
            f"            {number} = number_like({number}, d)",
        ]
    return lines


def _number_like(number: float, array_dtype: np.dtype) -> Tensor:
    """The number as a tensor; OverflowError and RuntimeError where PyTorch does not hold it."""
    if number.__class__ is float and array_dtype.itemsize == 4 and FLOAT32_MOST < abs(number) < math.inf:
        raise RuntimeError("value cannot be converted to type float without overflow")
    return wrap(promotion.as_number(number, array_dtype))


def _in_front(op: Op, kind: str, names: dict[str, str], params: list[Param]) -> list[str]:
    """The lines before Python's way: count the call, or, when that is done, ask the form's table."""
    if not hot.suits(op):
        return []
    if not hot.active():
        return ["    try:", "        tick()", "    except StopIteration:", "        begin()"]
    passed = ", ".join(names[param.name] for param in params)
    target = op.shortcut or op
    order = [param.name for param in params]
    if op.shortcut is not None:
        order = [param.name for param in op.shortcut.params]
    made = hot.form_table(target, order, inplace="inplace" in kind)
    namespace[f"_{op.name}_{kind}_table"], namespace[f"_{op.name}_{kind}_want"] = made.function, made.want
    lines = [
        f"r = _{op.name}_{kind}_table({passed})",
        "if r is not None:",
        "    if r is not ...:",
        "        return r",
        f"    _{op.name}_{kind}_want(({passed},))",
    ]
    if op.out and kind in ("function", "method"):
        lines = ["if out is None:", *("    " + line for line in lines)]
    return ["    " + line for line in lines]


def rewrite(op: Op) -> None:
    """Write the forms and rules of `op` that are in use anew, now that there are tables."""
    if not hot.suits(op):
        return
    with lock:
        kinds = [kind for kind in op.sources if kind != "rules"]
        op.sources.clear()
        if op.node is not None:
            write_rules(op)
        for kind in kinds:
            compile_form(op, kind)


def _scalar_branch(op: Op, names: dict[str, str], *, reverse: bool = False, named_out: bool = False) -> list[str]:
    """A plain float tensor with a Python number: the number is weak, so NumPy's result is PyTorch's."""
    first, second = (names[param.name] for param in tensor_params(op))
    tensor, number = (second, first) if reverse else (first, second)
    a, b = (first, "x") if reverse else ("x", second)
    lines = [
        f"    if ({number}.__class__ is float or ({number}.__class__ is int and -LONG < {number} < LONG)) and {_plain(tensor)}"
        + (f" and {UNSCALED}" if op.name in ("add", "sub") and "alpha" in names else "")
        + (" and out is None" if named_out else "")
        + ":",
        f"        x = {tensor}._array",
        "        d = x.dtype",
        f"        if d is F32 or d is F64{_fitting_integer(op, number, reverse=reverse)}:",
        f"            r = {_prim_call(op, [a, b], ['x'])}",
    ]
    nodes = {tensor_params(op)[0].name: "None" if reverse else f"{tensor}._node"}
    nodes[tensor_params(op)[1].name] = f"{tensor}._node" if reverse else "None"
    values = {tensor_params(op)[0].name: a, tensor_params(op)[1].name: b}
    owner = {tensor_params(op)[0 if not reverse else 1].name: tensor}
    tail = _wrap_and_record(op, names, nodes, values, owner)
    if reverse and op.reversed_name and op.node is not None:
        namespace[f"_{op.name}_Reversed"] = named_like(op.node, op.reversed_name)
        made = [place for place, line in enumerate(tail) if line.strip().startswith("n = new(")]
        for place in made:
            tail[place] = tail[place].partition("n = ")[0] + f"n = new(_{op.name}_Reversed)"
    return lines + ["            " + line for line in tail]


def _fitting_integer(op: Op, number: str, *, reverse: bool) -> str:
    """Or else a test that a tensor is of integers and the number one of them, with which nothing can go wrong."""
    least = INTEGERS.get(op.name)
    if least is None or (least > 0 and reverse):
        return ""
    return f" or (d is I64 and {number}.__class__ is int and {least} <= {number} < {1 << 31})"


FLOATS_ONLY = frozenset({"pow"})
"""Ops of which NumPy does not all on integers that PyTorch does."""
INTEGERS = dict.fromkeys(("add", "sub", "mul", "eq", "ne", "lt", "le", "gt", "ge"), -(1 << 31))
WRAPPING = frozenset({"add", "sub", "mul"})
"""Ops of integers whose results are what is left of them in the dtype."""
INTEGERS |= {"floor_divide": 1, "remainder": 1}
"""Ops that NumPy does on integers as PyTorch does, and from which number on."""


def _mistaken(op: Op, kind: str, names: Iterable[str]) -> list[str]:
    """The lines after a `try` that look for arguments that do not fit, once something has failed."""
    arguments = ", ".join(names)
    return [
        "except (TypeError, AttributeError, ValueError) as error:",
        f"    raise mistaken(_{op.name}_op, '{kind}', ({arguments},), error) from None",
    ]


def _tried(op: Op, kind: str, names: Iterable[str], lines: list[str], indent: int) -> list[str]:
    whole = ["try:", *("    " + line for line in lines), *_mistaken(op, kind, names)]
    return [" " * indent + line for line in whole]


def _prim_call(op: Op, arguments: list[str], arrays: list[str]) -> str:
    prim = op.body
    name = prim.name  # type: ignore[attr-defined]
    namespace[f"numpy_{name}"] = prim.numpy  # type: ignore[attr-defined]
    small = " and ".join(f"{each}.size < large" for each in arrays)
    if len(arrays) == 2:
        a, b = arrays
        small += f" and ({a}.size * {b}.size < large or {a}.shape == {b}.shape or broadcast({a}, {b}).size < large)"
    joined = ", ".join(arguments)
    return f"numpy_{name}({joined}) if {small} else elsewhere('{name}', ({joined},), {{}})"


def _is_prim(op: Op) -> bool:
    return getattr(op.body, "name", None) in prims.table and all(
        param.kind == TENSOR or param.name == "alpha" for param in op.params
    )


def _fast_body(op: Op, names: dict[str, str], kind: str) -> list[str]:
    params = tensor_params(op)
    lines = []
    for param in params:
        name = names[param.name]
        if param.kind == TENSOR:
            lines.append(f"a_{param.name} = {_array_of(op, param, name)}")
        elif param.kind == OPTIONAL:
            lines.append(f"a_{param.name} = None if {name} is None else {name}._array")
        else:
            lines.append(f"a_{param.name} = [each._array for each in {name}]")
    tests = _dtype_guard(op)
    indent = ""
    if tests:
        first = next(param for param in params if param.name not in op.keep)
        lines.append(f"d = a_{first.name}.dtype")
        lines.append(f"if {' and '.join(tests)}:")
        indent = "    "
    arguments = [f"a_{p.name}" if p.kind != STATIC else names.get(p.name, "1") for p in op.params]
    body = []
    if _is_prim(op):
        arrays = [f"a_{p.name}" for p in params]
        compute = f"r = {_prim_call(op, arrays, arrays)}"
        if len(arrays) > 1:
            body += ["try:", f"    {compute}", "except ValueError:"]
            body.append(f"    raise broadcast_error({', '.join(arrays)}) from None")
        else:
            body.append(compute)
    elif op.fuses:
        first = f"a_{params[0].name}"
        namespace[f"_{op.name}_kernel"] = rules.large_rule(op.body)
        body += ["token = set_errstate(quiet)", "try:"]
        body += [f"    r = (_{op.name}_body if {first}.size < large else _{op.name}_kernel)({', '.join(arguments)})"]
        body += _mistaken(op, kind, [names.get(param.name, repr(param.default)) for param in op.params])
        body += ["finally:", "    reset_errstate(token)"]
    elif op.quiet:
        body += ["token = set_errstate(quiet)", "try:"]
        body += [f"    r = _{op.name}_body({', '.join(arguments)})"]
        body += _mistaken(op, kind, [names.get(param.name, repr(param.default)) for param in op.params])
        body += ["finally:", "    reset_errstate(token)"]
    else:
        body += ["try:", f"    r = _{op.name}_body({', '.join(arguments)})"]
        body += _mistaken(op, kind, [names.get(param.name, repr(param.default)) for param in op.params])
    if tests and op.promote in ("default", "float") and not _is_prim(op) and any(p.kind == STATIC for p in op.params):
        # A setting that is a NumPy number has widened the result.
        body += ["if r.__class__ is ndarray and d is F32 and r.dtype is F64:", "    r = r.astype(F32)"]
    nodes = {}
    for param in params:
        name = names[param.name]
        nodes[param.name] = {
            TENSOR: f"None if {name}.__class__ in NUMBERS else {name}._node"
            if param.name in op.numbers
            else f"{name}._node",
            OPTIONAL: f"None if {name} is None else {name}._node",
        }.get(param.kind, "")
    if any(param.kind == TENSORS for param in params):
        arguments_ = ", ".join(names[param.name] for param in op.params)
        if not op.view:
            plain = " and ".join(
                f"no_nodes({names[p.name]})" if p.kind == TENSORS else f"({nodes[p.name]}) is None" for p in params
            )
            body += [f"if r.__class__ is ndarray and (not state.grad or ({plain})):", "    return wrap(r)"]
        body.append(f"return call_many(_{op.name}_op, r, ({arguments_},))")
    else:
        values = {p.name: f"a_{p.name}" for p in params}
        owner = {p.name: names[p.name] for p in params}
        body += _wrap_and_record(op, names, nodes, values, owner)
    return lines + [indent + line for line in body]


def _unrecorded(op: Op, nodes: dict[str, str]) -> list[str]:
    """Several results that are no views, of a call that is not recorded."""
    if op.view:
        return []
    recorded = " or ".join(f"({node}) is not None" for node in nodes.values() if node != "None")
    return [f"        if not (state.grad and ({recorded or 'False'})):", "            return plain_many(r)"]


def _wrap_and_record(
    op: Op, names: dict[str, str], nodes: dict[str, str], values: dict[str, str], owner: dict[str, str]
) -> list[str]:
    lines = ["if r.__class__ is not ndarray:"]
    if not _is_prim(op):
        arguments = ", ".join(names[param.name] for param in op.params)
        lines += [
            "    if isinstance(r, (tuple, list)):",
            *_unrecorded(op, nodes),
            f"        return call_many(_{op.name}_op, r, ({arguments},))",
        ]
    lines.append("    r = asarray(r)")
    if op.view:
        lines.append(f"t = wrap_view(r, {names[op.params[0].name]})")
    else:
        lines += ["t = new(Tensor_)", "t._array = r", "t._counter = [0]"]
    params = tensor_params(op)
    has_rule = [p for p in params if op.joint is not None or p.name in op.rules]
    if not op.differentiable or not any(nodes[p.name] != "None" for p in has_rule):
        return [*lines, *([] if op.view else ["t._node = None"]), "return t"]
    wanted = []
    for param in params:
        expression = nodes[param.name] if param in has_rule else "None"
        lines.append(f"n_{param.name} = {expression}")
        if expression != "None":
            wanted.append(f"n_{param.name} is not None")
    test = wanted[0] if len(wanted) == 1 else f"({' or '.join(wanted)})"
    float_result = "" if op.family == "pointwise" or op.view else " and r.dtype.kind in 'fcV'"
    lines.append(f"if {test} and state.grad{float_result}:")
    cls = f"_{op.name}_Node"
    if op.family == "pointwise":
        if not op.holomorphic:
            namespace["pick_real"] = rules.pick_real
        pick = "pick" if op.holomorphic else "pick_real"
        cls = f"({cls} if (d := r.dtype) is F32 or d is F64 else {pick}({cls}, d))"
    record = [f"n = new({cls})", "n.seq = next_seq()", "n.shape = r.shape"]
    record.append(f"n.edges = ({', '.join(f'n_{p.name}' for p in params)},)")
    saved = []
    for save in saves(op):
        users = None if save.users is None else [u for u in save.users if nodes.get(u) != "None"]
        if users == []:
            saved += {TENSOR: ["None, UNSAVED, 0"], OPTIONAL: ["None, UNSAVED, 0"], "result": ["None, UNSAVED, 0"]}.get(
                save.kind, ["None"]
            )
            continue
        if save.kind in (TENSOR, OPTIONAL):
            name = names[save.name]
            if save.name not in owner:  # a Python number
                saved.append(f"{values[save.name]}, UNSAVED, 0")
                continue
            kept = f"({values[save.name]}, {name}._counter, {name}._counter[0])"
            conditions = []
            if users is not None and set(users) != {p.name for p in has_rule if nodes[p.name] != "None"}:
                conditions.append(" or ".join(f"n_{user} is not None" for user in users))
            if save.kind == OPTIONAL:
                conditions.append(f"{name} is not None")
            if conditions:
                kept = f"({kept} if {' and '.join(f'({c})' for c in conditions)} else (None, UNSAVED, 0))"
                saved.append(f"*{kept}")
            else:
                saved.append(kept[1:-1])
        elif save.kind == "result":
            saved.append("r, t._counter, 0" if not op.view else "r, t._counter, t._counter[0]")
        elif save.kind in ("shape", "dtype"):
            source = "r" if save.source == "result" else values[save.source]
            optional = any(p.name == save.source and p.kind == OPTIONAL for p in params)
            saved.append(f"None if {source} is None else {source}.{save.kind}" if optional else f"{source}.{save.kind}")
        else:
            saved.append(names.get(save.name, "1"))
    record.append(f"n.saved = ({', '.join(saved)}{',' if saved else ''})")
    record.append("t._node = n")
    lines += ["    " + line for line in record]
    if not op.view:
        lines += ["else:", "    t._node = None"]
    return [*lines, "return t"]


def _dunder_source(op: Op, kind: str) -> str:
    """`a + b` and `b + a`: as the function, but unknown operands give NotImplemented."""
    params = tensor_params(op)
    reverse = kind == "rdunder"
    names = {params[0].name: "other" if reverse else "self", params[1].name: "self" if reverse else "other"}
    lines = [f"def _{op.name}_{kind}(self, other):"]
    lines += _in_front(op, kind, names, params[::-1] if reverse else params)
    if not reverse:
        lines.append(f"    if {' and '.join(_guard(op, names))}:")
        lines += ["        " + line for line in _fast_body(op, names, kind)]
    if op.scalars and _is_prim(op) and "f" not in refused(op.check):
        lines += _scalar_branch(op, names, reverse=reverse)
    lines.append(f"    return call_dunder(_{op.name}_op, self, other, {reverse})")
    return "\n".join(lines) + "\n"


def _inplace_source(op: Op, kind: str) -> str:
    names = {param.name: param.name for param in op.params}
    self_named = kind == "inplace_method"
    if self_named:
        names[op.params[0].name] = "self"
    lines = [f"def _{op.name}_{kind}({_signature(op, kind)}):"]
    arguments = ", ".join(names[param.name] for param in op.params)
    first = names[op.params[0].name]
    lines += _in_front(op, kind, names, op.params)
    if op.into is not None:
        lines += ["    " + line for line in _written_into(op, names)]
    if _is_prim(op):
        name = op.body.name  # type: ignore[attr-defined]
        namespace[f"numpy_{name}"] = op.body.numpy  # type: ignore[attr-defined]
        params = tensor_params(op)
        simple = UNSCALED if op.name in ("add", "sub") else ""
        tests = _guard(op, names) + ([simple] if simple else [])
        operands = [f"a_{p.name}" for p in params]
        nodes = [f"{names[p.name]}._node is None" for p in params]
        block = [f"    if {' and '.join(tests)}:"]
        block += [f"        a_{p.name} = {names[p.name]}._array" for p in params]
        block.append(f"        d = a_{params[0].name}.dtype")
        integers = " or d is I64" if op.name in WRAPPING else ""
        guard = [f"(d is F32 or d is F64{integers})", *(f"a_{p.name}.dtype is d" for p in params[1:])]
        guard.append(f"({first}._base is None or 0 not in a_{params[0].name}.strides)")
        guard.append(f"({' and '.join(nodes)} or not state.grad)")
        for p in params[1:]:  # what shares a part of the target's memory is a view, or the target is
            owners = f"{first}._base is None and {names[p.name]}._base is None"
            guard.append(f"({owners} or a_{p.name} is {operands[0]} or lies_apart({operands[0]}, a_{p.name}))")
        if op.promote == "bool" or "f" in refused(op.check):
            guard = ["False"]
        block.append(f"        if {' and '.join(guard)}:")
        block += _inplace_run(name, operands, operands, first)
        lines += block
        if simple:
            lines += _inplace_scaled(op, names, tests[:-1], guard)
        if op.scalars and len(params) == 2 and guard != ["False"]:
            second = names[params[1].name]
            lines.append(
                f"    if ({second}.__class__ is float or {second}.__class__ is int) and {_plain(first)} "
                f"and ({first}._node is None or not state.grad) "
                f"and ({first}._base is None or 0 not in {first}._array.strides)"
                + (f" and {simple}" if simple else "")
                + ":"
            )
            lines.append(f"        a_input = {first}._array")
            lines.append("        d = a_input.dtype")
            fitting = _fitting_integer(op, second, reverse=False) if op.name in WRAPPING else ""
            lines.append(f"        if d is F32 or d is F64{fitting}:")
            lines += _inplace_run(name, ["a_input", second], ["a_input"], first)
    written = [names[param.name] for param in op.params]
    lines += _tried(op, kind, written, [f"return call_inplace(_{op.name}_op, ({arguments},))"], 4)
    return "\n".join(lines) + "\n"


def _inplace_scaled(op: Op, names: dict[str, str], tests: list[str], guard: list[str]) -> list[str]:
    """`a.add_(b, alpha=alpha)` and the like, of floats."""
    first, second = (param.name for param in tensor_params(op))
    target = names[first]
    return [
        f"    if {' and '.join(tests)} and (alpha.__class__ is float or alpha.__class__ is int):",
        f"        a_{first}, a_{second} = {target}._array, {names[second]}._array",
        f"        d = a_{first}.dtype",
        f"        if {' and '.join(guard)} and d is not I64 and a_{first}.shape == a_{second}.shape:",
        f"            if lies_apart(a_{first}, a_{second}):",
        f"                a_{first}[...] = _{op.name}_body(a_{first}, a_{second}, alpha)",
        f"                {target}._counter[0] += 1",
        f"                return {target}",
    ]


def _array_of(op: Op, param: Param, name: str) -> str:
    """The array of a tensor argument; a number that the body takes as it is."""
    return f"{name} if {name}.__class__ in NUMBERS else {name}._array" if param.name in op.numbers else f"{name}._array"


def _written_into(op: Op, names: dict[str, str]) -> list[str]:
    """A plain call outside the graph: the body writes into the tensor, if that lies apart from all else."""
    first, *others = params = tensor_params(op)
    target = names[first.name]
    tests = [*_guard(op, names), *(f"{names[p.name]} is not MISSING" for p in op.params if p.kind == STATIC)]
    lines = [f"if {' and '.join(tests)}:"]
    recorded = []
    for param in params:
        name = names[param.name]
        array = _array_of(op, param, name)
        lines.append(
            f"    a_{param.name} = {array if param.kind == TENSOR else f'None if {name} is None else {array}'}"
        )
        plain = param.kind == TENSOR and param.name not in op.numbers
        recorded.append(f"{name}._node" if plain else f"getattr({name}, '_node', None)")
    namespace[f"_{op.name}_into"] = op.into
    nodes = " and ".join(f"{each} is None" for each in recorded)
    apart = ", ".join(f"a_{param.name}" for param in others)
    passed = ", ".join(names[p.name] if p.kind == STATIC else f"a_{p.name}" for p in op.params)
    return [
        *lines,
        f"    if ({nodes} or not state.grad) and not {target}._inference and lies_apart(a_{first.name}, {apart}):",
        "        token = set_errstate(quiet)",
        "        try:",
        f"            _{op.name}_into({passed})",
        f"            {target}._counter[0] += 1",
        f"            return {target}",
        "        except AxisError:",
        "            pass  # the way below has PyTorch's words for it",
        "        finally:",
        "            reset_errstate(token)",
    ]


def _inplace_run(name: str, operands: list[str], arrays: list[str], first: str) -> list[str]:
    joined = ", ".join(operands)
    small = " and ".join(f"{each}.size < large" for each in arrays)
    call = [
        "            try:",
        f"                if {small}:",
        f"                    numpy_{name}({joined}, out={arrays[0]})",
        "                else:",
        f"                    elsewhere('{name}', ({joined},), {{'out': {arrays[0]}}})",
        "            except ValueError:",
        f"                raise broadcast_error({', '.join(arrays)}, inplace=True) from None",
        f"            {first}._counter[0] += 1",
        f"            return {first}",
    ]
    return call


def _composite_source(op: Op, kind: str) -> str:
    names = [param.name for param in op.params]
    signature = _signature(op, kind)
    if "method" in kind:
        names[0] = "self"
    elif kind == "dunder":
        names, signature = ["self", "other"], "self, other"
    passed = ", ".join(
        f"{param.name}={name}" if param.keyword else name for param, name in zip(op.params, names, strict=True)
    )
    lines = [f"def _{op.name}_{kind}({signature}):"]
    direct = kind in ("function", "method")
    lines += _renaming(op, kind, ", ".join(names))
    if op.shortcut is not None:
        lines += _in_front(op, kind, dict(zip([p.name for p in op.params], names, strict=True)), op.params)
    if kind == "dunder":
        lines.append("    if isinstance(other, Tensor_) or hasattr(other, '__torch_function__'):")
        lines.append(f"        return _{op.name}_body({passed})")
        return "\n".join([*lines, "    return NotImplemented"]) + "\n"
    if direct and op.params:
        first = names[0]
        plain = f"{first}.__class__ is Tensor or {first}.__class__ is Parameter or {first}.__class__ is ndarray"
        lines.append(f"    if ({plain}){' and out is None' if op.out else ''}:")
        lines += _tried(op, kind, names, [f"return _{op.name}_body({passed})"], 8)
    out = "out" if op.out and direct else "None"
    arguments = ", ".join(names)
    lines += _tried(op, kind, names, [f"return call_composite(_{op.name}_op, ({arguments},), {out}, {not direct})"], 4)
    return "\n".join(lines) + "\n"
