"""Frequent calls of small tensors, made in machine code (`kernels.calls`).

The first calls of every op are Python's, which counts them. After `CALLS` of them the forms and rules that were
used are written anew, each with a table in front: the table answers for signatures that come often, and Python
for all others. Both do the same; what a call records is decided here for the table, in `codegen` for Python.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import modes
from ..autograd.graph import Node, next_seq
from ..dtypes import dtype
from ..tensor import Tensor, new, wrap
from .declare import OPTIONAL, STATIC, TENSOR, Op, namespace, table

if TYPE_CHECKING:
    from ..kernels.calls import Cell, Library

CALLS, OFTEN = (4000, 400) if os.environ.get("FLAMBEAU_KERNELS") != "hot" else (0, 2)
"""Calls of ops before tables are made (a program of fewer is over before they pay), and calls with one signature
before it gets a cell (which takes milliseconds to make and saves a microsecond a call)."""

FLOAT = np.dtype(np.float32)
"""Cells are for float32: a kernel may differ from NumPy in the last bit, and float64 is what one looks so closely in."""
NUMBERS = (int, float)
LARGE = 4
"""How many times the size from which kernels run anyway arrays may have: below, Python's way still costs more than a
tenth of the work (some 5 µs, for an op without much arithmetic)."""

_library: Library | None = None
_active = False


def active() -> bool:
    """Whether forms are written with tables."""
    return _active


def start() -> None:
    """Write the forms in use anew, with tables. Called once, by the op call that uses up the count."""
    global _active
    namespace["tick"] = bool
    from ..kernels.host import available

    if namespace["large"] > 1 << 60 or not available():
        return  # there are no kernels
    if not load():
        return
    _active = True
    from .codegen import rewrite

    for op in list(table.values()):
        rewrite(op)


def load() -> bool:
    """Load the code of tables, if objects lie in memory as it takes it."""
    global _library
    if _library is not None:
        return True
    from ..kernels.calls import Library, Slots, layout_is_known

    tensor, node = Slots(Tensor, "_array", "_node", "_counter"), Slots(Node, "edges", "saved", "seq", "shape")
    made = new(Node)
    made.edges, made.saved, made.seq, made.shape = (None,), (0,), -(1 << 40), (2,)
    if not layout_is_known(wrap(np.zeros(2)), tensor) or not layout_is_known(made, node):
        return False
    objects = {"state": modes.state, "grad": "grad", "tensor": Tensor, "next_seq": next_seq}
    _library = Library(tensor, node, objects)
    modes.on_plain_classes(_set_plain)
    return True


def _set_plain(classes: dict[str, Any]) -> None:
    assert _library is not None
    _library.set("plain", classes["Tensor"])
    _library.set("parameter", classes["Parameter"])


def _count_down() -> None:
    """What generated code calls as `tick`: raises StopIteration when the count is used up."""
    namespace["tick"], namespace["begin"] = iter(range(CALLS)).__next__, start


_count_down()


# --- forms ------------------------------------------------------------------------------------------------------


def suits(op: Op) -> bool:
    """Whether calls of `op` may be made by a table."""
    if op.shortcut is not None:
        return suits(op.shortcut)
    if op.family == "composite" or op.view or not op.frequent or not (op.traced is True or op.small):
        return False
    return all(param.kind in (TENSOR, OPTIONAL, STATIC) for param in op.params)


def form_table(op: Op, order: Sequence[str], *, inplace: bool) -> Any:
    """The table of a form which is called with the parameters `order`."""
    from ..kernels.calls import INPLACE, TENSORS, Table

    assert _library is not None
    kinds = {param.name: param.kind for param in op.params}
    statics = [kinds[name] == STATIC for name in order]
    build = _guarded(lambda args: _form_cell(op, order, args, inplace))
    return Table(_library, INPLACE if inplace else TENSORS, statics, OFTEN, build)


def _kind(op: Op, name: str) -> str:
    return next(param.kind for param in op.params if param.name == name)


def _guarded(build: Callable[[tuple[Any, ...]], Cell | None]) -> Callable[[tuple[Any, ...]], Cell | None]:
    """`build`, where a body or rule that is no expression gives no cell."""

    def attempt(args: tuple[Any, ...]) -> Cell | None:
        try:
            return build(args)
        except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):
            return None

    return attempt


def _form_cell(op: Op, order: Sequence[str], args: tuple[Any, ...], inplace: bool) -> Cell | None:
    from ..kernels.calls import Cell

    given = dict(zip(order, args, strict=True))
    arrays = {name: each._array for name, each in given.items() if isinstance(each, Tensor)}
    if op.precheck is not None:
        op.precheck(*[given.get(param.name, param.default) for param in op.params])
    if op.check is not None:
        op.check(*arrays.values())
    first = next(iter(arrays.values()))
    if any(each.dtype is not first.dtype for each in arrays.values()) or first.dtype is not FLOAT:
        return None
    numbers = [name for name, each in given.items() if type(each) in NUMBERS and _kind(op, name) != STATIC]
    if any(name not in op.scalars for name in numbers):
        return None
    if not all(_lasts(each) for name, each in given.items() if _kind(op, name) == STATIC):
        return None
    nodes = {name: given[name]._node for name in arrays}
    recorded = modes.state.grad and any(node is not None for node in nodes.values())
    values = {param.name: given.get(param.name, param.default) for param in op.params}
    values |= arrays
    names = [param.name for param in op.params]
    target = None
    if inplace:
        target = arrays[order[0]]
        alike = all(each.shape == target.shape and each.flags.c_contiguous for each in arrays.values())
        if recorded or not alike:
            return None
    moving = [name for name in order if _moves(values[name]) and _kind(op, name) != STATIC]
    if "" in op.small:
        made = op.small[""](*[values[name] for name in names])
    else:
        body = _reordered(op.body, names, moving, values)
        made = _compile(op.name, body, [values[name] for name in moving], target)
    if made is None:
        return None
    kernel, numbers, outputs, scratch = made
    if inplace:
        assert target is not None
        return Cell(kernel, numbers, (), scratch, size=target.nbytes)
    if len(outputs) != 1:
        return None
    if not recorded or not op.differentiable:
        return Cell(kernel, numbers, outputs, scratch)
    op.prepare()
    edges, saves = _recipe(op, order, given, values, nodes, outputs[0])
    if all(nodes.get(order[place]) is None for place in edges if place >= 0):
        return Cell(kernel, numbers, outputs, scratch)
    return Cell(kernel, numbers, outputs, scratch, op.node, edges, saves)


def _reordered(body: Callable[..., Any], names: Sequence[str], moving: Sequence[str], values: dict[str, Any]) -> Any:
    """`body` as a function of the arrays and numbers of a call, in the order they are called with."""

    def run(*args: Any) -> Any:
        now = {**values, **dict(zip(moving, args, strict=True))}
        return body(*[now[name] for name in names])

    return run


def _lasts(value: Any) -> bool:
    """Whether a static value is one that cannot change."""
    return value is None or isinstance(value, (bool, int, float, str, tuple, np.dtype, dtype))


def _moves(value: Any) -> bool:
    return isinstance(value, np.ndarray) or type(value) in NUMBERS


def _compile(
    name: str, body: Any, values: Sequence[Any], target: np.ndarray | None
) -> tuple[Any, np.ndarray, list[Any], int] | None:
    """The kernel of `body` on these arrays and numbers, its numbers, its outputs, and the bytes it works in."""
    from ..kernels.fusion import Compiled

    arrays = [each for each in values if isinstance(each, np.ndarray)]
    if any(each.size >= LARGE * namespace["large"] or not each.size for each in arrays):
        return None
    ready = Compiled(body, name).prepare(tuple(values), (), arrays, None if target is None else (target,))
    if ready is None or any(turned is not None for _, _, turned in ready.outputs):
        return None
    scratch = 0
    if isinstance(ready.scratch, int):
        from ..kernels.threads import MOST

        scratch = ready.scratch + ready.stash * min(ready.tasks, MOST)
    outputs = [(shape, dtype) for shape, dtype, _ in ready.outputs]
    return ready.kernel, ready.numbers, outputs, scratch


def _recipe(
    op: Op,
    order: Sequence[str],
    given: dict[str, Any],
    values: dict[str, Any],
    nodes: dict[str, Any],
    output: tuple[tuple[int, ...], np.dtype],
) -> tuple[list[int], list[tuple[int, Any]]]:
    """Where a node's edges lead, and what it saves: as the generated Python does."""
    from ..kernels.calls import ARGUMENT, ARRAY, CONSTANT, COUNTER, RESULT, RESULT_COUNTER, VERSION
    from .nodes import saves, tensor_params

    place = {name: k for k, name in enumerate(order)}
    ruled = {p.name for p in tensor_params(op) if op.joint is not None or p.name in op.rules}
    edges = [place[p.name] if p.name in ruled and p.name in place else -1 for p in tensor_params(op)]
    unsaved = namespace["UNSAVED"]
    nothing = [(CONSTANT, None), (CONSTANT, unsaved), (CONSTANT, 0)]
    found: list[tuple[int, Any]] = []
    for save in saves(op):
        used = save.users is None or any(nodes.get(user) is not None for user in save.users)
        if save.kind in (TENSOR, OPTIONAL):
            at = place[save.name]
            if save.name in nodes:
                found += [(ARRAY, at), (COUNTER, at), (VERSION, at)] if used else nothing
            elif given[save.name] is None or not used:
                found += nothing
            else:
                found += [(ARGUMENT, at), (CONSTANT, unsaved), (CONSTANT, 0)]
        elif save.kind == "result":
            found += [(RESULT, 0), (RESULT_COUNTER, 0), (CONSTANT, 0)] if used else nothing
        elif save.kind in ("shape", "dtype"):
            shape, dtype = output if save.source == "result" else _form_of(values[save.source])
            found.append((CONSTANT, shape if save.kind == "shape" else dtype))
        elif save.name in place:
            found.append((ARGUMENT, place[save.name]))
        else:
            found.append((CONSTANT, values[save.name]))
    return edges, found


