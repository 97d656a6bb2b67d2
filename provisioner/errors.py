"""How work on a vendor can fail. Three sorts and no more; anything else is a bug.

    WorkError
    ├── Temporary      try again later; uses up an attempt
    │   └── Unanswered nothing came of it in the time there was
    ├── Permanent      trying again changes nothing
    │   └── NotOurs    it exists and belongs to somebody else
    └── Interrupted    told to stop before the next write

`what` reads "cannot <verb> <object>". `cause` is facts only; `diagnosis` turns it into words for people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, PlainSerializer

from provisioner.message import Message, Record

LONGEST_WORDS = 4000


def _note_to_json(note: Message | None) -> Any:  # `Json` refers to itself, which pydantic cannot read
    return note.cut(LONGEST_WORDS).to_json() if note else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause(Record):
    """What a vendor answered. `raw_text` is its own.

    With a `note` it is no vendor's, but ours about the answer: `raw_text` is that in English, for logs and
    `diagnosis`, and people are shown the note. Both are kept up to `LONGEST_WORDS` characters: `redacted` has
    to see all of them.
    """

    service: str  # "s3", "kubernetes", "dex"
    operation: str  # "CreateBucket"
    raw_text: Annotated[str, Field(alias="words"), PlainSerializer(lambda text: text[:LONGEST_WORDS])]
    code: str = ""  # "AccessDenied", "409"
    request_id: str = ""
    note: Annotated[Message | None, PlainSerializer(_note_to_json)] = None

    @classmethod
    def noted(cls, note: Message, *, service: str, operation: str, code: str = "") -> Cause:
        """Where the vendor said nothing that can be quoted."""
        return cls(service=service, operation=operation, raw_text=str(note), code=code, note=note)

    @classmethod
    def broken(cls, error: Exception, *, service: str, operation: str) -> Cause:
        """Where there was no answer: a connection that did not come about, or broke."""
        return cls(service=service, operation=operation, raw_text=str(error), code=type(error).__name__)

    def redacted(self, redact: Callable[[str], str]) -> Cause:
        """A note that quotes a secret is not kept: its words without the secret are."""
        said = str(self.note)
        raw_text = redact(self.raw_text)[:LONGEST_WORDS]
        return replace(self, raw_text=raw_text, note=self.note if redact(said) == said else None)


class WorkError(Exception):
    """Work could not be done; see the module's docstring for the kinds."""

    def __init__(self, what: Message, *, cause: Cause | None = None, hint: Message | None = None) -> None:
        super().__init__(str(what))
        self.what = what
        self.cause = cause
        self.hint = hint

    def __str__(self) -> str:
        tail = f": {self.cause.raw_text}" if self.cause else ""
        return f"{self.what}{tail}"


class Temporary(WorkError):
    """Throttled, a time-out, a conflict, a vendor that is down. Tried again with backoff."""

    def __init__(
        self, what: Message, *, cause: Cause | None = None, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(what, cause=cause)
        self.retry_after = retry_after


class Unanswered(Temporary):
    """Given up after a limit of ours, so a person has waited that long already."""


class Permanent(WorkError):
    """Refused for good until a person changes something."""


class NotOurs(Permanent):
    """It exists and is not ours; never touched, whatever was approved.

    It ends a create. It does not end a deletion, which leaves it where it is (`inspection.inspect`).
    """


class Interrupted(WorkError):
    """The run was told to stop, or lost its guard; raised by `StageContext.progress` before a write."""
