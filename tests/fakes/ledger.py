"""Runs and journals in memory, with the transactions of a database."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from provisioner.engine.run import AlreadyRunning, Entry, EntryKind, Run, RunId, RunStatus, Stale
from provisioner.message import Message
from tests.fakes.fuse import Fuse
from tests.laws.repository_laws import Desk


@dataclass(slots=True)
class _Rows:
    runs: dict[RunId, Run] = field(default_factory=dict)  # in the order they were added
    entries: dict[RunId, tuple[Entry, ...]] = field(default_factory=dict)
    cancels: dict[RunId, int] = field(default_factory=dict)  # the attempt that was asked to stop


class FakeRuns:
    """`RunRepository`. A run goes in and comes out as a copy, as from a database."""

    def __init__(self, rows: _Rows) -> None:
        self._rows = rows

    def add(self, run: Run) -> None:
        if any(other.asked.project == run.asked.project and other.active for other in self._all()):
            raise AlreadyRunning(run.asked.project)
        self._rows.runs[run.id] = _kept(run)
        self._rows.entries[run.id] = ()

    def get(self, run_id: RunId) -> Run:
        return _copy(self._rows.runs[run_id])

    def save(self, run: Run) -> None:
        if self._rows.runs[run.id].version != run.version:
            raise Stale(f"run {run.id} was saved by somebody else")
        run.version += 1
        self._rows.runs[run.id] = _kept(run)

    def latest(self, project: str) -> Run | None:
        return next((run for run in reversed(self._all()) if run.asked.project == project), None)

    def last_succeeded(self, project: str) -> Run | None:
        succeeded = [run for run in self._all() if run.status is RunStatus.SUCCEEDED]
        return next((run for run in reversed(succeeded) if run.asked.project == project), None)

    def all_latest(self) -> Sequence[Run]:
        newest = {run.asked.project: run for run in self._all()}
        return [newest[project] for project in sorted(newest)]

    def parked(self) -> Sequence[Run]:
        return [run for run in self._all() if run.status is RunStatus.PARKED]

    def in_flight(self) -> Sequence[Run]:
        moving = {RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.WAITING}
        return [run for run in self._all() if run.status in moving]

    def queued(self) -> Sequence[str]:
        return [run.asked.project for run in self.in_flight() if run.status is RunStatus.QUEUED]

    def line(self) -> Sequence[tuple[RunId, int]]:
        def since(run: Run) -> datetime:
            entries = self._rows.entries.get(run.id, ())
            return max((one.at for one in entries if one.kind is EntryKind.REQUEUED), default=run.created_at)

        queued = [run for run in self._all() if run.status is RunStatus.QUEUED]
        return [(run.id, run.attempt) for run in sorted(queued, key=since)]

    def request_cancel(self, run_id: RunId) -> None:
        self._rows.cancels[run_id] = self._rows.runs[run_id].attempt

    def cancel_requested(self, run_id: RunId) -> bool:
        return self._rows.cancels.get(run_id) == self._rows.runs[run_id].attempt

    def _all(self) -> list[Run]:
        return [_copy(run) for run in self._rows.runs.values()]


class FakeJournal:
    """`Journal`. Messages and data go through JSON, as in a database."""

    def __init__(self, rows: _Rows) -> None:
        self._rows = rows

    def append(self, run_id: RunId, entry: Entry) -> Entry:
        before = self._rows.entries[run_id]
        message = Message.from_json(entry.message.to_json())
        at = entry.at.astimezone(UTC)
        numbered = replace(deepcopy(entry), at=at, message=message, number=len(before) + 1)
        self._rows.entries[run_id] = (*before, numbered)
        return numbered

    def since(self, run_id: RunId, number: int) -> Sequence[Entry]:
        return self._rows.entries.get(run_id, ())[number:]


class FakeLedger:
    """`Ledger`, and the store behind it."""

    def __init__(self, fuse: Fuse | None = None) -> None:
        self._rows = _Rows()
        self._fuse = fuse or Fuse()
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self) -> Iterator[Desk]:
        with self._lock:
            rows = self._rows
            self._rows = _Rows(dict(rows.runs), dict(rows.entries), dict(rows.cancels))
            try:
                yield Desk(FakeRuns(self._rows), FakeJournal(self._rows))
            except BaseException:
                self._rows = rows
                raise

    @property
    def ledger(self) -> FakeLedger:
        return self

    def write(self, run: Run, *entries: Entry) -> None:
        self._fuse.through(lambda: self._write(run, entries))

    def cancel_requested(self, run_id: RunId) -> bool:
        return FakeRuns(self._rows).cancel_requested(run_id)

    def _write(self, run: Run, entries: Sequence[Entry]) -> None:
        with self.transaction() as intake:
            intake.runs.save(run)
            for entry in entries:
                intake.journal.append(run.id, entry)


def _copy(run: Run) -> Run:
    """All that a run holds is frozen, but for its dictionary of stages."""
    return replace(run, stages=dict(run.stages))


def _kept(run: Run) -> Run:
    """As a database gives it back: its times in UTC."""
    return replace(
        _copy(run),
        created_at=run.created_at.astimezone(UTC),
        started_at=run.started_at and run.started_at.astimezone(UTC),
        ended_at=run.ended_at and run.ended_at.astimezone(UTC),
    )
