"""One HTTP POST on a connection of its own: light enough for hundreds at once on the simulator's loop."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import h11


@dataclass(slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


async def post(url: str, content: bytes, headers: dict[str, str]) -> Reply:
    """Send it and read the answer. Raises OSError when the connection or the answer is broken."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    try:
        fixed = {"Host": parts.netloc, "Content-Length": str(len(content)), "Connection": "close"}
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = h11.Connection(h11.CLIENT)
        request = h11.Request(method="POST", target=target or "/", headers=list((fixed | headers).items()))
        for event in (request, h11.Data(data=content), h11.EndOfMessage()):
            writer.write(connection.send(event) or b"")
        return await _reply(reader, connection)
    except h11.RemoteProtocolError as error:
        raise ConnectionError("the answer is no HTTP") from error
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _reply(reader: asyncio.StreamReader, connection: h11.Connection) -> Reply:
    reply = Reply(0, {}, b"")
    while True:
        event: Any = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65_536))
        elif isinstance(event, h11.Response):
            reply.status = event.status_code
            reply.headers = {name.decode().lower(): value.decode() for name, value in event.headers}
        elif isinstance(event, h11.Data):
            reply.body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return reply
        elif isinstance(event, h11.ConnectionClosed):
            raise ConnectionError("no answer")
