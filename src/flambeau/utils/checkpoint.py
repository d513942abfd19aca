"""Activation checkpointing: forget what a function saved for backward, and run it again for it.

Chen et al. 2016. The variant without `use_reentrant` keeps the graph of the first run and replaces
each saved tensor by a holder, which runs the function again when its tensor is asked for. The
reentrant variant runs the function without a graph, and builds one within the backward pass.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import flambeau
from flambeau.autograd import Function
from flambeau.autograd.graph import saved_tensors_hooks
from flambeau.tensor import Tensor

__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "DefaultDeviceType",
    "check_backward_validity",
    "checkpoint",
    "checkpoint_sequential",
    "detach_variable",
    "get_device_states",
    "noop_context_fn",
    "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
    "set_device_states",
]

_DEFAULT_DETERMINISM_MODE = "default"

_ADVICE = """

Tip: To see a more detailed error message, either pass `debug=True` to
`torch.utils.checkpoint.checkpoint(...)` or wrap the code block
with `with torch.utils.checkpoint.set_checkpoint_debug_enabled(True):` to
enable checkpoint‑debug mode globally.
"""

_REENTRANT_ADVICE = (
    "use_reentrant=False is recommended, but if you need to preserve the current default behavior, "
    "you can pass use_reentrant=True. Refer to docs for more details on the differences between "
    "the two variants."
)


class CheckpointError(RuntimeError):
    """The second run of a checkpointed function did not save what the first had saved."""


class _EnoughRecomputed(Exception):
    """Ends the second run once everything saved has been computed."""


class DefaultDeviceType:
    """The device type assumed where a checkpointed function's arguments name none."""

    _default_device_type = "cpu"

    @staticmethod
    def set_device_type(device: str = "cpu") -> None:
        DefaultDeviceType._default_device_type = device

    @staticmethod
    def get_device_type() -> str:
        return DefaultDeviceType._default_device_type


_early_stop: bool | None = None
_debug: bool | None = None


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Within the block, whether second runs end as soon as all saved tensors are there."""
    global _early_stop
    previous, _early_stop = _early_stop, enable
    try:
        yield
    finally:
        _early_stop = previous


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled: bool | None) -> Iterator[None]:
    """Within the block, the `debug` argument of every `checkpoint`."""
    global _debug
    previous, _debug = _debug, enabled
    try:
        yield
    finally:
        _debug = previous


def noop_context_fn() -> tuple[Any, Any]:
    """The contexts of the first and of the second run, where nothing else is asked for."""
    return contextlib.nullcontext(), contextlib.nullcontext()


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The tensors among the inputs, cut from their graphs; `requires_grad` is kept."""
    if not isinstance(inputs, tuple):
        raise RuntimeError(f"Only tuple of tensors is supported. Got Unsupported input type: {type(inputs).__name__}")
    return tuple(x.detach().requires_grad_(x.requires_grad) if isinstance(x, Tensor) else x for x in inputs)


def check_backward_validity(inputs: Sequence[Any]) -> None:
    """Warn where no gradient will reach the function."""
    if not any(x.requires_grad for x in inputs if isinstance(x, Tensor)):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)


def get_device_states(*args: Any) -> tuple[list[int], list[Tensor]]:
    """The accelerators that hold arguments, and their generators' states: none on this build."""
    return [], []


def set_device_states(devices: Sequence[int], states: Sequence[Tensor], *, device_type: str | None = None) -> None:
    """Restore what `get_device_states` gave."""


class _Surroundings:
    """What a run depends on besides its arguments: random numbers and autocast."""

    def __init__(self, preserve_rng_state: bool) -> None:
        self.rng_state = flambeau.get_rng_state() if preserve_rng_state else None
        self.autocast: dict[str, Any] = {
            "enabled": flambeau.is_autocast_enabled("cpu"),
            "dtype": flambeau.get_autocast_dtype("cpu"),
            "cache_enabled": flambeau.is_autocast_cache_enabled(),
        }

    @contextlib.contextmanager
    def restored(self) -> Iterator[None]:
        present = flambeau.get_rng_state() if self.rng_state is not None else None
        if self.rng_state is not None:
            flambeau.set_rng_state(self.rng_state)
        try:
            with flambeau.enable_grad(), flambeau.autocast("cpu", **self.autocast):
                yield
        finally:
            if present is not None:
                flambeau.set_rng_state(present)


class CheckpointFunction(Function):
    """The reentrant variant: one node, whose backward runs the function with a graph."""

    @staticmethod
    def forward(ctx: Any, run_function: Any, preserve_rng_state: bool, *args: Any) -> Any:
        check_backward_validity(args)
        ctx.run_function = run_function
        ctx.surroundings = _Surroundings(preserve_rng_state)
        ctx.tensor_indices = [i for i, x in enumerate(args) if isinstance(x, Tensor)]
        ctx.constants = [None if isinstance(x, Tensor) else x for x in args]
        ctx.save_for_backward(*(args[i] for i in ctx.tensor_indices))
        with flambeau.no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        inputs = list(ctx.constants)
        for place, tensor in zip(ctx.tensor_indices, ctx.saved_tensors, strict=True):
            inputs[place] = tensor
        detached = detach_variable(tuple(inputs))
        with ctx.surroundings.restored():
            outputs = ctx.run_function(*detached)
        if isinstance(outputs, Tensor):
            outputs = (outputs,)
        pairs = [
            (output, grad)
            for output, grad in zip(outputs, grads, strict=True)
            if isinstance(output, Tensor) and output.requires_grad
        ]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        flambeau.autograd.backward([o for o, _ in pairs], [g for _, g in pairs])
        return (None, None, *(x.grad if isinstance(x, Tensor) else None for x in detached))


