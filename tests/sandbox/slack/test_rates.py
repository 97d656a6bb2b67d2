from collections.abc import Callable, Iterator

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack import MovableClock, Rates, SlackSimulator
from tests.sandbox.slack.bot import client


@pytest.fixture
def start(clock: MovableClock) -> Iterator[Callable[[Rates], WebClient]]:
    running: list[SlackSimulator] = []

    def make(rates: Rates) -> WebClient:
        slack = SlackSimulator(rates=rates, clock=clock)
        running.append(slack)
        return client(slack, slack.start())

    yield make
    for slack in running:
        slack.stop()


def until_refused(call: Callable[[], object], most: int) -> tuple[int, SlackApiError]:
    for number in range(most):
        try:
            call()
        except SlackApiError as error:
            return number, error
    raise AssertionError(f"not refused in {most} calls")


def test_updates_are_fifty_a_minute(start: Callable[[Rates], WebClient], clock: MovableClock) -> None:
    web = start(Rates.REAL)
    ts = web.chat_postMessage(channel="general", text="0")["ts"]

    done, error = until_refused(lambda: web.chat_update(channel="C0GENERAL1", ts=ts, text="1"), 60)

    assert 50 <= done <= 52
    assert (error.response.status_code, error.response["error"]) == (429, "ratelimited")
    assert int(error.response.headers["Retry-After"]) >= 1
    clock.advance(int(error.response.headers["Retry-After"]) + 1)
    assert web.chat_update(channel="C0GENERAL1", ts=ts, text="1")["ok"]


def test_one_method_over_its_limit_holds_back_no_other(start: Callable[[Rates], WebClient]) -> None:
    web = start(Rates.REAL)

    until_refused(web.usergroups_list, 30)

    assert web.users_info(user="U0MINA001")["ok"]


def test_posting_is_one_a_second_for_each_channel(
    start: Callable[[Rates], WebClient], clock: MovableClock
) -> None:
    web = start(Rates.REAL)

    done, _ = until_refused(lambda: web.chat_postMessage(channel="general", text="x"), 10)

    assert 5 <= done <= 6
    assert web.chat_postMessage(channel="workspace-requests", text="x")["ok"]
    clock.advance(1)
    assert web.chat_postMessage(channel="general", text="x")["ok"]


def test_rates_can_be_twenty_times_as_much_or_none(start: Callable[[Rates], WebClient]) -> None:
    fast, off = start(Rates.FAST), start(Rates.OFF)

    assert all(fast.usergroups_list()["ok"] for _ in range(60))
    assert all(off.chat_postMessage(channel="general", text="x")["ok"] for _ in range(120))
