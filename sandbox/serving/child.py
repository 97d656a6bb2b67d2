"""A child process that cannot outlive the sandbox."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_LEASH = Path(__file__).with_name("leash.py")


@dataclass(slots=True)
class _Birth:
    make: Callable[[], subprocess.Popen[bytes]]
    done: threading.Event = field(default_factory=threading.Event)
    process: subprocess.Popen[bytes] | None = None
    error: Exception | None = None


class Nursery:
    """Starts every child from one thread that lives as long as the process.

    The parent-death signal follows the thread that forked: a child started from a
    request's thread would be killed when that thread ends.
    """

    def __init__(self) -> None:
        self._births: queue.SimpleQueue[_Birth] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def start(self, make: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="nursery", daemon=True)
                self._thread.start()
        birth = _Birth(make)
        self._births.put(birth)
        birth.done.wait()
        if birth.process is None:
            raise birth.error or RuntimeError("no child was started")
        return birth.process

    def _run(self) -> None:
        while True:
            birth = self._births.get()
            try:
                birth.process = birth.make()
            except OSError as error:
                birth.error = error
            birth.done.set()


class Child:
    """One program in a process group of its own; its output goes to a file.

    `env` is its whole environment. All methods may be called from any thread.
    """

    def __init__(
        self, nursery: Nursery, argv: Sequence[str], *, env: Mapping[str, str], log: Path, cwd: Path
    ) -> None:
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        leashed = [sys.executable, "-S", str(_LEASH), str(os.getpid()), *argv]
        with log.open("ab") as output:
            self._process = nursery.start(
                lambda: subprocess.Popen(  # noqa: S603  the sandbox's own programs
                    leashed,
                    env=dict(env),
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number if it was killed."""
        return self._process.poll()

    def kill(self) -> None:
        """SIGKILL for the whole group; returns when the process is gone."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def stop(self, within: float) -> None:
        """SIGTERM, and SIGKILL after so many seconds."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(within)
        self.kill()

    def wait(self, seconds: float) -> bool:
        """Whether it ended by itself within so many seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.poll() is not None

    def tail(self, lines: int = 20) -> str:
        """The last lines of its output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
