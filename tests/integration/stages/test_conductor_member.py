"""The laws of the edge account's role over the simulated AI Conductor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provisioner.engine.stage import Goal, Stage
from provisioner.stages.conductor.account import ConductorAccountStage
from provisioner.stages.conductor.client import ConductorHttp
from provisioner.stages.conductor.member import ConductorMemberStage
from provisioner.stages.conductor.model import NameForm
from provisioner.stages.conductor.workspace import ConductorWorkspaceStage
from provisioner.vendor_call import Permanent, Temporary
from sandbox.serving.callfaults import Kind
from tests.builders import a_workspace
from tests.fakes.conductor import FakeInstances
from tests.fakes.s3 import FakeS3
from tests.integration.stages.conductor_world import Conductor, conductor, without_members
from tests.integration.stages.conftest import pass_time, utc_now
from tests.laws.stage_laws import Context, Fresh, StageCase, StageLaws, Trip, made

WRITES = frozenset({"add_member", "remove_member"})


def a_stage(client: Any) -> ConductorMemberStage:
    return ConductorMemberStage(client, FakeS3())


def a_case(here: Conductor, project: str, client: ConductorHttp | None = None) -> StageCase:
    """The workspace and the account are there."""
    ws, simulator = a_workspace(project), here.simulator
    simulator.add_workspace(ws.name, bucket=ws.bucket, specs=(("standard", 4, 16, 0),))
    simulator.add_account(ws.edge_account, password=ws.edge_password.get_secret_value())

    def ours() -> str | None:
        found = here.workspace(ws.name)
        return found["members"].get(ws.edge_account) if found else None

    def elsewhere() -> None:
        simulator.add_workspace(f"{project}of", bucket="s3-of-somebody", specs=())
        simulator.set_role(ws.edge_account, f"{project}of", "VIEWER")

    def of_somebody_else() -> None:
        simulator.set_bucket(ws.name, "s3-of-somebody")

    return StageCase(
        ws=ws,
        client=client or here.client(),
        writes=WRITES,
        stage=a_stage,
        clock=utc_now,
        pass_time=pass_time,
        ours=ours,
        neighbours=here.neighbours,
        halves={"in another role": lambda: simulator.set_role(ws.edge_account, ws.name, "VIEWER")},
        strangers={"a workspace on another's bucket": of_somebody_else},
        failures={
            "another password": lambda: simulator.set_password(ws.edge_account, "another"),
            "locked": lambda: simulator.lock_unused(ws.edge_account),
            "a role elsewhere": elsewhere,
        },
    )


@pytest.fixture(scope="module")
def here() -> Iterator[Conductor]:
    with conductor() as found:
        yield found


@pytest.fixture(autouse=True)
def _no_faults(here: Conductor) -> Iterator[None]:
    yield
    here.simulator.faults.clear()


@pytest.fixture
def fresh(here: Conductor, projects: Iterator[str]) -> Fresh:
    return lambda: a_case(here, next(projects))


class TestLaws(StageLaws):
    pass


class TestLawsWhereOnlyALoginTells(StageLaws):
    @pytest.fixture
    def fresh(self, here: Conductor, projects: Iterator[str]) -> Fresh:
        return lambda: a_case(here, next(projects), here.client(calls=without_members()))


def test_the_role_is_proved_by_one_login(here: Conductor, fresh: Fresh) -> None:
    case = made(fresh())
    for _ in range(3):
        Trip(case, Goal.PRESENT).arrive()

    assert here.codes(case.ws.edge_account) == [""]


def test_T54_a_refused_login_is_made_once_and_again_only_when_a_person_wants_it(
    here: Conductor, fresh: Fresh
) -> None:
    case = fresh()
    case.failures["another password"]()
    stage: Stage[Any] = a_stage(case.client)

    def attempt() -> str:
        with pytest.raises(Permanent) as failed:
            stage.ensure(case.ws, stage.observe(case.ws, Goal.PRESENT), Context(utc_now, utc_now()))
        return str(failed.value.what)

    words = {attempt() for _ in range(4)}
    case.client.reset_lockout()
    words |= {attempt() for _ in range(4)}

    assert words == {f"AI Conductor rejects the login {case.ws.edge_account}"}
    assert here.codes(case.ws.edge_account) == ["USER.LOGIN.001"] * 2
    assert case.ours() is None


def test_T55_a_locked_account_is_said_so(fresh: Fresh) -> None:
    case = fresh()
    case.failures["locked"]()

    with pytest.raises(Permanent, match="the account is locked for inactivity") as failed:
        Trip(case, Goal.PRESENT).arrive()

    assert failed.value.cause is not None
    assert failed.value.cause.code == "USER.LOGIN.003"


def test_a_lost_answer_is_looked_into_and_the_role_is_proved_all_the_same(
    here: Conductor, fresh: Fresh
) -> None:
    case = fresh()
    stage: Stage[Any] = a_stage(case.client)
    here.simulator.faults.add(Kind.LOST_ANSWER, "conductor.add member")
    with pytest.raises(Temporary):
        stage.ensure(case.ws, stage.observe(case.ws, Goal.PRESENT), Context(utc_now, utc_now()))

    stage.ensure(case.ws, stage.observe(case.ws, Goal.PRESENT), Context(utc_now, utc_now()))

    assert here.codes(case.ws.edge_account) == [""]
    assert stage.plan(case.ws, stage.observe(case.ws, Goal.PRESENT), Goal.PRESENT) == ()


def test_a_role_that_is_gone_already_is_removed_by_doing_nothing(here: Conductor, fresh: Fresh) -> None:
    case = made(fresh())
    trip = Trip(case, Goal.ABSENT)
    seen = trip.stage.observe(case.ws, Goal.ABSENT)
    here.simulator.set_role(case.ws.edge_account, case.ws.name, "")

    trip.stage.remove(case.ws, seen, trip.context)

    assert trip.changes() == ()


def test_T60_all_three_go_in_the_runbooks_order(here: Conductor, projects: Iterator[str]) -> None:
    ws, client = a_workspace(next(projects)), here.client()
    stages: tuple[Stage[Any], ...] = (
        ConductorWorkspaceStage(client, FakeS3(), FakeInstances(), form=NameForm.PROJECT, monitored=False),
        ConductorAccountStage(client, FakeS3()),
        a_stage(client),
    )
    since = len(here.simulator.journal())
    for stage in stages:
        stage.ensure(ws, stage.observe(ws, Goal.PRESENT), Context(utc_now, utc_now()))
    for stage in reversed(stages):
        stage.remove(ws, stage.observe(ws, Goal.ABSENT), Context(utc_now, utc_now()))

    calls = [entry["call"].removeprefix("conductor.") for entry in here.simulator.journal(since)]
    assert calls == [
        "create workspace",
        "create account",
        "add member",
        "remove member",
        "delete account",
        "delete workspace",
    ]
    assert all(stage.plan(ws, stage.observe(ws, Goal.ABSENT), Goal.ABSENT) == () for stage in stages)
