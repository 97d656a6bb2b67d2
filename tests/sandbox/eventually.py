"""Waiting for what another thread does."""

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

TRIES = 500
PAUSE = 0.02  # seconds


def eventually(look: Callable[[], T]) -> T:
    """What `look` returns once it is true, at most ten seconds from now."""
    pause = threading.Event()
    for _ in range(TRIES):
        if found := look():
            return found
        pause.wait(PAUSE)
    raise AssertionError("it did not come to that")
