"""`fused`: functions of arrays that run as one compiled kernel when the arrays are large."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection
from types import FunctionType
from typing import Any, TypeVar

import numpy as np

from flambeau.kernels.lock import lock
from flambeau.kernels.pool import empty
from flambeau.prims.core import AUTO_THRESHOLD, numbers, silent, silently, table

F = TypeVar("F", bound=Callable[..., Any])
Arrays = np.ndarray | tuple[np.ndarray, ...]

PLANS = 4096
"""How many call signatures a function remembers."""

MANY = 32
"""How much smaller arrays may be for a fused function to be a kernel: NumPy would be called many times.

Measured with 64 columns, NumPy and kernel: softmax of 256 elements 8.2 and 6.8 us, of 1024 11.6 and 7.6, layer norm
of 1024 29 and 10.
"""

BYTE = np.dtype(np.uint8)

_kernels: dict[str, Callable[..., None]] = {}


OFTEN = 200
"""Calls of a function, and then of a signature, with small arrays, before it has a kernel: as `ops.hot` has it."""
FLOAT32 = np.dtype(np.float32)


class Ready:
    """A plan with its compiled kernel: what a call runs."""

    __slots__ = ("bounds", "kernel", "numbers", "outputs", "scratch", "single", "stash", "tasks")

    def __init__(self, plan: Any, kernel: Callable[..., None], single: bool, bounds: Any) -> None:
        self.kernel, self.numbers, self.bounds = kernel, plan.numbers, bounds
        self.single = single
        self.stash = plan.stash
        self.tasks = plan.tasks
        self.scratch = plan.scratch if plan.scratch or plan.stash else np.empty(0, np.uint8)
        self.outputs = [(o.shape, o.dtype, o.transpose) for o in plan.outputs]

    def __call__(self, arrays: list[np.ndarray], scalars: list[Any], targets: tuple[np.ndarray, ...] | None) -> Arrays:
        if targets is None:
            results = [
                empty(shape, dtype) if order is None else empty(shape, dtype).transpose(order)
                for shape, dtype, order in self.outputs
            ]
        else:
            results = list(targets)
        scratch = self.scratch
        if scratch.__class__ is int:
            from flambeau.kernels.threads import slots

            scratch = empty((scratch + self.stash * slots(),), BYTE)
        self.kernel(self.numbers, *arrays, *results, *scalars, scratch)
        return results[0] if self.single else tuple(results)


class Compiled:
    """The kernels of one function of arrays, by signature."""

    def __init__(self, body: Callable[..., Any], name: str) -> None:
        self.body, self.name, self.pointwise = body, name, False
        self.constants: Collection[float] = ()  # second arguments that have kernels of their own
        self.plans: dict[Any, Ready | None] = {}
        self.small_calls = 0
        self.met: dict[Any, int] = {}
        """How often small arrays came with a signature."""

    def run(self, args: tuple[Any, ...], static: tuple[Any, ...], out: Any = None, *, small: bool = False) -> Any:
        """The result, or NotImplemented where NumPy has to compute it.

        Arrays and numbers among `args` may differ from call to call; `static` values, and what else
        is among `args`, belong to the signature. If `small`, it is one that comes often, or NumPy's.
        """
        arrays: list[np.ndarray] = []
        scalars: list[Any] = []
        key: list[Any] = [static, *map(type, static)]  # 2, 2.0 and True are equal
        for arg in args:
            kind = arg.__class__
            if kind is np.ndarray:
                arrays.append(arg)
                key += (arg.shape, arg.strides, arg.dtype)
            elif kind is float or kind is int or kind is bool:
                scalars.append(arg)
                key.append(kind)
            elif isinstance(arg, np.generic):
                arrays.append(np.asarray(arg))
                key.append(arg.dtype)
            elif small and hasattr(arg, "__prim__"):
                return NotImplemented
            else:
                key += (kind, arg)
        targets = None
        if out is not None:
            targets = out if isinstance(out, tuple) else (out,)
            for target in targets:
                key += ("out", target.shape, target.strides, target.dtype)
                if not target.flags.writeable or any(_clash(target, a) for a in arrays):
                    return NotImplemented
        try:
            ready = self.plans[tuple(key)]
        except KeyError:
            if small and not self.often(tuple(key)):
                return NotImplemented
            ready = self.plan(tuple(key), args, static, arrays, targets)
        except TypeError:  # a static argument that cannot be hashed
            return NotImplemented
        if ready is None:
            return NotImplemented
        for scalar in scalars:  # what the arrays' integers cannot hold is an error, NumPy's to raise
            if scalar.__class__ is int and not ready.bounds[0] <= scalar <= ready.bounds[1]:
                return NotImplemented
        return ready(arrays, scalars, targets)

    def often(self, key: Any) -> bool:
        """Whether a signature has come `OFTEN` times."""
        if len(self.met) >= PLANS:
            self.met.clear()
        self.met[key] = met = self.met.get(key, 0) + 1
        return met >= OFTEN

    def run_small(self, args: tuple[Any, ...], static: tuple[Any, ...]) -> Any:
        """The same for small arrays: the functions that are called often have kernels for them."""
        if self.small_calls < OFTEN:
            self.small_calls += 1
            return NotImplemented
        return self.run(args, static, small=True)

    def plan(
        self,
        key: Any,
        args: tuple[Any, ...],
        static: tuple[Any, ...],
        arrays: list[np.ndarray],
        targets: tuple[np.ndarray, ...] | None,
    ) -> Ready | None:
        from flambeau.kernels.host import available

        if len(self.plans) >= PLANS:
            self.plans.clear()
        with lock:
            self.plans[key] = ready = self.prepare(args, static, arrays, targets) if available() else None
        return ready

    def prepare(
        self,
        args: tuple[Any, ...],
        static: tuple[Any, ...],
        arrays: list[np.ndarray],
        targets: tuple[np.ndarray, ...] | None,
    ) -> Ready | None:
        """Trace the body and compile; None if it cannot be an expression."""
        from flambeau.kernels.expr import Trace, Unsupported
        from flambeau.kernels.layout import make_plan

        trace = Trace()
        values: list[Any] = []
        kinds: list[str] = []
        waiting = iter(range(len(arrays)))
        try:
            for arg in args:
                if isinstance(arg, np.ndarray | np.generic):
                    index = next(waiting)
                    values.append(trace.input(index, arrays[index]))
                elif type(arg) in {bool, int, float}:
                    values.append(trace.scalar(len(kinds), arg))
                    kinds.append("f64" if type(arg) is float else "i64")
                else:
                    values.append(arg)
            result = self.body(*values, *static)
            single = not isinstance(result, tuple)
            results = [trace.lift(r) for r in ((result,) if single else result)]
            if any(r.weak for r in results) or (targets is not None and len(targets) != len(results)):
                return None
            plan = make_plan(trace, results, arrays, kinds, list(targets) if targets else None)
        except Unsupported:
            return None
        ranges = [np.iinfo(a.dtype) for a in arrays if a.dtype.kind in "iu"]
        low = max((int(r.min) for r in ranges), default=-(1 << 63))
        high = min((int(r.max) for r in ranges), default=(1 << 63) - 1)
        return Ready(plan, kernel(plan.spec), single, (low, high))


def kernel(spec: Any) -> Callable[..., None]:
    """The compiled kernel of a spec."""
    with lock:
        text = repr(spec)  # tells 0.0 from -0.0
        if text not in _kernels:
            from hashlib import sha256

            from flambeau.kernels import threads
            from flambeau.kernels.compile import HEADER, builtin, engine
            from flambeau.kernels.loops import generate

            threads.load()
            jit = engine()
            name = f"kernel_{sha256(text.encode()).hexdigest()[:32]}"
            address = jit.load(text, lambda: generate(spec, name, jit.vector_bytes, HEADER), name)
            _kernels[text] = builtin(name, address)
        return _kernels[text]


def _clash(target: np.ndarray, array: np.ndarray) -> bool:
    """Whether they share memory otherwise than element by element."""
    if target is array or not np.may_share_memory(target, array):
        return False
    same = target.shape == array.shape and target.strides == array.strides
    return not (same and target.__array_interface__["data"] == array.__array_interface__["data"])


_prims: dict[str, Compiled] = {}


def run_prim(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A prim on large ndarrays by a compiled kernel, or NotImplemented where there is none."""
    compiled = _prims.get(name) or _new_prim(name)
    if not compiled.pointwise:
        return compiled.run(args[:1], args[1:])
    if len(args) == 2 and args[1].__class__ in numbers and args[1] in compiled.constants:
        return compiled.run(args[:1], args[1:], kwargs.get("out"))
    return compiled.run(args, (), kwargs.get("out"))


