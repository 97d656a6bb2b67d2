"""The bot's own tables: what people typed, which plan was shown, and which messages stand where."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    UniqueConstraint,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from approvals.errors import KeyReused
from approvals.store import UtcTime
from bot.model.proposal import Proposal
from bot.model.submission import Submission, SubmissionKind, SubmissionState
from bot.model.tracked_message import MessageState, Purpose, TrackedMessage
from provisioner.engine.plan import Plan
from provisioner.workspace import WorkspaceSpec

metadata = MetaData()

submissions = Table(
    "asks",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),  # the order they came in
    Column("key", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("team", String, nullable=False),
    Column("user", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("locale", String, nullable=False),
    Column("thread_ts", String, nullable=False),
    Column("spec", JSON, nullable=False),
    Column("state", String, nullable=False),
    Column("outcome", JSON, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", UtcTime),
    Column("sending", Boolean, nullable=False),
    UniqueConstraint("key", name="one_ask_a_key"),
    Index("asks_by_state", "state", "number"),
)

threads = Table(
    "threads",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),  # the order they were opened in
    Column("key", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("language", String, nullable=False),
    Column("state", String, nullable=False),
    Column("ts", String, nullable=False),
    Column("link", String, nullable=False),
    Column("root_ts", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("told", Integer, nullable=False),
    Column("sending", Integer, nullable=False),
    Column("shown_at", UtcTime),
    Column("tries", Integer, nullable=False),
    Column("next_at", UtcTime),
    UniqueConstraint("key", name="one_thread_a_key"),
    Index("threads_by_state", "state", "number"),
    Index("threads_by_place", "channel", "ts"),
    Index("threads_by_request", "request_id"),
)

proposals = Table(
    "proposals",
    metadata,
    Column("request_id", String, primary_key=True),
    Column("asked", JSON, nullable=False),
    Column("plan", JSON, nullable=False),
    Column("locale", String, nullable=False),
    Column("run_id", String, nullable=False),
)


class SqlProposalRepository:
    """`ProposalRepository` on a connection whose transaction the caller owns."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, proposal: Proposal) -> None:
        self._connection.execute(
            insert(proposals).values(
                request_id=proposal.request_id,
                asked=proposal.asked.to_json(),
                plan=proposal.plan.to_json(),
                locale=proposal.locale,
                run_id=proposal.run_id,
            )
        )

    def get(self, request_id: str) -> Proposal:
        query = select(proposals).where(proposals.c.request_id == request_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise KeyError(request_id)
        return Proposal(
            request_id=row["request_id"],
            asked=WorkspaceSpec.from_json(row["asked"]),
            plan=Plan.from_json(row["plan"]),
            locale=row["locale"],
            run_id=row["run_id"],
        )


class SqlSubmissionRepository:
    """`SubmissionRepository` on a connection whose transaction the caller owns."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, submission: Submission) -> bool:
        if _inserted(self._connection, submissions, submission):
            return True
        stored = self.get(submission.key)
        if stored is None or stored.content != submission.content:
            raise KeyReused(submission.key)
        return False

    def get(self, key: str) -> Submission | None:
        row = self._connection.execute(select(submissions).where(submissions.c.key == key)).mappings().first()
        return _submission(row) if row else None

    def save(self, submission: Submission) -> None:
        _save(self._connection, submissions, submission)

    def due(
        self,
        state: SubmissionState,
        now: datetime,
        limit: int,
        *,
        kinds: Collection[SubmissionKind] = frozenset(SubmissionKind),
    ) -> Sequence[Submission]:
        wanted = submissions.c.kind.in_([kind.value for kind in kinds])
        query = (
            select(submissions)
            .where(submissions.c.state == state.value, wanted, _due(submissions, now))
            .order_by(submissions.c.number)
        )
        return [_submission(row) for row in self._connection.execute(query.limit(limit)).mappings()]


class SqlTrackedMessageRepository:
    """`TrackedMessageRepository` on a connection whose transaction the caller owns."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, thread: TrackedMessage) -> bool:
        return _inserted(self._connection, threads, thread)

    def get(self, key: str) -> TrackedMessage | None:
        return next(iter(self._where(threads.c.key == key)), None)

    def save(self, thread: TrackedMessage) -> None:
        _save(self._connection, threads, thread)

    def open(self, now: datetime) -> Sequence[TrackedMessage]:
        still = [state.value for state in MessageState if state is not MessageState.CLOSED]
        return self._where(threads.c.state.in_(still), _due(threads, now))  # so that the index serves

    def at(self, channel: str, ts: str) -> TrackedMessage | None:
        """The message itself before one that stands in its thread."""
        if not ts:
            return None
        found = self._where(threads.c.channel == channel, or_(threads.c.ts == ts, threads.c.root_ts == ts))
        return min(found, key=lambda thread: thread.ts != ts, default=None)

    def for_request(self, request_id: str) -> Sequence[TrackedMessage]:
        return self._where(threads.c.request_id == request_id)

    def _where(self, *conditions: ColumnElement[bool]) -> Sequence[TrackedMessage]:
        query = select(threads).where(*conditions).order_by(threads.c.number)
        return [_thread(row) for row in self._connection.execute(query).mappings()]


def _due(table: Table, now: datetime) -> ColumnElement[bool]:
    return or_(table.c.next_at.is_(None), table.c.next_at <= now)


def _inserted(connection: Connection, table: Table, value: Submission | TrackedMessage) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(insert(table).values(_values(value)))
    except IntegrityError:
        return False
    return True


def _save(connection: Connection, table: Table, value: Submission | TrackedMessage) -> None:
    saved = connection.execute(update(table).where(table.c.key == value.key).values(_values(value)))
    if saved.rowcount == 0:
        raise KeyError(value.key)


def _values(value: Submission | TrackedMessage) -> dict[str, Any]:
    """Each field is a column of the same name; the database keeps an enum by its value."""
    return {field.name: _stored(getattr(value, field.name)) for field in fields(value)}


def _stored(value: Any) -> Any:
    match value:
        case StrEnum():
            return value.value
        case Mapping():
            return dict(value)
        case _:
            return value


def _submission(row: RowMapping) -> Submission:
    kept = {field.name: row[field.name] for field in fields(Submission)}
    return Submission(**{**kept, "kind": SubmissionKind(row["kind"]), "state": SubmissionState(row["state"])})


def _thread(row: RowMapping) -> TrackedMessage:
    kept = {field.name: row[field.name] for field in fields(TrackedMessage)}
    return TrackedMessage(**{**kept, "purpose": Purpose(row["purpose"]), "state": MessageState(row["state"])})
