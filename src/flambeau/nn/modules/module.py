"""`Module`, the base class of every layer and model."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self

import flambeau
from flambeau.tensor import Tensor
from flambeau.utils.hooks import RemovableHandle

from ..parameter import Buffer, Parameter
from . import _conversion, _hooks, _state
from ._hooks import (
    HookedCall,
    _global_backward_hooks,
    _global_backward_pre_hooks,
    _global_buffer_registration_hooks,
    _global_forward_hooks,
    _global_forward_pre_hooks,
    _global_module_registration_hooks,
    _global_parameter_registration_hooks,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from ._state import _IncompatibleKeys

__all__ = [
    "Module",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

_HOOK_TABLES = (
    "_backward_pre_hooks",
    "_backward_hooks",
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)

_SIMPLE = frozenset({bool, int, float, str})

_EXTRA_STATE_UNDEFINED = (
    "Reached a code path in Module.{}_extra_state() that should never be called. Please file an "
    "issue at https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml to report this "
    "bug."
)


def _addindent(text: str, spaces: int) -> str:
    """Indent every line of `text` but the first and the blank ones."""
    first, *rest = text.split("\n")
    return "\n".join([first, *(" " * spaces + line if line.strip() else "" for line in rest)])


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _is_tensor_like(value: Any) -> bool:
    return isinstance(value, Tensor) or hasattr(value, "__torch_function__")


def _registered(hooks: Mapping[int, Any], module: Module, name: str, value: Any) -> Any:
    """`value` as the process-wide registration hooks leave it."""
    for hook in hooks.values():
        replaced = hook(module, name, value)
        if replaced is not None:
            value = replaced
    return value


def _forward_unimplemented(self: Module, *input: Any) -> Any:
    """What a call computes: every subclass defines it."""
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


class Module:
    """A layer or model: parameters, buffers and submodules under one `forward`.

    Assigning a `Parameter`, a `Buffer` or a `Module` as an attribute registers it, so that it
    appears in `parameters()`, `state_dict()`, `to()` and their kin. Call the module, not its
    `forward`, so that hooks run.
    """

    training: bool
    dump_patches: bool = False
    call_super_init: bool = False
    # Saved with state dicts; a subclass raises it when its keys change.
    _version: int = 1
    _compiled_call_impl: Callable[..., Any] | None = None

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _non_persistent_buffers_set: set[str]
    _is_full_backward_hook: bool | None
    _forward_hooks: _hooks.Table
    _forward_hooks_with_kwargs: _hooks.Table
    _forward_hooks_always_called: _hooks.Table
    _forward_pre_hooks: _hooks.Table
    _forward_pre_hooks_with_kwargs: _hooks.Table
    _backward_hooks: _hooks.Table
    _backward_pre_hooks: _hooks.Table
    _state_dict_hooks: _hooks.Table
    _state_dict_pre_hooks: _hooks.Table
    _load_state_dict_pre_hooks: _hooks.Table
    _load_state_dict_post_hooks: _hooks.Table

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init:
            if kwargs:
                raise TypeError(
                    f"{type(self).__name__}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
                )
            if args:
                raise TypeError(
                    f"{type(self).__name__}.__init__() takes 1 positional argument but {len(args) + 1} were given"
                )
        state = self.__dict__  # written directly: attribute assignment looks for members
        state["training"] = True
        state["_parameters"] = {}
        state["_buffers"] = {}
        state["_non_persistent_buffers_set"] = set()
        state["_is_full_backward_hook"] = None
        for table in _HOOK_TABLES:
            state[table] = OrderedDict()
        state["_modules"] = {}
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    forward: Callable[..., Any] = _forward_unimplemented

    # Calling

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        state = self.__dict__
        try:
            hooked = (
                state["_backward_hooks"]
                or state["_backward_pre_hooks"]
                or state["_forward_hooks"]
                or state["_forward_pre_hooks"]
                or _global_forward_hooks
                or _global_forward_pre_hooks
                or _global_backward_hooks
                or _global_backward_pre_hooks
                or "_compiled_call_impl" in state
            )
        except KeyError as table:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute {table}") from None
        if not hooked:
            return self.forward(*args, **kwargs)
        if self._compiled_call_impl is not None:
            return self._compiled_call_impl(*args, **kwargs)
        return HookedCall(self, args, kwargs).run()

    _wrapped_call_impl = __call__

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        return HookedCall(self, args, kwargs).run()

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Compile the call of this module in place, with the arguments of `flambeau.compile`."""
        self._compiled_call_impl = flambeau.compile(self._call_impl, *args, **kwargs)  # type: ignore[attr-defined]

    # Registering members

    def _check_new_name(self, kind: str, name: Any, members: Mapping[str, Any]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {flambeau.typename(name)}")
        if "." in name:
            tail = f", got: {name}" if kind == "module" else ""
            raise KeyError(f'{kind} name can\'t contain "."{tail}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if hasattr(self, name) and name not in members:
            raise KeyError(f"attribute '{name}' already exists")

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is no parameter; `state_dict` has it where `persistent`."""
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        self._check_new_name("buffer", name, self._buffers)
        if tensor is not None and not _is_tensor_like(tensor):
            raise TypeError(
                f"cannot assign '{flambeau.typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._buffers[name] = _registered(_global_buffer_registration_hooks, self, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, or hold its place with None."""
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self._check_new_name("parameter", name, self._parameters)
        if param is None:
            self._parameters[name] = None
            return
        if not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{flambeau.typename(param)}' object to parameter '{name}' "
                "(torch.nn.Parameter or None required)"
            )
        if param.grad_fn:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be "
                f"created explicitly. To express '{name}' as a function of another Tensor, compute "
                "the value in the forward() method."
            )
        hooks = _global_parameter_registration_hooks
        self._parameters[name] = _registered(hooks, self, name, param)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a submodule under `name`."""
        if not isinstance(module, Module) and module is not None:
            raise TypeError(f"{flambeau.typename(module)} is not a Module subclass")
        self._check_new_name("module", name, self._modules)
        self._modules[name] = _registered(_global_module_registration_hooks, self, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as `add_module`."""
        self.add_module(name, module)

    def __getattr__(self, name: str) -> Any:
        state = self.__dict__
        # Unrolled: every `self.weight` comes by here.
        if (members := state.get("_parameters")) and name in members:
            return members[name]
        if (members := state.get("_modules")) and name in members:
            return members[name]
        if (members := state.get("_buffers")) and name in members:
            return members[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        state = self.__dict__
        if value.__class__ in _SIMPLE and name in state and not hasattr(type(self), name):
            state[name] = value  # a number or a flag anew: no member, no property
            return
        for kind, member_type, members in (
            ("parameter", Parameter, "_parameters"),
            ("child module", Module, "_modules"),
        ):
            own = state.get(members)
            if isinstance(value, member_type):
                if own is None:
                    noun = "parameters" if kind == "parameter" else "module"
                    raise AttributeError(f"cannot assign {noun} before Module.__init__() call")
                self._forget(name, members)
            elif own is not None and name in own:
                if value is not None:
                    expected = "torch.nn.Parameter" if kind == "parameter" else "torch.nn.Module"
                    raise TypeError(
                        f"cannot assign '{flambeau.typename(value)}' as {kind} '{name}' ({expected} or None expected)"
                    )
            else:
                continue
            if kind == "parameter":
                self.register_parameter(name, value)
            else:
                own[name] = _registered(_global_module_registration_hooks, self, name, value)
            return
        if isinstance(value, Buffer) or name in state.get("_buffers", ()):
            self._set_buffer(name, value)
        else:
            super().__setattr__(name, value)

    def _forget(self, name: str, kept: str) -> None:
        """Drop `name` from wherever it stands but in the table `kept`."""
        state = self.__dict__
        state.pop(name, None)
        for members in ("_parameters", "_buffers", "_modules"):
            if members != kept:
                state[members].pop(name, None)
        self._non_persistent_buffers_set.discard(name)

    def _set_buffer(self, name: str, value: Any) -> None:
        if value is not None and not _is_tensor_like(value):
            raise TypeError(
                f"cannot assign '{flambeau.typename(value)}' as buffer '{name}' "
                "(torch.nn.Buffer, torch.Tensor or None expected)"
            )
        if isinstance(value, Buffer):
            persistent = value.persistent
        else:
            persistent = name not in self._non_persistent_buffers_set
        if type(self).register_buffer is not Module.register_buffer:
            import inspect

            if "persistent" not in inspect.signature(self.register_buffer).parameters:
                if not persistent:
                    raise RuntimeError(
                        "Registering a non-persistent buffer on a Module subclass that implements "
                        "register_buffer() without the persistent argument is not allowed."
                    )
                return self.register_buffer(name, value)
        return self.register_buffer(name, value, persistent)

    def __delattr__(self, name: str) -> None:
        for members in (self._parameters, self._buffers, self._modules):
            if name in members:
                del members[name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        own = (self.__dict__, self._parameters, self._modules, self._buffers)
        names = [*dir(type(self)), *(name for members in own for name in members)]
        return sorted(name for name in names if not name[0].isdigit())

    # Finding members

    def _member(self, name: str) -> Any:
        if not hasattr(self, name):
            raise AttributeError(f"{self._get_name()} has no attribute `{name}`")
        return getattr(self, name)

    def get_submodule(self, target: str) -> Module:
        """The submodule at a dotted path; AttributeError where there is none."""
        module = self
        for name in target.split(".") if target else ():
            module = module._member(name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put `module` at a dotted path; `strict` wants a submodule to be there already."""
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        in_place = strict or hasattr(parent, name)
        if in_place and not isinstance(parent._member(name), Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted path; AttributeError where there is none."""
        path, _, name = target.rpartition(".")
        param = self.get_submodule(path)._member(name)
        if not isinstance(param, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return param

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted path; AttributeError where there is none."""
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        buffer = owner._member(name)
        if name not in owner._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return buffer

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Dotted path and module of this module and all below it, outer ones first."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, _join(prefix, name), remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all below it."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Name and module of every direct submodule, each module once."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The direct submodules."""
        for _, module in self.named_children():
            yield module

    def _named_members(
        self,
        get_members_fn: Callable[[Module], Iterable[tuple[str, Any]]],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        seen = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, member in get_members_fn(module):
                if member is None or member in seen:
                    continue
                if remove_duplicate:
                    seen.add(member)
                yield _join(path, name), member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Dotted name and value of every parameter."""
        yield from self._named_members(lambda module: module._parameters.items(), prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters of this module and, where `recurse`, of all below it."""
        if type(self).named_parameters is not Module.named_parameters:
            for _, param in self.named_parameters(recurse=recurse):
                yield param
            return
        seen = set()
        for module in self.modules() if recurse and self._modules else (self,):
            for member in module._parameters.values():
                if member is not None and member not in seen:
                    seen.add(member)
                    yield member

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Dotted name and value of every buffer."""
        yield from self._named_members(lambda module: module._buffers.items(), prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers of this module and, where `recurse`, of all below it."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    # Changing all members

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` with every submodule, then with this module."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self, fn: Callable[[Any], Any], recurse: bool = True) -> Self:
        """Replace every parameter, gradient and buffer `t` by `fn(t)`.

        A parameter stays the same object, so that optimizers keep it, unless it moves between
        the meta device and the CPU.
        """
        if recurse:
            for module in self.children():
                module._apply(fn)
        _conversion.replace_members(self, fn)
        return self

    def cuda(self, device: Any = None) -> Self:
        """Raises: this build computes on the CPU."""
        return self._apply(lambda t: t.cuda(device))

    def cpu(self) -> Self:
        """Move everything to the CPU."""
        return self._apply(lambda t: t.cpu())

    def type(self, dst_type: Any) -> Self:
        """Cast all parameters and buffers to `dst_type`."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self) -> Self:
        """Cast floating-point parameters and buffers to float32."""
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self) -> Self:
        """Cast floating-point parameters and buffers to float64."""
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def half(self) -> Self:
        """Cast floating-point parameters and buffers to float16."""
        return self._apply(lambda t: t.half() if t.is_floating_point() else t)

    def bfloat16(self) -> Self:
        """Cast floating-point parameters and buffers to bfloat16."""
        return self._apply(lambda t: t.bfloat16() if t.is_floating_point() else t)

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Move to `device` without copying the values."""
        return self._apply(lambda t: flambeau.empty_like(t, device=device), recurse=recurse)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Move and cast in place: `to(device, dtype)`, `to(dtype)`, `to(tensor)`, memory format.

        Only floating-point and complex members are cast; TypeError for any other dtype.
        """
        return self._apply(_conversion.converter(*args, **kwargs))

    def share_memory(self) -> Self:
        """Move all members to memory that other processes can map."""
        return self._apply(lambda t: t.share_memory_())

    def train(self, mode: bool = True) -> Self:
        """Set the training mode of this module and all below it."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        if self._modules:
            for module in self.children():
                module.train(mode)
        return self

    def eval(self) -> Self:
        """The same as `train(False)`."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Set whether the parameters record gradients."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or fill them with zeros."""
        if self.__dict__.get("_is_replica", False):
            warnings.warn(
                "Calling .zero_grad() from a module created with nn.DataParallel() has no effect. "
                "The parameters are copied (in a differentiable manner) from the original module. "
                "This means they are not leaf nodes in autograd and so don't accumulate gradients. "
                "If you need gradients in your forward method, consider using autograd.grad "
                "instead.",
                stacklevel=2,
            )
        if set_to_none:
            for param in self.parameters():
                param.grad = None
            return
        for param in self.parameters():
            grad = param.grad
            if grad is None:
                continue
            if grad.grad_fn is not None:
                grad.detach_()
            else:
                grad.requires_grad_(False)
            grad.zero_()

    # Hooks

    def register_forward_pre_hook(
        self, hook: _hooks.Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before `forward`; its result replaces the arguments."""
        flags = [(self._forward_pre_hooks_with_kwargs, with_kwargs)]
        return _hooks.register(self._forward_pre_hooks, hook, flags, prepend)

    def register_forward_hook(
        self,
        hook: _hooks.Hook,
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after `forward`; its result replaces the output."""
        flags = [
            (self._forward_hooks_with_kwargs, with_kwargs),
            (self._forward_hooks_always_called, always_call),
        ]
        return _hooks.register(self._forward_hooks, hook, flags, prepend)

    def register_full_backward_pre_hook(self, hook: _hooks.Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_output)` when the gradients of the outputs are known."""
        return _hooks.register(self._backward_pre_hooks, hook, prepend=prepend)

    def register_full_backward_hook(self, hook: _hooks.Hook, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` when the inputs' gradients are known."""
        _hooks.check_backward_kind(self._is_full_backward_hook, True, "on a single Module")
        self._is_full_backward_hook = True
        return _hooks.register(self._backward_hooks, hook, prepend=prepend)

    def register_backward_hook(self, hook: _hooks.Hook) -> RemovableHandle:
        """The older form of `register_full_backward_hook`: sees the last node only."""
        _hooks.check_backward_kind(self._is_full_backward_hook, False, "on a single Module")
        self._is_full_backward_hook = False
        return _hooks.register(self._backward_hooks, hook)

    # State

    def state_dict(self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> Any:
        """All parameters and persistent buffers by dotted name, sharing memory with the module.

        Tensors are detached unless `keep_vars`. `_metadata` of the result holds each module's
        version.
        """
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead. Refer to "
                "https://pytorch.org/docs/main/generated/torch.nn.Module.html"
                "#torch.nn.Module.state_dict for details.",
                FutureWarning,
                stacklevel=2,
            )
            given = dict(zip(("destination", "prefix", "keep_vars"), args, strict=False))
            destination = given["destination"] if destination is None else destination
            prefix = prefix or given.get("prefix", "")
            keep_vars = keep_vars or given.get("keep_vars", False)
        return _state.collect(self, destination, prefix, keep_vars)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        transient = self._non_persistent_buffers_set
        for name, member in (*self._parameters.items(), *self._buffers.items()):
            if member is not None and name not in transient:
                destination[prefix + name] = member if keep_vars else member.detach()
        if _state.overrides(self, "get_extra_state"):
            destination[prefix + _state.EXTRA_STATE_KEY] = self.get_extra_state()

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copy (or, with `assign`, take over) the tensors of `state_dict` by name.

        Returns the missing and unexpected keys; with `strict` those are a RuntimeError, which
        sizes that differ always are.
        """
        return _state.load(self, state_dict, strict, assign)

    _load_from_state_dict = _state.load_members

    def get_extra_state(self) -> Any:
        """What a subclass adds to its state dict beyond tensors; define both or none."""
        raise RuntimeError(_EXTRA_STATE_UNDEFINED.format("get"))

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` returned."""
        raise RuntimeError(_EXTRA_STATE_UNDEFINED.format("set"))

    def _register_state_dict_hook(self, hook: _hooks.Hook) -> RemovableHandle:
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was previously "
                "registered via register_state_dict_post_hook"
            )
        return _hooks.register(self._state_dict_hooks, hook)

    def register_state_dict_post_hook(self, hook: Any) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata)` after `state_dict`."""
        hook._from_public_api = True
        return _hooks.register(self._state_dict_hooks, hook)

    def register_state_dict_pre_hook(self, hook: _hooks.Hook) -> RemovableHandle:
        """Call `hook(module, prefix, keep_vars)` before `state_dict` collects."""
        return _hooks.register(self._state_dict_pre_hooks, hook)

    def _register_load_state_dict_pre_hook(self, hook: _hooks.Hook, with_module: bool = False) -> RemovableHandle:
        wrapped = _hooks.WrappedHook(hook, self if with_module else None)
        return _hooks.register(self._load_state_dict_pre_hooks, wrapped)

    def register_load_state_dict_pre_hook(self, hook: _hooks.Hook) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata, strict, ...)` before loading."""
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def register_load_state_dict_post_hook(self, hook: _hooks.Hook) -> RemovableHandle:
        """Call `hook(module, incompatible_keys)` after loading; it may edit the keys in place."""
        return _hooks.register(self._load_state_dict_post_hooks, hook)

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state.pop("_compiled_call_impl", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        own = self.__dict__
        own.update(state)
        # Pickles of older versions lack the younger tables.
        for table in _HOOK_TABLES:
            own.setdefault(table, OrderedDict())
        own.setdefault("_non_persistent_buffers_set", set())
        own.setdefault("_is_full_backward_hook", None)

    def _replicate_for_data_parallel(self) -> Self:
        replica = self.__new__(type(self))
        replica.__dict__ = self.__dict__.copy()
        replica._parameters = {}
        replica._buffers = replica._buffers.copy()
        replica._modules = replica._modules.copy()
        replica.__dict__["_is_replica"] = True
        return replica

    # Printing

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What stands between the parentheses of the printed form, before the submodules."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        extra_lines = extra.split("\n") if extra else []
        child_lines = [f"({name}): {_addindent(repr(module), 2)}" for name, module in self._modules.items()]
        if len(extra_lines) == 1 and not child_lines:
            return f"{self._get_name()}({extra})"
        lines = "".join(f"\n  {line}" for line in (*extra_lines, *child_lines))
        return f"{self._get_name()}({lines}{chr(10) if lines else ''})"
