"""Nodes come and go with their groups."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from sandbox.kubernetes import KubernetesEmulator
from sandbox.kubernetes.nodes import Nodes
from tests.sandbox.eventually import eventually
from tests.sandbox.kubernetes.clients import Clients, connect, named, pod
from tests.sandbox.nodes.small_aws import SmallAws

CLUSTER = "eks-an2-meerkat-prod"


@pytest.fixture
def emulator() -> Iterator[KubernetesEmulator]:
    emulator = KubernetesEmulator()
    emulator.start()
    yield emulator
    emulator.stop()
    assert emulator.unknown_calls == ()


@pytest.fixture
def aws() -> Iterator[SmallAws]:
    aws = SmallAws()
    yield aws
    aws.stop()


@pytest.fixture
def start(emulator: KubernetesEmulator, aws: SmallAws) -> Iterator[Callable[[], Nodes]]:
    begun: list[Nodes] = []
    url = aws.start()

    def start() -> Nodes:
        nodes = Nodes(
            emulator.kubeconfig("controller"),
            url,
            cluster=CLUSTER,
            region="ap-northeast-2",
            key_id="AKIANODES",
            secret="made up",
            every=timedelta(milliseconds=20),
        )
        nodes.start()
        begun.append(nodes)
        return nodes

    yield start
    for each in begun:
        each.stop()


@pytest.fixture
def admin(emulator: KubernetesEmulator) -> Clients:
    return connect(emulator)


def of(admin: Clients, group: str) -> list[Any]:
    """The ready nodes of a group."""
    nodes = admin.core.list_node(label_selector=f"eks.amazonaws.com/nodegroup={group}").items
    return [node for node in nodes if _ready(node)]


def _ready(node: Any) -> bool:
    conditions = (node.status.conditions if node.status else None) or []
    return any((each.type, each.status) == ("Ready", "True") for each in conditions)


def more(aws: SmallAws) -> Callable[[], bool]:
    """Whether AWS was asked some more times since now."""
    before = aws.asked
    return lambda: aws.asked > before + 6


def test_an_active_group_has_the_nodes_it_wants(
    aws: SmallAws, start: Callable[[], Nodes], admin: Clients
) -> None:
    aws.add("alpha", 3, **{"aic-role": "alpha-ws-standard", "alpha.eksctl.io/nodegroup-name": "alpha"})

    start()

    eventually(lambda: len(of(admin, "alpha")) == 3)
    nodes = of(admin, "alpha")
    labels = nodes[0].metadata.labels
    assert labels["aic-role"] == "alpha-ws-standard"
    assert labels["alpha.eksctl.io/nodegroup-name"] == "alpha"
    assert labels["node.kubernetes.io/instance-type"] == "m5.xlarge"
    zones = sorted(each.metadata.labels["topology.kubernetes.io/zone"] for each in nodes)
    assert set(zones) == {"ap-northeast-2a", "ap-northeast-2c"}
    assert len({named(each) for each in nodes}) == 3


@pytest.mark.parametrize("status", ["CREATING", "CREATE_FAILED"])
def test_a_group_that_is_not_there_yet_has_none(
    aws: SmallAws, start: Callable[[], Nodes], admin: Clients, status: str
) -> None:
    aws.add("alpha", 2, status)

    start()
    eventually(more(aws))
    before = admin.core.list_node().items
    aws.change("alpha", status="ACTIVE")

    assert before == []
    eventually(lambda: len(of(admin, "alpha")) == 2)


def test_a_group_that_shrinks_loses_its_youngest(
    aws: SmallAws, start: Callable[[], Nodes], admin: Clients
) -> None:
    aws.add("alpha", 1)
    start()
    (first,) = eventually(lambda: of(admin, "alpha"))
    aws.change("alpha", desired=3)
    eventually(lambda: len(of(admin, "alpha")) == 3)

    aws.change("alpha", desired=1)

    eventually(lambda: len(of(admin, "alpha")) == 1)
    assert named(of(admin, "alpha")[0]) == named(first)


@pytest.mark.parametrize("how", ["deleting", "gone"])
def test_what_ran_there_goes_with_the_group_and_others_stay(
    aws: SmallAws, start: Callable[[], Nodes], admin: Clients, how: str
) -> None:
    aws.add("alpha", 1)
    aws.add("beta", 1)
    start()
    eventually(lambda: of(admin, "alpha") and of(admin, "beta"))
    for group in ("alpha", "beta"):
        admin.core.create_namespaced_pod("default", pod(f"in-{group}", node=named(of(admin, group)[0])))

    if how == "gone":
        del aws.groups["alpha"]
    else:
        aws.change("alpha", status="DELETING")

    eventually(lambda: not of(admin, "alpha"))
    eventually(
        lambda: [named(each) for each in admin.core.list_namespaced_pod("default").items] == ["in-beta"]
    )
    assert len(of(admin, "beta")) == 1


@pytest.mark.parametrize("status", ["DEGRADED", "DELETE_FAILED"])
def test_a_group_in_trouble_keeps_what_it_has(
    aws: SmallAws, start: Callable[[], Nodes], admin: Clients, status: str
) -> None:
    aws.add("alpha", 2)
    start()
    eventually(lambda: len(of(admin, "alpha")) == 2)

    aws.change("alpha", desired=5, status=status)
    eventually(more(aws))

    assert len(of(admin, "alpha")) == 2


def test_a_cordoned_node_stays_cordoned(aws: SmallAws, start: Callable[[], Nodes], admin: Clients) -> None:
    aws.add("alpha", 1)
    start()
    (node,) = eventually(lambda: of(admin, "alpha"))

    admin.core.patch_node(named(node), {"spec": {"unschedulable": True}})
    eventually(more(aws))

    assert [each.spec.unschedulable for each in of(admin, "alpha")] == [True]


def test_nothing_goes_while_aws_does_not_answer(
    aws: SmallAws, start: Callable[[], Nodes], admin: Clients
) -> None:
    aws.add("alpha", 1)
    start()
    eventually(lambda: of(admin, "alpha"))

    aws.broken = True
    del aws.groups["alpha"]
    eventually(more(aws))
    during = len(of(admin, "alpha"))
    aws.broken = False

    assert during == 1
    eventually(lambda: not of(admin, "alpha"))


def test_slow_answers_only_take_longer(aws: SmallAws, start: Callable[[], Nodes], admin: Clients) -> None:
    aws.slow = 0.3
    aws.add("alpha", 1)

    start()

    eventually(lambda: of(admin, "alpha"))


def test_it_waits_for_an_aws_that_starts_later(emulator: KubernetesEmulator, admin: Clients) -> None:
    aws = SmallAws()
    url = aws._server.reserve()
    nodes = Nodes(
        emulator.kubeconfig("controller"),
        url,
        cluster=CLUSTER,
        region="ap-northeast-2",
        key_id="AKIANODES",
        secret="made up",
        every=timedelta(milliseconds=20),
    )
    nodes.start()
    aws.add("alpha", 1)

    aws.start()

    eventually(lambda: of(admin, "alpha"))
    nodes.stop()
    aws.stop()


def test_another_start_takes_over_the_nodes_that_are_there(
    aws: SmallAws, start: Callable[[], Nodes], admin: Clients
) -> None:
    aws.add("alpha", 2)
    start().stop()
    start()
    eventually(lambda: len(of(admin, "alpha")) == 2)
    before = {named(each) for each in of(admin, "alpha")}

    start()
    eventually(more(aws))

    assert {named(each) for each in of(admin, "alpha")} == before


def test_every_node_runs_what_eks_runs_everywhere(
    aws: SmallAws, start: Callable[[], Nodes], admin: Clients
) -> None:
    aws.add("alpha", 2)

    start()

    def agents() -> list[str]:
        pods = admin.core.list_namespaced_pod("kube-system").items
        return sorted(each.metadata.owner_references[0].name for each in pods)

    eventually(lambda: agents() == ["aws-node", "aws-node", "kube-proxy", "kube-proxy"])
