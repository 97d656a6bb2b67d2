"""Kubeflow's Profiles with their namespaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from provisioner.clients.kube import (
    NAMESPACES,
    ROLE_BINDINGS,
    SERVICE_ACCOUNTS,
    Kind,
    KubeCluster,
    Object,
    dig,
)
from provisioner.clients.watches import Watches
from provisioner.message import Message, named
from provisioner.stages.profile.stage import PROJECT, NamespaceState, ProfileState
from provisioner.vendor_call import Permanent

_STUCK = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
)


PROFILES = Kind("profiles", "kubeflow.org")
POLICIES = Kind("authorizationpolicies", "security.istio.io", "v1beta1")


class KubeProfiles:
    """Kubeflow's Profiles."""

    def __init__(self, cluster: KubeCluster) -> None:
        self._cluster = cluster
        self._watches = Watches(cluster)

    def profile(self, name: str) -> ProfileState | None:
        what = Message("cannot read Kubeflow profile {name}", name=named(name))
        found = self._cluster.find(what, PROFILES, name)
        if found is None:
            return None
        head = found["metadata"]
        owner = found.get("spec", {}).get("owner", {})
        kind, user = owner.get("kind", "User"), owner.get("name", "")
        return ProfileState(
            owner=user if kind == "User" else f"{kind} {user}",
            project=(head.get("annotations") or {}).get(PROJECT, ""),
            deleting=head.get("deletionTimestamp") is not None,
            finalizers=tuple(head.get("finalizers", ())),
            complaint=_complaint(found),
        )

    def namespace(self, name: str, *, contents: bool) -> NamespaceState | None:
        what = Message("cannot read namespace {name}", name=named(name))
        found = self._cluster.find(what, NAMESPACES, name)
        if found is None:
            return None
        nothing: frozenset[str] = frozenset()
        there, unreadable = self._contents(name, what) if contents else (nothing, nothing)
        head = found["metadata"]
        return NamespaceState(
            owner=(head.get("annotations") or {}).get("owner", ""),
            terminating=head.get("deletionTimestamp") is not None,
            owned=any(
                each.get("kind") == "Profile" and each.get("name") == name
                for each in head.get("ownerReferences") or ()
            ),
            labels=head.get("labels") or {},
            contents=there,
            unreadable=unreadable,
            stuck=_stuck(found),
        )

    def when_made(self, name: str, then: Callable[[], None]) -> bool:
        """The controller's finalizer is the last that it writes, after all that it makes in the namespace."""
        return self._watches.when(PROFILES, name, _attended, then)

    def when_gone(self, name: str, then: Callable[[], None]) -> bool:
        return self._watches.when(NAMESPACES, name, lambda namespace: namespace is None, then)

    def create_profile(self, name: str, *, owner: str, annotations: Mapping[str, str]) -> None:
        body = {
            "apiVersion": "kubeflow.org/v1",
            "kind": "Profile",
            "metadata": {"name": name, "annotations": dict(annotations)},
            "spec": {"owner": {"kind": "User", "name": owner}},
        }
        what = Message("cannot create Kubeflow profile {name}", name=named(name))
        self._cluster.create(what, PROFILES, body)

    def annotate_profile(self, name: str, annotations: Mapping[str, str]) -> None:
        body = {"metadata": {"annotations": dict(annotations)}}
        what = Message("cannot mark Kubeflow profile {name} as the bot's", name=named(name))
        self._cluster.patch(what, PROFILES, name, body)

    def delete_profile(self, name: str) -> None:
        what = Message("cannot delete Kubeflow profile {name}", name=named(name))
        self._cluster.delete(what, PROFILES, name)

    def delete_namespace(self, name: str) -> None:
        what = Message("cannot delete namespace {name}", name=named(name))
        self._cluster.delete(what, NAMESPACES, name)

    def _contents(self, namespace: str, what: Message) -> tuple[frozenset[str], frozenset[str]]:
        """What stands in it, and the kinds that could not be read."""
        accounts = self._cluster.list(what, SERVICE_ACCOUNTS, namespace=namespace)
        bindings = self._cluster.list(what, ROLE_BINDINGS, namespace=namespace)
        found = {f"ServiceAccount {each['metadata']['name']}" for each in accounts}
        found |= {f"RoleBinding {each['metadata']['name']}" for each in bindings}
        policies = self._policies(namespace, what)
        if policies is None:
            return frozenset(found), frozenset({"AuthorizationPolicy"})
        return frozenset(found | {f"AuthorizationPolicy {each}" for each in policies}), frozenset()

    def _policies(self, namespace: str, what: Message) -> Sequence[str] | None:
        """None where Istio is not installed, or we may not look at it: then they are not asked for."""
        try:
            found = self._cluster.list(what, POLICIES, namespace=namespace)
        except Permanent as error:
            if error.cause is not None and error.cause.code in ("403", "404"):
                return None
            raise
        return [each["metadata"]["name"] for each in found]


def _attended(profile: Object | None) -> bool:
    """By its controller, or gone."""
    if profile is None or dig(profile, "metadata.finalizers"):
        return True
    return _complaint(profile) != ""


def _complaint(profile: Object) -> str:
    failed = [
        each.get("message", "")
        for each in dig(profile, "status.conditions") or ()
        if each.get("type") == "Failed"
    ]
    return str(failed[-1]) if failed else ""


def _stuck(namespace: Object) -> str:
    told = [
        each.get("message", "")
        for each in dig(namespace, "status.conditions") or ()
        if each.get("type") in _STUCK and each.get("status") == "True"
    ]
    return "; ".join(told)
