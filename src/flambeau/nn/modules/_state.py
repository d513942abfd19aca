"""State dicts: collecting one, and what `Module.load_state_dict` does with every key."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import flambeau
from flambeau.tensor import Tensor

from ..parameter import Parameter, is_lazy

if TYPE_CHECKING:
    from .module import Module

EXTRA_STATE_KEY = "_extra_state"


class _IncompatibleKeys(NamedTuple):
    """The keys a module has and a state dict lacks, and the other way round."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def collect(module: Module, destination: Any, prefix: str, keep_vars: bool) -> Any:
    """The state of `module` and its submodules, in `destination` or a new ordered dictionary."""
    if destination is None:
        destination = OrderedDict()
        destination._metadata = OrderedDict()
    local_metadata = {"version": module._version}
    if hasattr(destination, "_metadata"):
        destination._metadata[prefix[:-1]] = local_metadata
    for hook in module._state_dict_pre_hooks.values():
        hook(module, prefix, keep_vars)
    module._save_to_state_dict(destination, prefix, keep_vars)
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    for hook in module._state_dict_hooks.values():
        replaced = hook(module, destination, prefix, local_metadata)
        if replaced is None:
            continue
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError("state_dict post-hook must return None")
        destination = replaced
    return destination


def load(module: Module, state_dict: Any, strict: bool, assign: bool) -> _IncompatibleKeys:
    """Load `state_dict` into `module` and its submodules; RuntimeError lists all that failed."""
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
    metadata = getattr(state_dict, "_metadata", None)
    state = OrderedDict(state_dict)  # a copy: hooks may rename its keys
    if metadata is not None:
        state._metadata = metadata  # type: ignore[attr-defined]
    keys = _IncompatibleKeys([], [])
    errors: list[str] = []
    _load_tree(module, state, "", metadata, assign, keys, errors)
    if strict:
        for kind, names in (("Unexpected", keys.unexpected_keys), ("Missing", keys.missing_keys)):
            if names:
                listed = ", ".join(f'"{name}"' for name in names)
                errors.insert(0, f"{kind} key(s) in state_dict: {listed}. ")
    if errors:
        raise RuntimeError(
            "Error(s) in loading state_dict for {}:\n\t{}".format(type(module).__name__, "\n\t".join(errors))
        )
    return keys


def _load_tree(
    module: Module,
    state: Any,
    prefix: str,
    metadata: Any,
    assign: bool,
    keys: _IncompatibleKeys,
    errors: list[str],
) -> None:
    local_metadata = {} if metadata is None else metadata.get(prefix[:-1], {})
    if assign:
        local_metadata["assign_to_params_buffers"] = assign
    module._load_from_state_dict(state, prefix, local_metadata, True, keys.missing_keys, keys.unexpected_keys, errors)
    for name, child in module._modules.items():
        if child is not None:
            child_prefix = f"{prefix}{name}."
            child_state = {k: v for k, v in state.items() if k.startswith(child_prefix)}
            _load_tree(child, child_state, child_prefix, metadata, assign, keys, errors)
    for hook in module._load_state_dict_post_hooks.values():
        if hook(module, keys) is not None:
            raise AssertionError(
                "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to "
                "return new values, if incompatible_keys need to be modified, it should be done "
                "inplace."
            )


def load_members(
    module: Module,
    state_dict: Any,
    prefix: str,
    local_metadata: dict[str, Any],
    strict: bool,
    missing_keys: list[str],
    unexpected_keys: list[str],
    error_msgs: list[str],
) -> None:
    """Load a module's own parameters, buffers and extra state, without its submodules'."""
    for hook in module._load_state_dict_pre_hooks.values():
        hook(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
    members = {
        name: value
        for name, value in (*module._parameters.items(), *module._buffers.items())
        if value is not None and name not in module._non_persistent_buffers_set
    }
    assign = local_metadata.get("assign_to_params_buffers", False)
    for name, member in members.items():
        key = prefix + name
        if key in state_dict:
            error = _load_member(module, name, member, key, state_dict[key], assign)
            if error:
                error_msgs.append(error)
        elif strict:
            missing_keys.append(key)

    extra_key = prefix + EXTRA_STATE_KEY
    if overrides(module, "set_extra_state"):
        if extra_key in state_dict:
            module.set_extra_state(state_dict[extra_key])
        elif strict:
            missing_keys.append(extra_key)
    elif strict and extra_key in state_dict:
        unexpected_keys.append(extra_key)

    if strict:
        for key in state_dict:
            if key.startswith(prefix) and key != extra_key:
                head, dot, _ = key[len(prefix) :].partition(".")
                if head not in (module._modules if dot else members):
                    unexpected_keys.append(key)


def overrides(module: Module, method: str) -> bool:
    """Whether the class of `module` has its own `method`."""
    from .module import Module

    return getattr(type(module), method) is not getattr(Module, method)


def _load_member(module: Module, name: str, member: Any, key: str, value: Any, assign: bool) -> str | None:
    """Copy (or assign) one tensor; what went wrong, in words, or None."""
    if not (isinstance(value, Tensor) or hasattr(type(value), "__torch_function__")):
        return (
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like '
            f"object from checkpoint but received {type(value)}"
        )
    if not is_lazy(member):
        # Scalars were saved with one dimension before 0-d tensors existed.
        if len(member.shape) == 0 and tuple(value.shape) == (1,):
            value = value[0]
        if value.shape != member.shape:
            return (
                f"size mismatch for {key}: copying a param with shape {value.shape} from "
                f"checkpoint, the shape in current model is {member.shape}."
            )
    if member.is_meta and not value.is_meta and not assign:
        warnings.warn(
            f"for {key}: copying from a non-meta parameter in the checkpoint to a meta parameter "
            "in the current model, which is a no-op. (Did you mean to pass `assign=True` to assign "
            "items in the state dictionary to their corresponding key in the module instead of "
            "copying them in place?)",
            stacklevel=2,
        )
    try:
        with flambeau.no_grad():
            if not assign:
                member.copy_(value)
                return None
            if isinstance(member, Parameter):
                if isinstance(value, Parameter):
                    value.requires_grad_(member.requires_grad)
                else:
                    value = Parameter(value, requires_grad=member.requires_grad)
            setattr(module, name, value)
    except Exception as error:  # noqa: BLE001 (reported with all the others at the end)
        return (
            f'While copying the parameter named "{key}", '
            f"whose dimensions in the model are {member.size()} and "
            f"whose dimensions in the checkpoint are {value.size()}, "
            f"an exception occurred : {error.args}."
        )
    return None
