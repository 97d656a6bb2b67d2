"""Carries out an approved plan in turns: look, plan, act, look again.

A turn begins with what is stored and what is there, never with what some process remembers; so beginning
again after a crash is nothing special, and neither is a retry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from provisioner.deadline import LOOK_WITHIN
from provisioner.engine.doorbell import Doorbell
from provisioner.engine.inspection import Preview, StageInspection, in_order, inspect_stages, inventory
from provisioner.engine.inventory import Inventory
from provisioner.engine.line import Line
from provisioner.engine.run import Clock, Ledger, Locks, RetryPolicy, Run, RunId, Stale, guard_of
from provisioner.engine.stage import Goal, Step, Wait
from provisioner.engine.turn import AGAIN, MOVING, EngineDeps, Turn
from provisioner.errors import Interrupted, WorkError
from provisioner.message import Message
from provisioner.workspace import Platform, Workspace

__all__ = ["Engine", "Preview"]

log = structlog.get_logger()

_LOOKERS = 4


class Engine:
    """Stateless between calls; one may serve any number of runs from any number of threads."""

    def __init__(
        self,
        *,
        steps: Sequence[Step],
        platform: Platform,
        ledger: Ledger,
        locks: Locks,
        clock: Clock,
        retry: RetryPolicy,
        new_reference: Callable[[], str],
        redact: Callable[[str], str],
        retried: Callable[[], None] = lambda: None,
        halted: Callable[[Workspace], None] = lambda _: None,
        wake: Callable[[RunId], bool] = lambda _: False,
        at_once: int = _LOOKERS,
        look_within: timedelta = LOOK_WITHIN,
    ) -> None:
        """`redact` takes secrets out of vendors' words; `at_once` stages are looked at side by side.

        A look at all stages of a workspace ends after `look_within`, whatever hangs.

        `retried` is called when a run begins another attempt, so when a person wants it tried again; `halted`
        to end what was started for a workspace and not awaited: when its run is cancelled, and when a
        deletion fails or is parked.

        `wake` lets a run that waits take its next turn now; whether this process has it.
        """
        self._deps = EngineDeps(
            orders={goal: in_order(steps, goal) for goal in Goal},
            platform=platform,
            ledger=ledger,
            locks=locks,
            line=Line(),
            doorbell=Doorbell(wake),
            usual={},
            clock=clock,
            retry=retry,
            new_reference=new_reference,
            redact=redact,
            retried=retried,
            halted=halted,
            at_once=at_once,
            look_within=look_within,
        )

    def preview(self, ws: Workspace, goal: Goal) -> Preview:
        """What would be done, or every reason why it cannot be. Only reads.

        An error that is no `WorkError` is a bug of a stage and is raised.
        """
        inspections = self._inspect(ws, goal, order=goal)
        for found in inspections:
            if found.error and not isinstance(found.error, WorkError):
                raise found.error
        return Preview(goal, inspections)

    def inventory(self, ws: Workspace) -> tuple[Inventory, ...]:
        """What exists now, in the order it was made. Only reads."""
        return inventory(self._inspect(ws, Goal.ABSENT, order=Goal.PRESENT))

    def _inspect(self, ws: Workspace, goal: Goal, *, order: Goal) -> tuple[StageInspection, ...]:
        deps = self._deps
        return inspect_stages(deps.orders[order], ws, goal, at_once=deps.at_once, within=deps.look_within)

    def advance(self, run: Run) -> Wait | None:
        """One turn. None when the run has ended, failed or parked; else call again after the wait.

        Read the run anew for each turn: this one is changed on the way, and after a lost guard, or an error
        of the store (which is raised), it is not what is stored.
        """
        if run.status not in MOVING:
            return None
        with self._deps.locks.try_hold(guard_of(run.id)) as guard:
            if guard is None:
                return Wait(AGAIN, Message("another process is handling this run"))
            try:
                return Turn(self._deps, run, guard).take()
            except (Interrupted, Stale) as error:
                log.warning("turn given up", run=run.id, why=str(error))
                return Wait(AGAIN, Message("another process is handling this run"))
