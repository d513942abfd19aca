"""Interleaving of groups of channels."""

from __future__ import annotations

from ._settings import FunctionModule

__all__ = ["ChannelShuffle"]


class ChannelShuffle(FunctionModule, function="channel_shuffle"):
    """Deal the channels of (N, C, *) out as from `groups` decks, one from each in turn."""

    def __init__(self, groups: int) -> None:
        self._set(groups=groups)
