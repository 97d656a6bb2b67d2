"""What Slack waits for goes first: an answer begins when nothing is to be acknowledged.

They share one interpreter. Two hundred commands are acknowledged in a fifth of a second and answered in two:
side by side, the last acknowledgement comes with the last answer.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic, sleep

LULL = 0.01
"""Seconds since the last acknowledgement. What Slack sends at once does not arrive at once."""
HELD_MOST = 0.2
"""Seconds; so five answers a second begin whatever comes."""


def _nothing_to_read(within: float) -> None:
    del within


class Acknowledgements:
    """Those that are due. Safe from any thread."""

    def __init__(
        self,
        read: Callable[[float], None] = _nothing_to_read,
        timer: Callable[[], float] = monotonic,
        pause: Callable[[float], None] = sleep,
    ) -> None:
        """`read` returns when all that has arrived is counted, or after so many seconds."""
        self._read = read
        self._timer = timer
        self._pause = pause
        self._lock = Lock()  # over the two below
        self._due = 0
        self._last = timer() - LULL  # when one was given
        self._line = Lock()  # held by the answer that is next

    def begun(self) -> None:
        """Something has arrived."""
        with self._lock:
            self._due += 1

    def ended(self) -> None:
        """It is acknowledged."""
        with self._lock:
            self._due -= 1
            self._last = self._timer()

    def let_by(self) -> None:
        """Returns when nothing is due, or after `HELD_MOST`. Answers go by one after another."""
        with self._line:
            end = self._timer() + HELD_MOST
            while (left := end - self._timer()) > 0:
                self._read(left)
                with self._lock:
                    if not self._due and self._timer() >= self._last + LULL:
                        return
                self._pause(LULL)
