"""A uvicorn server with a loop and a thread of its own."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import uvicorn
from starlette.applications import Starlette

Result = TypeVar("Result")
START_WITHIN = 10.0
STOP_WITHIN = 10.0


class _Announcing(uvicorn.Server):
    """Tells when it is up, and ends when it is told instead of looking ten times a second."""

    def __init__(self, config: uvicorn.Config, up: threading.Event) -> None:
        super().__init__(config)
        self._up = up
        self._ending = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._up.set()

    async def main_loop(self) -> None:
        await self._ending.wait()

    def end(self) -> None:
        """Stop without waiting for what is still open."""
        self.should_exit = self.force_exit = True
        self._ending.set()


class Server:
    """Starts at most once at a time; `run` and `call` are for every thread but its own."""

    def __init__(self, app: Starlette, protocol: type[asyncio.Protocol]) -> None:
        self._app = app
        self._protocol = protocol
        self._server: _Announcing | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, port: int) -> str:
        """Listen on 127.0.0.1; the URL. Raises OSError when the port is taken."""
        if self._thread is not None:
            raise RuntimeError("the simulated Slack runs already")
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError:
            listening.close()
            raise
        config = uvicorn.Config(
            self._app,
            http=self._protocol,
            ws="websockets-sansio",
            lifespan="off",
            log_level="error",
            access_log=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )
        up = threading.Event()
        self._server = _Announcing(config, up)
        self._thread = threading.Thread(
            target=self._work, args=(self._server, listening), name="slack-simulator", daemon=True
        )
        self._thread.start()
        if not up.wait(START_WITHIN):
            raise RuntimeError("the simulated Slack does not start")
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    def _work(self, server: _Announcing, listening: socket.socket) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            await server.serve(sockets=[listening])

        asyncio.run(serve())
        listening.close()

    @property
    def running(self) -> bool:
        return self._thread is not None

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do it on the server's loop and wait for it."""
        if self._loop is None or self._thread is None:
            work.close()
            raise RuntimeError("the simulated Slack does not run")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def call(self, work: Callable[[], Result]) -> Result:
        """The same for a plain function, which also works while nothing runs."""
        if self._thread is None:
            return work()

        async def on_loop() -> Result:
            return work()

        return self.run(on_loop())

    def stop(self) -> None:
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self.call(server.end)
        thread.join(STOP_WITHIN)
        self._server = self._thread = self._loop = None
