"""What the first release's real bot stored, and the files it was set up with, are read as they were meant."""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bot.config.settings import load
from bot.model.request_view import RequestView
from bot.slack.cards import render
from bot.storage.database import Database
from bot.texts import Texts
from bot.views.render_context import RenderContext
from bot.views.request import request_card
from bot.views.status import status_card
from bot.wiring import check_all
from provisioner.diagnosis import diagnose
from provisioner.engine.run import RunStatus
from tests.builders import a_platform

FOLDER = Path(__file__).parents[3] / "data" / "first_release"
STATES = {
    RunStatus.QUEUED: 2,
    RunStatus.RUNNING: 1,
    RunStatus.WAITING: 4,
    RunStatus.PARKED: 2,
    RunStatus.FAILED: 2,
}
"""Of the runs that are not over, so that each of them is in the dump."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    stored = sqlite3.connect(tmp_path / "bot.db")
    stored.executescript((FOLDER / "sandbox.sql").read_text(encoding="utf-8"))
    stored.close()
    database = Database(f"sqlite:///{tmp_path / 'bot.db'}")
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def views(database: Database) -> Mapping[str, RequestView]:
    with database.reader() as unit:
        summaries = unit.queries.summaries(unit.queries.projects())
        mine = unit.queries.home("U0MINA001", 30).mine
    ids = {each.id for known in (*summaries, *mine) for each in (known.current, known.pending) if each}
    with database.reader() as unit:
        return unit.queries.views(ids)


def test_every_request_is_drawn_in_both_languages(views: Mapping[str, RequestView]) -> None:
    texts, frame = Texts(), RenderContext(command="/workspace", platform=a_platform())

    assert len(views) > 20
    for view in views.values():
        for language in ("en", "ko"):
            assert render(request_card(view, frame), texts.for_locale(language))


def test_every_state_that_is_not_over_is_read(views: Mapping[str, RequestView]) -> None:
    runs = {view.run.id: view.run for view in views.values() if view.run}
    found = [run.status for run in runs.values()]

    assert {status: found.count(status) for status in STATES} == STATES


def test_every_change_of_every_plan_is_bound_by_what_it_is(views: Mapping[str, RequestView]) -> None:
    changes = [change for view in views.values() for change in view.proposal.plan.changes]

    assert len(changes) > 100
    assert [str(change.target) for change in changes if not change.kind or not change.name] == []


def test_what_failed_is_still_explained(views: Mapping[str, RequestView]) -> None:
    failures = [view.run.failure for view in views.values() if view.run and view.run.failure]

    assert len(failures) >= 2
    assert [str(failure.what) for failure in failures if diagnose(failure.what, failure.cause) is None] == []


def test_status_is_answered_for_every_project(database: Database) -> None:
    with database.reader() as unit:
        known = unit.queries.summaries(unit.queries.projects())

    assert len(known) > 10
    for each in known:
        assert str(status_card(each).text).startswith(f"{each.project}: ")


def test_every_setting_policy_and_file_still_works() -> None:
    lines = (FOLDER / "settings.env").read_text(encoding="utf-8").replace("FOLDER", str(FOLDER)).splitlines()
    given = dict(shlex.split(line)[0].split("=", 1) for line in lines if line and not line.startswith("#"))

    settings = load(given)
    check_all(settings)

    assert len(given) > 40
    assert set(settings.specs) == {"standard", "large", "gpu", "small"}
