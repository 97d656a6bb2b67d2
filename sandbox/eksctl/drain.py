"""Empties the nodes of a group: cordons them, asks their pods to go, waits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.eksctl.config import Group
from sandbox.eksctl.failure import Failure
from sandbox.eksctl.kube import Kube, Refused, Unreachable
from sandbox.eksctl.lines import Lines

Pod = dict[str, Any]

POLL = 0.2
"""Seconds between two looks at the pods that were asked to go."""

RETRY_DELAY = 0.3
"""Seconds after a node that could not be drained; the real one takes five."""

UNMANAGED = "deleting Pods not managed by ReplicationController, ReplicaSet, Job, DaemonSet or StatefulSet"
LOCAL = "deleting Pods with local storage"
TRIED_AGAIN = frozenset({404, 410, 429, 503, 504})
"""Answers to an eviction after which it is tried again; 429 is what a disruption budget answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """`until` is by the monotonic clock; the others are seconds."""

    until: float
    grace: int
    wait: float
    evicts: bool


class Drain:
    def __init__(self, kube: Kube, lines: Lines, manner: Manner) -> None:
        self._kube = kube
        self._lines = lines
        self._manner = manner

    def run(self, group: Group) -> None:
        evicts = self._manner.evicts and self._has_evictions()
        nodes = self._nodes(group)
        if not nodes:
            self._lines.warning(
                f'no nodes found in nodegroup "{group.name}" (label selector: "{group.selector}")'
            )
            return
        drained: list[str] = []
        problem: Failure | None = None
        while True:
            if time.monotonic() > self._manner.until:
                raise Failure(f'timed out waiting for nodegroup "{group.name}" to be drained')
            if problem is not None:
                raise problem
            nodes = self._nodes(group)
            self._cordon(nodes)
            names = [node["metadata"]["name"] for node in nodes]
            pending = [name for name in sorted(names) if name not in drained]
            if not pending:
                self._lines.success(f"drained all nodes: [{' '.join(drained)}]")
                return
            for name in pending:
                drained.append(name)
                try:
                    self._empty(name, evicts=evicts)
                except Failure as failure:
                    shown = str(failure).replace("\\", "\\\\").replace('"', '\\"')
                    self._lines.warning(f'pod eviction error ("{shown}") on node {name}')
                    time.sleep(RETRY_DELAY)
                    problem = problem or failure

    def _has_evictions(self) -> bool:
        """As the API server tells it; without them pods are deleted."""
        groups = [each["name"] for each in self._kube.get("/apis")["groups"]]
        told = self._kube.get("/api/v1")["resources"] if "policy" in groups else []
        return any((each["name"], each["kind"]) == ("pods/eviction", "Eviction") for each in told)

    def _nodes(self, group: Group) -> list[dict[str, Any]]:
        return self._kube.items("/api/v1/nodes", labelSelector=group.selector)

    def _cordon(self, nodes: Sequence[dict[str, Any]]) -> None:
        for node in nodes:
            name = node["metadata"]["name"]
            if node.get("spec", {}).get("unschedulable"):
                continue
            try:
                self._kube.patch(f"/api/v1/nodes/{name}", {"spec": {"unschedulable": True}})
            except Failure as failure:
                self._lines.critical(str(failure))
            self._lines.info(f'cordon node "{name}"')

    def _empty(self, node: str, *, evicts: bool) -> None:
        while True:
            if time.monotonic() > self._manner.until:
                raise Failure(f'timed out waiting for node "{node}" to be drained')
            found = self._kube.items("/api/v1/pods", fieldSelector=f"spec.nodeName={node}")
            warnings: dict[str, list[str]] = {}
            pods = [pod for pod in found if self._goes(pod, warnings)]
            if not pods:
                return
            if warnings:
                self._lines.warning("; ".join(f"{why}: {', '.join(who)}" for why, who in warnings.items()))
            failed = False
            for pod in pods:
                failed |= not self._ask(pod, evicts=evicts)
            time.sleep(self._manner.wait if failed else POLL)

    def _goes(self, pod: Pod, warnings: dict[str, list[str]]) -> bool:
        """Whether it is to go; with a warning for what will not come back as it was."""
        meta = pod["metadata"]
        name = f"{meta['namespace']}/{meta['name']}"
        if "kubernetes.io/config.mirror" in (meta.get("annotations") or {}):
            return False
        if pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            return True
        owner = next((ref for ref in meta.get("ownerReferences", ()) if ref.get("controller")), None)
        if owner is not None and owner["kind"] == "DaemonSet":
            path = f"/apis/apps/v1/namespaces/{meta['namespace']}/daemonsets/{owner['name']}"
            if self._kube.find(path) is not None:
                return False
            warnings.setdefault(f'daemonsets.apps "{owner["name"]}" not found', []).append(name)
            return True
        volumes = pod["spec"].get("volumes") or ()
        if any("emptyDir" in each and (each["emptyDir"] or {}).get("medium") != "Memory" for each in volumes):
            warnings.setdefault(LOCAL, []).append(name)
        elif owner is None:
            warnings.setdefault(UNMANAGED, []).append(name)
        return True

    def _ask(self, pod: Pod, *, evicts: bool) -> bool:
        """Whether it was told to go; False where that is worth another try."""
        meta, path = (
            pod["metadata"],
            f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}",
        )
        asked = pod["spec"].get("terminationGracePeriodSeconds")
        grace = 30 if asked is None else min(asked, self._manner.grace)
        options = {"gracePeriodSeconds": grace}
        try:
            if evicts:
                named = {"name": meta["name"], "namespace": meta["namespace"]}
                body = {
                    "apiVersion": "policy/v1",
                    "kind": "Eviction",
                    "metadata": named,
                    "deleteOptions": options,
                }
                self._kube.create(f"{path}/eviction", body)
            else:
                self._kube.delete(path, {"apiVersion": "v1", "kind": "DeleteOptions", **options})
        except Unreachable:
            raise
        except Refused as refused:
            if refused.status in TRIED_AGAIN:
                return False
            who = f"{meta['namespace']}/{meta['name']}"
            raise Failure(f"unrecoverable error evicting pod: {who}: {refused}") from refused
        return True
