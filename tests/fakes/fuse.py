"""The end of a process at a chosen point of what it does to the outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
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


class Tripwire:
    """Ends the process right after chosen effects, each known by what it is and how often it was: "x #2".

    Before an effect is the same moment as after the one before it.
    """

    def __init__(self) -> None:
        self.done: list[str] = []
        self.hit: set[str] = set()
        self._armed: frozenset[str] = frozenset()
        self._blown = False
        self._times: Counter[str] = Counter()

    def arm(self, names: Iterable[str]) -> None:
        self._armed = frozenset(names)

    def replace(self) -> None:
        """A new process; what is armed and was not hit yet stays so."""
        self._blown = False

    def through(self, what: str, effect: Callable[[], T]) -> T:
        if self._blown:
            raise CrashNow
        result = effect()
        self._times[what] += 1
        name = f"{what} #{self._times[what]}"
        self.done.append(name)
        if name in self._armed:
            self.hit.add(name)
            self._blown = True
            raise CrashNow
        return result
