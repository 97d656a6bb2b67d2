"""The web server under all simulators."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from sandbox.serving.loopback import Loopback
from tests.sandbox.eventually import eventually

SEEN: list[str] = []


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    SEEN.append(scope["path"])
    body = await Request(scope, receive).body()
    await PlainTextResponse(body)(scope, receive, send)


@pytest.fixture
def url() -> Iterator[str]:
    server = Loopback(echo, "echo")
    yield server.start()
    server.stop()


def test_a_caller_that_is_killed_while_it_asks_is_no_error(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As a bot that a kill -9 ends in the middle of a request."""
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port)) as caller:
        caller.sendall(b"POST /half HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\nhalf of it")
        eventually(lambda: "/half" in SEEN)

    assert httpx.post(url, content=b"whole", trust_env=False).text == "whole"
    assert [record.getMessage() for record in caplog.records if record.name == "uvicorn.error"] == []
