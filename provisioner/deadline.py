"""The whole time that a call may take, whatever it is stuck in: a name, a handshake, an answer that drips.

The limits of the vendors' clients are for one wait on a socket each, so none of them bounds a call.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
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
        self._within = within.total_seconds()
        self._room = threading.BoundedSemaphore(at_once)

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises; `OutOfTime` when that takes longer.

        Then it is left to its own thread, which keeps no process from ending; nobody hears of it any more.
        """
        now = monotonic()
        end = min(now + self._within, _end.get())
        if end <= now or not self._room.acquire(timeout=end - now):
            raise OutOfTime(begun=False)
        outcome: Future[T] = Future()
        context = copy_context()
        context.run(_end.set, end)
        threading.Thread(
            target=context.run, args=(self._carry_out, work, outcome), name="call", daemon=True
        ).start()
        try:
            return outcome.result(end - monotonic())
        except TimeoutError:
            if outcome.done():
                return outcome.result()  # it came in this moment, or is an error of the work's own
            raise OutOfTime(begun=True) from None

    def _carry_out(self, work: Callable[[], T], outcome: Future[T]) -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 whoever waits for it gets it
            outcome.set_exception(error)
        finally:
            self._room.release()
