"""The node group's stage over its fake: a case for the laws, and trips of it."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.stages.nodegroup.stage import NodegroupStage
from provisioner.stages.nodegroup.state import LABEL_TAG
from provisioner.vendor_call import Permanent
from provisioner.workspace import Workspace
from tests.builders import a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.nodegroups import FakeCloud, FakeGroup, FakeStack
from tests.laws.stage_laws import StageCase, Trip

WS = a_workspace()
NAME, GPU_NAME = "ng-an2-aicond-alpha-ws-standard", "ng-an2-aicond-alpha-ws-gpu"
STACK = f"eksctl-eks-an2-meerkat-prod-nodegroup-{NAME}"
OURS = {"workspace-bot/project": "alpha"}
ROLE_TAG = f"{LABEL_TAG}aic-role"
WRITES = frozenset({"start_create", "start_delete", "dismiss", "end", "tag", "delete_stack"})
NEIGHBOUR = "ng-an2-aicond-alphabet-ws-standard"


def a_group(**bent: Any) -> FakeGroup:
    usual: dict[str, Any] = {
        "tags": OURS,
        "labels": {"aic-role": "alpha-ws-standard"},
        "scaling": f"eks-{NAME}",
        "scaling_tags": {ROLE_TAG: "alpha-ws-standard"},
    }
    return FakeGroup(**usual | bent)


def a_stage(cloud: Any) -> NodegroupStage:
    return NodegroupStage(cloud, cloud, cloud, cloud)


def a_case(ws: Workspace = WS, *, cloud: FakeCloud | None = None) -> StageCase:
    cloud = cloud or FakeCloud(FakeClock())
    clock = cloud.clock
    other = ws.stack_of(NEIGHBOUR)
    cloud.stacks[other] = FakeStack("CREATE_COMPLETE", {"workspace-bot/project": "alphabet"})
    cloud.grouped[NEIGHBOUR] = a_group(tags={"workspace-bot/project": "alphabet"}, scaling="eks-alphabet")

    def put(stack: FakeStack | None, group: FakeGroup | None = None) -> None:
        if stack is not None:
            cloud.stacks[STACK] = stack
        if group is not None:
            cloud.grouped[NAME] = group

    def ours() -> Any:
        cloud.child(NAME)  # lets what is due happen
        stack, group = cloud.stacks.get(STACK), cloud.grouped.get(NAME)
        tags = group and {key: value for key, value in group.scaling_tags.items() if LABEL_TAG in key}
        return stack and (stack.status, stack.tags), group and (group.status, group.labels, tags)

    def under_another_spec() -> None:
        put(FakeStack("CREATE_COMPLETE", OURS), a_group())
        cloud.grouped[GPU_NAME] = a_group(tags={})

    return StageCase(
        ws=ws,
        client=cloud,
        writes=WRITES,
        stage=a_stage,
        clock=clock.now,
        pass_time=clock.pass_by,
        ours=ours,
        neighbours=lambda: str((cloud.stacks[other], cloud.grouped[NEIGHBOUR])),
        halves={
            "without the autoscaler's tags": lambda: put(
                FakeStack("CREATE_COMPLETE", OURS), a_group(scaling_tags={})
            ),
            "a failed earlier try": lambda: put(FakeStack("ROLLBACK_COMPLETE", OURS)),
            "a stack without its node group": lambda: put(FakeStack("CREATE_COMPLETE", OURS)),
        },
        strangers={
            "a stack of somebody else": lambda: put(FakeStack("CREATE_COMPLETE", {}), a_group(tags={})),
            "a node group without our tag": lambda: put(None, a_group(tags={"team": "vision"})),
            "another project's": lambda: put(None, a_group(tags={"workspace-bot/project": "beta"})),
        },
        mixtures={
            "a stranger's node group behind our failed stack": lambda: put(
                FakeStack("ROLLBACK_COMPLETE", OURS), a_group(tags={})
            ),
            "a stranger's under another spec": under_another_spec,
        },
        failures={
            "no capacity": lambda: setattr(cloud, "fault", "no-capacity"),
            "no right": lambda: setattr(cloud, "fault", "no-stack"),
        },
    )


def cloud_of(case: StageCase) -> FakeCloud:
    assert isinstance(case.client, FakeCloud)
    return case.client


def failed(trip: Trip) -> Permanent:
    with pytest.raises(Permanent) as caught:
        trip.arrive()
    return caught.value


def unseen(case: StageCase, seconds: int) -> None:
    """So much happens while no turn looks."""
    for _ in range(seconds):
        case.pass_time(1)
        cloud_of(case).catch_up()


def reasons(trip: Trip) -> list[str]:
    """What it waits for, turn by turn, until it is done or fails; the same again is left out."""
    told: list[str] = []
    for _ in range(2000):
        changes, wait = trip.turn()
        if not changes or wait is None:
            return told
        if told[-1:] != [str(wait.reason)]:
            told.append(str(wait.reason))
        trip.case.pass_time(wait.seconds)
    raise AssertionError(told)
