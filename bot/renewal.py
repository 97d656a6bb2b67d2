"""Parked runs: the world is no longer what was approved, so the new plan is asked for in the same thread."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from approvals.model import RequestId
from bot.database import UnitOfWork
from bot.handover import give_up
from bot.opening import Opening
from bot.service import Wake
from provisioner.engine import Engine
from provisioner.message import Message
from provisioner.run import Clock, Run, RunStatus
from provisioner.workspace import Platform, Workspace

log = structlog.get_logger()


class Renewal:
    def __init__(
        self,
        *,
        units: Callable[[], UnitOfWork],
        engine: Engine,
        platform: Platform,
        opening: Opening,
        clock: Clock,
        wake: Wake,
    ) -> None:
        self._units = units
        self._engine = engine
        self._platform = platform
        self._opening = opening
        self._clock = clock
        self._wake = wake

    def ask_anew(self) -> int:
        """A request with the new plan for each parked run that has none; how many.

        While somebody asks for a deletion instead, that is decided first.
        """
        with self._units() as unit:
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
        """False when a system cannot be read just now, to be looked at again, and when nobody wants it."""
        if self._told_to_stop(run):
            return False
        plan = self._engine.preview(Workspace(run.asked, self._platform), run.goal).plan
        if plan is None:
            log.warning("cannot ask anew yet", run=run.id)
            return False
        with self._units() as unit:
            unit.requests.get(RequestId(run.reference))  # locked, so that nobody gives it up meanwhile
            if unit.runs.get(run.id).status is not RunStatus.PARKED:
                return False
            self._opening.open_anew(unit, run, plan)
            unit.commit()
        self._wake()
        return True

    def _told_to_stop(self, run: Run) -> bool:
        """Cancel was pressed just before the run found that it needs a new plan."""
        with self._units() as unit:
            run = unit.runs.get(run.id)
            if run.status is not RunStatus.PARKED or not unit.runs.cancel_requested(run.id):
                return False
            give_up(unit, run, self._clock.now(), Message("Stopped as asked. What exists stays."))
            unit.commit()
        self._wake()
        return True
