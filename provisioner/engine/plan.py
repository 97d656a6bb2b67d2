"""A plan is a value: shown, hashed, stored, approved, and compared with what a run is about to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.engine.stage import Change, Goal, Verb
from provisioner.message import Json, Message


@dataclass(frozen=True, slots=True)
class StagePlan:
    """What one stage would do; no changes: it is there (or gone) already.

    `not_owned` says what a deletion leaves because it is not ours. It is told, not bound by an approval:
    nothing is done about it.
    """

    stage: str
    title: Message
    changes: tuple[Change, ...]
    not_owned: Message | None = None

    def to_json(self) -> dict[str, Json]:
        return {
            "stage": self.stage,
            "title": self.title.to_json(),
            "changes": [change.to_json() for change in self.changes],
            "stays": self.not_owned.to_json() if self.not_owned else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StagePlan:
        changes = tuple(Change.from_json(change) for change in data["changes"])
        left = data.get("stays")  # plans that are older have none
        title = Message.from_json(data["title"])
        return cls(data["stage"], title, changes, Message.from_json(left) if left else None)


@dataclass(frozen=True, slots=True)
class Plan:
    """Every stage in the order it will run. A run makes only changes its approved plan covers."""

    goal: Goal
    stages: tuple[StagePlan, ...]

    @property
    def digest(self) -> str:
        """sha256, in hex, over goal, stage, and what binds of each change: what was approved, on record."""
        binding = [
            [stage.stage, change.verb.value, *change.binding, change.destroys_data]
            for stage in self.stages
            for change in stage.changes
        ]
        text = json.dumps(
            [self.goal.value, binding], sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(change for stage in self.stages for change in stage.changes)

    @property
    def dangers(self) -> tuple[Change, ...]:
        """Those that destroy data."""
        return tuple(change for change in self.changes if change.destroys_data)

    def covers(self, stage: str, change: Change) -> bool:
        """Whether this change was approved.

        Same stage, resource and promise; the same verb, or UPDATE of what was approved as CREATE (a crash
        in the middle leaves half of it); and it destroys no data unless that was approved.
        """
        return any(
            approved.binding == change.binding
            and (
                approved.verb is change.verb or (approved.verb is Verb.CREATE and change.verb is Verb.UPDATE)
            )
            and (approved.destroys_data or not change.destroys_data)
            for planned in self.stages
            if planned.stage == stage
            for approved in planned.changes
        )

    def to_json(self) -> dict[str, Json]:
        return {"goal": self.goal.value, "stages": [stage.to_json() for stage in self.stages]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        return cls(Goal(data["goal"]), tuple(StagePlan.from_json(stage) for stage in data["stages"]))
