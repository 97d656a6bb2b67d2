"""`eksctl delete nodegroup`, and the drain that comes first."""

from typing import Any

import pytest

from sandbox.serving.callfaults import Kind
from tests.sandbox.eksctl.desk import CHIEF_KEY, CLUSTER, REGION, Desk
from tests.sandbox.eventually import eventually
from tests.sandbox.kubernetes.clients import budget, named, pod

UNMANAGED = "deleting Pods not managed by ReplicationController, ReplicaSet, Job, DaemonSet or StatefulSet"
NO_DRAIN = "[!]  error occurred during drain, to skip drain use '--drain=false' flag"


def made(desk: Desk, **changes: Any) -> str:
    """A group with one node; returns the node's name."""
    assert desk.create(minSize=1, **changes).code == 0
    (node,) = desk.nodes()
    return named(node)


def work(desk: Desk, node: str) -> str:
    """A pod that runs there; returns its name."""
    name = f"work-{desk.group}"
    desk.admin.core.create_namespaced_pod("default", pod(name, node=node, app=name))
    eventually(lambda: desk.admin.core.read_namespaced_pod(name, "default").status.phase == "Running")
    return name


def guard(desk: Desk, name: str) -> None:
    """A budget that lets none of these go."""
    desk.admin.policy.create_namespaced_pod_disruption_budget("default", budget(name, at_least=1, app=name))
    eventually(
        lambda: (
            desk.admin.policy.read_namespaced_pod_disruption_budget(name, "default").status.current_healthy
        )
    )


def pods(desk: Desk) -> list[str]:
    found = desk.admin.core.list_namespaced_pod("default", label_selector=f"app=work-{desk.group}").items
    return [named(each) for each in found]


def test_a_group_is_drained_and_removed(desk: Desk) -> None:
    node = made(desk)
    work(desk, node)

    ended = desk.child(
        *("delete", "nodegroup", f"--cluster={CLUSTER}", f"--region={REGION}", f"--name={desk.group}"),
        *("--wait", "--timeout=60s", "--color=false"),
    )

    assert (ended.code, ended.err) == (0, "")
    assert ended.lines == [
        f"[ℹ]  1 nodegroup ({desk.group}) was included (based on the include/exclude rules)",
        f'[ℹ]  will drain 1 nodegroup(s) in cluster "{CLUSTER}"',
        "[ℹ]  starting parallel draining, max in-flight of 1",
        f'[ℹ]  cordon node "{node}"',
        f"[!]  {UNMANAGED}: default/work-{desk.group}",
        f"[✔]  drained all nodes: [{node}]",
        f'[ℹ]  will delete 1 nodegroups from cluster "{CLUSTER}"',
        f'[ℹ]  1 task: {{ 1 task: {{ delete nodegroup "{desk.group}" }} }}',
        f'[ℹ]  will delete stack "{desk.stack}"',
        f'[ℹ]  waiting for stack "{desk.stack}" to get deleted',
        f'[ℹ]  waiting for CloudFormation stack "{desk.stack}"',
        f'[✔]  deleted 1 nodegroup(s) from cluster "{CLUSTER}"',
    ]
    assert not desk.exists()
    eventually(lambda: not desk.nodes())


def test_it_does_not_wait_unless_it_is_told_to(desk: Desk) -> None:
    made(desk)

    ended = desk.delete()

    assert ended.code == 0
    assert f'[ℹ]  1 task: {{ 1 task: {{ delete nodegroup "{desk.group}" [async] }} }}' in ended.lines
    assert not [line for line in ended.lines if "waiting" in line]
    eventually(lambda: not desk.exists())


def test_a_file_is_only_a_plan_until_it_is_approved(desk: Desk) -> None:
    made(desk)
    file = desk.config()

    plan = desk.child("delete", "nodegroup", "-f", file)
    there = desk.exists()
    done = desk.run("delete", "nodegroup", "-f", file, "--approve", "--wait")

    assert (plan.code, there) == (0, True)
    assert plan.lines[-2:] == [
        f'[✔]  (plan) would have deleted 1 nodegroup(s) from cluster "{CLUSTER}"',
        "[!]  no changes were applied, run again with '--approve' to apply the changes",
    ]
    assert done.code == 0
    assert not desk.exists()


