"""Stands for Kubeflow's profile-controller (v1.8): makes and keeps the namespace of each Profile.

The real one cannot be had as a package; what it makes was watched on a real one beside kube-apiserver 1.35.
Works against any API server.
"""

from __future__ import annotations

import time
from datetime import timedelta

from sandbox.kubeflow.cluster import PROFILES, Cluster, Object
from sandbox.kubeflow.rounds import Rounds

FINALIZER = "profile-finalizer"
LABELS = {
    "app.kubernetes.io/part-of": "kubeflow-profile",
    "istio-injection": "enabled",
    "katib.kubeflow.org/metrics-collector-injection": "enabled",
    "pipelines.kubeflow.org/enabled": "true",
    "serving.kubeflow.org/inferenceservice": "enabled",
}
RBAC = "rbac.authorization.k8s.io"
GATEWAY = "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account"
PIPELINES = "cluster.local/ns/kubeflow/sa/ml-pipeline-ui"
NOTEBOOKS = "cluster.local/ns/kubeflow/sa/notebook-controller-service-account"


class ProfileController:
    def __init__(
        self,
        kubeconfig: str,
        *,
        every: timedelta = timedelta(milliseconds=150),
        resync: timedelta = timedelta(seconds=2),
    ) -> None:
        """Looks at Profiles and namespaces `every` so often, at all that belongs to them each `resync`."""
        self._cluster = Cluster(kubeconfig)
        self._resync = resync.total_seconds()
        self._settled: dict[str, tuple[tuple[str, str], float]] = {}
        self._rounds = Rounds("profile-controller", self._round, every)

    def start(self) -> None:
        self._rounds.start()

    def stop(self) -> None:
        self._rounds.stop()
        self._cluster.close()

    def _round(self) -> None:
        profiles = self._cluster.every(PROFILES)
        if not profiles:
            self._settled.clear()
            return
        namespaces = {each["metadata"]["name"]: each for each in self._cluster.every("/api/v1/namespaces")}
        for profile in profiles:
            name = profile["metadata"]["name"]
            namespace = namespaces.get(name)
            seen = (
                profile["metadata"]["resourceVersion"],
                namespace["metadata"]["resourceVersion"] if namespace else "",
            )
            settled, until = self._settled.get(name, (("", ""), 0.0))
            if seen == settled and time.monotonic() < until:
                continue
            self._keep(profile, namespace)
            self._settled[name] = (seen, time.monotonic() + self._resync)

    def _keep(self, profile: Object, namespace: Object | None) -> None:
        meta, owner = profile["metadata"], (profile["spec"].get("owner") or {}).get("name", "")
        if meta.get("deletionTimestamp"):
            self._let_go(profile)
            return
        if namespace is None:
            self._cluster.create("/api/v1/namespaces", _namespace(profile, owner))
        elif namespace["metadata"].get("deletionTimestamp"):
            return  # nothing can be made in it; once it is gone it is made again
        elif (namespace["metadata"].get("annotations") or {}).get("owner") != owner:
            self._refuse(profile, f"namespace already exist, but not owned by profile creator {owner}")
            return
        else:
            self._label(namespace)
        for path, item in belongings(profile, owner):
            self._cluster.create(path, item)
        self._mark(profile)

    def _label(self, namespace: Object) -> None:
        """Labels that are there already stay as they are."""
        labels = namespace["metadata"].get("labels") or {}
        missing = {key: value for key, value in LABELS.items() if key not in labels}
        if missing:
            name = namespace["metadata"]["name"]
            self._cluster.merge(f"/api/v1/namespaces/{name}", {"metadata": {"labels": missing}})

    def _mark(self, profile: Object) -> None:
        """The finalizer, and the empty quota that the real one's Go type leaves behind."""
        meta, finalizers = profile["metadata"], profile["metadata"].get("finalizers", [])
        if FINALIZER in finalizers and "resourceQuotaSpec" in profile["spec"]:
            return
        change = {
            "metadata": {
                "resourceVersion": meta["resourceVersion"],
                "finalizers": [*(each for each in finalizers if each != FINALIZER), FINALIZER],
            },
            "spec": {"resourceQuotaSpec": profile["spec"].get("resourceQuotaSpec", {})},
        }
        self._cluster.merge(f"{PROFILES}/{meta['name']}", change)

    def _refuse(self, profile: Object, why: str) -> None:
        """The real one appends the condition with a plain update, which a server with the status subresource
        drops; here it goes to the subresource, so that it can be seen."""
        known = (profile.get("status") or {}).get("conditions", [])
        if any(each.get("message") == why for each in known):
            return
        conditions = [*known, {"type": "Failed", "status": "True", "message": why}]
        path = f"{PROFILES}/{profile['metadata']['name']}/status"
        self._cluster.merge(path, {"status": {"conditions": conditions}})

    def _let_go(self, profile: Object) -> None:
        meta = profile["metadata"]
        finalizers = meta.get("finalizers", [])
        if FINALIZER in finalizers:
            change = {
                "resourceVersion": meta["resourceVersion"],
                "finalizers": [each for each in finalizers if each != FINALIZER],
            }
            self._cluster.merge(f"{PROFILES}/{meta['name']}", {"metadata": change})


