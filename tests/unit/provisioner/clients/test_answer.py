"""How long an answer over HTTP may take."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import TypeAlias

import httpx
import pytest

from provisioner.clients.answer import fetched, limits
from provisioner.stages.dex.client import DexHttp

Serve: TypeAlias = Callable[[Callable[[socket.socket], None]], str]


def trickling(caller: socket.socket) -> None:
    caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    pause = threading.Event()
    for _ in range(1000):
        caller.sendall(b" ")
        pause.wait(0.02)


def packed(caller: socket.socket) -> None:
    body = gzip.compress(b'{"a": 1}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    caller.sendall(head.encode() + body)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """The address of a server that answers the next call just so."""
    with ExitStack() as opened:

        def address(answer: Callable[[socket.socket], None]) -> str:
            listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))

            def once() -> None:
                with listener.accept()[0] as caller, suppress(OSError):
                    caller.recv(1 << 16)
                    answer(caller)

            threading.Thread(target=once, daemon=True).start()
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

        yield address


def test_an_answer_that_trickles_is_given_up_though_no_wait_is_long(serve: Serve) -> None:
    http = httpx.Client(base_url=serve(trickling), timeout=limits(timedelta(seconds=0.2)))

    with pytest.raises(httpx.ReadTimeout, match="the answer took too long"):
        fetched(http, "GET", "/")


def test_an_answer_is_read_as_it_was_meant(serve: Serve) -> None:
    http = httpx.Client(base_url=serve(packed), timeout=limits(timedelta(seconds=5)))

    assert fetched(http, "GET", "/").json() == {"a": 1}


def test_who_observes_is_told_how_a_look_at_dex_ended(serve: Serve) -> None:
    told: list[tuple[str, str, str]] = []

    def observer(service: str, operation: str, code: str, _seconds: float) -> None:
        told.append((service, operation, code))

    assert DexHttp(url=serve(packed), observer=observer).up()
    assert not DexHttp(url=serve(trickling), timeout=timedelta(seconds=0.1), observer=observer).up()

    assert told == [("dex", "check health", "ok"), ("dex", "check health", "ReadTimeout")]
