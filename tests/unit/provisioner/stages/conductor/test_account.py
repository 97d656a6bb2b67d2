"""The edge account in AI Conductor: the laws over the fake, and the runbook's traps."""

from __future__ import annotations

import pytest

from provisioner.engine.stage import Goal
from provisioner.stages.conductor.account import ConductorAccountStage
from provisioner.stages.conductor.model import AccountType, WorkspaceRole
from provisioner.vendor_call import NotOurs
from tests.builders import a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.conductor import FakeConductor
from tests.fakes.s3 import FakeS3
from tests.laws.stage_laws import Fresh, StageCase, StageLaws, Trip, made

WS = a_workspace()
WRITES = frozenset({"create_account", "delete_account"})


def a_case() -> StageCase:
    fake, clock = FakeConductor(), FakeClock()
    fake.put_account("mina", "x", "ADMIN")
    return StageCase(
        ws=WS,
        client=fake,
        writes=WRITES,
        stage=lambda client: ConductorAccountStage(client, FakeS3()),
        clock=clock.now,
        pass_time=clock.pass_by,
        ours=lambda: fake.people.get("alpha-edge"),
        neighbours=lambda: (fake.people["mina"], fake.passwords["mina"]),
        halves={},  # one call makes it, or does not
        strangers={
            "an administrator": lambda: fake.put_account("alpha-edge", "x", "ADMIN"),
            "of a workspace made by hand": lambda: by_hand(fake),
        },
        failures={"not allowed": lambda: setattr(fake, "refused", "create_account")},
    )


def by_hand(fake: FakeConductor) -> None:
    fake.put_workspace(WS.name, "s3-of-somebody")
    fake.put_account("alpha-edge", "alpha-edge@com")


def fake_of(case: StageCase) -> FakeConductor:
    assert isinstance(case.client, FakeConductor)
    return case.client


class TestLaws(StageLaws):
    @pytest.fixture
    def fresh(self) -> Fresh:
        return a_case


def test_it_has_the_fixed_password_and_the_type_developer() -> None:
    fake = fake_of(made(a_case()))

    assert fake.passwords["alpha-edge"] == "alpha-edge@com"
    assert fake.people["alpha-edge"].type == "DEVELOPER"


def test_T53_the_password_is_told_nowhere() -> None:
    case = a_case()
    there = Trip(case, Goal.PRESENT).arrive()
    seen = there.stage.observe(WS, Goal.PRESENT)
    gone = Trip(case, Goal.ABSENT).arrive()

    texts = (*there.context.told, *gone.context.told, repr(seen), repr(vars(there.stage)))
    assert not [text for text in texts if "@com" in text]


def test_T59_an_accounts_type_and_a_members_role_are_two_lists_of_words() -> None:
    assert {each.value for each in AccountType}.isdisjoint(each.value for each in WorkspaceRole)


def test_T59_an_account_of_another_type_is_refused_and_named() -> None:
    case = a_case()
    case.strangers["an administrator"]()

    with pytest.raises(NotOurs) as refused:
        Trip(case, Goal.PRESENT).changes()

    assert str(refused.value) == "AI Conductor account alpha-edge has type ADMIN, not DEVELOPER"


def test_the_account_of_a_workspace_that_is_not_ours_is_left_with_it() -> None:
    """The runbook gives both our names, and this bot makes no account before it has made the workspace."""
    case = a_case()
    by_hand(fake_of(case))

    with pytest.raises(NotOurs) as refused:
        Trip(case, Goal.ABSENT).changes()

    assert str(refused.value) == ("AI Conductor workspace alpha-ws uses a different bucket (s3-of-somebody)")


def test_T63_an_account_that_is_there_counts_whatever_its_password() -> None:
    case = a_case()
    fake_of(case).put_account("alpha-edge", "another")

    trip = Trip(case, Goal.PRESENT).arrive()

    assert (trip.first, trip.wire.made) == ((), [])
    assert fake_of(case).passwords["alpha-edge"] == "another"


def test_T60_an_account_that_is_gone_already_is_removed_by_doing_nothing() -> None:
    case = made(a_case())
    fake_of(case).people.clear()
    fake_of(case).put_account("mina", "x", "ADMIN")

    assert Trip(case, Goal.ABSENT).arrive().wire.made == []
