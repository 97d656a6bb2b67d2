"""What a deletion does about what is there and not ours: it leaves it, tells it, and removes all else."""

from __future__ import annotations

import pytest

from provisioner.engine.run import EntryKind, Run, RunId, RunStatus, StageProgress
from provisioner.engine.stage import Goal, Plan, Step
from provisioner.message import Message, literal
from provisioner.vendor_call import NotOurs
from tests.builders import a_workspace
from tests.fakes.world import FakeStage
from tests.fakes.yard import Yard

BUCKET = Message("{target} belongs to somebody else", target=literal("bucket alpha"))
BESIDE = Message("something beside {target} is not ours", target=literal("bucket alpha"))


@pytest.fixture
def yard() -> Yard:
    """Everything of alpha is there."""
    yard = Yard()
    yard.settle(yard.approve())
    yard.world.writes.clear()
    return yard


def takes_over(yard: Yard, stage: str = "bucket") -> None:
    yard.world.places["alpha", stage].foreign = True


def not_owned(plan: Plan) -> dict[str, Message]:
    return {stage.stage: stage.not_owned for stage in plan.stages if stage.not_owned}


def told(yard: Yard, run: Run) -> str:
    return yard.told(run.id)[-1]


class TestThePlan:
    def test_of_a_deletion_says_what_stays(self, yard: Yard) -> None:
        takes_over(yard)

        preview = yard.engine().inspector.preview(a_workspace(), Goal.ABSENT)

        assert (preview.refusals, preview.foreign) == ((), ())
        assert preview.plan
        assert not_owned(preview.plan) == {"bucket": BUCKET}
        assert [str(change.target) for change in preview.plan.changes] == [
            "nodes alpha",
            "login alpha",
            "policy alpha",
            "profile alpha",
        ]

    def test_of_a_create_is_refused(self, yard: Yard) -> None:
        takes_over(yard)

        preview = yard.engine().inspector.preview(a_workspace(), Goal.PRESENT)

        assert preview.plan is None
        assert [(one.stage, type(one.error)) for one in preview.refusals] == [("bucket", NotOurs)]

    def test_has_what_is_ours_beside_it(self, yard: Yard) -> None:
        yard.world.places["alpha", "bucket"].shared = True

        plan = yard.engine().inspector.preview(a_workspace(), Goal.ABSENT).plan

        assert plan
        assert not_owned(plan) == {"bucket": BESIDE}
        assert "bucket alpha" in [str(change.target) for change in plan.changes]

    def test_is_not_asked_for_where_nothing_is_ours(self, yard: Yard) -> None:
        for stage in ("profile", "bucket", "policy", "nodes", "login"):
            yard.world.places["alpha", stage].parts.clear()
        takes_over(yard)

        preview = yard.engine().inspector.preview(a_workspace(), Goal.ABSENT)

        assert [(one.stage, one.error.what) for one in preview.foreign] == [("bucket", BUCKET)]

    def test_is_not_asked_for_where_what_is_ours_is_so_by_its_name_alone(self, yard: Yard) -> None:
        """Whoever made the rest by hand made that, too."""
        by_name = {"policy", "login"}
        for step in yard.steps:
            step.stage.by_name = step.stage.name in by_name
        for stage in ("profile", "bucket", "nodes"):
            takes_over(yard, stage)

        preview = yard.engine().inspector.preview(a_workspace(), Goal.ABSENT)

        assert [one.stage for one in preview.foreign] == ["nodes", "bucket", "profile"]

    def test_is_asked_for_where_names_are_all_there_is(self, yard: Yard) -> None:
        for step in yard.steps:
            step.stage.by_name = True

        assert yard.engine().inspector.preview(a_workspace(), Goal.ABSENT).foreign == ()


