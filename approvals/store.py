"""Requests, decisions and the audit log in SQL: SQLite and PostgreSQL, one code path.

Doubles are refused by the database (unique indexes, the row lock of `get_for_update`), not by Python. On
SQLite the caller opens its transaction with BEGIN IMMEDIATE, which locks more than a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    RowMapping,
    Select,
    String,
    Table,
    UniqueConstraint,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import TypeDecorator

from approvals.errors import AlreadyDecided, AlreadyPending, KeyReused, Unknown
from approvals.model import AuditEntry, Decision, Gate, Request, RequestId, RequestStatus, Subject, Verdict

Values: TypeAlias = dict[str, Any]
Changed: TypeAlias = Callable[[str], None]
"""Told the target of which something was written, in the transaction that writes it."""


def nobody_told(_target: str) -> None:
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

request_numbers = Table(
    "request_numbers",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    sqlite_autoincrement=True,  # a number that was given is never given again
)

requests = Table(
    "requests",
    metadata,
    Column("id", String, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("action", String, nullable=False),
    Column("target", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("gate", JSON, nullable=False),
    Column("asked_by", String, nullable=False),
    Column("asked_at", UtcTime, nullable=False),
    Column("open_until", UtcTime, nullable=False),
    Column("status", String, nullable=False),
    Column("ended_at", UtcTime),
    Index("requests_by_target", "target", "asked_at"),
    Index("requests_by_asker", "asked_by", "asked_at"),
    Index("requests_by_end", "status", "open_until"),
)

PENDING = text("status = 'pending'")

Index(
    "one_pending_request_a_target",
    requests.c.target,
    unique=True,
    sqlite_where=PENDING,
    postgresql_where=PENDING,
)

decisions = Table(
    "decisions",
    metadata,
    Column("request_id", String, ForeignKey("requests.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("actor", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("comment", String, nullable=False),
    UniqueConstraint("request_id", "actor", "verdict", name="one_verdict_a_person"),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("target", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("data", JSON, nullable=False),
    Index("audit_by_target", "target", "number"),
    sqlite_autoincrement=True,
)


class SqlRequestRepository:
    """Requests, on a connection whose transaction the caller owns."""

    def __init__(self, connection: Connection, changed: Changed = nobody_told) -> None:
        self._connection = connection
        self._changed = changed

    def next_id(self) -> RequestId:
        """Such as "WSR-0001" and on; never given twice."""
        row = self._connection.execute(insert(request_numbers).returning(request_numbers.c.number))
        return RequestId(f"WSR-{row.scalar_one():04d}")

    def add(self, request: Request) -> None:
        """Adding what is there already, under the same id, does nothing. `KeyReused` for other content.

        `AlreadyPending` where the target has a pending one, or another id the same key and content.
        """
        try:
            with self._connection.begin_nested():
                self._connection.execute(insert(requests).values(**_to_row(request)))
        except IntegrityError as error:
            self._explain(request, error)
            return
        self._add_decisions(request.id, request.decisions, after=0)
        self._changed(request.subject.target)

    def get(self, request_id: RequestId) -> Request:
        """Raises `Unknown`, as the next does."""
        return self._one(request_id, _by_id(request_id))

    def get_for_update(self, request_id: RequestId) -> Request:
        """Locked until the commit."""
        return self._one(request_id, _by_id(request_id).with_for_update())

    def by_key(self, key: str) -> Request | None:
        return self._first(select(requests).where(requests.c.key == key))

    def save(self, request: Request) -> None:
        """Only a pending row moves: what was decided meanwhile is `AlreadyDecided`, and stays."""
        moved = self._connection.execute(
            update(requests)
            .where(requests.c.id == request.id, requests.c.status == RequestStatus.PENDING.value)
            .values(status=request.status.value, ended_at=request.ended_at)
        )
        if moved.rowcount == 0:
            stored = self._first(_by_id(request.id))
            if stored is None:
                raise Unknown(request.id)
            if stored == request:
                return
            ended_at = stored.ended_at or stored.open_until
            raise AlreadyDecided(stored.id, stored.status.value, stored.ended_by, ended_at)
        known = len(decisions_of(self._connection, [request.id]).get(request.id, []))
        self._add_decisions(request.id, request.decisions, after=known)
        self._changed(request.subject.target)

    def pending(self) -> Sequence[Request]:
        """Oldest first."""
        return self._all(_still_pending().order_by(requests.c.asked_at, requests.c.id))

    def pending_for(self, target: str) -> Request | None:
        return self._first(_still_pending().where(requests.c.target == target))

    def latest_for(self, target: str) -> Request | None:
        """The newest, whatever became of it."""
        about = select(requests).where(requests.c.target == target)
        return self._first(about.order_by(requests.c.asked_at.desc(), requests.c.id.desc()))

    def overdue(self, now: datetime) -> Sequence[Request]:
        """Pending and over. The rows are locked; those that somebody is deciding on are left out."""
        over = _still_pending().where(requests.c.open_until <= now)
        return self._all(over.order_by(requests.c.open_until).with_for_update(skip_locked=True))

    def asked_by(self, actor_id: str, limit: int) -> Sequence[Request]:
        """Newest first."""
        mine = select(requests).where(requests.c.asked_by == actor_id)
        return self._all(mine.order_by(requests.c.asked_at.desc(), requests.c.id.desc()).limit(limit))

    def _explain(self, request: Request, error: IntegrityError) -> None:
        same_key = self.by_key(request.key)
        if same_key is not None:
            if (same_key.subject, same_key.asked_by) != (request.subject, request.asked_by):
                raise KeyReused(request.key) from error
            if same_key.id == request.id:
                return
            raise AlreadyPending(same_key.id, same_key.subject.target) from error
        pending = self.pending_for(request.subject.target)
        if pending is not None and request.pending:
            raise AlreadyPending(pending.id, pending.subject.target) from error
        raise error

    def _one(self, request_id: RequestId, query: Select[Any]) -> Request:
        found = self._all(query)
        if not found:
            raise Unknown(request_id)
        return found[0]

    def _first(self, query: Select[Any]) -> Request | None:
        found = self._all(query.limit(1))
        return found[0] if found else None

    def _all(self, query: Select[Any]) -> list[Request]:
        rows = self._connection.execute(query).mappings().all()
        made = decisions_of(self._connection, [row["id"] for row in rows])
        return [to_request(row, made.get(row["id"], [])) for row in rows]

    def _add_decisions(self, request_id: RequestId, made: Sequence[Decision], *, after: int) -> None:
        rows = [
            asdict(decision) | {"request_id": request_id, "number": number, "verdict": decision.verdict.value}
            for number, decision in enumerate(made, start=1)
            if number > after
        ]
        if rows:
            self._connection.execute(insert(decisions), rows)


_AUDITED = [field.name for field in fields(AuditEntry)]


class SqlAuditLog:
    """On a connection whose transaction the caller owns. It has no way to change or remove."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, entry: AuditEntry) -> None:
        """Each field is a column of the same name."""
        self._connection.execute(insert(audit).values(asdict(entry)))

    def about(self, target: str) -> Sequence[AuditEntry]:
        """Oldest first."""
        query = select(audit).where(audit.c.target == target).order_by(audit.c.number)
        return [
            AuditEntry(**{name: row[name] for name in _AUDITED})
            for row in self._connection.execute(query).mappings()
        ]


