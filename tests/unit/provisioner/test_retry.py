"""When a thing is tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioner.retry import LONGEST_ASKED, backoff, retry_after

FIRST, LONGEST = timedelta(seconds=2), timedelta(seconds=15)


def test_pauses_double_and_end_at_the_longest() -> None:
    pauses = [
        backoff(tries, first=FIRST, longest=LONGEST).total_seconds() for tries in (1, 2, 3, 4, 5, 10_000)
    ]

    assert pauses == [2, 4, 8, 15, 15, 15]


def test_those_who_failed_together_come_back_apart_and_each_at_its_own_time() -> None:
    pauses = [backoff(3, first=FIRST, longest=LONGEST, salt=salt).total_seconds() for salt in "abcabc"]

    assert pauses[:3] == pauses[3:]
    assert len(set(pauses)) == 3
    assert all(4 <= pause <= 8 for pause in pauses)


@pytest.mark.parametrize("name", ["Retry-After", "retry-after"])
def test_a_server_says_when_to_come_back(name: str) -> None:
    assert retry_after({"Server": "x", name: "7"}) == timedelta(seconds=7)


@pytest.mark.parametrize("said", ["99999", "9" * 40])
def test_a_server_that_asks_for_hours_is_asked_again_sooner(said: str) -> None:
    assert retry_after({"Retry-After": said}) == LONGEST_ASKED


@pytest.mark.parametrize("said", ["", "soon", "²", "-1", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_what_is_no_number_of_seconds_says_nothing(said: str) -> None:
    assert retry_after({"Retry-After": said}) is None
