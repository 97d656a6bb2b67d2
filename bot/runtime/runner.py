"""The engine's only door: DBOS underneath, one workflow for each attempt of a run, one queue.

DBOS is the durable queue, the recovery after a crash and the limit on how many run at once; our tables are
the truth. A workflow has no recorded steps: each turn looks at the world and at our tables, so carrying it
out again from the top *is* the recovery.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import structlog
from dbos import DBOS, DBOSConfig, SetWorkflowID

from bot.storage.database import UnitOfWork
from bot.storage.dbos_sqlite import sqlite_engine
from provisioner.engine.engine import Engine
from provisioner.engine.run import Run, RunId

log = structlog.get_logger()

VERSION = "engine-1"
"""Pinned: by default a change of code, or of dbos, would strand every run that is under way."""

EXECUTOR = "runner"
"""Fixed: the process that leads takes up what the one before it left, by DBOS's own recovery at launch."""

QUEUE = "runs"
AT_ONCE = 16
"""Active runs. A waiting run costs a thread and no lock."""

_QUEUE_EVERY = 0.2  # seconds between looks at the queue
_STOP_WITHIN = 10.0  # seconds for the turns under way
_BROKEN_AGAIN = 5.0  # seconds before a turn that broke is taken again
_TAILS = tuple(f":{n}" for n in range(1, 10))
"""A workflow that somebody ended by hand is followed by another under a name of its own."""
_ACTIVE = frozenset({"PENDING", "ENQUEUED", "DELAYED"})


class _Stopping(BaseException):
    """Leaves a workflow unfinished, for the next process to take up. DBOS records `Exception`s only."""


class Runner:
    """`start` in the one process that leads. DBOS is one a process, so is this."""

    def __init__(
        self,
        *,
        units: Callable[[], UnitOfWork],
        engine: Engine,
        url: str,
        told: Callable[[], None],
        at_once: int = AT_ONCE,
    ) -> None:
        """`url` of DBOS's own database; `told` is called after each turn, when there may be news."""
        self._units = units
        self._engine = engine
        self._url = url
        self._told = told
        self._at_once = at_once
        self._bells: dict[str, threading.Event] = {}
        self._quiet = threading.Condition()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Launch the engine; what an earlier process left unfinished goes on at once."""
        DBOS(config=self._config())

        @DBOS.workflow(name="run", max_recovery_attempts=None)
        def carry_out(run_id: str, attempt: int) -> None:
            self._carry_out(RunId(run_id), attempt)

        self._workflow = carry_out
        DBOS.launch()
        DBOS.register_queue(QUEUE, concurrency=self._at_once, polling_interval_sec=_QUEUE_EVERY)

    def dispatch(self) -> int:
        """Give every run in flight its workflow, if it has none; how many were given one.

        Safe to repeat and to be killed in: the same workflow id twice is one workflow.
        """
        with self._units() as unit:
            runs = unit.runs.in_flight()
        return sum(self._dispatch(run) for run in runs)

    def wake(self, run_id: str) -> None:
        """Let a waiting run take its next turn now."""
        bell = self._bells.get(run_id)
        if bell is not None:
            bell.set()

    def prune(self, before: datetime) -> int:
        """Forget workflows that ended before then; our own tables keep the history."""
        ended = DBOS.list_workflows(
            end_time=before.isoformat(), status=["SUCCESS", "ERROR", "CANCELLED"], load_input=False, limit=500
        )
        if ended:
            DBOS.delete_workflows([workflow.workflow_id for workflow in ended])
        return len(ended)

    def stop(self) -> None:
        """Let the turns under way end; their runs stay as they are for the next process."""
        self._stopping.set()
        for bell in list(self._bells.values()):
            bell.set()
        with self._quiet:
            self._quiet.wait_for(lambda: not self._bells, _STOP_WITHIN)
        DBOS.destroy()

    def _dispatch(self, run: Run) -> int:
        for tail in ("", *_TAILS):
            workflow_id = f"{run.id}:{run.attempt}{tail}"
            state = self._state(workflow_id)
            if state in _ACTIVE:
                return 0
            if state is None:
                with SetWorkflowID(workflow_id):
                    DBOS.enqueue_workflow(QUEUE, self._workflow, run.id, run.attempt)
                log.info("run dispatched", run=run.id, attempt=run.attempt, workflow=workflow_id)
                return 1
        log.error("run has no workflow that lives", run=run.id, attempt=run.attempt)
        return 0

    @staticmethod
    def _state(workflow_id: str) -> str | None:
        status = DBOS.get_workflow_status(workflow_id)
        return status.status if status else None

    def _carry_out(self, run_id: RunId, attempt: int) -> None:
        bell = self._bells.setdefault(run_id, threading.Event())
        try:
            with structlog.contextvars.bound_contextvars(run=run_id):
                while (pause := self._turn(run_id, attempt)) is not None:
                    self._told()
                    bell.wait(pause)
                    bell.clear()
                    if self._stopping.is_set():
                        raise _Stopping
        finally:
            with self._quiet:
                self._bells.pop(run_id, None)
                self._quiet.notify_all()
        self._told()

    def _turn(self, run_id: RunId, attempt: int) -> float | None:
        """Seconds until the next turn, or None when this attempt is over."""
        try:
            with self._units() as unit:
                run = unit.runs.get(run_id)
            if run.attempt != attempt:
                return None
            wait = self._engine.advance(run)
        except Exception:
            log.exception("turn broke")
            return _BROKEN_AGAIN
        return wait.seconds if wait else None

    def _config(self) -> DBOSConfig:
        config: DBOSConfig = {
            "name": "workspace-bot",
            "system_database_url": self._url,
            "executor_id": EXECUTOR,
            "application_version": VERSION,
            "log_level": "WARNING",  # below it, DBOS advertises a hosted console
        }
        if self._url.startswith("sqlite"):
            config["system_database_engine"] = sqlite_engine(self._url)
        return config
