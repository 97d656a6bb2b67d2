"""The card of a request that came to nothing, or whose run goes on under another one."""

from __future__ import annotations

from approvals.model import Request, RequestStatus
from bot.model.card import Card, Paragraph, Part, Quote, Small
from bot.views.phrases import name, person
from bot.views.request_view import RequestView
from provisioner.engine.run import Run
from provisioner.engine.stage import Goal
from provisioner.message import Message, Ref


def closed_card(case: RequestView, again: Ref) -> Card:
    """Rejected, expired or withdrawn. `again`: what to type to ask for the same again."""
    request = case.request
    text = _deletion(case, request) if case.goal is Goal.ABSENT else _creation(case, request)
    parts: list[Part] = [Paragraph(text)]
    if request.status is RequestStatus.REJECTED:
        parts.append(Quote(request.decisions[-1].comment))
    small = Message("{id} · to ask again: {command}", id=name(request.id), command=again)
    return Card(_title(case, request), text, (*parts, Small(small)))


def followed_card(case: RequestView, run: Run) -> Card:
    """The systems changed on the way, and the run goes on under a later approval."""
    project, number = name(case.project), name(run.reference)
    title = Message("{project} goes on under {id}", project=project, id=number)
    text = (
        Message(
            "The systems changed after the deletion of {project} was approved; a new plan was approved as"
            " {id}.",
            project=project,
            id=number,
        )
        if run.goal is Goal.ABSENT
        else Message(
            "The systems changed after {project} was approved; a new plan was approved as {id}.",
            project=project,
            id=number,
        )
    )
    return Card(title, text, (Paragraph(text), Small(Message("{id}", id=name(case.request.id)))))


def _title(case: RequestView, request: Request) -> Message:
    project = name(case.project)
    match request.status:
        case RequestStatus.REJECTED:
            return Message("Rejected: {project}", project=project)
        case RequestStatus.EXPIRED:
            return Message("Expired: {project}", project=project)
        case _:
            return Message("Withdrawn: {project}", project=project)


def _creation(case: RequestView, request: Request) -> Message:
    project, who = name(case.project), person(request.asked_by)
    left = Message("What exists stays.") if case.proposal.run_id else Message("Nothing was made.")
    match request.status:
        case RequestStatus.REJECTED:
            return Message(
                "{by} rejected the request of {who} for {project}. {left}",
                by=person(request.decisions[-1].actor),
                who=who,
                project=project,
                left=left,
            )
        case RequestStatus.EXPIRED:
            return Message(
                "Nobody decided on the request of {who} for {project} in time. {left}",
                who=who,
                project=project,
                left=left,
            )
        case _:
            return Message(
                "{who} took the request for {project} back. {left}", who=who, project=project, left=left
            )


def _deletion(case: RequestView, request: Request) -> Message:
    project, who = name(case.project), person(request.asked_by)
    left = Message("What exists stays.") if case.proposal.run_id else Message("Nothing was deleted.")
    match request.status:
        case RequestStatus.REJECTED:
            return Message(
                "{by} rejected the request of {who} to delete {project}. {left}",
                by=person(request.decisions[-1].actor),
                who=who,
                project=project,
                left=left,
            )
        case RequestStatus.EXPIRED:
            return Message(
                "Nobody decided on the request of {who} to delete {project} in time. {left}",
                who=who,
                project=project,
                left=left,
            )
        case _:
            return Message(
                "{who} took the request to delete {project} back. {left}",
                who=who,
                project=project,
                left=left,
            )
