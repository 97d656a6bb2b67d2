"""The end of a process at a chosen point of what it does to the outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class CrashNow(BaseException):
    """The process ends here. No code of ours may catch it, as none can catch kill -9."""


class Fuse:
    """Every fake passes its effects through it. Each effect has two points: before it, and after it.

    Once blown, nothing gets out any more, as from a dead process, until `replace`.
    """

    def __init__(self) -> None:
        self._left: int | None = None
        self.blown = False

    def arm(self, point: int) -> None:
        """Blow at that point from here, counted from 0."""
        self._left = point

    def replace(self) -> None:
        self._left = None
        self.blown = False

    def through(self, effect: Callable[[], T]) -> T:
        self._point()
        result = effect()
        self._point()
        return result

    def _point(self) -> None:
        if self._left is not None:
            self.blown = self.blown or self._left == 0
            self._left -= 1
        if self.blown:
            raise CrashNow
