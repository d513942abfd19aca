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
from ..autograd.graph import Node, Output, next_seq, rename
from ..autograd.modes import state
from ..dtypes import c_name, dtype, from_numpy_dtype, promote_types, scalar_name
from ..prims import copies
from ..tensor import Array, DisableTorchFunctionSubclass, Tensor, new, wrap, wrap_view
from . import memory
from .declare import OPTIONAL, STATIC, TENSOR, TENSORS, Op, namespace

namespace["Tensor_"] = Tensor
NUMBER = [0]
"""The versions of all 0-d tensors that stand for Python numbers, which nothing writes to."""
NUMBERS = (bool, int, float, complex, np.number, np.bool_)
ARRAYS = (np.ndarray, np.generic)

# --- errors -------------------------------------------------------------------------------------------


def broadcast_error(*arrays: Any, inplace: bool = False) -> RuntimeError:
    """PyTorch's words for shapes that do not broadcast."""
    shapes = [np.shape(each) for each in arrays]
    width = max(map(len, shapes))
    result = list(shapes[0])
    for shape in shapes[1:]:
        for back in range(1, width + 1):
            a = result[-back] if back <= len(result) else 1
            b = shape[-back] if back <= len(shape) else 1
            if a != b and 1 not in (a, b):
                return RuntimeError(
                    f"The size of tensor a ({a}) must match the size of tensor b ({b}) at non-singleton "
                    f"dimension {width - back}"
                )
        result = list(np.broadcast_shapes(tuple(result), shape))
    if inplace:
        return RuntimeError(f"output with shape {list(shapes[0])} doesn't match the broadcast shape {result}")
    return RuntimeError(f"shapes {', '.join(map(str, map(list, shapes)))} cannot be broadcast")


def translated(error: np.exceptions.AxisError) -> Exception:
    """NumPy's complaint about an axis in PyTorch's words."""
    if error.axis is None:
        return IndexError(str(error))
    bound = max(error.ndim or 0, 1)
    return IndexError(
        f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {error.axis})"
    )


def mistaken(op: Op, kind: str, args: tuple[Any, ...], error: Exception) -> Exception:
    """What a failed call raises: PyTorch's complaint about arguments that do not fit, else `error` itself."""
    if isinstance(error, np.exceptions.AxisError):
        return translated(error)
    if isinstance(error, ValueError) and "operands could not be broadcast" in str(error):
        return broadcast_error(*[each._array for each in args if isinstance(each, Tensor)])
    from .arguments import mistaken

    return mistaken(op, kind, args, error)


def type_error(op: Op, name: str, place: int, value: Any, expected: str = "Tensor") -> TypeError:
    return TypeError(
        f"{op.name}(): argument '{name}' (position {place + 1}) must be {expected}, not {type(value).__name__}"
    )


def cast_error(result: dtype, target: dtype) -> RuntimeError:
    return RuntimeError(
        f"result type {scalar_name(result)} can't be cast to the desired output type {scalar_name(target)}"
    )


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


# --- arguments and promotion --------------------------------------------------------------------------


def tensor_values(op: Op, args: tuple[Any, ...], *, promoted: bool = False) -> list[Any]:
    """The values of the tensor parameters (`promoted`: of those that promotion concerns), lists flattened."""
    values: list[Any] = []
    for param, value in zip(op.params, args, strict=True):
        if promoted and param.name in op.keep:
            continue
        if param.kind == TENSORS:
            values.extend(value if isinstance(value, (list, tuple)) else [value])
        elif param.kind != STATIC:
            values.append(value)
    return values


def all_plain(tensors: Any) -> bool:
    if tensors.__class__ is not list and tensors.__class__ is not tuple:
        return False
    plain, parameter = namespace["Tensor"], namespace["Parameter"]
    for each in tensors:
        if each.__class__ is not plain and each.__class__ is not parameter:
            return False
    return len(tensors) > 0


