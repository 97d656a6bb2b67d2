"""How Slack reaches the bot: over a socket that the bot opens (the default), or by signed HTTP."""

from __future__ import annotations

import errno
import json
import logging
from asyncio import AbstractEventLoop, get_running_loop, run
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from socket import create_server, socket
from threading import Event, Lock, Thread
from time import monotonic, sleep, time
from typing import Any, Protocol

import structlog
import uvicorn
from pydantic import SecretStr
from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.adapter.socket_mode.internals import run_bolt_app, send_response
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from starlette.concurrency import run_in_threadpool

from bot.slack.client import TROUBLE, error_code, web_client
from bot.slack.endpoint import Signatures, endpoint
from provisioner.retry import backoff

log = structlog.get_logger()

_ENVELOPES_AT_ONCE = 32
_READ_AT_ONCE = 16_384
"""Bytes; slack-sdk goes one call deeper with each message that they hold."""
_PING_SECONDS = 3.0
"""How often the socket is looked at; a lost one is opened again within that time."""
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=1), timedelta(seconds=30)
_STOP_WITHIN = 10
_TELL_AGAIN = 0.1
_WAITING_MOST = 2_048  # connections not yet accepted
_ROUNDS = 6
"""Of the event loop: one to accept a connection, the last to begin with what came over it."""
LULL = 0.01
LULL_LONGEST = 0.1
"""Seconds since the last acknowledgement: so many for each answer that waits, and at most. What Slack sends
at once does not arrive at once, and when many wait, more may come."""
HELD_MOST = 0.4
"""Seconds that an answer is held, whatever comes and however many wait."""


class Transport(Protocol):
    def start(self, bolt: App) -> None:
        """Take what Slack sends from now on. Returns at once; a Slack that is down is waited for."""
        ...

    def stop(self) -> None: ...

    def connected(self) -> bool: ...

    def let_by(self) -> None:
        """Called before an answer: returns when nothing is to be acknowledged, or after a short while."""
        ...


class Acknowledgements:
    """What Slack waits for goes first: an answer begins when nothing is to be acknowledged.

    They share one interpreter. Two hundred commands are acknowledged in a fifth of a second and answered in
    two: side by side, the last acknowledgement comes with the last answer. Safe from any thread.
    """

    def __init__(
        self,
        read: Callable[[float], None] = lambda _within: None,
        timer: Callable[[], float] = monotonic,
        pause: Callable[[float], None] = sleep,
    ) -> None:
        """`read` returns when all that has arrived is counted, or after so many seconds."""
        self._read = read
        self._timer = timer
        self._pause = pause
        self._lock = Lock()  # over the three below
        self._due = 0
        self.waiting = 0  # answers
        self._last = timer() - LULL_LONGEST  # when one was given
        self._line = Lock()  # held by the answer that is next

    def begun(self) -> None:
        """Something has arrived."""
        with self._lock:
            self._due += 1

    def ended(self) -> None:
        """It is acknowledged."""
        with self._lock:
            self._due -= 1
            self._last = self._timer()

    def let_by(self) -> None:
        """Returns when nothing is due, or after `HELD_MOST`. Answers go by one after another."""
        end = self._timer() + HELD_MOST
        with self._lock:
            self.waiting += 1
        try:
            with self._line:
                while (left := end - self._timer()) > 0:
                    self._read(left)
                    if self._quiet():
                        return
                    self._pause(LULL)
        finally:
            with self._lock:
                self.waiting -= 1

    def _quiet(self) -> bool:
        with self._lock:
            lull = min(LULL * self.waiting, LULL_LONGEST)
            return not self._due and self._timer() >= self._last + lull


