"""The hooked call of a module: what `Module.__call__` does once any hook is registered."""

from __future__ import annotations

import functools
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import flambeau
from flambeau.tensor import Tensor
from flambeau.utils.hooks import RemovableHandle

if TYPE_CHECKING:
    from .module import Module

Hook = Callable[..., Any]
Table = OrderedDict[int, Any]

# Hooks of every module in the process, by the event they watch.
_global_buffer_registration_hooks: Table = OrderedDict()
_global_module_registration_hooks: Table = OrderedDict()
_global_parameter_registration_hooks: Table = OrderedDict()
_global_backward_pre_hooks: Table = OrderedDict()
_global_backward_hooks: Table = OrderedDict()
_global_forward_pre_hooks: Table = OrderedDict()
_global_forward_hooks: Table = OrderedDict()
_global_forward_hooks_always_called: Table = OrderedDict()
_global_forward_hooks_with_kwargs: Table = OrderedDict()
_global_is_full_backward_hook: bool | None = None


def register(
    table: Table,
    hook: Hook,
    flags: Iterable[tuple[Table, bool]] = (),
    prepend: bool = False,
) -> RemovableHandle:
    """Add `hook` to `table`, noting its id in each flag table that is set for it."""
    flags = list(flags)
    handle = RemovableHandle(table, extra_dict=[flag_table for flag_table, _ in flags])
    table[handle.id] = hook
    for flag_table, is_set in flags:
        if is_set:
            flag_table[handle.id] = True
    if prepend:
        table.move_to_end(handle.id, last=False)
    return handle


def register_module_buffer_registration_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, name, buffer)` at every buffer registration; its result replaces it."""
    return register(_global_buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, name, submodule)` at every submodule registration."""
    return register(_global_module_registration_hooks, hook)


def register_module_parameter_registration_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, name, param)` at every parameter registration."""
    return register(_global_parameter_registration_hooks, hook)


