"""Grad modes: whether operations are recorded, per thread."""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections.abc import Callable
from typing import Any, Self, TypeVar, cast, overload

F = TypeVar("F", bound=Callable[..., Any])


class State(threading.local):
    """This thread's modes. `slow` counts the modes under which every call takes the full path."""

    grad = True
    inference = False
    saved_hooks: tuple[Any, ...] = ()
    saved_hooks_error: str | None = None
    anomaly = False
    check_nan = True
    multithreading = True
    dual_levels: tuple[Any, ...] = ()
    tangent_access: Any = None  # how to read and set a tangent; forward mode puts it here when it is first used
    autocast: Any = None
    deferral: Any = None  # the backward pass that runs, if it may put rules off


state = State()

_slow_modes = 0
_generated: dict[str, Any] = {}
_plain: dict[str, type] = {}
_watchers: list[Callable[[dict[str, Any]], None]] = []


def watch_plain_classes(namespace: dict[str, Any], **classes: type) -> None:
    """Name the classes whose instances may take the fast path of the generated code in `namespace`."""
    global _generated
    _generated = namespace
    _plain.update(classes)
    if not _slow_modes:
        _announce(_plain)


def on_plain_classes(watcher: Callable[[dict[str, Any]], None]) -> None:
    """Tell `watcher` the plain classes by name (None while a mode is on), now and at every change."""
    _watchers.append(watcher)
    watcher(dict.fromkeys(_plain) if _slow_modes else _plain)


def _announce(classes: dict[str, Any]) -> None:
    _generated.update(classes)
    for watcher in _watchers:
        watcher(classes)


def enter_slow() -> None:
    """Send every call down the full path, which knows the modes, until `leave_slow`.

    Generated code asks `input.__class__ is Tensor`: while a mode is on, no class answers to that name. So modes
    cost nothing while there are none.
    """
    global _slow_modes
    _slow_modes += 1
    if _slow_modes == 1:
        _announce(dict.fromkeys(_plain))


def leave_slow() -> None:
    global _slow_modes
    _slow_modes -= 1
    if _slow_modes == 0:
        _announce(_plain)


def is_grad_enabled() -> bool:
    return state.grad


def is_inference_mode_enabled() -> bool:
    return state.inference


class Decorating:
    """A context manager that also decorates functions, generator functions and classes."""

    def clone(self) -> Any:
        return self.__class__()

    def __enter__(self) -> Any:
        return None

    def __exit__(self, *exc: object) -> None:
        return None

    def __call__(self, function: F) -> F:
        if inspect.isclass(function):
            import warnings

            warnings.warn(
                "Decorating classes is deprecated and will be disabled in future versions. You should only decorate "
                "functions or methods. To preserve the current behavior of class decoration, you can directly "
                "decorate the `__init__` method and nothing else.",
                FutureWarning,
                stacklevel=2,
            )
            cast(Any, function).__init__ = self(function.__init__)
            return function
        if inspect.isgeneratorfunction(function):
            return cast(F, self._wrap_generator(function))

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                return function(*args, **kwargs)

        return cast(F, wrapper)

    def _wrap_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The mode holds while the generator runs, not while its consumer does."""

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            step: Callable[[], Any] = functools.partial(generator.send, None)
            while True:
                try:
                    with self.clone():
                        value = step()
                except StopIteration as stop:
                    return stop.value
                try:
                    sent = yield value
                except GeneratorExit:
                    with self.clone():
                        generator.close()
                    raise
                except BaseException:  # noqa: BLE001 (whatever the consumer throws goes on into the generator)
                    step = functools.partial(generator.throw, *sys.exc_info()[1:2])
                else:
                    step = functools.partial(generator.send, sent)

        return wrapper


class _GradMode(Decorating):
    """Common to `no_grad` and `enable_grad`; both may decorate without being called."""

    mode: bool

    @overload
    def __new__(cls, function: None = None) -> Self: ...

    @overload
    def __new__(cls, function: F) -> F: ...  # type: ignore[misc]

    def __new__(cls, function: Any = None) -> Any:
        self = object.__new__(cls)
        return self if function is None else self(function)

    def __enter__(self) -> None:
        self.previous = state.grad
        state.grad = self.mode

    def __exit__(self, *exc: object) -> None:
        state.grad = self.previous


class no_grad(_GradMode):
    """Nothing computed within it requires grad."""

    mode = False


class enable_grad(_GradMode):
    """Operations within it are recorded, also inside `no_grad`."""

    mode = True


class set_grad_enabled(Decorating):
    """Switch recording on or off: as a call, as a context, or as a decorator."""

    def __init__(self, mode: bool) -> None:
        self.previous = state.grad
        self.mode = mode
        state.grad = mode

    def __call__(self, function: F) -> F:
        state.grad = self.previous
        return super().__call__(function)

    def clone(self) -> set_grad_enabled:
        return self.__class__(self.mode)

    def __enter__(self) -> None:
        state.grad = self.mode

    def __exit__(self, *exc: object) -> None:
        state.grad = self.previous


class inference_mode(Decorating):
    """No recording, and the tensors made within it can never take part in autograd."""

    def __new__(cls, mode: Any = True) -> Any:
        self = object.__new__(cls)
        if callable(mode):
            self.mode = True
            return self(mode)
        return self

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode

    def clone(self) -> inference_mode:
        return self.__class__(self.mode)

    def __enter__(self) -> None:
        self.previous = state.inference, state.grad
        state.inference = self.mode
        if self.mode:
            state.grad = False
            enter_slow()

    def __exit__(self, *exc: object) -> None:
        state.inference, state.grad = self.previous
        if self.mode:
            leave_slow()
