"""The node groups of one workspace under other specs than the one that was asked for."""

from __future__ import annotations

import pytest

from provisioner.engine.stage import Goal
from provisioner.stages.nodegroup.state import Task
from provisioner.vendor_call import NotOurs, Permanent
from provisioner.workspace import NodeSpec
from tests.builders import a_platform, a_workspace
from tests.fakes.nodegroups import FakeChild, FakeStack
from tests.laws.stage_laws import StageCase, Trip, made
from tests.unit.provisioner.stages.nodegroup.cases import (
    GPU_NAME,
    NAME,
    OURS,
    STACK,
    WS,
    a_case,
    a_group,
    cloud_of,
    failed,
)

GPU_STACK = WS.stack_of(GPU_NAME)
ALIKE = f"{WS.nodegroup_of('b')}-ws-standard"


def asked_for_gpus(case: StageCase) -> Trip:
    """The same workspace, asked for once more with another spec."""
    case.ws = a_workspace(spec="gpu")
    return Trip(case, Goal.PRESENT)


def test_T13_another_spec_of_a_workspace_that_is_there_is_refused_before_anybody_is_asked() -> None:
    trip = asked_for_gpus(made(a_case()))

    with pytest.raises(Permanent) as refused:
        trip.changes()

    assert str(refused.value) == f"EKS node group {NAME} already exists with spec standard"
    assert "Request the existing spec, or delete the workspace first" in str(refused.value.hint)
    assert not isinstance(refused.value, NotOurs)


def test_T13_so_it_is_when_the_run_comes_to_it_later() -> None:
    trip = asked_for_gpus(made(a_case()))

    with pytest.raises(Permanent, match="exists with spec standard"):
        trip.stage.ensure(trip.case.ws, trip.stage.observe(trip.case.ws, Goal.PRESENT), trip.context)

    assert trip.wire.made == []


@pytest.mark.parametrize("begun", [1, 3], ids=["eksctl has begun", "its stack is under way"])
def test_T13_so_it_is_while_the_other_one_is_being_made(begun: float) -> None:
    case = a_case()
    Trip(case, Goal.PRESENT).turn()
    if begun > 1:
        case.pass_time(begun)

    assert str(failed(asked_for_gpus(case))) == (f"EKS node group {NAME} is being created with spec standard")


def test_one_whose_eksctl_died_with_us_is_being_made_all_the_same() -> None:
    case = a_case()
    cloud_of(case).stacks[STACK] = FakeStack("CREATE_IN_PROGRESS", OURS)

    assert str(failed(asked_for_gpus(case))) == (f"EKS node group {NAME} is being created with spec standard")


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "CREATE_COMPLETE"])
def test_what_is_left_of_one_that_was_never_made_is_no_reason(status: str) -> None:
    case = a_case()
    cloud_of(case).stacks[STACK] = FakeStack(status, OURS)
    cloud_of(case).children[NAME] = FakeChild(Task.CREATE, case.clock(), running=False, exit_code=1)

    asked_for_gpus(case).arrive()

    assert GPU_NAME in cloud_of(case).grouped


def test_a_stranger_under_another_spec_is_no_reason() -> None:
    case = a_case()
    cloud_of(case).stacks[STACK] = FakeStack("CREATE_IN_PROGRESS", {})
    case.strangers["a node group without our tag"]()

    asked_for_gpus(case).arrive()

    assert GPU_NAME in cloud_of(case).grouped


def test_one_that_is_on_its_way_out_has_to_be_gone_first() -> None:
    case = a_case()
    cloud_of(case).stacks[GPU_STACK] = FakeStack("DELETE_IN_PROGRESS", OURS)
    cloud_of(case).grouped[GPU_NAME] = a_group(status="DELETING")

    assert str(failed(Trip(case, Goal.PRESENT))) == (
        f"EKS node group {GPU_NAME} already exists with spec gpu"
    )


