"""The whole time that a call may take, whatever it is stuck in: a name, a handshake, an answer that drips.

The limits of the vendors' clients are for one wait on a socket each, so none of them bounds a call.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextvars import ContextVar, copy_context
from datetime import timedelta
from math import inf
from time import monotonic
from typing import TypeVar

CALL_WITHIN = timedelta(seconds=9)
"""One call to a vendor. A run obeys a cancel between two calls, and whoever pressed it waits at most 10 s."""

CONNECT_WITHIN = timedelta(seconds=4)
"""One address of a vendor: time for two more tries of TCP's own."""

LOOK_WITHIN = timedelta(seconds=20)
"""All stages of a workspace, looked at for a person who waits."""

_AT_ONCE = 64

_end: ContextVar[float] = ContextVar("deadline", default=inf)  # by the monotonic clock

T = TypeVar("T")


class OutOfTime(Exception):
    """`begun` is False when there was no time, or no room, to begin it at all."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__("out of time")
        self.begun = begun


def check() -> None:
    """Raises `OutOfTime` in work that was given up: to be called before anything is sent."""
    if monotonic() >= _end.get():
        raise OutOfTime(begun=False)


class TimeLimit:
    """Gives each piece of work so much time; within another limit, what that one has left."""

    def __init__(self, within: timedelta, *, at_once: int = _AT_ONCE) -> None:
        """`at_once` counts what was given up and is still stuck, too, so that it cannot pile up."""
        self._within = within
        self._room = threading.BoundedSemaphore(at_once)

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises; `OutOfTime` when that takes longer.

        Then it is left to its own thread, which keeps no process from ending; nobody hears of it any more.
        """
        end = _end_of(self._within)
        return _result(_begin(work, end, self._room), end)


def together(
    works: Iterable[Callable[[], T]], *, within: timedelta, at_once: int
) -> tuple[T | OutOfTime, ...]:
    """What each returns, in their order, with this time for all of them; the first error is raised.

    They begin in their order, `at_once` side by side.
    """
    end, room = _end_of(within), threading.BoundedSemaphore(at_once)
    begun = [_begin(work, end, room) for work in works]
    found: list[T | OutOfTime] = []
    for outcome in begun:
        try:
            found.append(_result(outcome, end))
        except OutOfTime as late:
            found.append(late)
    return tuple(found)


def _end_of(within: timedelta) -> float:
    return min(monotonic() + within.total_seconds(), _end.get())


def _begin(work: Callable[[], T], end: float, room: threading.BoundedSemaphore) -> Future[T] | None:
    """In a thread of its own; None where there is no time or no room for it."""
    left = end - monotonic()
    if left <= 0 or not room.acquire(timeout=left):
        return None
    outcome: Future[T] = Future()

    def carry_out() -> None:
        _end.set(end)
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 whoever waits for it gets it
            outcome.set_exception(error)
        finally:
            room.release()

    threading.Thread(target=copy_context().run, args=(carry_out,), name="limited", daemon=True).start()
    return outcome


def _result(outcome: Future[T] | None, end: float) -> T:
    if outcome is None:
        raise OutOfTime(begun=False)
    try:
        return outcome.result(max(end - monotonic(), 0))
    except TimeoutError:
        if outcome.done():
            return outcome.result()  # it came in this moment, or is an error of the work's own
        raise OutOfTime(begun=True) from None