def register_module_forward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, args)` before the forward of every module."""
    return register(_global_forward_pre_hooks, hook)


def register_module_forward_hook(
    hook: Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call `hook(module, args, output)` after the forward of every module."""
    flags = [
        (_global_forward_hooks_with_kwargs, with_kwargs),
        (_global_forward_hooks_always_called, always_call),
    ]
    return register(_global_forward_hooks, hook, flags)


def register_module_full_backward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, grad_output)` before the backward of every module."""
    return register(_global_backward_pre_hooks, hook)


def register_module_full_backward_hook(hook: Hook) -> RemovableHandle:
    """Call `hook(module, grad_input, grad_output)` in the backward of every module."""
    return _register_global_backward(hook, full=True)


def register_module_backward_hook(hook: Hook) -> RemovableHandle:
    """The older form of `register_module_full_backward_hook`: sees the last node only."""
    return _register_global_backward(hook, full=False)


def _register_global_backward(hook: Hook, full: bool) -> RemovableHandle:
    global _global_is_full_backward_hook
    check_backward_kind(_global_is_full_backward_hook, full, "as a global Module hook")
    _global_is_full_backward_hook = full
    return register(_global_backward_hooks, hook)


def check_backward_kind(existing: bool | None, full: bool, where: str) -> None:
    """Raise RuntimeError where regular and full backward hooks would meet."""
    if existing is (not full):
        raise RuntimeError(
            f"Cannot use both regular backward hooks and full backward hooks {where}. Please use only one of them."
        )


class WrappedHook:
    """A hook together with a weak reference to the module it is called with."""

    def __init__(self, hook: Hook, module: Module | None = None) -> None:
        self.hook = hook
        functools.update_wrapper(self, hook)
        self.with_module = module is not None
        if module is not None:
            self.module = weakref.ref(module)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self.with_module:
            return self.hook(*args, **kwargs)
        module = self.module()
        if module is None:
            raise RuntimeError("You are trying to call the hook of a dead Module!")
        return self.hook(module, *args, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = {"hook": self.hook, "with_module": self.with_module}
        if self.with_module:
            state["module"] = self.module()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.hook = state["hook"]
        self.with_module = state["with_module"]
        if self.with_module:
            if state["module"] is None:
                raise RuntimeError("You are trying to revive the hook of a dead Module!")
            self.module = weakref.ref(state["module"])


class BackwardHooks:
    """Full backward hooks of one call, hung on identity nodes around the module's forward.

    The node behind the outputs sees the cotangents that arrive (`grad_output`), the node before
    the inputs sees those that leave (`grad_input`).
    """

    def __init__(self, module: Module, hooks: list[Hook], pre_hooks: list[Hook]) -> None:
        self.module = module
        self.hooks = hooks
        self.pre_hooks = pre_hooks
        self.inputs: list[int] | None = None  # positions of the tensors, None: none needs a grad
        self.outputs: list[int] | None = None
        self.input_count = 0
        self.output_count = 0
        self.grad_output: tuple | None = None

    def watch_inputs(self, args: tuple) -> tuple:
        self.input_count = len(args)
        watched, self.inputs = self._insert_identity(args, self._on_grad_input)
        return watched

    def watch_outputs(self, result: Any) -> Any:
        results = result if isinstance(result, tuple) else (result,)
        self.output_count = len(results)
        watched, self.outputs = self._insert_identity(results, self._on_grad_output)
        return watched if isinstance(result, tuple) else watched[0]

    @staticmethod
    def _insert_identity(values: tuple, node_hook: Hook) -> tuple[tuple, list[int] | None]:
        from ._functions import BackwardHookFunction

        where = [i for i, value in enumerate(values) if isinstance(value, Tensor)]
        if not (any(values[i].requires_grad for i in where) and flambeau.is_grad_enabled()):
            return values, None
        passed = BackwardHookFunction.apply(*(values[i] for i in where))
        node = next(tensor.grad_fn for tensor in passed if tensor.grad_fn is not None)
        node.register_hook(node_hook)
        renewed = list(values)
        for i, tensor in zip(where, passed, strict=True):
            renewed[i] = tensor
        kind = type(values)
        return (tuple(renewed) if kind is tuple else kind(*renewed)), where

    def _on_grad_output(self, _: tuple, grads: tuple) -> tuple:
        assert self.outputs is not None
        grad_output = _spread(self.outputs, grads, self.output_count)
        for hook in self.pre_hooks:
            replaced = hook(self.module, grad_output)
            if replaced is None:
                continue
            if len(replaced) != len(grad_output):
                raise RuntimeError(
                    "Backward pre hook returned an invalid number of grad_output, "
                    f"got {len(replaced)}, but expected {len(grad_output)}"
                )
            grad_output = replaced
        if self.inputs is None:
            self._call_without_inputs(grad_output)
        else:
            self.grad_output = grad_output
        return tuple(grad_output[i] for i in self.outputs)

    def _call_without_inputs(self, grad_output: tuple) -> None:
        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module "
            "outputs since no inputs require gradients. See "
            "https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html"
            "#torch.nn.Module.register_full_backward_hook for more details.",
            stacklevel=5,
        )
        for hook in self.hooks:
            replaced = hook(self.module, (None,) * self.input_count, grad_output)
            if replaced is not None and not (isinstance(replaced, tuple) and all(grad is None for grad in replaced)):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always "
                    "return None or None for all gradients."
                )

    def _on_grad_input(self, grads: tuple, _: tuple) -> tuple | None:
        if self.grad_output is None:
            return None
        assert self.inputs is not None
        grad_input = _spread(self.inputs, grads, self.input_count)
        for hook in self.hooks:
            replaced = hook(self.module, grad_input, self.grad_output)
            if replaced is None:
                continue
            if len(replaced) != len(grad_input):
                raise RuntimeError(
                    "Backward hook returned an invalid number of grad_input, "
                    f"got {len(replaced)}, but expected {len(grad_input)}"
                )
            grad_input = replaced
        self.grad_output = None
        return tuple(grad_input[i] for i in self.inputs)


def _spread(where: list[int], values: tuple, count: int) -> tuple:
    """`values` at the positions `where` of a tuple of `count`, None elsewhere."""
    spread: list[Any] = [None] * count
    for i, value in zip(where, values, strict=True):
        spread[i] = value
    return tuple(spread)


class HookedCall:
    """One call of a module with its hooks, and what is left to do when it raises."""

    def __init__(self, module: Module, args: tuple, kwargs: dict[str, Any]) -> None:
        self.module = module
        self.args = args
        self.kwargs = kwargs
        self.result: Any = None
        self.finished: set[int] = set()  # hooks with always_call=True that have run

    def run(self) -> Any:
        try:
            return self._run()
        except Exception:
            self._call_always_called()
            raise

    def _run(self) -> Any:
        module = self.module
        self._call_forward_pre_hooks()
        full, partial = self._backward_hooks()
        pre_hooks = [*_global_backward_pre_hooks.values(), *module._backward_pre_hooks.values()]
        watch = BackwardHooks(module, full, pre_hooks) if full or pre_hooks else None
        if watch:
            self.args = watch.watch_inputs(self.args)
        self.result = module.forward(*self.args, **self.kwargs)
        for hook_id, hook in (*_global_forward_hooks.items(), *module._forward_hooks.items()):
            if hook_id in module._forward_hooks_always_called or hook_id in _global_forward_hooks_always_called:
                self.finished.add(hook_id)
            self._call_forward_hook(hook_id, hook)
        if watch:
            if not isinstance(self.result, (Tensor, tuple)):
                warnings.warn(
                    "For backward hooks to be called, module output should be a Tensor or a tuple "
                    f"of Tensors but received {type(self.result)}",
                    stacklevel=4,
                )
            self.result = watch.watch_outputs(self.result)
        if partial:
            self._hook_last_node(partial)
        return self.result

    def _call_forward_pre_hooks(self) -> None:
        module = self.module
        for hook_id, hook in (
            *_global_forward_pre_hooks.items(),
            *module._forward_pre_hooks.items(),
        ):
            if hook_id in module._forward_pre_hooks_with_kwargs:
                replaced = hook(module, self.args, self.kwargs)
                if replaced is None:
                    continue
                if not (isinstance(replaced, tuple) and len(replaced) == 2):
                    raise RuntimeError(
                        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {replaced}."
                    )
                self.args, self.kwargs = replaced
            else:
                replaced = hook(module, self.args)
                if replaced is not None:
                    self.args = replaced if isinstance(replaced, tuple) else (replaced,)

    def _call_forward_hook(self, hook_id: int, hook: Hook) -> None:
        with_kwargs = hook_id in self.module._forward_hooks_with_kwargs or hook_id in _global_forward_hooks_with_kwargs
        extra = (self.kwargs,) if with_kwargs else ()
        replaced = hook(self.module, self.args, *extra, self.result)
        if replaced is not None:
            self.result = replaced

    def _call_always_called(self) -> None:
        """Run the hooks that asked to be called even though the call raises."""
        module = self.module
        for prefix, table, always in (
            ("global ", _global_forward_hooks, _global_forward_hooks_always_called),
            ("", module._forward_hooks, module._forward_hooks_always_called),
        ):
            for hook_id, hook in table.items():
                if hook_id not in always or hook_id in self.finished:
                    continue
                try:
                    self._call_forward_hook(hook_id, hook)
                except Exception as error:  # noqa: BLE001 (the first error is what is reported)
                    warnings.warn(
                        f"{prefix}module forward hook with ``always_call=True`` raised an "
                        "exception that was silenced as another error was raised in forward: "
                        f"{error}",
                        stacklevel=4,
                    )

    def _backward_hooks(self) -> tuple[list[Hook], list[Hook]]:
        """The hooks of the full kind, and those of the older one."""
        by_kind: dict[bool | None, list[Hook]] = {True: [], False: [], None: []}
        by_kind[_global_is_full_backward_hook] += _global_backward_hooks.values()
        by_kind[self.module._is_full_backward_hook] += self.module._backward_hooks.values()
        return by_kind[True], by_kind[False]

    def _hook_last_node(self, hooks: list[Hook]) -> None:
        output = self.result
        while not isinstance(output, Tensor):
            if isinstance(output, dict):
                output = next(value for value in output.values() if isinstance(value, Tensor))
            else:
                output = output[0]
        if output.grad_fn is None:
            return
        for hook in hooks:
            output.grad_fn.register_hook(WrappedHook(hook, self.module))
        flaw = _partial_view(self.args, self.result, output.grad_fn)
        if flaw:
            warnings.warn(flaw, FutureWarning, stacklevel=5)


def _partial_view(inputs: Any, result: Any, node: Any) -> str | None:
    """Why a hook on `node` alone misses gradients of the call, or None where it sees all."""

    def as_tensors(values: Any) -> tuple | None:
        values = (values,) if isinstance(values, Tensor) else values
        is_flat = isinstance(values, tuple) and all(isinstance(v, Tensor) for v in values)
        return values if is_flat else None

    grad_output = "This hook will be missing some grad_output."
    grad_input = "This hook will be missing some grad_input."
    use_full = " Please use register_full_backward_hook to get the documented behavior."
    deprecated = "is deprecated and will be removed in future versions. "
    results, arguments = as_tensors(result), as_tensors(inputs)
    if results is None:
        return (
            "Using non-full backward hooks on a Module that does not return a single Tensor or a "
            f"tuple of Tensors {deprecated}{grad_output}{use_full}"
        )
    if arguments is None:
        return (
            "Using non-full backward hooks on a Module that does not take as input a single Tensor "
            f"or a tuple of Tensors {deprecated}{grad_input}{use_full}"
        )
    result_nodes = {tensor.grad_fn for tensor in results} - {None}
    if not result_nodes or (len(result_nodes) == 1 and node not in result_nodes):
        return (
            f"Using a non-full backward hook when outputs are nested in python data structure {deprecated}{grad_output}"
        )
    if len(result_nodes) > 1:
        return (
            "Using a non-full backward hook when outputs are generated by different autograd Nodes "
            f"{deprecated}{grad_output}{use_full}"
        )
    input_nodes = {tensor.grad_fn for tensor in arguments} - {None}
    if input_nodes != {edge[0] for edge in node.next_functions}:
        return (
            "Using a non-full backward hook when the forward contains multiple autograd Nodes "
            f"{deprecated}{grad_input}{use_full}"
        )
    return None
