"""The card in the channel: the one living message of a request, from asked to the end; with its plan as
people read it before they decide, or why there is none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import assert_never

from approvals.model import RequestStatus
from bot.model.card import (
    Bullets,
    Buttons,
    Card,
    Facts,
    Paragraph,
    Part,
    Quote,
    Small,
)
from bot.model.request_view import ProjectSummary, RequestView
from bot.views.phrases import again_command, deciders, pointer
from bot.views.render_context import RenderContext
from bot.views.run import run_card
from bot.views.state import card_buttons, change_line, failed_stage, headline, state
from provisioner.diagnosis import Way, diagnose
from provisioner.engine.inspection import Refused
from provisioner.engine.run import RunStatus
from provisioner.engine.stage import Goal, Plan, StagePlan
from provisioner.message import Json, Message, Ref, groups, listed, named, person
from provisioner.vendor_call import WorkError
from provisioner.workspace import Workspace

_DEX = Message(
    "Dex restarts: no one can log in to Kubeflow for a few seconds. Open sessions aren't affected."
)
_POLICY = Message("Shared IAM policies get a new version. Access for other workspaces doesn't change.")
SHARED = {"dex-user": _DEX, "s3-access-kubeflow": _POLICY, "s3-access-aia": _POLICY}
"""Side effects by stage. Approvers should know them, although no other workspace is changed."""


def request_card(case: RequestView, frame: RenderContext) -> Card:
    """Redrawn from what is stored each time; equal input gives an equal card."""
    run = case.run
    if run is not None and run.reference != case.request.id:
        return _followed_card(case)
    if run is not None:
        return run_card(case, run, frame)
    if case.request.pending:
        return _pending_card(case, frame)
    return _closed_card(case, again_command(frame.command, case.proposal))


def digest(card: Card) -> str:
    """sha256, in hex, over all that is shown; equal cards have equal digests in every process."""
    return hashlib.sha256(json.dumps(_plain(card), sort_keys=True).encode()).hexdigest()


def _plain(value: object) -> Json:
    match value:
        case Message():
            return value.to_json()
        case tuple():
            return [_plain(item) for item in value]
        case bool() | int() | float() | str() | None:
            return value
        case _:
            fields = getattr(value, "__dataclass_fields__", {})
            return {
                "part": type(value).__name__,
                **{name: _plain(getattr(value, name)) for name in fields},
            }


def _pending_card(case: RequestView, frame: RenderContext) -> Card:
    request, plan = case.request, case.proposal.plan
    title, text = headline(case)
    parts: list[Part] = [
        Paragraph(_why_now(case)),
        *_what_stopped(case),
        Quote(case.proposal.asked.why),
        Facts(tuple(_facts(case, frame))),
        plan_lines(plan),
        *risks(plan),
    ]
    if request.approvals:
        count = Message(
            "Approved by {who}: {n} of {needed}",
            who=deciders(request),
            n=request.approvals,
            needed=request.gate.needed,
        )
        parts.append(Paragraph(count))
    parts += [
        Buttons(card_buttons(case)),
        Small(
            Message(
                "{id} · expires {until} · needs one approval from {groups}, not from the requester",
                plural="{id} · expires {until} · needs {n} approvals from {groups}, not from the requester",
                id=named(request.id),
                until=request.open_until,
                n=request.gate.needed,
                groups=groups(request.gate.approvers),
            )
        ),
    ]
    return Card(title, text, tuple(parts))


def _why_now(case: RequestView) -> Message:
    who = person(case.request.asked_by)
    if case.proposal.run_id:
        return Message(
            "Something changed after {who}'s request was approved. Please review the updated plan.", who=who
        )
    if case.goal is Goal.ABSENT:
        return Message("{who} requested deletion of this workspace and everything in it.", who=who)
    before = case.before.run if case.before is not None and case.before.goal is Goal.PRESENT else None
    made = {stage.stage for stage in before.plan.stages if stage.changes} if before is not None else set()
    if any(not stage.changes and stage.stage in made for stage in case.proposal.plan.stages):
        return Message("{who} requested the missing resources of this workspace.", who=who)
    return Message("{who} requested a new workspace.", who=who)


def _what_stopped(case: RequestView) -> Iterable[Part]:
    """Of a deletion: the work whose remains go with it. Not what stopped about a workspace that was ready."""
    before = case.before
    if before is None or before.run is None or case.goal is not Goal.ABSENT:
        return
    run, number = before.run, pointer(before)
    creation = run.goal is Goal.PRESENT
    if creation and case.was_ready:
        return
    if run.status is RunStatus.CANCELLED and creation:
        yield Paragraph(Message("This deletes what {id} created before it was canceled.", id=number))
    if run.status is not RunStatus.FAILED or run.failure is None:
        return
    stage, what = failed_stage(run, run.failure), run.failure.what
    said = (
        Message("This rolls back {id}, which failed at {stage}: {what}.", id=number, stage=stage, what=what)
        if creation
        else Message("Deletion {id} failed at {stage}: {what}.", id=number, stage=stage, what=what)
    )
    known = diagnose(what, run.failure.cause)
    yield Paragraph(Message("{said} {cause}", said=said, cause=known.cause) if known else said)


def _facts(case: RequestView, frame: RenderContext) -> Iterable[tuple[Message, Message]]:
    asked, ws = case.proposal.asked, Workspace(case.proposal.asked, frame.platform)
    yield Message("Workspace"), Message("{name}", name=named(ws.name))
    if case.goal is Goal.ABSENT:
        yield from _there(case)
        return
    size = frame.platform.specs.get(asked.spec)
    spec = (
        Message("{spec} ({type})", spec=named(asked.spec), type=named(size.instance_type))
        if size
        else Message("{spec}", spec=named(asked.spec))
    )
    yield (
        Message("Nodes"),
        Message("{spec}: {desired} initial, {max} maximum", spec=spec, desired=asked.desired, max=asked.max),
    )
    if frame.links.grafana:
        given = ws.dashboard != ws.made_dashboard
        yield (
            Message("Grafana dashboard"),
            Message("{link}", link=frame.dashboard(ws)) if given else Message("new"),
        )


def _there(case: RequestView) -> Iterable[tuple[Message, Message]]:
    """Its owner and status, for the approvers of its deletion."""
    before = case.before
    if before is None:
        yield Message("Last requested by"), Message("no one (not created by the bot)")
        return
    yield (
        Message("Last requested by"),
        Message("{who}, {id}", who=person(before.request.asked_by), id=pointer(before)),
    )
    if before.run is not None:
        yield Message("Current status"), state(ProjectSummary(project=case.project, current=before))


def _closed_card(case: RequestView, again: Ref) -> Card:
    """Rejected, expired or withdrawn. `again`: what to type to ask for the same again."""
    request = case.request
    title, text = headline(case)
    parts: list[Part] = [Paragraph(text)]
    if request.status is RequestStatus.REJECTED:
        parts.append(Quote(request.decisions[-1].comment))
    small = Message("{id} · to request again: {command}", id=named(request.id), command=again)
    return Card(title, text, (*parts, Small(small)))


def _followed_card(case: RequestView) -> Card:
    """Something changed during the run, and it continues under a later approval."""
    title, text = headline(case)
    return Card(title, text, (Paragraph(text), Small(Message("{id}", id=named(case.request.id)))))


def plan_lines(plan: Plan) -> Bullets:
    items = [item for stage in plan.stages for item in _stage_items(stage)]
    if left := [stage.title for stage in plan.stages if stage.idle]:
        items.append(
            Message("Already exist, no change: {listed}", listed=listed(left))
            if plan.goal is Goal.PRESENT
            else Message("Not found: {listed}", listed=listed(left))
        )
    return Bullets(tuple(items), _title(len(plan.changes), plan.goal))


def risks(plan: Plan) -> Iterable[Part]:
    """What is permanently deleted, and the side effects."""
    if plan.dangers:
        yield Bullets(
            tuple(change_line(change) for change in plan.dangers),
            Message("Data that will be permanently deleted"),
        )
    noticed = tuple(
        dict.fromkeys(SHARED[one.stage] for one in plan.stages if one.changes and one.stage in SHARED)
    )
    if noticed:
        yield Bullets(noticed, Message("Side effects"))
    if plan.goal is Goal.ABSENT:
        yield Paragraph(Message("This can't be undone. Other workspaces aren't affected."))
    elif not plan.dangers:
        yield Paragraph(Message("No data is deleted. Other workspaces aren't affected."))


def _title(n: int, goal: Goal) -> Message:
    match goal:
        case Goal.PRESENT if n:
            return Message("Plan: {n} resource to create", plural="Plan: {n} resources to create", n=n)
        case Goal.PRESENT:
            return Message("Plan: nothing to create, only a final check")
        case Goal.ABSENT if n:
            return Message("Plan: {n} resource to delete", plural="Plan: {n} resources to delete", n=n)
        case Goal.ABSENT:
            return Message("Plan: nothing to delete, only a final check")
    assert_never(goal)


def _stage_items(stage: StagePlan) -> Iterable[Message]:
    if stage.not_owned is not None:
        yield Message("{title}: left in place — {what}", title=stage.title, what=stage.not_owned)
    for change in stage.changes:
        yield change_line(change)


def names_card(workspace: Workspace) -> Card:
    text = Message("Resource names for {project}", project=named(workspace.project))
    pairs = tuple((title, Message("{name}", name=named(derived))) for title, derived in workspace.names())
    return Card(text, text, (Facts(pairs),))


def reasons(unmade: Iterable[Refused], way: Way, goal: Goal) -> list[Message]:
    """Each once, with all that cannot be for it. `way`: how it is tried again, `goal`: what was asked for."""
    titles: dict[str, Message] = {}
    found: dict[str, Message] = {}
    for one in unmade:
        reason = _reason(one.error, way, goal)
        said = str(reason)
        some = titles.get(said)
        titles[said] = Message("{some}, {one}", some=some, one=one.title) if some else one.title
        found[said] = reason
    return [Message("{title}: {reason}", title=titles[said], reason=found[said]) for said in found]


def _reason(error: WorkError, way: Way, goal: Goal) -> Message:
    said = diagnose(error.what, error.cause, way=way, goal=goal)
    if said is not None:
        return Message("{what}. {cause} {remedy}", what=error.what, cause=said.cause, remedy=said.remedy)
    if error.hint is None:
        return Message("{what}.", what=error.what)
    return Message("{what}. {remedy}", what=error.what, remedy=error.hint)
