"""One approved plan being carried out: its state, how it may move, what is written down, and who is woken."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, NewType, Protocol

from pydantic import Field

from provisioner.engine.stage import Goal, Plan
from provisioner.message import Json, Message, Record
from provisioner.retry import backoff
from provisioner.vendor_call import Cause
from provisioner.workspace import WorkspaceSpec

RunId = NewType("RunId", str)  # "WSR-0142.1"


class RunStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    PARKED = "parked"
    FAILED = "failed"
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"


TRANSITIONS: Mapping[RunStatus, frozenset[RunStatus]] = {
    RunStatus.QUEUED: frozenset({RunStatus.RUNNING, RunStatus.CANCELLED}),
    RunStatus.RUNNING: frozenset(
        {RunStatus.WAITING, RunStatus.PARKED, RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED}
    ),
    RunStatus.WAITING: frozenset({RunStatus.RUNNING, RunStatus.CANCELLED}),
    RunStatus.PARKED: frozenset({RunStatus.QUEUED, RunStatus.CANCELLED}),  # approved anew
    RunStatus.FAILED: frozenset({RunStatus.QUEUED, RunStatus.CANCELLED}),  # a person retries, or gives up
    RunStatus.SUCCEEDED: frozenset(),
    RunStatus.CANCELLED: frozenset(),
}

ENDED = frozenset({RunStatus.SUCCEEDED, RunStatus.CANCELLED})
"""All others are active: the database allows one active run a workspace."""

MOVING = frozenset({RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.WAITING})
"""A turn changes only these; the others wait for a person, or for nothing."""

STOPPED = frozenset({RunStatus.FAILED, RunStatus.PARKED})
"""Nobody works on it until a person acts: a deletion may take its place."""


class StageStatus(StrEnum):
    PENDING = "pending"
    ACTING = "acting"  # its intent is journalled
    WAITING = "waiting"  # for the vendor
    RETRYING = "retrying"  # after a temporary error
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageProgress(Record):
    """How far one stage is, as the card shows it."""

    status: StageStatus = StageStatus.PENDING
    since: datetime | None = None  # when it was first acted on in this attempt
    spent: timedelta = timedelta(0)  # for how long it was looked at since then
    looked_at: datetime | None = None  # by the last turn that came to it
    until: datetime | None = None  # WAITING, RETRYING: looked at again then
    counts: bool = True  # what passes until it is looked at again is part of `spent`
    reason: Message | None = None  # what it waits for, or why it is tried again
    tries: int = 0  # temporary errors; a look that fails after a wait is the first again
    sent_back: int = 0  # how often the last look of a run found it not done
    to_the_end: bool = False  # left as it is now, it harms others; see `StageContext.progress`
    not_owned: Annotated[Message | None, Field(alias="stays")] = None  # DONE: what a deletion left, not ours

    def pause(self, now: datetime) -> float:
        """Seconds until it is to be looked at again; none where the clock was set back meanwhile."""
        if self.until is None or (self.looked_at is not None and now < self.looked_at):
            return 0.0
        return max((self.until - now).total_seconds(), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure(Record):
    """Why a run failed. `reference` is also in the log, for what people are not shown."""

    stage: str
    what: Message
    reference: str
    cause: Cause | None = None
    hint: Message | None = None


@dataclass(frozen=True, slots=True)
class Inventory(Record):
    """What exists of one stage's work, as it was seen when the run stopped; `targets` is None when it could
    not be read.

    `states` has those of the targets that are not simply there, by their text in English.
    """

    stage: str
    title: Message
    targets: tuple[Message, ...] | None
    states: Mapping[str, Message] = field(default_factory=dict)


class EntryKind(StrEnum):
    STARTED = "started"  # the run, or an attempt of it, began
    INTENDED = "intended"  # a stage is about to make its changes
    RECORDED = "recorded"  # a fact kept before a write
    STAGE_WAITING = "stage-waiting"
    STAGE_RETRYING = "stage-retrying"
    STAGE_DONE = "stage-done"
    PARKED = "parked"  # the world is no longer what was approved
    UNPLANNED = "unplanned"  # parked, and why no new plan can be made just now
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUCCEEDED = "succeeded"
    REQUEUED = "requeued"  # a person retried, or the new plan was approved


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a run's journal. `number` counts from 1 without gaps; 0 before it is written."""

    at: datetime
    kind: EntryKind
    message: Message
    stage: str = ""
    data: Mapping[str, Json] = field(default_factory=dict)
    number: int = 0


