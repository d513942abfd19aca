"""Functions whose forward and backward a user writes: `torch.autograd.Function`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Tensor, new, wrap
from . import inplace
from .graph import Node, Output, freed_error, next_seq, version_error
from .modes import no_grad, state


class _Saved:
    """A tensor kept by `save_for_backward`, with the version it had."""

    __slots__ = ("array", "counter", "node", "place", "unpack", "value", "version")

    def __init__(self, tensor: Tensor, place: int | None) -> None:
        # An output is kept without its node, which would make a cycle; `place` finds it again.
        self.place = place
        self.array, self.counter, self.version = tensor._array, tensor._counter, tensor._counter[0]
        self.value = None if place is not None else tensor
        self.unpack = None
        if state.saved_hooks:
            pack, unpack = state.saved_hooks[-1]
            packed = pack(tensor)
            self.unpack = lambda: unpack(packed)
            self.value = None

    def tensor(self, node: BackwardFunction) -> Tensor:
        if self.unpack is not None:
            return self.unpack()
        if self.counter[0] != self.version:
            raise version_error(
                self.array, self.counter, self.version, node if self.value is None else self.value._node
            )
        if self.value is not None:
            return self.value
        found = new(Tensor)
        found._array, found._counter = self.array, self.counter
        found._node = node if node.outputs == 1 else Output(node, self.place or 0, self.array)
        return found


class FunctionCtx:
    """What `forward` leaves for `backward`: saved tensors, flags, and whatever attributes the user sets."""

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `backward`, where `ctx.saved_tensors` has them."""
        self.to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `jvp`."""
        for each in tensors:
            if not isinstance(each, Tensor) and each is not None:
                raise AssertionError(
                    "save_for_forward expects all arguments to be tensors; you should save non-tensors as attributes "
                    "on ctx."
                )
        self.saved_for_forward = tensors

    def mark_dirty(self, *args: Tensor) -> None:
        """Say which arguments `forward` changed in place; it must return them."""
        self.dirty_tensors = args

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Say which results have no gradient."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether missing cotangents come to `backward` as zeros (True) or as None."""
        self.materialize_grads = value


class Context(FunctionCtx):
    """`ctx`: apart from the node, so that no attribute a user sets can meet one of the engine's."""

    _node: Any = None
    _forward_cls: Any
    to_save: tuple[Any, ...] = ()
    dirty_tensors: tuple[Any, ...] = ()
    non_differentiable: tuple[Any, ...] = ()
    materialize_grads = True
    needs_input_grad: tuple[bool, ...] = ()

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors given to `save_for_backward`."""
        node = self._node
        if node is None:
            return tuple(self.to_save)
        if node.saved is None:
            raise freed_error()
        return tuple([None if each is None else each.tensor(node) for each in node.kept])

    saved_variables = saved_tensors

    def apply(self, *args: Any) -> Any:
        """Run the user's `backward` on cotangents."""
        cls = self._forward_cls
        if cls.backward is not Function.backward and cls.vjp is not Function.vjp:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only "
                "implement one of them."
            )
        rule = cls.vjp if cls.vjp is not Function.vjp else cls.backward
        return rule(self, *args)


