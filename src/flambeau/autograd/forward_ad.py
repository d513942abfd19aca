"""Forward mode: tangents that travel with values through every op.

No op needs a rule of its own for this. The rule of a linear op is the op; that of a pointwise op is
its vjp, whose Jacobian is diagonal; for all others, the vjp is linear in its cotangent, so the
derivative of the vjp by its cotangent, applied to the tangents, is the jvp.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import flambeau

from ..ops import dispatch, promotion, recording, rules
from ..ops.declare import STATIC, TENSORS, Op, namespace
from ..tensor import Array, Tensor, attach
from .graph import AccumulateGrad
from .modes import Decorating, State, enter_slow, leave_slow, state
from .passes import grad

__all__ = [
    "UnpackedDualTensor",
    "dual_level",
    "enter_dual_level",
    "exit_dual_level",
    "make_dual",
    "unpack_dual",
]


class UnpackedDualTensor(NamedTuple):
    """A value, and its tangent (None: it does not depend on any dual tensor)."""

    primal: Tensor
    tangent: Tensor | None


class Level:
    """The tangents of one forward pass, by the arrays they belong to."""

    def __init__(self) -> None:
        self._tangents: dict[int, tuple[weakref.ref[Array], Tensor | None]] = {}

    def get(self, tensor: Tensor) -> Tensor | None:
        found = self._tangents.get(id(tensor._array))
        if found is not None and found[0]() is tensor._array:
            return found[1]
        base = tensor._base
        tangent = None if base is None else self.get(base)
        return None if tangent is None else _same_view(tangent, base, tensor)

    def set(self, tensor: Tensor, tangent: Tensor | None) -> None:
        """Give `tensor` a tangent; None says that it has none, whatever its base has."""
        array = tensor._array
        key = id(array)
        self._tangents[key] = (weakref.ref(array, lambda _: self._tangents.pop(key, None)), tangent)

    def write(self, target: Tensor, tangent: Tensor | None) -> None:
        """Give `target`, after a write, this tangent, which all that see its memory share."""
        if target._base is None:
            self.set(target, tangent)
            return
        base = target._base
        whole = self.get(base)
        if whole is None:
            if tangent is None:
                self.set(target, None)
                return
            whole = flambeau.zeros_like(base)
        else:
            whole = whole.clone()
        self.set(base, whole)
        part = _same_view(whole, base, target)
        self.set(target, part.zero_() if tangent is None else part.copy_(tangent))


def _same_view(tangent: Tensor, base: Any, view: Tensor) -> Tensor:
    """The part of a base's tangent that a view of the base has."""
    if tangent.stride() != base.stride():
        tangent = tangent.contiguous() if base.is_contiguous() else tangent.clone()
    offset = tangent.storage_offset() + view.storage_offset() - base.storage_offset()
    return tangent.as_strided(view.size(), view.stride(), offset)


@contextmanager
def within(levels: tuple[Level, ...]) -> Iterator[None]:
    """Compute as if only the outer `levels` existed."""
    before = state.dual_levels
    state.dual_levels = levels
    try:
        yield
    finally:
        state.dual_levels = before


# --- the rule ---------------------------------------------------------------------------------


def forward_rule(op: Op, args: Sequence[Any], results: Sequence[Tensor | None]) -> None:
    """Give `results`, which `op` has just computed from `args`, their tangents at every level."""
    levels = state.dual_levels
    for depth in range(len(levels) - 1, -1, -1):
        level = levels[depth]
        tangents = [_tangent_of(level, value) for value in args]
        if not any(tangent is not None for tangent in _flat(tangents)):
            continue
        with within(levels[:depth]):
            found = _push(op, args, results, tangents)
        for result, tangent in zip(results, found, strict=True):
            if result is not None and tangent is not None:
                level.set(result, tangent)


def _tangent_of(level: Level, value: Any) -> Any:
    if isinstance(value, Tensor):
        return level.get(value)
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], Tensor):
        return [level.get(each) for each in value]
    return None


