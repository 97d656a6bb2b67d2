"""A server that takes every connection and gives no answer, or one that never ends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

_DRIP_EVERY = 0.05  # seconds, far below any client's limit for one read


class Hang(StrEnum):
    SILENT = "silent"
    DRIPS_HEADERS = "drips headers"
    DRIPS_BODY = "drips body"


_BEGINNINGS = {
    Hang.SILENT: b"",
    Hang.DRIPS_HEADERS: b"HTTP/1.1 200 OK\r\nX-Drip: ",
    Hang.DRIPS_BODY: b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n",
}


class HangingServer:
    """On loopback. `requests`: what reached it, as "GET /path"."""

    def __init__(self, hang: Hang) -> None:
        self._hang = hang
        self._ended = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(_DRIP_EVERY)
        self.requests: list[str] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def close(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(5)
        self._listening.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listening.accept()
            except TimeoutError:
                continue
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            try:
                if not (received := connection.recv(65536)):
                    return
                self.requests.append(received.partition(b" HTTP/")[0].decode("ascii", "replace"))
                connection.sendall(_BEGINNINGS[self._hang])
                while not self._ended.wait(_DRIP_EVERY):
                    if self._hang is not Hang.SILENT:
                        connection.sendall(b"x")
            except OSError:  # the client has gone
                return


@contextmanager
def hanging(hang: Hang) -> Iterator[HangingServer]:
    server = HangingServer(hang)
    try:
        yield server
    finally:
        server.close()
