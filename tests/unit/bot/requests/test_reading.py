"""What people are shown is read by as many queries for a thousand as for one, and waits for nobody."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from approvals.model import Verdict
from provisioner.engine.run import RunStatus
from tests.fakes.history import Work, deleted, live, store
from tests.fakes.notifier import shown
from tests.fakes.office import Office
from tests.fakes.people import BOB, OLGA
from tests.fakes.statements import Sent, statements
from tests.laws.reading_laws import MOST, SHOWN, asked, names


def of_each(number: int) -> list[Work]:
    """So many workspaces, and a tenth of that of every other kind."""
    tenth = number // 10 or 1
    return [
        *live(names(number)),
        *deleted(names(tenth, "gone")),
        *(Work(name) for name in names(tenth, "open")),
        *(Work(name, RunStatus.FAILED) for name in names(tenth, "failed")),
        *(Work(name, RunStatus.WAITING) for name in names(tenth, "busy")),
    ]


@pytest.fixture(scope="module")
def small_and_large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, Office]]:
    """Ten workspaces, and three hundred."""
    small, large = Office(tmp_path_factory.mktemp("small")), Office(tmp_path_factory.mktemp("large"))
    store(small.database, of_each(10))
    store(large.database, of_each(300))
    yield small, large
    small.close()
    large.close()


@pytest.mark.parametrize("what", SHOWN)
def test_it_costs_the_same_few_queries_whatever_there_is(
    small_and_large: tuple[Office, Office], what: str
) -> None:
    few, many = (len(asked(office, SHOWN[what])) for office in small_and_large)

    assert few == many <= MOST


@pytest.mark.parametrize("what", SHOWN)
def test_it_takes_no_longer_after_years_of_use(tmp_path: Path, what: str) -> None:
    steps = []
    for number in (10, 100):
        (folder := tmp_path / str(number)).mkdir()
        office = Office(folder)
        store(office.database, [*deleted(names(number, "gone")), *live(names(3))])
        steps.append(sum(_steps(office, sent) for sent in asked(office, SHOWN[what])))
        office.close()

    assert steps[1] < steps[0] * 1.1


def _steps(office: Office, sent: Sent) -> int:
    """How much SQLite does for it, whatever else the machine has to do."""
    ticks = count()
    with office.database.reader() as unit:
        connection = unit.queries._connection
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.set_progress_handler(lambda: next(ticks) and None, 1)
        connection.exec_driver_sql(sent.text, sent.values).all()
        raw.set_progress_handler(None, 0)
    return next(ticks)


@pytest.mark.parametrize("what", SHOWN)
def test_who_looks_waits_for_no_writer(office: Office, what: str) -> None:
    store(office.database, of_each(2))

    with office.database.unit() as writing:
        writing.submissions.add(office.an_ask())
        assert shown(SHOWN[what](office))


def test_a_long_list_is_shown_page_by_page(office: Office) -> None:
    store(office.database, live(names(100)))

    first, last = shown(office.service.list()), shown(office.service.list(3, "/workspace list"))

    assert first.startswith("100 workspaces")
    assert "Page 1 of 3 · next: list 2" in first
    assert "Page 3 of 3 · first: /workspace list" in last
    assert "\np99\n" not in first
    assert "\np99\n" in last
    for beyond in (4, 99, 999_999):
        assert last == shown(office.service.list(beyond, "/workspace list"))


def test_a_short_list_has_no_pages(office: Office) -> None:
    store(office.database, live(names(40)))

    assert "Page" not in shown(office.service.list())


def test_a_name_that_is_hinted_at_is_one_of_which_something_is_there(office: Office) -> None:
    store(office.database, [*deleted(["alpha"]), *live(["bravo"])])

    assert "Did you mean" not in shown(office.service.status("alpho"))
    assert "Did you mean bravo?" in shown(office.service.status("brevo"))


def test_home_shows_of_very_many_the_first_and_how_many_more(office: Office) -> None:
    store(office.database, [Work(name, user=OLGA) for name in names(100)])

    assert "and 70 more" in shown(office.service.home(office.who(BOB)))


def test_at_rest_a_round_of_telling_asks_the_same_whatever_lies_open(tmp_path: Path) -> None:
    costs = []
    for number in (0, 300):
        (folder := tmp_path / str(number)).mkdir()
        office = Office(folder)
        opened = [Work(name) for name in names(number)]
        store(
            office.database, [*opened, *(Work(f"failed{n}", RunStatus.FAILED) for n in range(number // 10))]
        )
        office.settle()
        with statements() as sent:
            assert office.message_sync.sync_once() == 0
        costs.append(len(sent))
        office.close()

    assert costs[0] == costs[1] <= 2


def test_a_round_reads_all_that_changed_together(tmp_path: Path) -> None:
    """Many cards are read by as many queries as one; each is then looked at once more before it is told."""
    read = []
    for number in (1, 40):
        (folder := tmp_path / str(number)).mkdir()
        office = Office(folder)
        store(office.database, [Work(name) for name in names(number)])
        office.settle()
        office.later(seconds=5)
        for project in names(number):
            pending = office.pending(project)
            assert pending is not None
            office.service.decide(office.who(BOB), pending.id, Verdict.REJECT, "no")
        with statements() as sent:
            office.message_sync.sync_once()
        journal = [one for one in sent if "FROM journal" in one.text]
        read.append((len(journal), sum("FROM requests JOIN proposals" in one.text for one in sent)))
        office.close()

    assert read[0] == read[1]