def without_standard(case: StageCase, spec: str) -> StageCase:
    """The settings have dropped the spec that it was made with."""
    platform = a_platform(specs={"gpu": NodeSpec(instance_type="g5.xlarge")})
    case.ws = a_workspace(spec=spec, platform=platform)
    return case


def test_T48_what_was_made_with_a_spec_that_the_settings_dropped_is_found_and_deleted() -> None:
    case = without_standard(made(a_case()), "gpu")

    trip = Trip(case, Goal.ABSENT)
    (change,) = trip.changes()
    trip.arrive()

    assert str(change.target) == f"EKS node group {NAME}"
    assert case.ours() == (None, None)


def test_T48_it_is_a_reason_not_to_make_another() -> None:
    case = without_standard(made(a_case()), "gpu")

    assert str(failed(Trip(case, Goal.PRESENT))) == (
        f"EKS node group {NAME} already exists with spec standard"
    )


@pytest.mark.parametrize("tags", [{"workspace-bot/project": "alpha-ws-b"}, {}], ids=["another's", "no mark"])
def test_what_only_begins_alike_and_is_not_ours_is_left_alone(tags: dict[str, str]) -> None:
    case = a_case()
    cloud_of(case).grouped[ALIKE] = a_group(tags=tags)
    cloud_of(case).stacks[WS.stack_of(ALIKE)] = FakeStack("CREATE_COMPLETE", tags)
    made(case)

    Trip(case, Goal.ABSENT).arrive()

    assert case.ours() == (None, None)
    assert ALIKE in cloud_of(case).grouped


def test_the_stack_of_a_stranger_behind_our_mark_stops_a_delete() -> None:
    case = a_case()
    cloud_of(case).grouped[ALIKE] = a_group()
    cloud_of(case).stacks[WS.stack_of(ALIKE)] = FakeStack("CREATE_COMPLETE", {})

    assert "was created by this bot" in str(failed(Trip(case, Goal.ABSENT)))


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "CREATE_IN_PROGRESS", "DELETE_FAILED"])
def test_our_stack_with_a_node_group_of_a_stranger_stops_a_delete(status: str) -> None:
    """CloudFormation deletes what a stack has by its name."""
    case = a_case()
    cloud_of(case).stacks[STACK] = FakeStack(status, OURS)
    case.strangers["a node group without our tag"]()

    assert "was created by this bot" in str(failed(Trip(case, Goal.ABSENT)))


def test_our_stack_that_failed_on_a_node_group_of_a_stranger_goes_alone() -> None:
    case = a_case()
    case.mixtures["a stranger's node group behind our failed stack"]()

    changes = Trip(case, Goal.ABSENT).inspect().changes
    with pytest.raises(
        NotOurs, match=f"^already exists and wasn't created by this bot: EKS node group {NAME}"
    ):
        Trip(case, Goal.ABSENT).arrive()

    assert [str(change.target) for change in changes] == [f"CloudFormation stack {STACK}"]
    assert STACK not in cloud_of(case).stacks
    assert NAME in cloud_of(case).grouped


def test_a_stranger_under_another_spec_stays_and_stops_no_create() -> None:
    case = a_case()
    case.mixtures["a stranger's under another spec"]()
    assert Trip(case, Goal.PRESENT).changes() == ()

    with pytest.raises(NotOurs, match=f"wasn't created by this bot: EKS node group {GPU_NAME}"):
        Trip(case, Goal.ABSENT).arrive()

    assert case.ours() == (None, None)
    assert GPU_NAME in cloud_of(case).grouped


def test_strangers_are_named_all_at_once() -> None:
    case = a_case()
    case.strangers["a stack of somebody else"]()
    cloud_of(case).grouped[GPU_NAME] = a_group(tags={})

    with pytest.raises(NotOurs) as told:
        Trip(case, Goal.ABSENT).changes()

    things = f"CloudFormation stack {STACK}, EKS node group {GPU_NAME}"
    assert str(told.value) == f"already exists and wasn't created by this bot: {things}"
