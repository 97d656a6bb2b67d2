"""dex: its ConfigMap and Deployment in the cluster, and whether it answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import httpx

from provisioner.clients.http import HttpClient
from provisioner.clients.kube import CONFIG_MAPS, DEPLOYMENTS, PODS, KubeCluster, Object, dig
from provisioner.clients.watches import Watches
from provisioner.message import Message, named
from provisioner.stages.dex.stage import DexDocument, Rollout
from provisioner.vendor_call import Cause, Observer, Permanent, Temporary, observed, unobserved

NAMESPACE, NAME = "auth", "dex"
DEX_CONFIG = "config.yaml"
PENDING = "workspace-bot/dex-pending"  # annotation of the ConfigMap: `DexDocument.pending`
DIGEST = "workspace-bot/dex-config"  # annotation of the pod template: sha256 of the text
RESTARTED_AT = "workspace-bot/restarted-at"  # the same

_WORDS_LINES = 20


class KubeDex:
    """dex's ConfigMap and Deployment, both of the same name."""

    def __init__(self, cluster: KubeCluster) -> None:
        self._cluster = cluster
        self._watches = Watches(cluster)

    def document(self) -> DexDocument:
        what = Message("cannot read Dex's configuration")
        found = self._config_map(what)
        text = (found.get("data") or {}).get(DEX_CONFIG)
        if not text:
            note = Message("the ConfigMap has no {key}", key=named(DEX_CONFIG))
            cause = Cause.noted(note, service="kubernetes", operation="get configmaps")
            raise Permanent(what, cause=cause)
        head = found["metadata"]
        pending = (head.get("annotations") or {}).get(PENDING, "")
        version = head.get("resourceVersion", "")
        return DexDocument(text=text, version=version, pending=frozenset(pending.split()))

    def write(self, document: DexDocument) -> bool:
        """Every other key, label and annotation stays; the version guards the text as it was read."""
        what = Message("cannot write Dex's configuration")
        found = self._config_map(what)
        head = found["metadata"]
        if head.get("resourceVersion") != document.version:
            return False
        annotations = {key: value for key, value in (head.get("annotations") or {}).items() if key != PENDING}
        if document.pending:
            annotations[PENDING] = " ".join(sorted(document.pending))
        body = {
            **found,
            "metadata": {**head, "annotations": annotations},
            "data": {**(found.get("data") or {}), DEX_CONFIG: document.text},
        }
        try:
            self._cluster.update(what, CONFIG_MAPS, NAME, body, namespace=NAMESPACE)
        except Temporary as error:
            if error.cause is not None and error.cause.code == "409":
                return False
            raise
        return True

    def rollout(self) -> Rollout:
        found = self._deployment()
        annotations = dig(found, "spec.template.metadata.annotations") or {}
        at = annotations.get(RESTARTED_AT)
        pods = self._pods(found)
        return Rollout(
            digest=annotations.get(DIGEST, ""),
            restarted_at=datetime.fromisoformat(at) if at else None,
            complete=_rolled_out(found) and all(_ready(pod) for pod in pods),
            crashes=sum(_crashes(pod) for pod in pods[-1:]),
        )

    def when_rolled_out(self, then: Callable[[], None]) -> bool:
        return self._watches.when(
            DEPLOYMENTS,
            NAME,
            lambda deployment: deployment is not None and _rolled_out(deployment),
            then,
            namespace=NAMESPACE,
        )

    def restart(self, *, digest: str, at: datetime) -> None:
        annotations = {DIGEST: digest, RESTARTED_AT: at.isoformat()}
        body = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
        what = Message("cannot restart Dex")
        self._cluster.patch(what, DEPLOYMENTS, NAME, body, namespace=NAMESPACE)

    def last_words(self) -> str:
        """Of the newest pod: why its container ended, else the end of its log."""
        for pod in self._pods(self._deployment())[-1:]:
            for status in _containers(pod):
                for state in ("state", "lastState"):
                    if words := dig(status, f"{state}.terminated.message"):
                        return str(words).strip()
            return self._cluster.log(
                Message("cannot read Dex's log"),
                pod["metadata"]["name"],
                namespace=NAMESPACE,
                lines=_WORDS_LINES,
                previous=any(_restarts(status) for status in _containers(pod)),
            ).strip()
        return ""

    def _config_map(self, what: Message) -> Object:
        return self._cluster.get(what, CONFIG_MAPS, NAME, namespace=NAMESPACE)

    def _deployment(self) -> Object:
        what = Message("cannot read Dex's Deployment")
        return self._cluster.get(what, DEPLOYMENTS, NAME, namespace=NAMESPACE)

    def _pods(self, deployment: Object) -> Sequence[Object]:
        """Those that stay, the newest last."""
        labels = deployment["spec"]["selector"].get("matchLabels") or {}
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        what = Message("cannot read Dex's pods")
        found = self._cluster.list(what, PODS, namespace=NAMESPACE, labels=selector)
        staying = (pod for pod in found if dig(pod, "metadata.deletionTimestamp") is None)
        return sorted(staying, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")))


class DexHttp:
    """`url` is dex's address without `/dex`, for example `http://dex.auth.svc.cluster.local:5556`."""

    def __init__(
        self, *, url: str, timeout: timedelta = timedelta(seconds=5), observer: Observer = unobserved
    ) -> None:
        self._http = HttpClient(url=url, timeout=timeout)
        self._observer = observer

    def up(self) -> bool:
        """Whether its health check passes; an address that does not answer is an answer here."""
        with observed(self._observer, "dex", "check health") as watched:
            try:
                code = self._http.request("GET", "/dex/healthz").status_code
            except httpx.HTTPError as error:
                watched.code = type(error).__name__
                return False
            if code != httpx.codes.OK:
                watched.code = str(code)
            return code == httpx.codes.OK


def _rolled_out(deployment: Object) -> bool:
    """As `kubectl rollout status` decides, and no old pod left."""
    wanted, status = deployment["spec"].get("replicas"), deployment.get("status") or {}
    if status.get("observedGeneration", 0) < deployment["metadata"].get("generation", 0):
        return False
    counts = ("replicas", "updatedReplicas", "availableReplicas")
    return bool(wanted) and all(status.get(count) == wanted for count in counts)


def _ready(pod: Object) -> bool:
    return all(state.get("ready") for state in _containers(pod))


def _crashes(pod: Object) -> int:
    return sum(_restarts(state) for state in _containers(pod) if not state.get("ready"))


def _containers(pod: Object) -> Sequence[Object]:
    """Their states."""
    return dig(pod, "status.containerStatuses") or ()


def _restarts(state: Object) -> int:
    return int(state.get("restartCount", 0))
