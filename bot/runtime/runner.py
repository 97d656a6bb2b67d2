"""Carries out runs: one DBOS workflow for each attempt, one queue, and no thread for a wait.

DBOS is the durable queue and the claim that one process has on a run; our tables are the truth. A turn looks
at the world and at our tables, so taking it again, anywhere, *is* the recovery.

What a workflow's row says: ENQUEUED, the run is in line and any process may claim it; PENDING, the process
of that executor id holds it, in a turn or waiting for its next one. A claimed workflow takes one turn and is
left as it is (`_Unfinished`): DBOS writes nothing and frees its place. The holder takes the turns that follow
by the monotonic clock, without the queue. Only where it has no place free and others live, the run goes back
in line, unless a program was started here for it. What a dead process held is put back in line by whoever
sees that its lock is gone.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import structlog
from dbos import DBOS, DBOSConfig, SetWorkflowID, WorkflowStatus

from bot.runtime.leader import LOST
from bot.storage.database import ReadUnit, sqlite_engine
from bot.storage.locks import Liveness
from provisioner.engine.run import Run, RunId
from provisioner.engine.stage import Goal, Wait
from provisioner.workspace import WorkspaceSpec

log = structlog.get_logger()

VERSION = "engine-1"
"""Pinned: by default a change of code, or of dbos, would strand every run that is under way."""

QUEUE = "runs"
TURNS = 16
"""Turns at once in one process. A run that waits takes none of these places."""

_QUEUE_EVERY = 0.2  # seconds between looks at the queue
_WATCH_EVERY = 0.5  # seconds between looks at who lives
_LOOK_AGAIN = 30.0  # seconds, after which nothing remembered is believed
_STOP_WITHIN = 10.0  # seconds for the turns under way
_BROKEN_AGAIN = 5.0  # seconds before a turn that broke is taken again
_STORE_AGAIN = 1.0  # seconds before the engine's database is asked again
_CONNECTIONS = 8  # of DBOS's own
_FROZEN_WITHIN = 5.0  # seconds, after which the rows that a frozen process has locked are free for the others
_ENDED = ("SUCCESS", "ERROR", "CANCELLED")
_ENDED_BY_HAND = frozenset({"CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})
"""While its run is in flight, such a workflow goes on. One that is a SUCCESS has just ended."""


class _Unfinished(BaseException):
    """Leaves a workflow PENDING and its place free. DBOS records `Exception`s only."""


@dataclass(slots=True)
class _Hold:
    run_id: RunId
    attempt: int
    due: float = 0.0  # of the monotonic clock
    turning: bool = True
    again: bool = False  # woken during its turn
    over: bool = False  # nothing is left but to let DBOS record it
    rooted: bool = False  # a program that was started here works on it


class Runner:
    """`start` in each process that carries out runs. DBOS is one a process, so is this."""

    def __init__(
        self,
        *,
        reads: Callable[[], ReadUnit],
        url: str,
        liveness: Callable[[], Liveness],
        told: Callable[[], None],
        called: Callable[[], None] = lambda: None,
        at_work: Mapping[str, Callable[[WorkspaceSpec], bool]] = MappingProxyType({}),
        turns: int = TURNS,
    ) -> None:
        """`url` is of DBOS's own database; `liveness` is made at the start.

        `told` is called after each turn, when there may be news; `called` when anybody wakes all.
        `at_work`, by the stage that starts a program: whether one that this process started is at work for a
        workspace, whose run then stays here. Not asked of a first create that has not come to the stage.
        """
        self._reads = reads
        self._url = url
        self._make_liveness = liveness
        self._told = told
        self._heard = called
        self._at_work = at_work
        self._turns = turns
        self._holds: dict[str, _Hold] = {}  # by workflow id
        self._changed = threading.Condition()  # over the holds
        self._pool = ThreadPoolExecutor(turns, thread_name_prefix="turn")
        self._stopping = threading.Event()
        self._threads: tuple[threading.Thread, ...] = ()
        self._liveness: Liveness | None = None
        self._others = False  # another process lives
        self._given: set[str] = set()  # workflows known to be there
        self._given_at = float("-inf")

    @property
    def alive(self) -> bool:
        return self._stopping.is_set() or all(thread.is_alive() for thread in self._threads)

    def start(self, advance: Callable[[Run], Wait | None]) -> None:
        """Launch the engine; `advance` takes a turn of a run. What a dead process left goes on as soon as it
        is known to be dead."""
        self._advance = advance
        self._liveness = liveness = self._make_liveness()  # before a run is claimed
        DBOS(config=self._config(liveness.executor_id))
        DBOS.listen_queues([QUEUE])

        @DBOS.workflow(name="run", max_recovery_attempts=None)
        def carry_out(run_id: str, attempt: int) -> None:
            self._claimed(str(DBOS.workflow_id), RunId(run_id), attempt)

        self._workflow = carry_out
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=self._turns,
            polling_interval_sec=_QUEUE_EVERY,
            on_conflict="always_update",  # the first release's limit was one over all processes
        )
        self._threads = (
            threading.Thread(target=self._clock, name="turns", daemon=True),
            threading.Thread(target=self._watch, args=(liveness,), name="liveness", daemon=True),
        )
        for thread in self._threads:
            thread.start()

    def dispatch(self) -> int:
        """Give every run that was queued its workflow, if it has none; how many were given one.

        Now and then every run in flight is looked at, in case the engine's database was lost. Safe to repeat,
        to be killed in, and to do in two processes at once: the same workflow id twice is one workflow.
        """
        thorough = time.monotonic() - self._given_at > _LOOK_AGAIN
        with self._reads() as unit:
            found = [(run.id, run.attempt) for run in unit.runs.in_flight()] if thorough else unit.runs.line()
        if thorough:
            self._given, self._given_at = set(), time.monotonic()
        wanted = {f"{run_id}:{attempt}": (run_id, attempt) for run_id, attempt in found}
        self._given &= wanted.keys()
        new = [name for name in wanted if name not in self._given]
        states = {one.workflow_id: one.status for one in _listed(workflow_ids=new)} if new else {}
        missing = [name for name in new if name not in states]
        for name in missing:
            with SetWorkflowID(name):
                DBOS.enqueue_workflow(QUEUE, self._workflow, *wanted[name])
            log.info("run dispatched", run=wanted[name][0], attempt=wanted[name][1])
        _to_line([name for name in new if states.get(name) in _ENDED_BY_HAND])
        self._given.update(new)
        return len(missing)

    def wake(self, run_id: str = "") -> None:
        """Something was committed that all processes should see now; else they do a little later. A run that
        waits, here or elsewhere, takes its next turn now."""
        self._heard()
        self.wake_here(RunId(run_id))
        if self._liveness is None:
            return
        try:
            self._liveness.call(run_id)
        except Exception as error:  # noqa: BLE001 - what was done is stored; they see it a little later
            log.warning("other processes cannot be called", why=type(error).__name__)

    def prune(self, before: datetime) -> int:
        """Forget workflows that ended before then; our own tables keep the history."""
        ended = _listed(completed_before=before.isoformat(), status=list(_ENDED), limit=500)
        if ended:
            DBOS.delete_workflows([one.workflow_id for one in ended])
        return len(ended)

    def stop(self) -> None:
        """Let the turns under way end; others take up what this process held."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: not any(hold.turning for hold in self._holds.values()), _STOP_WITHIN
            )
        if self._liveness is None:
            return
        self.wake()  # ends the wait of `_watch`
        DBOS.destroy()
        self._pool.shutdown(wait=False)
        for thread in self._threads:
            thread.join(_WATCH_EVERY * 4)
        self._liveness.release()

    # ------------------------------------------------------------------------------------- turns

    def _claimed(self, workflow_id: str, run_id: RunId, attempt: int) -> None:
        """In a thread of DBOS, which has just claimed it; returns only where the attempt is over."""
        hold = _Hold(run_id, attempt)
        with self._changed:
            before = self._holds.get(workflow_id)
            if before is not None and before.turning:  # put in line by somebody in the midst of its turn
                before.again = True
                raise _Unfinished
            self._holds[workflow_id] = hold
        try:
            if self._pool.submit(self._take, workflow_id, hold, True).result():
                return
        except RuntimeError as stopped:  # the pool is closed; as an `Exception` DBOS would record it
            raise _Unfinished from stopped
        raise _Unfinished

    def _take(self, workflow_id: str, hold: _Hold, claimed: bool) -> bool:  # noqa: FBT001 - for the pool
        """One turn; whether it was the last, and the claim it is taken in still stands.

        Raises nothing: DBOS would record that the workflow failed, for good.
        """
        pause: float | None = _BROKEN_AGAIN
        try:
            if not self._stopping.is_set():
                with structlog.contextvars.bound_contextvars(run=hold.run_id):
                    pause = self._turn(hold)
                self._told()
        except Exception:
            log.exception("turn broke", run=hold.run_id)
        with self._changed:
            if claimed and pause is None and not hold.again:
                del self._holds[workflow_id]
                self._changed.notify_all()
                return True
            hold.over = pause is None
            hold.due = time.monotonic() + (0 if hold.again or pause is None else pause)
            hold.turning = hold.again = False
            self._changed.notify_all()
            return False

    def _turn(self, hold: _Hold) -> float | None:
        """Seconds until the next turn, or None when this attempt is over."""
        with self._reads() as unit:
            run = unit.runs.get(hold.run_id)
        if run.attempt != hold.attempt:
            return None
        wait = self._advance(run)
        hold.rooted = any(
            ask(run.asked) for stage, ask in self._at_work.items() if _may_have_begun(stage, run)
        )
        return wait.seconds if wait else None

    # ------------------------------------------------------------------------------------- waits

    def wake_here(self, run_id: RunId) -> bool:
        """Let a run that this process holds take its next turn now; whether it does hold it."""
        with self._changed:
            held = [hold for hold in self._holds.values() if hold.run_id == run_id]
            for hold in held:
                hold.again = hold.turning
                hold.due = 0.0
            self._changed.notify_all()
            return bool(held)

    def _clock(self) -> None:
        """Whatever is due goes on. The monotonic clock cannot be set."""
        while not self._stopping.is_set():
            with self._changed:
                now = time.monotonic()
                waiting = {name: hold for name, hold in self._holds.items() if not hold.turning}
                due = {name: hold for name, hold in waiting.items() if hold.due <= now}
                if not due:
                    self._changed.wait(min((hold.due - now for hold in waiting.values()), default=None))
                    continue
                free = self._turns - len(self._holds) + len(waiting)
                for hold in due.values():
                    hold.turning = True
            try:
                self._go_on(due, free)
            except Exception:
                log.exception("the engine's database does not answer")
                with self._changed:
                    for hold in due.values():
                        hold.turning, hold.due = False, now + _STORE_AGAIN

    def _go_on(self, due: dict[str, _Hold], free: int) -> None:
        """Here while there is a place, or nobody else; what is no longer ours is forgotten."""
        ours = _listed(workflow_ids=list(due), status="PENDING", executor_id=self._executor_id)
        over = [one.workflow_id for one in ours if due[one.workflow_id].over]
        going = [one.workflow_id for one in ours if not due[one.workflow_id].over]
        if self._others:
            going.sort(key=lambda name: not due[name].rooted)
            most = max(free, sum(due[name].rooted for name in going), 0)
        else:
            most = len(going)
        _to_line([*over, *going[most:]])
        with self._changed:
            for name in due.keys() - set(going[:most]):
                hold = due[name]
                if self._holds.get(name) is not hold:
                    continue
                if hold.again:  # claimed anew by our own queue, or woken, in this very moment
                    hold.turning, hold.again, hold.due = False, False, 0.0
                    self._changed.notify_all()
                else:
                    del self._holds[name]
        for name in going[:most]:
            self._pool.submit(self._take, name, due[name], False)

    # ----------------------------------------------------------------------------------- the others

    @property
    def _executor_id(self) -> str:
        if self._liveness is None:
            raise RuntimeError("the runner is not started")
        return self._liveness.executor_id

    def _watch(self, liveness: Liveness) -> None:
        """Hear the others, take over from the dead, and end this process if it is taken for dead itself."""
        known: set[str] = set()
        missed: dict[str, float] = {}
        looked = float("-inf")
        while not self._stopping.is_set():
            living = self._living(liveness)
            now = time.monotonic()
            self._others = len(living) > 1
            try:
                if now - looked > _LOOK_AGAIN:  # also what was claimed after its executor's death was noticed
                    known |= {str(one.executor_id) for one in _listed(status="PENDING")}
                    looked = now
                known |= set(living)
                missed = {one: missed.get(one, now) for one in known - set(living)}
                for executor in [one for one, since in missed.items() if now - since >= liveness.grace]:
                    if self._take_over(liveness, executor):
                        known.discard(executor)
            except Exception:
                log.exception("cannot take over")
            try:
                heard = liveness.listen(_WATCH_EVERY)
            except OSError:
                continue  # the next look at who lives ends the process
            for run_id in heard:
                self.wake_here(RunId(run_id))
                self._heard()

    def _living(self, liveness: Liveness) -> Collection[str]:
        """With ourselves among them, or there is no way on: somebody may have taken over what we hold."""
        try:
            living = liveness.living()
        except OSError as error:
            log.error("the lock of this executor cannot be looked at", why=str(error.__cause__))
            living = ()
        if liveness.executor_id not in living:
            log.error("the lock of this executor is lost")
            os._exit(LOST)
        return living

    @staticmethod
    def _take_over(liveness: Liveness, executor: str) -> bool:
        with liveness.taking_over() as alone:
            if alone:
                left = [one.workflow_id for one in _listed(status="PENDING", executor_id=executor)]
                _to_line(left)
                if left:
                    log.info("runs taken over", executor=executor, runs=len(left))
            return alone

    def _config(self, executor_id: str) -> DBOSConfig:
        config: DBOSConfig = {
            "name": "workspace-bot",
            "system_database_url": self._url,
            "sys_db_pool_size": _CONNECTIONS,
            "sys_db_idle_transaction_timeout_sec": _FROZEN_WITHIN,
            "executor_id": executor_id,
            "application_version": VERSION,
            "log_level": "WARNING",  # below it, DBOS advertises a hosted console
        }
        if self._url.startswith("sqlite"):
            config["system_database_engine"] = sqlite_engine(self._url)
        return config


def _listed(**what: Any) -> list[WorkflowStatus]:
    return DBOS.list_workflows(**what, load_input=False, load_output=False)


def _to_line(workflow_ids: list[str]) -> None:
    """Never without the name of the queue: DBOS would use one of its own, which has no limit.

    Whatever is no SUCCESS or ERROR begins again, also what is in a turn.
    """
    if workflow_ids:
        DBOS.resume_workflows(workflow_ids, queue_name=QUEUE)


def _may_have_begun(stage: str, run: Run) -> bool:
    """Also in an earlier attempt, or in an earlier run of the workspace."""
    return stage in run.stages or run.attempt > 1 or run.goal is Goal.ABSENT