def _new_prim(name: str) -> Compiled:
    from flambeau.kernels.lower import POINTWISE, SIMPLE_POWERS

    compiled = _prims[name] = Compiled(table[name], name)
    compiled.pointwise = name in POINTWISE
    if name == "pow":
        compiled.constants = SIMPLE_POWERS.keys()
    return compiled


def fused(function: F) -> F:
    """Run `function` of arrays as one kernel when its first argument is a large ndarray.

    The body is ordinary Python over prims and operators, traced once per signature. Positional
    arguments that are arrays or numbers may change without a new trace; keyword-only arguments
    (axes, flags) and other values belong to the signature. `out=` takes an array, or a tuple of
    them, to write the results into; they may be arguments too. Small arrays, arrays of other kinds,
    and what cannot be an expression run the body itself. float16 and bfloat16 are computed in
    float32 and rounded where they are stored.
    """
    code = function.__code__
    count = code.co_argcount
    names = list(code.co_varnames[:count])
    statics = list(code.co_varnames[count : count + code.co_kwonlyargcount])
    number = next(_numbers)
    quiet: list[Any] = []

    def body(*args: Any) -> Any:
        if not quiet:  # the module is whole by the first call
            quiet.append(silently(function))
        split = len(names)
        return quiet[0](*args[:split], **dict(zip(statics, args[split:], strict=True)))

    compiled = Compiled(body, function.__name__)

    def general(args: tuple[Any, ...], static_args: tuple[Any, ...], out: Any) -> Any:
        large = isinstance(args[0], np.ndarray) and args[0].size * MANY >= silent["large"]
        if large and not any(hasattr(a, "__prim__") for a in args):
            result = compiled.run(args, static_args, out)
            if result is not NotImplemented:
                return result
        return _deliver(body(*args, *static_args), out)

    name = function.__name__ if function.__name__.isidentifier() else "function"  # a lambda

    def write() -> Any:
        """Give the wrapper its code: at its first call, since most are never called."""
        fits = f"large == {AUTO_THRESHOLD} and {names[0]}.dtype is F32"  # float64 is what one looks so closely in
        call = ", ".join([*names, *(f"{s}={s}" for s in statics)])
        source = f"""
def {name}({", ".join([*names, "*", *statics, "out"])}):
    if out is None and {names[0]}.__class__ is ndarray and {names[0]}.size * {MANY} < large and quiet_{number}:
        _found = small_{number}(({", ".join(names)},), ({"".join(s + ", " for s in statics)})) if {fits} else NotImplemented
        if _found is not NotImplemented:
            return _found
        result = quiet_{number}[0]({call})
        return result if result.__class__ is ndarray else deliver(result, None)
    return general_{number}(({", ".join(names)},), ({"".join(s + ", " for s in statics)}), out)
"""
        # `large` changes with the mode: the wrapper reads it where prims do.
        silent.update(
            {
                "F32": FLOAT32,
                f"small_{number}": compiled.run_small,
                "deliver": _deliver,
                f"quiet_{number}": quiet,
                f"general_{number}": general,
            }
        )
        written: dict[str, Any] = {}
        exec(compile(source, f"<fused {name}>", "exec"), silent, written)  # noqa: S102
        wrapper.__code__ = written[name].__code__
        wrapper.__defaults__ = function.__defaults__
        wrapper.__kwdefaults__ = {**(function.__kwdefaults__ or {}), "out": None}
        return wrapper

    wrapper: Any = FunctionType(_first_call.__code__, silent, name)
    wrapper.__kwdefaults__ = {"_write": write}
    wrapper.__doc__, wrapper.__module__ = function.__doc__, function.__module__
    wrapper.__wrapped__, wrapper.compiled = function, compiled
    return wrapper


_numbers = itertools.count()


def _first_call(*args: Any, _write: Any, **kwargs: Any) -> Any:
    return _write()(*args, **kwargs)


def _deliver(result: Any, out: Any) -> Any:
    """Results as arrays, written to `out` if given."""
    if isinstance(result, tuple):
        outs = out if out is not None else (None,) * len(result)
        return tuple(_deliver(r, o) for r, o in zip(result, outs, strict=True))
    if out is not None:
        np.copyto(out, result, casting="same_kind")
        return out
    return np.asarray(result) if isinstance(result, np.generic) else result
