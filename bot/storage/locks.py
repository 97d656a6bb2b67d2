"""Who may act: named locks for stages and runs, and the one lock that makes a process the leader.

PostgreSQL: advisory locks, each on a connection of its own, so that a dead holder frees them and a living one
can see that it has lost them. A free advisory lock is no proof of death (a fail-over frees all at once):
holders check before every write, and a successor waits longer than the holder's interval of checking.
SQLite: one process by an exclusive `flock` beside the file, and inside it plain names in a set.
"""

from __future__ import annotations

import fcntl
import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from provisioner.engine.run import Held
from provisioner.errors import Interrupted
from provisioner.message import Message

_NOT_IN_TIME = "55P03"  # lock_not_available


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
