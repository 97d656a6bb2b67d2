"""The TCP connections of the server by the client's address, so that a fault can break one."""

import asyncio
import socket
import struct
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

Address = tuple[str, int]
# More than ever are open at once: older entries are of connections long gone.
KEPT = 5_000


class Transports:
    def __init__(self) -> None:
        self._by_client: dict[Address, asyncio.BaseTransport] = {}

    def add(self, transport: asyncio.BaseTransport) -> None:
        address = transport.get_extra_info("peername")
        self._by_client[(address[0], address[1])] = transport
        while len(self._by_client) > KEPT:
            del self._by_client[next(iter(self._by_client))]

    def abort(self, client: Address | None, *, quietly: bool = False) -> None:
        """Break that client's connection at once, without a closing frame or an answer.

        The client sees a reset; quietly, only the end of the stream, which slack-sdk's
        built-in socket client takes five failed pings to notice.
        """
        transport = self._by_client.pop(client, None) if client else None
        if isinstance(transport, asyncio.Transport):
            plug = transport.get_extra_info("socket")
            if plug is not None and not quietly:
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()

    def protocol(self) -> type[asyncio.Protocol]:
        """uvicorn's own HTTP protocol, which also notes its transport here."""
        transports = self

        class NotingProtocol(HttpToolsProtocol):
            def __init__(
                self,
                config: Config,
                server_state: ServerState,
                app_state: dict[str, Any],
                _loop: asyncio.AbstractEventLoop | None = None,
            ) -> None:
                super().__init__(config, server_state, app_state, _loop)

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
                super().connection_made(transport)
                transports.add(transport)

        return NotingProtocol
