"""A message that the bot keeps up to date or still has to send."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Purpose(StrEnum):
    CARD = "card"
    DIRECT = "direct"


class MessageState(StrEnum):
    NEW = "new"
    SENDING = "sending"  # found so after a crash, it is looked up by its metadata before it is repeated
    SENT = "sent"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedMessage:
    """One row a message: what it last showed, and how far its thread has told the journal."""

    key: str  # "WSR-0142" for a card, "WSR-0142/ready" for a direct message
    request_id: str
    purpose: Purpose
    channel: str  # an id; of a person, for DIRECT, until it is sent
    language: str
    state: MessageState = MessageState.NEW
    ts: str = ""
    link: str = ""  # the address of the message, once it stands
    root_ts: str = ""  # the thread it stands in, if it is a reply
    digest: str = ""  # of the card last shown
    told: int = 0  # number of the last journal entry told
    sending: int = 0  # number of the entry being told now; after a crash looked up by its metadata
    shown_at: datetime | None = None
    tries: int = 0
    next_at: datetime | None = None  # not looked at before; None: at once
    changed: int = 1  # counted up with each change of what it shows; only `mark` and `reopen` move it
    shown: int = 0  # what `changed` was when it last showed all there was


class TrackedMessageRepository(Protocol):
    """Messages inside one transaction of the caller's."""

    def add(self, message: TrackedMessage) -> bool: ...  # False: the key is there already

    def get(self, key: str) -> TrackedMessage | None: ...

    def save(self, message: TrackedMessage) -> None: ...  # all but `changed`; KeyError

    def close(self, message: TrackedMessage) -> bool:
        """Nothing will change any more. False, and nothing done, if something has since it was read."""
        ...

    def mark(self, projects: Collection[str], *, but: str = "") -> None:
        """What is shown of these projects has changed, on all messages that are not CLOSED, `but` one."""
        ...

    def reopen(self, key: str) -> None:
        """A message that stands and is CLOSED is looked at once more; any other is left as it is."""
        ...

    def to_tell(self, now: datetime) -> Sequence[TrackedMessage]:
        """Those that do not show all there is, are not CLOSED, and whose time has come; oldest first."""
        ...

    def at(
        self, channel: str, ts: str
    ) -> TrackedMessage | None: ...  # by the message's ts, or its thread's root

    def for_requests(self, ids: Collection[str]) -> Sequence[TrackedMessage]: ...  # oldest first
