"""The kinds of object the emulator keeps, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Naming(StrEnum):
    """Which rule a kind's names follow."""

    LABEL = "label"  # RFC 1123 label, at most 63
    SUBDOMAIN = "subdomain"  # RFC 1123 subdomain, at most 253
    PATH_SEGMENT = "path segment"  # RBAC: anything without / and %


WRITES = ("create", "delete", "deletecollection", "patch", "update")
READS = ("get", "list", "watch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind. `versions` are those served, the stored one first."""

    group: str
    versions: tuple[str, ...]
    plural: str
    kind: str
    namespaced: bool
    naming: Naming = Naming.SUBDOMAIN
    short_names: tuple[str, ...] = ()
    status: bool = False  # has the status subresource
    log: bool = False  # has the log subresource
    eviction: bool = False  # has the eviction subresource
    returns_deleted: bool = False  # a deletion answers with the object, not with a Status
    generation: bool = False  # counts changes of spec
    custom: bool = False  # from a CustomResourceDefinition
    review: bool = False  # may only be created and is never kept
    fields: tuple[str, ...] = ()  # field selectors besides metadata.name and metadata.namespace

    @property
    def singular(self) -> str:
        return self.kind.lower()

    @property
    def qualified(self) -> str:
        """As error texts name it: `profiles.kubeflow.org`, `configmaps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def verbs(self) -> tuple[str, ...]:
        return ("create",) if self.review else tuple(sorted(WRITES + READS))

    @property
    def parts(self) -> Mapping[str, tuple[str, ...]]:
        """Its subresources, and what each takes."""
        status = {"status": ("get", "patch", "update")} if self.status else {}
        log = {"log": ("get",)} if self.log else {}
        return status | log | ({"eviction": ("create",)} if self.eviction else {})

    def api_version(self, version: str) -> str:
        return f"{self.group}/{version}" if self.group else version


_RBAC = "rbac.authorization.k8s.io"

RESOURCES: tuple[Resource, ...] = (
    Resource(
        group="",
        versions=("v1",),
        plural="namespaces",
        kind="Namespace",
        namespaced=False,
        naming=Naming.LABEL,
        short_names=("ns",),
        status=True,
        fields=("status.phase",),
    ),
    Resource(
        group="",
        versions=("v1",),
        plural="nodes",
        kind="Node",
        namespaced=False,
        short_names=("no",),
        status=True,
    ),
    Resource(
        group="",
        versions=("v1",),
        plural="configmaps",
        kind="ConfigMap",
        namespaced=True,
        short_names=("cm",),
    ),
    Resource(group="", versions=("v1",), plural="secrets", kind="Secret", namespaced=True, fields=("type",)),
    Resource(
        group="",
        versions=("v1",),
        plural="serviceaccounts",
        kind="ServiceAccount",
        namespaced=True,
        short_names=("sa",),
        returns_deleted=True,
    ),
    Resource(
        group="",
        versions=("v1",),
        plural="pods",
        kind="Pod",
        namespaced=True,
        short_names=("po",),
        status=True,
        log=True,
        eviction=True,
        returns_deleted=True,
        fields=("spec.nodeName", "status.phase"),
    ),
    Resource(
        group="",
        versions=("v1",),
        plural="events",
        kind="Event",
        namespaced=True,
        short_names=("ev",),
        fields=(
            "involvedObject.kind",
            "involvedObject.name",
            "involvedObject.namespace",
            "involvedObject.uid",
            "reason",
            "type",
        ),
    ),
    Resource(
        group="",
        versions=("v1",),
        plural="resourcequotas",
        kind="ResourceQuota",
        namespaced=True,
        short_names=("quota",),
        returns_deleted=True,
        status=True,
    ),
    Resource(
        group="",
        versions=("v1",),
        plural="limitranges",
        kind="LimitRange",
        namespaced=True,
        short_names=("limits",),
    ),
    Resource(
        group="apps",
        versions=("v1",),
        plural="deployments",
        kind="Deployment",
        namespaced=True,
        short_names=("deploy",),
        status=True,
        generation=True,
    ),
    Resource(
        group="apps",
        versions=("v1",),
        plural="replicasets",
        kind="ReplicaSet",
        namespaced=True,
        short_names=("rs",),
        status=True,
        generation=True,
    ),
    Resource(
        group="apps",
        versions=("v1",),
        plural="daemonsets",
        kind="DaemonSet",
        namespaced=True,
        short_names=("ds",),
        status=True,
        generation=True,
    ),
    Resource(
        group="policy",
        versions=("v1",),
        plural="poddisruptionbudgets",
        kind="PodDisruptionBudget",
        namespaced=True,
        short_names=("pdb",),
        status=True,
        generation=True,
    ),
    Resource(
        group=_RBAC,
        versions=("v1",),
        plural="roles",
        kind="Role",
        namespaced=True,
        naming=Naming.PATH_SEGMENT,
    ),
    Resource(
        group=_RBAC,
        versions=("v1",),
        plural="rolebindings",
        kind="RoleBinding",
        namespaced=True,
        naming=Naming.PATH_SEGMENT,
    ),
    Resource(
        group=_RBAC,
        versions=("v1",),
        plural="clusterroles",
        kind="ClusterRole",
        namespaced=False,
        naming=Naming.PATH_SEGMENT,
    ),
    Resource(
        group=_RBAC,
        versions=("v1",),
        plural="clusterrolebindings",
        kind="ClusterRoleBinding",
        namespaced=False,
        naming=Naming.PATH_SEGMENT,
    ),
    Resource(
        group="kubeflow.org",
        versions=("v1", "v1beta1"),
        plural="profiles",
        kind="Profile",
        namespaced=False,
        status=True,
        generation=True,
        custom=True,
    ),
    Resource(
        group="security.istio.io",
        versions=("v1beta1", "v1"),
        plural="authorizationpolicies",
        kind="AuthorizationPolicy",
        namespaced=True,
        short_names=("ap",),
        status=True,
        generation=True,
        custom=True,
    ),
    Resource(
        group="authorization.k8s.io",
        versions=("v1",),
        plural="selfsubjectaccessreviews",
        kind="SelfSubjectAccessReview",
        namespaced=False,
        review=True,
    ),
    Resource(
        group="authentication.k8s.io",
        versions=("v1",),
        plural="selfsubjectreviews",
        kind="SelfSubjectReview",
        namespaced=False,
        review=True,
    ),
)

BY_PATH: Mapping[tuple[str, str], Resource] = {(r.group, r.plural): r for r in RESOURCES}


def resource(plural: str, group: str = "") -> Resource:
    """The registered kind. KeyError is a bug of the caller: requests go through the router."""
    return BY_PATH[(group, plural)]


def served(group: str, version: str) -> tuple[Resource, ...]:
    return tuple(r for r in RESOURCES if r.group == group and version in r.versions)


def groups() -> Mapping[str, tuple[str, ...]]:
    """Each named group with its versions, the preferred one first."""
    found: dict[str, tuple[str, ...]] = {}
    for each in RESOURCES:
        if each.group:
            found.setdefault(each.group, each.versions)
    return found