def decisions_of(connection: Connection, ids: Sequence[str]) -> Mapping[str, list[Decision]]:
    """What was decided on each of these requests, in order; nothing of those without a decision."""
    found: dict[str, list[Decision]] = {}
    query = select(decisions).where(decisions.c.request_id.in_(ids)).order_by(decisions.c.number)
    for row in connection.execute(query).mappings():
        decision = Decision(
            actor=row["actor"], verdict=Verdict(row["verdict"]), at=row["at"], comment=row["comment"]
        )
        found.setdefault(row["request_id"], []).append(decision)
    return found


def _by_id(request_id: RequestId) -> Select[Any]:
    return select(requests).where(requests.c.id == request_id)


def _still_pending() -> Select[Any]:
    return select(requests).where(requests.c.status == RequestStatus.PENDING.value)


def _to_row(request: Request) -> Values:
    return {
        "id": request.id,
        "key": request.key,
        **asdict(request.subject),
        "gate": asdict(request.gate) | {"open_for": request.gate.open_for.total_seconds()},
        "asked_by": request.asked_by,
        "asked_at": request.asked_at,
        "open_until": request.open_until,
        "status": request.status.value,
        "ended_at": request.ended_at,
    }


def to_request(row: RowMapping, made: list[Decision]) -> Request:
    gate, open_for = row["gate"], timedelta(seconds=row["gate"]["open_for"])
    return Request(
        id=RequestId(row["id"]),
        key=row["key"],
        subject=Subject(action=row["action"], target=row["target"], digest=row["digest"], facts=row["facts"]),
        gate=Gate(**gate | {"approvers": tuple(gate["approvers"]), "open_for": open_for}),
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        status=RequestStatus(row["status"]),
        decisions=made,
        ended_at=row["ended_at"],
    )