class SocketTransport:
    """Socket Mode: no inbound port. The app token has a client of its own, for the same address."""

    def __init__(self, *, app_token: SecretStr, base_url: str) -> None:
        self._app_token = app_token
        self._base_url = base_url
        self._acks = Acknowledgements()
        self._stopping = Event()
        self._client: SocketModeClient | None = None
        self._opener: Thread | None = None

    def start(self, bolt: App) -> None:
        self._client = _Client(
            self._acks,
            app_token=self._app_token.get_secret_value(),
            logger=logging.getLogger("slack.socket"),
            web_client=web_client(self._app_token, self._base_url),
            ping_interval=_PING_SECONDS,
            receive_buffer_size=_READ_AT_ONCE,
            concurrency=_ENVELOPES_AT_ONCE,
        )
        self._client.on_message_listeners.append(self._watch)
        self._client.socket_mode_request_listeners.append(partial(_dispatch, bolt))
        self._opener = Thread(target=self._open, args=(self._client,), name="slack-socket", daemon=True)
        self._opener.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._opener is not None:
            self._opener.join(_STOP_WITHIN)
        if self._client is not None and not close(self._client, _STOP_WITHIN):
            log.warning("socket not closed in time")

    def connected(self) -> bool:
        return self._client is not None and self._client.is_connected()

    def let_by(self) -> None:
        self._acks.let_by()

    def _watch(self, _message: str) -> None:
        """Called with every message, the first of which is Slack's hello."""
        session = self._client.current_session if self._client else None
        if session is not None and session.sock is not None and not isinstance(session.sock, _Line):
            session.sock = _Line(session.sock)  # type: ignore[assignment]  # it acts as the socket it holds

    def _open(self, client: SocketModeClient) -> None:
        """The first connection; the client keeps it up from then on."""
        tries = 0
        while not self._stopping.is_set():
            try:
                client.connect_to_new_endpoint()
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


def _dispatch(bolt: App, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
    """As Bolt's own handler does, which makes a client of its own."""
    send_response(client, request, run_bolt_app(bolt, request), time())


class _Client(SocketModeClient):
    """Gives an envelope to a worker once it is read, and counts it; slack-sdk has one more thread between."""

    def __init__(self, acks: Acknowledgements, **options: Any) -> None:
        self._acks = acks
        super().__init__(**options)

    def enqueue_message(self, message: str) -> None:
        said = json.loads(message) if message.startswith("{") else {}  # what else there is, is not said to us
        if "envelope_id" not in said:
            super().enqueue_message(message)
            return
        self._acks.begun()
        self.message_workers.submit(self._acknowledge, said, message)

    def _acknowledge(self, envelope: dict[str, Any], message: str) -> None:
        try:
            self.run_message_listeners(envelope, message)
        finally:
            self._acks.ended()


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
        self._acks = Acknowledgements(self._go_round)
        self._loop: AbstractEventLoop | None = None
        self._server: uvicorn.Server | None = None
        self._thread: Thread | None = None

    def start(self, bolt: App) -> None:
        """Raises OSError when the port is taken."""
        listening = create_server((self._host, self._port), backlog=_WAITING_MOST)
        self._port = listening.getsockname()[1]
        config = uvicorn.Config(
            endpoint(partial(self._dispatch, bolt), self._signatures),
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=_STOP_WITHIN,
        )
        self._server = uvicorn.Server(config)
        self._thread = Thread(
            target=run, args=(self._serve(self._server, listening),), name="slack-http", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_STOP_WITHIN)

    def connected(self) -> bool:
        return self._server is not None and self._server.started

    def let_by(self) -> None:
        self._acks.let_by()

    async def _dispatch(self, bolt: App, request: BoltRequest) -> BoltResponse:
        """In a thread: on the event loop each command would wait for the one before."""
        self._acks.begun()
        try:
            return await run_in_threadpool(bolt.dispatch, request)
        finally:
            self._acks.ended()

    async def _serve(self, server: uvicorn.Server, listening: socket) -> None:
        self._loop = get_running_loop()
        await server.serve(sockets=[listening])

    def _go_round(self, within: float) -> None:
        """Until the loop has read what has arrived. It is slow to while answers are made beside it."""
        loop, round_done = self._loop, Event()
        if loop is None:
            return

        def step(left: int) -> None:
            loop.call_soon(step, left - 1) if left else round_done.set()

        try:
            loop.call_soon_threadsafe(step, _ROUNDS)
        except RuntimeError:  # it has ended: nothing comes any more
            return
        round_done.wait(within)

    @property
    def port(self) -> int:
        """The port taken, once started."""
        return self._port
