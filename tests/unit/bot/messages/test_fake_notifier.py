"""The chat in memory keeps the laws, so what is tested against it holds for Slack."""

from __future__ import annotations

from datetime import datetime

import pytest

from bot.model.notifier import Posted
from tests.fakes.clock import FakeClock
from tests.fakes.notifier import FakeNotifier
from tests.fakes.people import MINA
from tests.laws.notifier_laws import NotifierLaws


class FakeChat:
    channel = "C0REQUESTS"
    person = MINA

    def __init__(self) -> None:
        clock = FakeClock()
        self.now: datetime = clock.now()
        self.notifier = FakeNotifier(clock=clock)

    def inventory(self, channel: str) -> list[str]:
        said = (said for said in self.notifier.said if said.channel == channel and not said.root_ts)
        return [_first(one.text) for one in said]

    def thread(self, at: Posted) -> list[str]:
        return [_first(said.text) for said in self.notifier.said if said.root_ts == at.ts]

    def direct(self, person: str) -> list[str]:
        return [_first(text) for text in self.notifier.directs(person)]

    def whispers(self, channel: str, person: str) -> list[str]:
        said = self.notifier.whispered
        return [_first(text) for where, to, text in said if (where, to) == (channel, person)]

    def lose_next_answer(self) -> None:
        self.notifier.losing = 1

    def go_down(self) -> None:
        self.notifier.down = True

    def come_back(self) -> None:
        self.notifier.down = False

    def close(self, channel: str) -> None:
        self.notifier.gone.add(channel)


def _first(text: str) -> str:
    """The fake keeps every word of a card; the first line is its title."""
    return text.splitlines()[0]


class TestFakeNotifier(NotifierLaws):
    @pytest.fixture
    def chat(self) -> FakeChat:
        return FakeChat()