def test_a_budget_blocks_the_drain_and_the_node_stays_cordoned(desk: Desk) -> None:
    node = made(desk)
    guard(desk, work(desk, node))

    ended = desk.child(
        *("delete", "nodegroup", f"--cluster={CLUSTER}", f"--region={REGION}", f"--name={desk.group}"),
        *("--wait", "--timeout=2s"),
    )

    assert ended.code == 1
    assert ended.err == (
        f'Error: draining nodegroups: timed out waiting for nodegroup "{desk.group}" to be drained\n'
    )
    assert ended.lines[-2:] == [
        f'[!]  pod eviction error ("timed out waiting for node \\"{node}\\" to be drained") on node {node}',
        NO_DRAIN,
    ]
    assert pods(desk) == [f"work-{desk.group}"]
    assert [each.spec.unschedulable for each in desk.nodes()] == [True]
    assert desk.described()["StackStatus"] == "CREATE_COMPLETE"
    assert desk.described()["EnableTerminationProtection"]


def test_without_evictions_no_budget_is_asked_which_takes_a_right_that_the_bot_has_not(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard(desk, work(desk, made(desk)))

    refused = desk.delete("--disable-eviction", "--wait")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", CHIEF_KEY)
    ended = desk.delete("--disable-eviction", "--wait")

    assert refused.code == 1
    assert 'User "eksctl" cannot delete resource "pods"' in refused.err
    assert ended.code == 0
    assert pods(desk) == []


def test_without_a_drain_nothing_is_asked(desk: Desk) -> None:
    guard(desk, work(desk, made(desk)))

    ended = desk.delete("--drain=false", "--wait")

    assert ended.code == 0
    assert not [line for line in ended.lines if "drain" in line]
    eventually(lambda: pods(desk) == [])  # gone with the node


def test_pods_of_daemon_sets_are_left_where_they_are(desk: Desk) -> None:
    node = made(desk)
    on_node = f"spec.nodeName={node}"
    eventually(lambda: len(desk.admin.core.list_pod_for_all_namespaces(field_selector=on_node).items) >= 2)
    before = len(desk.kubernetes.journal())

    desk.delete()

    evicted = [each for each in desk.kubernetes.journal(before) if each.resource == "pods/eviction"]
    assert evicted == []


def test_the_right_to_evict_may_be_missing(desk: Desk) -> None:
    name = work(desk, made(desk))
    desk.kubernetes.faults.forbid("create", "pods/eviction", user="eksctl")

    ended = desk.delete()

    pod = f'default/{name}: pods "{name}" is forbidden: User "eksctl" cannot create'
    assert ended.code == 1
    assert ended.err.startswith(f"Error: draining nodegroups: unrecoverable error evicting pod: {pod}")
    assert ended.lines[-1] == NO_DRAIN


def test_a_group_that_came_to_nothing_is_removed_too(desk: Desk) -> None:
    desk.aws.no_capacity()
    desk.create()
    desk.aws.restore_capacity()

    ended = desk.delete("--wait")

    assert ended.code == 0
    assert (
        f'[!]  no nodes found in nodegroup "{desk.group}" '
        f'(label selector: "alpha.eksctl.io/nodegroup-name={desk.group}")'
    ) in ended.lines
    assert not desk.exists()


def test_a_group_that_is_not_there_is_an_error(desk: Desk) -> None:
    ended = desk.delete()

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("Error: operation error EKS: DescribeNodegroup, https response error")
    assert f"ResourceNotFoundException: No node group found for name: {desk.group}." in ended.err


def test_a_group_of_somebody_elses_making_is_removed_through_eks(desk: Desk) -> None:
    made(desk)
    eks = desk.clients["eks"]
    model = eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName=desk.group)["nodegroup"]
    desk.group += "-bare"
    eks.create_nodegroup(
        clusterName=CLUSTER,
        nodegroupName=desk.group,
        subnets=model["subnets"],
        nodeRole=model["nodeRole"],
        scalingConfig={"minSize": 0, "desiredSize": 0, "maxSize": 1},
    )

    ended = desk.delete()

    assert ended.code == 0
    assert f"[ℹ]  2 parallel tasks: {{ delete unowned nodegroup {desk.group}, no tasks " in ended.out.replace(
        "\n2", "2"
    )
    eventually(lambda: desk.group not in [each.name for each in desk.aws.nodegroups()])


def test_a_stack_that_may_not_be_deleted_says_so(desk: Desk) -> None:
    made(desk)
    desk.aws.faults.add(Kind.ACCESS_DENIED, "cloudformation.DeleteStack")

    ended = desk.delete("--wait")

    assert (ended.code, ended.err) == (1, "Error: failed to delete nodegroup(s)\n")
    assert ended.lines[-2] == "[ℹ]  1 error(s) occurred while deleting nodegroup(s)"
    assert ended.lines[-1].startswith(
        f'[✖]  not able to delete stack "{desk.stack}": operation error CloudFormation: DeleteStack, '
    )
