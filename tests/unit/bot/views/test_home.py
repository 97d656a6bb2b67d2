"""App Home: what waits for whoever opens it, their own requests, and what runs."""

from __future__ import annotations

from tests.fakes.notifier import shown
from tests.fakes.office import Office
from tests.fakes.people import BOB, JUN, MINA, OLGA

WAITS = "Needs your attention"


def home(office: Office, user: str) -> str:
    return shown(office.service.home(office.who(user)))


def test_a_request_waits_for_those_who_may_decide_on_it_and_for_nobody_else(office: Office) -> None:
    request = office.requested()

    assert WAITS in home(office, BOB)
    assert request.id in home(office, BOB)
    for other in (MINA, OLGA):
        assert WAITS not in home(office, other)


def test_it_waits_no_longer_once_it_is_decided(office: Office) -> None:
    office.approves(office.requested())

    assert WAITS not in home(office, BOB)


def test_a_failed_run_waits_for_whoever_asked_and_for_the_approvers(office: Office) -> None:
    office.failed()

    for user in (MINA, BOB, JUN):
        assert WAITS in home(office, user)
        assert "failed" in home(office, user)
    assert WAITS not in home(office, OLGA)


def test_a_failed_run_waits_no_longer_once_it_was_given_up(office: Office) -> None:
    run = office.failed()
    office.service.cancel(office.who(BOB), run.id)
    office.settle()

    assert WAITS not in home(office, BOB)
