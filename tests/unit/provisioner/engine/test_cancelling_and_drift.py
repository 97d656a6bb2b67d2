"""What people and strangers do to a run while it goes: cancel, drift, data, another process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from provisioner.engine.run import EntryKind, Inventory, RunId, RunStatus, StageProgress, StageStatus
from provisioner.engine.stage import Goal, Plan, StageContext, Step, Verb, Wait
from provisioner.message import Message, literal
from provisioner.vendor_call import Permanent, Temporary
from provisioner.workspace import Workspace
from tests.fakes.world import PARTS, FakeStage, Look
from tests.fakes.yard import Yard

FLICKER = Temporary(Message("not now"))


@pytest.fixture
def yard() -> Yard:
    return Yard()


def inventory(yard: Yard, run_id: RunId, kind: EntryKind) -> Sequence[Inventory]:
    told = yard.entry(run_id, kind).data["standing"]
    assert isinstance(told, list)
    return [Inventory.from_json(one) for one in told if isinstance(one, dict)]


class Watcher(FakeStage):
    """Calls somebody between its first and its second write."""

    def __init__(self, yard: Yard, name: str, locks: Sequence[str] = (), *, to_the_end: bool = False) -> None:
        super().__init__(yard.world, name, locks=locks, to_the_end=to_the_end)
        self.halfway: Callable[[], None] = lambda: None

    def ensure(self, ws: Workspace, seen: Look, ctx: StageContext) -> Wait | None:
        return super().ensure(ws, seen, _Halfway(ctx, self))


class _Halfway:
    def __init__(self, ctx: StageContext, stage: Watcher) -> None:
        self._ctx = ctx
        self._stage = stage
        self._writes = 0
        self.record = ctx.record
        self.peers = ctx.peers
        self.now = ctx.now
        self.since = ctx.since
        self.taken = ctx.taken
        self.usual = ctx.usual
        self.wake = ctx.wake

    def progress(self, message: Message, *, to_the_end: bool = False) -> None:
        self._writes += 1
        if self._writes == 2:
            self._stage.halfway()
        self._ctx.progress(message, to_the_end=to_the_end)


class TestCancel:
    def test_before_it_begins_leaves_nothing(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.cancel(run_id)

        run = yard.settle(run_id)

        assert run.status is RunStatus.CANCELLED
        assert run.ended_at == yard.clock.now()
        assert yard.world.empty()
        assert inventory(yard, run_id, EntryKind.CANCELLED) == []

    def test_stops_before_the_next_write(self, yard: Yard) -> None:
        stage = Watcher(yard, "bucket")
        yard.steps = (Step(stage), Step(FakeStage(yard.world, "policy"), needs=("bucket",)))
        run_id = yard.approve()
        stage.halfway = lambda: yard.cancel(run_id)

        assert yard.turn(run_id) is None

        assert yard.run(run_id).status is RunStatus.CANCELLED
        assert [write.part for write in yard.world.writes] == ["body"]
        assert [one.targets for one in inventory(yard, run_id, EntryKind.CANCELLED)] == [
            (literal("bucket alpha"),)
        ]

    def test_while_it_waits_says_what_exists_and_what_is_unknown(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.turn(run_id)
        yard.cancel(run_id)
        yard.world.hides("bucket", Temporary(Message("cannot look")))

        yard.turn(run_id)

        told = {one.stage: one.targets for one in inventory(yard, run_id, EntryKind.CANCELLED)}
        assert told == {
            "profile": (literal("profile alpha"),),
            "bucket": None,
            "policy": (literal("policy alpha"),),
            "nodes": (literal("nodes alpha"),),
        }
        assert yard.told(run_id)[-1] == "Run canceled"

    @pytest.mark.parametrize("goal", list(Goal))
    def test_ends_what_was_started_and_not_awaited(self, yard: Yard, goal: Goal) -> None:
        """A drain that went on would remove what exists, right after it was said that it stays."""
        if goal is Goal.ABSENT:
            yard.settle(yard.approve())
        run_id = yard.approve(goal)
        yard.turn(run_id)
        assert yard.halted == []
        yard.cancel(run_id)

        yard.turn(run_id)

        assert yard.halted == ["alpha"]

    def test_makes_room_for_a_delete(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.turn(run_id)
        yard.cancel(run_id)
        yard.settle(run_id)

        assert yard.settle(yard.approve(Goal.ABSENT)).status is RunStatus.SUCCEEDED
        assert yard.world.empty()

    def test_that_came_too_late_does_not_stop_the_retry(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.world.breaks("bucket", Permanent(Message("no")))
        yard.settle(run_id)
        yard.cancel(run_id)
        yard.retry_by_hand(run_id)

        assert yard.settle(run_id).status is RunStatus.SUCCEEDED


def some_that_may_not_be_left(yard: Yard) -> tuple[Step, ...]:
    """The login comes between two others, and takes two looks more."""
    takes = timedelta(seconds=15)
    login = FakeStage(yard.world, "login", takes=takes, locks=("configmap/dex",), to_the_end=True)
    profile = FakeStage(yard.world, "profile", takes=timedelta(minutes=5))
    return (Step(profile), Step(login), Step(FakeStage(yard.world, "bucket")))


@pytest.mark.parametrize("goal", list(Goal))
class TestWhatMayNotBeLeft:
    """T21: who is told to stop while dex restarts with their edit still sees it through."""

    @pytest.fixture
    def run_id(self, yard: Yard, goal: Goal) -> RunId:
        yard.steps = some_that_may_not_be_left(yard)
        if goal is Goal.ABSENT:
            yard.settle(yard.approve())
        run_id = yard.approve(goal)
        yard.world.writes.clear()
        yard.turn(run_id)
        return run_id

    @pytest.fixture
    def later(self, goal: Goal) -> str:
        """The stage that comes after the login."""
        return "bucket" if goal is Goal.PRESENT else "profile"

    def test_is_seen_through_before_a_cancel(self, yard: Yard, run_id: RunId, later: str) -> None:
        yard.cancel(run_id)

        run = yard.settle(run_id)

        assert run.status is RunStatus.CANCELLED
        assert run.progress("login") == replace(
            run.progress("login"), status=StageStatus.DONE, to_the_end=False
        )
        assert run.progress(later) == StageProgress()
        assert {write.stage for write in yard.world.writes} == {"bucket", "login", "profile"} - {later}

    def test_is_said_to_be_what_a_cancel_waits_for(self, yard: Yard, run_id: RunId) -> None:
        assert str(yard.run(run_id).progress("login").reason) == "login alpha is on its way"
        yard.cancel(run_id)
        yard.pass_time(10)

        wait = yard.turn(run_id)

        said = yard.run(run_id).progress("login").reason
        assert str(said) == "login alpha is on its way (cancels after this)"
        assert wait
        assert wait.reason == said

    def test_is_told_where_it_fails_after_a_cancel(self, yard: Yard, run_id: RunId) -> None:
        yard.cancel(run_id)
        yard.world.hides("login", Permanent(Message("dex did not start")))
        yard.pass_time(10)

        assert yard.turn(run_id) is None

        run = yard.run(run_id)
        assert run.status is RunStatus.FAILED
        assert str(run.failure and run.failure.what) == "dex did not start"
        yard.give_up(run_id)

    def test_has_the_run_for_itself(self, yard: Yard, run_id: RunId, later: str) -> None:
        """A run that fails elsewhere would leave it as a cancel does."""
        yard.world.breaks(later, Permanent(Message("no bucket")))

        run = yard.settle(run_id)

        assert run.status is RunStatus.FAILED
        assert str(run.failure and run.failure.what) == "no bucket"
        assert run.progress("login").status is StageStatus.DONE

    def test_stands_in_line_for_its_document_whatever_else_is_due(self, yard: Yard, run_id: RunId) -> None:
        yard.cancel(run_id)
        yard.pass_time(10)

        with yard.locks.try_hold("configmap/dex"):
            yard.turn(run_id)

        assert yard.locks.patience["configmap/dex"] == 5


def test_who_is_told_to_stop_between_two_writes_that_belong_together_makes_both(yard: Yard) -> None:
    stage = Watcher(yard, "login", to_the_end=True)
    yard.steps = (Step(stage), Step(FakeStage(yard.world, "bucket")))
    run_id = yard.approve()
    stage.halfway = lambda: yard.cancel(run_id)

    run = yard.settle(run_id)

    assert run.status is RunStatus.CANCELLED
    assert [(write.stage, write.part) for write in yard.world.writes] == [
        ("login", "body"),
        ("login", "mark"),
    ]


def test_what_may_not_be_left_is_not_begun_after_a_cancel(yard: Yard) -> None:
    stage = Watcher(yard, "bucket")
    yard.steps = (Step(stage), *some_that_may_not_be_left(yard)[1:2])
    run_id = yard.approve()
    stage.halfway = lambda: yard.cancel(run_id)

    assert yard.settle(run_id).status is RunStatus.CANCELLED
    assert {write.stage for write in yard.world.writes} == {"bucket"}


class TestWhatWasNotApproved:
    def test_parks_the_run_with_a_new_plan(self, yard: Yard) -> None:
        yard.settle(yard.approve())
        run_id = yard.approve(Goal.ABSENT)
        yard.world.places["alpha", "bucket"].data = True

        run = yard.settle(run_id)

        assert run.status is RunStatus.PARKED
        assert "bucket" in yard.world.made()
        entry = yard.entry(run_id, EntryKind.PARKED)
        plan = Plan.from_json(entry.data["plan"])  # type: ignore[arg-type]  # this kind holds a plan
        assert [str(change.target) for change in plan.dangers] == ["bucket alpha"]
        assert [str(change.target) for change in plan.changes] == ["bucket alpha", "profile alpha"]
        assert str(entry.message) == ("Stage bucket changed after approval; the updated plan needs approval")

    @pytest.mark.parametrize("goal", list(Goal))
    def test_ends_a_removal_that_was_started_and_not_what_is_being_made(self, yard: Yard, goal: Goal) -> None:
        yard.settle(yard.approve())
        run_id = yard.approve(goal)
        yard.world.places["alpha", "policy"].parts.pop()
        yard.world.places["alpha", "policy"].data = True

        assert yard.settle(run_id).status is RunStatus.PARKED
        assert yard.halted == (["alpha"] if goal is Goal.ABSENT else [])

    def test_is_done_once_it_is_approved(self, yard: Yard) -> None:
        yard.settle(yard.approve())
        run_id = yard.approve(Goal.ABSENT)
        yard.world.places["alpha", "bucket"].data = True
        yard.settle(run_id)

        yard.reapprove(run_id)

        assert yard.settle(run_id).status is RunStatus.SUCCEEDED
        assert yard.world.empty()

    def test_is_not_done_when_it_was_there_at_approval_and_is_gone(self, yard: Yard) -> None:
        yard.settle(yard.approve())
        run_id = yard.approve()
        yard.world.places["alpha", "policy"].parts.clear()
        before = list(yard.world.writes)

        assert yard.settle(run_id).status is RunStatus.PARKED
        assert yard.world.writes == before

    def test_leaves_a_stage_that_cannot_be_read_as_it_was_approved(self, yard: Yard) -> None:
        yard.settle(yard.approve())
        run_id = yard.approve(Goal.ABSENT)
        yard.world.places["alpha", "nodes"].data = True
        yard.world.hides("login", Temporary(Message("cannot look")))

        assert yard.settle(run_id).status is RunStatus.PARKED

        plan = Plan.from_json(yard.entry(run_id, EntryKind.PARKED).data["plan"])  # type: ignore[arg-type]  # this kind holds a plan
        assert (Verb.DELETE, "login alpha") in [(change.verb, str(change.target)) for change in plan.changes]


class TestTheLastLook:
    def test_sends_a_stage_back_to_work(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.turn(run_id)
        yard.world.places["alpha", "bucket"].parts.clear()

        run = yard.settle(run_id)

        assert run.status is RunStatus.SUCCEEDED
        assert yard.world.made() == {"profile", "bucket", "policy", "nodes", "login"}
        again = yard.entry(run_id, EntryKind.STAGE_RETRYING)
        assert str(again.message).startswith("Stage bucket: bucket alpha changed during the run. Next retry")
        assert [entry.stage for entry in yard.journal(run_id) if entry.kind is EntryKind.INTENDED].count(
            "bucket"
        ) == 2

    @pytest.mark.parametrize("slow", [False, True])
    def test_does_not_do_so_for_ever(self, yard: Yard, *, slow: bool) -> None:
        takes = timedelta(seconds=25)
        stage = SlowFading(yard.world, "bucket", takes=takes) if slow else Fading(yard.world, "bucket")
        yard.steps = (Step(stage),)
        run_id = yard.approve()

        run = yard.settle(run_id)

        assert run.status is RunStatus.FAILED
        assert str(run.failure and run.failure.what) == "bucket alpha changed during the run"
        assert run.progress("bucket").tries == yard.retry.tries

    def test_counts_its_own_tries(self, yard: Yard) -> None:
        """What went wrong while a stage was made is forgotten when it is done."""
        yard.steps = (Step(Flickering(yard.world, "bucket")),)
        run_id = yard.approve()
        yard.world.breaks("bucket", *[FLICKER] * (yard.retry.tries - 1))

        run = yard.settle(run_id)

        assert (run.status, run.progress("bucket").tries) == (RunStatus.SUCCEEDED, 0)
        assert len([each for each in yard.journal(run_id) if each.kind is EntryKind.STAGE_RETRYING]) == 3

    def test_parks_what_was_not_approved(self, yard: Yard) -> None:
        yard.steps = quick_and_slow(yard)
        yard.settle(yard.approve())
        run_id = yard.approve(Goal.ABSENT)
        yard.turn(run_id)
        bucket = yard.world.places["alpha", "bucket"]
        bucket.parts, bucket.data = ["body"], True

        assert yard.settle(run_id).status is RunStatus.PARKED

        yard.reapprove(run_id)
        assert yard.settle(run_id).status is RunStatus.SUCCEEDED
        assert yard.world.empty()

    @pytest.mark.parametrize("goal", list(Goal))
    def test_is_tried_again_when_the_vendor_is_away(self, yard: Yard, goal: Goal) -> None:
        yard.steps = quick_and_slow(yard)
        if goal is Goal.ABSENT:
            yard.settle(yard.approve())
        run_id = yard.approve(goal)
        yard.turn(run_id)
        yard.world.hides("bucket", Temporary(Message("cannot look at the bucket")))
        before = [write for write in yard.world.writes if write.stage == "bucket"]

        assert yard.settle(run_id).status is RunStatus.SUCCEEDED

        assert [write for write in yard.world.writes if write.stage == "bucket"] == before
        assert (
            f"Stage bucket{' already exists' if goal is Goal.PRESENT else ': nothing to delete'}"
            in yard.told(run_id)
        )

    def test_fails_on_what_became_somebody_elses(self, yard: Yard) -> None:
        yard.steps = quick_and_slow(yard)
        run_id = yard.approve()
        yard.turn(run_id)
        yard.world.places["alpha", "bucket"].foreign = True

        run = yard.settle(run_id)

        assert run.status is RunStatus.FAILED
        assert str(run.failure and run.failure.what) == "bucket alpha belongs to somebody else"


def quick_and_slow(yard: Yard) -> tuple[Step, ...]:
    slow = FakeStage(yard.world, "nodes", takes=timedelta(seconds=25))
    return (Step(FakeStage(yard.world, "bucket")), Step(slow))


class Fading(FakeStage):
    """Gone again whenever the last look of a run comes to it."""

    _looks = -1  # the preview's is not counted

    def observe(self, ws: Workspace, goal: Goal) -> Look:
        self._looks += 1
        if self._looks and self._looks % 3 == 0:
            self._world.places[ws.project, self.name].parts.clear()
        return super().observe(ws, goal)


class Flickering(FakeStage):
    """Cannot be read when the last look comes to it for the first time."""

    _whole = 0

    def observe(self, ws: Workspace, goal: Goal) -> Look:
        seen = super().observe(ws, goal)
        self._whole += len(seen.parts) == len(PARTS)
        if self._whole == 2:
            self._whole += 1
            raise FLICKER
        return seen


class SlowFading(FakeStage):
    """The same, of what takes time: there is a wait between any two of its errors."""

    _whole = 0

    def observe(self, ws: Workspace, goal: Goal) -> Look:
        seen = super().observe(ws, goal)
        if len(seen.parts) < len(PARTS) or seen.busy:
            return seen
        self._whole += 1
        if self._whole % 2 == 0:
            self._world.places[ws.project, self.name].parts.clear()
        return super().observe(ws, goal)


class Witness(FakeStage):
    """Notes what it is told of when its attempt began."""

    def __init__(self, yard: Yard) -> None:
        super().__init__(yard.world, "nodes", takes=timedelta(seconds=25))
        self.told: list[datetime] = []

    def ensure(self, ws: Workspace, seen: Look, ctx: StageContext) -> Wait | None:
        self.told.append(ctx.since)
        return super().ensure(ws, seen, ctx)


class TestAnAttempt:
    def test_begins_when_it_first_acts_and_anew_when_a_person_retries(self, yard: Yard) -> None:
        stage = Witness(yard)
        yard.steps = (Step(stage),)
        run_id, begun = yard.approve(), yard.clock.now()
        yard.world.breaks("nodes", Temporary(Message("not now")), Permanent(Message("never")))
        yard.settle(run_id)
        assert stage.told == [begun, begun]
        yard.clock.pass_by(60)
        yard.retry_by_hand(run_id)
        again = yard.clock.now()

        yard.settle(run_id)

        assert len(stage.told) > 3
        assert set(stage.told[2:]) == {again}


class TestTwoAtOnce:
    def test_a_run_in_other_hands_is_left_alone(self, yard: Yard) -> None:
        run_id = yard.approve()

        with yard.locks.try_hold(f"run/{run_id}"):
            wait = yard.turn(run_id)

        assert wait == Wait(1, Message("another process is handling this run"))
        assert yard.run(run_id).status is RunStatus.QUEUED

    def test_a_shared_document_in_other_hands_is_waited_for(self, yard: Yard) -> None:
        yard.steps = (Step(FakeStage(yard.world, "login", locks=("configmap/dex",))),)
        run_id = yard.approve()

        with yard.locks.try_hold("configmap/dex"):
            wait = yard.turn(run_id)

        assert wait is not None
        reason = Message("{title}: queued", title=yard.stage("login").title)
        assert (wait.seconds, wait.reason) == (1, reason)
        assert not yard.world.writes
        assert yard.settle(run_id).status is RunStatus.SUCCEEDED

    def test_locks_are_free_again_while_it_waits(self, yard: Yard) -> None:
        slow = timedelta(minutes=1)
        yard.steps = (Step(FakeStage(yard.world, "login", takes=slow, locks=("configmap/dex",))),)

        yard.turn(yard.approve())

        assert not yard.locks.taken

    @pytest.mark.parametrize("lost", ["run/WSR-0001.1", "configmap/dex"])
    def test_who_lost_a_lock_does_not_write(self, yard: Yard, lost: str) -> None:
        stage = Watcher(yard, "login", locks=("configmap/dex",))
        yard.steps = (Step(stage),)
        run_id = yard.approve()
        stage.halfway = lambda: yard.locks.lose(lost)

        wait = yard.turn(run_id)

        assert wait
        assert [write.part for write in yard.world.writes] == ["body"]
        assert yard.run(run_id).status is RunStatus.RUNNING
        stage.halfway = lambda: None
        assert yard.settle(run_id).status is RunStatus.SUCCEEDED
        assert [write.part for write in yard.world.writes] == ["body", "mark"]

    def test_it_stands_in_line_for_a_document_while_nothing_else_of_the_run_is_due(self, yard: Yard) -> None:
        policy = FakeStage(yard.world, "policy", locks=("policy/shared",))
        nodes = FakeStage(yard.world, "nodes", takes=timedelta(seconds=25))
        yard.steps = (Step(policy), Step(nodes))
        run_id, patience = yard.approve(), []

        with yard.locks.try_hold("policy/shared"):
            for passed in (0, 1, 6):
                yard.clock.pass_by(passed)
                yard.turn(run_id)
                patience.append(yard.locks.patience["policy/shared"])

        assert patience == [5, 5, 3], "the nodes begin first, and are looked at again after ten seconds"

    def test_it_stands_in_line_again_for_what_it_has_waited_for(self, yard: Yard) -> None:
        yard.steps = (Step(FakeStage(yard.world, "login", takes=timedelta(seconds=25), locks=("dex",))),)
        run_id = yard.approve()
        yard.turn(run_id)
        yard.clock.pass_by(12)

        with yard.locks.try_hold("dex"):
            yard.turn(run_id)

        assert yard.locks.patience["dex"] == 5
