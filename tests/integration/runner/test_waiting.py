"""A run that waits holds no thread and no place: those that come after it are begun."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.runtime.runner import TURNS, Runner
from provisioner.engine.run import Run, RunId
from provisioner.engine.stage import Wait
from provisioner.message import Message
from tests.builders import a_run
from tests.fakes.office import Office

THREADS = 50
"""Two for each of sixteen turns at once, DBOS's own, and the test's."""


class Waiting:
    """Every turn only waits, for ten minutes."""

    def __init__(self, folder: Path) -> None:
        self.office = Office(folder)
        self._begun: list[str] = []
        self._more = threading.Condition()
        self.runner = Runner(
            reads=self.office.database.reader,
            url=f"sqlite:///{folder / 'engine.db'}",
            liveness=self.office.database.liveness,
            told=lambda: None,
        )
        self.runner.start(self._advance)

    def queues(self, number: int) -> list[str]:
        with self.office.database.unit() as unit:
            runs = [a_run(f"WSR-{n:04}.1", f"p{n}") for n in range(number)]
            for run in runs:
                unit.runs.add(run)
            unit.commit()
        self.runner.dispatch()
        return [run.id for run in runs]

    def after(self, turns: int) -> list[str]:
        """The runs in the order of their turns, once there were so many."""
        with self._more:
            assert self._more.wait_for(lambda: len(self._begun) >= turns, 90)
            return list(self._begun)

    def _advance(self, run: Run) -> Wait:
        with self._more:
            self._begun.append(run.id)
            self._more.notify_all()
        return Wait(600, Message("waiting"))


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Waiting]:
    waiting = Waiting(tmp_path)
    yield waiting
    waiting.runner.stop()
    waiting.office.close()


def test_however_many_wait_the_next_one_is_begun(waiting: Waiting) -> None:
    runs = waiting.queues(TURNS + 1)

    assert sorted(waiting.after(TURNS + 1)) == runs


def test_a_run_that_waits_is_woken(waiting: Waiting) -> None:
    first, _ = waiting.queues(2)
    waiting.after(2)

    waiting.runner.wake(first)

    assert waiting.after(3)[2] == first


def test_news_wake_the_run_that_is_held_here_and_no_other(waiting: Waiting) -> None:
    first, _ = waiting.queues(2)
    waiting.after(2)

    assert waiting.runner.wake_here(RunId(first))
    assert not waiting.runner.wake_here(RunId("WSR-9999.1"))
    assert waiting.after(3)[2] == first


@pytest.mark.long
def test_a_thousand_wait_on_few_threads_and_each_has_its_turn(waiting: Waiting) -> None:
    others = threading.active_count()  # what earlier tests of this process have left
    runs = waiting.queues(1000)
    assert sorted(waiting.after(1000)) == runs
    assert threading.active_count() - others < THREADS

    for run in runs:
        waiting.runner.wake(run)

    assert sorted(waiting.after(2000)[1000:]) == runs
    assert threading.active_count() - others < THREADS


def test_who_wakes_everybody_wakes_their_own_process_too(tmp_path: Path) -> None:
    office, woken = Office(tmp_path), list[str]()
    runner = Runner(
        reads=office.database.reader,
        url=f"sqlite:///{tmp_path / 'engine.db'}",
        liveness=office.database.liveness,
        told=lambda: None,
        called=lambda: woken.append("here"),
    )

    runner.wake()

    assert woken == ["here"]
    office.close()
