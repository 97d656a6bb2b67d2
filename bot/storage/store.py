"""The bot's own tables: what people typed, which plan was shown, which messages stand where, and our last
write to each shared IAM policy."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    TextClause,
    UniqueConstraint,
    delete,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from approvals.errors import KeyReused
from approvals.store import UtcTime, requests
from bot.model.notifier import PAUSE_MOST
from bot.model.request_view import Proposal
from bot.model.submission import Submission, SubmissionKind, SubmissionState
from bot.model.tracked_message import MessageState, Purpose, TrackedMessage
from provisioner.engine.stage import Plan
from provisioner.message import Message
from provisioner.stages.access.stage import LastWrite
from provisioner.vendor_call import Interrupted
from provisioner.workspace import WorkspaceSpec

metadata = MetaData()

submissions = Table(
    "submissions",
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
    UniqueConstraint("key", name="one_submission_a_key"),
    Index("submissions_by_state", "state", "number"),
)

messages = Table(
    "tracked_messages",
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
    Column("changed", Integer, nullable=False),
    Column("shown", Integer, nullable=False),
    UniqueConstraint("key", name="one_message_a_key"),
    Index("messages_by_place", "channel", "ts"),
    Index("messages_by_request", "request_id"),
)

TO_TELL = text(f"changed <> shown AND state <> '{MessageState.CLOSED.value}'")
"""Word for word as in the index, or it would not serve."""

Index("messages_to_tell", messages.c.number, sqlite_where=TO_TELL, postgresql_where=TO_TELL)

proposals = Table(
    "proposals",
    metadata,
    Column("request_id", String, primary_key=True),
    Column("asked", JSON, nullable=False),
    Column("plan", JSON, nullable=False),
    Column("locale", String, nullable=False),
    Column("run_id", String, nullable=False),
)


policy_writes = Table(
    "policy_writes",
    metadata,
    Column("arn", String, primary_key=True),
    Column("version", String, nullable=False),
    Column("at", UtcTime, nullable=False),
)


class SqlProposalRepository:
    """On a connection whose transaction the caller owns, as the next two are."""

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
        """Raises `KeyError`."""
        query = select(proposals).where(proposals.c.request_id == request_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise KeyError(request_id)
        return to_proposal(row)


class SqlSubmissionRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, submission: Submission) -> bool:
        """False: it was there already. `KeyReused`: with other content."""
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
        """Raises `KeyError`."""
        _save(self._connection, submissions, submission)

    def due(
        self,
        state: SubmissionState,
        now: datetime,
        limit: int,
        *,
        kinds: Collection[SubmissionKind] = frozenset(SubmissionKind),
    ) -> Sequence[Submission]:
        """Oldest first."""
        wanted = submissions.c.kind.in_([kind.value for kind in kinds])
        query = (
            select(submissions)
            .where(submissions.c.state == state.value, wanted, due(submissions, now))
            .order_by(submissions.c.number)
        )
        return [_submission(row) for row in self._connection.execute(query.limit(limit)).mappings()]


class SqlTrackedMessageRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, message: TrackedMessage) -> bool:
        """False: the key is there already."""
        return _inserted(self._connection, messages, message)

    def get(self, key: str) -> TrackedMessage | None:
        return next(iter(self._where(messages.c.key == key)), None)

    def save(self, message: TrackedMessage) -> None:
        """All but `changed`, which others count up meanwhile. Raises `KeyError`."""
        _save(self._connection, messages, message)

    def close(self, message: TrackedMessage) -> bool:
        """Nothing will change any more. False, and nothing done, if something has since it was read."""
        closed = replace(message, state=MessageState.CLOSED, shown=message.changed)
        same = (messages.c.key == message.key, messages.c.changed == message.changed)
        saved = update(messages).where(*same).values(_values(closed))
        return self._connection.execute(saved).rowcount == 1

    def mark(self, projects: Collection[str], *, but: str = "") -> None:
        """What is shown of these projects has changed, on all messages that are not CLOSED, `but` one."""
        about = select(requests.c.id).where(requests.c.target.in_(projects))
        found = (
            select(messages.c.number)
            .where(
                messages.c.request_id.in_(about),
                messages.c.state != MessageState.CLOSED.value,
                messages.c.key != but,
            )
            .order_by(messages.c.number)  # so that two who mark the same wait in line, not for each other
            .with_for_update()
        )
        marking = update(messages).where(messages.c.number.in_(found))
        self._connection.execute(marking.values(changed=messages.c.changed + 1))

    def reopen(self, key: str) -> None:
        """A message that stands and is CLOSED is looked at once more; any other is left as it is.

        Waits for whoever closes it in this moment.
        """
        here = messages.c.key == key
        self._connection.execute(select(messages.c.number).where(here).with_for_update())
        closed = (here, messages.c.state == MessageState.CLOSED.value, messages.c.ts != "")
        self._connection.execute(
            update(messages)
            .where(*closed)
            .values(state=MessageState.SENT.value, tries=0, next_at=None, changed=messages.c.changed + 1)
        )

    def to_tell(self, now: datetime) -> Sequence[TrackedMessage]:
        """Those that do not show all there is, are not CLOSED, and whose time has come; oldest first."""
        return self._where(TO_TELL, due(messages, now))

    def at(self, channel: str, ts: str) -> TrackedMessage | None:
        """By its ts or its thread's root: the message itself before one that stands in its thread."""
        if not ts:
            return None
        found = self._where(messages.c.channel == channel, or_(messages.c.ts == ts, messages.c.root_ts == ts))
        return min(found, key=lambda message: message.ts != ts, default=None)

    def for_requests(self, ids: Collection[str]) -> Sequence[TrackedMessage]:
        """Oldest first."""
        return self._where(messages.c.request_id.in_(ids))

    def _where(self, *conditions: ColumnElement[bool] | TextClause) -> Sequence[TrackedMessage]:
        query = select(messages).where(*conditions).order_by(messages.c.number)
        return [_message(row) for row in self._connection.execute(query).mappings()]


