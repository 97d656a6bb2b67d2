"""The laws of the workspace over the simulated AI Conductor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from provisioner.engine.stage import Goal
from provisioner.stages.conductor.model import NameForm
from provisioner.stages.conductor.workspace import ConductorWorkspaceStage
from provisioner.vendor_call import Permanent, Temporary
from sandbox.serving.callfaults import Kind
from tests.builders import a_workspace
from tests.fakes.conductor import FakeInstances
from tests.fakes.s3 import FakeS3
from tests.integration.stages.conductor_world import Conductor, conductor
from tests.integration.stages.conftest import pass_time, utc_now
from tests.laws.stage_laws import CANARY, Fresh, StageCase, StageLaws, Trip, made

WRITES = frozenset({"create_workspace", "update_workspace", "delete_workspace"})


def a_case(here: Conductor, project: str) -> StageCase:
    ws, simulator = a_workspace(project), here.simulator

    def put(bucket: str, *specs: tuple[str, int, int, int]) -> None:
        simulator.add_workspace(ws.name, bucket=bucket, specs=specs, dashboard=ws.dashboard)

    def stage(client: Any) -> ConductorWorkspaceStage:
        return ConductorWorkspaceStage(
            client, FakeS3(), FakeInstances(), form=NameForm.PROJECT, monitored=True
        )

    def ours() -> str | None:
        found = here.workspace(ws.name)
        lasting = found and (found["bucket"], found["dashboard"] == ws.dashboard, found["resources"])
        return str(lasting).replace(project, "P") if lasting else None

    def quotes_the_password() -> None:
        simulator.set_password("workspace-bot", "another")
        simulator.expire_sessions()

    return StageCase(
        ws=ws,
        client=here.client(),
        writes=WRITES,
        stage=stage,
        clock=utc_now,
        pass_time=pass_time,
        ours=ours,
        neighbours=here.neighbours,
        halves={
            "without its resources": lambda: put(ws.bucket),
            "with the resources of another type": lambda: put(ws.bucket, ("standard", 2, 8, 0)),
        },
        strangers={"another's bucket": lambda: put("s3-of-somebody")},
        failures={"the bot's login is refused": quotes_the_password},
    )


@pytest.fixture(scope="module")
def here() -> Iterator[Conductor]:
    with conductor() as found:
        yield found


@pytest.fixture(autouse=True)
def _mended(here: Conductor) -> Iterator[None]:
    yield
    here.simulator.faults.clear()
    here.simulator.accept_admin()


@pytest.fixture
def fresh(here: Conductor, projects: Iterator[str]) -> Fresh:
    return lambda: a_case(here, next(projects))


class TestLaws(StageLaws):
    pass


def test_what_is_made_has_the_runbooks_values(here: Conductor, fresh: Fresh) -> None:
    ws = made(fresh()).ws

    found = here.workspace(ws.name)
    assert found is not None
    assert (found["bucket"], found["dashboard"]) == (ws.bucket, ws.made_dashboard)
    assert found["resources"] == [
        {"name": "standard", "vcpu": 4, "ram_gb": 16, "gpu": 0, "label": ws.node_label}
    ]


@pytest.mark.parametrize("there", ["of-the-team", ""])
def test_a_change_of_resources_leaves_the_dashboard_as_it_is(
    here: Conductor, fresh: Fresh, there: str
) -> None:
    case = fresh()
    small = (("standard", 2, 8, 0),)
    here.simulator.add_workspace(case.ws.name, bucket=case.ws.bucket, specs=small, dashboard=there)

    trip = Trip(case, Goal.PRESENT).arrive()

    found = here.workspace(case.ws.name)
    assert trip.wire.made == ["update_workspace"]
    assert found is not None
    assert (found["dashboard"], found["resources"][0]["vcpu"]) == (there, 4)


def test_a_workspace_can_be_made_again_after_it_was_deleted(here: Conductor, fresh: Fresh) -> None:
    case = made(fresh())
    first = here.workspace(case.ws.name)
    Trip(case, Goal.ABSENT).arrive()

    made(case)

    second = here.workspace(case.ws.name)
    assert first is not None
    assert second is not None
    assert first["id"] != second["id"]


def test_a_name_that_stays_with_a_deleted_workspace_is_an_error_in_its_own_words() -> None:
    with conductor(names_stay=True) as here:
        case = made(a_case(here, "alpha"))
        Trip(case, Goal.ABSENT).arrive()

        with pytest.raises(Permanent, match="already exist name alpha-ws") as failed:
            Trip(case, Goal.PRESENT).arrive()

    assert failed.value.cause is not None
    assert failed.value.cause.operation == "create workspace"
    assert (failed.value.cause.service, failed.value.cause.code) == ("conductor", "400")


def test_T8_an_AI_Conductor_that_adds_no_ws_is_found_out() -> None:
    with conductor(appends_ws=False) as here:
        case = a_case(here, "alpha")

        with pytest.raises(Permanent, match="AI Conductor created workspace alpha, not alpha-ws"):
            Trip(case, Goal.PRESENT).arrive()
        Trip(case, Goal.ABSENT).arrive()

        assert here.workspace("alpha") is None


@pytest.mark.parametrize("version", ["1.7", "2.10"])
def test_every_version_is_asked_in_its_own_way(version: str) -> None:
    with conductor(version=version) as here:
        case = made(a_case(here, "alpha"))
        here.simulator.set_solutions("alpha-ws", "churn")

        with pytest.raises(Permanent, match="still has 1 solution: churn"):
            Trip(case, Goal.ABSENT).changes()


def test_T61_a_workspace_with_solutions_is_not_deleted(here: Conductor, fresh: Fresh) -> None:
    case = made(fresh())
    here.simulator.set_solutions(case.ws.name, "churn", "ranking")

    with pytest.raises(Permanent, match="still has 2 solutions: churn, ranking"):
        Trip(case, Goal.ABSENT).arrive()

    assert here.workspace(case.ws.name) is not None


def test_T61_a_solution_that_came_meanwhile_stops_the_delete_in_AI_Conductors_words(
    here: Conductor, fresh: Fresh
) -> None:
    case = made(fresh())
    trip = Trip(case, Goal.ABSENT)
    seen = trip.stage.observe(case.ws, Goal.ABSENT)
    here.simulator.set_solutions(case.ws.name, "churn")

    with pytest.raises(Permanent, match=r"Failed to delete Workspace, Solution exist \[churn\]"):
        trip.stage.remove(case.ws, seen, trip.context)

    assert here.workspace(case.ws.name) is not None


def test_a_lost_answer_to_the_creating_call_is_looked_into(here: Conductor, fresh: Fresh) -> None:
    case = fresh()
    here.simulator.faults.add(Kind.LOST_ANSWER, "conductor.create workspace")

    with pytest.raises(Temporary):
        Trip(case, Goal.PRESENT).turn()

    assert Trip(case, Goal.PRESENT).arrive().wire.made == []
    assert case.ours() == made(fresh()).ours()


def test_a_lost_answer_to_the_deleting_call_is_looked_into(here: Conductor, fresh: Fresh) -> None:
    case = made(fresh())
    here.simulator.faults.add(Kind.LOST_ANSWER, "conductor.delete workspace")

    with pytest.raises(Temporary):
        Trip(case, Goal.ABSENT).turn()

    assert Trip(case, Goal.ABSENT).arrive().wire.made == []


def test_throttling_is_tried_again_when_AI_Conductor_says(here: Conductor, fresh: Fresh) -> None:
    here.simulator.faults.add(Kind.THROTTLING, "conductor.create workspace")

    with pytest.raises(Temporary) as failed:
        Trip(fresh(), Goal.PRESENT).turn()

    assert failed.value.retry_after is not None
    assert failed.value.retry_after.total_seconds() == 1


def test_a_missing_right_is_final_and_named(here: Conductor, fresh: Fresh) -> None:
    here.simulator.faults.add(Kind.ACCESS_DENIED, "conductor.create workspace", times=0)

    with pytest.raises(Permanent, match="workspace-bot is not permitted to create workspace") as failed:
        Trip(fresh(), Goal.PRESENT).arrive()

    assert failed.value.cause is not None
    assert failed.value.cause.code == "403"


def test_every_stage_finds_its_way_when_the_session_ended(here: Conductor, fresh: Fresh) -> None:
    case = made(fresh())
    before = len(here.codes())
    here.simulator.expire_sessions()

    Trip(case, Goal.ABSENT).arrive()

    assert here.codes()[before:] == [""]
    assert CANARY not in str(here.simulator.journal())
