"""A chat in memory that remembers what was said to whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model.card import Button, Buttons, Card
from bot.model.notifier import Busy, Gone, Posted
from provisioner.message import Message
from tests.fakes.clock import FakeClock
from tests.fakes.fuse import Fuse


@dataclass(slots=True)
class Said:
    """One message. `channel` is the one it was sent to; a person's id for a direct message."""

    channel: str
    ts: str
    at: datetime
    key: str
    text: str
    root_ts: str = ""
    card: Card | None = None
    updates: int = 0


class FakeNotifier:
    """`Notifier`. `down`: it does not answer; `losing`: it does what it is told, and the answer is lost.

    `full`: channels that take no more posts now; `few`: only urgent updates are left.
    """

    def __init__(self, *, clock: FakeClock, fuse: Fuse | None = None) -> None:
        self.down = False
        self.losing = 0
        self.full: set[str] = set()
        self.few = False
        self.gone: set[str] = set()  # channels and people that cannot be reached
        self.said: list[Said] = []
        self.whispered: list[tuple[str, str, str]] = []  # channel, user, text
        self._clock = clock
        self._fuse = fuse or Fuse()

    # ------------------------------------------------------------------------------------ Notifier

    def post(self, channel: str, card: Card, *, key: str, language: str, root_ts: str = "") -> Posted:
        return self._say(channel, shown(card), key=key, root_ts=root_ts, card=card)

    def reply(
        self, at: Posted, text: Message, *, key: str, language: str, mention: Sequence[str] = ()
    ) -> Posted:
        people = "".join(f"@{user} " for user in mention)
        return self._say(at.channel, people + str(text), key=key, root_ts=at.ts)

    def update(self, at: Posted, card: Card, *, key: str, language: str, urgent: bool = True) -> None:
        self._reach(at.channel)
        if self.few and not urgent:
            raise Busy(2, "few updates are left")
        said = next((said for said in self.said if said.ts == at.ts), None)
        if said is None:
            raise Gone(Message("that message is not there any more"))

        def change() -> None:
            said.card, said.text, said.updates = card, shown(card), said.updates + 1

        self._fuse.through(change)
        self._answer()

    def whisper(self, channel: str, user: str, card: Card, *, language: str, root_ts: str = "") -> None:
        if channel in self.gone:
            self._say(user, shown(card), key="", root_ts="", card=card)
            return
        self._reach(channel)
        self._fuse.through(lambda: self.whispered.append((channel, user, shown(card))))
        self._answer()

    def find(self, channel: str, key: str, *, since: datetime, root_ts: str = "") -> Posted | None:
        self._reach(channel)
        for said in self.said:
            if said.channel == channel and said.key == key and said.at >= since and said.root_ts == root_ts:
                return Posted(channel, said.ts)
        return None

    def link(self, at: Posted) -> str:
        self._reach(at.channel)
        return f"https://chat.example/{at.channel}/{at.ts}"

    # ------------------------------------------------------------------------------------- looking

    def keys(self, channel: str) -> list[str]:
        """What stands in the channel itself, not in a thread."""
        return [said.key for said in self.said if said.channel == channel and not said.root_ts]

    def lines(self, channel: str) -> list[str]:
        """What was said in threads of the channel."""
        return [said.text for said in self.said if said.channel == channel and said.root_ts]

    def card_at(self, channel: str, key: str) -> str:
        return self._with(channel, key).text

    def buttons_at(self, channel: str, key: str) -> list[str]:
        card = self._with(channel, key).card
        return [button.action.value for button in _buttons(card)] if card else []

    def ts_of(self, channel: str, key: str) -> str:
        return self._with(channel, key).ts

    def root_of(self, channel: str, key: str) -> str:
        return self._with(channel, key).root_ts

    def directs(self, user: str) -> list[str]:
        return [said.text for said in self.said if said.channel == user]

    def whispers(self, user: str) -> list[str]:
        return [text for _, to, text in self.whispered if to == user]

    def doubled(self) -> list[str]:
        """Keys that were said more than once."""
        keys = [(said.channel, said.key) for said in self.said]
        return sorted({key for channel, key in keys if keys.count((channel, key)) > 1})

    # ------------------------------------------------------------------------------------- between

    def _say(self, channel: str, text: str, *, key: str, root_ts: str, card: Card | None = None) -> Posted:
        self._reach(channel)
        if channel in self.full:
            raise Busy(30, "the channel takes no more posts now")

        def say() -> Posted:
            at = self._clock.now() + timedelta(microseconds=len(self.said))
            ts = f"{at.timestamp():.6f}"
            self.said.append(Said(channel, ts, at, key, text, root_ts, card))
            return Posted(channel, ts)

        posted = self._fuse.through(say)
        self._answer()
        return posted

    def _with(self, channel: str, key: str) -> Said:
        return next(said for said in self.said if said.channel == channel and said.key == key)

    def _reach(self, channel: str) -> None:
        if self.down:
            raise Busy(5, "the chat is down")
        if channel in self.gone:
            raise Gone(Message("invite me to {channel}", channel=channel))

    def _answer(self) -> None:
        if self.losing:
            self.losing -= 1
            raise Busy(1, "the answer was lost")


def _buttons(card: Card) -> Iterator[Button]:
    for part in card.parts:
        if isinstance(part, Buttons):
            yield from part.buttons


def shown(card: Card) -> str:
    """Every word of a card, in order."""
    return "\n".join(
        [str(card.title), str(card.text), *(text for part in card.parts for text in _words(part))]
    )


def _words(value: object) -> Iterator[str]:
    match value:
        case Message():
            yield str(value)
        case str():
            yield value
        case tuple():
            for item in value:
                yield from _words(item)
        case _:
            for name in getattr(value, "__dataclass_fields__", {}):
                yield from _words(getattr(value, name))
