"""Named locks in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from provisioner.engine.run import Held
from provisioner.message import Message
from provisioner.vendor_call import Interrupted


class _Holding:
    def __init__(self, locks: FakeLocks, names: frozenset[str]) -> None:
        self._locks = locks
        self._names = names

    def check(self) -> None:
        if not self._names <= self._locks.taken:
            raise Interrupted(Message("the connection that held the locks is lost"))


class FakeLocks:
    """`Locks` for one thread, which has nobody to wait for. Those of a process that dies become free, because
    the `with` is left."""

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self.patience: dict[str, float] = {}  # seconds that somebody wanted to wait for it, the last time

    @contextmanager
    def try_hold(self, *names: str, within: float = 0) -> Iterator[Held | None]:
        wanted = frozenset(names)
        self.patience |= dict.fromkeys(names, within)
        if wanted & self.taken:
            yield None
            return
        self.taken |= wanted
        try:
            yield _Holding(self, wanted)
        finally:
            self.taken -= wanted

    def lose(self, name: str) -> None:
        """Cut the connection that holds it; the holder does not know yet."""
        self.taken.discard(name)
