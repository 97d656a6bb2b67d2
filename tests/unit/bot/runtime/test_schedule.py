"""Jobs by the clock, and now."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from bot.runtime.schedule import Job, Schedule

SOON = 5  # seconds, at most


@contextmanager
def running(*jobs: Job) -> Iterator[Schedule]:
    schedule = Schedule(jobs)
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


def test_a_job_runs_at_the_start_and_whenever_it_is_rung() -> None:
    counter = Counter()
    with running(Job("count", timedelta(hours=1), counter.work)) as schedule:
        assert counter.reaches(1)
        schedule.ring("count")
        assert counter.reaches(2)


def test_T54_a_job_may_begin_later_than_the_clock() -> None:
    """So that a bot that crashes in circles does not log in in circles."""
    late, counter = Counter(), Counter()
    jobs = (
        Job("late", timedelta(days=1), late.work, first=timedelta(hours=1)),
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
            schedule.ring("slow")
        go_on.set()
        assert counter.reaches(2)
    assert counter.count == 2


def test_a_job_that_breaks_runs_again_and_does_not_stop_the_others() -> None:
    broken, well = Counter(), Counter()

    def breaks() -> None:
        broken.work()
        raise RuntimeError("broken")

    with running(Job("a", timedelta(hours=1), breaks), Job("b", timedelta(hours=1), well.work)) as schedule:
        assert broken.reaches(1)
        schedule.ring("a")
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


def test_ringing_before_the_start_is_harmless() -> None:
    Schedule([Job("count", timedelta(hours=1), Counter().work)]).ring("count")
