"""What is said in a card's thread, and in direct messages: one line a milestone."""

from __future__ import annotations

from enum import StrEnum

from approvals.model import Request
from bot.card import Card, Paragraph, Quote
from bot.proposal import Proposal
from bot.views.words import deciders, name, person
from provisioner.message import Message, Ref, RefKind
from provisioner.run import Entry, EntryKind

TOLD = frozenset(
    {
        EntryKind.STARTED,
        EntryKind.STAGE_RETRYING,
        EntryKind.STAGE_DONE,
        EntryKind.PARKED,
        EntryKind.FAILED,
        EntryKind.CANCELLED,
        EntryKind.SUCCEEDED,
        EntryKind.REQUEUED,
    }
)
"""Kinds of journal entry that people read; the others are for the record."""

CALLS = frozenset({EntryKind.FAILED, EntryKind.PARKED})
"""Kinds for which people are mentioned, because somebody has to act."""


def thread_line(entry: Entry) -> Message | None:
    """The entry as a line of the thread, or None when it is only for the record."""
    return entry.message if entry.kind in TOLD else None


class Moment(StrEnum):
    """When the person who asked is told directly. The value is part of a stored key: never renamed."""

    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"
    PARKED = "parked"
    CANCELLED = "cancelled"
    READY = "ready"


def direct_card(moment: Moment, proposal: Proposal, request: Request, link: str) -> Card:
    """A short direct message with the way to the card."""
    project = name(proposal.asked.project)
    said = _direct(moment, project, request)
    see = Message("See {link}.", link=Ref(RefKind.LINK, link, request.id))
    quote = (Quote(request.decisions[-1].comment),) if moment is Moment.REJECTED else ()
    return Card(said, said, (Paragraph(said), *quote, Paragraph(see)))


def _direct(moment: Moment, project: Ref, request: Request) -> Message:
    match moment:
        case Moment.APPROVED:
            return Message(
                "Your request for {project} was approved by {by}. It is being made now.",
                project=project,
                by=deciders(request),
            )
        case Moment.REJECTED:
            return Message(
                "Your request for {project} was rejected by {by}.",
                project=project,
                by=person(request.decisions[-1].actor),
            )
        case Moment.EXPIRED:
            return Message("Nobody decided on your request for {project} in time.", project=project)
        case Moment.FAILED:
            return Message(
                "Creating {project} failed. What exists stays; it can be tried again.", project=project
            )
        case Moment.PARKED:
            return Message(
                "Creating {project} stopped: the systems changed and the new plan needs an approval.",
                project=project,
            )
        case Moment.CANCELLED:
            return Message("Creating {project} was cancelled. What exists stays.", project=project)
        case Moment.READY:
            return Message("Your workspace {project} is ready.", project=project)
