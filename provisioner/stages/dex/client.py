"""dex: its ConfigMap and Deployment in the cluster, and whether it answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import httpx
from kubernetes.client import V1ConfigMap, V1Deployment, V1Pod

from provisioner.clients.http import HttpClient
from provisioner.clients.kube import KubeCluster, meta
from provisioner.errors import Cause, Permanent, Temporary
from provisioner.message import Message, named
from provisioner.stages.dex.stage import DexDocument, Rollout

DEX_CONFIG = "config.yaml"
PENDING = "workspace-bot/dex-pending"  # annotation of the ConfigMap: `DexDocument.pending`
DIGEST = "workspace-bot/dex-config"  # annotation of the pod template: sha256 of the text
RESTARTED_AT = "workspace-bot/restarted-at"  # the same

_WORDS_LINES = 20


class KubeDex:
    """dex's ConfigMap and Deployment, both of the same name."""

    def __init__(self, cluster: KubeCluster, *, namespace: str = "auth", name: str = "dex") -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._name = name

    def document(self) -> DexDocument:
        what = Message("cannot read Dex's configuration")
        found = self._config_map(what)
        text = (found.data or {}).get(DEX_CONFIG)
        if not text:
            note = Message("the ConfigMap has no {key}", key=named(DEX_CONFIG))
            cause = Cause.noted(note, service="kubernetes", operation="get configmaps")
            raise Permanent(what, cause=cause)
        head = meta(found)
        pending = (head.annotations or {}).get(PENDING, "")
        return DexDocument(text=text, version=head.resource_version or "", pending=frozenset(pending.split()))

    def write(self, document: DexDocument) -> bool:
        """Every other key, label and annotation stays; the version guards the text as it was read."""
        what = Message("cannot write Dex's configuration")
        found = self._config_map(what)
        head = meta(found)
        if head.resource_version != document.version:
            return False
        found.data = {**(found.data or {}), DEX_CONFIG: document.text}
        annotations = {key: value for key, value in (head.annotations or {}).items() if key != PENDING}
        if document.pending:
            annotations[PENDING] = " ".join(sorted(document.pending))
        head.annotations = annotations
        try:
            self._cluster.call(
                what,
                "update configmaps",
                self._cluster.core.replace_namespaced_config_map,
                self._name,
                self._namespace,
                found,
            )
        except Temporary as error:
            if error.cause is not None and error.cause.code == "409":
                return False
            raise
        return True

    def rollout(self) -> Rollout:
        found = self._deployment()
        template = found.spec.template.metadata
        annotations = (template.annotations if template else None) or {}
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
            Message("cannot restart Dex"),
            "patch deployments",
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
            return self._log(meta(pod).name or "", previous=crashed)
        return ""

    def _log(self, pod: str, *, previous: bool) -> str:
        log = self._cluster.find(
            Message("cannot read Dex's log"),
            "get pods/log",
            self._cluster.core.read_namespaced_pod_log,
            pod,
            self._namespace,
            previous=previous,
            tail_lines=_WORDS_LINES,
        )
        return (log or "").strip()

    def _config_map(self, what: Message) -> V1ConfigMap:
        return self._cluster.call(
            what, "get configmaps", self._cluster.core.read_namespaced_config_map, self._name, self._namespace
        )

    def _deployment(self) -> V1Deployment:
        what = Message("cannot read Dex's Deployment")
        return self._cluster.call(
            what,
            "get deployments",
            self._cluster.apps.read_namespaced_deployment,
            self._name,
            self._namespace,
        )

    def _pods(self, deployment: V1Deployment) -> Sequence[V1Pod]:
        """Those that stay, the newest last."""
        labels = deployment.spec.selector.match_labels or {}
        found = self._cluster.call(
            Message("cannot read Dex's pods"),
            "list pods",
            self._cluster.core.list_namespaced_pod,
            self._namespace,
            label_selector=",".join(f"{key}={value}" for key, value in labels.items()),
        )
        return sorted((pod for pod in found.items if meta(pod).deletion_timestamp is None), key=_born)


class DexHttp:
    """`url` is dex's address without `/dex`, for example `http://dex.auth.svc.cluster.local:5556`."""

    def __init__(self, *, url: str, timeout: timedelta = timedelta(seconds=5)) -> None:
        self._http = HttpClient(url=url, timeout=timeout)

    def up(self) -> bool:
        """Whether its health check passes; an address that does not answer is an answer here."""
        try:
            return self._http.request("GET", "/dex/healthz").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False


def _rolled_out(deployment: V1Deployment) -> bool:
    """As `kubectl rollout status` decides, and no old pod left."""
    wanted, status = deployment.spec.replicas, deployment.status
    if status is None or (status.observed_generation or 0) < (meta(deployment).generation or 0):
        return False
    counts = (status.replicas, status.updated_replicas, status.available_replicas)
    return bool(wanted) and all(count == wanted for count in counts)


def _ready(pod: V1Pod) -> bool:
    states = (pod.status.container_statuses or ()) if pod.status else ()
    return all(state.ready for state in states)


def _crashes(pod: V1Pod) -> int:
    states = (pod.status.container_statuses or ()) if pod.status else ()
    return sum(state.restart_count for state in states if not state.ready)


def _born(pod: V1Pod) -> float:
    at = meta(pod).creation_timestamp
    return at.timestamp() if at else 0.0
