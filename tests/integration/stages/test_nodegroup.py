"""The node group over the AWS front, the stand-in of eksctl and the Kubernetes emulator.

Every eksctl is a process of its own, so the laws take their time: `make test-long`.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import boto3
import pytest

from provisioner.clients.aws import AwsClients
from provisioner.clients.kube import DAEMON_SETS, DISRUPTION_BUDGETS, NAMESPACES, NODES, PODS, KubeCluster
from provisioner.engine.stage import Goal
from provisioner.message import Message
from provisioner.stages.nodegroup.config import ClusterConfig, ManagedNodeGroup, Metadata
from provisioner.stages.nodegroup.eks import Ec2InstanceTypes, EksNodeGroups
from provisioner.stages.nodegroup.eksctl import EksctlProgram
from provisioner.stages.nodegroup.nodes import KubeNodes
from provisioner.stages.nodegroup.stage import NodegroupStage
from provisioner.stages.nodegroup.state import LABEL_TAG
from provisioner.vendor_call import NotOurs, Permanent
from provisioner.workspace import InstanceType, NodeSpec, Workspace
from sandbox.aws import AwsSimulator
from sandbox.eksctl import make_program
from sandbox.kubernetes import KubernetesEmulator
from sandbox.kubernetes.nodes import Nodes
from sandbox.serving.callfaults import Kind
from sandbox.serving.child import Nursery
from tests.builders import a_platform, a_workspace
from tests.fakes.fuse import CrashNow
from tests.integration.stages.conftest import ACCOUNT, REGION, cluster, pass_time, until, utc_now
from tests.laws.stage_laws import CANARY, Fresh, StageCase, StageLaws, Trip, made

pytestmark = pytest.mark.long  # stacks take their time

CLUSTER = "eks-an2-meerkat-prod"
KEY_ID = "AKIATESTER"
PLUGIN = "nvidia-device-plugin-daemonset"
NEIGHBOUR = "ng-an2-aicond-vision-ws-standard"
ROLE_TAG = f"{LABEL_TAG}aic-role"
WRITES = frozenset({"start_create", "start_delete", "dismiss", "end", "tag", "delete_stack"})
ANY = Message("cannot do it")


class Together:
    """The four clients of the stage as one."""

    def __init__(self, *parts: Any) -> None:
        self._deps = parts

    def __getattr__(self, name: str) -> Any:
        return next(getattr(part, name) for part in self._deps if hasattr(part, name))


@dataclass(frozen=True, slots=True)
class World:
    """`eks`, `scaling` and `stacks` are anybody else with rights in the account; `admin` in the cluster."""

    aws: AwsSimulator
    client: Together
    eksctl: EksctlProgram
    impatient: Together  # the same, with an eksctl that gives up a drain at once
    cluster: KubernetesEmulator
    admin: KubeCluster
    eks: Any
    scaling: Any
    stacks: Any

    def group(self, name: str) -> Any:
        return next((one for one in self.aws.nodegroups() if one.name == name), None)

    def stack(self, name: str) -> Any:
        return next((one for one in self.aws.stacks() if one.name == name), None)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("nodes")
    emulator = KubernetesEmulator(aws_keys={KEY_ID: "eksctl"})
    aws = AwsSimulator(Nursery(), folder / "aws", account=ACCOUNT, region=REGION, boot=timedelta(seconds=0.4))
    url = aws.start()
    aws.reach_cluster(emulator.start(), emulator.authority)
    machines = Nodes(
        emulator.kubeconfig("controller"),
        url,
        cluster=CLUSTER,
        region=REGION,
        key_id="AKIANODES",
        secret="made up",
        every=timedelta(milliseconds=50),
    )
    machines.start()
    environment = {
        "PATH": os.defpath,
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": CANARY,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": str(folder / "none"),
    }
    eksctl, impatient = (
        an_eksctl(folder / f"patient-{seconds}", environment, seconds) for seconds in (60, 1)
    )
    with pytest.MonkeyPatch.context() as own:
        for name, value in environment.items():
            own.setenv(name, value)
        clients = AwsClients(region=REGION)
        groups, types = EksNodeGroups(clients), Ec2InstanceTypes(clients)
        nodes = KubeNodes(cluster(folder, emulator, "workspace-bot"))
        found = World(
            aws=aws,
            client=Together(groups, types, eksctl, nodes),
            eksctl=eksctl,
            impatient=Together(groups, types, impatient, nodes),
            cluster=emulator,
            admin=cluster(folder, emulator, "admin"),
            eks=boto3.client("eks", region_name=REGION),
            scaling=boto3.client("autoscaling", region_name=REGION),
            stacks=boto3.client("cloudformation", region_name=REGION),
        )
        make_group(found, NEIGHBOUR, {"team": "vision"})
        yield found
    eksctl.stop()
    impatient.stop()
    machines.stop()
    unknown = (aws.unknown_calls, emulator.unknown_calls)
    aws.stop()
    emulator.stop()
    assert unknown == ([], ())


def an_eksctl(folder: Path, environment: Mapping[str, str], seconds: float) -> EksctlProgram:
    """One that waits so long for one thing."""
    folder.mkdir()
    return EksctlProgram(
        program=str(make_program(folder)),
        folder=folder / "state",
        environment=environment,
        timeout=timedelta(seconds=seconds),
    )


@pytest.fixture(autouse=True)
def _no_faults(world: World) -> Iterator[None]:
    yield
    world.aws.faults.clear()
    world.cluster.faults.clear()
    world.aws.restore_capacity()


def make_group(world: World, name: str, tags: dict[str, str]) -> None:
    """As somebody else makes one, without eksctl; awaited."""
    found = world.eks.describe_cluster(name=CLUSTER)["cluster"]
    world.eks.create_nodegroup(
        clusterName=CLUSTER,
        nodegroupName=name,
        nodeRole=f"arn:aws:iam::{ACCOUNT}:role/nodes",
        subnets=found["resourcesVpcConfig"]["subnetIds"][:1],
        instanceTypes=["m5.xlarge"],
        scalingConfig={"minSize": 0, "maxSize": 3, "desiredSize": 0},
        tags=tags,
    )
    until(lambda: world.group(name).status == "ACTIVE")


def make_with_eksctl(world: World, ws: Workspace) -> None:
    """As an administrator makes one by the runbook, and marks it as ours; awaited."""
    group = ManagedNodeGroup(
        name=ws.nodegroup,
        ami_family="AmazonLinux2023",
        instance_types=("g5.xlarge",),
        availability_zones=("ap-northeast-2a",),
        desired_capacity=0,
        max_size=3,
        labels={"aic-role": ws.node_label},
        tags={"workspace-bot/project": ws.project},
    )
    config = ClusterConfig(
        metadata=Metadata(name=CLUSTER, region=REGION), vpc=None, managed_node_groups=(group,)
    )
    ended = Event()
    world.eksctl.start_create(ws.nodegroup, config, at=utc_now(), ended=ended.set)
    until(lambda: (child := world.eksctl.child(ws.nodegroup)) is not None and child.exit_code == 0)
    assert ended.wait(5)


def make_stack(world: World, name: str, tags: dict[str, str]) -> None:
    template = '{"Resources": {"NodeInstanceRole": {"Type": "AWS::IAM::Role", "Properties": {}}}}'
    world.stacks.create_stack(
        StackName=name,
        TemplateBody=template,
        Capabilities=["CAPABILITY_IAM"],
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    until(lambda: world.stack(name).status == "CREATE_COMPLETE")


def fail(world: World, project: str) -> None:
    world.aws.no_capacity(times=1)
    with pytest.raises(Permanent):
        Trip(a_case(world, project), Goal.PRESENT).arrive()


def fail_on_a_strangers(world: World, project: str) -> None:
    fail(world, project)
    make_group(world, a_workspace(project).nodegroup, {"team": "vision"})


def make_beside_a_strangers(world: World, project: str) -> None:
    made(a_case(world, project))
    make_group(world, a_workspace(project).nodegroup_of("gpu"), {"team": "vision"})


def a_stage(client: Any) -> NodegroupStage:
    return NodegroupStage(client, client, client, client)


def a_case(world: World, project: str, **bent: Any) -> StageCase:
    ws = a_workspace(project, **bent)
    name, stack = ws.nodegroup, ws.stack_of(ws.nodegroup)
    tags = {"workspace-bot/project": project}

    def ours() -> str | None:
        found, behind = world.group(name), world.stack(stack)
        if found is None and behind is None:
            return None
        told = found and (
            found.status,
            found.labels,
            found.tags.get("workspace-bot/project", ""),
            {key: value for key, value in found.group_tags.items() if LABEL_TAG in key},
        )
        return str((behind and behind.status, told)).replace(project, "P")

    def untagged() -> None:
        case = made(a_case(world, project))
        group = world.group(case.ws.nodegroup)
        gone = [
            {"ResourceId": group.group, "ResourceType": "auto-scaling-group", "Key": key}
            for key in group.group_tags
            if LABEL_TAG in key
        ]
        world.scaling.delete_tags(Tags=gone)

    def denied() -> None:
        world.aws.faults.add(Kind.ACCESS_DENIED, "cloudformation.CreateStack", times=0)

    return StageCase(
        ws=ws,
        client=world.client,
        writes=WRITES,
        stage=a_stage,
        clock=utc_now,
        pass_time=pass_time,
        ours=ours,
        neighbours=lambda: repr(world.group(NEIGHBOUR)),
        halves={
            "without the autoscaler's tags": untagged,
            "a failed earlier try": lambda: fail(world, project),
            "a stack without its node group": lambda: make_stack(world, stack, tags),
        },
        strangers={
            "a node group without our tag": lambda: make_group(world, name, {"team": "vision"}),
            "another project's": lambda: make_group(world, name, {"workspace-bot/project": "another"}),
            "a stack of somebody else": lambda: make_stack(world, stack, {}),
        },
        mixtures={
            "a stranger's under another spec": lambda: make_beside_a_strangers(world, project),
            "a stranger's node group behind our failed stack": lambda: fail_on_a_strangers(world, project),
        },
        failures={
            "no right": denied,
        },
    )


@pytest.fixture
def fresh(world: World, projects: Iterator[str]) -> Fresh:
    return lambda: a_case(world, next(projects))


def alive(nodegroup: str) -> bool:
    """Whether any process on this machine is an eksctl for it."""
    found = False
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found |= nodegroup.encode() in (process / "cmdline").read_bytes()
    return found


def reason(trip: Trip) -> str:
    """What it waits for after one turn more."""
    _, wait = trip.turn()
    return str(wait.reason) if wait else ""


def pinned(world: World, case: StageCase, namespace: str, labels: dict[str, str]) -> None:
    """A pod on the group's node, as a notebook stands there: nobody makes it again."""
    selector = f"eks.amazonaws.com/nodegroup={case.ws.nodegroup}"
    until(lambda: bool(world.admin.list(ANY, NODES, labels=selector)))
    node = world.admin.list(ANY, NODES, labels=selector)[0]["metadata"]["name"]
    world.admin.create(ANY, NAMESPACES, {"metadata": {"name": namespace}})
    body = {
        "metadata": {"name": "notebook", "labels": labels},
        "spec": {"nodeName": node, "containers": [{"name": "main", "image": "notebook"}]},
    }
    world.admin.create(ANY, PODS, body, namespace=namespace)


