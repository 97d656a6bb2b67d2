"""Runs on the real engine underneath (DBOS on SQLite), over a fake world."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from bot.runtime.runner import Runner
from provisioner.engine.run import Run, RunStatus
from provisioner.engine.turn import advance
from provisioner.workspace import WorkspaceSpec
from tests.fakes.office import Office

SOON = 20  # seconds, at most, for anything here


class Works:
    """An office whose runs are carried out by a real runner; time passes by with every turn."""

    def __init__(self, folder: Path) -> None:
        self.office = Office(folder)
        self.engine_file = folder / "engine.db"
        self.asked_about: list[Run] = []  # as they stood when it was asked whether their login has a program
        self._news = threading.Condition()

    def begin(self) -> None:
        self.runner = Runner(
            reads=self.office.database.reader,
            url=f"sqlite:///{self.engine_file}",
            liveness=self.office.database.liveness,
            told=self._told,
            at_work={"login": self._at_work},
        )
        self.runner.start(partial(advance, self.office.engine))

    def wait_for(self, run_id: str, *statuses: RunStatus) -> RunStatus:
        self.until(lambda: self.office.run(run_id).status in statuses)
        return self.office.run(run_id).status

    def until(self, seen: Callable[[], bool]) -> None:
        """Looks after each turn."""
        with self._news:
            assert self._news.wait_for(seen, SOON)

    def _at_work(self, asked: WorkspaceSpec) -> bool:
        with self.office.database.unit() as unit:
            run = unit.runs.latest(asked.project)
        assert run is not None
        self.asked_about.append(run)
        return False

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
