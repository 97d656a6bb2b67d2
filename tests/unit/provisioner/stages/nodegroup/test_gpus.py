"""A node group with GPUs: it is done when pods can get them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioner.diagnosis import diagnose
from provisioner.engine.stage import Goal, Verb
from provisioner.stages.nodegroup.stage import NodegroupStage
from provisioner.vendor_call import Permanent, Temporary
from provisioner.workspace import NodeSpec
from tests.builders import a_platform, a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.nodegroups import NO_PLUGIN, FakeCloud, FakeGroup, FakeStack
from tests.laws.stage_laws import StageCase, Trip, made

WS = a_workspace(spec="gpu")
LACKS = f"EKS node group {WS.nodegroup} has NVIDIA GPUs, but the cluster has no NVIDIA device plugin"


def a_case(cloud: FakeCloud, *, ami_family: str = "AmazonLinux2023") -> StageCase:
    return StageCase(
        ws=WS,
        client=cloud,
        writes=frozenset({"start_create", "start_delete", "dismiss", "end", "tag", "delete_stack"}),
        stage=lambda client: NodegroupStage(client, client, client, client, ami_family=ami_family),
        clock=cloud.clock.now,
        pass_time=cloud.clock.pass_by,
        ours=lambda: str(cloud.grouped.get(WS.nodegroup)),
        neighbours=lambda: "",
        halves={},
        strangers={},
        failures={},
    )


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud(FakeClock())


def put(cloud: FakeCloud, instance_type: str = "g5.xlarge") -> None:
    """Made and tagged, by nobody who is there now."""
    tags, label = {"workspace-bot/project": "alpha"}, WS.node_label
    cloud.stacks[WS.stack_of(WS.nodegroup)] = FakeStack("CREATE_COMPLETE", tags)
    cloud.grouped[WS.nodegroup] = FakeGroup(
        tags=tags,
        instance_type=instance_type,
        labels={"aic-role": label},
        scaling_tags={"k8s.io/cluster-autoscaler/node-template/label/aic-role": label},
    )


def failed(case: StageCase) -> Permanent:
    with pytest.raises(Permanent) as failure:
        Trip(case, Goal.PRESENT).arrive()
    return failure.value


def test_it_is_awaited_until_the_device_plugin_is_there(cloud: FakeCloud) -> None:
    trip = Trip(a_case(cloud), Goal.PRESENT)
    waited = []
    while not cloud.plugin:
        waited.append(str(trip.turn()[1]))
        cloud.clock.pass_by(0.5)

    assert any("waiting for eksctl to install the NVIDIA device plugin" in reason for reason in waited)
    trip.arrive()
    assert trip.changes() == ()


def test_a_plugin_that_eksctl_could_not_install_is_told_in_its_words(cloud: FakeCloud) -> None:
    cloud.fault = "no-plugin"

    error = failed(a_case(cloud))

    assert str(error.what) == LACKS
    assert error.cause is not None
    assert (error.cause.service, error.cause.raw_text) == ("eksctl", NO_PLUGIN)
    found = diagnose(error.what, error.cause)
    assert found is not None
    assert "eksctl couldn't install it" in str(found.cause)
    assert "to install the NVIDIA device plugin" in str(found.remedy)


def test_once_somebody_installed_it_a_retry_is_done(cloud: FakeCloud) -> None:
    case = a_case(cloud)
    cloud.fault = "no-plugin"
    failed(case)
    cloud.plugin = True

    assert Trip(case, Goal.PRESENT).changes() == ()


def test_an_eksctl_that_was_killed_before_it_is_not_taken_for_done(cloud: FakeCloud) -> None:
    case = a_case(cloud)
    trip = Trip(case, Goal.PRESENT)
    while "install" not in str(trip.turn()[1]):
        cloud.clock.pass_by(0.5)
    cloud.kill()

    error = failed(case)

    assert str(error.what) == LACKS
    assert error.cause is None
    assert diagnose(error.what, error.cause) is not None


def test_what_eksctl_said_of_something_else_is_not_told_as_why(cloud: FakeCloud) -> None:
    case = made(a_case(cloud))
    cloud.children[WS.nodegroup].end(1, "timed out waiting for at least 1 nodes to join the cluster")
    cloud.plugin = False

    assert failed(case).cause is None


def test_nobody_is_asked_to_approve_what_no_run_can_do(cloud: FakeCloud) -> None:
    put(cloud)

    with pytest.raises(Permanent, match="the cluster has no NVIDIA device plugin"):
        Trip(a_case(cloud), Goal.PRESENT).changes()


def test_it_can_be_deleted_without_the_plugin(cloud: FakeCloud) -> None:
    put(cloud)
    case = a_case(cloud)

    (change,) = Trip(case, Goal.ABSENT).changes()
    Trip(case, Goal.ABSENT).arrive()

    assert change.verb is Verb.DELETE
    assert not cloud.grouped


def test_a_cluster_that_cannot_be_asked_for_the_plugin_is_told(cloud: FakeCloud) -> None:
    put(cloud)
    cloud.grouped[WS.nodegroup].nodes = 0
    cloud.fault = "cluster-down"

    with pytest.raises(Temporary, match="cannot list DaemonSets"):
        Trip(a_case(cloud), Goal.PRESENT).changes()


@pytest.mark.parametrize("ami_family", ["Bottlerocket", "Ubuntu2204"])
def test_an_image_for_which_eksctl_installs_none_needs_none(cloud: FakeCloud, ami_family: str) -> None:
    put(cloud)

    assert Trip(a_case(cloud, ami_family=ami_family), Goal.PRESENT).changes() == ()


def test_eksctl_is_let_go_on_until_the_plugin_is_there_and_is_ended_then(cloud: FakeCloud) -> None:
    trip = Trip(a_case(cloud), Goal.PRESENT)
    while not cloud.plugin:
        trip.turn()
        assert cloud.children[WS.nodegroup].running
        cloud.clock.pass_by(0.5)
        cloud.catch_up()
    cloud.children[WS.nodegroup].running = True  # it looks back at all stacks

    trip.arrive()

    assert not cloud.children[WS.nodegroup].running


def test_where_the_plugin_is_there_already_eksctl_has_nothing_to_install(cloud: FakeCloud) -> None:
    cloud.plugin = True
    trip = Trip(a_case(cloud), Goal.PRESENT)
    trip.turn()
    cloud.clock.pass_by(2)

    trip.turn()

    assert not cloud.children[WS.nodegroup].running
    trip.arrive()
    assert trip.changes() == ()


def test_one_whose_stack_fails_is_not_waited_for(cloud: FakeCloud) -> None:
    cloud.fault = "no-capacity"

    failed(a_case(cloud))

    assert not cloud.children[WS.nodegroup].running


def test_of_awss_own_accelerators_eksctl_is_let_go_on_to_its_end(cloud: FakeCloud) -> None:
    ws = a_workspace(
        spec="neuron", platform=a_platform(specs={"neuron": NodeSpec(instance_type="inf2.xlarge")})
    )
    trip = Trip(replace(a_case(cloud), ws=ws), Goal.PRESENT)
    told = []
    for _ in range(30):
        changes, wait = trip.turn()
        if not changes:
            break
        told.append(str(wait and wait.reason))
        cloud.clock.pass_by(0.5)

    assert "waiting for eksctl to install the AWS Neuron device plugin" in told
    assert (cloud.children[ws.nodegroup].exit_code, trip.changes()) == (0, ())
