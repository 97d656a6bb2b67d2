"""An ASGI application served over TLS on 127.0.0.1 from a thread, whose connections can be cut."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable

import trustme
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

Peer = tuple[str, int]
STARTS_WITHIN = 10.0
"""Seconds; it takes a tenth of one."""


class Listener:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        self._connections: dict[Peer, asyncio.BaseTransport] = {}
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def authority_pem(self) -> bytes:
        """The certificate that signs the server's."""
        return self._authority.cert_pem.bytes()

    def start(self, port: int) -> str:
        """Returns the URL. OSError if the port is taken."""
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind(("127.0.0.1", port))
        except OSError:
            bound.close()
            raise
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
        config = uvicorn.Config(
            self._app,
            http=_remembering(self._connections),
            ssl_context_factory=lambda _config, _default: context,
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        started = threading.Event()

        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._loop.call_soon(started.set)
            await server.serve(sockets=[bound])

        bound.listen(128)  # connections wait in the backlog until the server takes them
        thread = threading.Thread(target=lambda: asyncio.run(serve()), name="kubernetes", daemon=True)
        thread.start()
        if not started.wait(STARTS_WITHIN):
            raise RuntimeError("the Kubernetes emulator did not start")
        self._server, self._thread, self._socket = server, thread, bound
        return f"https://127.0.0.1:{bound.getsockname()[1]}"

    def stop(self, before: Callable[[], None]) -> None:
        """`before` runs on the event loop's thread, to end what would go on for ever."""
        if self._server is None or self._thread is None or self._loop is None or self._socket is None:
            return
        self._loop.call_soon_threadsafe(before)
        self._server.should_exit = True
        self._thread.join(STARTS_WITHIN)
        self._socket.close()
        self._server = self._thread = self._loop = self._socket = None

    def cut(self, peer: Peer) -> None:
        """Drop a connection without a word. Call on the event loop's thread."""
        found = self._connections.pop(peer, None)
        if isinstance(found, asyncio.WriteTransport):
            found.abort()


def _remembering(connections: dict[Peer, asyncio.BaseTransport]) -> type[asyncio.Protocol]:
    class Remembering(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
            super().connection_made(transport)
            if self.client is not None:
                connections[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client is not None:
                connections.pop(self.client, None)
            super().connection_lost(exc)

    return Remembering
