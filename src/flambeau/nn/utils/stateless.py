"""A module called with other parameters than its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .._deprecation import deprecated
from ..modules.module import Module

__all__ = ["functional_call"]

Named = dict[str, Any]


def _members(module: Module) -> Named:
    """All parameters and buffers by every dotted name they have."""
    return {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }


def _with_ties(module: Module, given: Named) -> Named:
    """`given`, each tensor under all names of the member it stands for.

    ValueError where names of one member are given different tensors.
    """
    names_of: dict[Any, set[str]] = {}
    for name, member in _members(module).items():
        names_of.setdefault(member, set()).add(name)
    tied = {name: names for names in names_of.values() if len(names) > 1 for name in names}
    complete = dict(given)
    for name, tensor in given.items():
        names = tied.get(name, set())
        if any(given.get(other, tensor) is not tensor for other in names):
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(names)}, which are tied. "
                "Consider using tie_weights=False"
            )
        complete.update(dict.fromkeys(names, tensor))
    return complete


def _swap(module: Module, name: str, tensor: Any) -> Any:
    """Put `tensor` where `name` says, whatever its type, and return what stood there."""
    path, _, leaf = name.rpartition(".")
    owner = module.get_submodule(path)
    for members in (owner._parameters, owner._buffers):
        if leaf in members:
            previous, members[leaf] = members[leaf], tensor  # type: ignore[index]
            return previous
    previous = getattr(owner, leaf)
    setattr(owner, leaf, tensor)
    return previous


@contextmanager
def _reparametrize_module(
    module: Module,
    parameters_and_buffers: Named,
    tie_weights: bool = False,
    strict: bool = False,
    stack_weights: bool = False,
) -> Iterator[None]:
    """Within it, `module` has the given tensors; buffers it writes show in the dictionary."""
    given = _with_ties(module, parameters_and_buffers) if tie_weights else parameters_and_buffers
    if strict:
        _check_names(module, given)
    previous: Named = {}
    try:
        for name, tensor in given.items():
            previous[name] = _swap(module, name, tensor)
        yield
    finally:
        order = reversed(previous.items()) if stack_weights else previous.items()
        current = {name: _swap(module, name, tensor) for name, tensor in list(order)}
        parameters_and_buffers.update({name: current[name] for name in parameters_and_buffers if name in current})


def _check_names(module: Module, given: Named) -> None:
    own = _members(module)
    unexpected = sorted(given.keys() - own.keys())
    missing = sorted(own.keys() - given.keys())
    errors = [
        f"{kind} key(s): {', '.join(map(repr, names))}."
        for kind, names in (("Unexpected", unexpected), ("Missing", missing))
        if names
    ]
    if errors:
        raise RuntimeError("Error(s) in reparametrizing for {}:\n\t{}".format(module._get_name(), "\n\t".join(errors)))


def _functional_call(
    module: Module,
    parameters_and_buffers: Named,
    args: Any = None,
    kwargs: Named | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    from ..parallel import DataParallel

    if isinstance(module, DataParallel):
        raise RuntimeError("The stateless API can't be used with nn.DataParallel module")
    if args is None:
        args = ()
    elif not isinstance(args, tuple):
        args = (args,)
    with _reparametrize_module(module, parameters_and_buffers, tie_weights=tie_weights, strict=strict):
        return module(*args, **(kwargs or {}))


@deprecated(
    "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be "
    "removed in a future version of PyTorch. Please use `torch.func.functional_call` instead which "
    "is a drop-in replacement."
)
def functional_call(
    module: Module,
    parameters_and_buffers: Named,
    args: Any = None,
    kwargs: Named | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call `module` with some of its parameters and buffers, by dotted name, replaced.

    With `tie_weights` a tensor stands for all names of a shared member; `strict` wants all names.
    """
    return _functional_call(module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict)
