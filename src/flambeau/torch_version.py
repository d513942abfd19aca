"""A version that is a string and compares as a version."""

import operator
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["TorchVersion"]


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def method(self: "TorchVersion", other: object) -> bool:
        from packaging.version import InvalidVersion, Version

        if isinstance(other, Iterable) and not isinstance(other, str):
            other = ".".join(str(part) for part in other)
        if not isinstance(other, str | Version):
            return NotImplemented
        try:
            return compare(Version(str(self)), Version(str(other)))
        except InvalidVersion:  # not a version at all: compare as the strings they are
            return compare(str(self), str(other))

    method.__name__ = f"__{compare.__name__}__"
    return method


class TorchVersion(str):
    """`"2.13.0"` that also answers `>= "2.9"`, `>= (2, 9)` and `>= Version("2.9")` by PEP 440."""

    __slots__ = ()
    __lt__ = _comparison(operator.lt)
    __le__ = _comparison(operator.le)
    __eq__ = _comparison(operator.eq)
    __ne__ = _comparison(operator.ne)
    __gt__ = _comparison(operator.gt)
    __ge__ = _comparison(operator.ge)
    __hash__ = str.__hash__
