"""An engine with a fake for each of its ports, and the hands that work it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count

from provisioner.engine.engine import Engine
from provisioner.engine.inspection import Inspector
from provisioner.engine.run import Doorbell, Entry, EntryKind, Locks, RetryPolicy, Run, RunId
from provisioner.engine.stage import Goal, Plan, Step, Wait
from provisioner.engine.turn import advance
from tests.builders import a_platform, a_run, a_spec, a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.fuse import Fuse
from tests.fakes.ledger import FakeLedger
from tests.fakes.locks import FakeLocks
from tests.fakes.world import FakeStage, FakeWorld, some_steps
from tests.laws.repository_laws import RunStore

TURNS_MOST = 300
CANARY = "canary-5b20c1"
"""A secret that no journal may ever show."""


class Yard:
    """What outlives a process (world, store, clock), and a fresh engine for every turn."""

    def __init__(self, store: RunStore | None = None) -> None:
        self.clock = FakeClock()
        self.fuse = Fuse()
        self.world = FakeWorld(self.clock, self.fuse)
        self.store: RunStore = store or FakeLedger(self.fuse)
        self.locks = FakeLocks()
        self.retry = RetryPolicy(tries=3)
        self.steps: Sequence[Step] = some_steps(self.world)
        self.retried = 0  # how often the engine said that a person wants something tried again
        self.halted: list[str] = []  # workspaces for which nothing may go on
        self.wake: Callable[[RunId], bool] = lambda _: False  # whoever holds the runs
        self._references = count(1)
        self._runs = count(1)

    def engine(self) -> Engine:
        return Engine(
            # one by one, so that the points of a crash come in the same order each time
            inspector=Inspector(steps=self.steps, at_once=1),
            platform=a_platform(),
            ledger=self.store.ledger,
            locks=self._locks(),
            clock=self.clock,
            retry=self.retry,
            new_reference=lambda: f"ref-{next(self._references)}",
            redact=lambda words: words.replace(CANARY, "***"),
            retried=self._note_retry,
            halted=lambda ws: self.halted.append(ws.project),
            doorbell=Doorbell(self.wake),
        )

    def _locks(self) -> Locks:
        return self.locks

    def _note_retry(self) -> None:
        self.retried += 1

    def stage(self, name: str) -> FakeStage:
        stage = next(step.stage for step in self.steps if step.stage.name == name)
        assert isinstance(stage, FakeStage)
        return stage

    def approve(self, goal: Goal = Goal.PRESENT, project: str = "alpha") -> RunId:
        """Preview, and a queued run of that plan."""
        plan = self.engine().inspector.preview(a_workspace(project), goal).plan
        assert plan
        return self.queue(plan, project)

    def queue(self, plan: Plan, project: str = "alpha") -> RunId:
        run = a_run(f"WSR-{next(self._runs):04}.1", asked=a_spec(project), plan=plan)
        with self.store.transaction() as intake:
            intake.runs.add(run)
        return run.id

    def give_up(self, run_id: RunId) -> None:
        run = self.run(run_id)
        run.give_up(self.clock.now())
        self.store.ledger.write(run)

    def retry_by_hand(self, run_id: RunId) -> None:
        run = self.run(run_id)
        run.retry()
        self.store.ledger.write(run)

    def reapprove(self, run_id: RunId) -> Plan:
        """Approve the plan that a parked run left in its journal."""
        run = self.run(run_id)
        plan = Plan.from_json(self.entry(run_id, EntryKind.PARKED).data["plan"])  # type: ignore[arg-type]  # this kind holds a plan
        run.reapprove(plan, "WSR-9999")
        self.store.ledger.write(run)
        return plan

    def cancel(self, run_id: RunId) -> None:
        with self.store.transaction() as intake:
            intake.runs.request_cancel(run_id)

    def run(self, run_id: RunId) -> Run:
        with self.store.transaction() as intake:
            return intake.runs.get(run_id)

    def journal(self, run_id: RunId) -> Sequence[Entry]:
        with self.store.transaction() as intake:
            return intake.journal.since(run_id, 0)

    def entry(self, run_id: RunId, kind: EntryKind) -> Entry:
        """The last of its kind."""
        return [entry for entry in self.journal(run_id) if entry.kind is kind][-1]

    def told(self, run_id: RunId) -> list[str]:
        return [str(entry.message) for entry in self.journal(run_id)]

    def turn(self, run_id: RunId) -> Wait | None:
        return advance(self.engine(), self.run(run_id))

    def pass_time(self, seconds: float) -> None:
        self.clock.pass_by(seconds)

    def settle(self, run_id: RunId) -> Run:
        """Turn after turn, time passing by in between, until the run wants no more."""
        for _ in range(TURNS_MOST):
            wait = self.turn(run_id)
            if wait is None:
                return self.run(run_id)
            self.pass_time(wait.seconds)
        raise AssertionError(f"run {run_id} does not settle: {self.told(run_id)[-5:]}")
