"""Carries out an approved plan in turns: look, plan, act, look again.

A turn begins with what is stored and what is there, never with what some process remembers; so beginning
again after a crash is nothing special, and neither is a retry. It brings every stage as far as it goes now.

The order within a stage is what keeps an effect from being made twice: the intent is committed before the
first write, the world is looked at before and after, and the result is committed last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias, assert_never

import structlog

from provisioner.engine.engine import Engine
from provisioner.engine.inspection import StageInspection, inspect, prerequisites
from provisioner.engine.line import Peer
from provisioner.engine.recorder import RunRecorder, TurnContext
from provisioner.engine.run import (
    MOVING,
    Failure,
    Held,
    Ring,
    Run,
    RunStatus,
    StageProgress,
    StageStatus,
    Stale,
    guard_of,
)
from provisioner.engine.stage import Change, Goal, Plan, Step, Wait
from provisioner.message import Message, named
from provisioner.vendor_call import Interrupted, Temporary, WorkError
from provisioner.workspace import Workspace

log = structlog.get_logger()

AGAIN = 1.0  # seconds, after which somebody else may have let go

IN_LINE = 5.0
"""Seconds at the most for a shared document: whoever edits it has it for a moment. To come back later instead
would let a few of many runs through each time."""


def advance(engine: Engine, run: Run) -> Wait | None:
    """One turn. None when the run has ended, failed or parked; else call again after the wait.

    Read the run anew for each turn: this one is changed on the way, and after a lost guard, or an error
    of the store (which is raised), it is not what is stored.
    """
    if run.status not in MOVING:
        return None
    with engine.locks.try_hold(guard_of(run.id)) as guard:
        if guard is None:
            return Wait(AGAIN, Message("another process is handling this run"))
        try:
            return Turn(engine, run, guard).take()
        except (Interrupted, Stale) as error:
            log.warning("turn given up", run=run.id, why=str(error))
            return Wait(AGAIN, Message("another process is handling this run"))


@dataclass(frozen=True, slots=True)
class Queued(Wait):
    """Somebody else has the document that the stage edits."""

    step: Step


class Succeeded:
    pass


@dataclass(frozen=True, slots=True)
class Failed:
    step: Step
    failure: Failure


@dataclass(frozen=True, slots=True)
class Parked:
    """The stage would have to make changes that were not approved."""

    step: Step
    uncovered: tuple[Change, ...]


class Cancelled:
    pass


Outcome: TypeAlias = "Wait | Succeeded | Failed | Parked | Cancelled"
"""What a turn came to. `Wait`: there is more to do."""


class Turn:
    """While the run's guard is held. Afterwards the run is settled, or there is a `Wait` until the next."""

    def __init__(self, engine: Engine, run: Run, guard: Held) -> None:
        self._engine = engine
        self._run = run
        self._guard = guard
        self._steps = engine.inspector.orders[run.goal]
        self._ws = Workspace(run.asked, engine.platform)
        self._recorder = RunRecorder(run, engine.ledger, engine.clock, engine.retry, engine.redact)
        self._stopping = False  # somebody asked to cancel
        self._rang = engine.doorbell.answer(run.id)  # something it waits for has news

    def take(self) -> Wait | None:
        """Work, and settle the run by what came of it: here and nowhere else. None: it is settled."""
        outcome = self._reconcile()
        match outcome:
            case Wait():
                self._recorder.rest()
                return outcome
            case Succeeded():
                self._recorder.succeed()
            case Failed(step, failure):
                self._halt_deletion()
                self._recorder.fail(step, failure, self._engine.inspector.inventory(self._ws))
            case Parked(step, uncovered):
                self._halt_deletion()
                self._recorder.park(step, self._new_plan(), uncovered)
            case Cancelled():
                self._engine.halted(self._ws)
                self._recorder.cancel(self._engine.inspector.inventory(self._ws))
            case _:
                assert_never(outcome)
        return None

    def _reconcile(self) -> Outcome:
        """A stage that may not be left comes first and alone; only then a cancel is obeyed."""
        if (step := self._not_to_be_left()) and (outcome := self._run_stage(step, within=IN_LINE)):
            return outcome
        if self._recorder.cancel_asked():
            return Cancelled()
        if self._run.status is RunStatus.QUEUED:
            self._recorder.start()
            if self._engine.retried and self._run.attempt > 1:
                self._engine.retried()
        waits: list[Wait] = []
        left = list(self._steps)
        while left:
            step = next((each for each in left if each.stage.long and self._may_begin(each)), left[0])
            left.remove(step)
            match outcome := self._run_stage(step):
                case Wait():
                    waits.append(outcome)
                case Failed() | Parked() | Cancelled():
                    return outcome
            if self._not_to_be_left() or (waits and self._engine.doorbell.rings(self._run.id)):
                return _first(waits)
        if settled := self._stand_in_line(waits):
            return settled
        return _first(waits) if waits else self._look_again()

    def _stand_in_line(self, waits: list[Wait]) -> Failed | Parked | Cancelled | None:
        """Wait for the documents that others edit, as long as nothing else of this run wants attention."""
        for queued in [wait for wait in waits if isinstance(wait, Queued)]:
            waits.remove(queued)
            within = min([IN_LINE, *(wait.seconds for wait in waits if not isinstance(wait, Queued))])
            match outcome := self._run_stage(queued.step, within=within):
                case Failed() | Parked() | Cancelled():
                    return outcome
                case None:
                    waits.append(Wait(0, queued.reason))  # those that come after it may begin
                case _:
                    waits.append(outcome)
            if self._not_to_be_left():
                break
        return None

    def _run_stage(self, step: Step, within: float = 0) -> Wait | Failed | Parked | Cancelled | None:
        """One stage, as far as it goes. None: it is done, or others come before it.

        `within`: seconds to wait for a document that all share.
        """
        progress = self._run.progress(step.stage.name)
        if progress.status is StageStatus.DONE or not self._may_begin(step):
            return None
        heard = self._rang and progress.status is StageStatus.WAITING
        if not heard and (pause := progress.pause(self._recorder.now)):
            return Wait(pause, progress.reason or step.stage.title)
        try:
            if step.stage.locks:
                return self._share(step, progress, within)
            return self._work(step, progress, self._guard)
        except Interrupted:
            if not self._stopping:
                raise
            return Cancelled()
        except Exception as error:
            if self._recorder.store_failed:
                raise  # no fault of the stage: the turn is given up, the run stays as it is stored
            return self._answer(step, error)

    def _not_to_be_left(self) -> Step | None:
        """At most one: while there is one, no other is attended to."""
        return next((step for step in self._steps if self._run.progress(step.stage.name).to_the_end), None)

    def _may_begin(self, step: Step) -> bool:
        needed = prerequisites(step, self._run.goal)
        return all(self._run.progress(name).status is StageStatus.DONE for name in needed)

    def _share(self, step: Step, before: StageProgress, within: float) -> Wait | Parked | None:
        """A stage that edits what all share: what has nothing to edit takes no lock, and what waits for its
        turn may find its edit made by another."""
        found = self._found(step)
        if not isinstance(found, StageInspection):
            return found
        names = [lock.format(at=self._ws.platform) for lock in step.stage.locks]
        peer = Peer(self._ws, step.stage.name, self._run.goal, self._may_be_written)
        line, locks = self._engine.line, self._engine.locks
        with line.joined(peer), locks.try_hold(*names, within=within) as held:
            if held is not None and not peer.served:
                with line.at_work(peer):
                    return self._work(step, before, held, peer)
        if peer.served:
            return self._share(step, before, within)
        return Queued(AGAIN, Message("{title}: queued", title=step.stage.title), step)

    def _work(
        self, step: Step, before: StageProgress, held: Held, peer: Peer | None = None
    ) -> Wait | Parked | None:
        found = self._found(step)
        if not isinstance(found, StageInspection):
            return found
        stage, goal = step.stage, self._run.goal
        act = stage.ensure if goal is Goal.PRESENT else stage.remove
        wait = act(self._ws, found.seen, self._context(step, held, peer))
        if wait:
            if late := self._recorder.late(step, wait.reason):
                raise late
            if self._run.progress(stage.name).to_the_end and self._recorder.cancel_asked():
                wait = replace(wait, reason=Message("{reason} (cancels after this)", reason=wait.reason))
            self._recorder.wait(step, wait, before)
            return wait
        remaining = inspect(stage, self._ws, goal)
        if remaining.changes:
            raise Temporary(
                Message("{target} still differs from the plan", target=remaining.changes[0].target)
            )
        self._done(step, remaining)
        return None

    def _found(self, step: Step) -> StageInspection | Parked | None:
        """Look; what has to be done, with the intent to do it on record. None: nothing, the stage is done."""
        self._recorder.look(step)
        found = inspect(step.stage, self._ws, self._run.goal)
        if not found.changes:
            self._done(step, found)
            return None
        if uncovered := self._uncovered(step, found.changes):
            return Parked(step, uncovered)
        self.check(step, self._guard)
        self._recorder.intend(step, found.changes)
        return found

    def _done(self, step: Step, found: StageInspection) -> None:
        if self._run.progress(step.stage.name).since:
            self._engine.usual[step.stage.name, self._run.goal] = self._recorder.taken(step)
        self._recorder.done(step, found.not_owned)

    def _look_again(self) -> Wait | Succeeded | Failed | Parked:
        """Done means looked at again: all stages once more, and only then success."""
        waits: list[Wait] = []
        inspections = self._engine.inspector.inspect(self._ws, self._run.goal)
        for step, found in zip(self._steps, inspections, strict=True):
            error = found.error
            if uncovered := self._uncovered(step, found.changes):
                return Parked(step, uncovered)
            if found.changes:
                error = Temporary(Message("{target} changed during the run", target=found.changes[0].target))
            if error is None:
                self._recorder.left_there(step, found.not_owned)
                continue
            self._recorder.reopen(step)
            outcome = self._answer(step, error)
            if isinstance(outcome, Failed):
                return outcome
            waits.append(outcome)
        return _first(waits) if waits else Succeeded()

    def _answer(self, step: Step, error: Exception) -> Wait | Failed:
        """What an error of a stage does to the run."""
        match error:
            case Temporary():
                late = self._recorder.late(step, error.what)
                wait = None if late else self._recorder.retry(step, error)
                return wait or self._failed(step, late or error, error)
            case WorkError():
                return self._failed(step, error, error)
        return self._broke(step, error)

    def _failed(self, step: Step, worst: WorkError, facts: WorkError) -> Failed:
        failure = Failure(
            stage=step.stage.name,
            what=worst.what,
            reference=self._engine.new_reference(),
            cause=facts.cause,
            hint=facts.hint,
        )
        log.warning("run failed", run=self._run.id, stage=failure.stage, reference=failure.reference)
        return Failed(step, failure)

    def _broke(self, step: Step, error: Exception) -> Failed:
        """A bug: people get the reference, the log gets the trace."""
        reference = self._engine.new_reference()
        stage = step.stage.name
        log.error("stage broke", run=self._run.id, stage=stage, reference=reference, exc_info=error)
        what = Message("an unexpected error occurred (reference {reference})", reference=named(reference))
        return Failed(step, Failure(stage=stage, what=what, reference=reference))

    def _halt_deletion(self) -> None:
        """Where a person is asked, nothing goes on being removed; what is being made may be finished."""
        if self._run.goal is Goal.ABSENT:
            self._engine.halted(self._ws)

    def _new_plan(self) -> Plan:
        """What is left to do; a stage that cannot be read stands as it was approved."""
        approved = {stage.stage: stage for stage in self._run.plan.stages}
        found = self._engine.inspector.inspect(self._ws, self._run.goal)
        left = ((one.error and approved.get(one.stage)) or one.plan for one in found)
        return Plan(self._run.goal, tuple(left))

    def _uncovered(self, step: Step, changes: Sequence[Change]) -> tuple[Change, ...]:
        return tuple(each for each in changes if not self._run.plan.covers(step.stage.name, each))

    def _context(self, step: Step, held: Held, peer: Peer | None) -> TurnContext:
        return TurnContext(
            recorder=self._recorder,
            step=step,
            check=partial(self.check, step, held),
            peers=lambda: self._engine.line.behind(peer) if peer else (),
            usual=self._engine.usual.get((step.stage.name, self._run.goal)),
            wake=Ring(self._engine.doorbell, self._run.id),
        )

    def _may_be_written(self) -> bool:
        """Whether another run's turn may make the next write of this one, which waits in line meanwhile."""
        try:
            return not self._engine.ledger.cancel_requested(self._run.id)
        except Exception:  # noqa: BLE001 a store that does not answer is told in this run's own turn
            return False

    def check(self, step: Step, held: Held) -> None:
        """Whether the next write of the stage may be made. Raises `Interrupted`."""
        self._guard.check()
        held.check()
        if not self._run.progress(step.stage.name).to_the_end and self._recorder.cancel_asked():
            self._stopping = True
            raise Interrupted(Message("cancellation was requested"))


def _first(waits: Sequence[Wait]) -> Wait:
    return min(waits, key=lambda wait: wait.seconds)
