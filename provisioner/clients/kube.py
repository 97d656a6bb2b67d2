"""Kubernetes through its official client: Profiles with their namespaces, and dex.

Every error of that client is mapped here, once. It raises pydantic's ValidationError where a reply lacks a
field that its models demand; that is a reply we cannot use, not a bug of ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from kubernetes.client import (
    ApiClient,
    AppsV1Api,
    Configuration,
    CoreV1Api,
    CustomObjectsApi,
    RbacAuthorizationV1Api,
    V1ConfigMap,
    V1Deployment,
    V1Namespace,
    V1ObjectMeta,
    V1Pod,
    V1RoleBinding,
    V1ServiceAccount,
)
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config
from pydantic import ValidationError
from urllib3.exceptions import HTTPError

from provisioner.errors import Cause, Permanent, Temporary, WorkError
from provisioner.message import Message, Ref, RefKind
from provisioner.stages.dex_user import DexDocument, Rollout
from provisioner.stages.profile import NamespaceState, ProfileState

DEX_CONFIG = "config.yaml"
PENDING = "workspace-bot/dex-pending"  # annotation of the ConfigMap: `DexDocument.pending`
DIGEST = "workspace-bot/dex-config"  # annotation of the pod template: sha256 of the text
RESTARTED_AT = "workspace-bot/restarted-at"  # the same

_STUCK = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
)
_WORDS_LINES = 20

T = TypeVar("T")


class KubeCluster:
    """One cluster: its APIs, and how long an answer may take.

    `kubeconfig` is a file; empty means that we run inside the cluster. Raises `Permanent` when neither can
    be read. A call is not repeated here: the engine does that, having looked again.
    """

    def __init__(self, *, kubeconfig: str = "", timeout: timedelta = timedelta(seconds=20)) -> None:
        configuration = Configuration()
        try:
            if kubeconfig:
                load_kube_config(config_file=kubeconfig, client_configuration=configuration)
            else:
                load_incluster_config(client_configuration=configuration)
        except (ConfigException, OSError) as error:
            cause = Cause(service="kubernetes", operation="load configuration", words=str(error))
            raise Permanent(Message("cannot read the cluster's address"), cause=cause) from error
        configuration.retries = False
        client = ApiClient(configuration)
        self.core = CoreV1Api(client)
        self.apps = AppsV1Api(client)
        self.rbac = RbacAuthorizationV1Api(client)
        self.custom = CustomObjectsApi(client)
        self._timeout = (5.0, timeout.total_seconds())

    def call(self, what: Message, method: Callable[..., T], /, *args: Any, **options: Any) -> T:
        """What the method of an API answers; its errors as ours."""
        with mapped(what, method.__name__):
            return method(*args, _request_timeout=self._timeout, **options)

    def find(self, what: Message, method: Callable[..., T], /, *args: Any, **options: Any) -> T | None:
        """The same, and None for what is not there."""
        try:
            return self.call(what, method, *args, **options)
        except Permanent as error:
            if error.cause is not None and error.cause.code == "404":
                return None
            raise


class KubeProfiles:
    """Kubeflow's Profiles."""

    _KIND = ("kubeflow.org", "v1", "profiles")
    _POLICIES = ("security.istio.io", "v1beta1")

    def __init__(self, cluster: KubeCluster) -> None:
        self._cluster = cluster

    def profile(self, name: str) -> ProfileState | None:
        what = Message("cannot read Profile {name}", name=_name(name))
        found: Any = self._cluster.find(
            what, self._cluster.custom.get_cluster_custom_object, *self._KIND, name
        )
        if found is None:
            return None
        meta = found.get("metadata", {})
        owner = found.get("spec", {}).get("owner", {})
        kind, user = owner.get("kind", "User"), owner.get("name", "")
        return ProfileState(
            owner=user if kind == "User" else f"{kind} {user}",
            project=meta.get("annotations", {}).get("workspace-bot/project", ""),
            deleting="deletionTimestamp" in meta,
            finalizers=tuple(meta.get("finalizers", ())),
            complaint=_complaint(found.get("status", {})),
        )

    def namespace(self, name: str) -> NamespaceState | None:
        what = Message("cannot read namespace {name}", name=_name(name))
        found = self._cluster.find(what, self._cluster.core.read_namespace, name)
        if found is None:
            return None
        contents, unreadable = self._contents(name, what)
        meta = _meta(found)
        return NamespaceState(
            owner=(meta.annotations or {}).get("owner", ""),
            terminating=meta.deletion_timestamp is not None,
            owned=any(each.kind == "Profile" and each.name == name for each in meta.owner_references or ()),
            labels=meta.labels or {},
            contents=contents,
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
        what = Message("cannot create Profile {name}", name=_name(name))
        self._cluster.call(what, self._cluster.custom.create_cluster_custom_object, *self._KIND, body)

    def annotate_profile(self, name: str, annotations: Mapping[str, str]) -> None:
        body = {"metadata": {"annotations": dict(annotations)}}
        what = Message("cannot mark Profile {name}", name=_name(name))
        self._cluster.call(what, self._cluster.custom.patch_cluster_custom_object, *self._KIND, name, body)

    def delete_profile(self, name: str) -> None:
        what = Message("cannot delete Profile {name}", name=_name(name))
        self._cluster.find(what, self._cluster.custom.delete_cluster_custom_object, *self._KIND, name)

    def delete_namespace(self, name: str) -> None:
        what = Message("cannot delete namespace {name}", name=_name(name))
        self._cluster.find(what, self._cluster.core.delete_namespace, name)

    def _contents(self, namespace: str, what: Message) -> tuple[frozenset[str], frozenset[str]]:
        """What stands in it, and the kinds that could not be read."""
        accounts = self._cluster.call(
            what, self._cluster.core.list_namespaced_service_account, namespace
        ).items
        bindings = self._cluster.call(what, self._cluster.rbac.list_namespaced_role_binding, namespace).items
        found = {f"ServiceAccount {_meta(each).name}" for each in accounts}
        found |= {f"RoleBinding {_meta(each).name}" for each in bindings}
        policies = self._policies(namespace, what)
        if policies is None:
            return frozenset(found), frozenset({"AuthorizationPolicy"})
        return frozenset(found | {f"AuthorizationPolicy {each}" for each in policies}), frozenset()

    def _policies(self, namespace: str, what: Message) -> Sequence[str] | None:
        """None where Istio is not installed, or we may not look at it: then they are not asked for."""
        try:
            found: Any = self._cluster.find(
                what,
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


class KubeDex:
    """dex's ConfigMap and Deployment, both of the same name."""

    def __init__(self, cluster: KubeCluster, *, namespace: str = "auth", name: str = "dex") -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._name = name

    def document(self) -> DexDocument:
        what = Message("cannot read dex's configuration")
        found = self._config_map(what)
        text = (found.data or {}).get(DEX_CONFIG)
        if not text:
            cause = Cause(
                service="kubernetes", operation="read_namespaced_config_map", words="no config.yaml"
            )
            raise Permanent(what, cause=cause)
        meta = _meta(found)
        pending = (meta.annotations or {}).get(PENDING, "")
        return DexDocument(text=text, version=meta.resource_version or "", pending=frozenset(pending.split()))

    def write(self, document: DexDocument) -> bool:
        """Every other key, label and annotation stays; the version guards the text as it was read."""
        what = Message("cannot write dex's configuration")
        found = self._config_map(what)
        meta = _meta(found)
        if meta.resource_version != document.version:
            return False
        found.data = {**(found.data or {}), DEX_CONFIG: document.text}
        annotations = {key: value for key, value in (meta.annotations or {}).items() if key != PENDING}
        if document.pending:
            annotations[PENDING] = " ".join(sorted(document.pending))
        meta.annotations = annotations
        try:
            self._cluster.call(
                what, self._cluster.core.replace_namespaced_config_map, self._name, self._namespace, found
            )
        except Temporary as error:
            if error.cause is not None and error.cause.code == "409":
                return False
            raise
        return True

    def rollout(self) -> Rollout:
        found = self._deployment()
        meta = found.spec.template.metadata
        annotations = (meta.annotations if meta else None) or {}
        at = annotations.get(RESTARTED_AT)
        pods = self._pods(found)
        return Rollout(
            digest=annotations.get(DIGEST, ""),
            restarted_at=datetime.fromisoformat(at) if at else None,
            complete=_rolled_out(found) and all(_ready(pod) for pod in pods),
            crashes=sum(_crashes(pod) for pod in pods[-1:]),
        )

    def restart(self, *, digest: str, at: datetime) -> None:
        annotations = {DIGEST: digest, RESTARTED_AT: at.isoformat()}
        body = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
        self._cluster.call(
            Message("cannot restart dex"),
            self._cluster.apps.patch_namespaced_deployment,
            self._name,
            self._namespace,
            body,
        )

    def last_words(self) -> str:
        """Of the newest pod: why its container ended, else the end of its log."""
        for pod in self._pods(self._deployment())[-1:]:
            states = (pod.status.container_statuses or ()) if pod.status else ()
            for status in states:
                for state in (status.state, status.last_state):
                    if state is not None and state.terminated is not None and state.terminated.message:
                        return state.terminated.message.strip()
            crashed = any(status.restart_count for status in states)
            return self._log(_meta(pod).name or "", previous=crashed)
        return ""

    def _log(self, pod: str, *, previous: bool) -> str:
        log = self._cluster.find(
            Message("cannot read dex's log"),
            self._cluster.core.read_namespaced_pod_log,
            pod,
            self._namespace,
            previous=previous,
            tail_lines=_WORDS_LINES,
        )
        return (log or "").strip()

    def _config_map(self, what: Message) -> V1ConfigMap:
        return self._cluster.call(
            what, self._cluster.core.read_namespaced_config_map, self._name, self._namespace
        )

    def _deployment(self) -> V1Deployment:
        what = Message("cannot read dex's Deployment")
        return self._cluster.call(
            what, self._cluster.apps.read_namespaced_deployment, self._name, self._namespace
        )

    def _pods(self, deployment: V1Deployment) -> Sequence[V1Pod]:
        """Those that stay, the newest last."""
        labels = deployment.spec.selector.match_labels or {}
        found = self._cluster.call(
            Message("cannot read dex's pods"),
            self._cluster.core.list_namespaced_pod,
            self._namespace,
            label_selector=",".join(f"{key}={value}" for key, value in labels.items()),
        )
        return sorted((pod for pod in found.items if _meta(pod).deletion_timestamp is None), key=_born)


@contextmanager
def mapped(what: Message, operation: str) -> Iterator[None]:
    """Raise the client's errors as ours."""
    try:
        yield
    except ApiException as error:
        raise _error(what, operation, error) from error
    except ValidationError as error:
        fields = [".".join(str(part) for part in each["loc"]) or each["msg"] for each in error.errors()]
        words = f"the reply is not usable: {', '.join(fields)}"
        cause = Cause(service="kubernetes", operation=operation, words=words)
        raise Permanent(what, cause=cause) from error
    except (HTTPError, OSError) as error:
        cause = Cause(service="kubernetes", operation=operation, words=str(error), code=type(error).__name__)
        raise Temporary(what, cause=cause) from error


def _error(what: Message, operation: str, error: ApiException) -> WorkError:
    status = error.status or 0  # 0: TLS failed before there was an answer
    cause = Cause(service="kubernetes", operation=operation, code=str(status or "TLS"), words=_words(error))
    if status in (0, 409, 429) or status >= 500:
        after = (error.headers or {}).get("Retry-After", "")
        retry_after = timedelta(seconds=int(after)) if after.isdigit() else None
        return Temporary(what, cause=cause, retry_after=retry_after)
    return Permanent(what, cause=cause)


def _words(error: ApiException) -> str:
    """The `message` of the Status that Kubernetes answers; else what there is."""
    try:
        status = json.loads(error.body or "")
    except ValueError:
        return error.body or error.reason or ""
    message = status.get("message") if isinstance(status, dict) else None
    return str(message or error.reason or "")


def _complaint(status: Mapping[str, Any]) -> str:
    failed = [
        each.get("message", "") for each in status.get("conditions", ()) if each.get("type") == "Failed"
    ]
    return str(failed[-1]) if failed else ""


def _stuck(namespace: V1Namespace) -> str:
    conditions = (namespace.status.conditions or ()) if namespace.status else ()
    told = [each.message or "" for each in conditions if each.type in _STUCK and each.status == "True"]
    return "; ".join(told)


def _rolled_out(deployment: V1Deployment) -> bool:
    """As `kubectl rollout status` decides, and no old pod left."""
    wanted, status = deployment.spec.replicas, deployment.status
    if status is None or (status.observed_generation or 0) < (_meta(deployment).generation or 0):
        return False
    counts = (status.replicas, status.updated_replicas, status.available_replicas)
    return bool(wanted) and all(count == wanted for count in counts)


def _ready(pod: V1Pod) -> bool:
    states = (pod.status.container_statuses or ()) if pod.status else ()
    return all(state.ready for state in states)


def _crashes(pod: V1Pod) -> int:
    states = (pod.status.container_statuses or ()) if pod.status else ()
    return sum(state.restart_count for state in states if not state.ready)


def _meta(
    found: V1Namespace | V1ServiceAccount | V1RoleBinding | V1ConfigMap | V1Deployment | V1Pod,
) -> V1ObjectMeta:
    """Optional in the client's models only."""
    if found.metadata is None:
        raise TypeError("the reply has no metadata")
    return found.metadata


def _born(pod: V1Pod) -> float:
    at = _meta(pod).creation_timestamp
    return at.timestamp() if at else 0.0


def _name(value: str) -> Ref:
    return Ref(RefKind.NAME, value)