def same_dtype(tensors: Any) -> bool:
    first = tensors[0]._array.dtype
    return all([each._array.dtype is first for each in tensors])  # noqa: C419 -- lists are short, a generator slow


def no_nodes(tensors: Any) -> bool:
    """Whether none of a list of tensors is in a graph."""
    return not any([each._node is not None for each in tensors])  # noqa: C419 -- as above


def _merge(high: dtype | None, low: dtype | None) -> dtype | None:
    """The type of a category of operands with that of a lesser one, which may raise the category only."""
    if high is None or low is None:
        return high or low
    if high.is_complex or high.category >= low.category:
        return high
    if high.is_floating_point:
        return high.to_complex()
    return promote_types(high, low) if low.category > high.category else high


def result_type(values: Sequence[Any]) -> dtype:
    """The common dtype of tensors and Python numbers: those with dimensions count first, then 0-d tensors, then
    numbers.
    """
    groups: list[dtype | None] = [None, None, None]
    for value in values:
        if value is None:
            continue
        if isinstance(value, Tensor):
            kind, group = value.dtype, 0 if value._array.ndim else 1
        else:
            kind, group = dtypes.default_of(type(value)), 2
        before = groups[group]
        groups[group] = kind if before is None else promote_types(before, kind)
    found = _merge(groups[0], _merge(groups[1], groups[2]))
    assert found is not None
    return found


def compute_type(op: Op, values: Sequence[Any]) -> dtype | None:
    """The dtype in which `op` computes on these arguments; None: each in its own."""
    if op.promote is None:
        return None
    if op.promote == "same":
        kinds = [value.dtype for value in values if isinstance(value, Tensor)]
        for kind in kinds[1:]:
            if kind is not kinds[0]:
                raise RuntimeError(f"expected scalar type {scalar_name(kinds[0])} but found {scalar_name(kind)}")
        return kinds[0]
    kind = result_type(values)
    if op.promote == "float" and not kind.is_differentiable:
        return dtypes.get_default_dtype()
    return kind


def as_number(value: Any, target: np.dtype[Any]) -> Array:
    """A Python number as a 0-d array."""
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
        raise OverflowError("int too big to convert")
    if isinstance(value, int) and target.kind in "iu" and not isinstance(value, bool):
        bits = 8 * target.itemsize
        low, high = (0, (1 << bits) - 1) if target.kind == "u" else (-(1 << bits - 1), (1 << bits - 1) - 1)
        if not low <= value <= high:
            value &= (1 << bits) - 1
            if target.kind == "i" and value >> (bits - 1):
                value -= 1 << bits
    return np.asarray(value).astype(target)


def prepare(op: Op, args: tuple[Any, ...]) -> tuple[list[Any], dtype | None]:
    """The arguments with tensors in the op's dtype (casts recorded), numbers as 0-d tensors."""
    checked: list[Any] = []
    for place, (param, given) in enumerate(zip(op.params, args, strict=True)):
        value = given.item() if isinstance(given, np.generic) else given  # PyTorch's numbers are weak
        if param.kind == STATIC or (param.kind == OPTIONAL and value is None):
            pass
        elif param.kind == TENSORS:
            if not isinstance(value, (list, tuple)):
                raise type_error(op, param.name, place, value, "tuple of Tensors")
            for at, each in enumerate(value):
                if not isinstance(each, Tensor):
                    raise TypeError(
                        f"expected Tensor as element {at} in argument {place}, but got {type(each).__name__}"
                    )
        elif not isinstance(value, Tensor) and not (param.name in op.scalars and isinstance(value, NUMBERS)):
            raise type_error(op, param.name, place, value)
        checked.append(value)
    if op.scalars and not op.alone and not any(isinstance(value, Tensor) for value in checked):
        raise type_error(op, op.params[0].name, 0, args[0])
    if op.precheck is not None:
        op.precheck(*args)
    kind = compute_type(op, tensor_values(op, tuple(checked), promoted=True))
    for at, param in enumerate(op.params):
        value = checked[at]
        if param.kind == STATIC or value is None or param.name in op.keep:
            continue
        if param.kind == TENSORS:
            checked[at] = [cast(each, kind) for each in value]
        else:
            checked[at] = cast(value, kind)
    if op.check is not None:
        arrays = [_array_of(value) for param, value in zip(op.params, checked, strict=True) if param.kind != STATIC]
        try:
            op.check(*arrays)
        except NotImplementedError:
            if op.family == "pointwise":  # shapes come before kernels
                _check_broadcast(arrays)
            raise
    return checked, kind


