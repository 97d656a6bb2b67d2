"""The nodes of a node group, what runs on them, and what keeps it there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from provisioner.clients.kube import DAEMON_SETS, DISRUPTION_BUDGETS, NODES, PODS, KubeCluster, Object, dig
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
        found = self._cluster.list(Message("cannot list DaemonSets"), DAEMON_SETS)
        return any(_serves_nvidia(each) for each in found)

    def _nodes(self, selector: str) -> Iterable[str]:
        found = self._cluster.list(Message("cannot list nodes"), NODES, labels=selector)
        return [node["metadata"]["name"] for node in found]

    def _pods(self, node: str) -> Sequence[Object]:
        what = Message("cannot list the pods on node {name}", name=named(node))
        return self._cluster.list(what, PODS, fields=f"spec.nodeName={node}")

    def _blocked(self, pods: Sequence[Object]) -> tuple[Blocked, ...]:
        """Those that a disruption budget without room keeps. One that is on its way out needs none."""
        staying = [pod for pod in pods if dig(pod, "metadata.deletionTimestamp") is None]
        if not staying:
            return ()
        budgets = self._cluster.list(Message("cannot list pod disruption budgets"), DISRUPTION_BUDGETS)
        full = [budget for budget in budgets if dig(budget, "status.disruptionsAllowed") == 0]
        return tuple(
            Blocked(pod=_path(pod), budget=_path(budget))
            for pod in staying
            for budget in full
            if dig(budget, "metadata.namespace") == dig(pod, "metadata.namespace")
            and _covers(budget, dig(pod, "metadata.labels") or {})
        )


def _serves_nvidia(found: Object) -> bool:
    containers = dig(found, "spec.template.spec.containers") or ()
    known = "nvidia-device-plugin" in found["metadata"]["name"]
    return known or any("nvidia/k8s-device-plugin" in (each.get("image") or "") for each in containers)


def _stays(pod: Object) -> bool:
    head = pod["metadata"]
    daemon = any(
        owner.get("kind") == "DaemonSet" and owner.get("controller")
        for owner in head.get("ownerReferences") or ()
    )
    ended = dig(pod, "status.phase") in _ENDED
    return not daemon and not ended and _MIRROR not in (head.get("annotations") or {})


def _covers(budget: Object, labels: Mapping[str, str]) -> bool:
    """policy/v1: an empty selector is every pod of the namespace, none is no pod."""
    selector = dig(budget, "spec.selector")
    return selector is not None and _selects(selector, labels)


def _selects(selector: Object, labels: Mapping[str, str]) -> bool:
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _meets(each, labels) for each in selector.get("matchExpressions") or ()
    )


def _meets(expression: Object, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:  # DoesNotExist, the only other there is
            return value is None


def _path(found: Object) -> str:
    return f"{dig(found, 'metadata.namespace')}/{found['metadata']['name']}"
