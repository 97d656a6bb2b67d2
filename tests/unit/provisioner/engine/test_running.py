"""How a run goes, told turn by turn."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from provisioner.engine.inspection import in_order
from provisioner.engine.run import (
    EntryKind,
    Inventory,
    RetryPolicy,
    RunId,
    RunStatus,
    StageProgress,
    StageStatus,
    Stale,
)
from provisioner.engine.stage import Goal, StageContext, Step, Wait
from provisioner.engine.turn import advance
from provisioner.message import Message, literal
from provisioner.vendor_call import NotOurs, Permanent, Temporary
from provisioner.workspace import Workspace
from tests.builders import a_cause, a_run, a_workspace
from tests.fakes.world import FakeStage, FakeWorld, Look
from tests.fakes.yard import Yard

THROTTLED = Temporary(Message("cannot create the bucket"), cause=a_cause("Slow down"))
DENIED = Permanent(Message("cannot create the bucket"), cause=a_cause(), hint=Message("ask for the right"))
ALL = {"profile", "bucket", "policy", "nodes", "login"}


@pytest.fixture
def yard() -> Yard:
    return Yard()


def stages(yard: Yard, kind: EntryKind, run_id: RunId) -> list[str]:
    return [entry.stage for entry in yard.journal(run_id) if entry.kind is kind]


class TestAGoodDay:
    def test_everything_is_made_and_said(self, yard: Yard) -> None:
        run = yard.settle(yard.approve())

        assert run.status is RunStatus.SUCCEEDED
        assert yard.world.made() == ALL
        assert all(progress.status is StageStatus.DONE for progress in run.stages.values())
        assert (run.started_at, run.ended_at) == (run.created_at, yard.clock.now())
        assert yard.told(run.id)[0] == "Run started"
        assert yard.told(run.id)[-2:] == ["Stage login is ready", "All resources are ready"]

    def test_a_delete_leaves_nothing(self, yard: Yard) -> None:
        yard.settle(yard.approve())

        run = yard.settle(yard.approve(Goal.ABSENT))

        assert run.status is RunStatus.SUCCEEDED
        assert yard.world.empty()
        assert yard.told(run.id)[-2:] == ["Stage profile deleted", "All resources were deleted"]

    def test_a_stage_begins_when_what_it_needs_is_done(self, yard: Yard) -> None:
        run = yard.settle(yard.approve())

        begun = stages(yard, EntryKind.INTENDED, run.id)
        assert begun == ["profile", "bucket", "policy", "nodes", "login"]

    def test_a_delete_has_an_order_of_its_own(self, yard: Yard) -> None:
        yard.settle(yard.approve())

        run = yard.settle(yard.approve(Goal.ABSENT))

        assert stages(yard, EntryKind.STAGE_DONE, run.id) == ["nodes", "login", "policy", "bucket", "profile"]

    def test_others_go_on_while_one_waits(self, yard: Yard) -> None:
        yard.steps = (Step(FakeStage(yard.world, "nodes", takes=timedelta(minutes=9))), *yard.steps[1:3])
        run_id = yard.approve()

        wait = yard.turn(run_id)

        assert wait == Wait(10, Message("{target} is on its way", target=literal("nodes alpha")))
        assert yard.run(run_id).status is RunStatus.WAITING
        assert yard.world.made() == {"nodes", "bucket", "policy"}

    def test_a_stage_that_waits_is_not_looked_at_before_its_time(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.turn(run_id)
        before = yard.run(run_id)
        yard.clock.pass_by(4)

        wait = yard.turn(run_id)

        assert wait
        assert wait.seconds == 6
        assert yard.run(run_id) == before

    def test_the_same_wait_is_told_once(self, yard: Yard) -> None:
        run = yard.settle(yard.approve())

        assert stages(yard, EntryKind.STAGE_WAITING, run.id) == ["nodes"]

    def test_the_intent_is_told_once_however_often_it_waits(self, yard: Yard) -> None:
        run = yard.settle(yard.approve())

        assert stages(yard, EntryKind.INTENDED, run.id).count("nodes") == 1

    def test_what_is_there_already_is_left_alone(self, yard: Yard) -> None:
        yard.settle(yard.approve())
        before = list(yard.world.writes)

        run = yard.settle(yard.approve())

        assert run.status is RunStatus.SUCCEEDED
        assert yard.world.writes == before
        assert "Stage bucket already exists" in yard.told(run.id)

    def test_facts_are_journalled_before_the_write_that_follows(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.world.breaks("policy", DENIED)

        yard.settle(run_id)

        recorded = [entry.data for entry in yard.journal(run_id) if entry.kind is EntryKind.RECORDED]
        assert recorded == [{"part": "body"}, {"part": "mark"}]

    def test_a_run_that_has_ended_is_not_moved(self, yard: Yard) -> None:
        run = yard.settle(yard.approve())

        assert yard.turn(run.id) is None
        assert yard.run(run.id) == run


class TestAPreview:
    def test_shows_every_stage_in_the_order_it_will_run(self, yard: Yard) -> None:
        preview = yard.engine().inspector.preview(a_workspace(), Goal.PRESENT)

        assert preview.plan
        assert [stage.stage for stage in preview.plan.stages] == [
            "profile",
            "bucket",
            "policy",
            "nodes",
            "login",
        ]
        assert not yard.world.writes

    def test_gives_all_reasons_at_once(self, yard: Yard) -> None:
        yard.world.places["alpha", "bucket"].foreign = True
        yard.world.hides("nodes", THROTTLED)
        yard.world.hides("login", DENIED)

        preview = yard.engine().inspector.preview(a_workspace(), Goal.PRESENT)

        assert preview.plan is None
        assert [refused.stage for refused in preview.refusals] == ["bucket", "nodes", "login"]
        assert isinstance(preview.refusals[0].error, NotOurs)

    def test_does_not_hide_a_bug(self, yard: Yard) -> None:
        yard.world.hides("nodes", ValueError("a bug"))

        with pytest.raises(ValueError, match="a bug"):
            yard.engine().inspector.preview(a_workspace(), Goal.PRESENT)

    def test_of_what_exists_names_what_could_not_be_read(self, yard: Yard) -> None:
        yard.settle(yard.approve())
        yard.world.hides("nodes", ValueError("a bug"))
        yard.world.places["alpha", "login"].foreign = True

        told = {one.stage: one.targets for one in yard.engine().inspector.inventory(a_workspace())}

        assert told == {
            "profile": (literal("profile alpha"),),
            "bucket": (literal("bucket alpha"),),
            "policy": (literal("policy alpha"),),
            "nodes": None,
        }


class TestATemporaryError:
    def test_is_tried_again_later(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.world.breaks("bucket", THROTTLED)

        wait = yard.turn(run_id)

        progress = yard.run(run_id).progress("bucket")
        assert progress.status is StageStatus.RETRYING
        assert progress.tries == 1
        assert wait
        assert timedelta(seconds=1) <= timedelta(seconds=wait.seconds) <= timedelta(seconds=2)
        assert yard.settle(run_id).status is RunStatus.SUCCEEDED

    def test_says_when_and_how_often(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.world.breaks("bucket", THROTTLED)

        yard.settle(run_id)

        entry = yard.entry(run_id, EntryKind.STAGE_RETRYING)
        assert "Stage bucket: cannot create the bucket. Next retry 2026-11-23 12:00" in str(entry.message)
        assert str(entry.message).endswith("(attempt 2 of 3)")
        assert entry.data["cause"] == a_cause("Slow down").to_json()

    def test_goes_on_from_where_it_was(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.world.breaks("bucket", THROTTLED, THROTTLED)

        yard.settle(run_id)

        assert [write.part for write in yard.world.writes if write.stage == "bucket"] == ["body", "mark"]

    def test_fails_the_run_when_the_tries_are_used_up(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.world.breaks("bucket", *[THROTTLED] * 3)

        run = yard.settle(run_id)

        assert run.status is RunStatus.FAILED
        assert run.failure
        assert run.failure.stage == "bucket"
        assert run.failure.cause == a_cause("Slow down")
        assert stages(yard, EntryKind.STAGE_RETRYING, run_id) == ["bucket", "bucket"]

    def test_waits_as_long_as_the_vendor_asks(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.world.hides("bucket", Temporary(Message("busy"), retry_after=timedelta(seconds=90)))
        yard.steps = (Step(FakeStage(yard.world, "bucket")),)

        wait = yard.turn(run_id)

        assert wait
        assert wait.seconds == 90

    def test_is_forgotten_when_the_vendor_has_answered_since(self, yard: Yard) -> None:
        """A node group is looked at for half an hour, and AWS throttles now and then."""
        yard.steps = (Step(FakeStage(yard.world, "nodes", takes=timedelta(minutes=2))),)
        run_id = yard.approve()

        for _ in range(yard.retry.tries):
            yard.turn(run_id)
            yard.clock.pass_by(10)
            yard.world.hides("nodes", THROTTLED)
            yard.turn(run_id)
            yard.clock.pass_by(10)

        assert yard.run(run_id).progress("nodes").tries == 1
        assert yard.settle(run_id).status is RunStatus.SUCCEEDED

    def test_of_a_look_counts_too(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.world.hides("profile", *[THROTTLED] * 3)

        assert yard.settle(run_id).status is RunStatus.FAILED

    def test_a_stage_that_says_it_is_done_and_is_not_is_tried_again(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.stage("bucket").lies = True

        run = yard.settle(run_id)

        assert run.status is RunStatus.FAILED
        assert str(run.failure and run.failure.what) == "bucket alpha still differs from the plan"
        assert run.progress("bucket").tries == 3

    def test_does_not_hold_up_the_others(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.world.breaks("profile", THROTTLED)

        yard.turn(run_id)

        assert yard.world.made() == {"bucket", "policy"}


class TestAFailure:
    def test_of_a_permanent_kind_is_at_once(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.world.breaks("bucket", DENIED)

        assert yard.turn(run_id) is None

        run = yard.run(run_id)
        assert run.status is RunStatus.FAILED
        assert run.failure
        assert (run.failure.what, run.failure.cause, run.failure.hint) == (
            DENIED.what,
            DENIED.cause,
            DENIED.hint,
        )
        assert run.progress("bucket").status is StageStatus.FAILED
        assert yard.told(run_id)[-1] == "Stage bucket failed: cannot create the bucket"

    @pytest.mark.parametrize("goal", list(Goal))
    @pytest.mark.parametrize("error", [DENIED, ValueError("a bug")])
    def test_ends_a_removal_that_was_started_and_not_what_is_being_made(
        self, yard: Yard, goal: Goal, error: Exception
    ) -> None:
        if goal is Goal.ABSENT:
            yard.settle(yard.approve())
        yard.world.breaks("nodes", error)

        assert yard.settle(yard.approve(goal)).status is RunStatus.FAILED

        assert yard.halted == (["alpha"] if goal is Goal.ABSENT else [])

    def test_is_said_to_be_wanted_again_once_for_each_retry(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.world.breaks("nodes", THROTTLED, THROTTLED, DENIED)
        yard.settle(run_id)
        assert yard.retried == 0

        yard.retry_by_hand(run_id)
        yard.settle(run_id)

        assert yard.run(run_id).status is RunStatus.SUCCEEDED
        assert yard.retried == 1

    def test_lists_what_exists(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.world.breaks("bucket", DENIED)
        yard.settle(run_id)

        inventory = yard.entry(run_id, EntryKind.FAILED).data["standing"]

        assert isinstance(inventory, list)
        assert [Inventory.from_json(one) for one in inventory] == [  # type: ignore[arg-type]  # this kind holds a list
            Inventory("profile", Message("Stage {name}", name="profile"), (literal("profile alpha"),)),
            Inventory("bucket", Message("Stage {name}", name="bucket"), (literal("bucket alpha"),)),
        ]

    def test_of_what_is_not_ours_touches_nothing(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.world.places["alpha", "bucket"].foreign = True

        run = yard.settle(run_id)

        assert run.status is RunStatus.FAILED
        assert str(run.failure and run.failure.what) == "bucket alpha belongs to somebody else"
        assert "bucket" not in yard.world.made()

    def test_nobody_expected_gives_a_reference_to_people_and_the_trace_to_the_log(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.world.breaks("bucket", ValueError("the inner secret"))

        with capture_logs() as logs:
            run = yard.settle(run_id)

        assert run.status is RunStatus.FAILED
        assert yard.told(run_id)[-1] == "Stage bucket failed: an unexpected error occurred (reference ref-1)"
        assert "secret" not in str([entry.data for entry in yard.journal(run_id)])
        (line,) = (line for line in logs if line.get("reference") == "ref-1")
        assert str(line["exc_info"]) == "the inner secret"

    def test_is_mended_by_a_retry_that_makes_only_what_is_missing(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.world.breaks("bucket", DENIED)
        yard.settle(run_id)
        yard.retry_by_hand(run_id)

        run = yard.settle(run_id)

        assert run.status is RunStatus.SUCCEEDED
        assert run.failure is None
        assert len(yard.world.effects()) == len(set(yard.world.effects())) == 10
        assert "Run resumed" in yard.told(run_id)

    def test_can_be_rolled_back_by_a_delete(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.world.breaks("policy", DENIED)
        yard.settle(run_id)
        yard.give_up(run_id)

        run = yard.settle(yard.approve(Goal.ABSENT))

        assert run.status is RunStatus.SUCCEEDED
        assert yard.world.empty()

    def test_comes_when_a_stage_takes_too_long(self, yard: Yard) -> None:
        yard.retry = RetryPolicy(stage_within=timedelta(minutes=2))
        yard.steps = (Step(FakeStage(yard.world, "nodes", takes=timedelta(hours=1))),)
        run_id = yard.approve()

        run = yard.settle(run_id)

        assert str(run.failure and run.failure.what) == (
            "timed out after 2 minutes: nodes alpha is on its way"
        )
        assert yard.clock.now() - run.created_at == timedelta(minutes=2)

    def test_comes_when_a_stage_is_broken_too_long(self, yard: Yard) -> None:
        yard.retry = RetryPolicy(tries=1000, stage_within=timedelta(minutes=2))
        run_id = yard.approve()
        yard.world.breaks("bucket", *[THROTTLED] * 1000)

        run = yard.settle(run_id)

        assert str(run.failure and run.failure.what) == (
            "timed out after 2 minutes: cannot create the bucket"
        )
        assert run.failure
        assert run.failure.cause == a_cause("Slow down")

    def test_a_stage_that_became_ready_while_nobody_looked_is_not_late(self, yard: Yard) -> None:
        yard.retry = RetryPolicy(stage_within=timedelta(minutes=2))
        run_id = yard.approve()
        yard.turn(run_id)
        yard.clock.pass_by(3600)

        assert yard.settle(run_id).status is RunStatus.SUCCEEDED

    def test_does_not_come_of_hours_in_line(self, yard: Yard) -> None:
        yard.retry = RetryPolicy(stage_within=timedelta(minutes=2))
        until = yard.clock.later(7200)
        yard.steps = (Step(InLine(yard.world, "nodes", until, takes=timedelta(minutes=1))),)

        run = yard.settle(yard.approve())

        assert run.status is RunStatus.SUCCEEDED
        assert run.ended_at
        assert run.ended_at - until >= timedelta(minutes=1)

    def test_counts_what_comes_after_the_line(self, yard: Yard) -> None:
        yard.retry = RetryPolicy(stage_within=timedelta(minutes=2))
        until = yard.clock.later(7200)
        yard.steps = (Step(InLine(yard.world, "nodes", until, takes=timedelta(hours=1))),)

        run = yard.settle(yard.approve())

        assert run.status is RunStatus.FAILED
        assert yard.clock.now() - until == timedelta(minutes=2)

    def test_does_not_come_of_hours_in_which_nobody_looked(self, yard: Yard) -> None:
        yard.steps = (Step(FakeStage(yard.world, "nodes", takes=timedelta(hours=3, minutes=5))),)
        run_id = yard.approve()
        for _ in range(3):
            assert yard.turn(run_id)
            yard.clock.pass_by(3600)  # the process was down

        assert yard.turn(run_id)
        assert yard.settle(run_id).status is RunStatus.SUCCEEDED

    def test_does_not_come_of_errors_with_hours_between_them(self, yard: Yard) -> None:
        run_id = yard.approve()
        yard.world.breaks("bucket", THROTTLED, THROTTLED)
        for _ in range(2):
            assert yard.turn(run_id)
            yard.clock.pass_by(2 * 3600)

        assert yard.settle(run_id).status is RunStatus.SUCCEEDED

    @pytest.mark.parametrize("hours", [-1, 1])
    def test_does_not_come_of_a_clock_that_was_set(self, yard: Yard, hours: int) -> None:
        yard.steps = (Step(FakeStage(yard.world, "nodes", takes=timedelta(hours=4))),)
        run_id = yard.approve()
        assert yard.turn(run_id)
        yard.clock.pass_by(hours * 3600)
        yard.world.places["alpha", "nodes"].busy_until = yard.clock.later(25)

        wait = yard.turn(run_id)

        assert wait
        assert wait.seconds <= 10, "it is looked at as often as ever"
        assert yard.settle(run_id).status is RunStatus.SUCCEEDED


class TestStale:
    def test_is_only_a_matter_of_beginning_again(self, yard: Yard) -> None:
        run_id = yard.approve()
        old = yard.run(run_id)
        yard.turn(run_id)
        yard.clock.pass_by(30)
        before = list(yard.world.writes)

        wait = advance(yard.engine(), old)

        assert wait
        assert yard.world.writes == before

    def test_an_error_of_the_store_is_raised_and_fails_no_run(self, yard: Yard) -> None:
        run = a_run("WSR-0404.1")

        with pytest.raises(KeyError):
            advance(yard.engine(), run)

        assert run.status is RunStatus.QUEUED

    def test_keeps_an_old_copy_in_mid_stage_from_writing(self, yard: Yard) -> None:
        old = yard.run(yard.approve())
        old.status = RunStatus.RUNNING
        old.stages["profile"] = StageProgress(
            status=StageStatus.ACTING,
            since=old.created_at,
            reason=Message("touching {part}", part="body"),  # so that saying so again saves nothing
        )
        yard.store.ledger.write(yard.run(old.id))

        assert advance(yard.engine(), old)

        assert not yard.world.writes

    def test_is_no_failure_of_the_stage_that_met_it(self, yard: Yard) -> None:
        yard.steps = (Step(Meddler(yard)),)
        run_id = yard.approve()

        with pytest.raises(Permanent, match="cannot note"):
            yard.turn(run_id)

        assert yard.run(run_id).status is not RunStatus.FAILED


class Meddler(FakeStage):
    """While it acts somebody else saves the run; and it makes an error of its own of that."""

    def __init__(self, yard: Yard) -> None:
        super().__init__(yard.world, "meddler")
        self._yard = yard

    def ensure(self, ws: Workspace, seen: Look, ctx: StageContext) -> Wait | None:
        with self._yard.store.transaction() as desk:
            run = desk.runs.latest(ws.project)
            assert run
            desk.runs.save(run)
        try:
            return super().ensure(ws, seen, ctx)
        except Stale as error:
            raise Permanent(Message("cannot note")) from error


class InLine(FakeStage):
    """Others come first until then."""

    def __init__(self, world: FakeWorld, name: str, until: datetime, *, takes: timedelta) -> None:
        super().__init__(world, name, takes=takes)
        self._until = until

    def ensure(self, ws: Workspace, seen: Look, ctx: StageContext) -> Wait | None:
        if ctx.now < self._until:
            return Wait(60, Message("number 1 in line"), counts=False)
        return super().ensure(ws, seen, ctx)


class TestTheOrder:
    def test_refuses_a_circle(self, yard: Yard) -> None:
        one = Step(FakeStage(yard.world, "one"), needs=("two",))
        two = Step(FakeStage(yard.world, "two"), needs=("one",))

        with pytest.raises(ValueError, match="never comes"):
            in_order((one, two), Goal.PRESENT)

    def test_refuses_what_is_not_there(self, yard: Yard) -> None:
        with pytest.raises(ValueError, match="never comes"):
            in_order((Step(FakeStage(yard.world, "one"), after=("none",)),), Goal.ABSENT)

    def test_refuses_one_name_for_two(self, yard: Yard) -> None:
        with pytest.raises(ValueError, match="one name"):
            in_order((Step(FakeStage(yard.world, "one")), Step(FakeStage(yard.world, "one"))), Goal.PRESENT)
