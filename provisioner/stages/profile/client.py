"""Kubeflow's Profiles with their namespaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kubernetes.client import V1Namespace

from provisioner.clients.kube import KubeCluster, meta
from provisioner.errors import Permanent
from provisioner.message import Message, named
from provisioner.stages.profile.stage import PROJECT, NamespaceState, ProfileState

_STUCK = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
)


class KubeProfiles:
    """Kubeflow's Profiles."""

    _KIND = ("kubeflow.org", "v1", "profiles")
    _POLICIES = ("security.istio.io", "v1beta1")

    def __init__(self, cluster: KubeCluster) -> None:
        self._cluster = cluster

    def profile(self, name: str) -> ProfileState | None:
        what = Message("cannot read Kubeflow profile {name}", name=named(name))
        found: Any = self._cluster.find(
            what, "get profiles", self._cluster.custom.get_cluster_custom_object, *self._KIND, name
        )
        if found is None:
            return None
        head = found.get("metadata", {})
        owner = found.get("spec", {}).get("owner", {})
        kind, user = owner.get("kind", "User"), owner.get("name", "")
        return ProfileState(
            owner=user if kind == "User" else f"{kind} {user}",
            project=head.get("annotations", {}).get(PROJECT, ""),
            deleting="deletionTimestamp" in head,
            finalizers=tuple(head.get("finalizers", ())),
            complaint=_complaint(found.get("status", {})),
        )

    def namespace(self, name: str, *, contents: bool) -> NamespaceState | None:
        what = Message("cannot read namespace {name}", name=named(name))
        found = self._cluster.find(what, "get namespaces", self._cluster.core.read_namespace, name)
        if found is None:
            return None
        nothing: frozenset[str] = frozenset()
        there, unreadable = self._contents(name, what) if contents else (nothing, nothing)
        head = meta(found)
        return NamespaceState(
            owner=(head.annotations or {}).get("owner", ""),
            terminating=head.deletion_timestamp is not None,
            owned=any(each.kind == "Profile" and each.name == name for each in head.owner_references or ()),
            labels=head.labels or {},
            contents=there,
            unreadable=unreadable,
            stuck=_stuck(found),
        )

    def create_profile(self, name: str, *, owner: str, annotations: Mapping[str, str]) -> None:
        body = {
            "apiVersion": "kubeflow.org/v1",
            "kind": "Profile",
            "metadata": {"name": name, "annotations": dict(annotations)},
            "spec": {"owner": {"kind": "User", "name": owner}},
        }
        what = Message("cannot create Kubeflow profile {name}", name=named(name))
        self._cluster.call(
            what, "create profiles", self._cluster.custom.create_cluster_custom_object, *self._KIND, body
        )

    def annotate_profile(self, name: str, annotations: Mapping[str, str]) -> None:
        body = {"metadata": {"annotations": dict(annotations)}}
        what = Message("cannot mark Kubeflow profile {name} as the bot's", name=named(name))
        self._cluster.call(
            what, "patch profiles", self._cluster.custom.patch_cluster_custom_object, *self._KIND, name, body
        )

    def delete_profile(self, name: str) -> None:
        what = Message("cannot delete Kubeflow profile {name}", name=named(name))
        self._cluster.find(
            what, "delete profiles", self._cluster.custom.delete_cluster_custom_object, *self._KIND, name
        )

    def delete_namespace(self, name: str) -> None:
        what = Message("cannot delete namespace {name}", name=named(name))
        self._cluster.find(what, "delete namespaces", self._cluster.core.delete_namespace, name)

    def _contents(self, namespace: str, what: Message) -> tuple[frozenset[str], frozenset[str]]:
        """What stands in it, and the kinds that could not be read."""
        accounts = self._cluster.call(
            what, "list serviceaccounts", self._cluster.core.list_namespaced_service_account, namespace
        ).items
        bindings = self._cluster.call(
            what, "list rolebindings", self._cluster.rbac.list_namespaced_role_binding, namespace
        ).items
        found = {f"ServiceAccount {meta(each).name}" for each in accounts}
        found |= {f"RoleBinding {meta(each).name}" for each in bindings}
        policies = self._policies(namespace, what)
        if policies is None:
            return frozenset(found), frozenset({"AuthorizationPolicy"})
        return frozenset(found | {f"AuthorizationPolicy {each}" for each in policies}), frozenset()

    def _policies(self, namespace: str, what: Message) -> Sequence[str] | None:
        """None where Istio is not installed, or we may not look at it: then they are not asked for."""
        try:
            found: Any = self._cluster.find(
                what,
                "list authorizationpolicies",
                self._cluster.custom.list_namespaced_custom_object,
                *self._POLICIES,
                namespace,
                "authorizationpolicies",
            )
        except Permanent as error:
            if error.cause is not None and error.cause.code == "403":
                return None
            raise
        return None if found is None else [each["metadata"]["name"] for each in found.get("items", ())]


def _complaint(status: Mapping[str, Any]) -> str:
    failed = [
        each.get("message", "") for each in status.get("conditions", ()) if each.get("type") == "Failed"
    ]
    return str(failed[-1]) if failed else ""


def _stuck(namespace: V1Namespace) -> str:
    conditions = (namespace.status.conditions or ()) if namespace.status else ()
    told = [each.message or "" for each in conditions if each.type in _STUCK and each.status == "True"]
    return "; ".join(told)