def belongings(profile: Object, owner: str) -> list[tuple[str, Object]]:
    """All that is made inside the namespace: path of the collection, object."""
    name = profile["metadata"]["name"]
    references = [_reference(profile)]
    core, rbac = f"/api/v1/namespaces/{name}", f"/apis/{RBAC}/v1/namespaces/{name}/rolebindings"
    made: list[tuple[str, Object]] = []
    for account, role in (("default-editor", "kubeflow-edit"), ("default-viewer", "kubeflow-view")):
        meta = {"name": account, "namespace": name, "ownerReferences": references}
        made.append((f"{core}/serviceaccounts", {"metadata": meta}))
        subject = {"kind": "ServiceAccount", "name": account, "namespace": name}
        made.append((rbac, {"metadata": meta, "roleRef": _role(role), "subjects": [subject]}))
    admin = {
        "metadata": {
            "name": "namespaceAdmin",
            "namespace": name,
            "annotations": {"role": "admin", "user": owner},
            "ownerReferences": references,
        },
        "roleRef": _role("kubeflow-admin"),
        "subjects": [{"kind": "User", "apiGroup": RBAC, "name": owner}],
    }
    made.append((rbac, admin))
    policies = f"/apis/security.istio.io/v1beta1/namespaces/{name}/authorizationpolicies"
    made.append((policies, _policy(profile, owner, references)))
    quota = profile["spec"].get("resourceQuotaSpec") or {}
    if quota.get("hard"):
        meta = {"name": "kf-resource-quota", "namespace": name, "ownerReferences": references}
        made.append((f"{core}/resourcequotas", {"metadata": meta, "spec": quota}))
    return made


def _namespace(profile: Object, owner: str) -> Object:
    meta = {
        "name": profile["metadata"]["name"],
        "annotations": {"owner": owner},
        "labels": LABELS,
        "ownerReferences": [_reference(profile)],
    }
    return {"metadata": meta}


def _reference(profile: Object) -> Object:
    return {
        "apiVersion": "kubeflow.org/v1",
        "kind": "Profile",
        "name": profile["metadata"]["name"],
        "uid": profile["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _role(name: str) -> Object:
    return {"apiGroup": RBAC, "kind": "ClusterRole", "name": name}


def _policy(profile: Object, owner: str, references: list[Object]) -> Object:
    """Lets the owner in, by the header that the login sets and from gateway and pipelines only."""
    name = profile["metadata"]["name"]
    probes = {"paths": ["/healthz", "/metrics", "/wait-for-drain"]}
    rules = [
        {
            "when": [{"key": "request.headers[kubeflow-userid]", "values": [owner]}],
            "from": [{"source": {"principals": [GATEWAY, PIPELINES]}}],
        },
        {"when": [{"key": "source.namespace", "values": [name]}]},
        {"to": [{"operation": probes}]},
        {
            "from": [{"source": {"principals": [NOTEBOOKS]}}],
            "to": [{"operation": {"methods": ["GET"], "paths": ["*/api/kernels"]}}],
        },
    ]
    return {
        "apiVersion": "security.istio.io/v1beta1",
        "kind": "AuthorizationPolicy",
        "metadata": {
            "name": "ns-owner-access-istio",
            "namespace": name,
            "annotations": {"role": "admin", "user": owner},
            "ownerReferences": references,
        },
        "spec": {"rules": rules},
    }
