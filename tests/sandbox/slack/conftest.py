from collections.abc import Callable, Iterator

import pytest
from slack_sdk import WebClient

from sandbox.slack import MovableClock, Rates, SlackSimulator
from tests.sandbox.slack.bot import Bot, client


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def slack(clock: MovableClock) -> Iterator[SlackSimulator]:
    """A Slack without rates; a call it does not know fails the test."""
    simulator = SlackSimulator(rates=Rates.OFF, clock=clock)
    simulator.start()
    yield simulator
    simulator.stop()
    assert simulator.unknown_calls == []


@pytest.fixture
def web(slack: SlackSimulator) -> WebClient:
    return client(slack, slack.url)


@pytest.fixture
def make_bot(slack: SlackSimulator) -> Iterator[Callable[[], Bot]]:
    bots: list[Bot] = []

    def make() -> Bot:
        bots.append(Bot(slack, slack.url))
        return bots[-1]

    yield make
    for bot in bots:
        bot.close()


@pytest.fixture
def bot(make_bot: Callable[[], Bot]) -> Bot:
    return make_bot()
