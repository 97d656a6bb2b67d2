"""The unchanged bot as a child process, given nothing but settings."""

import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from sandbox.serving.child import Child, Nursery
from sandbox.serving.loopback import HOST

_ROOT = Path(__file__).resolve().parent.parent
_START_WITHIN = 60.0
_STOP_WITHIN = 10.0
_LOOK_EVERY = 0.05


class BotFailed(Exception):
    """It ended, or did not get ready; the text has its last words."""


class Bot:
    """`python -m bot serve`. All methods may be called from any thread; one start or stop at a time.

    `changed` is called with a line of text whenever it starts, gets ready or ends.
    """

    def __init__(
        self,
        nursery: Nursery,
        *,
        environment: Mapping[str, str],
        log: Path,
        health_port: int,
        changed: Callable[[str], None],
    ) -> None:
        self.environment = dict(environment)
        self._nursery = nursery
        self._log = log
        self._health = f"http://{HOST}:{health_port}/ready"
        self._changed = changed
        self._child: Child | None = None
        self._busy = threading.Lock()

    @property
    def state(self) -> str:
        """running, killed, stopped, failed (ended by itself) or absent (never started)."""
        if self._child is None:
            return "absent"
        code = self._child.exit_code
        if code is None:
            return "running"
        return {-9: "killed", 0: "stopped", -15: "stopped"}.get(code, "failed")

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.exit_code is None else None

    def start(self) -> None:
        """Returns when it is ready. Nothing happens if it runs already. Raises `BotFailed`."""
        with self._busy:
            if self.pid is not None:
                return
            began = time.monotonic()
            child = self._child = Child(
                self._nursery,
                [sys.executable, "-m", "bot", "serve"],
                env=self.environment,
                log=self._log,
                cwd=_ROOT,
            )
            self._await_ready(child)
            self._changed(f"the bot is ready after {time.monotonic() - began:.1f} s (process {child.pid})")

    def kill(self) -> bool:
        """SIGKILL; whether there was anything to kill. Returns when it is gone."""
        child = self._child
        if child is None or child.exit_code is not None:
            return False
        child.kill()
        self._changed(f"the bot was killed with -9 (process {child.pid})")
        return True

    def stop(self) -> None:
        """SIGTERM, then SIGKILL if it takes too long."""
        child = self._child
        if child is not None and child.exit_code is None:
            child.stop(_STOP_WITHIN)
            self._changed("the bot has stopped")

    def ended_alone(self) -> str | None:
        """Its last words if it ended without being told to, else None."""
        if self.state != "failed" or self._child is None:
            return None
        return f"the bot ended with exit code {self._child.exit_code}; its last words:\n{self._child.tail()}"

    def _await_ready(self, child: Child) -> None:
        until = time.monotonic() + _START_WITHIN
        with httpx.Client(trust_env=False, timeout=2) as client:
            while time.monotonic() < until:
                if child.wait(_LOOK_EVERY):
                    if child.exit_code == -9:
                        return  # a fault killed it again while it got ready
                    raise BotFailed(self.ended_alone() or "the bot was stopped before it was ready")
                try:
                    if client.get(self._health).is_success:
                        return
                except httpx.TransportError:
                    continue  # not listening yet
        child.kill()
        raise BotFailed(
            f"the bot was not ready within {_START_WITHIN:.0f} s; its last words:\n{child.tail()}"
        )
