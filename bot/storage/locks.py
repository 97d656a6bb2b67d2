"""Who may act, and who lives: named locks for stages and runs, the one lock that makes a process the leader,
and which processes carry out runs now.

PostgreSQL: advisory locks, each on a connection of its own, so that a dead holder frees them and a living one
can see that it has lost them. A free advisory lock is no proof of death (a fail-over frees all at once):
holders check before every write, and a successor waits longer than the holder's interval of checking.
SQLite: one process by an exclusive `flock` beside the file, and inside it plain names in a set.
"""

from __future__ import annotations

import fcntl
import hashlib
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, cast
from uuid import uuid4

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from provisioner.engine.run import Held
from provisioner.message import Message
from provisioner.vendor_call import Interrupted

_NOT_IN_TIME = "55P03"  # lock_not_available
_SPACE = 1_463_898_724
"""First half of the key of each executor's lock; the second is an executor id, or 0 to take over. The keys of
all other locks have one half, and never meet these."""
_CHANNEL = "workspace_bot_runs"


class Leadership(Protocol):
    """This process leads, until it is released or no longer alive."""

    def alive(self) -> bool:
        """Whether the lock is surely still ours. Once False, stop at once and exit."""
        ...

    def release(self) -> None:
        """Only when nothing runs any more; the end of the process does it as well."""
        ...


class _HeldHere:
    def check(self) -> None:
        """A name in our own memory cannot be lost."""


class ProcessLocks:
    """`Locks` of one process, which the leader lock of SQLite guarantees to be the only one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken: set[str] = set()

    @contextmanager
    def try_hold(self, *names: str, within: float = 0) -> Iterator[Held | None]:
        with self._changed:
            free = self._changed.wait_for(lambda: self._taken.isdisjoint(names), within)
            if free:
                self._taken.update(names)
        try:
            yield _HeldHere() if free else None
        finally:
            if free:
                with self._changed:
                    self._taken.difference_update(names)
                    self._changed.notify_all()


class _HeldByConnection:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def check(self) -> None:
        if not _replies(self._connection):
            raise Interrupted(Message("can't continue: the connection that holds the locks was lost"))


class PostgresLocks:
    """`Locks` over all replicas. They end with the transaction they are taken in, however it ends."""

    def __init__(self, engine: Engine) -> None:
        """`engine` has a pool of its own, without an upper limit: a lock never waits for a connection."""
        self._engine = engine

    @contextmanager
    def try_hold(self, *names: str, within: float = 0) -> Iterator[Held | None]:
        with _unanswered():
            opened = self._engine.connect()
        with _closing(opened) as connection:
            keys = sorted({_number(name) for name in names})  # in one order: no two wait for each other
            with _unanswered():
                free = _taken(connection, keys, within)
                if not free:
                    connection.rollback()
            yield _HeldByConnection(connection) if free else None


@contextmanager
def _unanswered() -> Iterator[None]:
    """A database that is away is no fault of what wants the lock: it comes back later."""
    try:
        yield
    except SQLAlchemyError as error:
        raise Interrupted(
            Message("can't continue: the database that keeps the locks didn't answer")
        ) from error


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process at a time; the others wait. The file stays: removing it would let two in."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class FileLeadership:
    """`flock` on a file: the kernel frees it when the process ends, however it ends."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    @classmethod
    def try_take(cls, path: Path) -> FileLeadership | None:
        file = path.open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return cls(file)

    def alive(self) -> bool:
        return not self._file.closed

    def release(self) -> None:
        self._file.close()


class PostgresLeadership:
    """A session's advisory lock on a connection that does nothing else."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._mutex = threading.Lock()

    @classmethod
    def try_take(cls, engine: Engine, name: str) -> PostgresLeadership | None:
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        taken = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _number(name)})
        if taken.scalar_one():
            return cls(connection)
        connection.close()
        return None

    def alive(self) -> bool:
        with self._mutex:
            return _replies(self._connection)

    def release(self) -> None:
        """Ends the session: going back to a pool would keep the lock."""
        with self._mutex:
            if not self._connection.closed:
                self._connection.invalidate()
                self._connection.close()


def _taken(connection: Connection, keys: Sequence[int], within: float) -> bool:
    """Whether all of them were free, each within that many seconds; if not, some may be held by now."""
    if not within:
        query = text("SELECT pg_try_advisory_xact_lock(:key)")
        return all(connection.execute(query, {"key": key}).scalar_one() for key in keys)
    most = f"{max(1, int(within * 1000))}ms"  # 0 would be without end
    connection.execute(text("SELECT set_config('lock_timeout', :most, true)"), {"most": most})
    try:
        for key in keys:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", "") == _NOT_IN_TIME:
            return False
        raise
    return True


def _number(name: str) -> int:
    """PostgreSQL names a lock by 64 bits; the prefix keeps us apart from others in the same database."""
    digest = hashlib.sha256(f"workspace-bot/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _replies(connection: Connection) -> bool:
    """Whether the session that was opened is the one that answers. SQLAlchemy would connect anew in silence
    after an invalidation, and a new session holds nothing."""
    if connection.closed or connection.invalidated:
        return False
    try:
        connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        connection.invalidate()
        return False
    return True


@contextmanager
def _closing(connection: Connection) -> Iterator[Connection]:
    """Closes also what is broken: a lost connection cannot be rolled back, and its locks are gone with it."""
    try:
        yield connection
    finally:
        try:
            connection.close()
        except SQLAlchemyError:
            connection.invalidate()


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
