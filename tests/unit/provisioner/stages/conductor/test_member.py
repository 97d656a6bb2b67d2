"""The edge account's role in AI Conductor: the laws over the fake, and the runbook's traps."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.engine.stage import Goal, Verb
from provisioner.stages.conductor.member import ConductorMemberStage
from provisioner.stages.conductor.model import Resource
from provisioner.vendor_call import Interrupted, Permanent, Temporary
from tests.builders import a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.conductor import FakeConductor
from tests.fakes.s3 import FakeS3
from tests.laws.stage_laws import Context, Fresh, StageCase, StageLaws, Trip, made

WS = a_workspace()
WRITES = frozenset({"add_member", "remove_member"})
KEY = (WS.name, WS.edge_account)
NEIGHBOUR = ("vision-ws", "mina")
STANDARD = Resource(name="standard", vcpu=4, ram_gb=16, gpu=0)


def a_stage(client: Any) -> ConductorMemberStage:
    return ConductorMemberStage(client, FakeS3())


def a_case(conductor: FakeConductor | None = None) -> StageCase:
    """The workspace and the account are there."""
    fake, clock = conductor or FakeConductor(), FakeClock()
    fake.put_workspace(WS.name, WS.bucket, STANDARD)
    fake.put_account(WS.edge_account, WS.edge_password.get_secret_value())
    fake.put_account("mina", "x", "ADMIN")
    fake.roles[NEIGHBOUR] = "MANAGER"
    fake.roles[WS.name, "mina"] = "MANAGER"
    return StageCase(
        ws=WS,
        client=fake,
        writes=WRITES,
        stage=a_stage,
        clock=clock.now,
        pass_time=clock.pass_by,
        ours=lambda: fake.roles.get(KEY),
        neighbours=lambda: (fake.roles[NEIGHBOUR], fake.roles[WS.name, "mina"], dict(fake.people)),
        halves={"in another role": lambda: fake.roles.__setitem__(KEY, "VIEWER")},
        strangers={
            "a workspace on another's bucket": lambda: fake.put_workspace(WS.name, "s3-of-somebody"),
            "an administrator": lambda: fake.put_account(WS.edge_account, "x", "ADMIN"),
        },
        failures={
            "not allowed": lambda: setattr(fake, "refused", "add_member"),
            "another password": lambda: fake.put_account(WS.edge_account, "another"),
        },
    )


def blind() -> StageCase:
    """AI Conductor has no call that lists members."""
    return a_case(FakeConductor(tells_members=False))


def fake_of(case: StageCase) -> FakeConductor:
    assert isinstance(case.client, FakeConductor)
    return case.client


class TestLaws(StageLaws):
    @pytest.fixture(params=[a_case, blind], ids=["members are listed", "only a login tells"])
    def fresh(self, request: pytest.FixtureRequest) -> Fresh:
        build: Fresh = request.param
        return build


def test_the_role_is_proved_by_one_login_and_then_not_again() -> None:
    case = a_case()

    made(case)
    for _ in range(5):
        Trip(case, Goal.PRESENT).arrive()

    assert fake_of(case).logins == 1


def test_a_plan_can_be_made_while_neither_workspace_nor_account_is_there() -> None:
    case = a_case()
    fake_of(case).rows.clear()
    fake_of(case).people.clear()

    (change,) = Trip(case, Goal.PRESENT).changes()

    assert str(change.target) == "AI Conductor role Manager for alpha-edge in workspace alpha-ws"
    assert Trip(case, Goal.ABSENT).changes() == ()
    with pytest.raises(Temporary, match="the account or the workspace doesn't exist"):
        Trip(case, Goal.PRESENT).turn()


def test_another_role_is_named_and_replaced() -> None:
    case = a_case()
    case.halves["in another role"]()

    (change,) = Trip(case, Goal.PRESENT).changes()
    trip = Trip(case, Goal.PRESENT).arrive()

    assert (change.verb, str(change.detail)) == (Verb.CREATE, "replaces role VIEWER")
    assert trip.wire.made == ["remove_member", "add_member"]


def test_a_login_that_is_refused_takes_the_role_away_and_fails_each_time_until_it_is_mended() -> None:
    case = a_case()
    case.failures["another password"]()

    for _ in range(2):
        trip = Trip(case, Goal.PRESENT)
        with pytest.raises(Permanent, match="rejects the login alpha-edge"):
            trip.arrive()
        assert trip.wire.made == ["add_member", "remove_member"]
        assert case.ours() is None

    fake_of(case).put_account(WS.edge_account, "alpha-edge@com")
    assert made(case).ours() == "MANAGER"


def test_an_account_that_may_use_more_than_this_workspace_is_refused() -> None:
    case = a_case()
    fake_of(case).roles["vision-ws", WS.edge_account] = "VIEWER"

    with pytest.raises(Permanent) as refused:
        Trip(case, Goal.PRESENT).arrive()

    assert str(refused.value) == (
        "AI Conductor account alpha-edge must have only the Manager role in alpha-ws, "
        "but has vision-ws (VIEWER), alpha-ws (MANAGER)"
    )
    assert case.ours() is None


@pytest.mark.parametrize("trouble", ["lost", "deaf"])
def test_a_role_whose_login_found_no_answer_is_proved_later(trouble: str) -> None:
    case = a_case()
    fake = fake_of(case)
    setattr(fake, trouble, "add_member" if trouble == "lost" else True)
    stage, context = a_stage(fake), Context(case.clock, case.clock())
    with pytest.raises(Temporary):
        stage.ensure(WS, stage.observe(WS, Goal.PRESENT), context)
    fake.deaf = False

    (change,) = stage.plan(WS, stage.observe(WS, Goal.PRESENT), Goal.PRESENT)
    stage.ensure(WS, stage.observe(WS, Goal.PRESENT), context)

    assert (change.verb, str(change.detail)) == (Verb.UPDATE, "to be verified by a login")
    assert stage.plan(WS, stage.observe(WS, Goal.PRESENT), Goal.PRESENT) == ()
    assert case.ours() == "MANAGER"


def test_told_to_stop_before_the_login_it_is_proved_by_the_next_run() -> None:
    case = a_case()
    fake = fake_of(case)
    stage = a_stage(fake)
    with pytest.raises(Interrupted):
        stage.ensure(WS, stage.observe(WS, Goal.PRESENT), Context(case.clock, case.clock(), stop_before=2))

    stage.ensure(WS, stage.observe(WS, Goal.PRESENT), Context(case.clock, case.clock()))

    assert (fake.logins, stage.plan(WS, stage.observe(WS, Goal.PRESENT), Goal.PRESENT)) == (1, ())


def test_T53_the_password_is_told_nowhere() -> None:
    case = a_case()
    there = Trip(case, Goal.PRESENT).arrive()
    seen = there.stage.observe(WS, Goal.PRESENT)
    gone = Trip(case, Goal.ABSENT).arrive()

    texts = (*there.context.told, *gone.context.told, repr(seen), repr(vars(there.stage)))
    assert not [text for text in texts if "@com" in text]


def test_T55_a_locked_account_is_said_so() -> None:
    case = a_case()
    fake_of(case).locked = True

    with pytest.raises(Permanent, match="the account is locked"):
        Trip(case, Goal.PRESENT).arrive()


def test_T60_a_role_is_gone_with_its_workspace_or_its_account() -> None:
    case: Any = made(a_case())
    account = fake_of(case).people.pop(WS.edge_account)
    assert Trip(case, Goal.ABSENT).changes() == ()

    fake_of(case).people[WS.edge_account] = account
    fake_of(case).rows.pop(WS.name)
    assert Trip(case, Goal.ABSENT).arrive().wire.made == []


def test_T61_the_role_is_not_taken_away_while_there_are_solutions() -> None:
    case = made(a_case())
    fake_of(case).work[WS.name] = ("churn",)
    trip = Trip(case, Goal.ABSENT)

    with pytest.raises(Permanent, match="still has 1 solution: churn"):
        trip.arrive()

    assert case.ours() == "MANAGER"
