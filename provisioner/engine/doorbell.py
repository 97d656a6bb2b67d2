"""News for runs that wait: whoever watches a system rings, from any thread, and the run looks at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from provisioner.engine.run import RunId


class Doorbell:
    """One a process. A ring that is lost costs a pause: the run looks again anyway."""

    def __init__(self, wake: Callable[[RunId], bool]) -> None:
        """`wake`: let the run take its next turn now; whether this process has it."""
        self._wake = wake
        self._rung: set[RunId] = set()
        self._lock = threading.Lock()

    def ring(self, run_id: RunId) -> None:
        with self._lock:
            self._rung.add(run_id)  # first: the turn may begin at once
        if not self._wake(run_id):
            self.answer(run_id)

    def rings(self, run_id: RunId) -> bool:
        with self._lock:
            return run_id in self._rung

    def answer(self, run_id: RunId) -> bool:
        """Whether it rang since it was last answered."""
        with self._lock:
            rang = run_id in self._rung
            self._rung.discard(run_id)
            return rang


@dataclass(frozen=True, slots=True)
class Ring:
    """Rings for one run; equal to any other that does, so that one is as good as two."""

    doorbell: Doorbell
    run_id: RunId

    def __call__(self) -> None:
        self.doorbell.ring(self.run_id)
