"""What Slack waits for goes before answers, and how long an answer is held."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from bot.slack.transport import HELD_MOST, LULL, LULL_LONGEST, Acknowledgements

SOON = 5  # seconds, at most


class Time:
    """Passes only in pauses. `then`: what happens at the end of each, in turn."""

    def __init__(self) -> None:
        self.now = 0.0
        self.then: list[Callable[[], None]] = []

    def pause(self, seconds: float) -> None:
        self.now = round(self.now + seconds, 6)
        if self.then:
            self.then.pop(0)()


def test_an_answer_to_a_lone_command_waits_for_no_more_than_a_lull() -> None:
    time = Time()
    acks = Acknowledgements(timer=lambda: time.now, pause=time.pause)
    acks.begun()
    acks.ended()

    acks.let_by()

    assert time.now == LULL


def test_an_answer_waits_for_every_acknowledgement_that_is_due() -> None:
    time, order = Time(), list[str]()
    acks = Acknowledgements(timer=lambda: time.now, pause=time.pause)
    acks.begun()
    acks.begun()
    acks.ended()

    def last() -> None:
        order.append("acknowledged")
        acks.ended()

    time.then = [lambda: None, last]
    acks.let_by()
    order.append("answered")

    assert order == ["acknowledged", "answered"]
    assert time.now >= 3 * LULL


def test_an_answer_waits_for_what_has_arrived_and_is_not_read_yet() -> None:
    time, unread = Time(), ["a command"]

    def read(_within: float) -> None:
        if unread:
            unread.pop()
            acks.begun()
            time.then = [acks.ended]

    acks = Acknowledgements(read, timer=lambda: time.now, pause=time.pause)

    acks.let_by()

    assert not unread
    assert time.now >= 2 * LULL


def test_what_is_never_acknowledged_holds_an_answer_for_a_moment_only() -> None:
    time = Time()
    acks = Acknowledgements(timer=lambda: time.now, pause=time.pause)
    acks.begun()

    acks.let_by()

    assert HELD_MOST <= time.now < HELD_MOST + 2 * LULL


@pytest.mark.parametrize(("waiting", "lull"), [(1, LULL), (9, 9 * LULL), (30, LULL_LONGEST)])
def test_the_more_answers_wait_the_longer_nothing_may_have_come(waiting: int, lull: float) -> None:
    time, all_wait = Time(), threading.Event()

    def pause(seconds: float) -> None:
        assert all_wait.wait(SOON)
        time.pause(seconds)

    acks = Acknowledgements(timer=lambda: time.now, pause=pause)
    acks.begun()
    answers = [threading.Thread(target=acks.let_by) for _ in range(waiting)]
    for answer in answers:
        answer.start()
    while acks.waiting < waiting:
        assert not all_wait.wait(0.001)
    acks.ended()
    all_wait.set()
    for answer in answers:
        answer.join(SOON)

    assert acks.waiting == 0
    assert time.now == pytest.approx(lull)


def test_however_many_wait_and_whatever_comes_each_is_held_for_a_moment_only() -> None:
    """Acknowledgements come and go all the time: an answer that stood behind others does not begin anew."""
    time, all_wait = Time(), threading.Event()

    def pause(seconds: float) -> None:
        assert all_wait.wait(SOON)
        time.pause(seconds)
        acks.begun()
        acks.ended()

    acks = Acknowledgements(timer=lambda: time.now, pause=pause)
    acks.begun()
    acks.ended()
    answers = [threading.Thread(target=acks.let_by) for _ in range(30)]
    for answer in answers:
        answer.start()
    while acks.waiting < len(answers):
        assert not all_wait.wait(0.001)
    all_wait.set()
    for answer in answers:
        answer.join(SOON)

    assert acks.waiting == 0
    assert time.now <= HELD_MOST + LULL
