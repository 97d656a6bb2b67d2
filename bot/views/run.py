"""The card once the request is approved: each stage, what it waits for, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.model.card import Bullets, Buttons, Card, Line, Lines, Mark, Paragraph, Part, Small
from bot.model.request_view import RequestView
from bot.views.failure import deleted_by_command, failure_parts, there_now
from bot.views.phrases import deciders, pointer, queued
from bot.views.render_context import RenderContext
from bot.views.state import card_buttons, headline
from provisioner.engine.run import MOVING, Run, RunStatus, StageProgress, StageStatus
from provisioner.engine.stage import Change, Goal, StagePlan
from provisioner.message import Message, Ref, RefKind, groups, listed, named, person
from provisioner.workspace import Workspace

MARKS = {
    StageStatus.PENDING: Mark.TO_COME,
    StageStatus.ACTING: Mark.NOW,
    StageStatus.WAITING: Mark.WAITING,
    StageStatus.RETRYING: Mark.RETRYING,
    StageStatus.DONE: Mark.DONE,
    StageStatus.FAILED: Mark.FAILED,
}
_BEGUN = frozenset({StageStatus.ACTING, StageStatus.WAITING, StageStatus.RETRYING})


def run_card(case: RequestView, run: Run, frame: RenderContext) -> Card:
    title, text = headline(case)
    parts: list[Part] = [*_body(case, run, frame)]
    if case.later is not None and case.later.deletes:
        parts = [
            Paragraph(
                Message(
                    "Deletion {id} replaced this run. See its card for progress.",
                    id=pointer(case.later),
                )
            )
        ]
    buttons = card_buttons(case)
    if buttons:
        parts.append(Buttons(buttons))
    parts.append(
        Small(
            Message(
                "{id} · requested by {who} · approved by {by}",
                id=named(run.id),
                who=person(case.request.asked_by),
                by=deciders(case.request),
            )
        )
    )
    return Card(title, text, tuple(parts))


def _body(case: RequestView, run: Run, frame: RenderContext) -> Iterable[Part]:
    """Of finished work what it made or deleted, which says more than that each stage is done."""
    if run.status is not RunStatus.SUCCEEDED:
        yield _brief_lines(run)
        yield from _ending(case, run, frame)
    elif run.goal is Goal.ABSENT:
        yield from _gone(case, run, frame)
    else:
        yield from _ready(case, run, frame)


def _brief_lines(run: Run) -> Lines:
    """What happened stands below the lines of a run that failed, and is not said twice."""
    found = stage_lines(run)
    if run.status is not RunStatus.FAILED:
        return found
    failed = Mark.FAILED
    return Lines(tuple(replace(line, note=None) if line.mark is failed else line for line in found.lines))


def stage_lines(run: Run) -> Lines:
    """Each stage of a run; what a stage was at when the run ended is stopped, not under way."""
    moving = run.status in MOVING
    lines = [stage_line(stage, run.progress(stage.stage), moving=moving) for stage in run.plan.stages]
    if not moving and run.attempt == 1:  # later ones forget what an earlier one had begun
        lines = [_not_begun(line) for line in lines]
    return Lines(tuple(as_gone(line) for line in lines) if run.goal is Goal.ABSENT else tuple(lines))


def _not_begun(line: Line) -> Line:
    return replace(line, state=Message("not started")) if line.mark is Mark.TO_COME else line


def as_gone(line: Line) -> Line:
    """Of a deletion."""
    return replace(line, mark=Mark.GONE) if line.mark is Mark.DONE else line


def stage_line(stage: StagePlan, progress: StageProgress, *, moving: bool = True) -> Line:
    note = progress.not_owned
    if not moving and progress.status in _BEGUN:
        return Line(Mark.STOPPED, stage.title)
    match progress.status:
        case StageStatus.WAITING if progress.reason and progress.since:
            note = Message("{reason}, since {since}", reason=progress.reason, since=progress.since)
        case StageStatus.RETRYING if progress.reason and progress.until:
            note = Message(
                "{reason}; next retry {until} (failed {n} time)",
                plural="{reason}; next retry {until} (failed {n} times)",
                reason=progress.reason,
                until=progress.until,
                n=progress.tries,
            )
        case StageStatus.ACTING | StageStatus.FAILED if progress.reason:
            note = progress.reason
    mark = Mark.KEPT if progress.not_owned else MARKS[progress.status]
    return Line(mark, stage.title, note)


def _ending(case: RequestView, run: Run, frame: RenderContext) -> Iterable[Part]:
    match run.status:
        case RunStatus.QUEUED if case.place:
            yield Paragraph(queued(case.place))
        case RunStatus.FAILED:
            yield from failure_parts(case, run, frame)
        case RunStatus.CANCELLED:
            yield from _cancelled(case, run, frame)
        case RunStatus.PARKED:
            yield Paragraph(headline(case)[1])
            if case.later is not None and case.later.goal is run.goal:
                yield Paragraph(Message("The updated plan is in {id}.", id=pointer(case.later)))
            elif case.later is not None:
                yield Paragraph(_since(case.later, run))


def _ready(case: RequestView, run: Run, frame: RenderContext) -> Iterable[Part]:
    """The ways in, which people look for first, then what it consists of."""
    yield Bullets(tuple(_doors(Workspace(run.asked, frame.platform), frame)), Message("Access"))
    yield Paragraph(
        Message(
            "Ask {groups} for the Kubeflow password. It's never shown here.",
            groups=groups(case.request.gate.approvers),
        )
    )
    yield from _outcome(run)
    if case.later is not None:
        yield Paragraph(_since(case.later, run))


def _outcome(run: Run) -> Iterable[Part]:
    """What it made or deleted, each once, and which stages there was nothing to do for.

    What was done before the updated plan is no change in it any more: its title tells of it.
    """
    done: dict[Message, None] = {}
    left: list[Message] = []
    for stage in run.plan.stages:
        if not stage.idle:
            done |= dict.fromkeys(change.target for change in _carried_out(run, stage))
        elif run.progress(stage.stage).since is not None:
            done[stage.title] = None
        else:
            left.append(stage.title)
    gone = run.goal is Goal.ABSENT
    if left:
        nothing = (
            Message("Didn't exist: {listed}", listed=listed(left))
            if gone
            else Message("Already existed: {listed}", listed=listed(left))
        )
    if done:
        items = (*done, nothing) if left else tuple(done)
        yield Bullets(items, Message("Deleted") if gone else Message("Created"))
    elif left:
        yield Paragraph(nothing)


def _carried_out(run: Run, stage: StagePlan) -> tuple[Change, ...]:
    """What was approved, unless it turned out to have another owner before it was changed."""
    progress = run.progress(stage.stage)
    return () if progress.not_owned and progress.since is None else stage.changes


def _doors(ws: Workspace, frame: RenderContext) -> Iterable[Message]:
    yield Message("Kubeflow login: {login}", login=named(ws.login_email))
    if frame.links.conductor:
        address = Ref(RefKind.LINK, frame.links.conductor, ws.name)
        yield Message("AI Conductor workspace: {link}", link=address)
    if frame.links.grafana:
        yield Message("Grafana dashboard: {link}", link=frame.dashboard(ws))


def _gone(case: RequestView, run: Run, frame: RenderContext) -> Iterable[Part]:
    yield Paragraph(
        Message("Verified: only resources the bot doesn't own remain.")
        if run.not_owned
        else Message("Verified: nothing of this workspace remains in any system.")
    )
    if run.not_owned:
        yield Bullets(run.not_owned, Message("Left in place: resources the bot doesn't own"))
    yield from _outcome(run)
    yield Bullets(tuple(_leftovers(run, frame)), Message("Not removed by the bot"))
    if case.later is None:
        command = named(f"{frame.command} create {run.asked.project}")
        yield Small(
            Message(
                "This name is available again once the resources left in place are deleted: {command}",
                command=command,
            )
            if run.not_owned
            else Message("This name is available again: {command}", command=command)
        )


def _cancelled(case: RequestView, run: Run, frame: RenderContext) -> Iterable[Part]:
    later = case.later
    if later is not None and later.approved:
        yield Paragraph(_since(later, run))
        return
    if case.inventory is not None:
        yield from there_now(case)
    if later is not None:
        yield Paragraph(_since(later, run))
        return
    if run.goal is Goal.ABSENT:
        yield Paragraph(Message("Continue requests approval to delete the remaining resources."))
        return
    if case.inventory == ():
        yield Paragraph(Message("Continue requests approval to create the workspace."))
        return
    yield Paragraph(Message("Continue requests approval to create the rest. Existing resources are kept."))
    if case.was_ready:
        yield Paragraph(deleted_by_command(run, frame))
    elif case.removable:
        yield Paragraph(Message("Delete requests approval to delete the existing resources."))


def _since(later: RequestView, run: Run) -> Message:
    """A later request, open or approved. It takes up what was cancelled, or changes what this run left."""
    who, number = person(later.request.asked_by), pointer(later)
    goes_on = run.status is RunStatus.CANCELLED and later.goal is run.goal
    if later.approved:
        return (
            Message("Continued in {id}.", id=number)
            if goes_on
            else Message("Missing resources are created in {id}.", id=number)
        )
    if later.goal is Goal.ABSENT:
        return Message("{who} requested deletion: {id}.", who=who, id=number)
    if goes_on:
        return Message("{who} requested to continue: {id}.", who=who, id=number)
    return Message("{who} requested the missing resources: {id}.", who=who, id=number)


def _leftovers(run: Run, frame: RenderContext) -> Iterable[Message]:
    """What stays when a workspace is gone, because the bot does not remove it, and what people can do about
    it.

    Said with every finished deletion: silence would look as if nothing were left.
    """
    ws = Workspace(run.asked, frame.platform)
    yield Message(
        "Pipeline run and experiment records of {namespace} stay in the Kubeflow Pipelines databases"
        " (MySQL: {first}, {second}). Delete them there if required.",
        namespace=named(ws.namespace),
        first=named("mlpipeline"),
        second=named("metadb"),
    )
    yield Message(
        "Pipeline artifacts stay in the shared S3 bucket of Kubeflow Pipelines. Delete those of {namespace}"
        " there.",
        namespace=named(ws.namespace),
    )
    yield Message(
        "ECR repositories with {path} in their names stay. Delete them in ECR when the images are no longer"
        " needed.",
        path=named(f"/{ws.project}/ai-solutions/"),
    )
    yield Message(
        "Kubeflow sessions of {login} stay valid until they expire, but can't open anything. To end them"
        " now, delete them in the session store ({service}).",
        login=named(ws.login_email),
        service=named("oidc-authservice"),
    )
    if frame.links.grafana and ws.dashboard != ws.made_dashboard:
        yield Message(
            "Grafana dashboard {dashboard} was provided with the request, so it stays. Delete it in Grafana"
            " if it's no longer needed.",
            dashboard=frame.dashboard(ws),
        )
