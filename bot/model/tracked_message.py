"""A message that the bot keeps up to date or still has to send."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