def _form_of(value: Any) -> tuple[Any, Any]:
    return (None, None) if value is None else (value.shape, value.dtype)


# --- functions of arrays -------------------------------------------------------------------------------------------


def rule_table(op: Op, argument: str, statics: Sequence[bool]) -> Any:
    """The table of a rule on arrays, or None."""
    from ..kernels.calls import ARRAYS, Table

    assert _library is not None
    small, rule = op.small.get(argument), op.rules[argument]
    if small is None and op.traced is not True and argument not in (op.traced or ()):
        return None
    name = f"{op.name} {argument}"
    build = _guarded(lambda args: _array_cell(name, rule, small, statics, args))
    return Table(_library, ARRAYS, statics, OFTEN, build)


def _array_cell(
    name: str,
    function: Callable[..., Any],
    small: Callable[..., Any] | None,
    statics: Sequence[bool],
    args: tuple[Any, ...],
) -> Cell | None:
    from ..kernels.calls import Cell

    arrays = [each for each in args if isinstance(each, np.ndarray)]
    if not all(_lasts(each) for each, static in zip(args, statics, strict=True) if static):
        return None
    if not arrays or any(each.dtype is not arrays[0].dtype for each in arrays) or arrays[0].dtype is not FLOAT:
        return None
    if small is not None:
        made = small(*args)
        return None if made is None else Cell(*made)
    result = function(*args)
    if not isinstance(result, np.ndarray) or any(np.may_share_memory(result, each) for each in arrays):
        return None  # nothing is computed
    names = [str(k) for k in range(len(args))]
    values = dict(zip(names, args, strict=True))
    moving = [each for each, static in zip(names, statics, strict=True) if not static and _moves(values[each])]
    made = _compile(name, _reordered(function, names, moving, values), [values[each] for each in moving], None)
    return None if made is None else Cell(*made)
