"""What happens to saved tensors: hooks that pack them, and the record of where a node was made."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Array, Tensor, wrap
from .graph import Node, freed_error
from .modes import Decorating, enter_slow, leave_slow, state


class saved_tensors_hooks:
    """Within it, what is saved for backward passes through `pack_hook`, and through `unpack_hook` when it is used."""

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self) -> None:
        if state.saved_hooks_error is not None:
            raise RuntimeError(state.saved_hooks_error)
        state.saved_hooks = (*state.saved_hooks, (self.pack_hook, self.unpack_hook))
        enter_slow()

    def __exit__(self, *args: object) -> None:
        state.saved_hooks = state.saved_hooks[:-1]
        leave_slow()


class save_on_cpu(saved_tensors_hooks):
    """Keeps saved tensors on the CPU, where they are: each is copied."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor.detach().clone(), lambda packed: packed)  # type: ignore[attr-defined]


class disable_saved_tensors_hooks(Decorating):
    """Within it, `saved_tensors_hooks` raises `error_message`."""

    def __init__(self, error_message: str) -> None:
        self.message = error_message

    def clone(self) -> disable_saved_tensors_hooks:
        return self.__class__(self.message)

    def __enter__(self) -> None:
        self.previous = state.saved_hooks_error
        state.saved_hooks_error = self.message

    def __exit__(self, *args: object) -> None:
        state.saved_hooks_error = self.previous


class Packed:
    """A saved array as `pack_hook` left it."""

    __slots__ = ("packed", "unpack")

    def __init__(self, array: Array, edge: Node | None) -> None:
        pack, self.unpack = state.saved_hooks[-1]
        tensor = wrap(array)
        tensor._node = edge
        self.packed = pack(tensor)

    def array(self) -> Array:
        found = self.unpack(self.packed)
        if not isinstance(found, Tensor):
            raise TypeError(
                f"Output of saved tensor unpack_hook expected to be a Tensor but got result of type {type(found)}"
            )
        return found._array


_unpacking: dict[type, type] = {}


def pack_saved(node: Node) -> None:
    """Pass a new node's saved arrays through the innermost hooks."""
    if not node.saved:
        return
    node.saved = tuple([_packed(value) for value in node.saved])
    cls = type(node)
    if cls not in _unpacking:

        def run(self: Any, g: Any) -> tuple[Any, ...]:
            return _with_unpacked(self, cls.run, g)

        def run_graph(self: Any, g: Any) -> tuple[Any, ...]:
            return _with_unpacked(self, cls.run_graph, g)

        members = {"__slots__": (), "run": run, "run_graph": run_graph, "defers": False}
        _unpacking[cls] = type(cls.__name__, (cls,), members)
    node.__class__ = _unpacking[cls]


def _packed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return Packed(value, None)
    if value.__class__ is list and value and isinstance(value[0], np.ndarray):
        return [_packed(each) for each in value]
    return value


def _unpacked(value: Any) -> Any:
    if value.__class__ is Packed:
        return value.array()
    return [_unpacked(each) for each in value] if value.__class__ is list else value


def _with_unpacked(node: Any, rule: Any, g: Any) -> tuple[Any, ...]:
    packed = node.saved
    if packed is None:
        raise freed_error()
    node.saved = tuple([_unpacked(value) for value in packed])
    try:
        return rule(node, g)
    finally:
        node.saved = packed


# --- anomalies ------------------------------------------------------------------------------------------------


class set_detect_anomaly:
    """Switch on (or off) the search for NaN in backward, with the place of the forward call that led to it."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.previous = state.anomaly, state.check_nan
        self._set(mode, check_nan)

    @staticmethod
    def _set(mode: bool, check_nan: bool) -> None:
        if mode and not state.anomaly:
            enter_slow()
        elif state.anomaly and not mode:
            leave_slow()
        state.anomaly, state.check_nan = mode, check_nan

    def __enter__(self) -> None:
        return None

    def __exit__(self, *args: object) -> None:
        self._set(*self.previous)


class detect_anomaly(set_detect_anomaly):
    """Within it, backward stops at the first NaN and shows where its function was called."""

    def __init__(self, check_nan: bool = True) -> None:
        self.previous = state.anomaly, state.check_nan
        self.check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            UserWarning,
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self._set(True, self.check_nan)


def is_anomaly_enabled() -> bool:
    return state.anomaly


def note_trace(node: Node) -> None:
    """Keep the stack of the forward call that made a node."""
    import traceback

    node.trace = "".join(traceback.format_stack()[:-4])


def check_anomaly(node: Node, results: tuple[Any, ...]) -> None:
    """Raise, and show where the forward call was made, if a cotangent has become NaN."""
    if not state.check_nan:
        return
    for place, each in enumerate(results):
        if each is None:
            continue
        array = each._array if isinstance(each, Tensor) else np.asarray(each)
        if array.dtype.kind in "fc" and np.isnan(array).any():
            if node.trace:
                warnings.warn(
                    f"Error detected in {node.name()}. Traceback of forward call that caused the error:\n{node.trace}",
                    UserWarning,
                    stacklevel=2,
                )
            raise RuntimeError(f"Function '{node.name()}' returned nan values in its {place}th output.")


# --- small helpers of torch.autograd.graph --------------------------------------------------------------------


def increment_version(tensor: Any) -> None:
    """Count a write to a tensor (or to several) that autograd could not see."""
    for each in (tensor,) if isinstance(tensor, Tensor) else tensor:
        each._counter[0] += 1


def register_multi_grad_hook(tensors: Any, fn: Callable[..., Any], *, mode: str = "all") -> Any:
    """Call `fn` once the gradients of all `tensors` are there ("all"), or at the first of them ("any")."""
    from .hooks import MultiHandle

    tensors = tuple(tensors)
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    gathered: dict[int, Tensor] = {}
    wanted = sum(each._node is not None for each in tensors)

    def note(place: int, grad: Tensor) -> None:
        if mode == "any":
            if not gathered:
                fn(grad)
            gathered[place] = grad
        else:
            gathered[place] = grad
            if len(gathered) == wanted:
                grads = [gathered.get(i) for i in range(len(tensors))]
                gathered.clear()
                fn(grads)
            return
        if len(gathered) == wanted:
            gathered.clear()

    handles = [
        each.register_hook(lambda grad, place=place: note(place, grad))  # type: ignore[attr-defined]
        for place, each in enumerate(tensors)
        if each._node is not None
    ]
    return MultiHandle(handles)
