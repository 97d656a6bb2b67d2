"""The memory of the last few things, and the bucket."""

from __future__ import annotations

from bot.slack.rate_limit import RateLimiter
from bot.slack.recent import Recent
from tests.fakes.clock import FakeClock


def test_a_key_is_kept_once() -> None:
    recent: Recent[int] = Recent(10)

    assert [recent.add("a", 1), recent.add("a", 2)] == [True, False]
    assert recent.get("a") == 1


def test_the_oldest_is_forgotten_first() -> None:
    recent: Recent[int] = Recent(2)
    for number, key in enumerate("abc"):
        recent.add(key, number)

    assert [recent.get(key) for key in "abc"] == [None, 1, 2]


def test_what_is_put_again_is_young_again() -> None:
    recent: Recent[int] = Recent(2)
    for key in "abac":
        recent.put(key, ord(key))

    assert recent.get("b") is None
    assert recent.get("a") == ord("a")


def test_a_bucket_gives_a_burst_and_then_evenly() -> None:
    clock = FakeClock()
    bucket = RateLimiter(clock, a_minute=40, burst=3)

    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 1.5]

    clock.pass_by(1.5)
    assert bucket.take() == 0
    assert bucket.take() == 1.5


def test_a_bucket_is_full_again_after_a_while_and_never_fuller() -> None:
    clock = FakeClock()
    bucket = RateLimiter(clock, a_minute=60, burst=2)
    for _ in range(2):
        bucket.take()

    clock.pass_by(3_600)

    assert [bucket.take() for _ in range(3)] == [0, 0, 1]