def _check_broadcast(arrays: list[Any]) -> None:
    given = [each for each in arrays if each is not None]
    try:
        np.broadcast_shapes(*[each.shape for each in given])
    except ValueError:
        raise broadcast_error(*given) from None


def cast(value: Any, kind: dtype | None) -> Tensor:
    """A tensor of dtype `kind`, by the differentiable conversion where `value` is recorded."""
    if not isinstance(value, Tensor):
        target = kind or dtypes.default_of(type(value))
        number = wrap(as_number(value, target.numpy))
        number._counter = NUMBER
        return number
    if kind is None or value._array.dtype == kind.numpy:
        return value
    if (value._node is not None and state.grad) or state.dual_levels:
        return namespace["convert"](value, kind)
    array = value._array
    return wrap(copies.copied(array, kind.numpy, keep_order=memory.dense(array)))


def _array_of(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value._array
    if value.__class__ is list and value and isinstance(value[0], Tensor):
        return [each._array for each in value]
    return value


_NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}
MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING", "__slots__": ()})()
"""Stands for a required argument that may come under NumPy's name."""


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
    split = sum(not param.keyword for param in op.params)
    keywords = {param.name: value for param, value in zip(op.params[split:], given[split:], strict=True)}
    if out is not None:
        keywords["out"] = out
    return op.forms[kind](*given[:split], **keywords)


# --- the call -----------------------------------------------------------------------------------------


_common: dict[tuple[Any, ...], dtype] = {}
"""The dtype in which an op computes on plain tensors and numbers, by what `_aligned` looks at."""


def _aligned(op: Op, args: tuple[Any, ...], target: Tensor | None = None) -> list[Any] | None:
    """The arguments with all tensors and numbers as tensors of the common dtype: with them the op's form goes its fast
    way. None where they are so already, where there is more to do, or where `target` has another dtype.
    """
    if op.promote is None or op.promote == "same":
        return None
    if function_modes or state.autocast is not None:
        return None
    plain, parameter = namespace["Tensor"], namespace["Parameter"]
    key: list[Any] = [op.name, dtypes.get_default_dtype()]
    places: list[int] = []
    for place, param in enumerate(op.params):
        value = args[place]
        if param.kind == STATIC or value is None or param.name in op.keep:
            continue
        cls = value.__class__
        if cls is plain or cls is parameter:
            array = value._array
            key += (array.dtype, array.ndim > 0)
        elif param.name in op.scalars and (cls is int or cls is float or cls is bool or cls is complex):
            key.append(cls)
        else:
            return None
        places.append(place)
    tensors = [place for place in places if isinstance(args[place], Tensor)]
    if not tensors:
        return None
    known = tuple(key)
    kind = _common.get(known)
    if kind is None:
        found = compute_type(op, [args[place] for place in places])
        if found is None:
            return None
        kind = _common[known] = found
    wanted = kind.numpy
    if target is not None and target._array.dtype is not wanted:
        return None
    if len(tensors) == len(places) and all(args[place]._array.dtype is wanted for place in places):
        return None
    if op.precheck is not None:
        op.precheck(*args)
    moved = list(args)
    for place in places:
        moved[place] = cast(args[place], kind)
    return moved


