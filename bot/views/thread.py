"""What is said in a card's thread, and in direct messages: one line a milestone."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import reduce

from approvals.model import Request
from bot.card import Card, Paragraph, Quote
from bot.proposal import Proposal
from bot.views.words import deciders, name, person
from provisioner.diagnosis import diagnose
from provisioner.message import Json, Message, Ref, RefKind
from provisioner.run import Entry, EntryKind, Failure
from provisioner.survey import Standing

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


WORDS_SHOWN = 600
"""Characters of a vendor's own words in the thread; all of them stand in the journal."""


def thread_line(entry: Entry) -> Message | None:
    """The entry as people read it, or None when it is only for the record."""
    if entry.kind not in TOLD:
        return None
    lines = [entry.message]
    if entry.kind is EntryKind.FAILED:
        lines += _explained(Failure.from_json(_table(entry.data["failure"])))
    if "standing" in entry.data:
        lines.append(_standing(entry.data["standing"]))
    return reduce(lambda above, below: Message("{above}\n{below}", above=above, below=below), lines)


def _explained(failure: Failure) -> Iterator[Message]:
    """The vendor's words in short, the cause, what to do, and the reference."""
    if failure.cause is not None:
        words = failure.cause.words.strip()
        short = f"{words[:WORDS_SHOWN]}…" if len(words) > WORDS_SHOWN else words
        yield Message("{service} says: {words}", service=failure.cause.service, words=short)
    known = diagnose(failure.what, failure.cause)
    if known is not None:
        yield Message("Cause: {cause}", cause=known.cause)
        yield Message("What to do: {remedy}", remedy=known.remedy)
    elif failure.hint is not None:
        yield Message("What to do: {remedy}", remedy=failure.hint)
    else:
        yield Message("Cause: not known to me. Mend what the words above say, then press Retry.")
    yield Message("Reference: {reference}", reference=name(failure.reference))


def _standing(data: Json) -> Message:
    """What exists now, as it was seen when the run stopped."""
    found = [Standing.from_json(_table(one)) for one in data] if isinstance(data, list) else []
    unread = [Message("{title} (cannot be read)", title=one.title) for one in found if one.targets is None]
    there = [Message("{target}", target=name(target)) for one in found for target in one.targets or ()]
    if not unread and not there:
        return Message("There now: nothing")
    listed = reduce(lambda some, one: Message("{some}, {one}", some=some, one=one), [*there, *unread])
    return Message("There now: {listed}", listed=listed)


def _table(data: Json) -> dict[str, Json]:
    if not isinstance(data, dict):
        raise TypeError(f"a journal entry is not as it was written: {data!r}")
    return data


class Moment(StrEnum):
    """When the person who asked is told directly. The value is part of a stored key: never renamed."""

    UNSEEN = "unseen"  # there is no card, so nobody can decide
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"
    PARKED = "parked"
    CANCELLED = "cancelled"
    READY = "ready"


def direct_card(moment: Moment, proposal: Proposal, request: Request, link: str) -> Card:
    """A short direct message with the way to the card, if there is one."""
    project = name(proposal.asked.project)
    said = _direct(moment, project, request)
    quote = (Quote(request.decisions[-1].comment),) if moment is Moment.REJECTED else ()
    see = (Paragraph(Message("See {link}.", link=Ref(RefKind.LINK, link, request.id))),) if link else ()
    return Card(said, said, (Paragraph(said), *quote, *see))


def _direct(moment: Moment, project: Ref, request: Request) -> Message:
    match moment:
        case Moment.UNSEEN:
            return Message(
                "I cannot show your request for {project} in the channel for requests, so nobody can decide"
                " on it. I go on trying; please tell whoever runs the bot, whose log says why.",
                project=project,
            )
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
