"""Declaring ops: one statement gives the function, the method, the in-place and `out=` forms, and the gradients.

An op is a body on arrays and, for each tensor argument, a rule. A rule's parameter names say what it needs, and so
what is saved: `g` the cotangent; `result` (`result0`, `result1`, ... of several); an argument's name its value;
`input_shape`, `input_dtype` the shape and dtype of the argument `input`; `needs` which tensor arguments want a
gradient. Rules are ordinary code over operators and ops, so they run on arrays and on tensors.

Nothing is compiled at import: the public functions are stubs which, at their first call, take the code that
`codegen` writes for them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from types import CodeType, FunctionType
from typing import Any

from .. import prims
from ..autograd.graph import rename, target
from ..autograd.modes import watch_plain_classes
from ..tensor import Tensor, attach

namespace: dict[str, Any] = prims.core.silent
"""The globals of all generated code."""
watch_plain_classes(namespace, Tensor=Tensor, Parameter=Tensor)

table: dict[str, Op] = {}
"""Every op, by its name."""

Tensors = list[Tensor]
"""The annotation of an argument that is a list of tensors."""

TENSOR, OPTIONAL, TENSORS, STATIC = "tensor", "optional", "tensors", "static"
_KINDS = {
    None: TENSOR,
    "Tensor": TENSOR,
    "Tensor | None": OPTIONAL,
    "Tensors": TENSORS,
}


class Param:
    """An argument of an op: its kind tells arrays from static values."""

    __slots__ = ("annotation", "default", "keyword", "kind", "name", "required")

    def __init__(self, name: str, annotation: str | None, default: Any, required: bool, keyword: bool) -> None:
        self.name, self.annotation, self.default = name, annotation, default
        self.required, self.keyword = required, keyword
        self.kind = STATIC if name == "alpha" else _KINDS.get(annotation, STATIC)


def parameters(function: Callable[..., Any]) -> list[Param]:
    """A function's parameters (read from its code object: `inspect` is slow to import)."""
    code: CodeType = function.__code__  # type: ignore[attr-defined]
    annotations = function.__annotations__
    positional = code.co_argcount
    names = code.co_varnames[: positional + code.co_kwonlyargcount]
    defaults = function.__defaults__ or ()  # type: ignore[attr-defined]
    keyword_defaults = function.__kwdefaults__ or {}  # type: ignore[attr-defined]
    found = []
    for place, name in enumerate(names):
        keyword = place >= positional
        if keyword:
            required, default = name not in keyword_defaults, keyword_defaults.get(name)
        else:
            from_end = place - positional + len(defaults)
            required = from_end < 0
            default = None if required else defaults[from_end]
        found.append(Param(name, annotations.get(name), default, required, keyword))
    return found


def positional(function: Any) -> Any:
    """`function` with its keyword-only arguments made positional: bodies are called without keywords."""
    code = getattr(function, "__code__", None)
    if code is None or not code.co_kwonlyargcount:
        return function
    code = code.replace(co_argcount=code.co_argcount + code.co_kwonlyargcount, co_kwonlyargcount=0)
    return FunctionType(code, function.__globals__, function.__name__, None, function.__closure__)


EXPRESSION: dict[str, Any] = {"traced": True, "fuses": True}
"""Options of an op whose body is an expression of prims: small calls and large ones are kernels."""