class SqlPolicyWrites:
    """`LastWrites` that all replicas know: the next editor may be another one, and IAM shows a write late.

    Raises `Interrupted` where the database does not answer.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, arn: str) -> LastWrite | None:
        with self._answering() as connection:
            query = select(policy_writes).where(policy_writes.c.arn == arn)
            row = connection.execute(query).mappings().first()
        return LastWrite(row["version"], row["at"]) if row else None

    def put(self, arn: str, write: LastWrite) -> None:
        """Whoever writes holds the policy's lock, so nobody else does in this moment."""
        with self._answering() as connection:
            connection.execute(delete(policy_writes).where(policy_writes.c.arn == arn))
            values = {"arn": arn, "version": write.version, "at": write.at}
            connection.execute(insert(policy_writes).values(values))

    @contextmanager
    def _answering(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise Interrupted(Message("can't continue: the database didn't answer")) from error


def due(table: Table, now: datetime) -> ColumnElement[bool]:
    """Whose time has come, or lies further ahead than any pause: then the clock was set back since."""
    return or_(table.c.next_at.is_(None), table.c.next_at <= now, table.c.next_at > now + PAUSE_MOST)


def _inserted(connection: Connection, table: Table, value: Submission | TrackedMessage) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(insert(table).values(_values(value)))
    except IntegrityError:
        return False
    return True


def _save(connection: Connection, table: Table, value: Submission | TrackedMessage) -> None:
    """All but what others count up meanwhile."""
    kept = {name: stored for name, stored in _values(value).items() if name != "changed"}
    saved = connection.execute(update(table).where(table.c.key == value.key).values(kept))
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


def to_proposal(row: RowMapping) -> Proposal:
    return Proposal(
        request_id=row["request_id"],
        asked=WorkspaceSpec.from_json(row["asked"]),
        plan=Plan.from_json(row["plan"]),
        locale=row["locale"],
        run_id=row["run_id"],
    )


def _submission(row: RowMapping) -> Submission:
    kept = {field.name: row[field.name] for field in fields(Submission)}
    return Submission(**{**kept, "kind": SubmissionKind(row["kind"]), "state": SubmissionState(row["state"])})


def _message(row: RowMapping) -> TrackedMessage:
    kept = {field.name: row[field.name] for field in fields(TrackedMessage)}
    return TrackedMessage(**{**kept, "purpose": Purpose(row["purpose"]), "state": MessageState(row["state"])})
