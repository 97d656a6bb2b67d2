"""The application where transactions run side by side: who waits for a lock sees what was done meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import text

from approvals.model import RequestId
from bot.requests.lifecycle import give_up
from bot.storage.database import Database
from provisioner.engine.run import Entry, EntryKind, Run, RunStatus
from provisioner.engine.turn import advance
from provisioner.message import Message
from tests.conftest import Postgres
from tests.fakes.history import deleted, live, store
from tests.fakes.office import Office
from tests.fakes.people import MINA
from tests.laws.reading_laws import MOST, SHOWN, asked, names

WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


class PostgresOffice(Office):
    def __init__(self, folder: Path, address: str) -> None:
        self._address = address
        super().__init__(folder)

    def opened(self) -> Database:
        database = Database(self._address)
        database.migrate()
        return database

    def until_waiting(self, number: int) -> None:
        """So many others wait for somebody's lock."""
        moment = Event()
        for _ in range(200):
            with self.database.engine.connect() as connection:
                if connection.execute(text(WAITING)).scalar_one() >= number:
                    return
            moment.wait(0.05)
        raise AssertionError("nobody came to wait for a lock within ten seconds")


@pytest.fixture
def office(tmp_path: Path, postgres: Postgres) -> Iterator[Office]:
    address = postgres.new_database().render_as_string(hide_password=False)
    office = PostgresOffice(tmp_path, address)
    yield office
    office.close()


def test_no_new_plan_is_asked_for_a_run_that_is_given_up_in_that_moment(office: PostgresOffice) -> None:
    office.world.places["alpha", "bucket"].parts += ["body", "mark"]
    run = office.approves(office.requested())
    office.world.places["alpha", "bucket"].parts.clear()
    advance(office.engine, office.run(run.id))
    assert office.run(run.id).status is RunStatus.PARKED

    with ThreadPoolExecutor(1) as pool, office.database.unit() as unit:
        unit.requests.get_for_update(RequestId(run.reference))
        give_up(unit, unit.runs.get(run.id), office.clock.now(), Message("Given up"))
        asked = pool.submit(office.reapproval.reapprove_parked)
        office.until_waiting(1)
        unit.commit()
        assert asked.result() == 0

    assert office.pending() is None


def test_runs_that_start_together_all_start(office: PostgresOffice) -> None:
    """Each start moves the others up in the line, and so marks their cards."""
    runs = [office.approves(office.requested(f"alpha{number}")) for number in range(12)]
    ledger = office.database.ledger()

    def start(run: Run) -> None:
        run.to(RunStatus.RUNNING)
        entry = Entry(at=office.clock.now(), kind=EntryKind.STARTED, message=Message("Run started"))
        ledger.write(run, entry)

    with ThreadPoolExecutor(len(runs)) as pool:
        list(pool.map(start, runs))

    assert {office.run(run.id).status for run in runs} == {RunStatus.RUNNING}


def _under_way(office: PostgresOffice, project: str) -> Run:
    return office.approves(office.requested(project))


def _failed(office: PostgresOffice, project: str) -> Run:
    return office.failed(project)


@pytest.mark.parametrize("worked_on", [_under_way, _failed])
def test_who_looks_waits_for_nobody_who_decides(
    office: PostgresOffice, worked_on: Callable[[PostgresOffice, str], Run]
) -> None:
    worked_on(office, "beta")
    alpha = worked_on(office, "alpha")

    with office.database.unit() as unit:
        unit.requests.get_for_update(RequestId(alpha.reference))
        unit.runs.request_cancel(alpha.id)
        listed, home = office.service.list(), office.service.home(office.who(MINA))
        status = office.service.status("alpha")

    assert str(listed.text) == "2 workspaces"
    assert str(home.text) == "Workspaces"
    assert str(status.text).startswith("alpha: ")


@pytest.mark.parametrize("what", SHOWN)
def test_what_people_are_shown_costs_the_same_few_queries_here(office: PostgresOffice, what: str) -> None:
    costs = []
    for number in (10, 60):
        store(office.database, [*live(names(number)), *deleted(names(number, "gone"))])
        costs.append(len(asked(office, SHOWN[what])))

    assert costs[0] == costs[1] <= MOST
