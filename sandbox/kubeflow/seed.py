"""The platform before any workspace: namespaces, cluster roles, dex with two neighbours."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.kubeflow.cluster import Cluster, Object

NAMESPACES = ("ai-conductor", "auth", "istio-system", "kubeflow")
CLUSTER_ROLES = ("kubeflow-admin", "kubeflow-edit", "kubeflow-view")

CLIENT_ID = "kubeflow-oidc-authservice"
CLIENT_SECRET = "pUBnBOY80SnXgjibTYM9ZWNzY2xreNGQok"

NEIGHBOURS: Mapping[str, str] = {
    "user@example.com": "12341234",
    "aic-user-legacy-ws@aic.com": "legacy-neighbour",
}
"""dex's users before the bot came, with their passwords: they must still be able to log in after it."""

DEX_CONFIG = """\
# dex of the platform. Restart the deployment after a change:
#   kubectl rollout restart deployment dex -n auth
issuer: http://dex.auth.svc.cluster.local:5556/dex
storage:
  type: kubernetes
  config:
    inCluster: true
web:
  http: 0.0.0.0:5556
logger:
  level: "debug"
  format: text
oauth2:
  skipApprovalScreen: true
  passwordConnector: local   # scripts log in with a password
enablePasswordDB: true
staticPasswords:
# the user that Kubeflow ships with
- email: user@example.com
  hash: $2a$10$JxGwjfERsb3tbCraq6i9aefnwC4YTz/C7WScjp0va91/XmTGjZeIW
  # https://github.com/dexidp/dex/pull/1601/commits
  # the hash may come from the environment: hashFromEnv
  username: user
  userID: "15841185641784"
# added by hand, 2024-01-02: the quote marks are part of the id
- email: "aic-user-legacy-ws@aic.com"
  hash: '$2a$10$Yx9qSynUBaxX2KwDMI8Al.ELYfgQA5PwOGy92zPuKqQnAvbzHOMq.'
  username:   aic-user-legacy-ws
  userID: '"20240102030405"'

staticClients:
# https://github.com/dexidp/dex/pull/1664
- idEnv: OIDC_CLIENT_ID
  redirectURIs: ["/authservice/oidc/callback"]
  name: 'Dex Login Application'
  secretEnv: OIDC_CLIENT_SECRET
"""


def seed_platform(kubeconfig: str) -> None:
    """Make what is missing; what is there already stays as it is."""
    with Cluster(kubeconfig) as cluster:
        for path, item in platform():
            cluster.create(path, item)


def platform() -> list[tuple[str, Object]]:
    """Path of the collection and object, in the order in which they can be made."""
    roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    auth = "/api/v1/namespaces/auth"
    return [
        *(("/api/v1/namespaces", {"metadata": {"name": name}}) for name in NAMESPACES),
        *((roles, {"metadata": {"name": name}, "rules": []}) for name in CLUSTER_ROLES),
        (
            f"{auth}/secrets",
            {
                "metadata": {"name": "dex-oidc-client"},
                "stringData": {"OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": CLIENT_SECRET},
            },
        ),
        (f"{auth}/serviceaccounts", {"metadata": {"name": "dex"}}),
        (
            f"{auth}/configmaps",
            {"metadata": {"name": "dex", "labels": {"app": "dex"}}, "data": {"config.yaml": DEX_CONFIG}},
        ),
        ("/apis/apps/v1/namespaces/auth/deployments", dex_deployment()),
    ]


def dex_deployment() -> Object:
    """As Kubeflow ships it (one replica, no probes), but for three things that make an outage plain to see:
    the old pod goes before the new one comes, the last words of a crash stand in the pod's status, and
    the pods are left to the stand-in of dex."""
    container = {
        "name": "dex",
        "image": "ghcr.io/dexidp/dex:v2.36.0",
        "command": ["dex", "serve", "/etc/dex/cfg/config.yaml"],
        "ports": [{"name": "http", "containerPort": 5556}],
        "envFrom": [{"secretRef": {"name": "dex-oidc-client"}}],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "config", "mountPath": "/etc/dex/cfg"}],
    }
    items = [{"key": "config.yaml", "path": "config.yaml"}]
    volume = {"name": "config", "configMap": {"name": "dex", "items": items}}
    return {
        "metadata": {"name": "dex", "labels": {"app": "dex"}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "dex"}},
            "strategy": {"type": "Recreate"},
            "template": {
                "metadata": {"labels": {"app": "dex"}, "annotations": {"sandbox/program": "elsewhere"}},
                "spec": {"serviceAccountName": "dex", "containers": [container], "volumes": [volume]},
            },
        },
    }
