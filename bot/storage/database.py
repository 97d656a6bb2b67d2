"""The connection: one transaction over all stores, migrations, locks. SQLite, or PostgreSQL by URL."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Self

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    MetaData,
    NullPool,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import ArgumentError

import approvals.store
import bot.storage.store
import provisioner.engine.store
from approvals.store import SqlAuditLog, SqlRequestRepository
from bot.storage.figures import SqlFigures
from bot.storage.locks import (
    FileLeadership,
    Leadership,
    Liveness,
    OnlyProcess,
    PostgresLeadership,
    PostgresLiveness,
    PostgresLocks,
    ProcessLocks,
    alone,
)
from bot.storage.queries import Queries
from bot.storage.store import (
    SqlPolicyWrites,
    SqlProposalRepository,
    SqlSubmissionRepository,
    SqlTrackedMessageRepository,
)
from provisioner.engine.run import Ledger, Locks
from provisioner.engine.store import SqlJournal, SqlLedger, SqlRunRepository

METADATA: tuple[MetaData, ...] = (
    approvals.store.metadata,
    provisioner.engine.store.metadata,
    bot.storage.store.metadata,
)
"""All tables there are; the migrations make exactly these."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 8_606_212_017_733_427_043  # any number that nobody else in the database takes
_BUSY_SECONDS = 30
_NO_IDLE_TRANSACTION = "-c idle_in_transaction_session_timeout=30s"
"""A process that is frozen in a transaction must not keep its rows from the others."""


class ReadUnit:
    """One look at all stores at one moment, in one thread. It waits for nobody, and nobody for it.

    On one connection of the pool. Entered once.
    """

    queries: Queries
    requests: SqlRequestRepository
    audit: SqlAuditLog
    runs: SqlRunRepository
    journal: SqlJournal
    submissions: SqlSubmissionRepository
    messages: SqlTrackedMessageRepository
    proposals: SqlProposalRepository

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._open = ExitStack()
        self._changed: set[str] = set()  # projects

    def __enter__(self) -> Self:
        self._connection = connection = self._open.enter_context(self._engine.connect())
        self.queries = Queries(connection)
        self.requests = SqlRequestRepository(connection, self._changed.add)
        self.audit = SqlAuditLog(connection)
        self.runs = SqlRunRepository(connection, self._changed.add)
        self.journal = SqlJournal(connection, self._changed.add)
        self.submissions = SqlSubmissionRepository(connection)
        self.messages = SqlTrackedMessageRepository(connection)
        self.proposals = SqlProposalRepository(connection)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()


class UnitOfWork(ReadUnit):
    """One transaction over all stores, in one thread: what is not committed is rolled back.

    On SQLite a second unit opened inside the first, in one thread, waits for itself and fails after 30 s.
    """

    def commit(self) -> None:
        """Ends it; its stores answer no more. Marks the messages that show what was changed, so that they are
        told."""
        if self._connection.closed:
            raise RuntimeError("this unit of work is over")
        if self._changed:
            self.messages.mark(self._changed)
        self._connection.commit()
        self._open.close()


class Database:
    """One per process. Nothing is opened before it is used; call `migrate` first."""

    def __init__(self, url: str) -> None:
        """`url`: "sqlite:///folder/bot.db" or "postgresql://user:password@host/name".

        Raises `ValueError`, without a part of the address, for one that cannot be used.
        """
        self._url = _with_driver(_parsed(url))
        if self._url.get_backend_name() == "sqlite":
            self._file: Path | None = Path(str(self._url.database))
            self.engine = _sqlite(self._url)
            self._reading = _sqlite_reading(self._url)
            self._lock_engine = self._leader_engine = self.engine
        else:
            self._file = None
            self.engine = _postgres(
                self._url, _NO_IDLE_TRANSACTION, pool_size=10, max_overflow=20, pool_timeout=_BUSY_SECONDS
            )
            self._reading = self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            self._lock_engine = _postgres(self._url, pool_size=16, max_overflow=-1)
            self._leader_engine = _postgres(self._url, pool_size=1)
        self._locks: Locks = ProcessLocks() if self._file else PostgresLocks(self._lock_engine)

    def unit(self) -> UnitOfWork:
        return UnitOfWork(self.engine)

    def reader(self) -> ReadUnit:
        """The database itself refuses to write through it."""
        return ReadUnit(self._reading)

    def ledger(self) -> Ledger:
        """What the engine writes on: with each write the messages that show it are marked."""

        def mark(connection: Connection, projects: Collection[str]) -> None:
            SqlTrackedMessageRepository(connection).mark(projects)

        return SqlLedger(self.engine, reading=self._reading, changed=mark)

    def locks(self) -> Locks:
        """The same ones each time: on SQLite they live in this object."""
        return self._locks

    @property
    def shared(self) -> bool:
        """Whether several processes may carry out runs on it, side by side."""
        return self._file is None

    def liveness(self) -> Liveness:
        """That this process carries out runs; on SQLite, only one that leads may. After `migrate`."""
        if self._file:
            return OnlyProcess()
        return PostgresLiveness(_postgres(self._url, poolclass=NullPool), self.engine)

    def try_lead(self) -> Leadership | None:
        """The lock of the one process that tells and sweeps; None while another has it. After `migrate`."""
        if self._file:
            return FileLeadership.try_take(self._file.with_name(f"{self._file.name}.leader"))
        return PostgresLeadership.try_take(self._leader_engine, "runner")

    def ping(self) -> None:
        """Raises when the database does not answer."""
        connection = self._reading.raw_connection()  # no BEGIN: never waits for somebody's write
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT 1")
            cursor.close()
        finally:
            connection.close()

    def unwritable(self) -> str | None:
        """Why nothing can be written, in the database's words; None when it can. Raises as `ping` does."""
        if self._file:
            return _refused_write(self._file)
        with self._lock_engine.connect() as connection:
            found = connection.execute(
                text("SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool")
            )
            return "the database is read-only" if found.scalar_one() else None

    def policy_writes(self) -> SqlPolicyWrites:
        return SqlPolicyWrites(self.engine)

    def figures(self) -> SqlFigures:
        return SqlFigures(self._reading)

    def migrate(self) -> None:
        """To the newest schema, in one transaction: a second process waits, and finds it done."""
        with ExitStack() as stack:
            if self._file:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                # SQLite's own lock is not enough: two that switch a new file to WAL fail as "locked" at once.
                stack.enter_context(alone(self._file.with_name(f"{self._file.name}.migration")))
            connection = stack.enter_context(self.engine.begin())
            if self._file is None:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            if _revision(connection) != _newest():
                _upgrade(connection)

    def close(self) -> None:
        self.engine.dispose()
        self._reading.dispose()
        self._lock_engine.dispose()
        self._leader_engine.dispose()


