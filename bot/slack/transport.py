"""How Slack reaches the bot: over a socket that the bot opens (the default), or by signed HTTP."""

from __future__ import annotations

import errno
import logging
from datetime import timedelta
from functools import partial
from socket import create_server
from threading import Event, Thread
from time import monotonic
from typing import Any, Protocol

import structlog
import uvicorn
from pydantic import SecretStr
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.socket_mode import SocketModeClient

from bot.slack.client import web_client
from bot.slack.endpoint import endpoint
from bot.slack.errors import TROUBLE, error_code
from bot.slack.signature import Signatures
from provisioner.retry import backoff

log = structlog.get_logger()

_ENVELOPES_AT_ONCE = 32
_PING_SECONDS = 3.0
"""How often the socket is looked at; a lost one is opened again within that time."""
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=1), timedelta(seconds=30)
_STOP_WITHIN = 10
_TELL_AGAIN = 0.1
_WAITING_MOST = 2_048  # connections not yet accepted


class Transport(Protocol):
    def start(self, bolt: App) -> None:
        """Take what Slack sends from now on. Returns at once; a Slack that is down is waited for."""
        ...

    def stop(self) -> None: ...

    def connected(self) -> bool: ...


class SocketTransport:
    """Socket Mode: no inbound port. The app token has a client of its own, for the same address."""

    def __init__(self, *, app_token: SecretStr, base_url: str) -> None:
        self._app_token = app_token
        self._base_url = base_url
        self._stopping = Event()
        self._handler: SocketModeHandler | None = None
        self._opener: Thread | None = None

    def start(self, bolt: App) -> None:
        self._handler = SocketModeHandler(
            bolt,
            self._app_token.get_secret_value(),
            logger=logging.getLogger("slack.socket"),
            web_client=web_client(self._app_token, self._base_url),
            ping_interval=_PING_SECONDS,
            concurrency=_ENVELOPES_AT_ONCE,
        )
        self._handler.client.on_message_listeners.append(self._watch)
        self._opener = Thread(target=self._open, args=(self._handler,), name="slack-socket", daemon=True)
        self._opener.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._opener is not None:
            self._opener.join(_STOP_WITHIN)
        if self._handler is not None and not close(self._handler.client, _STOP_WITHIN):
            log.warning("socket not closed in time")

    def connected(self) -> bool:
        return self._handler is not None and bool(self._handler.client.is_connected())

    def _watch(self, _message: str) -> None:
        """Called with every message, the first of which is Slack's hello."""
        session = self._handler.client.current_session if self._handler else None
        if session is not None and session.sock is not None and not isinstance(session.sock, _Line):
            session.sock = _Line(session.sock)  # type: ignore[assignment]  # it acts as the socket it holds

    def _open(self, handler: SocketModeHandler) -> None:
        """The first connection; the client keeps it up from then on."""
        tries = 0
        while not self._stopping.is_set():
            try:
                handler.client.connect_to_new_endpoint()
            except TROUBLE as error:
                tries += 1
                wait = backoff(tries, first=_FIRST_WAIT, longest=_LONGEST_WAIT).total_seconds()
                log.warning("slack not reached", why=error_code(error), again_in=wait)
                self._stopping.wait(wait)
            else:
                log.info("slack connected", transport="socket")
                return


def close(client: SocketModeClient, within: float) -> bool:
    """Whether it was closed within so many seconds.

    slack-sdk's own close tells its reader once to end and waits for it for good; a reader that begins in that
    moment has forgotten it. So it is told again.
    """
    closer = Thread(target=client.close, name="slack-socket-close", daemon=True)
    closer.start()
    end = monotonic() + within
    while closer.is_alive() and monotonic() < end:
        client.current_session_state.terminated = True
        closer.join(_TELL_AGAIN)
    return not closer.is_alive()


class _Line:
    """A socket whose end is an error.

    slack-sdk takes the empty read at the end of a connection for "nothing yet" and reads on at full speed,
    until five pings have failed. Told of an error it opens the next connection.
    """

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    def recv(self, size: int) -> bytes:
        read: bytes = self._socket.recv(size)
        if not read:
            raise ConnectionResetError(errno.ECONNRESET, "the other side has closed the socket")
        return read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class HttpTransport:
    """Signed requests to `/slack/events`. `port` 0 takes a free one."""

    def __init__(self, *, signing_secret: SecretStr, host: str, port: int) -> None:
        self._signatures = Signatures(signing_secret)
        self._host = host
        self._port = port
        self._server: uvicorn.Server | None = None
        self._thread: Thread | None = None

    def start(self, bolt: App) -> None:
        """Raises OSError when the port is taken."""
        listening = create_server((self._host, self._port), backlog=_WAITING_MOST)
        self._port = listening.getsockname()[1]
        config = uvicorn.Config(
            endpoint(bolt, self._signatures),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=_STOP_WITHIN,
        )
        self._server = uvicorn.Server(config)
        run = partial(self._server.run, sockets=[listening])
        self._thread = Thread(target=run, name="slack-http", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_STOP_WITHIN)

    def connected(self) -> bool:
        return self._server is not None and self._server.started

    @property
    def port(self) -> int:
        """The port taken, once started."""
        return self._port