class IllegalMove(Exception):
    """A bug: the table does not allow this step."""


@dataclass(slots=True, kw_only=True)
class Run(Record):
    """An aggregate: everything about one run but its journal. Saved whole, guarded by `version`."""

    id: RunId
    reference: str  # of the approval that allowed it; opaque here
    asked: WorkspaceSpec
    plan: Plan
    created_at: datetime
    status: RunStatus = RunStatus.QUEUED
    attempt: int = 1
    stages: dict[str, StageProgress] = field(default_factory=dict)
    failure: Failure | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    inventory: tuple[Inventory, ...] | None = None  # what existed when it stopped; None: nobody looked
    version: int = 0

    @property
    def goal(self) -> Goal:
        return self.plan.goal

    @property
    def active(self) -> bool:
        return self.status not in ENDED

    @property
    def deleted(self) -> bool:
        """It was looked for on every system, and removed."""
        return self.goal is Goal.ABSENT and self.status is RunStatus.SUCCEEDED

    @property
    def gone(self) -> bool:
        """It has ended, and nothing of the workspace exists."""
        return self.deleted or (self.status is RunStatus.CANCELLED and self.inventory == ())

    @property
    def not_owned(self) -> tuple[Message, ...]:
        """What it left so far because it is not ours, each once."""
        left = (self.progress(planned.stage).not_owned for planned in self.plan.stages)
        return tuple(dict.fromkeys(one for one in left if one))

    def to(self, status: RunStatus) -> None:
        """The only way to move. Raises `IllegalMove`."""
        if status not in TRANSITIONS[self.status]:
            raise IllegalMove(f"run {self.id} cannot go from {self.status.value} to {status.value}")
        self.status = status

    def retry(self) -> None:
        """FAILED → QUEUED by a person. Finished stages stay done; the others start over."""
        self._requeue(RunStatus.FAILED)

    def reapprove(self, plan: Plan, reference: str) -> None:
        """PARKED → QUEUED under a new plan that was approved."""
        self._requeue(RunStatus.PARKED)
        self.plan = plan
        self.reference = reference

    def give_up(self, now: datetime) -> None:
        """QUEUED, WAITING, PARKED or FAILED → CANCELLED; what exists stays.

        Not RUNNING: somebody is acting, and stops only when asked to (`RunRepository.request_cancel`).
        """
        if self.status is RunStatus.RUNNING:
            raise IllegalMove(f"run {self.id} is being worked on")
        self.to(RunStatus.CANCELLED)
        self.ended_at = now

    def progress(self, stage: str) -> StageProgress:
        return self.stages.get(stage, StageProgress())

    def _requeue(self, waiting: RunStatus) -> None:
        if self.status is not waiting:
            raise IllegalMove(f"run {self.id} is {self.status.value}, not {waiting.value}")
        self.to(RunStatus.QUEUED)
        self.attempt += 1
        self.failure = None
        self.stages = {
            name: replace(progress, tries=0, sent_back=0)
            for name, progress in self.stages.items()
            if progress.status is StageStatus.DONE
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a temporary error is tried again, and for how long one stage may be looked at in all."""

    tries: int = 5
    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(minutes=2)
    stage_within: timedelta = timedelta(minutes=60)

    def delay(self, tries: int, *, salt: str) -> timedelta:
        """How long to wait after that many; `salt` says of what."""
        return backoff(tries, first=self.first, longest=self.longest, salt=salt)


class AlreadyRunning(Exception):
    """The workspace has an active run; the database said so."""

    def __init__(self, project: str) -> None:
        super().__init__(f"workspace {project} has an active run")
        self.project = project


class Stale(Exception):
    """The run was saved by somebody else since it was read."""


class RunRepository(Protocol):
    """Runs inside one transaction of the caller's."""

    def add(self, run: Run) -> None: ...  # AlreadyRunning

    def get(self, run_id: RunId) -> Run: ...  # KeyError

    def save(self, run: Run) -> None: ...  # Stale; raises `run.version` by one

    def latest(self, project: str) -> Run | None: ...  # a workspace is the latest run of a project

    def last_succeeded(self, project: str) -> Run | None: ...  # what it came to last: made, or gone

    def all_latest(self) -> Sequence[Run]: ...  # one a project, by project

    def parked(self) -> Sequence[Run]: ...  # oldest first

    def in_flight(self) -> Sequence[Run]: ...  # MOVING

    def queued(self) -> Sequence[str]: ...  # projects whose run is QUEUED

    def line(self) -> Sequence[tuple[RunId, int]]: ...  # the QUEUED with their attempt, the next one first

    def request_cancel(self, run_id: RunId) -> None: ...  # a flag beside the run: never `Stale`

    def cancel_requested(self, run_id: RunId) -> bool: ...  # in this attempt; a retry forgets it


class Journal(Protocol):
    """Numbered per run from 1, no gaps; entries are never changed."""

    def append(self, run_id: RunId, entry: Entry) -> Entry: ...  # with its number

    def since(self, run_id: RunId, number: int) -> Sequence[Entry]: ...  # those after `number`, in order


class Ledger(Protocol):
    """What the engine writes on: each call is one transaction of its own."""

    def write(self, run: Run, *entries: Entry) -> None:
        """Save the run and append the entries, all or nothing. Raises `Stale`."""
        ...

    def cancel_requested(self, run_id: RunId) -> bool: ...


class Held(Protocol):
    """Locks that are held."""

    def check(self) -> None:
        """Raises `Interrupted` when the connection that holds them is lost."""
        ...


class Locks(Protocol):
    def try_hold(self, *names: str, within: float = 0) -> AbstractContextManager[Held | None]:
        """All of the names or none; None when somebody else still has one of them after `within` seconds.

        Somebody else is also another thread of this process.
        """
        ...


def guard_of(run_id: str) -> str:
    """Name of the lock that whoever has a run in hand holds."""
    return f"run/{run_id}"


class Clock(Protocol):
    def now(self) -> datetime: ...


class Doorbell:
    """News for runs that wait: whoever watches a system rings, from any thread, and the run looks at once.

    One a process. A ring that is lost costs a pause: the run looks again anyway.
    """

    def __init__(self, wake: Callable[[RunId], bool] = lambda _: False) -> None:
        """`wake`: let the run take its next turn now; whether this process has it."""
        self._wake = wake
        self._rung: set[RunId] = set()
        self._lock = threading.Lock()

    def ring(self, run_id: RunId) -> None:
        with self._lock:
            self._rung.add(run_id)  # first: the turn may begin at once
        if not self._wake(run_id):
            self.answer(run_id)

    def rings(self, run_id: RunId) -> bool:
        with self._lock:
            return run_id in self._rung

    def answer(self, run_id: RunId) -> bool:
        """Whether it rang since it was last answered."""
        with self._lock:
            rang = run_id in self._rung
            self._rung.discard(run_id)
            return rang


@dataclass(frozen=True, slots=True)
class Ring:
    """Rings for one run; equal to any other that does, so that one is as good as two."""

    doorbell: Doorbell
    run_id: RunId

    def __call__(self) -> None:
        self.doorbell.ring(self.run_id)