class Op:
    """A declared op. `function` is what users call; `body` computes on arrays."""

    def __init__(
        self,
        name: str,
        body: Callable[..., Any],
        *,
        signature: Callable[..., Any] | None = None,
        family: str = "op",
        doc: str | None = None,
        promote: str | None = None,
        grad_name: str | None = None,
        method: bool | str = True,
        inplace: bool = False,
        out: bool = True,
        scalars: tuple[str, ...] = (),
        alone: bool = False,
        apart: bool = False,
        overlaps: bool = False,
        exact_out: str = "",
        into: Callable[..., Any] | None = None,
        numbers: tuple[str, ...] = (),
        linear: bool = False,
        holomorphic: bool = True,
        view: bool = False,
        check: Callable[..., None] | None = None,
        precheck: Callable[..., None] | None = None,
        module: str = "flambeau",
        quiet: bool = True,
        keep: tuple[str, ...] = (),
        samples: Callable[..., Any] | None = None,
        traced: bool | tuple[str, ...] = False,
        fuses: bool = False,
    ) -> None:
        self.signature = signature or body
        self.name, self.family = name, family
        if family != "composite":
            self.body = positional(body)
        else:
            self.body = body if grad_name is None else ending_in(body, grad_name)
        self.doc = doc or self.signature.__doc__
        self.promote, self.method, self.inplace, self.out = promote, method, inplace, out
        self.scalars, self.alone = scalars, alone  # arguments that may be numbers; whether all at once
        self.apart, self.overlaps = apart, overlaps  # a target apart from all arguments; one that may overlap itself
        self.numbers = numbers  # of `scalars` those that the body takes as they are
        self.into = into  # the body, writing into its first argument; it raises before it writes
        self.exact_out = exact_out  # PyTorch's complaint where `out=` must have the result's dtype
        self.linear, self.holomorphic, self.view = linear, holomorphic, view
        self.check, self.module, self.quiet, self.samples = check, module, quiet, samples
        self.precheck = precheck  # `check` sees the arrays, `precheck` what the user gave
        # Body and rules are expressions, which kernels can be made of (or the rules of these arguments are).
        self.traced = traced or family == "pointwise"
        self.fuses = fuses or family == "pointwise"  # of large arrays the body is one kernel
        self.small: dict[str, Callable[..., Any]] = {}  # what makes small arrays' kernels, by argument ("": the body)
        self.shortcut: Op | None = None  # of a composite op: the op that most calls come down to
        self.keep = keep  # tensor arguments that promotion leaves alone
        self.grad_name = grad_name or _node_name(name)
        self.rules: dict[str, Callable[..., Any]] = {}
        self.joint: Callable[..., Any] | None = None
        self.jvp_rule: Callable[..., Any] | None = None
        self.shorter: Callable[..., Any] | None = None  # answers a call without arguments that are otherwise required
        self.frequent = (
            True  # whether frequent calls may become machine code, in which numbers differ from call to call
        )
        self.variant: Callable[[dict[str, Any]], str | None] | None = None  # PyTorch's name of a node, by what it saved
        self.reversed_name = ""  # PyTorch's name of the node of `number - tensor` and its like
        self.node: Any = None
        self.sources: dict[str, str] = {}
        self._params: list[Param] | None = None
        self.forms: dict[str, FunctionType] = {}
        self.function = self.form("function", name)
        if method:
            method_name = method if isinstance(method, str) else name
            attach(**{method_name: self.form("method", method_name)})
        if inplace:
            self.form("inplace", name + "_")
            attach(**{name + "_": self.form("inplace_method", name + "_")})
        table[name] = self

    def form(self, kind: str, name: str) -> FunctionType:
        """A stub that becomes this op's code of that kind at its first call."""
        stub = FunctionType(_first_call.__code__, namespace, name)
        stub.__kwdefaults__ = {"_op": self, "_kind": kind}
        stub.__module__ = self.module
        stub.__qualname__ = name if "method" not in kind and "dunder" not in kind else f"Tensor.{name}"
        stub.__doc__ = self.doc
        stub.__dict__["op"] = self
        if kind == "function":
            stub.__dict__["vjp"] = self.vjp
            stub.__dict__["jvp"] = self.jvp
        self.forms[kind] = stub
        return stub

    @property
    def params(self) -> list[Param]:
        if self._params is None:
            self._params = parameters(self.signature)
        return self._params

    @property
    def differentiable(self) -> bool:
        return bool(self.rules) or self.joint is not None

    def vjp(self, rule: Callable[..., Any] | None = None, **rules: Callable[..., Any]) -> Any:
        """Declare gradients: one rule for each argument by name, or one that returns all of them."""
        self.rules.update(rules)
        if rule is not None:
            self.joint = rule
        return rule

    def jvp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Declare the forward-mode rule, where it does not follow from the family or from the vjp."""
        self.jvp_rule = rule
        return rule

    def prepare(self) -> None:
        """See to it that the op's Node class exists."""
        from .nodes import declare_node

        declare_node(self)

    @cached_property
    def places(self) -> list[tuple[int, bool, bool]]:
        """Of each tensor parameter the place, whether it is a list, and whether gradients flow to it."""
        from .nodes import places

        return places(self)

    @cached_property
    def promoting(self) -> list[tuple[int, bool]]:
        """Of each parameter that promotion concerns the place, and whether it may be a number."""
        return [
            (place, param.name in self.scalars)
            for place, param in enumerate(self.params)
            if param.kind != STATIC and param.name not in self.keep
        ]

    @cached_property
    def split(self) -> int:
        """How many parameters are not keywords."""
        return sum(not param.keyword for param in self.params)

    @cached_property
    def saving(self) -> list[tuple[str, bool, int, frozenset[int] | None]]:
        """What a node keeps: what of it, of a result or an argument, which; and the places whose rules ask for it."""
        from .nodes import saving

        return saving(self)

    @property
    def source(self) -> str:
        """The code of the function, and of its node."""
        from .codegen import compile_form

        compile_form(self, "function")
        return self.sources["function"] + "\n" + self.sources.get("rules", "")

    def __repr__(self) -> str:
        return f"<op {self.name}>"


def _node_name(name: str) -> str:
    """PyTorch's name of the node of an op: `Log1PBackward0`."""
    words = [word.capitalize() for word in name.split("_")]
    return (
        "".join(a.upper() if b.isdigit() else a for word in words for a, b in zip(word, " " + word, strict=False))
        + "Backward0"
    )