def budget(world: World, namespace: str, labels: dict[str, str]) -> None:
    body = {
        "metadata": {"name": "keep"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": labels}},
    }
    world.admin.create(ANY, DISRUPTION_BUDGETS, body, namespace=namespace)


class TestLaws(StageLaws):
    pass


def test_T51_what_aws_has_in_the_end_and_that_nothing_is_left_of_it(world: World, fresh: Fresh) -> None:
    case = fresh()
    (change,) = Trip(case, Goal.PRESENT).changes()
    made(case)

    group = world.group(case.ws.nodegroup)
    assert (group.status, group.instance_type, group.desired, group.largest) == ("ACTIVE", "m5.xlarge", 1, 3)
    assert group.labels["aic-role"] == case.ws.node_label == group.group_tags[ROLE_TAG]
    assert str(change.detail) == (
        "4 vCPU and 16 GiB each, in ap-northeast-2a, ap-northeast-2b, ap-northeast-2c"
    )
    template = world.stacks.get_template(StackName=case.ws.stack_of(case.ws.nodegroup))["TemplateBody"]
    assert '"HttpTokens": "required"' in json.dumps(template)

    Trip(case, Goal.ABSENT).arrive()

    assert case.ours() is None


def test_T46_a_lack_of_machines_is_told_in_awss_words_and_a_retry_makes_it(
    world: World, fresh: Fresh
) -> None:
    case = fresh()
    world.aws.no_capacity(times=1)

    with pytest.raises(Permanent, match=r"do not have sufficient m5\.xlarge capacity") as failed:
        Trip(case, Goal.PRESENT).arrive()
    again = Trip(case, Goal.PRESENT).arrive()

    assert failed.value.cause is not None
    assert failed.value.cause.code == "CREATE_FAILED/ManagedNodeGroup"
    assert again.wire.made[:2] == ["delete_stack", "start_create"]
    assert again.wire.made.count("start_create") == 1


def test_T49_a_drain_that_a_budget_blocks_names_both_and_goes_on_when_it_is_lifted(
    world: World, fresh: Fresh
) -> None:
    case, labels = made(fresh()), {"app": "notebook"}
    space = case.ws.namespace
    pinned(world, case, space, labels)
    budget(world, space, labels)
    trip = Trip(case, Goal.ABSENT)
    (change,) = trip.changes()
    trip.turn()

    until(lambda: f"budget {space}/keep blocks pod {space}/notebook" in reason(trip))
    world.admin.delete(ANY, PODS, "notebook", namespace=space)
    Trip(case, Goal.ABSENT).arrive()

    assert str(change.detail) == "1 node, 1 running pod"
    assert change.destroys_data
    assert case.ours() is None


def test_killed_with_us_while_the_stack_goes_on_it_leaves_the_tags_to_us(world: World, fresh: Fresh) -> None:
    case = fresh()
    trip = Trip(case, Goal.PRESENT)
    trip.turn()
    until(lambda: world.stack(case.ws.stack_of(case.ws.nodegroup)) is not None)
    world.eksctl.stop()

    trip.arrive()

    assert world.group(case.ws.nodegroup).group_tags[ROLE_TAG] == case.ws.node_label
    assert trip.wire.made[0] == "start_create"


def test_T49_a_drain_that_eksctl_gives_up_is_told_with_what_blocked_it(world: World, fresh: Fresh) -> None:
    case, labels = made(fresh()), {"app": "notebook"}
    pinned(world, case, case.ws.namespace, labels)
    budget(world, case.ws.namespace, labels)

    case.client = world.impatient

    with pytest.raises(Permanent, match=r"cannot drain EKS node group .* blocks pod") as failed:
        Trip(case, Goal.ABSENT).arrive()

    assert failed.value.cause is not None
    assert "timed out waiting for nodegroup" in failed.value.cause.raw_text


def test_exit_1_after_all_was_made_is_no_error_and_the_tags_are_written(world: World, fresh: Fresh) -> None:
    case = fresh()
    world.aws.faults.add(Kind.ACCESS_DENIED, "autoscaling.CreateOrUpdateTags", times=1)

    trip = Trip(case, Goal.PRESENT)
    trip.turn()
    until(lambda: (child := world.eksctl.child(case.ws.nodegroup)) is not None and child.ended)
    trip.arrive()

    child = world.eksctl.child(case.ws.nodegroup)
    assert child is not None
    assert child.exit_code == 1
    assert "CreateOrUpdateTags" in child.words
    assert trip.wire.made == ["start_create", "tag"]


@pytest.mark.parametrize("spec", ["standard", "gpu"])
def test_no_eksctl_is_left_of_a_stage_that_is_done(world: World, projects: Iterator[str], spec: str) -> None:
    """Without one at its side AWS goes on, and what eksctl would have written is written."""
    case = a_case(world, next(projects), spec=spec)
    trip = Trip(case, Goal.PRESENT)
    trip.turn()
    until(lambda: alive(case.ws.nodegroup))

    trip.arrive()

    group = world.group(case.ws.nodegroup)
    assert not alive(case.ws.nodegroup)
    assert group.group_tags[ROLE_TAG] == case.ws.node_label
    assert group.group_tags["workspace-bot/project"] == case.ws.project
    leaving = Trip(case, Goal.ABSENT)
    leaving.turn()
    until(lambda: alive(case.ws.nodegroup))

    leaving.arrive()

    assert not alive(case.ws.nodegroup)
    assert case.ours() is None


def test_eksctl_is_ended_while_the_stack_is_still_on_its_way(world: World, fresh: Fresh) -> None:
    case = fresh()
    trip = Trip(case, Goal.PRESENT)
    until(lambda: "in progress in AWS" in reason(trip))

    assert not alive(case.ws.nodegroup)
    trip.arrive()
    assert world.group(case.ws.nodegroup).status == "ACTIVE"
    assert trip.wire.made == ["start_create", "dismiss", "tag"]


def test_killed_right_after_its_eksctl_was_ended_the_next_process_goes_on(world: World, fresh: Fresh) -> None:
    case = fresh()
    with pytest.raises(CrashNow):
        Trip(case, Goal.PRESENT, dies_after=2).arrive()
    assert not alive(case.ws.nodegroup)

    again = Trip(case, Goal.PRESENT).arrive()

    assert again.wire.made == ["tag"]
    assert [one.name for one in world.aws.stacks()].count(case.ws.stack_of(case.ws.nodegroup)) == 1


def test_a_missing_right_is_told_in_eksctls_words(world: World, fresh: Fresh) -> None:
    world.aws.faults.add(Kind.ACCESS_DENIED, "cloudformation.CreateStack", times=0)

    with pytest.raises(Permanent, match="not authorized to perform: cloudformation:CreateStack") as failed:
        Trip(fresh(), Goal.PRESENT).arrive()

    assert failed.value.cause is not None
    assert failed.value.cause.service == "eksctl"


@pytest.mark.parametrize("call", ["cloudformation.CreateStack", "cloudformation.DeleteStack"])
def test_a_lost_answer_is_looked_into(world: World, fresh: Fresh, call: str) -> None:
    case = fresh()
    world.aws.faults.add(Kind.LOST_ANSWER, call)

    Trip(case, Goal.PRESENT).arrive()
    Trip(case, Goal.ABSENT).arrive()

    assert case.ours() is None


def test_T48_the_groups_of_all_specs_go(world: World, projects: Iterator[str]) -> None:
    project = next(projects)
    case = made(a_case(world, project))
    make_with_eksctl(world, a_workspace(project, spec="gpu"))

    trip = Trip(case, Goal.ABSENT)
    changes = trip.changes()
    trip.arrive()

    assert len(changes) == 2
    assert not [one for one in world.aws.nodegroups() if f"-{project}-ws-" in one.name]


def test_T48_what_was_made_with_a_spec_that_the_settings_dropped_goes_and_no_neighbour(
    world: World, projects: Iterator[str]
) -> None:
    project = next(projects)
    ws = made(a_case(world, project)).ws
    alike = f"{ws.nodegroup_of('b')}-ws-standard"
    make_group(world, alike, {"workspace-bot/project": f"{project}-ws-b"})
    platform = a_platform(specs={"gpu": NodeSpec(instance_type="g5.xlarge")})

    Trip(a_case(world, project, spec="gpu", platform=platform), Goal.ABSENT).arrive()

    assert world.group(ws.nodegroup) is None
    until(lambda: world.stack(ws.stack_of(ws.nodegroup)) is None)
    assert world.group(alike).status == "ACTIVE"


def test_one_that_is_still_being_made_can_be_deleted(world: World, fresh: Fresh) -> None:
    case = fresh()
    Trip(case, Goal.PRESENT).turn()
    until(lambda: world.stack(case.ws.stack_of(case.ws.nodegroup)) is not None)

    Trip(case, Goal.ABSENT).arrive()

    assert case.ours() is None


def test_T43_a_type_that_no_zone_of_the_cluster_offers_is_refused_before_anybody_is_asked(
    world: World, projects: Iterator[str]
) -> None:
    platform = a_platform(specs={"standard": NodeSpec(instance_type="f2.6xlarge")})
    case = a_case(world, next(projects), platform=platform)

    with pytest.raises(Permanent, match=r"f2\.6xlarge is offered in ap-northeast-2d, but the cluster has"):
        Trip(case, Goal.PRESENT).changes()


def test_T50_what_a_type_holds_is_what_ec2_says(world: World) -> None:
    described = world.client.describe("g5.xlarge")

    assert described == InstanceType(name="g5.xlarge", vcpus=4, memory_gib=16, gpus=1, nvidia=True)


def test_a_node_group_that_somebody_made_by_hand_is_refused(fresh: Fresh) -> None:
    case = fresh()
    case.strangers["a node group without our tag"]()

    with pytest.raises(NotOurs, match="wasn't created by this bot"):
        Trip(case, Goal.PRESENT).changes()


def test_T13_another_spec_of_a_workspace_that_is_there_is_refused_before_anybody_is_asked(
    world: World, projects: Iterator[str]
) -> None:
    project = next(projects)
    first = made(a_case(world, project))

    with pytest.raises(
        Permanent, match=(f"EKS node group {first.ws.nodegroup} already exists with spec standard")
    ):
        Trip(a_case(world, project, spec="gpu"), Goal.PRESENT).changes()


def test_gpus_that_no_pod_can_get_are_told_in_eksctls_words_until_somebody_helps(
    world: World, projects: Iterator[str]
) -> None:
    case = a_case(world, next(projects), spec="gpu")
    world.admin.delete(ANY, DAEMON_SETS, PLUGIN, namespace="kube-system")
    refused = 'User "eksctl" cannot create resource "daemonsets" in API group "apps"'
    world.cluster.faults.refuse("create", "daemonsets.apps", code=403, reason="Forbidden", message=refused)

    with pytest.raises(Permanent, match="the cluster has no NVIDIA device plugin") as failed:
        Trip(case, Goal.PRESENT).arrive()

    assert failed.value.cause is not None
    assert failed.value.cause.service == "eksctl"
    assert "error installing device plugin" in failed.value.cause.raw_text
    assert refused in failed.value.cause.raw_text
    pods = {"containers": [{"name": "plugin", "image": "nvcr.io/nvidia/k8s-device-plugin:v0.19.3"}]}
    labels = {"name": "plugin"}
    body = {
        "metadata": {"name": PLUGIN},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pods},
        },
    }
    world.admin.create(ANY, DAEMON_SETS, body, namespace="kube-system")
    assert Trip(case, Goal.PRESENT).changes() == ()
    Trip(case, Goal.ABSENT).arrive()
    assert case.ours() is None
