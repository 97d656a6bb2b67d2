"""Parked runs: the world is no longer what was approved, so the new plan is asked for in the same thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from approvals.model import RequestId
from bot.requests.lifecycle import Opening, give_up
from bot.requests.service import Wake
from bot.storage.database import ReadUnit, UnitOfWork
from bot.views.phrases import stacked
from bot.views.request import reasons
from provisioner.diagnosis import LOOK
from provisioner.engine.inspection import Inspector
from provisioner.engine.run import Clock, Entry, EntryKind, Run, RunStatus
from provisioner.message import Message
from provisioner.workspace import Platform, Workspace

log = structlog.get_logger()

_LOOK_AGAIN = timedelta(minutes=1)
"""For a run of which no plan can be made: the look asks every system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reapproval:
    units: Callable[[], UnitOfWork]
    reads: Callable[[], ReadUnit]
    inspector: Inspector
    platform: Platform
    opening: Opening
    clock: Clock
    wake: Wake
    _again: dict[str, datetime] = field(default_factory=dict)  # by run; after a restart: at once

    def reapprove_parked(self) -> int:
        """A request with the new plan for each parked run that has none; how many.

        While somebody asks for a deletion instead, that is decided first.
        """
        with self.reads() as unit:
            parked = unit.runs.parked()
            orphans = [run for run in parked if unit.requests.pending_for(run.asked.project) is None]
        return sum(self._try(run) for run in orphans)

    def _try(self, run: Run) -> bool:
        try:
            return self._ask_anew(run)
        except Exception:  # the next tick tries again; the other runs are asked for now
            log.exception("cannot ask anew", run=run.id)
            return False

    def _ask_anew(self, run: Run) -> bool:
        """False when a system cannot be read just now, to be looked at again, and when nobody wants it.

        False also where all that a deletion would still remove may be somebody else's.
        """
        if self._told_to_stop(run):
            return False
        now = self.clock.now()
        if now < self._again.get(run.id, now) <= now + _LOOK_AGAIN:  # else the clock was set back since
            return False
        preview = self.inspector.preview(Workspace(run.asked, self.platform), run.goal)
        plan = preview.plan
        if plan is None or (plan.changes and preview.foreign):
            self._again[run.id] = self.clock.now() + _LOOK_AGAIN
            self._say_why(run, reasons((*preview.refusals, *preview.foreign), LOOK, run.goal))
            return False
        self._again.pop(run.id, None)
        with self.units() as unit:
            unit.requests.get_for_update(RequestId(run.reference))  # so that nobody gives it up meanwhile
            if unit.runs.get(run.id).status is not RunStatus.PARKED:
                return False
            self.opening.open_anew(unit, run, plan)
            unit.commit()
        self.wake()
        return True

    def _say_why(self, run: Run, why: Sequence[Message]) -> None:
        """In the journal, so in the thread: each state of affairs once."""
        begin = Message("I can't request approval of the updated plan yet. I check again every minute.")
        message = stacked([begin, *why])
        with self.units() as unit:
            entries = unit.journal.since(run.id, 0)
            told = [str(entry.message) for entry in entries if entry.kind is EntryKind.UNPLANNED]
            if str(message) in told or unit.runs.get(run.id).status is not RunStatus.PARKED:
                return
            entry = Entry(at=self.clock.now(), kind=EntryKind.UNPLANNED, message=message)
            unit.journal.append(run.id, entry)
            unit.commit()
        self.wake()

    def _told_to_stop(self, run: Run) -> bool:
        """Cancel was pressed just before the run found that it needs a new plan."""
        with self.units() as unit:
            run = unit.runs.get(run.id)
            if run.status is not RunStatus.PARKED or not unit.runs.cancel_requested(run.id):
                return False
            give_up(
                unit, run, self.clock.now(), Message("Canceled as requested. Existing resources are kept.")
            )
            unit.commit()
        self.wake()
        return True