class BackwardFunction(Node):
    """The node of a call of a Function."""

    __slots__ = ("ctx", "kept", "kinds", "layouts", "places")
    ctx: Context
    kept: tuple[Any, ...]
    kinds: tuple[Any, ...]
    layouts: tuple[Any, ...]
    places: tuple[int, ...]
    outputs = 1

    def __getattr__(self, name: str) -> Any:
        """What the user has set on `ctx` shows on `grad_fn` too."""
        if name == "ctx":
            raise AttributeError(name)
        if name in ("saved_tensors", "saved_variables"):
            self.ctx._node = self
        return getattr(self.ctx, name)

    def __repr__(self) -> str:
        return f"<torch.autograd.function.{self.name()} object at {id(self):#x}>"

    def _cotangents(self, g: Any) -> list[Any]:
        given = g if isinstance(g, list) else [g]
        tensors: list[Any] = []
        for each, (shape, kind) in zip(given, self.layouts, strict=True):
            if each is None:
                tensors.append(wrap(np.zeros(shape, kind)) if self.ctx.materialize_grads else None)
            else:
                tensors.append(each if isinstance(each, Tensor) else wrap(np.asarray(each)))
        return tensors

    def _run(self, g: Any) -> tuple[Any, ...]:
        if self.saved is None:
            raise freed_error()
        ctx = self.ctx
        ctx._node = self
        try:
            results = ctx.apply(*self._cotangents(g))
        finally:
            ctx._node = None  # which would close a cycle
        results = results if isinstance(results, tuple) else (results,)
        wanted = len(ctx.needs_input_grad)
        if len(results) > wanted and all(each is None for each in results[wanted:]):
            results = results[:wanted]
        if len(results) != wanted:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected {wanted}, got "
                f"{len(results)})"
            )
        found = []
        for place, (at, edge) in enumerate(zip(self.places, self.edges, strict=True)):
            each = results[at]
            if each is not None and not isinstance(each, Tensor):
                raise TypeError(f"expected Variable or None (got {type(each).__name__})")
            if each is not None and edge is not None:
                kind = self.kinds[place]
                if each._array.dtype != kind:
                    from ..dtypes import from_numpy_dtype

                    each = each.to(from_numpy_dtype(kind))  # type: ignore[attr-defined]
            found.append(each)
        for at, each in enumerate(results):
            if each is not None and at not in self.places:
                raise RuntimeError(
                    f"function {self.name()} returned a gradient different from None at position {at + 1}, but the "
                    "corresponding forward input was not a Variable"
                )
        return tuple(found)

    def run(self, g: Any) -> tuple[Any, ...]:
        with no_grad():
            return tuple([each if each is None else each._array for each in self._run(g)])

    def run_graph(self, g: Any) -> tuple[Any, ...]:
        return self._run(g)


class FunctionMeta(type):
    """Gives every Function its own class of nodes."""

    def __init__(cls, name: str, bases: Any, attributes: Any) -> None:
        super().__init__(name, bases, attributes)
        cls._backward_cls = type(f"{name}Backward", (BackwardFunction,), {"__slots__": ()})
        cls._context_cls = type(f"{name}Backward", (Context,), {"_forward_cls": cls})


class Function(FunctionCtx, metaclass=FunctionMeta):
    """Base of functions with a gradient of their own: override `forward` and `backward`, call `apply`.

    `forward(ctx, *args)` may be split into `forward(*args)` and `setup_context(ctx, inputs, output)`.
    """

    generate_vmap_rule = False

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the results."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Save what `backward` needs."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Compute the cotangents of the arguments from those of the results."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    vjp = backward

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """Compute the tangents of the results from those of the arguments."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @staticmethod
    def vmap(info: Any, in_dims: Any, *args: Any) -> Any:
        """Compute the function over a batch dimension."""
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap staticmethod or set "
            "generate_vmap_rule=True."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Call the function: `forward` without recording, and one node for the whole."""
        split = cls.setup_context is not Function.setup_context
        if split and (kwargs or cls.forward.__defaults__):
            bound = inspect.signature(cls.forward).bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, {}
        places = tuple(i for i, each in enumerate(args) if isinstance(each, Tensor))
        recording = state.grad and any(args[i]._node is not None for i in places)
        ctx = cls._context_cls()  # type: ignore[attr-defined]
        ctx.needs_input_grad = tuple(isinstance(each, Tensor) and each._node is not None for each in args)
        with no_grad():
            output = cls.forward(*args) if split else cls.forward(ctx, *args, **kwargs)
            if split:
                cls.setup_context(ctx, args, output)
        many = isinstance(output, (tuple, list))
        results = [_result(each, args, ctx) for each in (output if many else [output])]
        node: BackwardFunction = new(cls._backward_cls)  # type: ignore[attr-defined]
        node.ctx = ctx
        if recording:
            _record(node, args, places, results)
        if state.dual_levels:
            _tangents(cls, ctx, args, results)
        if recording:
            node.kept = _keep(ctx, results)
        return tuple(results) if many else results[0]


