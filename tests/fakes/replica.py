"""A process that carries out runs and nothing else: the real runner, over turns that only write a line.

    python -m tests.fakes.replica URL ENGINE_URL LOG [--pause S] [--answers S] [--turns N]
                                                     [--stage writes|freezes]

Each turn appends `[pid, run, monotonic seconds]` to LOG. With `--stage` the turns are the real engine's, over
one stage that writes such a line for its one change; with `freezes` the process stops itself just before it
asks whether it may write.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import text

from bot.runtime.runner import Runner
from bot.runtime.schedule import SystemClock
from bot.storage.database import Database
from provisioner.engine.engine import Engine
from provisioner.engine.inspection import Inspector
from provisioner.engine.run import RetryPolicy, Run, RunId, RunStatus, guard_of
from provisioner.engine.stage import Change, Goal, Stage, StageContext, Step, Verb, Wait
from provisioner.engine.store import SqlLedger
from provisioner.engine.turn import advance
from provisioner.message import Message, literal
from provisioner.vendor_call import NotOurs
from provisioner.workspace import Workspace
from tests.builders import a_platform, a_run

SOON = 30.0  # seconds, at most, for anything here


class Turn(NamedTuple):
    pid: int
    run: str
    at: float  # of the monotonic clock, which all processes share


class Replica:
    """Starts the program; `with` ends it, whatever has become of it."""

    def __init__(self, url: str, engine_url: str, log: Path, *arguments: str) -> None:
        self._command = [sys.executable, "-m", "tests.fakes.replica", url, engine_url, str(log), *arguments]
        self._log = log

    def __enter__(self) -> Replica:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "carries out runs\n"
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    def say(self, words: str) -> None:
        """ "dispatch", "wake RUN", "cancel RUN" or "stop"."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{words}\n")
        self._process.stdin.flush()

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def frozen(self) -> bool:
        status = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8")
        return status.rpartition(")")[2].split()[0] == "T"

    def ended(self) -> int:
        """Its exit status, once it has ended by itself."""
        return self._process.wait(timeout=SOON)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate(timeout=SOON)


class Shared:
    """One database with queued runs, and the log of all turns."""

    def __init__(self, url: str, engine_url: str, log: Path) -> None:
        self._urls = url, engine_url
        self.database = Database(url)
        self.log = log
        self.database.migrate()
        self._seen: list[Turn] = []
        self._read = 0  # bytes of the log

    def queues(self, number: int) -> list[str]:
        runs = [a_run(f"WSR-{n:04}.1", f"p{n}") for n in range(number)]
        with self.database.unit() as unit:
            for run in runs:
                unit.runs.add(run)
            unit.commit()
        return [run.id for run in runs]

    def replica(self, *arguments: str) -> Replica:
        return Replica(*self._urls, self.log, *arguments)

    def by(self, replica: Replica) -> set[str]:
        """The runs that it took a turn of."""
        return {turn.run for turn in self.turns() if turn.pid == replica.pid}

    def last(self) -> dict[str, int]:
        """Who took the last turn of each run."""
        return {turn.run: turn.pid for turn in self.turns()}

    def turns(self) -> list[Turn]:
        """All so far, in the order they were written."""
        if self.log.exists():
            with self.log.open("rb") as file:
                file.seek(self._read)
                whole = file.read().rpartition(b"\n")[0]
            self._seen += [Turn(*json.loads(line)) for line in whole.splitlines()]
            self._read += len(whole) + 1 if whole else 0
        return self._seen

    def cut(self) -> None:
        """End all sessions but this one, as a fail-over does."""
        others = """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid != pg_backend_pid()
        """
        with self.database.engine.connect() as connection:
            connection.execute(text(others))

    def status(self) -> RunStatus:
        """Of the only run."""
        with self.database.unit() as unit:
            return unit.runs.get(RunId("WSR-0001.1")).status


