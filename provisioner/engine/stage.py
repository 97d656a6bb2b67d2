"""What a stage is: it looks, plans, acts, and is looked at again; and the plan that all stages make.

A plan is a value: shown, hashed, stored, approved, and compared with what a run is about to do.

The laws every stage keeps (`tests/laws/stage_laws.py` runs them over each):
1. `observe` writes nothing; `ensure` and `remove` write only what `plan` named.
2. After `ensure`, `plan(PRESENT)` is empty; after `remove`, `plan(ABSENT)` is empty.
3. Twice is once, for both.
4. `remove` of what is not there does nothing; `ensure` over half of it completes it.
5. Stopped after any single write and called again, it arrives at the same place.
6. Neighbours stay: other users, comments, key order.
7. What exists and is not ours is told by `foreign`, for both goals, and never touched. A create ends there.
   A deletion leaves it; what there is of ours beside it is planned from `ours`, and removed. The engine sees
   to that (`inspect` in `provisioner/engine/inspection.py`): the other methods are given only what is ours.
8. No secret appears in any `Change`, `Wait` or error.
9. `observe` and `plan` work whatever the other stages are up to, so that a whole plan can be shown
   before anything exists.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import Field, model_validator

from provisioner.engine import first_release
from provisioner.message import Json, Message, Record
from provisioner.vendor_call import NotOurs
from provisioner.workspace import Workspace

_SHORTEST = 0.2  # seconds


class Goal(StrEnum):
    PRESENT = "present"
    ABSENT = "absent"


class Verb(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Change(Record):
    """One thing a person would want to know before saying yes.

    What binds is the verb, the `kind` ("s3-bucket": stored, so never renamed), the resource's own `name`,
    what is promised of it (`promise`: {"type": "m5.xlarge"}), and `destroys_data`. `target` and `detail` are
    for people and bind nothing; housekeeping inside a vendor (a restart, a version that makes room) is told
    in `detail` only, or a harmless difference would stop an approved run. None ever holds a secret.

    `state` tells what there is of the target where that is not simply it: of a node group that failed, its
    stack. It belongs to a DELETE, from which is told what exists.
    """

    verb: Verb
    target: Message
    detail: Message | None = None
    _: KW_ONLY
    kind: str
    name: str
    promise: Mapping[str, str] = field(default_factory=dict, hash=False)
    destroys_data: bool = False
    state: Message | None = None

    @property
    def binding(self) -> tuple[str, str, Mapping[str, str]]:
        """What it is about, without what is done to it."""
        return self.kind, self.name, self.promise

    @model_validator(mode="before")
    @classmethod
    def _of_the_first_release(cls, stored: Mapping[str, Any]) -> Mapping[str, Any]:
        if "kind" in stored:
            return stored
        kind, name, promise = first_release.binding(stored["target"])
        return {**stored, "kind": kind, "name": name, "promise": promise}


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

    @property
    def idle(self) -> bool:
        """There is nothing to do: it is there already, or gone already."""
        return not self.changes and self.not_owned is None


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


@dataclass(frozen=True, slots=True)
class Wait:
    """Not there yet; ask again in `seconds`. Uses up no attempt.

    `counts`: it takes of the time that a stage has. What waits in line has not begun.
    """

    seconds: float
    reason: Message
    _: KW_ONLY
    counts: bool = True


class StageContext(Protocol):
    """What a stage may use while it acts."""

    @property
    def now(self) -> datetime: ...

    @property
    def since(self) -> datetime:
        """When this attempt first acted on the stage: what began earlier is an earlier attempt's."""
        ...

    @property
    def taken(self) -> float:
        """Seconds that this attempt took for the stage until now, without those in line."""
        ...

    @property
    def usual(self) -> float | None:
        """Seconds that this stage took the last time it came to this goal, for any workspace, if known."""
        ...

    @property
    def wake(self) -> Callable[[], None]:
        """Lets the run look again at once at all it waits for; to be called any time, from any thread.

        For whoever watches what the stage waits for. Nothing may depend on it: another process may have the
        run by then.
        """
        ...

    def progress(self, message: Message, *, to_the_end: bool = False) -> None:
        """Before *every* write. Checks the guard and the wish to cancel; raises `Interrupted`.

        `to_the_end`: who leaves the stage after this write harms others. So from here on, also in the next
        process, a cancel waits until the stage is done or has failed, and no other stage of the run is
        attended to, since with its error the run would end.
        """
        ...

    def peers(self) -> Sequence[Workspace]:
        """Others that wait to edit the same shared document to the same end, as was approved for each.

        To be asked right before an edit, which may be made for them as well. Whoever makes it sees it
        through for all: a peer may be cancelled in the next moment.
        """
        ...

    def record(self, message: Message, data: Mapping[str, Json]) -> None:
        """Journalled, for good, before the write that follows. Never a secret."""
        ...


def pause(ctx: StageContext, longest: float, *, shortest: float = _SHORTEST) -> float:
    """Seconds until the next look at what a system is at: a quarter of the time that it took so far, or of
    what is left of the usual one.

    What is quick is seen at once, and so is the end of what takes as long as ever; what is slow costs few
    calls.
    """
    near = ctx.taken if ctx.usual is None else min(ctx.taken, abs(ctx.usual - ctx.taken))
    return min(max(near / 4, shortest), longest)


Seen = TypeVar("Seen")


class Stage(Protocol[Seen]):
    """What a stage says of itself, once for all workspaces, and what it can do for one.

    Stages inherit from this, so what most of them have in common need not be said.
    """

    name: str  # "dex-user": stored, so never renamed
    title: Message  # "Kubeflow login"
    locks: tuple[str, ...] = ()
    """Shared documents it edits; held while it acts, never while it waits. A template over the platform, as
    `at`: "policy/{at.kubeflow_policy}"."""
    long: bool = False
    """It takes minutes wherever it is done, so it is begun as soon as it may, before what is quick."""
    by_name: bool = False
    """Nothing it makes carries a mark of ours: what has the derived names is taken for ours, unless the
    workspace's bucket is somebody else's (`provisioner/ownership.py`)."""

    def observe(self, ws: Workspace, goal: Goal) -> Seen:
        """Look at what this goal needs and no more. Reports completeness, not existence.

        Raises `Temporary` or `Permanent`, never `NotOurs`.
        """
        ...

    def foreign(self, ws: Workspace, seen: Seen, goal: Goal) -> NotOurs | None:
        """Pure. What is there and not ours; the engine asks before all else, and nobody asks again."""
        ...

    def ours(self, ws: Workspace, seen: Seen) -> Seen | None:  # noqa: ARG002 - for those who have something
        """Pure. For ABSENT, beside what is `foreign`: what was seen without it. None: nothing is ours."""
        return None

    def plan(self, ws: Workspace, seen: Seen, goal: Goal) -> tuple[Change, ...]:
        """Pure. What has to be done; empty when there is nothing.

        Raises `Permanent` for what no run could do, so that nobody approves it.
        """
        ...

    def ensure(self, ws: Workspace, seen: Seen, ctx: StageContext) -> Wait | None: ...

    def remove(self, ws: Workspace, seen: Seen, ctx: StageContext) -> Wait | None: ...


@dataclass(frozen=True, slots=True)
class Step:
    """A stage at its place in the catalog.

    `needs` are the stages that must be done before it on create; `after`, on delete. Delete is not the
    mirror image of create, so both are said.
    """

    stage: Stage[Any]
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
