"""Which processes carry out runs now, and a way to call the others."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, cast
from uuid import uuid4

from sqlalchemy import Engine, text

_SPACE = 1_463_898_724
"""First half of each lock's key; the second is an executor id, or 0 to take over. They never meet the keys of
`bot/storage/locks.py`, which have one half."""

_CHANNEL = "workspace_bot_runs"


class Liveness(Protocol):
    """Of one process, from before it claims its first run until `release`.

    `living`, `taking_over` and `listen` are for one thread; `call` is for any.
    """

    executor_id: str
    """This process's own: another one at each start."""

    grace: float
    """Seconds that an executor's lock must have been free before it counts as dead."""

    def living(self) -> Collection[str]:
        """Executor ids. Without our own, our lock is lost. Raises `OSError` when it cannot be known."""
        ...

    def taking_over(self) -> AbstractContextManager[bool]:
        """Whether nobody else takes over from the dead meanwhile."""
        ...

    def listen(self, within: float) -> Sequence[str]:
        """What others called: returns at any call, also our own, and after that many seconds at the latest.
        Raises `OSError`."""
        ...

    def call(self, what: str) -> None:
        """Tell the other processes that live now; one that is just starting looks by itself."""
        ...

    def release(self) -> None: ...


class OnlyProcess:
    """On SQLite: by its `flock` there is no other, and the one before it is dead."""

    grace = 0.0

    def __init__(self) -> None:
        self.executor_id = str(uuid4())
        self._called = threading.Event()

    def living(self) -> Collection[str]:
        return {self.executor_id}

    @contextmanager
    def taking_over(self) -> Iterator[bool]:
        yield True

    def listen(self, within: float) -> Sequence[str]:
        self._called.wait(within)
        self._called.clear()
        return ()

    def call(self, what: str) -> None:  # noqa: ARG002 - there is nobody else to tell
        self._called.set()

    def release(self) -> None:
        """The end of the process does it."""


class PostgresLiveness:
    """An advisory lock for each executor id, held by a session that does nothing else but listen."""

    grace = 1.0  # two looks of a holder that has lost its lock and does not know it yet

    def __init__(self, own: Engine, pool: Engine) -> None:
        """`own` has no pool, and notices within seconds that the server is gone; calls go over `pool`."""
        number = uuid4().int % (2**31 - 1) + 1
        self.executor_id = str(number)
        self._pool = pool
        self._connection = own.connect().execution_options(isolation_level="AUTOCOMMIT")
        if not self._try_lock(number):
            raise RuntimeError("another process has this executor id")
        self._connection.execute(text(f"LISTEN {_CHANNEL}"))

    def living(self) -> Collection[str]:
        query = text(
            "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND classid = :space AND objid != 0 AND objsubid = 2"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        with _as_os_error():
            return {str(number) for number in self._connection.execute(query, {"space": _SPACE}).scalars()}

    @contextmanager
    def taking_over(self) -> Iterator[bool]:
        taken = self._try_lock(0)
        try:
            yield taken
        finally:
            if taken:
                self._connection.execute(text("SELECT pg_advisory_unlock(:space, 0)"), {"space": _SPACE})

    def listen(self, within: float) -> Sequence[str]:
        with _as_os_error():
            session = cast("Any", self._connection.connection.driver_connection)  # psycopg's own
            heard = [said.payload.partition(" ") for said in session.notifies(timeout=within, stop_after=1)]
        return [what for caller, _, what in heard if caller != self.executor_id]

    def call(self, what: str) -> None:
        query = text("SELECT pg_notify(:channel, :said)")
        with self._pool.begin() as connection:
            connection.execute(query, {"channel": _CHANNEL, "said": f"{self.executor_id} {what}"})

    def release(self) -> None:
        """Ends the session: going back to a pool would keep the lock."""
        self._connection.invalidate()
        self._connection.close()

    def _try_lock(self, number: int) -> bool:
        query = text("SELECT pg_try_advisory_lock(:space, :number)")
        return bool(self._connection.execute(query, {"space": _SPACE, "number": number}).scalar_one())


@contextmanager
def _as_os_error() -> Iterator[None]:
    """Whatever the driver or SQLAlchemy calls it: the session is not to be relied on any more."""
    try:
        yield
    except Exception as error:
        raise OSError("the session that holds this executor's lock does not answer") from error
