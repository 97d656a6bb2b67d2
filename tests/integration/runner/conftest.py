"""Runs on the real engine underneath (DBOS on SQLite), over a fake world."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bot.runtime.runner import Runner
from provisioner.engine.run import RunStatus
from provisioner.engine.turn import advance
from tests.fakes.office import Office

SOON = 20  # seconds, at most, for anything here


class Works:
    """An office whose runs are carried out by a real runner; time passes by with every turn."""

    def __init__(self, folder: Path) -> None:
        self.office = Office(folder)
        self.engine_file = folder / "engine.db"
        self._news = threading.Condition()

    def begin(self) -> None:
        self.runner = Runner(
            reads=self.office.database.reader,
            url=f"sqlite:///{self.engine_file}",
            liveness=self.office.database.liveness,
            told=self._told,
        )
        self.runner.start(partial(advance, self.office.engine))

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
    works.begin()
    yield works
    works.runner.stop()
    works.office.close()
