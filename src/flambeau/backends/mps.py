"""Metal on Apple machines: not in this build."""

from typing import NoReturn


def is_built() -> bool:
    return False


def is_available() -> bool:
    return False


def is_macos_or_newer(major: int, minor: int) -> NoReturn:
    raise RuntimeError("Cannot execute isOnMacOSorNewer() without MPS backend.")


def is_macos13_or_newer(minor: int = 0) -> NoReturn:
    is_macos_or_newer(13, minor)
