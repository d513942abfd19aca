"""The full path of a call: everything the generated fast path leaves out.

Overrides by subclasses, bare arrays, Python numbers, promotion, argument errors, modes, several results, `out=`,
and writes in place that autograd must see.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes, prims
from ..autograd import inplace
from ..autograd.engine import quiet, reset_errstate, set_errstate
from ..autograd.graph import rename
from ..autograd.modes import state
from ..dtypes import c_name, dtype, from_numpy_dtype, scalar_name
from ..tensor import DisableTorchFunctionSubclass, Tensor, wrap
from . import memory
from .declare import TENSOR, Op, namespace
from .errors import broadcast_error, cast_error, translated, type_error
from .promotion import ARRAYS, NUMBERS, aligned, array_of, drifted, narrowed, prepare, tensor_values, widened
from .recording import before_write, edges_of, finish, make_node, node_of

namespace["Tensor_"] = Tensor

# --- overrides ----------------------------------------------------------------------------------------

function_modes: list[Any] = []


def overrides(values: Sequence[Any]) -> list[Any]:
    """The arguments whose classes answer for functions themselves, subclasses first."""
    found: list[Any] = []
    for value in values:
        if isinstance(value, (list, tuple)):
            found.extend(overrides(value))
            continue
        cls = type(value)
        if cls is Tensor or not hasattr(cls, "__torch_function__"):
            continue
        if getattr(cls.__torch_function__, "disabled", False):
            continue
        if DisableTorchFunctionSubclass.depth and issubclass(cls, Tensor):
            continue
        if all(type(each) is not cls for each in found):
            place = next((i for i, each in enumerate(found) if issubclass(cls, type(each))), len(found))
            found.insert(place, value)
    return found


def override(function: Any, answering: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The answer of the first class that does not return NotImplemented."""
    types = tuple(type(each) for each in answering)
    if function_modes:
        mode = function_modes.pop()
        try:
            result = mode.__torch_function__(function, types, args, kwargs)
        finally:
            function_modes.append(mode)
        if result is not NotImplemented:
            return result
    for each in answering:
        result = type(each).__torch_function__(function, types, args, kwargs)
        if result is not NotImplemented:
            return result
    name = f"{function.__module__.replace('flambeau', 'torch')}.{function.__name__}"
    raise TypeError(
        f"Multiple dispatch failed for '{name}'; all __torch_function__ handlers returned NotImplemented:\n\n"
        + "\n".join(f"  - tensor subclass {cls}" for cls in types)
        + "\n\nFor more information, try re-running with TORCH_LOGS=not_implemented"
    )


