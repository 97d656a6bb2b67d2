"""Deployments, their ReplicaSets and pods. A pod needs a moment to be ready and never does any work.

A pod whose annotation `sandbox/program` is `elsewhere` stands for a program that runs beside the emulator: it
stays Pending until that program says by `pods/status` how it fares, as a kubelet would.
"""

from __future__ import annotations

import copy
import hashlib
import json
from datetime import timedelta
from typing import Any

from sandbox.kubernetes.housekeeping import Later
from sandbox.kubernetes.resource import resource
from sandbox.kubernetes.store import Change, Object, Store

DEPLOYMENTS = resource("deployments", "apps")
REPLICASETS = resource("replicasets", "apps")
PODS = resource("pods")
PROGRAM = "sandbox/program"
ELSEWHERE = "elsewhere"
REVISION = "deployment.kubernetes.io/revision"


class Deployments:
    def __init__(self, store: Store, pod_delay: timedelta) -> None:
        self._store = store
        self._pod_delay = pod_delay

    def react(self, change: Change, later: Later) -> None:
        if change.resource is PODS:
            if change.before is None and change.after is not None:
                self._run(change.after, later)
            owner = self._deployment_of(change.last)
            if owner is not None:
                self._reconcile(owner)
        elif change.resource is DEPLOYMENTS and change.after is not None:
            self._reconcile(change.after)

    def _run(self, pod: Object, later: Later) -> None:
        if (pod["metadata"].get("annotations") or {}).get(PROGRAM) == ELSEWHERE:
            return
        uid, namespace, name = (
            pod["metadata"]["uid"],
            pod["metadata"].get("namespace", ""),
            pod["metadata"]["name"],
        )

        def come_up() -> None:
            found = self._store.find(PODS, namespace, name)
            if (
                found is not None
                and found["metadata"]["uid"] == uid
                and found["status"]["phase"] == "Pending"
            ):
                self._store.update(
                    PODS, {**found, "status": running(found, self._store.now())}, found, status=True
                )

        later(self._pod_delay, come_up)

    def _deployment_of(self, pod: Object) -> Object | None:
        labels = pod["metadata"].get("labels") or {}
        for item in self._store.every(DEPLOYMENTS, pod["metadata"].get("namespace", "")):
            wanted = item["spec"]["selector"]["matchLabels"]
            if all(labels.get(key) == value for key, value in wanted.items()):
                return item
        return None

    def _reconcile(self, seen: Object) -> None:
        meta = seen["metadata"]
        item = self._store.find(DEPLOYMENTS, meta.get("namespace", ""), meta["name"])
        if (
            item is None
            or item["metadata"]["uid"] != meta["uid"]
            or item["metadata"].get("deletionTimestamp")
        ):
            return
        current = self._replicaset(item)
        pods = self._pods(item)
        new = [pod for pod in pods if owner_of(pod) == current["metadata"]["uid"]]
        old = [pod for pod in pods if owner_of(pod) != current["metadata"]["uid"]]
        wanted = item["spec"]["replicas"]
        if item["spec"]["strategy"]["type"] == "Recreate" or sum(map(ready, new)) >= wanted:
            for pod in old:
                self._store.delete(PODS, pod, {})
        for pod in new[wanted:]:
            self._store.delete(PODS, pod, {})
        for _ in range(wanted - len(new)):
            self._make_pod(item, current)
        self._report(item)

    def _pods(self, item: Object) -> list[Object]:
        sets = {
            each["metadata"]["uid"]
            for each in self._store.every(REPLICASETS, item["metadata"]["namespace"])
            if owner_of(each) == item["metadata"]["uid"]
        }
        return [
            pod for pod in self._store.every(PODS, item["metadata"]["namespace"]) if owner_of(pod) in sets
        ]

    def _replicaset(self, item: Object) -> Object:
        """The set for the template as it is, made if need be; older ones are scaled to none."""
        template = copy.deepcopy(item["spec"]["template"])
        digest = template_hash(template)
        namespace, name = item["metadata"]["namespace"], f"{item['metadata']['name']}-{digest}"
        mine = [
            each
            for each in self._store.every(REPLICASETS, namespace)
            if owner_of(each) == item["metadata"]["uid"]
        ]
        latest = max((int(each["metadata"]["annotations"][REVISION]) for each in mine), default=0)
        for each in mine:
            if each["metadata"]["name"] != name and each["spec"]["replicas"]:
                self._store.update(REPLICASETS, {**each, "spec": {**each["spec"], "replicas": 0}}, each)
        found = self._store.find(REPLICASETS, namespace, name)
        if found is not None:
            if found["spec"]["replicas"] != item["spec"]["replicas"]:
                spec = {**found["spec"], "replicas": item["spec"]["replicas"]}
                found = self._store.update(REPLICASETS, {**found, "spec": spec}, found)
            return found
        labels = {**template.setdefault("metadata", {}).get("labels", {}), "pod-template-hash": digest}
        template["metadata"]["labels"] = labels
        return self._store.create(
            REPLICASETS,
            namespace,
            {
                "metadata": {
                    "name": name,
                    "labels": labels,
                    "annotations": {REVISION: str(latest + 1)},
                    "ownerReferences": [reference(item)],
                },
                "spec": {
                    "replicas": item["spec"]["replicas"],
                    "selector": {
                        "matchLabels": {
                            **item["spec"]["selector"]["matchLabels"],
                            "pod-template-hash": digest,
                        }
                    },
                    "template": template,
                },
            },
        )

    def _make_pod(self, item: Object, current: Object) -> None:
        template = copy.deepcopy(current["spec"]["template"])
        meta = template.get("metadata", {})
        self._store.create(
            PODS,
            item["metadata"]["namespace"],
            {
                "metadata": {
                    "generateName": f"{current['metadata']['name']}-",
                    "labels": meta.get("labels", {}),
                    **({"annotations": meta["annotations"]} if meta.get("annotations") else {}),
                    "ownerReferences": [reference(current)],
                },
                "spec": template.get("spec", {}),
            },
        )

    def _report(self, item: Object) -> None:
        found = self._store.find(DEPLOYMENTS, item["metadata"]["namespace"], item["metadata"]["name"])
        if found is None:
            return
        current = self._replicaset(found)
        pods = self._pods(found)
        new = [pod for pod in pods if owner_of(pod) == current["metadata"]["uid"]]
        available = sum(map(ready, pods))
        wanted = found["spec"]["replicas"]
        counts = {
            "replicas": len(pods),
            "updatedReplicas": len(new),
            "readyReplicas": available,
            "availableReplicas": available,
            "unavailableReplicas": max(0, wanted - available),
        }
        status: Object = {
            "observedGeneration": found["metadata"]["generation"],
            **{key: count for key, count in counts.items() if count},
        }
        whole = len(new) == wanted and sum(map(ready, new)) >= wanted and len(pods) == wanted
        status["conditions"] = self._conditions(
            found, current["metadata"]["name"], available=available >= wanted, whole=whole
        )
        changed = copy.deepcopy(found)
        changed["status"] = status
        kept = self._store.update(DEPLOYMENTS, changed, found, status=True)
        self._mark_revision(kept, current)
        self._report_sets(found, pods)

    def _report_sets(self, item: Object, pods: list[Object]) -> None:
        for each in self._store.every(REPLICASETS, item["metadata"]["namespace"]):
            if owner_of(each) == item["metadata"]["uid"]:
                mine = [pod for pod in pods if owner_of(pod) == each["metadata"]["uid"]]
                up = sum(map(ready, mine))
                status: Object = {"observedGeneration": each["metadata"]["generation"], "replicas": len(mine)}
                if up:
                    status |= {"readyReplicas": up, "availableReplicas": up}
                self._store.update(REPLICASETS, {**each, "status": status}, each, status=True)

    def _mark_revision(self, item: Object, current: Object) -> None:
        revision = current["metadata"]["annotations"][REVISION]
        if (item["metadata"].get("annotations") or {}).get(REVISION) != revision:
            new = copy.deepcopy(item)
            new["metadata"].setdefault("annotations", {})[REVISION] = revision
            self._store.update(DEPLOYMENTS, new, item)

    def _conditions(self, item: Object, current: str, *, available: bool, whole: bool) -> list[Object]:
        said = [
            (
                "Available",
                "True" if available else "False",
                "MinimumReplicasAvailable" if available else "MinimumReplicasUnavailable",
                f"Deployment {'has' if available else 'does not have'} minimum availability.",
            ),
            (
                "Progressing",
                "True",
                "NewReplicaSetAvailable" if whole else "ReplicaSetUpdated",
                f'ReplicaSet "{current}" {"has successfully progressed" if whole else "is progressing"}.',
            ),
        ]
        known = {each["type"]: each for each in item["status"].get("conditions", [])}
        now = self._store.now()
        return [
            known[kind]
            if kind in known and (known[kind]["status"], known[kind]["message"]) == (status, message)
            else {
                "type": kind,
                "status": status,
                "reason": reason,
                "message": message,
                "lastUpdateTime": now,
                "lastTransitionTime": now,
            }
            for kind, status, reason, message in said
        ]


def running(pod: Object, now: str) -> Object:
    """The status of a pod all of whose containers run and are ready."""
    return {
        "phase": "Running",
        "qosClass": "BestEffort",
        "startTime": now,
        "conditions": [
            {"type": kind, "status": "True", "lastTransitionTime": now}
            for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
        ],
        "containerStatuses": [
            {
                "name": each["name"],
                "image": each.get("image", ""),
                "imageID": "",
                "ready": True,
                "started": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": now}},
                "lastState": {},
            }
            for each in pod["spec"]["containers"]
        ],
    }


def template_hash(template: Object) -> str:
    text = json.dumps(template, sort_keys=True).encode()
    return hashlib.sha256(text).hexdigest()[:10]


def ready(pod: Object) -> bool:
    conditions: list[dict[str, Any]] = pod.get("status", {}).get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def owner_of(item: Object) -> str:
    return next(
        (str(ref["uid"]) for ref in item["metadata"].get("ownerReferences", []) if ref.get("controller")), ""
    )


def reference(item: Object) -> Object:
    return {
        "apiVersion": item["apiVersion"],
        "kind": item["kind"],
        "name": item["metadata"]["name"],
        "uid": item["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
