"""What all runs of a process share: the stages in their order, the ports, and who is woken by news."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from provisioner.engine.inspection import Preview, StageInspection, in_order, inspect_stages, inventory
from provisioner.engine.line import Line
from provisioner.engine.run import Clock, Inventory, Ledger, Locks, RetryPolicy, RunId
from provisioner.engine.stage import Goal, Step
from provisioner.vendor_call import LOOK_WITHIN, WorkError
from provisioner.workspace import Platform, Workspace


class Doorbell:
    """News for runs that wait: whoever watches a system rings, from any thread, and the run looks at once.

    One a process. A ring that is lost costs a pause: the run looks again anyway.
    """

    def __init__(self, wake: Callable[[RunId], bool]) -> None:
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Engine:
    """What every turn needs; one serves any number of runs from any number of threads. Raises `ValueError`
    for steps that cannot be put in order.

    `redact` takes secrets out of vendors' words; `at_once` stages are looked at side by side. A look at all
    stages of a workspace ends after `look_within`, whatever hangs.

    `retried` is called when a run begins another attempt, so when a person wants it tried again; `halted` to
    end what was started for a workspace and not awaited: when its run is cancelled, and when a deletion fails
    or is parked. `wake` lets a run that waits take its next turn now; whether this process has it.
    """

    steps: Sequence[Step]
    platform: Platform
    ledger: Ledger
    locks: Locks
    clock: Clock
    retry: RetryPolicy
    new_reference: Callable[[], str]
    redact: Callable[[str], str]
    retried: Callable[[], None] | None = None
    halted: Callable[[Workspace], None] = lambda _: None
    wake: Callable[[RunId], bool] = lambda _: False
    at_once: int = 4
    look_within: timedelta = LOOK_WITHIN
    line: Line = field(init=False, default_factory=Line)
    doorbell: Doorbell = field(init=False)
    usual: dict[tuple[str, Goal], float] = field(init=False, default_factory=dict)
    """Seconds that a stage took the last time."""
    orders: Mapping[Goal, tuple[Step, ...]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "orders", {goal: in_order(self.steps, goal) for goal in Goal})
        object.__setattr__(self, "doorbell", Doorbell(self.wake))

    def inspect(self, ws: Workspace, goal: Goal, order: Goal | None = None) -> tuple[StageInspection, ...]:
        """All stages, in the order in which they run for this goal or that of `order`."""
        steps = self.orders[order or goal]
        return inspect_stages(steps, ws, goal, at_once=self.at_once, within=self.look_within)

    def inventory(self, ws: Workspace) -> tuple[Inventory, ...]:
        """What exists now, in the order it was made. Only reads."""
        return inventory(self.inspect(ws, Goal.ABSENT, order=Goal.PRESENT))

    def preview(self, ws: Workspace, goal: Goal) -> Preview:
        """What would be done, or every reason why it cannot be. Only reads.

        An error that is no `WorkError` is a bug of a stage and is raised.
        """
        inspections = self.inspect(ws, goal)
        for found in inspections:
            if found.error and not isinstance(found.error, WorkError):
                raise found.error
        return Preview(goal, inspections)
