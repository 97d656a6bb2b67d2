"""A run that waits and is told: it looks at once, and never depends on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from provisioner.engine.engine import Engine
from provisioner.engine.run import EntryKind, RunId, StageStatus
from provisioner.engine.stage import Goal, StageContext, Step, Wait, pause
from provisioner.engine.turn import advance
from provisioner.message import Message
from provisioner.vendor_call import Temporary
from provisioner.workspace import Workspace
from tests.builders import NOON
from tests.fakes.world import FakeStage, Look
from tests.fakes.yard import Yard
from tests.laws.stage_laws import Context

SLOW = timedelta(seconds=25)


class Watched(FakeStage):
    """Keeps what it is woken by, as a watch does."""

    wake: Callable[[], None]

    def ensure(self, ws: Workspace, seen: Look, ctx: StageContext) -> Wait | None:
        self.wake = ctx.wake
        return super().ensure(ws, seen, ctx)


class Listening:
    """One process: an engine that lasts, and what it was asked to wake."""

    def __init__(self, *steps: Step, yard: Yard) -> None:
        yard.steps = steps
        self.yard = yard
        self.woken: list[RunId] = []
        self.holds = True
        yard.wake = self._wake
        self.engine: Engine = yard.engine()
        self.run_id = yard.approve()

    def turn(self) -> Wait | None:
        return advance(self.engine, self.yard.run(self.run_id))

    def looked_at(self, stage: str) -> bool:
        """Whether just now."""
        return self.yard.run(self.run_id).progress(stage).looked_at == self.yard.clock.now()

    def _wake(self, run_id: RunId) -> bool:
        self.woken.append(run_id)
        return self.holds


@pytest.fixture
def yard() -> Yard:
    return Yard()


def test_a_stage_that_waits_is_looked_at_before_its_time_once_there_are_news(yard: Yard) -> None:
    stage = Watched(yard.world, "profile", takes=SLOW)
    here = Listening(Step(stage), yard=yard)
    here.turn()
    yard.pass_time(1)
    here.turn()
    assert not here.looked_at("profile")

    stage.wake()
    here.turn()

    assert here.woken == [here.run_id]
    assert here.looked_at("profile")


def test_news_are_for_one_turn(yard: Yard) -> None:
    stage = Watched(yard.world, "profile", takes=SLOW)
    here = Listening(Step(stage), yard=yard)
    here.turn()
    stage.wake()
    here.turn()

    yard.pass_time(1)
    here.turn()

    assert not here.looked_at("profile")


def test_news_of_a_run_that_is_held_elsewhere_are_forgotten(yard: Yard) -> None:
    stage = Watched(yard.world, "profile", takes=SLOW)
    here = Listening(Step(stage), yard=yard)
    here.turn()
    here.holds = False
    stage.wake()

    yard.pass_time(1)
    here.turn()

    assert not here.looked_at("profile")


def test_what_is_tried_again_after_an_error_keeps_its_pause(yard: Yard) -> None:
    stage = Watched(yard.world, "profile", takes=SLOW)
    other = FakeStage(yard.world, "bucket")
    yard.world.breaks("bucket", Temporary(Message("slow down")))
    here = Listening(Step(stage), Step(other), yard=yard)
    here.turn()
    yard.pass_time(0.5)

    stage.wake()
    here.turn()

    assert yard.run(here.run_id).progress("bucket").status is StageStatus.RETRYING
    assert "bucket" not in yard.world.made()


def test_news_in_the_midst_of_a_turn_go_before_what_is_left_of_it(yard: Yard) -> None:
    """The Profile is made while the bucket is: the nodes, which take minutes, go before the policies."""
    profile = Watched(yard.world, "profile", takes=SLOW)
    nodes = FakeStage(yard.world, "nodes")
    nodes.long = True

    class Meanwhile(FakeStage):
        def ensure(self, ws: Workspace, seen: Look, ctx: StageContext) -> Wait | None:
            yard.pass_time(SLOW.total_seconds())
            profile.wake()
            return super().ensure(ws, seen, ctx)

    bucket, policy = Meanwhile(yard.world, "bucket"), FakeStage(yard.world, "policy")
    here = Listening(
        Step(profile),
        Step(bucket),
        Step(policy, needs=("bucket",)),
        Step(nodes, needs=("profile",)),
        yard=yard,
    )

    here.turn()
    assert yard.world.made() == {"profile", "bucket"}
    here.turn()

    done = [entry.stage for entry in yard.journal(here.run_id) if entry.kind is EntryKind.STAGE_DONE]
    assert done == ["bucket", "profile", "nodes", "policy"]


def test_without_anybody_who_tells_a_run_arrives_all_the_same(yard: Yard) -> None:
    yard.steps = (Step(Watched(yard.world, "profile", takes=SLOW)),)

    run = yard.settle(yard.approve())

    assert yard.world.made() == {"profile"}
    assert run.ended_at is not None


class TestThePauseBetweenLooks:
    @staticmethod
    def after(seconds: float, usual: float | None = None, longest: float = 30) -> float:
        now = NOON + timedelta(seconds=seconds)
        return pause(Context(clock=lambda: now, since=NOON, usual=usual), longest)

    def test_is_a_quarter_of_the_time_so_far(self) -> None:
        assert [self.after(seconds) for seconds in (0, 4, 40, 400)] == [0.2, 1, 10, 30]

    def test_is_short_about_the_time_that_is_usual(self) -> None:
        assert [self.after(seconds, usual=100) for seconds in (40, 80, 96, 100, 104, 180)] == [
            10,
            5,
            1,
            0.2,
            1,
            20,
        ]

    def test_knows_what_is_usual_from_the_run_before(self, yard: Yard) -> None:
        told: list[float | None] = []

        class Curious(FakeStage):
            def ensure(self, ws: Workspace, seen: Look, ctx: StageContext) -> Wait | None:
                told.append(ctx.usual)
                return super().ensure(ws, seen, ctx)

        here = Listening(Step(Curious(yard.world, "profile", takes=SLOW)), yard=yard)
        while (wait := here.turn()) is not None:
            yard.pass_time(wait.seconds)
        here.run_id = yard.approve(Goal.PRESENT, "beta")
        here.turn()

        assert (told[0], told[-1]) == (None, 30)
