"""Jobs by the clock, and now."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest

from bot.runtime.schedule import Job, Schedule, TimeOfDay
from tests.fakes.clock import FakeClock

SOON = 5  # seconds, at most


@contextmanager
def running(*jobs: Job, timer: Callable[[], float] = monotonic) -> Iterator[Schedule]:
    schedule = Schedule(jobs, timer=timer)
    schedule.start()
    try:
        yield schedule
    finally:
        schedule.stop()


class Counter:
    def __init__(self) -> None:
        self.count = 0
        self.changed = threading.Condition()

    def work(self) -> None:
        with self.changed:
            self.count += 1
            self.changed.notify_all()

    def reaches(self, count: int) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: self.count >= count, SOON)


def a_time_that_is_not_now() -> TimeOfDay:
    later = datetime.now(UTC) + timedelta(hours=12)
    return TimeOfDay(hour=later.hour, minute=later.minute)


def test_a_job_runs_at_the_start_and_whenever_it_is_rung() -> None:
    counter = Counter()
    with running(Job("count", timedelta(hours=1), counter.work)) as schedule:
        assert counter.reaches(1)
        schedule.bells.ring("count")
        assert counter.reaches(2)


def test_T54_a_job_of_the_calendar_does_not_begin_with_the_bot() -> None:
    """So that a bot that crashes in circles does not log in in circles."""
    late, counter = Counter(), Counter()
    jobs = (
        Job("late", a_time_that_is_not_now(), late.work),
        Job("count", timedelta(milliseconds=20), counter.work),
    )
    with running(*jobs):
        assert counter.reaches(5)

    assert late.count == 0


def test_a_job_that_is_rung_while_it_runs_runs_once_more() -> None:
    counter, inside, go_on = Counter(), threading.Event(), threading.Event()

    def work() -> None:
        inside.set()
        go_on.wait(SOON)
        counter.work()

    with running(Job("slow", timedelta(hours=1), work)) as schedule:
        assert inside.wait(SOON)
        for _ in range(5):
            schedule.bells.ring("slow")
        go_on.set()
        assert counter.reaches(2)
    assert counter.count == 2


def test_a_job_that_rests_is_rung_in_vain_until_it_has_rested() -> None:
    patient, quick = Counter(), Counter()
    jobs = (
        Job("patient", timedelta(hours=1), patient.work, rest=timedelta(hours=1)),
        Job("quick", timedelta(hours=1), quick.work, rest=timedelta(milliseconds=20)),
    )
    with running(*jobs) as schedule:
        assert patient.reaches(1)
        assert quick.reaches(1)
        for job in jobs:
            schedule.bells.ring(job.name)
        assert quick.reaches(2)
    assert patient.count == 1


def test_a_job_that_breaks_runs_again_and_does_not_stop_the_others() -> None:
    broken, well = Counter(), Counter()

    def breaks() -> None:
        broken.work()
        raise RuntimeError("broken")

    with running(Job("a", timedelta(hours=1), breaks), Job("b", timedelta(hours=1), well.work)) as schedule:
        assert broken.reaches(1)
        schedule.bells.ring("a")
        assert broken.reaches(2)
        assert well.reaches(1)


def test_a_job_that_takes_longer_than_its_interval_is_no_trouble(caplog: pytest.LogCaptureFixture) -> None:
    inside, long = threading.Event(), threading.Event()

    def work() -> None:
        inside.set()
        long.wait(1.0)

    with running(Job("slow", timedelta(milliseconds=50), work)):
        assert inside.wait(SOON)
        long.wait(0.5)

    assert [record.getMessage() for record in caplog.records] == []


PROGRAM = """
import datetime, sys, threading
real = datetime.datetime

class Settable(real):
    off = datetime.timedelta()

    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(real.now().timestamp() + cls.off.total_seconds(), tz)

datetime.datetime = Settable
from bot.runtime.schedule import Job, Schedule, TimeOfDay
from tests.fakes.clock import FakeClock

ran = threading.Semaphore(0)
schedule = Schedule([Job("often", datetime.timedelta(milliseconds=20), ran.release)])
schedule.start()
assert ran.acquire(timeout=20)
Settable.off = datetime.timedelta(hours=int(sys.argv[1]))
print(sum(ran.acquire(timeout=2) for _ in range(20)))
schedule.stop()
"""


@pytest.mark.parametrize("hours", ["-1", "1"])
def test_a_clock_that_is_set_stops_no_job(hours: str) -> None:
    """In a process of its own, whose time of day this may set."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, hours], capture_output=True, text=True, timeout=100, check=False
    )

    assert (done.stdout, done.stderr) == ("20\n", "")


def test_it_is_known_how_long_ago_a_job_did_its_work() -> None:
    clock, counter = FakeClock(), Counter()

    def breaks_the_second_time_after_a_minute() -> None:
        again = counter.count == 1
        clock.pass_by(61 if again else 0)
        counter.work()
        if again:
            raise RuntimeError("broken")

    job = Job("count", timedelta(hours=1), breaks_the_second_time_after_a_minute)
    with running(job, timer=clock.elapsed) as schedule:
        assert counter.reaches(1)
        schedule.bells.ring("count")
        assert counter.reaches(2)
        clock.set_by(-3_600)

        assert schedule.last_success("count") == 61


def test_a_job_that_never_did_its_work_is_as_late_as_the_start_is_long_ago() -> None:
    clock, broken = FakeClock(), Counter()

    def breaks() -> None:
        broken.work()
        raise RuntimeError("broken")

    with running(Job("a", timedelta(hours=1), breaks), timer=clock.elapsed) as schedule:
        assert broken.reaches(1)
        clock.pass_by(61)

        assert schedule.last_success("a") == 61


def test_where_no_job_runs_none_is_late() -> None:
    assert Schedule([Job("count", timedelta(hours=1), Counter().work)]).last_success("count") is None


def test_ringing_before_the_start_is_harmless() -> None:
    Schedule([Job("count", timedelta(hours=1), Counter().work)]).bells.ring("count")