class _Holder:
    """Stands in the graph for the tensor saved at `place` in the first run."""

    __slots__ = ("metadata", "place")

    def __init__(self, place: int, metadata: dict[str, Any]) -> None:
        self.place = place
        self.metadata = metadata


def _metadata(x: Tensor) -> dict[str, Any]:
    return {"shape": x.shape, "dtype": x.dtype, "device": x.device}


class _Frame:
    """One checkpointed call: what it saved, and how to compute that again."""

    def __init__(self, run: Callable[[], Any], early_stop: bool, check: bool) -> None:
        self.run = run
        self.early_stop = early_stop
        self.check = check
        self.holders: list[_Holder] = []
        self.recomputed: dict[int, Tensor] = {}

    def pack(self, x: Tensor) -> _Holder:
        holder = _Holder(len(self.holders), _metadata(x))
        self.holders.append(holder)
        return holder

    def unpack(self, holder: _Holder) -> Tensor:
        # A value is used once in a backward pass; the next pass computes all of them again.
        if holder.place not in self.recomputed:
            self.recompute()
        return self.recomputed.pop(holder.place)

    def recompute(self) -> None:
        found: list[Tensor] = []

        def keep(x: Tensor) -> Tensor:
            found.append(x.detach())
            if len(found) > len(self.holders):
                raise CheckpointError(
                    "torch.utils.checkpoint: trying to save more tensors during recomputation "
                    f"than during the original forward pass.{_ADVICE}"
                )
            if self.early_stop and len(found) == len(self.holders):
                raise _EnoughRecomputed
            return x.detach()

        with saved_tensors_hooks(keep, lambda x: x), contextlib.suppress(_EnoughRecomputed):
            self.run()
        if len(found) != len(self.holders):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the "
                "original forward and recomputation.\n"
                f"Number of tensors saved during forward: {len(self.holders)}\n"
                f"Number of tensors saved during recomputation: {len(found)}.{_ADVICE}"
            )
        if self.check:
            self._compare(found)
        self.recomputed = dict(enumerate(found))

    def _compare(self, found: list[Tensor]) -> None:
        different = "".join(
            f"tensor at position {holder.place}:\nsaved metadata: {holder.metadata}\n"
            f"recomputed metadata: {_metadata(x)}\n"
            for holder, x in zip(self.holders, found, strict=True)
            if holder.metadata != _metadata(x)
        )
        if different:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have "
                f"different metadata than during the forward pass.\n{different}.{_ADVICE}"
            )


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], tuple[Any, Any]] = noop_context_fn,
    determinism_check: str = _DEFAULT_DETERMINISM_MODE,
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """Call `function`, keeping only its arguments for backward; backward calls it again.

    `preserve_rng_state=True` (a keyword) gives the second call the random numbers of the first.
    Raises `CheckpointError` in backward when the second call does not save the same tensors.
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. "
            "Starting in PyTorch 2.9, calling checkpoint without use_reentrant will raise an "
            f"exception. {_REENTRANT_ADVICE}",
            stacklevel=2,
        )
        use_reentrant = True
    preserve_rng_state = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        return CheckpointFunction.apply(function, preserve_rng_state, *args)

    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check should be one of ['default', 'none'], but got {determinism_check}")
    forward_context, recompute_context = context_fn()
    if not flambeau.is_grad_enabled():
        with forward_context:
            return function(*args, **kwargs)
    surroundings = _Surroundings(preserve_rng_state)

    def run_again() -> None:
        with surroundings.restored(), recompute_context:
            function(*args, **kwargs)

    stop = early_stop if _early_stop is None else _early_stop
    frame = _Frame(run_again, stop, determinism_check == "default")
    with saved_tensors_hooks(frame.pack, frame.unpack), forward_context:
        return function(*args, **kwargs)


def checkpoint_sequential(
    functions: Any,
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    **kwargs: Any,
) -> Any:
    """Run functions, or the modules of a `Sequential`, in checkpointed segments.

    The last segment keeps what it saves.
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be "
            "passed explicitly. In version 2.9 we will raise an exception if use_reentrant is not "
            f"passed. {_REENTRANT_ADVICE}",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    if isinstance(functions, flambeau.nn.Sequential):
        functions = functions.children()
    functions = list(functions)
    size = len(functions) // segments

    def chained(part: list[Any]) -> Callable[[Any], Any]:
        def run(x: Any) -> Any:
            for function in part:
                x = function(x)
            return x

        return run

    for begin in range(0, size * (segments - 1), size):
        input = checkpoint(
            chained(functions[begin : begin + size]),
            input,
            use_reentrant=use_reentrant,
            preserve_rng_state=preserve,
        )
    return chained(functions[size * (segments - 1) :])(input)
