"""Stands for dex (v2.36) behind the Deployment `auth/dex`: one run of the program for each pod.

It plays the kubelet for those pods: a new pod makes it read the ConfigMap and start or fail; nothing else
does. What it comes to is said in the pod's status, so the Deployment shows it. Works against any API server,
provided nobody else reports on these pods (annotation `sandbox/program: elsewhere` in the pod template).
"""

from __future__ import annotations

import base64
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.kubeflow.cluster import Cluster, Object
from sandbox.kubeflow.dexconfig import FILE, Broken, Config, read
from sandbox.kubeflow.rounds import Rounds
from sandbox.kubeflow.tokens import Tokens
from sandbox.serving.loopback import Loopback

LONGEST_BACKOFF = timedelta(minutes=5)
MADE_TO_FAIL = (
    "failed to initialize storage: failed to inspect service account token: "
    "open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory"
)


@dataclass(slots=True, kw_only=True)
class Run:
    """The program in one pod. `config` is None while it does not run."""

    pod: Object
    config: Config | None = None
    crashes: int = 0
    next_try: float = 0.0  # time.monotonic()
    made_to_fail: bool = False


class Dex:
    def __init__(
        self,
        kubeconfig: str,
        *,
        namespace: str = "auth",
        every: timedelta = timedelta(milliseconds=50),
        backoff: timedelta = timedelta(seconds=10),
    ) -> None:
        """`backoff`: until a crashed program is started again; doubles each time."""
        self._cluster = Cluster(kubeconfig)
        self._root = f"/api/v1/namespaces/{namespace}"
        self._namespace = namespace
        self._backoff = backoff
        self._runs: dict[str, Run] = {}
        self._serving: Config | None = None
        self._starts = 0
        self._to_fail: int | None = 0
        self._lock = threading.Lock()
        self._tokens = Tokens()
        self._rounds = Rounds("dex", self._round, every)
        self._loopback = Loopback(self._application(), "dex")

    def start(self, port: int = 0) -> str:
        """Returns the URL without a path: health is at `/dex/healthz`."""
        url = self._loopback.start(port)
        self._rounds.start()
        return url

    def stop(self) -> None:
        self._rounds.stop()
        self._loopback.stop()
        self._cluster.close()

    @property
    def restarts(self) -> int:
        """How often a new pod replaced another, whether dex came up in it or not."""
        return max(0, self._starts - 1)

    @property
    def up(self) -> bool:
        return self._serving is not None

    @property
    def broken(self) -> bool:
        """Whether a start still to come is bound to fail."""
        return self._to_fail is None or self._to_fail > 0

    def break_restarts(self, count: int | None = 1) -> None:
        """Let dex not come up in the next `count` new pods (None: in any), whatever its configuration."""
        with self._lock:
            self._to_fail = count

    def mend(self) -> None:
        """Take `break_restarts` back; what crashed because of it comes up at its next try."""
        with self._lock:
            self._to_fail = 0
            for run in self._runs.values():
                if run.made_to_fail:
                    run.made_to_fail, run.next_try = False, 0.0

    def _round(self) -> None:
        pods = self._cluster.every(f"{self._root}/pods", labels="app=dex")
        pods = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
        with self._lock:
            present = {pod["metadata"]["uid"] for pod in pods}
            self._runs = {uid: run for uid, run in self._runs.items() if uid in present}
            self._choose()
            for pod in sorted(pods, key=lambda each: each["metadata"]["creationTimestamp"]):
                uid = pod["metadata"]["uid"]
                if uid not in self._runs:
                    self._begin(pod)
                elif self._runs[uid].config is None and time.monotonic() >= self._runs[uid].next_try:
                    self._boot(self._runs[uid])

    def _begin(self, pod: Object) -> None:
        self._starts += 1
        run = Run(pod=pod, made_to_fail=self.broken)
        if self._to_fail:
            self._to_fail -= 1
        self._runs[pod["metadata"]["uid"]] = run
        self._boot(run)

    def _boot(self, run: Run) -> None:
        """Start the program: its ConfigMap is read now and not again while it runs."""
        mounted = self._cluster.find(f"{self._root}/configmaps/dex")
        if mounted is None:
            return  # the kubelet waits for the volume
        try:
            if run.made_to_fail:
                raise Broken(MADE_TO_FAIL)
            text = (mounted.get("data") or {}).get("config.yaml")
            if text is None:
                raise Broken(f"failed to read config file {FILE}: open {FILE}: no such file or directory")
            run.config = read(text, self._environment(run.pod))
        except Broken as error:
            run.crashes += 1
            wait = min(self._backoff * 2 ** (run.crashes - 1), LONGEST_BACKOFF)
            run.next_try = time.monotonic() + wait.total_seconds()
            self._choose()
            self._report(run, crashed(run.pod, str(error), run.crashes, wait))
            return
        self._choose()
        self._report(run, running(run.pod, run.crashes))

    def _choose(self) -> None:
        """The newest run that is up answers; an old pod may still stand while a new one fails."""
        up = [run.config for run in self._runs.values() if run.config is not None]
        self._serving = up[-1] if up else None

    def _report(self, run: Run, status: Object) -> None:
        self._cluster.merge(f"{self._root}/pods/{run.pod['metadata']['name']}/status", {"status": status})

    def _environment(self, pod: Object) -> dict[str, str]:
        found: dict[str, str] = {}
        for source in pod["spec"]["containers"][0].get("envFrom", []):
            name = (source.get("secretRef") or {}).get("name")
            secret = self._cluster.find(f"{self._root}/secrets/{name}") if name else None
            for key, value in ((secret or {}).get("data") or {}).items():
                found[key] = base64.b64decode(value).decode()
        return found

    def _application(self) -> Starlette:
        async def healthz(_request: Request) -> Response:
            return PlainTextResponse("Health check passed") if self.up else _down()

        async def discovery(_request: Request) -> Response:
            config = self._serving
            return JSONResponse(self._tokens.discovery(config)) if config else _down()

        async def keys(_request: Request) -> Response:
            return JSONResponse(self._tokens.keys()) if self.up else _down()

        async def token(request: Request) -> Response:
            config = self._serving
            if config is None:
                return _down()
            form = dict(parse_qsl((await request.body()).decode()))
            authorization = request.headers.get("authorization", "")
            answer = await run_in_threadpool(self._tokens.grant, config, authorization, form)
            return JSONResponse(answer.body, status_code=answer.code, headers={"Cache-Control": "no-store"})

        return Starlette(
            routes=[
                Route("/dex/healthz", healthz),
                Route("/dex/.well-known/openid-configuration", discovery),
                Route("/dex/keys", keys),
                Route("/dex/token", token, methods=["POST"]),
            ]
        )


def _down() -> Response:
    """What the gateway in front says while no pod is ready."""
    return PlainTextResponse("no healthy upstream", status_code=503)


def running(pod: Object, restarts: int) -> Object:
    now = _now()
    container = _container(pod, restarts) | {
        "ready": True,
        "started": True,
        "state": {"running": {"startedAt": now}},
    }
    return {"phase": "Running", "conditions": _conditions(now, ""), "containerStatuses": [container]}


def crashed(pod: Object, words: str, crashes: int, wait: timedelta) -> Object:
    now, meta = _now(), pod["metadata"]
    back_off = (
        f"back-off {int(wait.total_seconds())}s restarting failed container=dex "
        f"pod={meta['name']}_{meta['namespace']}({meta['uid']})"
    )
    terminated = {"exitCode": 2, "reason": "Error", "message": words, "startedAt": now, "finishedAt": now}
    container = _container(pod, crashes) | {
        "ready": False,
        "started": False,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": back_off}},
        "lastState": {"terminated": terminated},
    }
    return {
        "phase": "Running",
        "conditions": _conditions(now, "containers with unready status: [dex]"),
        "containerStatuses": [container],
    }


def _container(pod: Object, restarts: int) -> Object:
    spec = pod["spec"]["containers"][0]
    return {"name": spec["name"], "image": spec.get("image", ""), "imageID": "", "restartCount": restarts}


def _conditions(now: str, unready: str) -> list[Object]:
    good = [
        {"type": each, "status": "True", "lastTransitionTime": now}
        for each in ("PodScheduled", "Initialized")
    ]
    health = (
        {"reason": "ContainersNotReady", "message": unready, "status": "False"}
        if unready
        else {"status": "True"}
    )
    return good + [
        {"type": each, "lastTransitionTime": now, **health} for each in ("ContainersReady", "Ready")
    ]


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
