"""The time of day, and the jobs by the clock: at an interval, which may be run now too, or by the calendar.

An interval is slept through by the monotonic clock, a thread a job: whoever sets the wall clock stops none.
APScheduler has the calendar's, with its memory store only. Every run of a job finds its work in the
database, so one that is lost, late or doubled does no harm.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """In UTC. Without an hour: in each."""

    minute: int
    hour: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """`when` is how long after its end it runs again, the first time at once; or when the calendar says.

    `rest` is for how long it stays quiet after each run, also when rung: many rings become one run.
    """

    name: str
    when: timedelta | TimeOfDay
    work: Callable[[], object]
    rest: timedelta = timedelta(0)

    @property
    def every(self) -> timedelta:
        """How long after one run of it the next one is due, at the latest."""
        if isinstance(self.when, timedelta):
            return self.when
        return timedelta(hours=1) if self.when.hour is None else timedelta(days=1)


class Bells:
    """One for each job of an interval: whoever is rung runs now, or once more if it is running."""

    def __init__(self) -> None:
        self._bells: dict[str, threading.Event] = {}

    def hang(self, name: str) -> threading.Event:
        return self._bells.setdefault(name, threading.Event())

    def ring(self, *names: str) -> None:
        for name in names:
            self._bells[name].set()


class Schedule:
    def __init__(
        self, jobs: Sequence[Job], bells: Bells | None = None, timer: Callable[[], float] = monotonic
    ) -> None:
        """`bells` may be shared by several schedules, whose jobs have names of their own."""
        self.bells = bells or Bells()
        self._jobs = jobs
        self._timer = timer
        self._bells = {job.name: self.bells.hang(job.name) for job in jobs if isinstance(job.when, timedelta)}
        self._succeeded: dict[str, float] = {}  # when, by `timer`
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._calendar = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None}
        )

    def start(self) -> None:
        for job in self._jobs:
            self._succeeded[job.name] = self._timer()
            if isinstance(job.when, timedelta):
                repeat = partial(self._repeat, job, job.when.total_seconds(), self._bells[job.name])
                self._threads.append(threading.Thread(target=repeat, name=job.name, daemon=True))
            else:
                trigger = CronTrigger(hour=job.when.hour, minute=job.when.minute, timezone=UTC)
                self._calendar.add_job(self._run, trigger, args=(job,), id=job.name)
        self._calendar.start()
        for thread in self._threads:
            thread.start()

    def last_success(self, name: str) -> float | None:
        """How many seconds ago the job last did its work, or was started if it never did; None before."""
        at = self._succeeded.get(name)
        return None if at is None else self._timer() - at

    def stop(self) -> None:
        """No new run; those under way are waited for."""
        self._stopping.set()
        for bell in self._bells.values():
            bell.set()
        for thread in self._threads:
            thread.join()
        self._calendar.shutdown(wait=True)

    def _repeat(self, job: Job, seconds: float, bell: threading.Event) -> None:
        rest = job.rest.total_seconds()
        while True:
            bell.clear()  # before the look at `_stopping`, which is set before the bell
            if self._stopping.is_set():
                return
            self._run(job)
            self._stopping.wait(rest)
            bell.wait(seconds - rest)

    def _run(self, job: Job) -> None:
        try:
            job.work()
        except Exception:  # the jobs' loop: the next run tries again
            log.exception("job broke", job=job.name)
        else:
            self._succeeded[job.name] = self._timer()


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)
