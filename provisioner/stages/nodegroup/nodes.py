"""The nodes of a node group, what runs on them, and what keeps it there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kubernetes.client import V1DaemonSet, V1LabelSelector, V1Pod, V1PodDisruptionBudget

from provisioner.clients.kube import KubeCluster, meta
from provisioner.message import Message, named
from provisioner.stages.nodegroup.state import Blocked, Occupancy

LABELS = ("alpha.eksctl.io/nodegroup-name", "eks.amazonaws.com/nodegroup")
"""eksctl's own, by which it drains, and the one that EKS gives to every node."""

_MIRROR = "kubernetes.io/config.mirror"  # annotation of a static pod: the node's own, nobody can evict it
_ENDED = ("Succeeded", "Failed")


class KubeNodes:
    def __init__(self, cluster: KubeCluster) -> None:
        self._cluster = cluster

    def occupancy(self, nodegroup: str) -> Occupancy:
        """Pods as a drain sees them: not those of a DaemonSet, nor the node's own, nor those that ended."""
        nodes = sorted({name for label in LABELS for name in self._nodes(f"{label}={nodegroup}")})
        pods = [pod for node in nodes for pod in self._pods(node) if _stays(pod)]
        return Occupancy(nodes=len(nodes), pods=len(pods), blocked=self._blocked(pods))

    def device_plugin(self) -> bool:
        """Whether NVIDIA's is there: eksctl's, a chart's or an operator's, in whatever namespace."""
        list_all = self._cluster.apps.list_daemon_set_for_all_namespaces
        found = self._cluster.call(Message("cannot list DaemonSets"), "list daemonsets", list_all)
        return any(_serves_nvidia(each) for each in found.items)

    def _nodes(self, selector: str) -> Iterable[str]:
        found = self._cluster.call(
            Message("cannot list nodes"),
            "list nodes",
            self._cluster.core.list_node,
            label_selector=selector,
        )
        return [meta(node).name or "" for node in found.items]

    def _pods(self, node: str) -> Sequence[V1Pod]:
        return self._cluster.call(
            Message("cannot list the pods on node {name}", name=named(node)),
            "list pods",
            self._cluster.core.list_pod_for_all_namespaces,
            field_selector=f"spec.nodeName={node}",
        ).items

    def _blocked(self, pods: Sequence[V1Pod]) -> tuple[Blocked, ...]:
        """Those that a disruption budget without room keeps. One that is on its way out needs none."""
        staying = [pod for pod in pods if meta(pod).deletion_timestamp is None]
        if not staying:
            return ()
        what = Message("cannot list pod disruption budgets")
        budgets = self._cluster.call(
            what,
            "list poddisruptionbudgets",
            self._cluster.policy.list_pod_disruption_budget_for_all_namespaces,
        )
        full = [budget for budget in budgets.items if _full(budget)]
        return tuple(
            Blocked(pod=_path(pod), budget=_path(budget))
            for pod in staying
            for budget in full
            if meta(budget).namespace == meta(pod).namespace and _covers(budget, meta(pod).labels or {})
        )


def _serves_nvidia(found: V1DaemonSet) -> bool:
    pods = found.spec.template.spec
    containers = pods.containers if pods is not None else ()
    known = "nvidia-device-plugin" in (meta(found).name or "")
    return known or any("nvidia/k8s-device-plugin" in (each.image or "") for each in containers)


def _stays(pod: V1Pod) -> bool:
    found = meta(pod)
    daemon = any(owner.kind == "DaemonSet" and owner.controller for owner in found.owner_references or ())
    ended = pod.status is not None and pod.status.phase in _ENDED
    return not daemon and not ended and _MIRROR not in (found.annotations or {})


def _full(budget: V1PodDisruptionBudget) -> bool:
    return budget.status is not None and budget.status.disruptions_allowed == 0


def _covers(budget: V1PodDisruptionBudget, labels: Mapping[str, str]) -> bool:
    """policy/v1: an empty selector is every pod of the namespace, none is no pod."""
    selector = budget.spec.selector if budget.spec is not None else None
    return selector is not None and _selects(selector, labels)


def _selects(selector: V1LabelSelector, labels: Mapping[str, str]) -> bool:
    wanted = selector.match_labels or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _meets(each, labels) for each in selector.match_expressions or ()
    )


def _meets(expression: Any, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(expression.key), expression.values or ()
    match expression.operator:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:  # DoesNotExist, the only other there is
            return value is None


def _path(found: V1Pod | V1PodDisruptionBudget) -> str:
    return f"{meta(found).namespace}/{meta(found).name}"
