"""What is counted for metrics: plain SELECTs that lock nothing, each bounded by an index."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, and_, func, or_, select, union_all

from approvals.model import RequestStatus
from approvals.store import audit, requests
from bot.model.submission import SubmissionState
from bot.model.tracked_message import Purpose
from bot.storage.store import TO_TELL, messages, submissions
from provisioner.engine.run import ENDED, EntryKind, RunStatus
from provisioner.engine.store import journal, runs

_AT_ONCE = 1000  # rows of the audit log
_LATEST = 200  # runs, besides those that have not ended

_ACTIVE = [status.value for status in RunStatus if status not in ENDED]


@dataclass(frozen=True, slots=True)
class Figures:
    runs: Mapping[str, int]  # by status
    requests: Mapping[str, int]  # that wait for a decision, by action
    submissions: int  # not answered yet
    oldest_submission: datetime | None  # of those
    oldest_untold: datetime | None  # entry of a journal that its thread does not show yet


@dataclass(frozen=True, slots=True)
class Audited:
    number: int  # in the audit log
    action: str  # "request.approve"
    seconds: float  # since the request was made


@dataclass(frozen=True, slots=True)
class StageEntry:
    """An entry of a journal that begins or ends a stage's work."""

    run_id: str
    number: int
    at: datetime
    kind: EntryKind
    stage: str
    failure: Mapping[str, object] | None  # of FAILED, as it is stored


class SqlFigures:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def now(self) -> Figures:
        pending = requests.c.status == RequestStatus.PENDING.value
        counts = union_all(
            select(runs.c.status.label("of"), func.count(), func.max(1)).group_by(runs.c.status),
            select(requests.c.action, func.count(), func.max(2)).where(pending).group_by(requests.c.action),
        )
        new = submissions.c.state == SubmissionState.NEW.value
        untold = (
            select(func.min(journal.c.at))
            .select_from(messages)
            .join(
                journal,  # of the request's own run: its thread tells all of it, also after a new approval
                and_(
                    journal.c.run_id == messages.c.request_id + ".1",
                    journal.c.number == messages.c.told + 1,
                ),
            )
            .where(TO_TELL, messages.c.purpose == Purpose.CARD.value)
        )
        oldest = select(
            select(func.count()).select_from(submissions).where(new).scalar_subquery(),
            select(func.min(submissions.c.at)).where(new).scalar_subquery(),
            untold.scalar_subquery(),
        )
        with self._engine.connect() as connection:
            rows = connection.execute(counts).all()
            waiting, submitted, told = connection.execute(oldest).one()
        return Figures(
            runs={of: number for of, number, kind in rows if kind == 1},
            requests={of: number for of, number, kind in rows if kind == 2},
            submissions=waiting,
            oldest_submission=submitted,
            oldest_untold=told,
        )

    def last_audited(self) -> int:
        with self._engine.connect() as connection:
            return int(connection.execute(select(func.max(audit.c.number))).scalar() or 0)

    def audited(self, after: int) -> Sequence[Audited]:
        """What people and the clock did since that number, oldest first; not all at once if it is much."""
        query = (
            select(audit.c.number, audit.c.action, audit.c.at, requests.c.asked_at)
            .join(requests, requests.c.id == audit.c.request_id)
            .where(audit.c.number > after)
            .order_by(audit.c.number)
            .limit(_AT_ONCE)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [Audited(number, action, (at - asked).total_seconds()) for number, action, at, asked in rows]

    def journalled(self) -> Mapping[str, int]:
        """The number of the last entry of each run that goes on, and of the latest of those that do not."""
        latest = select(func.coalesce(func.max(runs.c.number), 0) - _LATEST).scalar_subquery()
        query = select(runs.c.id, runs.c.journalled).where(
            or_(runs.c.status.in_(_ACTIVE), runs.c.number > latest)
        )
        with self._engine.connect() as connection:
            return {row.id: row.journalled for row in connection.execute(query)}

    def stage_entries(self, run_ids: Collection[str]) -> Sequence[StageEntry]:
        line, kinds = journal.c, [kind.value for kind in (EntryKind.INTENDED, *ENDING)]
        query = (
            select(line.run_id, line.number, line.at, line.kind, line.stage, line.data)
            .where(line.run_id.in_(run_ids), line.kind.in_(kinds))
            .order_by(line.run_id, line.number)
        )
        with self._engine.connect() as connection:
            return [
                StageEntry(run_id, number, at, EntryKind(kind), stage, data.get("failure"))
                for run_id, number, at, kind, stage, data in connection.execute(query)
            ]


ENDING = (EntryKind.STAGE_DONE, EntryKind.STAGE_RETRYING, EntryKind.FAILED)
"""Of the entries, those that say how a stage's work went."""
