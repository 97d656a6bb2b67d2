"""A web server on 127.0.0.1, in a thread of its own."""

import asyncio
import errno
import socket
import ssl
import threading
from asyncio import BaseTransport, Transport
from contextlib import suppress
from typing import cast

import uvicorn
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HOST = "127.0.0.1"


class PortInUse(Exception):
    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} of {HOST} is in use by another program")
        self.port = port


def bind(port: int) -> socket.socket:
    """A socket bound to the port; 0 takes a free one."""
    # Named as TCP, or asyncio leaves Nagle's algorithm on and each answer takes 40 ms longer.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError as error:
        bound.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise PortInUse(port) from error
        raise
    return bound


def free_port() -> int:
    """A port that was free a moment ago, for a program that cannot be handed a socket."""
    with bind(0) as bound:
        return int(bound.getsockname()[1])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.up.set()


class Loopback:
    """Serves one ASGI app. `cut` breaks a connection as a lost network would."""

    _START_WITHIN = 10.0

    def __init__(self, app: ASGIApp, name: str, tls: ssl.SSLContext | None = None) -> None:
        self._app = app
        self._tls = tls
        self._name = name
        self._transports: dict[tuple[str, int], Transport] = {}
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._bound: socket.socket | None = None

    def reserve(self, port: int = 0) -> str:
        """Take the port and return the URL; nobody is answered until `start`. Raises `PortInUse`."""
        self._bound = bind(port)
        return self._url(self._bound)

    def start(self, port: int = 0) -> str:
        """Returns the URL. Raises `PortInUse`. `port` does not count after `reserve`."""
        bound = self._bound = self._bound or bind(port)
        transports, tls = self._transports, self._tls

        class Protocol(HttpToolsProtocol):
            def connection_made(self, transport: BaseTransport) -> None:
                super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn asks for Transport
                transports[transport.get_extra_info("peername")] = cast(Transport, transport)

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(self.transport.get_extra_info("peername"), None)
                super().connection_lost(exc)

            def shutdown(self) -> None:
                if tls is not None:
                    # Closed in order, a TLS connection waits for its peer: an idle one never answers.
                    asyncio.get_running_loop().call_later(0.05, self.transport.abort)
                super().shutdown()

        config = uvicorn.Config(
            self._serve,
            interface="asgi3",
            http=Protocol,
            ws="none",
            log_level="error",
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=60,
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
        )
        server = self._server = _Server(config)
        self._thread = threading.Thread(
            target=server.run, args=([bound],), name=f"{self._name} server", daemon=True
        )
        self._thread.start()
        if not server.up.wait(self._START_WITHIN):
            raise RuntimeError(f"the {self._name} server did not start within {self._START_WITHIN:.0f} s")
        return self._url(bound)

    def stop(self) -> None:
        """Ends open requests after a second; safe to call twice."""
        if self._server is None or self._thread is None:
            if self._bound is not None:
                self._bound.close()
                self._bound = None
            return
        self._server.should_exit = True
        self._thread.join(5)
        self._server = self._bound = None

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A caller that is gone before it has said all, killed for instance, is answered nothing."""
        with suppress(ClientDisconnect):
            await self._app(scope, receive, send)

    def _url(self, bound: socket.socket) -> str:
        return f"{'https' if self._tls else 'http'}://{HOST}:{bound.getsockname()[1]}"

    async def cut(self, scope: Scope, receive: Receive) -> None:
        """Break the connection that the request of `scope` came by; awaited by the app itself."""
        transport = self._transports.get(tuple(scope["client"]))
        if transport is not None:
            transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass
