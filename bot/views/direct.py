"""Direct messages to the person who asked: short, each with the way to the card."""

from __future__ import annotations

from enum import StrEnum

from bot.model.card import Card, Paragraph, Quote
from bot.views.phrases import deciders, name, person, pointer, stays
from bot.views.request_view import RelatedRequest, RequestView
from provisioner.engine.stage import Goal
from provisioner.message import Message, Ref, RefKind


class DirectMessageKind(StrEnum):
    """When the person who asked is told directly. The value is part of a stored key: never renamed."""

    UNSEEN = "unseen"  # there is no card, so nobody can decide
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"
    PARKED = "parked"
    CANCELLED = "cancelled"
    READY = "ready"  # made, or gone


def direct_card(moment: DirectMessageKind, case: RequestView, link: str) -> Card:
    """`link` is the address of the card, empty where there is none."""
    said = _deletion(moment, case) if case.goal is Goal.ABSENT else _creation(moment, case)
    quote = (Quote(case.request.decisions[-1].comment),) if moment is DirectMessageKind.REJECTED else ()
    see = (Paragraph(Message("See {link}.", link=Ref(RefKind.LINK, link, case.request.id))),) if link else ()
    return Card(said, said, (Paragraph(said), *quote, *see))


def _creation(moment: DirectMessageKind, case: RequestView) -> Message:
    project, request, left = name(case.project), case.request, stays(case.goal, case.inventory)
    match moment:
        case DirectMessageKind.UNSEEN:
            return Message(
                "I cannot show your request for {project} in the channel for requests, so nobody can decide"
                " on it. I go on trying; please tell whoever runs the bot, whose log says why.",
                project=project,
            )
        case DirectMessageKind.APPROVED:
            return Message(
                "Your request for {project} was approved by {by}. It is being made now.",
                project=project,
                by=deciders(request),
            )
        case DirectMessageKind.REJECTED:
            who = person(request.decisions[-1].actor)
            return Message("Your request for {project} was rejected by {by}.", project=project, by=who)
        case DirectMessageKind.EXPIRED:
            return Message(
                "Nobody decided on your request for {project} in time. You can ask again.", project=project
            )
        case DirectMessageKind.FAILED:
            return Message(
                "Creating {project} failed. {left} Its card shows what can be done next.",
                project=project,
                left=left,
            )
        case DirectMessageKind.PARKED:
            return Message(
                "Creating {project} stopped: the systems changed and the new plan needs an approval.",
                project=project,
            )
        case DirectMessageKind.CANCELLED:
            if (by := _deleted_by(case)) is not None:
                return Message(
                    "Creating {project} was given up: {id} deletes what exists of it.",
                    project=project,
                    id=pointer(by),
                )
            return Message("Creating {project} was cancelled. {left}", project=project, left=left)
        case DirectMessageKind.READY:
            return Message("Your workspace {project} is ready.", project=project)


def _deletion(moment: DirectMessageKind, case: RequestView) -> Message:
    project, request, left = name(case.project), case.request, stays(case.goal, case.inventory)
    match moment:
        case DirectMessageKind.UNSEEN:
            return Message(
                "I cannot show your request to delete {project} in the channel for requests, so nobody can"
                " decide on it. I go on trying; please tell whoever runs the bot, whose log says why.",
                project=project,
            )
        case DirectMessageKind.APPROVED:
            return Message(
                "Your request to delete {project} was approved by {by}. It is being deleted now.",
                project=project,
                by=deciders(request),
            )
        case DirectMessageKind.REJECTED:
            who = person(request.decisions[-1].actor)
            return Message("Your request to delete {project} was rejected by {by}.", project=project, by=who)
        case DirectMessageKind.EXPIRED:
            return Message(
                "Nobody decided on your request to delete {project} in time. You can ask again.",
                project=project,
            )
        case DirectMessageKind.FAILED:
            return Message(
                "Deleting {project} failed. {left} Its card shows what can be done next.",
                project=project,
                left=left,
            )
        case DirectMessageKind.PARKED:
            return Message(
                "Deleting {project} stopped: the systems changed and the new plan needs an approval.",
                project=project,
            )
        case DirectMessageKind.CANCELLED:
            if (by := _deleted_by(case)) is not None:
                return Message("Deleting {project} goes on under {id}.", project=project, id=pointer(by))
            return Message("Deleting {project} was cancelled. {left}", project=project, left=left)
        case DirectMessageKind.READY if case.run is not None and case.run.stays:
            return Message(
                "{project} is gone: it was looked for on every system, and only what is not ours was found.",
                project=project,
            )
        case DirectMessageKind.READY:
            return Message(
                "{project} is gone: it was looked for on every system and not found.", project=project
            )


def _deleted_by(case: RequestView) -> RelatedRequest | None:
    """The approved request that deletes what this one has left."""
    return case.later if case.later is not None and case.later.deletes else None
