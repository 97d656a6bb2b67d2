"""Runs and their journals in SQL: SQLite and PostgreSQL, one code path.

One active run a workspace is a partial unique index; a journal number is taken by raising a counter in the
run's row, so that two writers queue up on that row and no number is left out. On SQLite the caller opens
its transactions with BEGIN IMMEDIATE, or a reader that goes on to write may be refused as locked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    RowMapping,
    Select,
    String,
    Table,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeDecorator

from provisioner.engine.run import (
    ENDED,
    MOVING,
    AlreadyRunning,
    Entry,
    EntryKind,
    Run,
    RunId,
    RunStatus,
    Stale,
)
from provisioner.message import Message

Values: TypeAlias = dict[str, Any]
Changed: TypeAlias = Callable[[str], None]
"""Told the project of which something was written, in the transaction that writes it."""


def nobody_told(_project: str) -> None:
    """Where nobody shows what is stored."""


class UtcTime(TypeDecorator[datetime]):
    """Aware and UTC on both sides; SQLite, which knows no zones, keeps the bare UTC time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone was about to be stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),  # the order in which they were added
    Column("id", String, nullable=False, unique=True),
    Column("reference", String, nullable=False),
    Column("project", String, nullable=False),
    Column("asked", JSON, nullable=False),
    Column("plan", JSON, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("status", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("stages", JSON, nullable=False),
    Column("failure", JSON(none_as_null=True)),
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("version", Integer, nullable=False),
    Column("journalled", Integer, nullable=False),  # the number of the last journal entry
    Column("cancel_attempt", Integer),  # the attempt that was asked to stop
    Column("inventory", JSON(none_as_null=True)),
    Column("listed", Boolean, nullable=False),  # the newest of its project, and not gone
    Index("runs_by_project", "project", "number"),
    Index("runs_by_status", "status", "number"),
)

_ACTIVE = text("status NOT IN ({})".format(", ".join(f"'{status.value}'" for status in sorted(ENDED))))

Index(
    "one_active_run_a_project",
    runs.c.project,
    unique=True,
    sqlite_where=_ACTIVE,
    postgresql_where=_ACTIVE,
)

LISTED = text("listed")

Index("runs_listed", runs.c.project, sqlite_where=LISTED, postgresql_where=LISTED)

journal = Table(
    "journal",
    metadata,
    Column("run_id", String, ForeignKey("runs.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("kind", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("message", JSON, nullable=False),
    Column("data", JSON, nullable=False),
)


class SqlRunRepository:
    """`RunRepository` on a connection whose transaction is the caller's."""

    def __init__(self, connection: Connection, changed: Changed = nobody_told) -> None:
        self._connection = connection
        self._changed = changed

    def add(self, run: Run) -> None:
        row = _to_row(run) | {
            "id": run.id,
            "project": run.asked.project,
            "asked": run.asked.to_json(),
            "created_at": run.created_at,
            "version": run.version,
            "journalled": 0,
        }
        project = run.asked.project
        # Not by catching IntegrityError: that would end the caller's transaction on PostgreSQL.
        insert = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
        adding = insert(runs).values(row)
        adding = adding.on_conflict_do_nothing(index_elements=[runs.c.project], index_where=_ACTIVE)
        if self._connection.execute(adding.returning(runs.c.number)).first() is None:
            raise AlreadyRunning(project)
        older = (runs.c.project == project, LISTED, runs.c.id != run.id)
        self._connection.execute(update(runs).where(*older).values(listed=False))
        self._changed(project)

    def get(self, run_id: RunId) -> Run:
        row = self._connection.execute(select(runs).where(runs.c.id == run_id)).mappings().first()
        if row is None:
            raise KeyError(run_id)
        return to_run(row)

    def save(self, run: Run) -> None:
        saving = (
            update(runs)
            .where(runs.c.id == run.id, runs.c.version == run.version)
            .values(_to_row(run) | {"version": run.version + 1})
        )
        if self._connection.execute(saving).rowcount != 1:
            raise Stale(f"run {run.id} was saved by somebody else since version {run.version}")
        run.version += 1
        self._changed(run.asked.project)

    def latest(self, project: str) -> Run | None:
        return self._newest(runs.c.project == project)

    def last_succeeded(self, project: str) -> Run | None:
        return self._newest(runs.c.project == project, runs.c.status == RunStatus.SUCCEEDED.value)

    def all_latest(self) -> Sequence[Run]:
        newest = select(func.max(runs.c.number)).group_by(runs.c.project)
        return self._read(select(runs).where(runs.c.number.in_(newest)).order_by(runs.c.project))

    def parked(self) -> Sequence[Run]:
        return self._read(_in(RunStatus.PARKED))

    def in_flight(self) -> Sequence[Run]:
        return self._read(_in(*MOVING))

    def queued(self) -> Sequence[str]:
        query = select(runs.c.project).where(runs.c.status == RunStatus.QUEUED.value)
        return self._connection.execute(query).scalars().all()

    def line(self) -> Sequence[tuple[RunId, int]]:
        """By when each was queued: when it was made, or last put back by a person."""
        requeued = (
            select(func.max(journal.c.at))
            .where(journal.c.run_id == runs.c.id, journal.c.kind == EntryKind.REQUEUED.value)
            .scalar_subquery()
        )
        queued = (
            select(runs.c.id, runs.c.attempt)
            .where(runs.c.status == RunStatus.QUEUED.value)
            .order_by(func.coalesce(requeued, runs.c.created_at), runs.c.number)
        )
        return [(RunId(row.id), row.attempt) for row in self._connection.execute(queued)]

    def request_cancel(self, run_id: RunId) -> None:
        asking = update(runs).where(runs.c.id == run_id).values(cancel_attempt=runs.c.attempt)
        if self._connection.execute(asking).rowcount != 1:
            raise KeyError(run_id)

    def cancel_requested(self, run_id: RunId) -> bool:
        asked = select(runs.c.cancel_attempt, runs.c.attempt).where(runs.c.id == run_id)
        row = self._connection.execute(asked).first()
        if row is None:
            raise KeyError(run_id)
        return bool(row.cancel_attempt == row.attempt)

    def _newest(self, *where: ColumnElement[bool]) -> Run | None:
        found = self._read(select(runs).where(*where).order_by(runs.c.number.desc()).limit(1))
        return found[0] if found else None

    def _read(self, query: Select[Any]) -> list[Run]:
        return [to_run(row) for row in self._connection.execute(query).mappings()]


class SqlJournal:
    """`Journal` on a connection whose transaction is the caller's."""

    def __init__(self, connection: Connection, changed: Changed = nobody_told) -> None:
        self._connection = connection
        self._changed = changed

    def append(self, run_id: RunId, entry: Entry) -> Entry:
        counting = (
            update(runs)
            .where(runs.c.id == run_id)
            .values(journalled=runs.c.journalled + 1)
            .returning(runs.c.journalled, runs.c.project)
        )
        counted = self._connection.execute(counting).first()
        if counted is None:
            raise KeyError(run_id)
        number, project = counted
        row = {
            "run_id": run_id,
            "number": number,
            "at": entry.at,
            "kind": entry.kind.value,
            "stage": entry.stage,
            "message": entry.message.to_json(),
            "data": dict(entry.data),
        }
        self._connection.execute(journal.insert().values(row))
        self._changed(project)
        return to_entry(row)

    def since(self, run_id: RunId, number: int) -> Sequence[Entry]:
        query = (
            select(journal)
            .where(journal.c.run_id == run_id, journal.c.number > number)
            .order_by(journal.c.number)
        )
        return [to_entry(dict(row)) for row in self._connection.execute(query).mappings()]


_LEAVES_THE_LINE = frozenset({EntryKind.STARTED, EntryKind.CANCELLED})


class SqlLedger:
    """`Ledger`: each call is one transaction of its own."""

    def __init__(
        self,
        engine: Engine,
        *,
        reading: Engine | None = None,
        changed: Callable[[Connection, Collection[str]], None] = lambda _connection, _projects: None,
    ) -> None:
        """`reading`: for what only reads. `changed` is told of the projects, once a write, at its end."""
        self._engine = engine
        self._reading = reading or engine
        self._changed = changed

    def write(self, run: Run, *entries: Entry) -> None:
        with self._engine.begin() as connection:
            SqlRunRepository(connection).save(run)
            book = SqlJournal(connection)
            for entry in entries:
                book.append(run.id, entry)
            projects = {run.asked.project}
            if any(entry.kind in _LEAVES_THE_LINE for entry in entries):
                projects.update(SqlRunRepository(connection).queued())  # each has moved up
            self._changed(connection, projects)

    def cancel_requested(self, run_id: RunId) -> bool:
        with self._reading.begin() as connection:
            return SqlRunRepository(connection).cancel_requested(run_id)


def _in(*statuses: RunStatus) -> Select[Any]:
    values = [status.value for status in statuses]
    return select(runs).where(runs.c.status.in_(values)).order_by(runs.c.number)


def _to_row(run: Run) -> Values:
    """What may change in the life of a run. One that has ended is saved no more, so it is `listed` at most as
    long as it is the newest."""
    kept = run.to_json()
    columns = ("reference", "plan", "status", "attempt", "stages", "failure", "inventory")
    times = {"started_at": run.started_at, "ended_at": run.ended_at}
    return {name: kept[name] for name in columns} | times | {"listed": not run.gone}


def to_run(row: RowMapping) -> Run:
    return Run.from_json(dict(row))


def to_entry(row: Values) -> Entry:
    return Entry(
        at=row["at"],
        kind=EntryKind(row["kind"]),
        message=Message.from_json(row["message"]),
        stage=row["stage"],
        data=row["data"],
        number=row["number"],
    )
