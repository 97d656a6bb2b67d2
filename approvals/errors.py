"""Why somebody is told no. A closed set: each is said to the person as it stands, and is not an error.

`bot/texts` has the words for each, so a new one is added there too (a test compares).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


class Refusal(Exception):
    """Said privately to whoever asked or clicked; never logged as an error."""


@dataclass(slots=True, eq=False)
class NotAllowed(Refusal):
    """The policy does not let this person ask for this."""

    action: str
    groups: tuple[str, ...]  # who may


@dataclass(slots=True, eq=False)
class NobodyMayApprove(Refusal):
    """The rule's approvers, less the asker, are too few: the request could never be decided."""

    action: str
    needed: int
    groups: tuple[str, ...]


@dataclass(slots=True, eq=False)
class NotAnApprover(Refusal):
    """Only the named groups decide on this."""

    groups: tuple[str, ...]


@dataclass(slots=True, eq=False)
class SelfApproval(Refusal):
    """Nobody decides on their own request."""


@dataclass(slots=True, eq=False)
class AlreadyDecided(Refusal):
    """The request has reached `status` by `by` at `at`; the click changed nothing."""

    request_id: str
    status: str
    by: str
    at: datetime


@dataclass(slots=True, eq=False)
class AlreadyVoted(Refusal):
    """This person has approved it; somebody else is needed."""

    request_id: str


@dataclass(slots=True, eq=False)
class Expired(Refusal):
    """It was open until `at`."""

    request_id: str
    at: datetime


@dataclass(slots=True, eq=False)
class ReasonMissing(Refusal):
    """A rejection says why."""


@dataclass(slots=True, eq=False)
class NotYours(Refusal):
    """Only the person who asked may take it back."""

    request_id: str


@dataclass(slots=True, eq=False)
class AlreadyPending(Refusal):
    """One pending request a target; this is the one."""

    request_id: str
    target: str


@dataclass(slots=True, eq=False)
class KeyReused(Refusal):
    """The same key came with other content."""

    key: str


@dataclass(slots=True, eq=False)
class Unknown(Refusal):
    """There is no such request."""

    request_id: str
