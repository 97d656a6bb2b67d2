"""A plan as people read it before they decide: what is done stage by stage, and what is risky about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from bot.model.card import Bullets, Paragraph, Part
from provisioner.engine.plan import Plan, StagePlan
from provisioner.engine.stage import Change, Goal, Verb
from provisioner.message import Message, itemised, listed

_DEX = Message(
    "dex is restarted: for some seconds nobody can log in to Kubeflow. Whoever is logged in stays so."
)
_POLICY = Message(
    "IAM policies that all workspaces share get a new version. What they say of other workspaces stays."
)
SHARED = {"dex-user": _DEX, "s3-access-kubeflow": _POLICY, "s3-access-aia": _POLICY}
"""By stage: what everybody notices of it. Who decides should know, although nobody's workspace is changed."""


def plan_lines(plan: Plan) -> Bullets:
    items = [item for stage in plan.stages for item in _stage_items(stage)]
    if left := [stage.title for stage in plan.stages if idle(stage)]:
        items.append(
            Message("There already, left as they are: {listed}", listed=listed(left))
            if plan.goal is Goal.PRESENT
            else Message("Not there: {listed}", listed=listed(left))
        )
    return Bullets(tuple(items), _title(len(plan.changes), plan.goal))


def idle(stage: StagePlan) -> bool:
    """There is nothing to do for it: it is there already, or gone already."""
    return not stage.changes and stage.stays is None


def risks(plan: Plan) -> Iterable[Part]:
    """What is lost for good, and what others notice."""
    if plan.dangers:
        yield Bullets(tuple(_told(change) for change in plan.dangers), Message("Data will be lost for good"))
    noticed = tuple(
        dict.fromkeys(SHARED[one.stage] for one in plan.stages if one.changes and one.stage in SHARED)
    )
    if noticed:
        yield Bullets(noticed, Message("What others notice"))
    if plan.goal is Goal.ABSENT:
        yield Paragraph(Message("It cannot be undone. No other workspace is changed."))
    elif not plan.dangers:
        yield Paragraph(Message("No data is deleted, and no other workspace is changed."))


def lost_in_short(plan: Plan) -> Message:
    """For a question that has room for a few lines."""
    n = len(plan.changes)
    said = Message(
        "It cannot be undone. {n} thing is deleted.",
        plural="It cannot be undone. {n} things are deleted.",
        n=n,
    )
    if not plan.dangers:
        return said
    lost = itemised(_told(change) for change in plan.dangers)
    return Message("{said} Lost for good: {listed}", said=said, listed=lost)


def _title(n: int, goal: Goal) -> Message:
    match goal:
        case Goal.PRESENT if n:
            return Message("What will be made: {n} thing", plural="What will be made: {n} things", n=n)
        case Goal.PRESENT:
            return Message("Nothing is left to be made; it is only looked at once more")
        case Goal.ABSENT if n:
            return Message("What will be deleted: {n} thing", plural="What will be deleted: {n} things", n=n)
        case Goal.ABSENT:
            return Message("Nothing is left to be deleted; it is only looked for once more")
    assert_never(goal)


def _stage_items(stage: StagePlan) -> Iterable[Message]:
    if stage.stays is not None:
        yield Message("{title}: not touched — {what}", title=stage.title, what=stage.stays)
    for change in stage.changes:
        yield _told(change)


def _told(change: Change) -> Message:
    """The heading says whether it is made or deleted; only what half exists says more."""
    line = change.target
    if change.verb is Verb.UPDATE:
        line = Message("{target}, to be completed", target=line)
    return Message("{line} — {detail}", line=line, detail=change.detail) if change.detail else line
