"""DaemonSets: one pod on every node, whatever else is kept off it."""

from __future__ import annotations

import copy

from sandbox.kubernetes.deployments import PODS, owner_of, ready, reference, template_hash
from sandbox.kubernetes.housekeeping import Later
from sandbox.kubernetes.resource import resource
from sandbox.kubernetes.store import Change, Object, Store

DAEMONSETS = resource("daemonsets", "apps")
NODES = resource("nodes")
REVISION = "controller-revision-hash"


class DaemonSets:
    """A changed template replaces all pods at once; only `nodeSelector` keeps them off a node."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def react(self, change: Change, later: Later) -> None:
        del later
        if change.resource is DAEMONSETS and change.after is not None:
            self._reconcile(change.after)
        elif change.resource is NODES:
            for each in self._store.every(DAEMONSETS):
                self._reconcile(each)
        elif change.resource is PODS:
            for each in self._store.every(DAEMONSETS, change.namespace):
                if each["metadata"]["uid"] == owner_of(change.last):
                    self._reconcile(each)

    def _reconcile(self, seen: Object) -> None:
        meta = seen["metadata"]
        item = self._store.find(DAEMONSETS, meta["namespace"], meta["name"])
        if (
            item is None
            or item["metadata"]["uid"] != meta["uid"]
            or item["metadata"].get("deletionTimestamp")
        ):
            return
        digest = template_hash(item["spec"]["template"])
        nodes = self._nodes(item)
        for pod in self._pods(item):
            wrong = pod["metadata"]["labels"][REVISION] != digest or pod["spec"]["nodeName"] not in nodes
            if wrong and not pod["metadata"].get("deletionTimestamp"):
                self._store.delete(PODS, pod, {})
        served = {pod["spec"]["nodeName"] for pod in self._pods(item)}
        for node in nodes:
            if node not in served:
                self._make_pod(item, digest, node)
        self._report(item, nodes)

    def _nodes(self, item: Object) -> list[str]:
        wanted = (item["spec"]["template"].get("spec") or {}).get("nodeSelector") or {}
        return [
            node["metadata"]["name"]
            for node in self._store.every(NODES)
            if not node["metadata"].get("deletionTimestamp")
            and wanted.items() <= (node["metadata"].get("labels") or {}).items()
        ]

    def _pods(self, item: Object) -> list[Object]:
        uid = item["metadata"]["uid"]
        return [pod for pod in self._store.every(PODS, item["metadata"]["namespace"]) if owner_of(pod) == uid]

    def _make_pod(self, item: Object, digest: str, node: str) -> None:
        template = copy.deepcopy(item["spec"]["template"])
        meta = template.get("metadata", {})
        self._store.create(
            PODS,
            item["metadata"]["namespace"],
            {
                "metadata": {
                    "generateName": f"{item['metadata']['name']}-",
                    "labels": {**meta.get("labels", {}), REVISION: digest},
                    **({"annotations": meta["annotations"]} if meta.get("annotations") else {}),
                    "ownerReferences": [reference(item)],
                },
                "spec": {**template["spec"], "nodeName": node},
            },
        )

    def _report(self, item: Object, nodes: list[str]) -> None:
        pods = self._pods(item)
        up = sum(map(ready, pods))
        status = {
            "currentNumberScheduled": len(pods),
            "desiredNumberScheduled": len(nodes),
            "numberMisscheduled": 0,
            "numberReady": up,
            "numberAvailable": up,
            "updatedNumberScheduled": len(pods),
            "observedGeneration": item["metadata"]["generation"],
        }
        self._store.update(DAEMONSETS, {**item, "status": status}, item, status=True)
