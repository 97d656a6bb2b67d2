"""A card: what a person is shown, as plain data. Slack, the terminal and tests each draw it their way.

Every word is a `Message`, so one card serves every language; nothing here knows Block Kit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from provisioner.message import Message


class Action(StrEnum):
    """What a button does. The value is its id, stored in messages already posted: never renamed."""

    APPROVE = "ws.req.approve"
    REJECT = "ws.req.reject"
    WITHDRAW = "ws.req.withdraw"
    CANCEL = "ws.run.cancel"
    RETRY = "ws.run.retry"
    ROLL_BACK = "ws.run.rollback"
    DETAILS = "ws.run.details"
    CONTINUE = "ws.run.continue"
    DELETE = "ws.run.delete"
    STATUS = "ws.status.run"
    OPEN_FORM = "ws.create.open"
    OPEN_DELETE = "ws.delete.open"
    HELP = "ws.help.open"


class Style(StrEnum):
    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"


class Mark(StrEnum):
    """The state of a line in a list of steps; each has a sign of its own shape and a word."""

    DONE = "done"
    GONE = "gone"  # done, where it was to be deleted
    KEPT = "kept"  # done, where it was to be deleted and is not ours
    NOW = "now"
    WAITING = "waiting"
    RETRYING = "retrying"
    TO_COME = "to come"
    FAILED = "failed"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Confirm:
    """Asked before a button does what it does."""

    title: Message
    text: Message
    yes: Message
    no: Message


@dataclass(frozen=True, slots=True)
class Button:
    action: Action
    label: Message  # at most 30 characters in every language
    value: str  # an id or a project's name, nothing else
    style: Style = Style.PLAIN
    confirm: Confirm | None = None
    spoken: Message | None = None  # for screen readers, where labels repeat


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: Message


@dataclass(frozen=True, slots=True)
class Facts:
    """Label and value, short: two columns stay two on a phone."""

    pairs: tuple[tuple[Message, Message], ...]


@dataclass(frozen=True, slots=True)
class Line:
    mark: Mark
    title: Message
    note: Message | None = None
    state: Message | None = None  # in place of the mark's own word


@dataclass(frozen=True, slots=True)
class Lines:
    """A list of steps or findings, each with its state."""

    lines: tuple[Line, ...]
    title: Message | None = None


@dataclass(frozen=True, slots=True)
class Bullets:
    items: tuple[Message, ...]
    title: Message | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """A vendor's or a person's own words, untranslated."""

    words: str
    code: bool = False  # shown as typed, in a fixed width


@dataclass(frozen=True, slots=True)
class Buttons:
    buttons: tuple[Button, ...]


@dataclass(frozen=True, slots=True)
class Small:
    """Ids and times, in small print."""

    text: Message


Part: TypeAlias = "Paragraph | Facts | Lines | Bullets | Quote | Buttons | Small"


@dataclass(frozen=True, slots=True)
class Card:
    """`text` is a full sentence that stands alone: notifications and screen readers have only that."""

    title: Message
    text: Message
    parts: tuple[Part, ...] = ()