def _public_arguments(op: Op, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments as a user would write them: defaults left out at the end and among keywords."""
    positional = [value for param, value in zip(op.params, args, strict=True) if not param.keyword]
    params = [param for param in op.params if not param.keyword]
    while positional and not params[len(positional) - 1].required:
        if positional[-1] is not params[len(positional) - 1].default:
            break
        positional.pop()
    keywords = {
        param.name: value
        for param, value in zip(op.params, args, strict=True)
        if param.keyword and (param.required or value is not param.default)
    }
    return tuple(positional), keywords


_NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}
MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING", "__slots__": ()})()
"""Stands for a required argument that may come under NumPy's name."""


def _passed(function: Any, op: Op, args: Sequence[Any], **more: Any) -> Any:
    """A call of `function`, which has the signature of `op`, with arguments in the order of the parameters."""
    if len(args) > op.split:
        more |= {param.name: args[at] for at, param in enumerate(op.params[op.split :], op.split)}
    return function(*args[: op.split], **more)


def renamed(op: Op, kind: str, args: tuple[Any, ...], out: Any, names: dict[str, Any]) -> Any:
    """A call with NumPy's names for `dim` and `keepdim`, or without a required argument."""
    given = list(args)
    for name, value in names.items():
        place = [i for i, param in enumerate(op.params) if param.name == _NUMPY_NAMES.get(name)]
        if not place or not (given[place[0]] is MISSING or given[place[0]] is op.params[place[0]].default):
            from .arguments import mistaken

            error = TypeError(f"{op.name}() got an unexpected keyword argument '{name}'")
            raise mistaken(op, kind, args, error, names)
        given[place[0]] = value
    if any(value is MISSING for value in given):
        from .arguments import mistaken

        raise mistaken(op, kind, given, TypeError(f"{op.name}(): a required argument is missing"))
    return _passed(op.forms[kind], op, given, **({} if out is None else {"out": out}))


# --- the call -----------------------------------------------------------------------------------------


def call(op: Op, args: tuple[Any, ...], out: Any = None) -> Any:
    """Call an op with its arguments in the order of its parameters."""
    plain = not function_modes and state.autocast is None
    if plain and out is None and (moved := aligned(op, args)) is not None:
        return _passed(op.forms["function"], op, moved)
    values = tensor_values(op, args)
    answering = overrides([*values, out]) if values else []
    if answering or function_modes:
        shown, keywords = _public_arguments(op, args)
        if out is not None:
            keywords["out"] = out
        return override(op.function, answering, shown, keywords)
    if op.shorter is not None and any(value is MISSING for value in args):
        return op.shorter(*[value for value in args if value is not MISSING])
    if out is None and any(isinstance(value, ARRAYS) or hasattr(value, "__prim__") for value in values):
        if not any(isinstance(value, Tensor) for value in values):
            return op.body(*_bare(op, args))
    if state.autocast is not None and out is None:
        args = state.autocast(op, args)
    prepared, kind = prepare(op, args)
    if out is not None:
        return into_out(op, prepared, out, kind)
    return finish(op, compute(op, prepared, kind), prepared)


def _bare(op: Op, args: tuple[Any, ...]) -> list[Any]:
    """Arguments for a body called with arrays; a tensor among them lends its array."""
    return [value._array if isinstance(value, Tensor) else value for value in args]


def compute(op: Op, args: Sequence[Any], kind: dtype | None = None) -> Any:
    """Run the body on the arrays of `args`; 2-byte floats are computed in float32, and the result has dtype `kind`."""
    arrays = [array_of(value) for value in args]
    small = kind is not None and kind.itemsize <= 2 and kind.is_floating_point
    if small:
        arrays = [widened(each) for each in arrays]
    token = set_errstate(quiet)
    try:
        result = op.body(*arrays)
        if kind is None:
            return result
        if small:
            return narrowed(result, kind.numpy)
        if op.promote not in ("default", "float"):
            return result
        if isinstance(result, ARRAYS) and result.dtype != kind.numpy and drifted(result.dtype, kind):
            return np.asarray(result).astype(kind.numpy)
        return result
    except np.exceptions.AxisError as error:
        raise translated(error) from None
    except ValueError as error:
        if op.family == "pointwise" and "broadcast" in str(error):
            raise broadcast_error(*[each for each in arrays if isinstance(each, ARRAYS)]) from None
        raise
    finally:
        reset_errstate(token)


def call_dunder(op: Op, self: Tensor, other: Any, reverse: bool) -> Any:
    """An operator: unknown operands may answer themselves."""
    if not isinstance(other, (Tensor, *NUMBERS)):
        if isinstance(other, np.ndarray):
            other = namespace["tensor_of"](other)
        elif not hasattr(type(other), "__torch_function__") and not hasattr(other, "__prim__"):
            return NotImplemented
    params = op.params
    values = (other, self) if reverse else (self, other)
    result = call(op, (*values, *[param.default for param in params[2:]]))
    if reverse and op.reversed_name and isinstance(result, Tensor) and result._node is not None:
        rename(result._node, op.reversed_name, settled=True)
    return result


def call_composite(op: Op, args: tuple[Any, ...], out: Any, inplace_form: bool) -> Any:
    """A composite with arguments that are not plain, with `out=`, or in place."""
    answering = overrides([*args, out])
    if answering or function_modes:
        shown, keywords = _public_arguments(op, args)
        if out is not None:
            keywords["out"] = out
        return override(op.function, answering, shown, keywords)
    if state.autocast is not None and out is None:
        args = state.autocast(op, args)
    target = args[0] if args else None
    if inplace_form and state.grad and any(node_of(value) is not None for value in args):
        inplace.check(target)
        args = (before_write(target), *args[1:])
    result = _passed(op.body, op, args)
    if inplace_form:
        if not dtypes.can_cast(result.dtype, target.dtype):
            raise cast_error(result.dtype, target.dtype)
        if result.dtype is target.dtype and result._array.shape == target._array.shape and not state.dual_levels:
            memory.check_target(target._array)
            inplace.write(target, result._array)
            if state.grad and (result._node is not None or target._node is not None):
                inplace.rebase(target, result._node)
            return target
        return target.copy_(result)
    return result if out is None else write_out(op.name, out, result, op.exact_out)


# --- results into given tensors -------------------------------------------------------------------------


def into_out(op: Op, args: list[Any], out: Any, kind: dtype | None = None) -> Any:
    """`out=`: the result written into given tensors, outside the graph."""
    outs = out if isinstance(out, (tuple, list)) else (out,)
    if state.grad and any(
        isinstance(each, Tensor) and each._node is not None for each in [*tensor_values(op, tuple(args)), *outs]
    ):
        raise RuntimeError(
            f"{op.name}(): functions with out=... arguments don't support automatic differentiation, but one of "
            "the arguments requires grad."
        )
    if op.apart or op.family == "pointwise":
        sources = [array_of(value) for value in tensor_values(op, tuple(args))]
        for each in outs:
            if isinstance(each, Tensor):
                memory.check_apart(each._array, sources, whole=op.apart)
    if isinstance(out, Tensor) and _computed_into(op, args, out, kind):
        return out
    return write_out(op.name, out, compute(op, args, kind), op.exact_out)


def _computed_into(op: Op, args: list[Any], out: Tensor, kind: dtype | None) -> bool:
    """Whether the op is a prim that could write its result straight into `out`, of the result's shape and dtype."""
    name, target = getattr(op.body, "name", None), out._array
    if name not in prims.table or op.promote == "bool":
        return False
    if kind not in (dtypes.float32, dtypes.float64) or out.dtype is not kind or not target.flags.c_contiguous:
        return False
    arrays = []
    for param, value in zip(op.params, args, strict=True):
        if param.kind == TENSOR and isinstance(value, Tensor) and value.dtype is kind:
            arrays.append(value._array)
        elif param.name != "alpha" or value != 1:
            return False
    if any(each.shape != target.shape for each in arrays):
        return False
    token = set_errstate(quiet)
    try:
        prims.core.elsewhere(name, tuple(arrays), {"out": target})
    finally:
        reset_errstate(token)
    out._counter[0] += 1
    return True


def write_out(name: str, out: Any, result: Any, exact: str = "") -> Any:
    """Write results into `out` (resized, with PyTorch's warning, where the shape differs); `exact` is the complaint
    about another dtype than the result's, where one that it can be cast to does not do.
    """
    if isinstance(result, (tuple, list)):
        if not isinstance(out, (tuple, list)):
            raise TypeError(f"{name}(): argument 'out' must be tuple of Tensors, not {type(out).__name__}")
        written = [write_out(name, o, r, exact) for o, r in zip(out, result, strict=True)]
        return type(result)(*written) if hasattr(result, "_fields") else tuple(written)
    if isinstance(out, (tuple, list)) and len(out) == 1:
        out = out[0]
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    array = result._array if isinstance(result, Tensor) else np.asarray(result)
    if isinstance(result, Tensor) and result._node is not None and state.grad:
        raise RuntimeError(
            f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
            "arguments requires grad."
        )
    kind = from_numpy_dtype(array.dtype)
    if exact and kind is not out.dtype:
        raise RuntimeError(
            exact.format(
                result=scalar_name(kind), out=scalar_name(out.dtype), c_result=c_name(kind), c_out=c_name(out.dtype)
            )
        )
    if not dtypes.can_cast(kind, out.dtype):
        raise cast_error(kind, out.dtype)
    inplace.resize_out(out, array.shape)
    memory.check_target(out._array)
    out._array[...] = array.real if array.dtype.kind == "c" and out._array.dtype.kind != "c" else array
    out._counter[0] += 1
    return out


def _written(op: Op, target: Tensor, args: list[Any], recorded: bool) -> Tensor:
    """The in-place form of an op that can write straight into its first argument's memory."""
    assert op.into is not None
    kept = before_write(target) if recorded else target
    array = target._array
    given = [array_of(value) for value in args[1:]]
    apart = [
        each.copy() if each.__class__ is np.ndarray and np.may_share_memory(array, each) else each for each in given
    ]
    token = set_errstate(quiet)
    try:
        op.into(array, *apart)
    except np.exceptions.AxisError as error:
        raise translated(error) from None
    finally:
        reset_errstate(token)
    target._counter[0] += 1
    if recorded:
        args[0] = kept
        edges, wanted = edges_of(op, args)
        shown = wrap(array)
        shown._counter = target._counter
        inplace.rebase(target, make_node(op, args, edges, [shown]) if wanted else None)
    return target


def call_inplace(op: Op, args: tuple[Any, ...]) -> Any:
    """The in-place form: the function's result written over its first argument, and recorded there."""
    target = args[0]
    if isinstance(target, np.ndarray):
        target[...] = op.body(*_bare(op, args))
        return target
    plain = not function_modes and state.autocast is None
    if plain and isinstance(target, Tensor) and (moved := aligned(op, args, target)) is not None:
        return _passed(op.forms.get("inplace_method") or op.forms["inplace"], op, moved)
    answering = overrides(tensor_values(op, args))
    if answering or function_modes:
        shown, keywords = _public_arguments(op, args)
        form = op.forms.get("inplace_method") or op.forms["inplace"]
        return override(form, answering, shown, keywords)
    if not isinstance(target, Tensor):
        raise type_error(op, op.params[0].name, 0, target)
    prepared, common = prepare(op, args)
    recorded = (state.grad and edges_of(op, prepared)[1]) or (state.grad and target._node is not None)
    if recorded:
        inplace.check(target)
    elif target._inference and not state.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a "
            "normal tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details."
        )
    if not op.overlaps:
        memory.check_target(target._array)
        others = tensor_values(op, tuple(prepared))[1:]
        sources = [array_of(value) for value in others if op.apart or value is not prepared[0]]
        memory.check_apart(target._array, sources, whole=op.apart)
    if op.into is not None and not state.dual_levels:
        return _written(op, target, prepared, bool(recorded))
    result = np.asarray(compute(op, prepared, common))
    kind = from_numpy_dtype(result.dtype)
    if result.shape != target._array.shape:
        raise RuntimeError(
            f"output with shape {list(target._array.shape)} doesn't match the broadcast shape {list(result.shape)}"
        )
    if not dtypes.can_cast(kind, target.dtype):
        raise cast_error(kind, target.dtype)
    if state.dual_levels:
        computed = wrap(result)
        namespace["forward_rule"](op, prepared, (computed,))
    if recorded and op.differentiable:
        # The rule may need what is about to be overwritten.
        prepared[0] = before_write(prepared[0])
        inplace.write(target, result)
        edges, wanted = edges_of(op, prepared)
        shown = wrap(target._array)
        shown._counter = target._counter
        node = make_node(op, prepared, edges, [shown]) if wanted else None
        if kind is not target.dtype and node is not None:
            node = inplace.cast_node(node, result.dtype, target)
        inplace.rebase(target, node)
    else:
        inplace.write(target, result)
        if recorded:
            inplace.rebase(target, None)
    if state.dual_levels:
        namespace["forward_copy"](target, computed)
    return target
