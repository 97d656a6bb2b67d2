"""Who is told that Slack wants it slower."""

from __future__ import annotations

import socket
import threading

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.slack.client import RateLimitedObserver

BODY = b'{"ok": false, "error": "ratelimited"}'


@pytest.mark.parametrize(("status", "limited"), [("429 Slower", 1), ("500 Broken", 0)])
def test_an_answer_of_429_is_told_and_nothing_is_tried_again(status: str, limited: int) -> None:
    told: list[bool] = []
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as slack:

        def answer_once() -> None:
            with slack.accept()[0] as caller:
                caller.recv(1 << 16)
                caller.sendall(head.encode() + BODY)

        threading.Thread(target=answer_once, daemon=True).start()
        observer = RateLimitedObserver(lambda: told.append(True))
        url = f"http://127.0.0.1:{slack.getsockname()[1]}/"
        client = WebClient(token="xoxb-made-up", base_url=url, timeout=5, retry_handlers=[observer])

        with pytest.raises(SlackApiError):
            client.auth_test()

    assert len(told) == limited