def _call_form(form: Any, op: Op, args: Sequence[Any]) -> Any:
    """A public form called with arguments in the order of the parameters."""
    if not op.params[-1].keyword:
        return form(*args)
    split = sum(not param.keyword for param in op.params)
    return form(*args[:split], **{param.name: args[at] for at, param in enumerate(op.params[split:], split)})


def call(op: Op, args: tuple[Any, ...], out: Any = None) -> Any:
    """Call an op with its arguments in the order of its parameters."""
    if out is None and (aligned := _aligned(op, args)) is not None:
        return _call_form(op.forms["function"], op, aligned)
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
    arrays = [_array_of(value) for value in args]
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
        if isinstance(result, ARRAYS) and result.dtype != kind.numpy and _drifted(result.dtype, kind):
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


def widened(value: Any) -> Any:
    """A 2-byte float array in float32."""
    if isinstance(value, np.ndarray) and value.dtype.itemsize <= 2 and value.dtype.kind in "fV":
        return copies.copied(value, dtypes.float32.numpy, keep_order=memory.dense(value))
    return [widened(each) for each in value] if value.__class__ is list else value


def narrowed(result: Any, target: np.dtype[Any]) -> Any:
    """Results computed in float32, in the dtype they stand for."""
    if isinstance(result, (tuple, list)):
        parts = [narrowed(each, target) for each in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    if result is None or result.dtype != np.float32:
        return result
    array = np.asarray(result)
    return copies.copied(array, target, keep_order=memory.dense(array))


def _drifted(result: np.dtype[Any], kind: dtype) -> bool:
    """Whether a setting has widened the result in NumPy, as none does in PyTorch."""
    if kind.is_differentiable:
        return result.kind == kind.numpy.kind
    return result.kind in "iuf" and kind is not dtypes.bool_


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
    positional = [value for param, value in zip(op.params, args, strict=True) if not param.keyword]
    keywords = {param.name: value for param, value in zip(op.params, args, strict=True) if param.keyword}
    result = op.body(*positional, **keywords)
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


def before_write(target: Tensor) -> Tensor:
    """What `target` holds and where it stands in the graph, kept from the write that follows."""
    kept = new(Tensor)
    kept._array, kept._node, kept._counter = target._array.copy(), target._node, [0]
    return kept


def finish(op: Op, result: Any, args: Sequence[Any]) -> Any:
    """Wrap what a body returned, and record the call if a gradient may be wanted."""
    if isinstance(result, (tuple, list)):
        return finish_many(op, result, args)
    array = result if result.__class__ is np.ndarray else np.asarray(result)
    tensor = wrap_view(array, args[0]) if op.view else wrap(array)
    record(op, args, [tensor])
    after(op, args, (tensor,))
    return tensor


def plain_many(results: Any) -> Any:
    """Several results as tensors outside the graph; their container's type is kept."""
    tensors = [
        None if each is None else wrap(each if each.__class__ is np.ndarray else np.asarray(each)) for each in results
    ]
    return type(results)(*tensors) if hasattr(results, "_fields") else tuple(tensors)


def finish_many(op: Op, results: Any, args: Sequence[Any]) -> Any:
    """The same for several results; their container's type is kept. (One result of an op on lists comes here too.)"""
    if not isinstance(results, (tuple, list)):
        return finish(op, results, args)
    tensors = [
        None if each is None else wrap_view(each, args[0]) if op.view else wrap(np.asarray(each)) for each in results
    ]
    record(op, args, tensors, many=True)
    if op.view:
        for tensor in tensors:
            tensor._view_flaw = "multi"  # type: ignore[union-attr, misc]
    after(op, args, tuple(tensors))
    return type(results)(*tensors) if hasattr(results, "_fields") else tuple(tensors)


def after(op: Op, args: Sequence[Any], results: tuple[Any, ...]) -> None:
    """What the rarer modes add to results."""
    if state.inference:
        for each in results:
            if each is not None and not op.view:
                each._inference = True
    if state.dual_levels:
        namespace["forward_rule"](op, args, results)


def node_of(value: Any) -> Node | None:
    return value._node if isinstance(value, Tensor) else None


def edges_of(op: Op, args: Sequence[Any]) -> tuple[list[Node | None], bool]:
    """The edges of a call, and whether any of them wants a gradient."""
    edges: list[Node | None] = []
    wanted = False
    for place, listed, has_rule in op.places:
        value = args[place]
        if listed:
            nodes = [node_of(each) if has_rule else None for each in value]
            edges += nodes
            wanted = wanted or any(node is not None for node in nodes)
        else:
            node = value._node if has_rule and isinstance(value, Tensor) else None
            edges.append(node)
            wanted = wanted or node is not None
    return edges, wanted


def record(op: Op, args: Sequence[Any], results: list[Any], *, many: bool = False) -> Node | None:
    """Make the node of a call and give it to the results that can have gradients."""
    if not state.grad or not op.differentiable:
        return None
    edges, wanted = edges_of(op, args)
    if not wanted:
        return None
    kept = [each is not None and from_numpy_dtype(each._array.dtype).is_differentiable for each in results]
    if True not in kept:
        return None
    node = make_node(op, args, edges, results)
    if not many:
        results[0]._node = node
        return node
    node.outputs = len(results)  # type: ignore[attr-defined]
    for place, each in enumerate(results):
        if kept[place]:
            each._node = Output(node, place, each._array)
    return node


def make_node(op: Op, args: Sequence[Any], edges: Sequence[Node | None], results: Sequence[Any]) -> Node:
    wanted = set()
    for place, listed, _ in op.places:
        value = args[place]
        for each in value if listed else (value,):
            if isinstance(each, Tensor):
                if each._node is not None:
                    wanted.add(place)
                elif each._inference:
                    raise RuntimeError(
                        "Inference tensors cannot be saved for backward. Please do not use Tensors created in "
                        "inference mode in computation tracked by autograd. To work around this, you can make a clone "
                        "to get a normal tensor and use it in autograd, or use `torch.no_grad()` instead of "
                        "`torch.inference_mode()`."
                    )
    if op.node is None:
        op.prepare()
    cls = op.node
    if op.family == "pointwise" and (op.holomorphic or results[0]._array.dtype.kind != "c"):
        from .rules import pick  # which computes with what is declared here

        cls = pick(cls, results[0]._array.dtype)
    node = new(cls)
    node.seq, node.edges = next_seq(), tuple(edges)
    node.shape = results[0]._array.shape if results[0] is not None else ()
    saved: list[Any] = []
    for kind, of_result, place, users in op.saving:
        if kind == STATIC:
            saved.append(args[place])
            continue
        needed = users is None or not wanted.isdisjoint(users)
        value = results[place] if of_result else args[place]
        if kind in {"shape", "dtype"}:
            if isinstance(value, (list, tuple)):
                saved.append([getattr(each._array, kind) for each in value])
            else:
                saved.append(None if value is None else getattr(value._array, kind))
        elif kind == TENSORS:
            values = value if needed else []
            saved += [
                [each if each is None else each._array for each in values],
                [each if each is None else each._counter for each in values],
                [each if each is None else each._counter[0] for each in values],
            ]
        elif value is None or not (needed or of_result):
            saved += (None, namespace["UNSAVED"], 0)
        else:
            counter = value._counter
            saved += (value._array, counter, counter[0])
    node.saved = tuple(saved)
    if state.saved_hooks:
        namespace["pack_saved"](node)
    if state.anomaly:
        namespace["note_trace"](node)
    return node


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
        sources = [_array_of(value) for value in tensor_values(op, tuple(args))]
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
    given = [_array_of(value) for value in args[1:]]
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
    if isinstance(target, Tensor) and (aligned := _aligned(op, args, target)) is not None:
        return _call_form(op.forms.get("inplace_method") or op.forms["inplace"], op, aligned)
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
        sources = [_array_of(value) for value in others if op.apart or value is not prepared[0]]
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
