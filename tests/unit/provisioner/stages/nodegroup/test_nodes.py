"""Which pods count on a node, and which of them a disruption budget keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from provisioner.clients.kube import DAEMON_SETS, DISRUPTION_BUDGETS, NODES, PODS, Kind, Object
from provisioner.stages.nodegroup.nodes import KubeNodes
from provisioner.stages.nodegroup.state import Blocked, Occupancy

NAME = "ng-an2-aicond-alpha-ws-standard"
SPACE = "aic-ns-alpha-ws"


def a_pod(name: str, **bent: Any) -> Object:
    """As the API answers: what is not set is not there."""
    head = {
        "name": name,
        "namespace": bent.get("namespace", SPACE),
        "labels": bent.get("labels", {"app": name}),
        "annotations": bent.get("annotations"),
        "ownerReferences": [{"kind": bent.get("owner", "ReplicaSet"), "controller": True}],
        "deletionTimestamp": bent.get("deleted"),
    }
    set_ = {key: value for key, value in head.items() if value is not None}
    return {"metadata": set_, "status": {"phase": bent.get("phase", "Running")}}


def a_budget(name: str, *, allowed: int = 0, **selector: Any) -> Object:
    given = {"matchLabels": selector.get("labels"), "matchExpressions": selector.get("expressions")}
    wanted = {key: value for key, value in given.items() if value is not None}
    return {
        "metadata": {"name": name, "namespace": selector.get("namespace", SPACE)},
        "spec": {} if selector.get("none") else {"selector": wanted},
        "status": {"disruptionsAllowed": allowed},
    }


def an_expression(key: str, operator: str, *values: str) -> Object:
    return {"key": key, "operator": operator} | ({"values": list(values)} if values else {})


class FakeCluster:
    """Answers as the API does, for one node that both labels name."""

    def __init__(self, pods: Sequence[Object], budgets: Sequence[Object]) -> None:
        self.asked: list[str] = []
        self.daemons: list[Object] = []
        self._of_node, self._all_budgets = pods, budgets

    def list(self, what: object, kind: Kind, *, labels: str = "", fields: str = "") -> Sequence[Object]:
        del what
        self.asked += [selector for selector in (labels, fields) if selector]
        return {
            NODES: [{"metadata": {"name": "n0"}}],
            PODS: self._of_node,
            DISRUPTION_BUDGETS: self._all_budgets,
            DAEMON_SETS: self.daemons,
        }[kind]


def look(pods: Sequence[Any], budgets: Sequence[Any] = ()) -> Occupancy:
    cluster: Any = FakeCluster(pods, budgets)
    return KubeNodes(cluster).occupancy(NAME)


def test_a_node_is_found_by_either_label_and_counted_once() -> None:
    cluster: Any = FakeCluster((), ())

    assert KubeNodes(cluster).occupancy(NAME).nodes == 1
    assert cluster.asked == [
        f"alpha.eksctl.io/nodegroup-name={NAME}",
        f"eks.amazonaws.com/nodegroup={NAME}",
        "spec.nodeName=n0",
    ]


def test_T49_pods_that_are_not_work_are_not_counted() -> None:
    pods = (
        a_pod("train"),
        a_pod("daemon", owner="DaemonSet"),
        a_pod("done", phase="Succeeded"),
        a_pod("failed", phase="Failed"),
        a_pod("static", annotations={"kubernetes.io/config.mirror": "x"}),
    )

    assert look(pods) == Occupancy(nodes=1, pods=1)


def test_T49_a_budget_without_room_keeps_the_pods_it_covers() -> None:
    budgets = (a_budget("full", labels={"app": "train"}), a_budget("roomy", allowed=1))

    assert look((a_pod("train"), a_pod("other")), budgets).blocked == (
        Blocked(pod=f"{SPACE}/train", budget=f"{SPACE}/full"),
    )


def test_a_budget_of_another_namespace_keeps_nothing() -> None:
    assert look((a_pod("train"),), (a_budget("full", namespace="other"),)).blocked == ()


def test_a_pod_on_its_way_out_is_kept_by_nothing() -> None:
    found = look((a_pod("train", deleted="2026-03-02T12:00:00Z"),), (a_budget("full"),))

    assert (found.pods, found.blocked) == (1, ())


@pytest.mark.parametrize(
    ("selector", "covers"),
    [
        ({}, True),
        ({"none": True}, False),
        ({"labels": {"app": "train"}}, True),
        ({"labels": {"app": "train", "tier": "gpu"}}, False),
        ({"expressions": [an_expression("app", "In", "train", "test")]}, True),
        ({"expressions": [an_expression("app", "In", "test")]}, False),
        ({"expressions": [an_expression("app", "NotIn", "test")]}, True),
        ({"expressions": [an_expression("app", "NotIn", "train")]}, False),
        ({"expressions": [an_expression("tier", "NotIn", "gpu")]}, True),
        ({"expressions": [an_expression("app", "Exists")]}, True),
        ({"expressions": [an_expression("tier", "Exists")]}, False),
        ({"expressions": [an_expression("tier", "DoesNotExist")]}, True),
        ({"expressions": [an_expression("app", "DoesNotExist")]}, False),
        ({"labels": {"app": "train"}, "expressions": [an_expression("tier", "Exists")]}, False),
    ],
    ids=str,
)
def test_a_selector_covers_what_kubernetes_says_it_does(selector: dict[str, Any], *, covers: bool) -> None:
    assert bool(look((a_pod("train"),), (a_budget("full", **selector),)).blocked) is covers


@pytest.mark.parametrize(
    ("name", "image", "serves"),
    [
        ("nvidia-device-plugin-daemonset", "nvcr.io/nvidia/k8s-device-plugin:v0.19.3", True),  # eksctl's
        ("nvdp-nvidia-device-plugin", "registry.example/mirror:1", True),
        ("gpus", "registry.example/nvidia/k8s-device-plugin:v0.17", True),
        ("amdgpu-device-plugin-daemonset", "rocm/k8s-device-plugin", False),
        ("aws-node", "registry.example/amazon-k8s-cni:v1", False),
    ],
)
def test_nvidias_device_plugin_is_known_by_its_name_or_its_image(
    name: str,
    image: str,
    serves: bool,  # noqa: FBT001 - a column of the table
) -> None:
    cluster: Any = FakeCluster([], [])
    template = {"spec": {"containers": [{"image": image}]}}
    cluster.daemons = [{"metadata": {"name": name}, "spec": {"template": template}}]

    assert KubeNodes(cluster).device_plugin() is serves
