"""eksctl: a program that is started, not awaited. Facts only; what they mean is not told here.

A process has so many children at once and no more; who would start another waits in line (`places.py`).

A child cannot outlive the bot: the kernel kills it (`setpriv --pdeathsig`) when the thread that forked it
ends, so one thread that lives as long as the process forks them all. Each has a process group of its own, and
its output goes to files, as an unread pipe blocks at 64 KiB. The folder of a child outlives the bot:

    FOLDER/<node group>.<task>/config.yaml   what it was told to make; readable by nobody else
                               started       when, as the stage tells the time
                               stdout        its log
                               stderr        its last "Error: ..."
                               exit          its exit code; missing when it was killed with the bot
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from pydantic import SecretStr

from provisioner.message import Message, named
from provisioner.redaction import Redactor
from provisioner.stages.nodegroup.config import ClusterConfig
from provisioner.stages.nodegroup.eksctl_log import said
from provisioner.stages.nodegroup.places import Places
from provisioner.stages.nodegroup.state import Child, Task
from provisioner.vendor_call import Cause, Permanent

OLDEST = (0, 169, 0)
"""Older ones cannot read a cluster stack of a newer one: `unknown field "AccessConfig"`."""

AT_ONCE = 10
"""Children side by side, each of which takes some 100 MB."""

_Birth: TypeAlias = Future[subprocess.Popen[bytes]]

_BYTES_MOST = 64 * 1024
_SECRETS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN")


class EksctlProgram:
    """`program`: a name on the PATH of `environment`, or a path. `environment` is all that it is given.

    `timeout` is how long eksctl itself waits for one thing, a drain for example; `at_once` children may run
    side by side. All methods may be called from any thread; nothing is started before the first child.
    """

    def __init__(
        self,
        *,
        program: str,
        folder: Path,
        environment: Mapping[str, str],
        timeout: timedelta = timedelta(minutes=25),
        at_once: int = AT_ONCE,
    ) -> None:
        self._program = program
        self._folder = folder
        self._environment = dict(environment)
        self._redact = Redactor(SecretStr(environment.get(name, "")) for name in _SECRETS).redact
        self._timeout = f"--timeout={int(timeout.total_seconds())}s"
        self._places = Places(at_once)
        self._lock = threading.RLock()
        self._running: dict[Path, subprocess.Popen[bytes]] = {}
        self._births: queue.SimpleQueue[tuple[_Birth, Sequence[str], Path]] = queue.SimpleQueue()
        self._spawner: threading.Thread | None = None

    def child(self, nodegroup: str) -> Child | None:
        """The one that was started last."""
        with self._lock:
            for task in Task:
                folder = self._of(nodegroup, task)
                started = _read(folder / "started")
                if not started:
                    continue
                running = self._reap(folder)
                code = _read(folder / "exit")
                return Child(
                    task=task,
                    started_at=datetime.fromisoformat(started),
                    running=running,
                    exit_code=int(code) if code else None,
                    words="" if running else self._words(folder, code),
                )
        return None

    def place(self, nodegroup: str, *, since: datetime) -> int:
        """In line, by when it came: 0 may be started now. To be asked before each start, again and again."""
        with self._lock:
            own = {self._of(nodegroup, task) for task in Task}
            taken = [folder for folder in tuple(self._running) if self._reap(folder) and folder not in own]
            return self._places.ask(nodegroup, since, taken=len(taken))

    def start_create(
        self, nodegroup: str, config: ClusterConfig, *, at: datetime, ended: Callable[[], None]
    ) -> None:
        file = self._of(nodegroup, Task.CREATE) / "config.yaml"
        command = ("create", "nodegroup", f"--config-file={file}", self._timeout, "--color=false")
        self._start(nodegroup, Task.CREATE, command, at=at, ended=ended, config=config.text())

    def start_delete(
        self, nodegroup: str, *, cluster: str, region: str, at: datetime, ended: Callable[[], None]
    ) -> None:
        """By name: that acts at once, while the form with a file only tells its plan. It drains first."""
        command = (
            "delete",
            "nodegroup",
            f"--cluster={cluster}",
            f"--region={region}",
            f"--name={nodegroup}",
            "--wait",
            self._timeout,
            "--color=false",
        )
        self._start(nodegroup, Task.DELETE, command, at=at, ended=ended)

    def dismiss(self, nodegroup: str) -> None:
        """End the one that runs and has nothing left to do. That it was started stays known."""
        with self._lock:
            for task in Task:
                self._end(self._of(nodegroup, task))

    def end(self, nodegroup: str) -> None:
        """End the one that runs, and forget what it said; who waits in line has left it."""
        with self._lock:
            self._places.leave(nodegroup)
            for task in Task:
                folder = self._of(nodegroup, task)
                self._end(folder)
                shutil.rmtree(folder, ignore_errors=True)

    def stop(self, *, within: timedelta = timedelta(seconds=5)) -> None:
        """End all of them, on shutdown; it is afterwards as if they had been killed with the bot."""
        with self._lock:
            processes = tuple(self._running.values())
            self._running.clear()
            _end(processes, within)

    def version(self) -> str:
        """As it tells it: "0.230.0". Raises `Permanent` when it cannot be run."""
        what = Message("cannot run {program}", program=named(self._program))
        try:
            done = subprocess.run(  # noqa: S603 - the program that was configured
                (self._found(), "version"),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=20,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Permanent(what, cause=_not_run("version", error)) from error
        if done.returncode:
            words = self._redact(done.stderr or done.stdout)
            raise Permanent(what, cause=_cause("version", words, f"exit {done.returncode}"))
        return done.stdout.strip()

    def check(self) -> None:
        """Raises `Permanent` when it cannot be run, or is too old for the clusters of newer ones."""
        found = self.version()
        numbers = re.match(r"v?(\d+)\.(\d+)\.(\d+)", found)
        if numbers is None or tuple(int(each) for each in numbers.groups()) < OLDEST:
            oldest = ".".join(str(each) for each in OLDEST)
            raise Permanent(
                Message(
                    "eksctl {found} is too old: version {oldest} or later is required",
                    found=found,
                    oldest=oldest,
                ),
                hint=Message("Ask the bot's operator to install a newer eksctl."),
            )

    def _start(
        self,
        nodegroup: str,
        task: Task,
        command: Sequence[str],
        *,
        at: datetime,
        ended: Callable[[], None],
        config: str = "",
    ) -> None:
        what = Message("cannot start eksctl for EKS node group {name}", name=named(nodegroup))
        with self._lock:
            self.end(nodegroup)
            folder = self._of(nodegroup, task)
            try:
                folder.mkdir(parents=True, mode=0o700)
                if config:
                    file = folder / "config.yaml"
                    file.touch(mode=0o600)
                    file.write_text(config, encoding="utf-8")
                (folder / "started").write_text(at.isoformat(), encoding="utf-8")
                process = self._fork((*self._leash(), self._found(), *command), folder)
                self._running[folder] = process
                if hasattr(os, "waitid"):  # elsewhere its end is seen by the next look
                    threading.Thread(
                        target=_see_out, args=(process, ended), name="eksctl-end", daemon=True
                    ).start()
            except OSError as error:
                shutil.rmtree(folder, ignore_errors=True)
                raise Permanent(what, cause=_not_run(f"{task} nodegroup", error)) from error

    def _fork(self, command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
        if self._spawner is None:
            spawner = threading.Thread(target=self._spawn, name="eksctl", daemon=True)
            spawner.start()
            self._spawner = spawner  # not before it runs: who waits for a birth waits without end
        birth: _Birth = Future()
        self._births.put((birth, command, folder))
        return birth.result()

    def _spawn(self) -> None:
        while True:
            birth, command, folder = self._births.get()
            try:
                with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
                    child = subprocess.Popen(  # noqa: S603 - the program that was configured
                        command,
                        env=self._environment,
                        stdin=subprocess.DEVNULL,
                        stdout=out,
                        stderr=err,
                        start_new_session=True,
                    )
                birth.set_result(child)
            except Exception as error:  # noqa: BLE001 with this thread all children would die
                birth.set_exception(error)

    def _leash(self) -> tuple[str, ...]:
        """Only Linux has it; elsewhere a killed bot leaves its child to end by itself."""
        setpriv = shutil.which("setpriv", path=os.defpath)
        return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()

    def _found(self) -> str:
        found = shutil.which(self._program, path=self._environment.get("PATH", os.defpath))
        if found is None:
            raise _NoProgram(self._program)
        return found

    def _reap(self, folder: Path) -> bool:
        """Whether it still runs; its exit code is written down when it does no longer."""
        process = self._running.get(folder)
        if process is None:
            return False
        code = process.poll()
        if code is None:
            return True
        (folder / "exit").write_text(str(code), encoding="utf-8")
        del self._running[folder]
        return False

    def _end(self, folder: Path) -> None:
        process = self._running.pop(folder, None)
        if process is not None:
            _end((process,), timedelta(seconds=2))

    def _words(self, folder: Path, code: str) -> str:
        """What tells why it ended."""
        log, errors = (self._redact(_tail(folder / name)) for name in ("stdout", "stderr"))
        return said(log, errors, failed=code != "0")

    def _of(self, nodegroup: str, task: Task) -> Path:
        return self._folder / f"{nodegroup}.{task}"


def _see_out(process: subprocess.Popen[bytes], ended: Callable[[], None]) -> None:
    """Leaves it to be reaped: until then nobody else has its number."""
    with contextlib.suppress(ChildProcessError):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    ended()


def _end(processes: Sequence[subprocess.Popen[bytes]], within: timedelta) -> None:
    """TERM for their groups, and KILL for what is left."""
    for process in processes:
        _signal(process, signal.SIGTERM)
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(within.total_seconds())
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def _tail(file: Path) -> str:
    """Of a longer one whole lines: half a line may begin with half a secret."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return ""
    tail = content[-_BYTES_MOST:]
    whole = tail if len(content) == len(tail) else tail.partition(b"\n")[2]
    return whole.decode(errors="replace")


class _NoProgram(OSError):
    def __init__(self, program: str) -> None:
        self.note = Message("program {program} isn't installed", program=named(program))
        super().__init__(str(self.note))


def _not_run(operation: str, error: Exception) -> Cause:
    if isinstance(error, _NoProgram):
        return Cause.noted(error.note, service="eksctl", operation=operation)
    return _cause(operation, str(error))


def _cause(operation: str, words: str, code: str = "") -> Cause:
    return Cause(service="eksctl", operation=operation, raw_text=words, code=code)