def _flat(values: Sequence[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from value
        else:
            yield value


def _push(
    op: Op, args: Sequence[Any], results: Sequence[Tensor | None], tangents: list[Any]
) -> Sequence[Tensor | None]:
    if not op.differentiable or not any(result is not None and result.dtype.is_differentiable for result in results):
        return [None] * len(results)
    if op.jvp_rule is not None:
        return _by_rule(op, args, results, tangents)
    if op.linear and sum(param.kind != STATIC for param in op.params) == 1:
        pushed = dispatch.call(op, tuple(_linear_arguments(args, tangents)))
        return pushed if isinstance(pushed, (tuple, list)) else (pushed,)
    return _by_transposing(op, args, results, tangents)


def _linear_arguments(args: Sequence[Any], tangents: list[Any]) -> Iterator[Any]:
    """The arguments of a linear op with tangents in place of values."""
    for value, tangent in zip(args, tangents, strict=True):
        if isinstance(tangent, list):
            yield [each.new_zeros(each.shape) if own is None else own for each, own in zip(value, tangent, strict=True)]
        else:
            yield value if tangent is None else tangent


def _by_rule(
    op: Op, args: Sequence[Any], results: Sequence[Tensor | None], tangents: list[Any]
) -> Sequence[Tensor | None]:
    """Apply a declared jvp, whose parameters are named as a vjp's, with `input_t` for tangents."""
    given: dict[str, Any] = {"result": results[0]}
    given |= {f"result{place}": result for place, result in enumerate(results)}
    for param, value, tangent in zip(op.params, args, tangents, strict=True):
        given |= {param.name: value, f"{param.name}_t": tangent}
    rule = op.jvp_rule
    assert rule is not None
    pushed = rule(**{name: given[name] for name in rules.names_of(rule)})
    return pushed if isinstance(pushed, tuple) else (pushed,)


def _by_transposing(
    op: Op, args: Sequence[Any], results: Sequence[Tensor | None], tangents: list[Any]
) -> Sequence[Tensor | None]:
    """Differentiate the vjp, as a function of its cotangents, in the direction of the tangents."""
    recorded = state.grad and any(
        each is not None and each._node is not None
        for each in (*_flat(tangents), *promotion.tensor_values(op, tuple(args)))
        if isinstance(each, Tensor)
    )
    with enable_recording():
        node = _node_towards(op, args, results, tangents)
        cotangents = [
            None
            if result is None or not result.dtype.is_differentiable
            else flambeau.ones_like(result).requires_grad_()  # any place will do: a vjp is linear
            for result in results
        ]
        pulled = node.run_graph(cotangents if len(results) > 1 else cotangents[0])
        pairs = [
            (back, tangent)
            for back, tangent in zip(pulled, _by_edge(op, args, tangents), strict=True)
            if back is not None and tangent is not None and back._node is not None
        ]
        wanted = [each for each in cotangents if each is not None]
        if not pairs:
            return [None] * len(results)
        # Tangents of outer levels travel with tensors only.
        found = grad(
            [back for back, _ in pairs],
            wanted,
            [_in_form_of(back, tangent) for back, tangent in pairs],
            create_graph=recorded or bool(state.dual_levels),
            allow_unused=True,
        )
    pushed = iter(found if recorded else [each if each is None else each.detach() for each in found])
    return [None if each is None else next(pushed) for each in cotangents]


@contextmanager
def enable_recording() -> Iterator[None]:
    before = state.grad
    state.grad = True
    try:
        yield
    finally:
        state.grad = before


def _node_towards(op: Op, args: Sequence[Any], results: Sequence[Tensor | None], tangents: list[Any]) -> Any:
    """The node of the call, with an edge to every argument that has a tangent."""
    stand_ins = []
    for value, tangent in zip(args, tangents, strict=True):
        if isinstance(tangent, list):
            stand_ins.append([_with_node(each, own) for each, own in zip(value, tangent, strict=True)])
        else:
            stand_ins.append(_with_node(value, tangent))
    edges, _ = recording.edges_of(op, stand_ins)
    return recording.make_node(op, stand_ins, edges, list(results))


def _with_node(value: Any, tangent: Tensor | None) -> Any:
    """`value` itself if it is recorded or constant, else the same tensor as a leaf."""
    if tangent is None or value._node is not None:
        return value
    leaf = value.detach()
    leaf._node = AccumulateGrad(leaf)
    return leaf


def _by_edge(op: Op, args: Sequence[Any], tangents: list[Any]) -> Iterator[Tensor | None]:
    """The tangents in the order of a node's edges."""
    for param, value, tangent in zip(op.params, args, tangents, strict=True):
        if param.kind == TENSORS:
            yield from tangent or [None] * len(value)
        elif param.kind != STATIC:
            yield tangent


def _in_form_of(back: Tensor, tangent: Any) -> Tensor:
    """A tangent in the shape of a cotangent for which broadcasting has not been undone."""
    if tangent.dtype is not back.dtype:
        tangent = tangent.to(back.dtype)
    return tangent if tangent.shape == back.shape else tangent.expand(back.shape)


def forward_copy(target: Tensor, source: Tensor) -> None:
    """Give `target` its tangents after `source` has been copied into it."""
    levels = state.dual_levels
    for depth in range(len(levels) - 1, -1, -1):
        level = levels[depth]
        tangent = level.get(source)
        if tangent is None and level.get(target) is None:
            continue
        with within(levels[:depth]):
            if tangent is not None:
                tangent = tangent.to(target.dtype).expand(target.shape)
            level.write(target, tangent)


namespace.update(forward_rule=forward_rule, forward_copy=forward_copy)


# --- levels and dual tensors --------------------------------------------------------------------


def push_level() -> Level:
    """Begin a forward pass inside those that are under way."""
    level = Level()
    state.dual_levels = (*state.dual_levels, level)
    enter_slow()
    return level


def pop_level() -> None:
    state.dual_levels = state.dual_levels[:-1]
    leave_slow()


def tangent_of(tensor: Tensor) -> Tensor | None:
    """The tangent at the innermost level."""
    return state.dual_levels[-1].get(tensor) if state.dual_levels else None


def set_tangent(tensor: Tensor, tangent: Tensor) -> None:
    """Give `tensor` its tangent at the innermost level."""
    state.dual_levels[-1].set(tensor, tangent)


def enter_dual_level() -> int:
    """Begin a forward pass; returns its number.

    Raises RuntimeError within another: `func.jvp` is what nests.
    """
    if state.dual_levels:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    push_level()
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """End the forward pass and forget its tangents."""
    if not state.dual_levels:
        raise RuntimeError("Dual level must be a positive number.")
    if level is not None and level != len(state.dual_levels) - 1:
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    pop_level()


class dual_level(Decorating):
    """A context manager within which dual tensors carry tangents."""

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *exc: object) -> None:
        exit_dual_level()


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Any:
    """A view of `tensor` that has `tangent` (which is not copied) as its derivative.

    Raises:
        RuntimeError: outside a dual level, for a tangent of another shape, and for a tensor that
            has one.
        ValueError: unless both are floating-point or complex.
    """
    if not state.dual_levels:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    for name, value in (("primal", tensor), ("tangent", tangent)):
        if not (value.is_floating_point() or value.is_complex()):
            raise ValueError(f"Expected {name} to be floating point or complex, but got: {value.dtype}")
    inner = state.dual_levels[-1]
    if inner.get(tensor) is not None:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the "
            f"same level {len(state.dual_levels) - 1} is not supported."
        )
    if tensor.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original "
            f"Tensor, this is not supported. Tensor is of size {list(tensor.shape)} while the "
            f"given forward gradient is of size {list(tangent.shape)}."
        )
    dual = tensor.view(tensor.shape)
    inner.set(dual, tangent)
    return dual


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """The value of `tensor` without its tangent, and the tangent (None if it has none)."""
    tangent = tangent_of(tensor)
    if tangent is None:
        return UnpackedDualTensor(tensor, None)
    levels = state.dual_levels
    with within(levels[:-1]):
        primal = tensor.view(tensor.shape)
    levels[-1].set(primal, None)
    return UnpackedDualTensor(primal, tangent)


attach(_tangent=property(tangent_of))
State.tangent_access = (tangent_of, set_tangent)
