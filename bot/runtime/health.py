"""Probes and metrics on a small port of their own. Knows nothing but the callables it is given."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

log = structlog.get_logger()

Check = Callable[[], bool]
"""Whether it is well. Raising counts as no; its words go to the log, only its kind is shown."""


class Health:
    """`/live`: restart me when this fails. `/ready`: send me work. `/metrics`: for Prometheus."""

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
                Route("/live", _probe(alive)),
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


def _probe(checks: Mapping[str, Check]) -> Callable[[Request], Response]:
    def answer(_request: Request) -> Response:
        found = {name: _outcome(name, check) for name, check in checks.items()}
        well = all(outcome == "ok" for outcome in found.values())
        content = {"status": "ok" if well else "failing", "checks": found}
        return JSONResponse(content, status_code=200 if well else 503)

    return answer


def _outcome(name: str, check: Check) -> str:
    try:
        return "ok" if check() else "failing"
    except Exception as error:
        log.warning("check failed", check=name, exc_info=error)
        return type(error).__name__


def _metrics(registry: CollectorRegistry) -> Callable[[Request], Response]:
    def answer(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return answer
