"""Who may do what: a table, in the terms of RBAC, answered with RBAC's own words.

Role and binding objects in the store are kept but not consulted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.kubernetes.refusal import Refused, forbidden
from sandbox.kubernetes.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`*` stands for all. No `names`: any name. No `namespace`: everywhere."""

    verbs: tuple[str, ...]
    resources: tuple[str, ...]  # qualified, with the subresource: "deployments.apps/status"
    names: tuple[str, ...] = ()
    namespace: str = ""

    def allows(self, verb: str, resource: str, namespace: str, name: str) -> bool:
        return (
            ("*" in self.verbs or verb in self.verbs)
            and ("*" in self.resources or resource in self.resources)
            and (not self.names or name in self.names)
            and (not self.namespace or namespace == self.namespace)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    name: str
    groups: tuple[str, ...]
    rules: tuple[Rule, ...]


EVERYTHING = (Rule(verbs=("*",), resources=("*",)),)

SELF_REVIEWS = (
    Rule(
        verbs=("create",),
        resources=(
            "selfsubjectaccessreviews.authorization.k8s.io",
            "selfsubjectreviews.authentication.k8s.io",
        ),
    ),
)
"""What every authenticated user may ask."""

WORKSPACE_BOT = (
    Rule(verbs=("get", "watch", "create", "delete", "patch"), resources=("profiles.kubeflow.org",)),
    Rule(verbs=("get", "watch", "delete"), resources=("namespaces",)),
    Rule(
        verbs=("list",),
        resources=(
            "serviceaccounts",
            "rolebindings.rbac.authorization.k8s.io",
            "authorizationpolicies.security.istio.io",
        ),
    ),
    Rule(verbs=("get", "update"), resources=("configmaps",), names=("dex",), namespace="auth"),
    Rule(verbs=("get", "watch", "patch"), resources=("deployments.apps",), names=("dex",), namespace="auth"),
    Rule(verbs=("list",), resources=("nodes", "pods", "poddisruptionbudgets.policy", "daemonsets.apps")),
    Rule(verbs=("get",), resources=("pods/log",), namespace="auth"),
)
"""The least the bot needs: Profiles, a look at what the Profile controller made (and to delete a namespace
that it only adopted), dex's text and restart, why dex does not come up, what runs on a node group, what
keeps it from being drained, and whether its GPUs can be used."""

EKSCTL = (
    Rule(verbs=("get", "list", "watch", "patch"), resources=("nodes",)),
    Rule(verbs=("get", "list"), resources=("pods",)),
    Rule(verbs=("create",), resources=("pods/eviction",)),
    Rule(verbs=("get",), resources=("daemonsets.apps",)),
    Rule(verbs=("create", "update"), resources=("daemonsets.apps",), namespace="kube-system"),
    Rule(verbs=("get",), resources=("serviceaccounts",), names=("aws-node",), namespace="kube-system"),
)
"""What eksctl needs to wait for the nodes of a group, to drain them by evictions, and to install NVIDIA's
device plugin."""

USERS: Mapping[str, User] = {
    user.name: user
    for user in (
        User(name="admin", groups=("system:masters",), rules=EVERYTHING),
        User(name="controller", groups=(), rules=EVERYTHING),
        User(name="workspace-bot", groups=(), rules=WORKSPACE_BOT),
        User(name="eksctl", groups=(), rules=EKSCTL),
        User(name="nobody", groups=(), rules=()),
    )
}


def allowed(user: User, verb: str, resource: str, namespace: str, name: str) -> bool:
    return any(rule.allows(verb, resource, namespace, name) for rule in (*user.rules, *SELF_REVIEWS))


def denial(user: User, verb: str, kind: Resource, part: str, namespace: str, name: str) -> Refused:
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    plural = f"{kind.plural}/{part}" if part else kind.plural
    why = f'User "{user.name}" cannot {verb} resource "{plural}" in API group "{kind.group}" {where}'
    return forbidden(kind, name, why)