def _refused_write(file: Path) -> str | None:
    """By a write that changes nothing, on a connection of its own: the pool's may be in somebody's hands."""
    address = f"{file.resolve().as_uri()}?mode=rw"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=1)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            connection.execute(f"PRAGMA user_version = {version}")
    except sqlite3.Error as error:
        busy = error.sqlite_errorcode == sqlite3.SQLITE_BUSY  # somebody else writes
        return None if busy else str(error)
    return None


def _revision(connection: Connection) -> str | None:
    """Of the schema that is there; None before the first."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _newest() -> str:
    """The revision of the last migration: what its file's name begins with."""
    return max(path.name for path in (_MIGRATIONS / "versions").glob("*.py")).partition("_")[0]


def _upgrade(connection: Connection) -> None:
    from alembic import command  # 8 MB that few starts need
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # its words quote the address, and so a password
        raise ValueError("must look like postgresql://user:password@host:5432/name") from None


def _with_driver(url: URL) -> URL:
    """Accepts the names people paste; refuses what was never tried."""
    match url.get_backend_name():
        case "sqlite" if url.database and url.database != ":memory:":
            return url.set(drivername="sqlite+pysqlite")
        case "sqlite":
            raise ValueError("a database in memory would lose everything: name a file")
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+psycopg")
        case other:
            raise ValueError(f"{other} is not supported: use sqlite or postgresql")


def _sqlite(url: URL) -> Engine:
    """One connection a process: threads queue up for it in turn instead of polling for SQLite's lock."""
    engine = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=_BUSY_SECONDS)
    # Locked from the start: a reader that goes on to write could be refused.
    return _prepared(engine, "BEGIN IMMEDIATE", "journal_mode = WAL", "foreign_keys = ON")


def _sqlite_reading(url: URL) -> Engine:
    """Connections of their own, as many as there are threads that look: in WAL they see what was committed
    last, and wait for no writer."""
    engine = create_engine(url, pool_size=4, max_overflow=-1)
    return _prepared(engine, "BEGIN", "query_only = ON")


def _prepared(engine: Engine, beginning: str, *pragmas: str) -> Engine:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        cursor = connection.cursor()
        for pragma in (f"busy_timeout = {_BUSY_SECONDS * 1000}", *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(beginning)

    return engine


def _postgres(url: URL, options: str = "", **pool: Any) -> Engine:
    """Both ends notice within seconds when the other is gone: a lock must not outlive its holder's node."""
    server = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
    keepalive = {
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 11_000,  # milliseconds
        "connect_timeout": 5,
        "options": f"{server} {options}",
    }
    return create_engine(url, connect_args=keepalive, pool_pre_ping=True, **pool)


def sqlite_engine(url: str) -> Engine:
    """For the database that DBOS keeps for itself: what it sets on an engine of its own, and three things it
    does not.

    WAL makes a step 2.4 times faster (measured). Not each commit has to be on the disk: what a power failure
    takes is queued anew from our own tables. And DBOS on Python 3.12 and later asks SQLite for
    `unixepoch('subsec')`, which one older than 3.42 (Debian 12) answers with NULL, so that it does not
    launch; our own function answers on all of them.
    """
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.create_function("unixepoch", -1, _unixepoch)

    return engine


def _unixepoch(*arguments: object) -> float | int:
    now = time.time()
    return now if "subsec" in arguments else int(now)
