"""How long a piece of work may take, and what becomes of one that takes longer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from provisioner.vendor_call import OutOfTime, TimeLimit, check_time, together

SHORT = timedelta(seconds=0.05)
LONG = timedelta(seconds=30)
SOON = 5  # seconds, at most


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """What hangs in a test waits for this."""
    event = threading.Event()
    yield event
    event.set()


def test_work_in_time_gives_its_result() -> None:
    assert TimeLimit(LONG).run(lambda: 5) == 5


@pytest.mark.parametrize("error", [ValueError("no"), TimeoutError("of its own")])
def test_an_error_of_the_work_is_raised_as_it_is(error: Exception) -> None:
    def fails() -> None:
        raise error

    with pytest.raises(type(error)) as met:
        TimeLimit(LONG).run(fails)

    assert met.value is error


def test_work_that_hangs_is_given_up(release: threading.Event) -> None:
    with pytest.raises(OutOfTime) as late:
        TimeLimit(SHORT).run(release.wait)

    assert late.value.begun


def test_what_was_given_up_learns_it_before_it_sends_anything(release: threading.Event) -> None:
    learned = threading.Event()

    def sends_later() -> None:
        release.wait(SOON)
        try:
            check_time()
        except OutOfTime:
            learned.set()

    with pytest.raises(OutOfTime):
        TimeLimit(SHORT).run(sends_later)
    release.set()

    assert learned.wait(SOON)


def test_a_limit_within_another_has_what_that_one_has_left(release: threading.Event) -> None:
    inner, gave_up = TimeLimit(LONG), threading.Event()

    def asks() -> None:
        try:
            inner.run(release.wait)
        except OutOfTime:
            gave_up.set()
            release.wait()  # or it would be done in time, now and then

    with pytest.raises(OutOfTime):
        TimeLimit(SHORT).run(asks)

    assert gave_up.wait(SOON)


def test_what_hangs_does_not_pile_up(release: threading.Event) -> None:
    limit = TimeLimit(SHORT, at_once=2)
    for _ in range(2):
        with pytest.raises(OutOfTime):
            limit.run(release.wait)

    with pytest.raises(OutOfTime) as full:
        limit.run(lambda: 5)

    assert not full.value.begun


def test_room_is_given_back_once_the_work_has_ended() -> None:
    limit = TimeLimit(LONG, at_once=1)

    assert [limit.run(n.__abs__) for n in range(3)] == [0, 1, 2]


def test_pieces_of_work_side_by_side_share_one_limit(release: threading.Event) -> None:
    done, hung, never_begun = together([lambda: 5, release.wait, lambda: 6], within=SHORT * 2, at_once=1)

    assert done == 5
    assert isinstance(hung, OutOfTime)
    assert hung.begun
    assert isinstance(never_begun, OutOfTime)
    assert not never_begun.begun


def test_what_hangs_holds_up_nothing_beside_it(release: threading.Event) -> None:
    hung, done = together([release.wait, lambda: True], within=SHORT * 4, at_once=2)

    assert isinstance(hung, OutOfTime)
    assert done is True
