"""A system that hangs: who asked about it is told so, and nobody else waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from time import monotonic

import pytest

from bot.model.submission import Submission, SubmissionKind
from bot.requests.intake import in_a_thread
from tests.fakes.office import Office
from tests.fakes.people import BOB, MINA

SOON = 10  # seconds, at most
MANY = [f"hung{n}" for n in range(8)]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Answers side by side, as the bot does."""
    office = Office(tmp_path)
    office.close()
    office.start, office.looks_at_once = in_a_thread, 8
    office.begin()
    yield office
    office.intake.stop()
    office.close()


def impatient(office: Office) -> None:
    """A second is long for it."""
    office.close()
    office.look_within = timedelta(seconds=1)
    office.begin()


def a_look(office: Office, project: str, user: str = MINA) -> Submission:
    return replace(office.an_ask(project, user), kind=SubmissionKind.LOOK, spec={"project": project})


def in_time(look: Callable[[], object]) -> bool:
    """Whether it comes to that."""
    pause, end = Event(), monotonic() + SOON
    while monotonic() < end:
        if look():
            return True
        pause.wait(0.02)
    return False


def test_a_system_that_hangs_delays_only_who_asked_about_it(office: Office) -> None:
    with office.world.hanging("bucket", "alpha"):
        office.submissions("alpha")
        office.submissions("beta", BOB)

        assert in_time(lambda: office.pending("beta"))
        assert office.pending("alpha") is None


def test_a_submission_in_hand_is_not_taken_a_second_time(office: Office) -> None:
    with office.world.hanging("bucket", "alpha"):
        office.service.submit(office.an_ask("alpha"))

        assert [office.intake.process_due() for _ in range(3)] == [1, 0, 0]

    assert in_time(lambda: office.pending("alpha"))


def test_what_has_no_room_waits_until_there_is(office: Office) -> None:
    with office.world.hanging("bucket", *MANY):
        for project in (*MANY, "alpha"):
            office.service.submit(office.an_ask(project))

        assert office.intake.process_due() == len(MANY)
        assert office.intake.process_due() == 0
    assert in_time(lambda: office.pending(MANY[-1]))

    assert in_time(lambda: office.intake.process_due() or office.pending("alpha"))
    assert in_time(lambda: office.pending("alpha"))


def test_a_live_look_does_not_wait_for_requests_that_hang(office: Office) -> None:
    with office.world.hanging("bucket", *MANY):
        for project in MANY:
            office.submissions(project)
        office.service.submit(a_look(office, "alpha", BOB))
        office.intake.process_due()

        assert in_time(lambda: office.message_sync.sync_once() and office.chat.whispers(BOB))


def test_who_asks_for_a_workspace_is_told_what_did_not_answer_in_time(office: Office) -> None:
    impatient(office)

    with office.world.hanging("bucket", "alpha"):
        office.submissions("alpha")

        assert in_time(lambda: office.message_sync.sync_once() and office.chat.whispers(MINA))

    (said,) = office.chat.whispers(MINA)
    assert "Stage bucket: didn't answer within 1 s." in said
    assert "profile" not in said


def test_who_asks_for_a_live_look_is_told_what_was_read_and_what_did_not_answer(office: Office) -> None:
    impatient(office)

    with office.world.hanging("bucket", "alpha"):
        office.service.submit(a_look(office, "alpha"))
        office.intake.process_due()

        assert in_time(lambda: office.message_sync.sync_once() and office.chat.whispers(MINA))

    (said,) = office.chat.whispers(MINA)
    assert "1 stage couldn't be read" in said
    assert "Stage bucket: didn't answer within 1 s" in said
    assert "profile alpha is missing" in said


def test_the_bot_stops_without_waiting_for_a_system_that_hangs(office: Office) -> None:
    with office.world.hanging("bucket", "alpha"):
        office.submissions("alpha")
        began = monotonic()

        office.intake.stop(within=0.1)

        assert monotonic() - began < SOON
