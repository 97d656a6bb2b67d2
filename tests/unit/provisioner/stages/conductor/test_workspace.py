"""The workspace in AI Conductor: the laws over the fake, and the runbook's traps."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.engine.stage import Goal
from provisioner.stages.conductor.model import NameForm, Resource
from provisioner.stages.conductor.workspace import ConductorWorkspaceStage
from provisioner.vendor_call import NotOurs, Permanent, Temporary
from provisioner.workspace import NodeSpec
from tests.builders import a_platform, a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.conductor import FakeConductor, FakeInstances
from tests.fakes.s3 import FakeS3
from tests.laws.stage_laws import Fresh, StageCase, StageLaws, Trip, made

WS = a_workspace()
WRITES = frozenset({"create_workspace", "update_workspace", "delete_workspace"})
STANDARD = Resource(name="standard", vcpu=4, ram_gb=16, gpu=0)
SMALL = Resource(name="standard", vcpu=2, ram_gb=8, gpu=0)
HIGH = Resource(name="high", vcpu=8, ram_gb=32, gpu=0)
NEIGHBOUR = "vision-ws"


def a_case(conductor: FakeConductor | None = None, **bent: Any) -> StageCase:
    fake = conductor or FakeConductor()
    fake.put_workspace(NEIGHBOUR, "s3-an2-meerkat-prod-vision", HIGH)
    fake.put_account("mina", "x")
    fake.roles[NEIGHBOUR, "mina"] = "MANAGER"
    clock = FakeClock()
    usual: dict[str, Any] = {"form": NameForm.PROJECT, "monitored": True}

    def stage(client: Any) -> ConductorWorkspaceStage:
        return ConductorWorkspaceStage(client, FakeS3(), FakeInstances(), **usual | bent)

    def put(*resources: Resource) -> None:
        fake.put_workspace(WS.name, WS.bucket, *resources, dashboard=WS.dashboard)

    return StageCase(
        ws=WS,
        client=fake,
        writes=WRITES,
        stage=stage,
        clock=clock.now,
        pass_time=clock.pass_by,
        ours=lambda: fake.rows.get(WS.name),
        neighbours=lambda: (fake.rows[NEIGHBOUR], dict(fake.people), dict(fake.roles)),
        halves={
            "without its resources": put,
            "with the resources of another type": lambda: put(SMALL),
        },
        strangers={"another's bucket": lambda: fake.put_workspace(WS.name, "s3-of-somebody")},
        failures={"not allowed": lambda: setattr(fake, "refused", "create_workspace")},
    )


def fake_of(case: StageCase) -> FakeConductor:
    assert isinstance(case.client, FakeConductor)
    return case.client


def failing(trip: Trip) -> str:
    with pytest.raises(Permanent) as failed:
        trip.arrive()
    return str(failed.value)


class TestLaws(StageLaws):
    @pytest.fixture
    def fresh(self) -> Fresh:
        return a_case


def test_the_runbooks_values_are_given() -> None:
    case = a_case()

    trip = Trip(case, Goal.PRESENT).arrive()

    found = fake_of(case).rows["alpha-ws"]
    assert (found.bucket, found.dashboard) == (WS.bucket, WS.made_dashboard)
    assert [(each.name, each.label) for each in found.resources] == [("standard", "alpha-ws-standard")]
    assert any('"name": "alpha"' in line for line in trip.context.told)


@pytest.mark.parametrize(
    ("form", "appends", "given"),
    [(NameForm.PROJECT, "-ws", '"name": "alpha"'), (NameForm.WORKSPACE, "", '"name": "alpha-ws"')],
)
def test_T8_either_form_of_the_name_can_be_given(form: NameForm, appends: str, given: str) -> None:
    case = a_case(FakeConductor(appends=appends), form=form)

    trip = Trip(case, Goal.PRESENT).arrive()

    assert case.ours() is not None
    assert any(given in line for line in trip.context.told)


@pytest.mark.parametrize(
    ("form", "appends", "name"),
    [(NameForm.PROJECT, "", "alpha"), (NameForm.WORKSPACE, "-ws", "alpha-ws-ws")],
)
def test_T8_a_name_that_came_out_otherwise_is_an_error_each_time_and_can_be_removed(
    form: NameForm, appends: str, name: str
) -> None:
    case = a_case(FakeConductor(appends=appends), form=form)
    words = f"AI Conductor created workspace {name}, not alpha-ws"

    assert failing(Trip(case, Goal.PRESENT)) == words
    again = Trip(case, Goal.PRESENT)
    assert failing(again) == words
    assert again.wire.made == []

    (change,) = Trip(case, Goal.ABSENT).changes()
    Trip(case, Goal.ABSENT).arrive()
    assert str(change.target) == f"AI Conductor workspace {name}"
    assert set(fake_of(case).rows) == {NEIGHBOUR}


def test_T8_a_workspace_named_like_the_project_on_another_bucket_is_left_alone() -> None:
    case = a_case()
    fake_of(case).put_workspace("alpha", "s3-of-somebody")

    made(case)
    Trip(case, Goal.ABSENT).arrive()

    assert set(fake_of(case).rows) == {NEIGHBOUR, "alpha"}


@pytest.mark.parametrize(
    ("field", "wrong", "words"),
    [
        ("namespace", "aic-ns-alpha", "has namespace aic-ns-alpha, not aic-ns-alpha-ws"),
        (
            "login",
            "aic-user-alpha@aic.com",
            "has login aic-user-alpha@aic.com, not aic-user-alpha-ws@aic.com",
        ),
    ],
)
def test_T8_a_derived_name_that_differs_is_an_error(field: str, wrong: str, words: str) -> None:
    case = made(a_case())
    rows = fake_of(case).rows
    rows[WS.name] = type(rows[WS.name])(
        **{
            **{name: getattr(rows[WS.name], name) for name in ("id", "name", "namespace", "login")},
            field: wrong,
            "bucket": WS.bucket,
            "resources": rows[WS.name].resources,
        }
    )

    assert failing(Trip(case, Goal.PRESENT)) == f"AI Conductor workspace alpha-ws {words}"


def test_T8_a_node_label_that_differs_is_an_error() -> None:
    case = a_case()
    fake = fake_of(case)
    fake.put_workspace("alpha", WS.bucket, STANDARD)
    wrong = fake.rows.pop("alpha").resources
    fake.put_workspace(WS.name, WS.bucket)
    found = fake.rows[WS.name]
    fake.rows[WS.name] = type(found)(id=found.id, name=found.name, bucket=found.bucket, resources=wrong)

    words = "AI Conductor workspace alpha-ws has node label alpha-standard, not alpha-ws-standard"
    assert failing(Trip(case, Goal.PRESENT)) == words


def test_T50_the_resources_are_those_that_EC2_tells_of_the_type() -> None:
    case = a_case()

    (change,) = Trip(case, Goal.PRESENT).changes()
    made(case)

    (resource,) = fake_of(case).rows[WS.name].resources
    assert (resource.vcpu, resource.ram_gb, resource.gpu) == (4, 16, 0)
    assert str(change.detail) == "standard: 4 vCPU, 16 GB memory, 0 GPU"


def test_resources_that_were_not_saved_are_an_error_each_time() -> None:
    case = a_case(FakeConductor(forgets="standard"))
    words = (
        "AI Conductor didn't save the resources of workspace alpha-ws: standard: 4 vCPU, 16 GB memory, 0 GPU"
    )

    assert failing(Trip(case, Goal.PRESENT)) == words
    assert failing(Trip(case, Goal.PRESENT)) == words


def test_resources_of_other_names_stay() -> None:
    case = a_case()
    fake_of(case).put_workspace(WS.name, WS.bucket, HIGH)

    made(case)

    assert [each.name for each in fake_of(case).rows[WS.name].resources] == ["high", "standard"]


@pytest.mark.parametrize("there", ["of-the-team", ""])
def test_a_change_of_resources_leaves_the_dashboard_as_it_is(there: str) -> None:
    case = a_case()
    fake_of(case).put_workspace(WS.name, WS.bucket, SMALL, dashboard=there)

    trip = Trip(case, Goal.PRESENT).arrive()

    assert trip.wire.made == ["update_workspace"]
    assert fake_of(case).rows[WS.name].dashboard == there


def test_T57_without_monitoring_there_is_no_dashboard_but_the_one_a_person_gave() -> None:
    case, given = a_case(monitored=False), a_case(monitored=False)
    given.ws = a_workspace(dashboard="https://grafana.example.com/d/of-the-team/x")

    made(case)
    made(given)

    assert fake_of(case).rows[WS.name].dashboard == ""
    assert fake_of(given).rows[WS.name].dashboard == "of-the-team"


def test_T61_a_workspace_with_solutions_is_not_removed_and_they_are_named() -> None:
    case = made(a_case())
    fake_of(case).work[WS.name] = ("churn", "ranking")
    trip = Trip(case, Goal.ABSENT)

    with pytest.raises(Permanent) as refused:
        trip.changes()
    with pytest.raises(Permanent):
        trip.stage.remove(WS, trip.stage.observe(WS, Goal.ABSENT), trip.context)

    assert str(refused.value) == "AI Conductor workspace alpha-ws still has 2 solutions: churn, ranking"
    assert str(refused.value.hint).startswith("Delete its streams, instances and solutions")
    assert trip.wire.made == []


def test_T61_of_many_solutions_the_first_are_named() -> None:
    case = made(a_case())
    fake_of(case).work[WS.name] = tuple("abcdefg")

    assert failing(Trip(case, Goal.ABSENT)).endswith("still has 7 solutions: a, b, c, d, e, …")


def test_T60_what_is_gone_already_is_removed_by_doing_nothing() -> None:
    case = made(a_case())
    fake_of(case).rows.pop(WS.name)

    assert Trip(case, Goal.ABSENT).arrive().wire.made == []


@pytest.mark.parametrize(
    ("members", "tells", "words"),
    [
        ((), True, "no solutions, no members; resources: standard"),
        (("mina",), True, "no solutions; resources: standard; 1 member loses access: mina"),
        (("mina", "bob"), True, ("no solutions; resources: standard; 2 members lose access: mina, bob")),
        (("mina",), False, "no solutions; resources: standard; all members lose access"),
    ],
)
def test_a_plan_says_what_goes_with_it(members: tuple[str, ...], tells: bool, words: str) -> None:  # noqa: FBT001 - a column of the table
    case = made(a_case(FakeConductor(tells_members=tells)))
    for login in members:
        fake_of(case).roles[WS.name, login] = "MANAGER"

    (change,) = Trip(case, Goal.ABSENT).changes()

    assert str(change.detail) == words
    assert not change.destroys_data


def test_a_workspace_whose_spec_is_no_longer_offered_can_be_removed_but_not_made() -> None:
    there, new = made(a_case()), a_case()
    there.ws = new.ws = a_workspace(platform=a_platform(specs={}))

    assert failing(Trip(new, Goal.PRESENT)) == "the settings no longer have spec standard"
    assert Trip(there, Goal.PRESENT).changes() == ()
    Trip(there, Goal.ABSENT).arrive()
    assert there.ours() is None


def test_a_workspace_whose_instance_type_EC2_no_longer_knows_can_be_removed_but_not_made() -> None:
    there, new = made(a_case()), a_case()
    retired = {"standard": NodeSpec(instance_type="m1.small")}
    there.ws = new.ws = a_workspace(platform=a_platform(specs=retired))

    assert failing(Trip(new, Goal.PRESENT)) == "there is no instance type m1.small"
    assert Trip(there, Goal.PRESENT).changes() == ()
    Trip(there, Goal.ABSENT).arrive()
    assert there.ours() is None


def test_a_lost_answer_is_looked_into() -> None:
    case = a_case(FakeConductor(lost="create_workspace"))

    with pytest.raises(Temporary):
        Trip(case, Goal.PRESENT).turn()

    assert Trip(case, Goal.PRESENT).arrive().wire.made == []
    assert case.ours() == made(a_case()).ours()


def test_ours_of_a_wrong_name_goes_although_somebody_has_taken_the_right_one() -> None:
    case = a_case()
    fake_of(case).put_workspace(WS.project, WS.bucket)
    case.strangers["another's bucket"]()

    trip = Trip(case, Goal.ABSENT)
    assert [str(change.target) for change in trip.changes()] == [f"AI Conductor workspace {WS.project}"]
    with pytest.raises(NotOurs, match="uses a different bucket"):
        trip.arrive()

    assert trip.wire.made == ["delete_workspace"]


def test_another_workspaces_bucket_is_refused_and_not_looked_into() -> None:
    case = a_case()
    case.strangers["another's bucket"]()
    fake_of(case).work[WS.name] = ("theirs",)

    with pytest.raises(NotOurs, match="uses a different bucket") as refused:
        Trip(case, Goal.ABSENT).changes()

    assert "theirs" not in str(refused.value)
