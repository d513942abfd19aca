"""Expressions: what a kernel computes, recorded by running a function on `Expr` arguments.

An `Expr` is an array kind: prims hand themselves to its `__prim__`. Each of its dimensions is an
axis of the trace (or None where the size is 1); broadcasting two arrays makes their axes one. A
function that cannot be an expression (it looks at values, reshapes, ...) raises `Unsupported`, and
its NumPy body runs instead.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from flambeau.kernels.lower import POINTWISE, REDUCTIONS
from flambeau.prims.core import silently, table


class Unsupported(Exception):
    """The function cannot be compiled; no error for the user, who gets the NumPy body."""


class Trace:
    """The expressions of one function call, each recorded once, arguments before results."""

    def __init__(self) -> None:
        self.nodes: list[Expr] = []
        self.known: dict[Any, Expr] = {}
        self.parents: list[int] = []  # a union-find forest of axes
        self.sizes: list[int] = []

    def axis(self, size: int) -> int | None:
        if size == 1:
            return None
        self.parents.append(len(self.parents))
        self.sizes.append(size)
        return len(self.parents) - 1

    def find(self, axis: int) -> int:
        while self.parents[axis] != axis:
            axis = self.parents[axis]
        return axis

    def node(self, op: str, args: tuple[Expr, ...], dtype: np.dtype, axes: Any, **more: Any) -> Expr:
        param, weak = more.get("param"), more.get("weak", False)
        # 1, 1.0, True and -0.0, 0.0 are equal to Python but are different constants.
        key = (op, tuple(map(id, args)), dtype, axes, weak, param, repr(param))
        if key not in self.known:
            self.known[key] = Expr(self, op, args, dtype, axes, param, weak)
            self.nodes.append(self.known[key])
        return self.known[key]

    def input(self, index: int, array: np.ndarray) -> Expr:
        compute_kind(array.dtype)
        axes = tuple(self.axis(size) for size in array.shape)
        return self.node("input", (), array.dtype, axes, param=index)

    def scalar(self, index: int, number: Any) -> Expr:
        """A Python number that may differ from call to call."""
        return self.node("scalar", (), _weak_dtype(number), (), param=index, weak=True)

    def lift(self, value: Any) -> Expr:
        if isinstance(value, Expr):
            return value
        if type(value) in {bool, int, float}:
            return self.node("const", (), _weak_dtype(value), (), param=value, weak=True)
        if isinstance(value, np.generic):
            compute_kind(value.dtype)
            return self.node("const", (), value.dtype, (), param=value.item())
        raise Unsupported(f"a {type(value).__name__} in an expression")

    def broadcast(self, args: tuple[Expr, ...]) -> tuple[int | None, ...]:
        """The axes of the result; axes that meet become one."""
        ndim = max(len(a.axes) for a in args)
        result: list[int | None] = [None] * ndim
        for arg in args:
            for k, axis in enumerate(arg.axes, ndim - len(arg.axes)):
                if axis is None:
                    continue
                root, other = self.find(axis), result[k]
                if other is not None and other != root:
                    if self.sizes[root] != self.sizes[other]:
                        raise Unsupported("shapes that do not broadcast")
                    self.parents[root] = other
                    root = other
                result[k] = root
        return tuple(result)

    def apply(self, name: str, args: tuple[Any, ...]) -> Expr:
        rule = POINTWISE.get(name)
        if rule is None:
            raise Unsupported(f"no kernel for {name}")
        values = tuple(self.lift(a) for a in args)
        sample = tuple(_NUMBERS[v.dtype.kind] if v.weak else v.dtype for v in values)
        dtype, operand = result_dtype(name, sample)
        if not rule.accepts(compute_kind(dtype), compute_kind(operand), args):
            raise Unsupported(f"no kernel for {name} of {operand}")
        weak = all(v.weak for v in values)
        return self.node(name, values, dtype, self.broadcast(values), param=compute_kind(operand), weak=weak)

    def cast(self, x: Any, dtype: Any) -> Expr:
        x, dtype = self.lift(x), np.dtype(dtype)
        kind = compute_kind(dtype)
        if compute_kind(x.dtype)[0] == "f" and kind in {"u32", "u64"}:
            raise Unsupported("floats to wide unsigned integers")
        if x.dtype == dtype and not x.weak:
            return x
        return self.node("cast", (x,), dtype, x.axes)

    def reduce(self, name: str, x: Any, axis: Any, keepdims: bool, dtype: Any) -> Expr:
        x = self.lift(x)
        ndim = len(x.axes)
        axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        if not all(hasattr(a, "__index__") for a in axes):
            raise Unsupported("axes that are no integers")
        removed = {a + ndim if a < 0 else a for a in axes}
        if not all(0 <= a < ndim for a in removed) or len(removed) != len(tuple(axes)):
            raise Unsupported("axes out of range")
        if dtype is None:
            dtype = reduced_dtype(name, x.dtype)
        x = self.cast(x, dtype)
        symbols = tuple(self.find(a) for k, a in enumerate(x.axes) if k in removed and a is not None)
        if name in {"amax", "amin"} and any(self.sizes[s] == 0 for s in symbols):
            raise Unsupported("the maximum of nothing")
        kept = tuple(None if k in removed else a for k, a in enumerate(x.axes) if keepdims or k not in removed)
        if not symbols:
            return self.node("reshape", (x,), x.dtype, kept)
        return self.node(name, (x,), np.dtype(dtype), kept, param=symbols)

    def count(self, x: Expr, axis: Any) -> Expr:
        """The number of elements that a reduction over `axis` combines."""
        axes = range(len(x.axes)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        symbols = tuple(self.find(a) for k in axes if (a := x.axes[k]) is not None)
        return self.node("count", (), np.dtype(np.float64), (), param=symbols, weak=True)

    def mean(self, x: Any, axis: Any, keepdims: bool, dtype: Any) -> Expr:
        x = self.lift(x)
        if dtype is None and x.dtype.kind in "iub":
            dtype = np.float64
        total = self.reduce("sum", x, axis, keepdims, dtype)
        return self.cast(self.apply("true_divide", (total, self.count(x, axis))), total.dtype)

    def var(self, x: Any, axis: Any, keepdims: bool, correction: float) -> Expr:
        x = self.lift(x)
        centred = self.apply("sub", (x, self.mean(x, axis, True, None)))
        squares = self.reduce("sum", self.apply("square", (centred,)), axis, keepdims, None)
        degrees = self.apply("sub", (self.count(x, axis), correction))
        quotient = self.apply("true_divide", (squares, self.apply("maximum", (degrees, 0.0))))
        return self.cast(quotient, squares.dtype)


class Expr:
    """A node of a trace: `op` applied to `args`."""

    __slots__ = ("args", "axes", "dtype", "op", "param", "trace", "weak")

    def __init__(
        self,
        trace: Trace,
        op: str,
        args: tuple[Expr, ...],
        dtype: np.dtype,
        axes: tuple[int | None, ...],
        param: Any,
        weak: bool,
    ) -> None:
        self.trace, self.op, self.args, self.dtype = trace, op, args, dtype
        self.axes, self.param, self.weak = axes, param, weak

    @property
    def shape(self) -> tuple[int, ...]:
        sizes = self.trace.sizes
        return tuple(1 if a is None else sizes[self.trace.find(a)] for a in self.axes)

    @property
    def ndim(self) -> int:
        return len(self.axes)

    def __prim__(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Expr:
        trace = self.trace
        if kwargs:
            raise Unsupported(f"{name} with {', '.join(kwargs)}")
        if name == "cast":
            return trace.cast(*args)
        if name == "mean":
            return trace.mean(*args)
        if name == "var":
            return trace.var(*args)
        if name in REDUCTIONS:
            return trace.reduce(name, *args, *(None,) * (4 - len(args)))
        return trace.apply(name, args)

    def astype(self, dtype: Any) -> Expr:
        return self.trace.cast(self, dtype)

    def __getitem__(self, index: Any) -> Expr:
        """Only new axes, `...` and whole slices."""
        index = index if isinstance(index, tuple) else (index,)
        axes: list[int | None] = []
        at = 0
        given = sum(i is not None and i is not Ellipsis for i in index)
        for i in index:
            if i is None:
                axes.append(None)
            elif i is Ellipsis:
                stop = len(self.axes) - (given - at)
                axes.extend(self.axes[at:stop])
                at, given = stop, given + stop - at
            elif i == slice(None):
                axes.append(self.axes[at])
                at += 1
            else:
                raise Unsupported("indexing in an expression")
        axes.extend(self.axes[at:])
        return self.trace.node("reshape", (self,), self.dtype, tuple(axes))

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        raise Unsupported("a NumPy function of an expression")

    __array_function__ = __array_ufunc__

    def __getattr__(self, name: str) -> Any:
        raise Unsupported(f"the attribute {name} of an expression")

    def __bool__(self) -> bool:
        raise Unsupported("control flow that depends on values")

    __hash__ = object.__hash__


def _operator(name: str, reflected: bool) -> Callable[..., Expr]:
    def method(self: Expr, other: Any) -> Expr:
        return self.trace.apply(name, (other, self) if reflected else (self, other))

    return method


_OPERATORS = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "true_divide", "pow": "pow",
    "floordiv": "floor_divide", "mod": "remainder", "and": "bitwise_and", "or": "bitwise_or",
    "xor": "bitwise_xor",
}  # fmt: skip
for _method, _name in _OPERATORS.items():
    setattr(Expr, f"__{_method}__", _operator(_name, reflected=False))
    setattr(Expr, f"__r{_method}__", _operator(_name, reflected=True))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Expr, f"__{_name}__", _operator(_name, reflected=False))
for _method, _name in {"neg": "negative", "abs": "abs", "invert": "bitwise_not"}.items():
    setattr(Expr, f"__{_method}__", lambda self, name=_name: self.trace.apply(name, (self,)))


_KINDS = {np.dtype(np.bool_): "i1", np.dtype(np.float16): "f32"}
_KINDS |= {np.dtype(k): k for k in ("f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")}
_KINDS = {d: k if len(k) == 3 or d == np.bool_ else f"{k[0]}{8 * int(k[1:])}" for d, k in _KINDS.items()}


def compute_kind(dtype: np.dtype) -> str:
    """The kind of value that elements of `dtype` are computed in (16-bit floats: float32)."""
    kind = _KINDS.get(dtype)
    if kind is None and dtype.name == "bfloat16":
        return "f32"
    if kind is None or (dtype == np.float16 and not has_float16()):
        raise Unsupported(f"no kernels for {dtype}")
    return kind


@lru_cache
def has_float16() -> bool:
    """Whether the machine converts float16 (without it LLVM calls a library that may be absent)."""
    import platform

    from flambeau.kernels import host

    return platform.machine() in {"arm64", "aarch64"} or "f16c" in host.features()


def _weak_dtype(number: Any) -> np.dtype:
    return np.dtype({bool: np.bool_, int: np.int64, float: np.float64}[type(number)])


_NUMBERS = {"b": bool, "i": int, "f": float}


@lru_cache(4096)
@silently
def result_dtype(name: str, sample: tuple[Any, ...]) -> tuple[np.dtype, np.dtype]:
    """The dtypes that NumPy gives the result and computes the operands in.

    `sample` holds the arguments' dtypes, and the types of Python numbers.
    """
    values = [np.empty(0, s) if isinstance(s, np.dtype) else s(1) for s in sample]
    function = table[name].numpy
    if name == "where":
        function = np.where
    elif not isinstance(function, np.ufunc):  # SciPy's have the dtype rule of NumPy's
        function = np.exp if len(values) == 1 else np.arctan2
    try:
        result = np.asarray(function(*values)).dtype
    except TypeError as error:
        raise Unsupported(str(error)) from error
    operands = values[1:] if name == "where" else values
    operand = result if name == "where" or result != np.bool_ else np.result_type(*operands)
    return result, operand


@lru_cache(1024)
def reduced_dtype(name: str, dtype: np.dtype) -> np.dtype:
    return np.asarray(table[name].numpy(np.zeros(1, dtype))).dtype
