"""The laws of the edge account over the simulated AI Conductor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioner.engine.stage import Goal
from provisioner.stages.conductor.account import ConductorAccountStage
from provisioner.vendor_call import Permanent, Temporary
from sandbox.serving.callfaults import Kind
from tests.builders import a_workspace
from tests.fakes.s3 import FakeS3
from tests.integration.stages.conductor_world import Conductor, conductor
from tests.integration.stages.conftest import pass_time, utc_now
from tests.laws.stage_laws import Fresh, StageCase, StageLaws, Trip, made

WRITES = frozenset({"create_account", "delete_account"})


def a_case(here: Conductor, project: str) -> StageCase:
    ws = a_workspace(project)

    def ours() -> str | None:
        found = here.account(ws.edge_account)
        return f"{found['type']} {found['locked']}" if found else None

    def by_hand() -> None:
        here.simulator.add_workspace(ws.name, bucket="s3-of-somebody", specs=())
        here.simulator.add_account(ws.edge_account, password="x")

    return StageCase(
        ws=ws,
        client=here.client(),
        writes=WRITES,
        stage=lambda client: ConductorAccountStage(client, FakeS3()),
        clock=utc_now,
        pass_time=pass_time,
        ours=ours,
        neighbours=here.neighbours,
        halves={},  # one call makes it, or does not
        strangers={
            "an administrator": lambda: here.simulator.add_account(
                ws.edge_account, password="x", type_="ADMIN"
            ),
            "of a workspace made by hand": by_hand,
        },
        failures={
            "not permitted": lambda: _deny(here, "conductor.create account"),
        },
    )


def _deny(here: Conductor, call: str) -> None:
    here.simulator.faults.add(Kind.ACCESS_DENIED, call, times=0)


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


def test_the_account_lets_edge_conductor_in(here: Conductor, fresh: Fresh) -> None:
    ws = made(fresh()).ws

    assert here.client().log_in(ws.edge_account, password=ws.edge_password) == ()


def test_T53_the_password_is_in_no_journal_and_no_error(here: Conductor, fresh: Fresh) -> None:
    case, denied = made(fresh()), fresh()
    _deny(here, "conductor.create account")
    with pytest.raises(Permanent) as failed:
        Trip(denied, Goal.PRESENT).arrive()

    texts = (str(here.simulator.journal()), str(failed.value), str(failed.value.cause), repr(case.client))
    assert not [text for text in texts if "@com" in text]


def test_T60_an_account_that_still_has_a_role_is_kept_in_AI_Conductors_words(
    here: Conductor, fresh: Fresh
) -> None:
    case = made(fresh())
    here.simulator.add_workspace(case.ws.name, bucket=case.ws.bucket, specs=())
    here.simulator.set_role(case.ws.edge_account, case.ws.name, "MANAGER")

    with pytest.raises(Permanent, match="Failed to delete Account, Workspace exist"):
        Trip(case, Goal.ABSENT).arrive()


def test_a_lost_answer_to_the_creating_call_is_looked_into(here: Conductor, fresh: Fresh) -> None:
    case = fresh()
    here.simulator.faults.add(Kind.LOST_ANSWER, "conductor.create account")

    with pytest.raises(Temporary):
        Trip(case, Goal.PRESENT).turn()

    assert Trip(case, Goal.PRESENT).arrive().wire.made == []


def test_T63_an_account_can_be_made_again_after_it_was_deleted(fresh: Fresh) -> None:
    case = made(fresh())
    Trip(case, Goal.ABSENT).arrive()

    assert made(case).ours() == "DEVELOPER False"
