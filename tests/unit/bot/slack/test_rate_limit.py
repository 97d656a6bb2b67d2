"""How often something may be done."""

from __future__ import annotations

import pytest

from bot.slack.client import RateLimiter
from tests.fakes.clock import FakeClock


def test_a_bucket_gives_a_burst_and_then_evenly() -> None:
    clock = FakeClock()
    bucket = RateLimiter(a_minute=40, burst=3, timer=clock.elapsed)

    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 1.5]

    clock.pass_by(1.5)
    assert bucket.take() == 0
    assert bucket.take() == 1.5


def test_a_bucket_is_full_again_after_a_while_and_never_fuller() -> None:
    clock = FakeClock()
    bucket = RateLimiter(a_minute=60, burst=2, timer=clock.elapsed)
    for _ in range(2):
        bucket.take()

    clock.pass_by(3_600)

    assert [bucket.take() for _ in range(3)] == [0, 0, 1]


def test_what_can_wait_leaves_something_in_the_bucket_for_what_cannot() -> None:
    clock = FakeClock()
    bucket = RateLimiter(a_minute=60, burst=3, timer=clock.elapsed)

    assert [bucket.take(leave=2) for _ in range(2)] == [0, 1]
    assert [bucket.take() for _ in range(3)] == [0, 0, 1]

    clock.pass_by(1)
    assert bucket.take(leave=2) == 2
    assert bucket.take() == 0


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_set_changes_nothing(hours: int) -> None:
    clock = FakeClock()
    bucket = RateLimiter(a_minute=60, burst=1, timer=clock.elapsed)
    assert bucket.take() == 0

    clock.set_by(hours * 3_600)

    assert bucket.take() == 1
    clock.pass_by(1)
    assert bucket.take() == 0
