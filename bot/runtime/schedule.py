"""What runs by the clock: one table of jobs, and a way to run one of them now.

APScheduler with its memory store only: every tick finds its work in the database, so a tick that is lost,
late or doubled does no harm.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic

import structlog
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    name: str
    every: timedelta
    work: Callable[[], object]
    first: timedelta = timedelta()  # after the start


class Schedule:
    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._lock = threading.Lock()  # over the two sets below
        self._succeeded: dict[str, float] = {}  # when, by the monotonic clock
        self._running: set[str] = set()
        self._again: set[str] = set()  # rung while they ran
        # More instances than one: it would warn of each tick that finds the one before it at work.
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 3, "misfire_grace_time": None}
        )

    def start(self) -> None:
        for job in self._jobs.values():
            self._succeeded[job.name] = monotonic()
            self._scheduler.add_job(
                self._tick,
                "interval",
                args=(job,),
                id=job.name,
                seconds=job.every.total_seconds(),
                next_run_time=datetime.now(UTC) + job.first,
            )
        self._scheduler.start()

    def ring(self, name: str) -> None:
        """Run a job now, or once more if it is running. Does nothing before `start`."""
        with self._lock:
            if name in self._running:
                self._again.add(name)
                return
        try:
            self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))
        except JobLookupError:
            return

    def last_success(self, name: str) -> float | None:
        """How many seconds ago the job last did its work, or was started if it never did; None before."""
        at = self._succeeded.get(name)
        return None if at is None else monotonic() - at

    def stop(self) -> None:
        """No new tick; those that run are waited for."""
        self._scheduler.shutdown(wait=True)

    def _tick(self, job: Job) -> None:
        with self._lock:
            if job.name in self._running:
                return
            self._running.add(job.name)
            self._again.add(job.name)
        while self._once_more(job.name):
            try:
                job.work()
                self._succeeded[job.name] = monotonic()
            except Exception:  # the clock's loop: the next tick tries again
                log.exception("job broke", job=job.name)

    def _once_more(self, name: str) -> bool:
        with self._lock:
            if name in self._again:
                self._again.discard(name)
                return True
            self._running.discard(name)
            return False
