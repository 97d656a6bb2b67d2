"""Whose a thing is, where the bucket decides.

The bucket carries our mark as a tag. What can carry no mark follows it: this bot makes no login, and
nothing in AI Conductor, before it has made its own bucket. So where our account has a bucket of the derived
name that is not ours, whoever made that made those as well, by the same runbook, which gives them our
names, and a deletion leaves both. Where another account has the name our bucket is gone, and what followed
it is ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from provisioner.engine.inspection import due
from provisioner.engine.stage import Change, Goal, Stage, StageContext, Wait
from provisioner.errors import NotOurs, Permanent
from provisioner.message import Message, named
from provisioner.workspace import Workspace

PROJECT = "workspace-bot/project"
"""Our mark: a tag whose value is the project, written inside CreateBucket."""


class Tags(Protocol):
    """What has to be known of S3 to tell."""

    def tags(self, bucket: str, *, account: str) -> Mapping[str, str] | None: ...  # None: not in this account


def require_owned(ws: Workspace, tags: Mapping[str, str]) -> None:
    """Raises `NotOurs` for a bucket of our account, by these tags, that is not this workspace's."""
    name, project = named(ws.bucket), tags.get(PROJECT, "")
    if not project:
        raise NotOurs(Message("S3 bucket {name} already exists and wasn't created by this bot", name=name))
    if project != ws.project:
        raise NotOurs(
            Message("S3 bucket {name} belongs to workspace {owner}", name=name, owner=named(project))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowerSeen:
    """`bucket`: tags of the bucket of our account; looked at only where there is something to be left."""

    seen: Any
    bucket: Mapping[str, str] | None = None


class OwnedThroughBucket:
    """The stage as it is, but for what a deletion leaves."""

    def __init__(self, stage: Stage[Any], buckets: Tags) -> None:
        self._stage = stage
        self._buckets = buckets

    @property
    def name(self) -> str:
        return self._stage.name

    @property
    def title(self) -> Message:
        return self._stage.title

    def locks(self, ws: Workspace) -> Sequence[str]:
        return self._stage.locks(ws)

    def observe(self, ws: Workspace) -> FollowerSeen:
        seen = self._stage.observe(ws)
        if not self._there(ws, seen):
            return FollowerSeen(seen=seen)
        return FollowerSeen(seen=seen, bucket=self._buckets.tags(ws.bucket, account=ws.platform.account))

    def plan(self, ws: Workspace, seen: FollowerSeen, goal: Goal) -> tuple[Change, ...]:
        if goal is Goal.ABSENT:
            _refuse_strangers(ws, seen)
        return self._stage.plan(ws, seen.seen, goal)

    def ensure(self, ws: Workspace, seen: FollowerSeen, ctx: StageContext) -> Wait | None:
        return self._stage.ensure(ws, seen.seen, ctx)

    def remove(self, ws: Workspace, seen: FollowerSeen, ctx: StageContext) -> Wait | None:
        _refuse_strangers(ws, seen)
        return self._stage.remove(ws, seen.seen, ctx)

    def _there(self, ws: Workspace, seen: Any) -> bool:
        """Whether there is something to be left. What is half removed already has a state, and goes."""
        try:
            changes, _ = due(self._stage, ws, seen, Goal.ABSENT)
        except Permanent:  # it is there, and cannot be removed
            return True
        return any(change.state is None for change in changes)


def _refuse_strangers(ws: Workspace, seen: FollowerSeen) -> None:
    if seen.bucket is not None:
        require_owned(ws, seen.bucket)
