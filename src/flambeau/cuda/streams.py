"""Streams and events belong to a GPU; the one context manager that accepts None remains."""

from types import TracebackType
from typing import Any, NoReturn


class Stream:
    """A queue of work on a GPU."""

    def __new__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError("torch.cuda.Stream requires CUDA support")


class Event:
    """A mark in a stream."""

    def __new__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError("torch.cuda.Event requires CUDA support")


class StreamContext:
    """Runs its block on `stream`; there is none to run on, and None changes nothing."""

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


def stream(stream: Stream | None) -> StreamContext:
    return StreamContext(stream)
