"""A plan is a value: shown, hashed, stored, approved, and compared with what a run is about to do."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from provisioner.engine.stage import Change, Goal, Verb
from provisioner.message import Message
from provisioner.record import Record


@dataclass(frozen=True, slots=True)
class StagePlan(Record):
    """What one stage would do; no changes: it is there (or gone) already.

    `not_owned` says what a deletion leaves because it is not ours. It is told, not bound by an approval:
    nothing is done about it.
    """

    stage: str
    title: Message
    changes: tuple[Change, ...]
    not_owned: Annotated[Message | None, Field(alias="stays")] = None  # plans that are older have none


@dataclass(frozen=True, slots=True)
class Plan(Record):
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
