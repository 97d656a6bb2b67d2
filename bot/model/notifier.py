"""The way out to people: the Notifier port."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.model.card import Card
from provisioner.message import Message
from provisioner.retry import backoff

BROKEN_AGAIN = timedelta(seconds=30)
"""Until what broke is tried again for the first time."""
TRIES_MOST = 24
"""About a day of ever longer pauses; what is over and done with is then left as it stands."""
LOOK_BACK = timedelta(minutes=5)
"""How long before its time a message is looked for that may have got out."""
PAUSE_MOST = timedelta(hours=1)
"""Nothing is put off for longer."""


def longer(first: timedelta, tries: int) -> timedelta:
    """The pause after that many tries: doubling from `first`, at most an hour."""
    return backoff(tries + 1, first=first, longest=PAUSE_MOST)


class NotifyError(Exception):
    """A message did not get out. Never fails a run: it is told later, or not at all."""


class Busy(NotifyError):
    """Rate limited, or the chat system is down, or its answer was lost: ask again in `retry_after` seconds.

    After a `Busy` it is unknown whether a post arrived; it is looked up by its key before it is repeated.
    """

    def __init__(self, retry_after: float, why: str = "") -> None:
        super().__init__(why or f"busy for {retry_after} s")
        self.retry_after = retry_after


class Gone(NotifyError):
    """The channel, message or person cannot be reached any more; `why` says how to mend it."""

    def __init__(self, why: Message) -> None:
        super().__init__(str(why))
        self.why = why


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message stands. `channel` is the id that updates want, also for a direct message."""

    channel: str
    ts: str


class Notifier(Protocol):
    """Each call is one message out, or a `NotifyError`. `key` is kept with the message for `find`."""

    def post(self, channel: str, card: Card, *, key: str, language: str, root_ts: str = "") -> Posted:
        """A new message in a channel, or to a person by their id; in the thread of `root_ts` if given."""
        ...

    def update(self, at: Posted, card: Card, *, key: str, language: str, urgent: bool = True) -> None:
        """`urgent`: it shows something that people act on. Where few updates are left, the others wait."""
        ...

    def reply(
        self, at: Posted, text: Message, *, key: str, language: str, mention: Sequence[str] = ()
    ) -> Posted: ...

    def whisper(self, channel: str, user: str, card: Card, *, language: str, root_ts: str = "") -> None:
        """For one person only; to their direct messages where the channel cannot be reached."""
        ...

    def find(self, channel: str, key: str, *, since: datetime, root_ts: str = "") -> Posted | None:
        """The message of ours with this key, if it arrived."""
        ...

    def link(self, at: Posted) -> str: ...