def until(look: Callable[[], object], within: float = SOON) -> None:
    moment, deadline = threading.Event(), time.monotonic() + within
    while not look():
        assert time.monotonic() < deadline, "it did not come to that in time"
        moment.wait(0.02)


def only_change(project: str) -> Change:
    return Change(Verb.CREATE, literal(project), kind="line", name=project)


class _Stage(Stage[str]):
    """One change, which is made when a line in the log says so. What it sees is the log."""

    name = "only"
    title = Message("The only stage")

    def __init__(self, log: Path, *, freezes: bool) -> None:
        self._log = log
        self._freezes = freezes

    def observe(self, ws: Workspace, goal: Goal) -> str:
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    def foreign(self, ws: Workspace, seen: str, goal: Goal) -> NotOurs | None:
        return None

    def plan(self, ws: Workspace, seen: str, goal: Goal) -> tuple[Change, ...]:
        return () if f'"{ws.project}"' in seen else (only_change(ws.project),)

    def ensure(self, ws: Workspace, seen: str, ctx: StageContext) -> Wait | None:
        if self._freezes:
            # To this thread: sent to the process, another thread may take it, and this one writes meanwhile.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
        ctx.progress(Message("writing"))
        _write(self._log, ws.project)
        return None

    def remove(self, ws: Workspace, seen: str, ctx: StageContext) -> Wait | None:
        raise AssertionError("nothing is removed here")


def _write(log: Path, what: str) -> None:
    line = json.dumps([os.getpid(), what, time.monotonic()])
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def _only_wait(
    database: Database, log: Path, *, pause: float, answers: float
) -> Callable[[Run], Wait | None]:
    """Turns as a vendor's long work makes them: each looks, for that many seconds, and waits on."""

    def look(run: Run) -> Wait | None:
        with database.locks().try_hold(guard_of(run.id)) as guard:
            if guard is None:
                return Wait(1.0, Message("another process is handling this run"))
            with database.unit() as unit:
                stopped = unit.runs.cancel_requested(run.id)
            _write(log, run.id)
            threading.Event().wait(answers)
            return None if stopped else Wait(pause, Message("waiting"))

    return look


def _real(database: Database, log: Path, *, freezes: bool) -> Callable[[Run], Wait | None]:
    engine = Engine(
        inspector=Inspector(steps=(Step(_Stage(log, freezes=freezes)),)),
        platform=a_platform(),
        ledger=SqlLedger(database.engine),
        locks=database.locks(),
        clock=SystemClock(),
        retry=RetryPolicy(),
        new_reference=lambda: "E-0",
        redact=str,
    )
    return partial(advance, engine)


def _obey(words: str, database: Database, runner: Runner) -> None:
    verb, _, run_id = words.partition(" ")
    match verb:
        case "dispatch":
            runner.dispatch()
        case "cancel":
            with database.unit() as unit:
                unit.runs.request_cancel(RunId(run_id))
                unit.commit()
            runner.wake(run_id)
        case "wake":
            runner.wake(run_id)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("url", "engine_url", "log"):
        parser.add_argument(name)
    for name, usual in (("pause", 0.2), ("answers", 0.0)):
        parser.add_argument(f"--{name}", type=float, default=usual)
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--stage", choices=("", "writes", "freezes"), default="")
    given = parser.parse_args()
    database, log = Database(given.url), Path(given.log)
    advance = (
        _real(database, log, freezes=given.stage == "freezes")
        if given.stage
        else _only_wait(database, log, pause=given.pause, answers=given.answers)
    )
    runner = Runner(
        reads=database.reader,
        url=given.engine_url,
        liveness=database.liveness,
        told=lambda: None,
        turns=given.turns,
    )
    runner.start(advance)
    print("carries out runs", flush=True)  # noqa: T201 - to whoever started it
    for line in sys.stdin:
        if line.strip() == "stop":
            break
        _obey(line.strip(), database, runner)
    runner.stop()


if __name__ == "__main__":
    main()
