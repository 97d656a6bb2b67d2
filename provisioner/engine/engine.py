"""Carries out an approved plan in turns: look, plan, act, look again.

A turn begins with what is stored and what is there, never with what some process remembers; so beginning
again after a crash is nothing special, and neither is a retry.
"""

from __future__ import annotations

import structlog

from provisioner.engine.inspection import Preview
from provisioner.engine.run import MOVING, Run, Stale, guard_of
from provisioner.engine.stage import Goal, Wait
from provisioner.engine.turn import AGAIN, EngineDeps, Turn
from provisioner.errors import Interrupted, WorkError
from provisioner.message import Message
from provisioner.workspace import Workspace

log = structlog.get_logger()


class Engine(EngineDeps):
    """Stateless between calls; one may serve any number of runs from any number of threads."""

    def preview(self, ws: Workspace, goal: Goal) -> Preview:
        """What would be done, or every reason why it cannot be. Only reads.

        An error that is no `WorkError` is a bug of a stage and is raised.
        """
        inspections = self.inspect(ws, goal)
        for found in inspections:
            if found.error and not isinstance(found.error, WorkError):
                raise found.error
        return Preview(goal, inspections)

    def advance(self, run: Run) -> Wait | None:
        """One turn. None when the run has ended, failed or parked; else call again after the wait.

        Read the run anew for each turn: this one is changed on the way, and after a lost guard, or an error
        of the store (which is raised), it is not what is stored.
        """
        if run.status not in MOVING:
            return None
        with self.locks.try_hold(guard_of(run.id)) as guard:
            if guard is None:
                return Wait(AGAIN, Message("another process is handling this run"))
            try:
                return Turn(self, run, guard).take()
            except (Interrupted, Stale) as error:
                log.warning("turn given up", run=run.id, why=str(error))
                return Wait(AGAIN, Message("another process is handling this run"))
