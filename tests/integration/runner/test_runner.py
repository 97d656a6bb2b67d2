"""Runs on the real engine underneath (DBOS on SQLite), over a fake world."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.runtime.runner import Runner
from provisioner.engine.run import RunStatus
from provisioner.errors import Permanent
from provisioner.message import Message
from tests.fakes.office import Office
from tests.fakes.people import MINA

SOON = 20  # seconds, at most, for anything here


class Works:
    """An office whose runs are carried out by a real runner; time passes by with every turn."""

    def __init__(self, folder: Path) -> None:
        self.office = Office(folder)
        self._folder = folder
        self._news = threading.Condition()
        self.begin()

    def begin(self) -> None:
        self.runner = Runner(
            units=self.office.database.unit,
            advance=self.office.engine.advance,
            url=f"sqlite:///{self._folder / 'engine.db'}",
            liveness=self.office.database.liveness,
            told=self._told,
        )
        self.runner.start()

    def wait_for(self, run_id: str, *statuses: RunStatus) -> RunStatus:
        with self._news:
            assert self._news.wait_for(lambda: self.office.run(run_id).status in statuses, SOON)
        return self.office.run(run_id).status

    def _told(self) -> None:
        self.office.clock.pass_by(30)
        with self._news:
            self._news.notify_all()
        with self.office.database.unit() as unit:
            moving = unit.runs.in_flight()
        for run in moving:
            self.runner.wake(run.id)


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    works = Works(tmp_path)
    yield works
    works.runner.stop()
    works.office.close()


def test_an_approved_run_is_carried_out_to_its_end(works: Works) -> None:
    run = works.office.approves(works.office.requested())

    assert works.runner.dispatch() == 1
    works.wait_for(run.id, RunStatus.SUCCEEDED)

    assert len(works.office.world.made()) == 5


def test_dispatching_again_and_again_runs_it_once(works: Works) -> None:
    run = works.office.approves(works.office.requested())

    assert sum(works.runner.dispatch() for _ in range(5)) == 1
    works.wait_for(run.id, RunStatus.SUCCEEDED)

    assert works.runner.dispatch() == 0
    assert len(works.office.world.writes) == 10


def test_a_retried_run_gets_a_workflow_of_its_own(works: Works) -> None:
    works.office.world.breaks("bucket", Permanent(Message("cannot make bucket alpha")))
    run = works.office.approves(works.office.requested())
    works.runner.dispatch()
    works.wait_for(run.id, RunStatus.FAILED)

    works.office.service.retry(works.office.who(MINA), run.id)
    works.runner.dispatch()

    works.wait_for(run.id, RunStatus.SUCCEEDED)


def test_what_a_stopped_process_left_goes_on_in_the_next(works: Works) -> None:
    runs = [works.office.approves(works.office.requested(project)) for project in ("alpha", "beta", "gamma")]
    works.runner.dispatch()
    works.runner.stop()
    assert all(works.office.run(run.id).status is not RunStatus.CANCELLED for run in runs)

    works.begin()
    works.runner.dispatch()

    for run in runs:
        works.wait_for(run.id, RunStatus.SUCCEEDED)
    assert len(works.office.world.writes) == 30


def test_a_lost_engine_database_loses_no_run(works: Works) -> None:
    run = works.office.approves(works.office.requested())
    works.runner.dispatch()
    works.runner.stop()
    for file in Path(works._folder).glob("engine.db*"):
        file.unlink()

    works.begin()
    works.runner.dispatch()

    works.wait_for(run.id, RunStatus.SUCCEEDED)
    assert len(works.office.world.writes) == 10


def test_workflows_that_ended_long_ago_are_forgotten(works: Works) -> None:
    run = works.office.approves(works.office.requested())
    works.runner.dispatch()
    works.wait_for(run.id, RunStatus.SUCCEEDED)

    # The engine records the end of a workflow a moment after our tables know it.
    pruned = 0
    tick = threading.Event()
    for _ in range(50):
        pruned += works.runner.prune(datetime.now(UTC) + timedelta(minutes=1))
        if pruned or tick.wait(0.1):
            break

    assert pruned == 1
