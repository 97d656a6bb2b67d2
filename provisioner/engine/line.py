"""Who waits in this process to edit a shared document: whoever has it edits it for all of them.

Twenty creates at once are then one version of a policy and one restart of dex, not twenty. Those in line have
journalled their intent and hold the guard of their run: an edit made for them is one they were about to make.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from provisioner.engine.stage import Goal
from provisioner.workspace import Workspace


@dataclass(frozen=True, slots=True, eq=False)
class Peer:
    """A run at a stage. `may_write`: whether nobody has asked to cancel it."""

    ws: Workspace
    stage: str
    goal: Goal
    may_write: Callable[[], bool]


class Line:
    """One a process, for all its runs."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: list[Peer] = []

    @contextmanager
    def joined(self, peer: Peer) -> Iterator[None]:
        with self._mutex:
            self._waiting.append(peer)
        try:
            yield
        finally:
            with self._mutex:
                self._waiting.remove(peer)

    def behind(self, peer: Peer) -> Sequence[Workspace]:
        """The others at its stage with its goal, whose writes may be made."""
        with self._mutex:
            others = [each for each in self._waiting if each is not peer]
        return [
            each.ws
            for each in others
            if (each.stage, each.goal) == (peer.stage, peer.goal) and each.may_write()
        ]
