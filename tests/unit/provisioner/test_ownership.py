"""Stages whose things carry no mark: the laws as if alone, and what a deletion leaves with the bucket."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from pydantic import SecretStr

from provisioner.engine.inspection import inspect
from provisioner.engine.stage import Goal
from provisioner.message import Message
from provisioner.ownership import PROJECT
from provisioner.stages.conductor.account import ConductorAccountStage
from provisioner.stages.conductor.model import NameForm
from provisioner.stages.conductor.workspace import ConductorWorkspaceStage
from provisioner.stages.dex.stage import DexUserStage
from provisioner.vendor_call import NotOurs, Temporary
from tests.builders import a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.conductor import FakeConductor, FakeInstances
from tests.fakes.dex import FakeDex
from tests.fakes.s3 import FakeBucket, FakeS3
from tests.laws.stage_laws import CANARY, Context, Fresh, StageCase, StageLaws, Trip, made

WS = a_workspace()
OURS, BY_HAND = {PROJECT: WS.project}, {"team": "vision"}
LEFT = f"S3 bucket {WS.bucket} already exists and wasn't created by this bot"


def a_case(s3: FakeS3 | None = None) -> StageCase:
    fake, clock = FakeConductor(), FakeClock()
    s3 = s3 or FakeS3(buckets={WS.bucket: FakeBucket(tags=dict(OURS))})
    fake.put_account("mina", "x", "ADMIN")
    return StageCase(
        ws=WS,
        client=fake,
        writes=frozenset({"create_account", "delete_account"}),
        stage=lambda client: ConductorAccountStage(client, s3),
        clock=clock.now,
        pass_time=clock.pass_by,
        ours=lambda: fake.people.get(WS.edge_account),
        neighbours=lambda: fake.people["mina"],
        halves={},
        strangers={"an administrator": lambda: fake.put_account(WS.edge_account, "x", "ADMIN")},
    )


class TestLaws(StageLaws):
    @pytest.fixture
    def fresh(self) -> Fresh:
        return a_case


def test_it_is_left_where_the_bucket_is_somebody_elses() -> None:
    s3 = FakeS3()
    case = made(a_case(s3))
    s3.buckets[WS.bucket] = FakeBucket(tags=dict(BY_HAND))
    before, trip = case.ours(), Trip(case, Goal.ABSENT)

    with pytest.raises(NotOurs) as left:
        trip.changes()
    with pytest.raises(NotOurs):
        trip.turn()

    assert str(left.value) == LEFT
    assert (trip.wire.made, case.ours()) == ([], before)


@pytest.mark.parametrize("there", [FakeBucket(tags=dict(OURS)), None], ids=["ours", "gone, or elsewhere"])
def test_it_goes_where_the_bucket_is_ours_or_gone(there: FakeBucket | None) -> None:
    s3 = FakeS3()
    case = made(a_case(s3))
    if there is not None:
        s3.buckets[WS.bucket] = there

    assert Trip(case, Goal.ABSENT).arrive().wire.made == ["delete_account"]


def test_nothing_is_said_of_the_bucket_where_there_is_nothing_to_leave() -> None:
    s3 = FakeS3(buckets={WS.bucket: FakeBucket(tags=dict(BY_HAND))})

    assert Trip(a_case(s3), Goal.ABSENT).changes() == ()


class Down:
    """S3 that does not answer."""

    def tags(self, bucket: str) -> Mapping[str, str] | None:
        raise Temporary(Message("cannot read S3 bucket {name}", name=bucket))


@pytest.mark.parametrize("goal", list(Goal))
def test_the_bucket_is_not_looked_at_where_there_is_nothing_to_leave(goal: Goal) -> None:
    stage = ConductorAccountStage(FakeConductor(), Down())

    assert len(inspect(stage, WS, goal).changes) == (1 if goal is Goal.PRESENT else 0)


def test_it_is_looked_at_where_there_is_something() -> None:
    fake = FakeConductor()
    fake.put_account(WS.edge_account, "x", "DEVELOPER")

    with pytest.raises(Temporary):
        inspect(ConductorAccountStage(fake, Down()), WS, Goal.ABSENT)


def test_what_could_not_be_removed_is_no_obstacle_where_it_is_somebody_elses() -> None:
    """A workspace with solutions in it refuses our deletion, and says nothing against leaving it."""
    fake = FakeConductor()
    fake.put_workspace(WS.name, WS.bucket)
    fake.work[WS.name] = ("vision",)
    s3 = FakeS3(buckets={WS.bucket: FakeBucket(tags=dict(BY_HAND))})
    stage = ConductorWorkspaceStage(fake, s3, FakeInstances(), form=NameForm.PROJECT, monitored=False)

    found = inspect(stage, WS, Goal.ABSENT)

    assert (found.changes, str(found.not_owned)) == ((), LEFT)


def test_a_removal_that_has_begun_is_brought_to_its_end() -> None:
    """dex that was not seen up without our entry would be nobody's."""
    dex, clock, s3 = FakeDex(), FakeClock(), FakeS3()
    stage = DexUserStage(dex, dex, s3, SecretStr(CANARY), starts_within=timedelta(seconds=30))

    def turns(goal: Goal) -> None:
        act = stage.ensure if goal is Goal.PRESENT else stage.remove
        for _ in range(20):
            if act(WS, stage.observe(WS, goal), Context(clock.now, clock.now())) is None:
                return
            clock.pass_by(2)
            dex.tick()
        raise AssertionError("it did not come to an end")

    turns(Goal.PRESENT)
    assert stage.remove(WS, stage.observe(WS, Goal.ABSENT), Context(clock.now, clock.now())) is not None
    assert dex.pending
    s3.buckets[WS.bucket] = FakeBucket(tags=dict(BY_HAND))

    turns(Goal.ABSENT)

    assert not dex.pending
    assert inspect(stage, WS, Goal.ABSENT).changes == ()
