"""Being the one process that tells the chat and sweeps, or waiting to be.

Every replica serves the chat and, on PostgreSQL, carries out runs; on SQLite only the leader does. A holder
whose lock is lost ends its process at once: going on beside a successor is the one thing it must not do.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import structlog

from bot.storage.locks import Leadership

log = structlog.get_logger()

CHECK_EVERY = 0.5  # seconds between looks at the lock
LOST = 3  # exit status of a process that cannot lead, or leads no more
GRACE = 1.5  # seconds: three looks of a holder that has lost its lock and does not know it yet


class Leader:
    def __init__(
        self,
        *,
        try_lead: Callable[[], Leadership | None],
        lead: Callable[[], None],
        resign: Callable[[], None],
        grace: float = GRACE,
    ) -> None:
        """`lead` starts what only the leader runs, `resign` stops it.

        `grace` is 0 where a free lock proves that its holder is dead.
        """
        self._try_lead = try_lead
        self._lead = lead
        self._resign = resign
        self._grace = grace
        self._stopping = threading.Event()
        self._leading = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leader", daemon=True)

    @property
    def leading(self) -> bool:
        return self._leading.is_set()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=15)

    def _run(self) -> None:
        lock = self._wait_for_lock()
        if lock is None or self._stopping.wait(self._grace):
            return
        try:
            self._lead_on(lock)
        except Exception:  # with the lock and without the work, this process would keep others from it
            log.exception("cannot lead")
            os._exit(LOST)
        self._resign()
        lock.release()

    def _lead_on(self, lock: Leadership) -> None:
        self._lead()
        self._leading.set()
        log.info("leading")
        while not self._stopping.wait(CHECK_EVERY):
            if not lock.alive():
                log.error("leadership lost")
                os._exit(LOST)

    def _wait_for_lock(self) -> Leadership | None:
        while True:
            try:
                lock = self._try_lead()
            except Exception:
                log.exception("leadership cannot be tried")
                lock = None
            if lock is not None or self._stopping.wait(CHECK_EVERY):
                return lock