def ending_in(body: Callable[..., Any], name: str) -> Callable[..., Any]:
    """A composite body that PyTorch has one node for: its last node bears that name."""

    def named(*args: Any, **kwargs: Any) -> Any:
        result = body(*args, **kwargs)
        for each in result if isinstance(result, tuple) else (result,):
            node = each._node if isinstance(each, Tensor) else None
            if node is not None and all(not isinstance(arg, Tensor) or arg._node is not node for arg in args):
                rename(target(node), name, settled=True)
        return result

    named.__wrapped__ = body  # type: ignore[attr-defined]
    return named


def _first_call(*args: Any, _op: Any, _kind: str, **kwargs: Any) -> Any:
    form = _op.forms[_kind]
    compile_form(_op, _kind)
    return form(*args, **kwargs)


def compile_form(op: Any, kind: str) -> None:
    from .codegen import compile_form

    compile_form(op, kind)


namespace["compile_form"] = compile_form


def op(body: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Declare the decorated function of arrays as an op. It is called with arrays and static values.

    Arguments without annotation, or annotated `Tensor`, `Tensor | None`, `Tensors`, are tensors; all others static.
    Options are those of `Op`.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        name = options.pop("name", function.__name__)
        return Op(name, function, **options).function

    return decorate(body) if body is not None else decorate


def view(body: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Declare an op whose result looks into its first argument's memory."""
    return op(body, **{"family": "view", "view": True, "out": False, "quiet": False, "linear": True, **options})


def composite(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    method: bool | str = True,
    inplace: bool = False,
    out: bool = True,
    module: str = "flambeau",
    grad_name: str | None = None,
) -> Any:
    """Declare a function written with other ops: it takes tensors (or arrays), and its gradient follows.

    `inplace` adds the form that copies the result into its first argument, `out` the keyword; `grad_name` is what
    PyTorch calls the op's node, where it has one.
    """

    def decorate(body: Callable[..., Any]) -> Any:
        from .compose import declare_composite

        return declare_composite(body, name or body.__name__, method, inplace, out, module, grad_name)

    return decorate(function) if function is not None else decorate


def _input(input): ...  # type: ignore[no-untyped-def]


def _binary(input, other): ...  # type: ignore[no-untyped-def]


def scaled(input, other, *, alpha=1): ...  # type: ignore[no-untyped-def]


def pointwise(name: str, prim: Any, doc: str, *, signature: Any = None, **options: Any) -> Any:
    """Declare an op that computes each element from the elements at its place, by a prim."""
    rules = {key: options.pop(key) for key in ("input", "other", "exponent") if key in options}
    options = {"family": "pointwise", "inplace": True, "promote": "default", **options}
    function = Op(name, prim, signature=signature, doc=doc, **options).function
    function.op.rules.update(rules)  # type: ignore[attr-defined]
    return function


def unary(name: str, prim: Any, doc: str, vjp: Callable[..., Any] | None = None, **options: Any) -> Any:
    """A pointwise op of one argument; `vjp` is the rule for it."""
    if vjp is not None:
        options["input"] = vjp
    return pointwise(name, prim, doc, signature=_input, **options)


def binary(name: str, prim: Any, doc: str, **options: Any) -> Any:
    """A pointwise op of two arguments, of which one (`alone`: both) may be a Python number, or only those named by
    `scalars`; `input` and `other` are rules.
    """
    signature = options.setdefault("signature", _binary)
    return pointwise(name, prim, doc, **{"scalars": signature.__code__.co_varnames[:2], **options})


def operators(function: Any, name: str, *, reverse: bool = True, inplace: bool = True, reversed_name: str = "") -> None:
    """Give a binary op Python's operator `name`, reversed and augmented too (`reversed_name`: what PyTorch calls the
    node of the reversed operator with a number).
    """
    declared: Op = function.op
    declared.reversed_name = reversed_name
    attach(**{f"__{name}__": declared.form("dunder", f"__{name}__")})
    if reverse:
        attach(**{f"__r{name}__": declared.form("rdunder", f"__r{name}__")})
    if inplace:
        attach(**{f"__i{name}__": declared.forms["inplace_method"]})


def alias(function: Any, *names: str, method: bool = True) -> None:
    """Give an op other names, as function, method and in-place form."""
    declared: Op = function.op
    for name in names:
        aliases[name] = declared.function
        if method:
            attach(**{name: declared.forms.get("method", declared.function)})
        if "inplace" in declared.forms:
            aliases[name + "_"] = declared.forms["inplace"]
            attach(**{name + "_": declared.forms["inplace_method"]})


aliases: dict[str, Any] = {}
"""Other names of ops, and what they are names of."""

functions: dict[str, Any] = {}
"""The functions of the public namespace that are no ops."""
