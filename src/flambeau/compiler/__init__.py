"""Questions and marks for a compiler, while every program here runs eagerly."""

from collections.abc import Callable
from types import TracebackType
from typing import Any

__all__ = [
    "allow_in_graph",
    "assume_constant_result",
    "cudagraph_mark_step_begin",
    "disable",
    "is_compiling",
    "is_dynamo_compiling",
    "is_exporting",
    "list_backends",
    "reset",
    "set_stance",
]


def is_compiling() -> bool:
    """Whether the code asking is being compiled or exported."""
    return False


def is_dynamo_compiling() -> bool:
    return False


def is_exporting() -> bool:
    return False


def list_backends(exclude_tags: Any = ("debug", "experimental")) -> list[str]:
    """The names that `compile(backend=...)` takes."""
    return []


def reset() -> None:
    """Forget everything compiled."""


def cudagraph_mark_step_begin() -> None:
    """Mark the beginning of an iteration for CUDA graphs."""


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """Keep `fn` (a function, a module, or what the decorator is put on) out of compilation."""
    if fn is None:
        return lambda fn: disable(fn, recursive, reason=reason)
    assert callable(fn), "fn must be callable"
    return fn


def allow_in_graph(fn: Any) -> Any:
    """Mark `fn`, or each of a list of functions, to be put into a graph without looking inside."""
    if isinstance(fn, list | tuple):
        return [allow_in_graph(one) for one in fn]
    assert callable(fn), "allow_in_graph expects a callable"
    return fn


def assume_constant_result(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Mark `fn` as always returning the same result."""
    return fn


class set_stance:
    """Say how compiled functions run; a call, a context manager or a decorator.

    Every stance but "default" and "force_eager" asks for something that eager execution does not
    have, and so do `force_backend` and "fail_on_recompile".
    """

    def __init__(
        self,
        stance: str = "default",
        *,
        skip_guard_eval_unsafe: bool = False,
        force_backend: Any = None,
    ) -> None:
        if stance not in ("default", "force_eager", "eager_on_recompile", "fail_on_recompile"):
            raise RuntimeError(f"invalid torch.compile stance '{stance}'")
        self.stance = stance

    def __call__(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        return fn

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass
