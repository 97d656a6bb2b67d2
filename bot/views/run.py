"""The card once the request is approved: each stage, what it waits for, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable

from approvals.model import Request
from bot.card import (
    Action,
    Bullets,
    Button,
    Buttons,
    Card,
    Confirm,
    Line,
    Lines,
    Mark,
    Paragraph,
    Part,
    Small,
    Style,
)
from bot.proposal import Proposal
from bot.views.words import deciders, groups, name, person
from provisioner.message import Message, Ref, literal
from provisioner.plan import StagePlan
from provisioner.run import Run, RunStatus, StageProgress, StageStatus

MARKS = {
    StageStatus.PENDING: Mark.NEXT,
    StageStatus.ACTING: Mark.NOW,
    StageStatus.WAITING: Mark.WAITING,
    StageStatus.RETRYING: Mark.RETRYING,
    StageStatus.DONE: Mark.DONE,
    StageStatus.FAILED: Mark.FAILED,
}


def run_card(proposal: Proposal, request: Request, run: Run, again: Ref) -> Card:
    """`again`: what to type to ask for the same again."""
    project = name(proposal.asked.project)
    done = sum(run.progress(stage.stage).status is StageStatus.DONE for stage in proposal.plan.stages)
    title, text = _headline(run, project, done, len(proposal.plan.stages), person(request.asked_by))
    parts: list[Part] = [
        Lines(tuple(stage_line(stage, run.progress(stage.stage)) for stage in run.plan.stages))
    ]
    parts += _ending(request, run, again)
    buttons = _run_buttons(run)
    if buttons:
        parts.append(Buttons(buttons))
    parts.append(
        Small(
            Message(
                "{id} · asked by {who} · approved by {by}",
                id=name(run.id),
                who=person(request.asked_by),
                by=deciders(request),
            )
        )
    )
    return Card(title, text, tuple(parts))


def _headline(run: Run, project: Ref, done: int, n: int, who: Ref) -> tuple[Message, Message]:
    match run.status:
        case RunStatus.SUCCEEDED:
            return (
                Message("{project} is ready", project=project),
                Message(
                    "Workspace {project} for {who} is ready: everything was made and looked at again.",
                    project=project,
                    who=who,
                ),
            )
        case RunStatus.FAILED:
            return (
                Message("{project} failed: {done} of {n} done", project=project, done=done, n=n),
                Message(
                    "Creating {project} failed after {done} of {n} stages. What exists stays.",
                    project=project,
                    done=done,
                    n=n,
                ),
            )
        case RunStatus.CANCELLED:
            return (
                Message("{project} was cancelled: {done} of {n} done", project=project, done=done, n=n),
                Message(
                    "Creating {project} was cancelled after {done} of {n} stages. What exists stays.",
                    project=project,
                    done=done,
                    n=n,
                ),
            )
        case RunStatus.PARKED:
            return (
                Message("{project} is stopped: it needs a new approval", project=project),
                Message(
                    "The systems changed since {project} was approved. The new plan has to be approved.",
                    project=project,
                ),
            )
        case _:
            return (
                Message("Creating {project}: {done} of {n} done", project=project, done=done, n=n),
                Message(
                    "Creating workspace {project}: {done} of {n} stages are done.",
                    project=project,
                    done=done,
                    n=n,
                ),
            )


def stage_line(stage: StagePlan, progress: StageProgress) -> Line:
    note: Message | None = None
    match progress.status:
        case StageStatus.WAITING if progress.reason and progress.since:
            note = Message("{reason}, since {since}", reason=progress.reason, since=progress.since)
        case StageStatus.RETRYING if progress.reason and progress.until:
            note = Message(
                "{reason}; trying again at {until} (failed {n} time)",
                plural="{reason}; trying again at {until} (failed {n} times)",
                reason=progress.reason,
                until=progress.until,
                n=progress.tries,
            )
        case StageStatus.ACTING | StageStatus.FAILED if progress.reason:
            note = progress.reason
    return Line(MARKS[progress.status], stage.title, note)


def _ending(request: Request, run: Run, again: Ref) -> Iterable[Part]:
    if run.status is RunStatus.SUCCEEDED:
        made = sorted({change.target for change in run.plan.changes})
        if made:
            yield Bullets(tuple(Message("{target}", target=name(target)) for target in made), Message("Made"))
        yield Paragraph(
            Message(
                "The Kubeflow password is the platform's and is never shown here: ask {groups}.",
                groups=groups(request.gate.approvers),
            )
        )
    if run.status is RunStatus.CANCELLED:
        yield Paragraph(
            Message(
                "To go on, ask again with {command}: what exists is kept and only the rest is made.",
                command=again,
            )
        )


def _run_buttons(run: Run) -> tuple[Button, ...]:
    project = literal(run.asked.project)
    status = Button(
        Action.STATUS,
        Message("Status"),
        run.asked.project,
        spoken=Message("Status of {project}", project=project),
    )
    cancel = Button(
        Action.CANCEL,
        Message("Cancel"),
        run.id,
        Style.DANGER,
        Confirm(
            Message("Cancel {project}?", project=project),
            Message("It stops before the next change. What exists already stays."),
            Message("Cancel it"),
            Message("Go on"),
        ),
        Message("Cancel creating {project}", project=project),
    )
    retry = Button(
        Action.RETRY,
        Message("Retry"),
        run.id,
        Style.PRIMARY,
        spoken=Message("Try creating {project} again, from where it stopped", project=project),
    )
    match run.status:
        case RunStatus.SUCCEEDED | RunStatus.CANCELLED:
            return (status,)
        case RunStatus.FAILED:
            return (retry, status, cancel)
        case _:
            return (status, cancel)
