"""The card in the channel: the one living message of a request, from asked to ready."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from approvals.model import Request, RequestStatus
from bot.card import (
    Action,
    Bullets,
    Button,
    Buttons,
    Card,
    Confirm,
    Facts,
    Paragraph,
    Part,
    Quote,
    Small,
    Style,
)
from bot.proposal import Proposal
from bot.views.run import run_card
from bot.views.words import create_command, deciders, groups, name, person
from provisioner.message import Message, Ref, literal
from provisioner.plan import Plan, StagePlan
from provisioner.run import Run
from provisioner.stage import Change, Goal, Verb
from provisioner.workspace import WorkspaceSpec


def request_card(proposal: Proposal, request: Request, run: Run | None, command: str) -> Card:
    """Drawn anew from what is stored each time; equal input gives an equal card.

    `command` is the slash command, for what may be typed next.
    """
    if run is not None and request.status is RequestStatus.APPROVED:
        followed = run.reference != request.id
        if followed:
            return _followed_card(proposal, request, run)
        return run_card(proposal, request, run, create_command(command, proposal.asked))
    if request.status is RequestStatus.PENDING:
        return _pending_card(proposal, request)
    return _closed_card(proposal, request, create_command(command, proposal.asked))


def _pending_card(proposal: Proposal, request: Request) -> Card:
    project = name(proposal.asked.project)
    again = bool(proposal.run_id)
    title = Message("Workspace request: {project}", project=project)
    text = Message(
        "Workspace request {id}: {who} asks for {project}. It can be decided until {until}.",
        id=name(request.id),
        who=person(request.asked_by),
        project=project,
        until=request.open_until,
    )
    parts: list[Part] = [
        Paragraph(
            Message(
                "The systems changed since this was approved, so {who} asks anew.",
                who=person(request.asked_by),
            )
            if again
            else Message("{who} asks for a new workspace.", who=person(request.asked_by))
        ),
        Quote(proposal.asked.why),
        _asked_facts(proposal.asked),
        _plan_lines(proposal.plan),
        *_risks(proposal.plan),
        Buttons(_decide_buttons(proposal, request)),
        Small(
            Message(
                "{id} · open until {until} · {n} of {groups} decides, not the person who asked",
                plural="{id} · open until {until} · {n} of {groups} decide, not the person who asked",
                id=name(request.id),
                until=request.open_until,
                n=request.gate.needed,
                groups=groups(request.gate.approvers),
            )
        ),
    ]
    if request.approvals:
        count = Message(
            "Approved by {who}: {n} of {needed}",
            who=deciders(request),
            n=request.approvals,
            needed=request.gate.needed,
        )
        parts.insert(-2, Paragraph(count))
    return Card(title, text, tuple(parts))


def _decide_buttons(proposal: Proposal, request: Request) -> tuple[Button, ...]:
    project = proposal.asked.project
    last = request.approvals + 1 >= request.gate.needed
    return (
        Button(
            Action.APPROVE,
            Message("Approve"),
            request.id,
            Style.PRIMARY,
            Confirm(
                Message("Approve {project}?", project=literal(project)),
                Message("The bot starts at once and makes exactly what this plan lists.")
                if last
                else Message("Somebody else has to approve it as well before the bot starts."),
                Message("Approve"),
                Message("Not yet"),
            ),
            Message("Approve the request for {project}", project=literal(project)),
        ),
        Button(
            Action.REJECT,
            Message("Reject…"),
            request.id,
            Style.DANGER,
            spoken=Message("Reject the request for {project}; asks for a reason", project=literal(project)),
        ),
        Button(
            Action.WITHDRAW,
            Message("Withdraw"),
            request.id,
            spoken=Message("Withdraw my request for {project}", project=literal(project)),
        ),
    )


def _followed_card(proposal: Proposal, request: Request, run: Run) -> Card:
    """The systems changed on the way, and the run goes on under a later approval."""
    project = name(proposal.asked.project)
    title = Message("{project} goes on under {id}", project=project, id=name(run.reference))
    text = Message(
        "The systems changed after {project} was approved; a new plan was approved as {id}.",
        project=project,
        id=name(run.reference),
    )
    return Card(title, text, (Paragraph(text), Small(Message("{id}", id=name(request.id)))))


def _closed_card(proposal: Proposal, request: Request, again: Ref) -> Card:
    project = name(proposal.asked.project)
    who = person(request.asked_by)
    left = Message("What exists stays.") if proposal.run_id else Message("Nothing was made.")
    parts: list[Part] = []
    match request.status:
        case RequestStatus.REJECTED:
            last = request.decisions[-1]
            title = Message("Rejected: {project}", project=project)
            text = Message(
                "{by} rejected the request of {who} for {project}. {left}",
                by=person(last.actor),
                who=who,
                project=project,
                left=left,
            )
            parts = [Paragraph(text), Quote(last.comment)]
        case RequestStatus.EXPIRED:
            title = Message("Expired: {project}", project=project)
            text = Message(
                "Nobody decided on the request of {who} for {project} in time. {left}",
                who=who,
                project=project,
                left=left,
            )
            parts = [Paragraph(text)]
        case _:
            title = Message("Withdrawn: {project}", project=project)
            text = Message(
                "{who} took the request for {project} back. {left}", who=who, project=project, left=left
            )
            parts = [Paragraph(text)]
    small = Message("{id} · to ask again: {command}", id=name(request.id), command=again)
    return Card(title, text, (*parts, Small(small)))


def _asked_facts(asked: WorkspaceSpec) -> Facts:
    return Facts(
        (
            (Message("Workspace"), Message("{name}", name=name(f"{asked.project}-ws"))),
            (
                Message("Size asked for"),
                Message(
                    "{spec}, {desired} of at most {max}",
                    spec=name(asked.spec),
                    desired=asked.desired,
                    max=asked.max,
                ),
            ),
        )
    )


def _plan_lines(plan: Plan) -> Bullets:
    n = len(plan.changes)
    title = (
        Message("What will be made: {n} thing", plural="What will be made: {n} things", n=n)
        if n
        else Message("Nothing is left to be made; it is only looked at once more")
    )
    return Bullets(tuple(item for stage in plan.stages for item in _stage_items(stage)), title)


def _stage_items(stage: StagePlan) -> Iterable[Message]:
    if not stage.changes:
        yield Message("{title}: there already, left as it is", title=stage.title)
    for change in stage.changes:
        line = _verb_line(stage.title, change)
        yield Message("{line} — {detail}", line=line, detail=change.detail) if change.detail else line


def _verb_line(title: Message, change: Change) -> Message:
    target = name(change.target)
    match change.verb:
        case Verb.CREATE:
            return Message("{title}: make {target}", title=title, target=target)
        case Verb.UPDATE:
            return Message("{title}: complete {target}", title=title, target=target)
        case Verb.DELETE:
            return Message("{title}: delete {target}", title=title, target=target)
    assert_never(change.verb)


def _risks(plan: Plan) -> Iterable[Part]:
    if plan.dangers:
        lost = tuple(Message("{target}", target=name(change.target)) for change in plan.dangers)
        yield Bullets(lost, Message("Data will be lost for good"))
    elif plan.goal is Goal.PRESENT:
        yield Paragraph(Message("No data is deleted, and no other workspace is changed."))
