"""The CPU under the interface of an accelerator: one device, work done when a call returns."""

from types import TracebackType
from typing import Any

__all__ = [
    "Event",
    "Stream",
    "StreamContext",
    "current_device",
    "current_stream",
    "device_count",
    "is_available",
    "is_initialized",
    "set_device",
    "stream",
    "synchronize",
]


def is_available() -> bool:
    return True


def is_initialized() -> bool:
    return True


def device_count() -> int:
    return 1


def current_device() -> str:
    return "cpu"


def set_device(device: Any) -> None:
    pass


def synchronize(device: Any = None) -> None:
    pass


class Stream:
    """The one queue of work, always empty."""

    def __init__(self, priority: int = -1) -> None:
        pass

    def wait_stream(self, stream: "Stream") -> None:
        pass

    def record_event(self) -> None:
        pass

    def wait_event(self, event: "Event") -> None:
        pass


class Event:
    """A mark in the queue, passed as soon as it is set."""

    def query(self) -> bool:
        return True

    def record(self, stream: Stream | None = None) -> None:
        pass

    def synchronize(self) -> None:
        pass

    def wait(self, stream: Stream | None = None) -> None:
        pass


_stream = Stream()


def current_stream(device: Any = None) -> Stream:
    return _stream


class StreamContext:
    """Runs its block on `stream`."""

    def __init__(self, stream: Stream | None) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        global _stream
        self._previous = _stream
        if self.stream is not None:
            _stream = self.stream

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        global _stream
        _stream = self._previous


def stream(stream: Stream | None) -> StreamContext:
    return StreamContext(stream)
