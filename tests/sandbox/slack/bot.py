"""An unmodified Bolt app on a simulated Slack, by socket or by HTTP."""

import threading
from collections.abc import Callable
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from slack_bolt import Ack, App, BoltRequest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.slack.transport import close
from sandbox.slack import SlackSimulator


def client(slack: SlackSimulator, url: str, token: str | None = None) -> WebClient:
    """The SDK's client as an app has it, but without its silent second try."""
    return WebClient(token or slack.bot_token, base_url=f"{url}/api/", retry_handlers=[], timeout=10)


def remember(into: list[Any], pick: Callable[[Any], Any] = lambda body: body) -> Callable[..., None]:
    """A listener that notes what it picks from the body, and acknowledges."""

    def listener(ack: Ack, body: dict[str, Any]) -> None:
        into.append(pick(body))
        ack()

    return listener


class Bot:
    def __init__(self, slack: SlackSimulator, url: str) -> None:
        self._slack = slack
        self._url = url
        self.client = client(slack, url)
        self.app = App(client=self.client, signing_secret=slack.signing_secret)
        self._handlers: list[SocketModeHandler] = []
        self._server: ThreadingHTTPServer | None = None

    def connect(self, *, sockets: int = 1, ping_interval: float = 10) -> None:
        """Open so many sockets, each a replica of this app, and wait until all are greeted."""
        for _ in range(sockets):
            handler = SocketModeHandler(
                self.app,
                self._slack.app_token,
                web_client=client(self._slack, self._url, self._slack.app_token),
                ping_interval=ping_interval,
            )
            handler.connect()  # type: ignore[no-untyped-call]  # Bolt's adapter has no annotations there
            self._handlers.append(handler)
        self._slack.until(lambda: self._slack.core.sockets.count >= sockets)

    def serve(self) -> str:
        """Listen for signed HTTP; the request URL."""
        app = self.app

        class Quiet(ThreadingHTTPServer):
            request_queue_size = 256

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Slack hangs up when three seconds are over; that is no news."""

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                response = app.dispatch(BoltRequest(body=body, headers=dict(self.headers.items())))
                self.send_response(response.status)
                for name, values in response.headers.items():
                    for value in values:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(response.body.encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
                pass

        self._server = Quiet(("127.0.0.1", 0), Handler)
        serve = partial(self._server.serve_forever, poll_interval=0.02)
        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}/slack/events"

    @property
    def handlers(self) -> list[SocketModeHandler]:
        return self._handlers

    def close(self) -> None:
        for handler in self._handlers:
            handler.client.auto_reconnect_enabled = False
            handler.client.default_auto_reconnect_enabled = False
            handler.client.closed = True
            handler.client.enqueue_message("{}")  # wakes the SDK's reader, which else waits for a second
        self._slack.cut_sockets(quietly=True)
        for handler in self._handlers:
            assert close(handler.client, within=10)
        self._handlers.clear()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
