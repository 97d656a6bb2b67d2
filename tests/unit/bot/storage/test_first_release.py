"""A database of the first release opens, and everything that was under way in it goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from approvals.model import RequestStatus, Verdict
from bot.storage.database import Database
from provisioner.engine.run import RunId, RunStatus
from tests.fakes.notifier import shown
from tests.fakes.office import Office
from tests.fakes.people import BOB, MINA

DUMP = Path(__file__).parents[3] / "data" / "first_release" / "office.sql"
"""Written by the first release: a workspace of each kind, each called by how it stands."""


class OldOffice(Office):
    def opened(self) -> Database:
        database = super().opened()
        database.migrate()
        return database


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = OldOffice(tmp_path)
    office.close()
    file = tmp_path / "bot.db"
    for old in tmp_path.glob("bot.db*"):
        old.unlink()
    stored = sqlite3.connect(file)
    stored.executescript(DUMP.read_text(encoding="utf-8"))
    stored.close()
    office.begin()
    yield office
    office.close()


def test_what_is_there_is_listed_and_what_is_gone_is_not(office: Office) -> None:
    listed = shown(office.service.list())

    assert listed.startswith("6 workspaces")
    for project in ("failed", "givenup", "moving", "open", "parked", "ready"):
        assert f"\n{project}\nWSR-" in listed
    for project in ("deleted", "unmade", "rejected"):
        assert f"\n{project}\n" not in listed
        assert f"{project}: " in shown(office.service.status(project))


def test_what_existed_when_a_run_stopped_is_known_without_its_journal(office: Office) -> None:
    with office.database.reader() as unit:
        of = {run.asked.project: run.inventory for run in unit.runs.all_latest()}

    for project in ("failed", "givenup"):
        assert [one.stage for one in of[project] or ()] == ["profile", "bucket", "policy", "nodes"]
    assert of["unmade"] == ()
    assert of["ready"] is None
    assert of["parked"] is None


def test_everything_under_way_goes_on_and_is_told(office: Office) -> None:
    with office.database.reader() as unit:
        (moving,) = unit.runs.in_flight()
    office.settle()
    # The stage of this test has no name that the first release knew, so its run asks for a new approval.
    for project in ("moving", "open", "asked", "parked"):
        assert office.pending(project) is not None, project
        while (request := office.pending(project)) is not None:  # one that fits no more is asked anew
            office.service.decide(office.who(BOB), request.id, Verdict.APPROVE)
            office.settle()

    assert office.run(moving.id).status is RunStatus.SUCCEEDED
    for project in ("open", "asked", "parked", "ready"):
        assert f"{project}: ready" in str(office.service.status(project).text)


def test_a_run_that_failed_is_rolled_back_from_its_old_card(office: Office) -> None:
    office.world.places["failed", "bucket"].parts += ["body", "mark"]
    with office.database.reader() as unit:
        run = unit.runs.latest("failed")
    assert run is not None

    assert office.service.roll_back(office.who(MINA), run.id, channel="C0REQUESTS")
    office.settle()

    request = office.pending("failed")
    assert request is not None
    office.approves(request, BOB)
    office.settle()
    assert office.request(request.id).status is RequestStatus.APPROVED
    assert office.run(RunId(f"{request.id}.1")).status is RunStatus.SUCCEEDED
