"""Socket Mode: open sockets, each envelope to one of them, acknowledgements."""

import asyncio
import contextlib
import json
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.slack.faults import Faults, Kind
from sandbox.slack.journal import Journal
from sandbox.slack.seed import Seed
from sandbox.slack.tickets import Tickets
from sandbox.slack.transports import Transports

MOST_SOCKETS = 10
# What Slack names in `hello`: for about how many seconds a socket is kept.
SOCKET_LIFE = 18_060


class Sockets:
    """Sockets take turns. An acknowledgement counts by its envelope id, over whichever socket it comes."""

    def __init__(
        self,
        seed: Seed,
        tickets: Tickets,
        faults: Faults,
        journal: Journal,
        transports: Transports,
    ) -> None:
        self._seed = seed
        self._tickets = tickets
        self._faults = faults
        self._journal = journal
        self._transports = transports
        self._open: list[WebSocket] = []
        self._turn = 0
        self._pending: dict[str, asyncio.Future[Any]] = {}

    @property
    def count(self) -> int:
        return len(self._open)

    async def serve(self, socket: WebSocket) -> None:
        """One connection from handshake to end."""
        if self._faults.is_down or not self._tickets.enter(socket.query_params.get("ticket", "")):
            await socket.close()
            return
        await socket.accept()
        if len(self._open) >= MOST_SOCKETS:
            await self._say_goodbye(socket, "too_many_websockets")
            await socket.close()
            return
        self._open.append(socket)
        self._journal.write("socket", "open", sockets=self.count)
        try:
            await socket.send_json(self._hello())
            while True:
                self._hear(socket, await socket.receive_text())
        except WebSocketDisconnect:
            pass
        finally:
            self._forget(socket)

    def _forget(self, socket: WebSocket) -> None:
        if socket in self._open:
            self._open.remove(socket)
            self._journal.write("socket", "closed", sockets=self.count)

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": self.count,
            "connection_info": {"app_id": self._seed.app_id},
            "debug_info": {"host": "applink-simulated", "approximate_connection_time": SOCKET_LIFE},
        }

    def _hear(self, socket: WebSocket, text: str) -> None:
        try:
            said = json.loads(text)
        except ValueError:
            self._journal.write("socket", "not JSON", text=text[:200])
            return
        if self._faults.take(Kind.CUT, "ack"):
            self._journal.write("socket", "cut in the middle of an acknowledgement")
            self.cut(socket)
            return
        envelope_id = said.get("envelope_id", "") if isinstance(said, dict) else ""
        future = self._pending.pop(envelope_id, None)
        if future is None or future.done():
            self._journal.write("ack", "too late", envelope_id=envelope_id, answer=said)
        else:
            future.set_result(said.get("payload"))

    async def send(self, envelope: dict[str, Any]) -> "asyncio.Future[Any] | None":
        """Give the envelope to the socket whose turn it is; what comes back is its acknowledgement.

        None when no socket is open.
        """
        while self._open:
            self._turn += 1
            socket = self._open[self._turn % len(self._open)]
            future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._pending[envelope["envelope_id"]] = future
            try:
                await socket.send_json(envelope)
            except (WebSocketDisconnect, RuntimeError):
                self._pending.pop(envelope["envelope_id"], None)
                self._forget(socket)
                continue
            return future
        return None

    def give_up(self, envelope_id: str) -> None:
        self._pending.pop(envelope_id, None)

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every client to come back on a new socket; `warning` leaves the sockets open."""
        for socket in list(self._open):
            await self._say_goodbye(socket, reason)
            if reason != "warning":
                self._forget(socket)
                with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                    await socket.close()

    async def _say_goodbye(self, socket: WebSocket, reason: str) -> None:
        self._journal.write("socket", "disconnect", reason=reason)
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.send_json(
                {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-simulated"}}
            )

    def cut(self, socket: WebSocket, *, quietly: bool = False) -> None:
        """Break the connection without a word."""
        self._forget(socket)
        client = socket.client
        self._transports.abort((client.host, client.port) if client else None, quietly=quietly)

    def cut_all(self, *, quietly: bool = False) -> None:
        for socket in list(self._open):
            self.cut(socket, quietly=quietly)
