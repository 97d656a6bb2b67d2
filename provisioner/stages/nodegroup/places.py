"""Places for the eksctl children of one process, and the line for them. Who waits asks again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

PAUSE_MOST = 60.0
"""Seconds between two looks from far behind. A look costs some ten calls to AWS."""
_PAUSE_USUAL = 2.0  # seconds; as many eksctl as there are may end in the same moment

_LATE_MOST = 5.0
"""Seconds that somebody who waits may be late before the others go first."""


def pause_in_line(place: int) -> float:
    """Seconds until somebody at that place in line looks again: the next one each second."""
    return 1.0 if place == 1 else min(max(place / 5, _PAUSE_USUAL), PAUSE_MOST)


@dataclass(frozen=True, slots=True)
class _Waiting:
    since: datetime
    until: float  # of the monotonic clock: who has not asked again by then has left
    called: bool = False  # told to begin, and has not yet


class Places:
    """First come, first served. Not for several threads at once.

    The order is by when each came, which the caller has stored: it stays the same over a restart, and whoever
    asks too late loses nothing but the moment. A run that failed, or went to another process, asks no more.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._waiting: dict[str, _Waiting] = {}

    def ask(self, name: str, since: datetime, *, taken: int) -> int:
        """The place in line of `name`, who came at `since`: 0 may begin now, 1 is the next.

        `taken`: places of others that are in use. Who may begin keeps the place for a moment.
        """
        now = self._clock()
        self._waiting = {key: one for key, one in self._waiting.items() if one.until > now}
        mine = self._waiting.pop(name, None)
        called = sum(one.called for one in self._waiting.values())
        before = sum(
            not one.called and (one.since, key) < (since, name) for key, one in self._waiting.items()
        )
        begins = mine is not None and mine.called
        place = 0 if begins else max(before + 1 - (self._most - taken - called), 0)
        self._waiting[name] = _Waiting(since, now + pause_in_line(place) + _LATE_MOST, called=place == 0)
        return place

    def leave(self, name: str) -> None:
        """It has begun, or is not to begin any more."""
        self._waiting.pop(name, None)
