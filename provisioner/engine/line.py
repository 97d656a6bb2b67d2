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


@dataclass(slots=True, eq=False)
class Peer:
    """A run at a stage. `may_write`: whether nobody has asked to cancel it."""

    ws: Workspace
    stage: str
    goal: Goal
    may_write: Callable[[], bool]
    writer: Peer | None = None  # who edits for it just now: until then it does not leave the line
    served: bool = False  # somebody else has made its edit


class Line:
    """One a process, for all its runs."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[Peer] = []

    @contextmanager
    def joined(self, peer: Peer) -> Iterator[None]:
        with self._changed:
            self._waiting.append(peer)
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                for other in self._edited_by(peer):
                    other.writer = None
                self._changed.notify_all()
                self._changed.wait_for(lambda: peer.writer is None)
                self._waiting.remove(peer)

    def behind(self, peer: Peer) -> Sequence[Workspace]:
        """The others at its stage with its goal, for whom it edits from now on."""
        with self._changed:
            alike = [other for other in self._waiting if self._alike(other, peer)]
        willing = [other for other in alike if other.may_write()]  # asks the store
        with self._changed:
            for other in willing:
                if other in self._waiting:
                    other.writer = peer
            self._changed.notify_all()
            return [other.ws for other in self._edited_by(peer)]

    @contextmanager
    def at_work(self, peer: Peer) -> Iterator[None]:
        """Whoever has the document: afterwards nobody edits for it any more; done well, its edit was made for
        those behind it, too."""
        try:
            yield
            with self._changed:
                for other in self._edited_by(peer):
                    other.served = True
        finally:
            with self._changed:
                peer.served = True

    @staticmethod
    def _alike(other: Peer, peer: Peer) -> bool:
        same = (other.stage, other.goal) == (peer.stage, peer.goal)
        return same and other is not peer and not other.served

    def _edited_by(self, peer: Peer) -> list[Peer]:
        return [other for other in self._waiting if other.writer is peer]
