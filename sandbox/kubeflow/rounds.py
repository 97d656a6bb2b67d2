"""A thread that does its round again and again until it is stopped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from sandbox.kubeflow.cluster import UNREACHABLE

log = logging.getLogger(__name__)


class Rounds:
    """A round that fails because the API server refuses or is away is tried again at the next turn."""

    def __init__(self, name: str, act: Callable[[], None], every: timedelta) -> None:
        self._name = name
        self._act = act
        self._every = every
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Safe to call twice; waits for the round under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._act()
            except UNREACHABLE as error:
                log.debug("%s: round failed: %s", self._name, type(error).__name__)
            self._stopping.wait(self._every.total_seconds())
