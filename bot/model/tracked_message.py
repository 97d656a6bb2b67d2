"""A message that the bot keeps up to date or still has to send."""

from __future__ import annotations

from collections.abc import Sequence
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


class TrackedMessageRepository(Protocol):
    """Threads inside one transaction of the caller's."""

    def add(self, thread: TrackedMessage) -> bool: ...  # False: the key is there already

    def get(self, key: str) -> TrackedMessage | None: ...

    def save(self, thread: TrackedMessage) -> None: ...  # KeyError

    def open(self, now: datetime) -> Sequence[TrackedMessage]: ...  # not CLOSED and due, oldest first

    def at(
        self, channel: str, ts: str
    ) -> TrackedMessage | None: ...  # by the message's ts, or its thread's root

    def for_request(self, request_id: str) -> Sequence[TrackedMessage]: ...  # oldest first