class TestARun:
    def test_leaves_it_and_removes_the_rest(self, yard: Yard) -> None:
        takes_over(yard)

        run = yard.settle(yard.approve(Goal.ABSENT))

        assert run.status is RunStatus.SUCCEEDED
        assert yard.world.made() == {"bucket"}
        assert run.not_owned == (BUCKET,)
        assert "Stage bucket left in place: bucket alpha belongs to somebody else" in yard.told(run.id)
        assert told(yard, run) == (
            "All resources the bot owns were deleted. Left in place: bucket alpha belongs to somebody else"
        )

    def test_removes_what_is_ours_beside_it(self, yard: Yard) -> None:
        yard.world.places["alpha", "bucket"].shared = True

        run = yard.settle(yard.approve(Goal.ABSENT))

        assert run.status is RunStatus.SUCCEEDED
        assert yard.world.empty()
        assert run.not_owned == (BESIDE,)
        assert f"Stage bucket: deleted what the bot owns; left in place: {BESIDE}" in yard.told(run.id)

    def test_leaves_what_became_somebody_elses_since_it_was_approved(self, yard: Yard) -> None:
        run_id = yard.approve(Goal.ABSENT)
        takes_over(yard)

        run = yard.settle(run_id)

        assert run.status is RunStatus.SUCCEEDED
        assert yard.world.made() == {"bucket"}
        assert run.not_owned == (BUCKET,)

    def test_does_not_remove_what_became_ours_since_it_was_approved(self, yard: Yard) -> None:
        takes_over(yard)
        run_id = yard.approve(Goal.ABSENT)
        yard.world.places["alpha", "bucket"].foreign = False

        assert yard.settle(run_id).status is RunStatus.PARKED

        assert "bucket" in yard.world.made()
        assert not_owned(yard.reapprove(run_id)) == {}
        assert yard.settle(run_id).status is RunStatus.SUCCEEDED
        assert yard.world.empty()

    def test_keeps_what_stays_in_the_plan_that_is_asked_for_anew(self, yard: Yard) -> None:
        takes_over(yard)
        run_id = yard.approve(Goal.ABSENT)
        yard.world.places["alpha", "nodes"].data = True
        yard.settle(run_id)

        assert not_owned(yard.reapprove(run_id)) == {"bucket": BUCKET}

    def test_tells_what_the_last_look_found(self, yard: Yard) -> None:
        """Made by somebody else after ours was removed, or removed by them since it was left."""
        yard.steps = [
            Step(FakeStage(yard.world, "bucket")),
            Step(FakeStage(yard.world, "login")),
            Step(FakeStage(yard.world, "nodes"), after=("bucket", "login")),
        ]
        takes_over(yard, "login")
        run_id = yard.approve(Goal.ABSENT)
        nodes = yard.world.places["alpha", "nodes"]
        nodes.busy_until = yard.clock.now().replace(hour=23)
        yard.turn(run_id)
        takes_over(yard, "bucket")
        yard.world.places["alpha", "login"].foreign = False
        yard.world.places["alpha", "login"].parts.clear()
        nodes.busy_until = None

        run = yard.settle(run_id)

        assert run.status is RunStatus.SUCCEEDED
        assert run.not_owned == (BUCKET,)

    def test_that_fails_elsewhere_goes_on_after_a_retry(self, yard: Yard) -> None:
        takes_over(yard)
        run_id = yard.approve(Goal.ABSENT)
        yard.world.breaks("profile", ValueError("a bug"))
        failed = yard.settle(run_id)
        assert failed.status is RunStatus.FAILED
        assert failed.not_owned == (BUCKET,)
        assert _standing(yard, run_id) == ["profile"]
        yard.retry_by_hand(run_id)

        run = yard.settle(run_id)

        assert run.status is RunStatus.SUCCEEDED
        assert run.not_owned == (BUCKET,)

    def test_that_makes_does_not_leave_anything(self, yard: Yard) -> None:
        yard.world.places["alpha", "nodes"].parts.pop()
        run_id = yard.approve()
        takes_over(yard, "nodes")

        run = yard.settle(run_id)

        assert run.status is RunStatus.FAILED
        assert run.not_owned == ()

    def test_is_the_same_after_storage(self) -> None:
        progress = StageProgress(not_owned=BUCKET)

        assert StageProgress.from_json(progress.to_json()) == progress
        assert StageProgress.from_json({**StageProgress().to_json(), "stays": None}) == StageProgress()

    def test_of_an_older_version_can_still_be_read(self) -> None:
        old = {key: value for key, value in StageProgress().to_json().items() if key != "stays"}

        assert StageProgress.from_json(old) == StageProgress()


def _standing(yard: Yard, run_id: RunId) -> list[str]:
    told = yard.entry(run_id, EntryKind.FAILED).data["standing"]
    assert isinstance(told, list)
    return [str(one["stage"]) for one in told if isinstance(one, dict)]