def _result(value: Any, args: tuple[Any, ...], ctx: Context) -> Any:
    """A result as a tensor that may be given a node: an argument returned as it is becomes a view of itself."""
    if not isinstance(value, Tensor):
        return value
    if any(value is each for each in ctx.dirty_tensors):
        return value
    if any(value is each for each in args):
        made = new(type(value))
        made._array, made._counter, made._node = value._array, value._counter, None
        return made
    return value


def _record(node: BackwardFunction, args: tuple[Any, ...], places: tuple[int, ...], results: list[Any]) -> None:
    node.places = places
    node.edges = tuple([args[i]._node for i in places])
    node.kinds = tuple([args[i]._array.dtype for i in places])
    node.seq = next_seq()
    node.saved, node.shape = (True,), ()
    node.outputs = len(results)
    node.layouts = tuple(
        [(each._array.shape, each._array.dtype) if isinstance(each, Tensor) else ((), np.float32) for each in results]
    )
    for each in node.ctx.dirty_tensors:
        if not any(each is result for result in results):
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as output. The inputs that "
                "are modified inplace must all be outputs of the Function."
            )
        inplace.check(each)
    silent = {id(each) for each in node.ctx.non_differentiable}
    for place, each in enumerate(results):
        if not isinstance(each, Tensor) or id(each) in silent or not each.dtype.is_differentiable:
            continue
        if len(results) == 1:
            node.shape = each._array.shape
            edge: Node = node
        else:
            edge = Output(node, place, each._array)
        if any(each is dirty for dirty in node.ctx.dirty_tensors):
            each._counter[0] += 1
            inplace.rebase(each, edge)
        else:
            each._node = edge


def _keep(ctx: Context, results: list[Any]) -> tuple[Any, ...]:
    kept: list[Any] = []
    for each in ctx.to_save:
        if each is None:
            kept.append(None)
            continue
        if not isinstance(each, Tensor):
            raise TypeError(
                f"save_for_backward can only save variables, but argument {len(kept)} is of type {type(each).__name__}"
            )
        place = next((i for i, result in enumerate(results) if result is each), None)
        kept.append(_Saved(each, place))
    ctx.to_save = ()
    return tuple(kept)


def _tangents(cls: Any, ctx: Context, args: tuple[Any, ...], results: list[Any]) -> None:
    """Forward mode: the user's `jvp`, if an argument has a tangent."""
    tangent_of, set_tangent = state.tangent_access
    given = [tangent_of(each) if isinstance(each, Tensor) else None for each in args]
    if all(each is None for each in given):
        return
    ctx.to_save = getattr(ctx, "saved_for_forward", ctx.to_save)
    found = cls.jvp(ctx, *given)
    for each, tangent in zip(results, found if isinstance(found, tuple) else (found,), strict=True):
        if isinstance(each, Tensor) and tangent is not None:
            set_tangent(each, tangent)


def once_differentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a `backward` as not differentiable itself: its results raise if differentiated again."""

    @functools.wraps(function)
    def wrapper(ctx: Any, *args: Any) -> Any:
        with no_grad():
            outputs = function(ctx, *args)
        if not state.grad or not any(isinstance(each, Tensor) and each._node is not None for each in args):
            return outputs
        many = isinstance(outputs, tuple)
        values = outputs if many else (outputs,)
        refused = [
            _Refusing.apply(each, *[a for a in args if isinstance(a, Tensor)]) if isinstance(each, Tensor) else each
            for each in values
        ]
        return tuple(refused) if many else refused[0]

    return wrapper


class _Refusing(Function):
    """Passes its first argument on, and raises when differentiated."""

    @staticmethod
    def forward(ctx: Any, value: Any, *args: Any) -> Any:  # type: ignore[override]
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


class InplaceFunction(Function):
    """A Function with an `inplace` flag (kept for older code)."""

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace
