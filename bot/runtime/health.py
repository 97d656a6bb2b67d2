"""Probes and metrics on a small port of their own. Knows nothing but the callables it is given."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from provisioner.vendor_call import OutOfTime, together

log = structlog.get_logger()

_TOLD_WITHIN = timedelta(seconds=1)
_TOLD_AT_ONCE = 8
_LEAST = 50 * 1024 * 1024  # bytes of disk: a day of journals, and time to notice
_LATE = 60.0  # seconds past its time, after which a job is missed

Check = Callable[[], str | None]
"""What is wrong, in words; None when it is well. What it raises goes to the log, only its kind is shown."""


class Health:
    """`/live`: restart me when this fails. `/ready`: send me work. `/metrics`: for Prometheus.

    `/live` tells of what `/ready` looks at, too, but a start does not mend that.
    """

    def __init__(
        self,
        *,
        alive: Mapping[str, Check],
        ready: Mapping[str, Check],
        host: str = "127.0.0.1",
        port: int = 0,
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        """Every check is made on each call, so it is quick and bounded. Port 0: any free one."""
        self._address = (host, port)
        self._listener: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._app = Starlette(
            routes=[
                Route("/live", _probe(alive, told=ready)),
                Route("/ready", _probe(ready)),
                Route("/metrics", _metrics(registry)),
            ]
        )

    @property
    def port(self) -> int:
        """The one it answers on, once started."""
        if self._listener is None:
            raise RuntimeError("health is not started")
        return int(self._listener.getsockname()[1])

    def start(self) -> None:
        """Raises `OSError` when the port is taken."""
        listener = socket.create_server(self._address)
        config = uvicorn.Config(self._app, log_config=None, access_log=False, lifespan="off", ws="none")
        server = uvicorn.Server(config)
        self._listener, self._server = listener, server
        self._thread = threading.Thread(
            target=lambda: server.run(sockets=[listener]), name="health", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout=5)


def _probe(
    checks: Mapping[str, Check], *, told: Mapping[str, Check] | None = None
) -> Callable[[Request], Response]:
    """`told`: shown beside the checks, neither counted nor waited for."""

    def answer(_request: Request) -> Response:
        beside = together(
            [partial(outcome, name, check) for name, check in (told or {}).items()],
            within=_TOLD_WITHIN,
            at_once=_TOLD_AT_ONCE,
        )
        found = {
            name: "no answer yet" if isinstance(each, OutOfTime) else each
            for name, each in zip(told or {}, beside, strict=True)
        } | {name: outcome(name, check) for name, check in checks.items()}
        well = not any(found[name] for name in checks)
        shown = {name: why or "ok" for name, why in found.items()}
        content = {"status": "ok" if well else "failing", "checks": shown}
        return JSONResponse(content, status_code=200 if well else 503)

    return answer


def outcome(name: str, check: Check) -> str:
    """What is wrong; empty when it is well."""
    try:
        return check() or ""
    except Exception as error:
        log.warning("check failed", check=name, exc_info=error)
        return type(error).__name__


def _metrics(registry: CollectorRegistry) -> Callable[[Request], Response]:
    def answer(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return answer


def disk(folder: Path, least: int = _LEAST) -> Check:
    """`least`: bytes that have to be free. The folder need not be there yet."""

    def check() -> str | None:
        there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
        free = shutil.disk_usage(there).free
        return None if free >= least else f"only {free // 1024**2} MB are left on the disk of {folder}"

    return check


def jobs(ages: Callable[[], Mapping[str, float]], every: Mapping[str, float]) -> Check:
    """`ages`: seconds since each last succeeded, none where they do not run; `every`: its interval."""

    def check() -> str | None:
        late = {name: age for name, age in ages().items() if age > every[name] + _LATE}
        told = [f"{name} has not succeeded for {age:.0f} s" for name, age in sorted(late.items())]
        return "; ".join(told) or None

    return check


def says(why: str, true: Callable[[], bool]) -> Check:
    """`why`, where it is not true."""
    return lambda: None if true() else why
