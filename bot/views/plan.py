"""A plan as people read it before they decide: what is done stage by stage and what is risky about it; or why
there is none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from bot.model.card import Bullets, Card, Facts, Paragraph, Part
from provisioner.diagnosis import Way, diagnose
from provisioner.engine.inspection import Refused
from provisioner.engine.stage import Change, Goal, Plan, StagePlan, Verb
from provisioner.message import Message, itemised, listed, named
from provisioner.vendor_call import WorkError
from provisioner.workspace import Workspace

_DEX = Message(
    "Dex restarts: no one can log in to Kubeflow for a few seconds. Open sessions aren't affected."
)
_POLICY = Message("Shared IAM policies get a new version. Access for other workspaces doesn't change.")
SHARED = {"dex-user": _DEX, "s3-access-kubeflow": _POLICY, "s3-access-aia": _POLICY}
"""Side effects by stage. Approvers should know them, although no other workspace is changed."""


def plan_lines(plan: Plan) -> Bullets:
    items = [item for stage in plan.stages for item in _stage_items(stage)]
    if left := [stage.title for stage in plan.stages if idle(stage)]:
        items.append(
            Message("Already exist, no change: {listed}", listed=listed(left))
            if plan.goal is Goal.PRESENT
            else Message("Not found: {listed}", listed=listed(left))
        )
    return Bullets(tuple(items), _title(len(plan.changes), plan.goal))


def idle(stage: StagePlan) -> bool:
    """There is nothing to do for it: it is there already, or gone already."""
    return not stage.changes and stage.not_owned is None


def risks(plan: Plan) -> Iterable[Part]:
    """What is permanently deleted, and the side effects."""
    if plan.dangers:
        yield Bullets(
            tuple(_told(change) for change in plan.dangers), Message("Data that will be permanently deleted")
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


def lost_in_short(plan: Plan) -> Message:
    """For a question that has room for a few lines."""
    n = len(plan.changes)
    said = Message(
        "This can't be undone. {n} resource will be deleted.",
        plural="This can't be undone. {n} resources will be deleted.",
        n=n,
    )
    if not plan.dangers:
        return said
    lost = itemised(_told(change) for change in plan.dangers)
    return Message("{said} Permanently deleted data: {listed}", said=said, listed=lost)


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
        yield _told(change)


def _told(change: Change) -> Message:
    """The heading says whether it is made or deleted; only what half exists says more."""
    line = change.target
    if change.verb is Verb.UPDATE:
        line = Message("{target} (update)", target=line)
    return Message("{line} — {detail}", line=line, detail=change.detail) if change.detail else line


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
