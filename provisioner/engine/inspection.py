"""Looking at every stage of a workspace at once, without touching anything.

The same look serves a preview (what would be done), the last look of a run (is it really so), a plan that
has to be approved anew, and the list of what exists when a run stops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from provisioner.deadline import LOOK_WITHIN, OutOfTime, together
from provisioner.engine.plan import Plan, StagePlan
from provisioner.engine.run import Inventory
from provisioner.engine.stage import Change, Goal, Stage, Step
from provisioner.errors import NotOurs, Unanswered, WorkError
from provisioner.message import Message
from provisioner.workspace import Workspace


@dataclass(frozen=True, slots=True)
class StageInspection:
    """What one stage would do now, or why that cannot be told."""

    stage: str
    title: Message
    changes: tuple[Change, ...] = ()
    error: Exception | None = None  # then `changes` says nothing
    seen: Any = None  # what was looked at, without what is not ours
    not_owned: NotOurs | None = None  # for ABSENT: what is left because it is not ours
    by_name: bool = False  # as in `Stage`

    @property
    def plan(self) -> StagePlan:
        return StagePlan(
            self.stage, self.title, self.changes, self.not_owned.what if self.not_owned else None
        )


@dataclass(frozen=True, slots=True)
class Refused:
    """Why one stage could not be planned."""

    stage: str
    title: Message
    error: WorkError


@dataclass(frozen=True, slots=True)
class Preview:
    """Every stage as it was found, in the order it would run."""

    goal: Goal
    inspections: tuple[StageInspection, ...]

    @property
    def refusals(self) -> tuple[Refused, ...]:
        """All the reasons why it cannot be planned, at once."""
        return tuple(
            Refused(found.stage, found.title, found.error)
            for found in self.inspections
            if isinstance(found.error, WorkError)
        )

    @property
    def foreign(self) -> tuple[Refused, ...]:
        """What is not ours, where nothing else there carries our mark either; else nothing.

        Then it is somebody else's workspace, and what has its names may be theirs, too: no deletion of it may
        be asked for.
        """
        if any(found.changes and not found.by_name for found in self.inspections):
            return ()
        return tuple(
            Refused(found.stage, found.title, found.not_owned)
            for found in self.inspections
            if found.not_owned
        )

    @property
    def plan(self) -> Plan | None:
        """None when there are refusals."""
        if any(found.error for found in self.inspections):
            return None
        return Plan(self.goal, tuple(found.plan for found in self.inspections))


def in_order(steps: Sequence[Step], goal: Goal) -> tuple[Step, ...]:
    """The order they run in: prerequisites first, otherwise as listed, for ABSENT from the end.

    Raises `ValueError` for a name given twice, a prerequisite that is no stage, and a circle.
    """
    names = [step.stage.name for step in steps]
    if len(set(names)) < len(names):
        raise ValueError(f"two stages have one name: {sorted(names)}")
    left = list(steps if goal is Goal.PRESENT else reversed(steps))
    ordered: list[Step] = []
    done: set[str] = set()
    while left:
        step = next((step for step in left if done.issuperset(prerequisites(step, goal))), None)
        if step is None:
            stuck = {step.stage.name: prerequisites(step, goal) for step in left}
            raise ValueError(f"stages wait for what never comes: {stuck}")
        left.remove(step)
        ordered.append(step)
        done.add(step.stage.name)
    return tuple(ordered)


def prerequisites(step: Step, goal: Goal) -> tuple[str, ...]:
    return step.needs if goal is Goal.PRESENT else step.after


def inspect_stages(
    steps: Sequence[Step], ws: Workspace, goal: Goal, *, at_once: int, within: timedelta = LOOK_WITHIN
) -> tuple[StageInspection, ...]:
    """Observe and plan each step, `at_once` side by side; answers in the order of `steps`.

    A stage that is not done `within` this time is `Unanswered`, and not waited for.
    """
    found = together([partial(_find, ws, goal, step) for step in steps], within=within, at_once=at_once)
    return tuple(
        _unanswered(step, within) if isinstance(one, OutOfTime) else one
        for step, one in zip(steps, found, strict=True)
    )


def unanswered(within: timedelta) -> Message:
    """After a title: of a stage, or of a system."""
    return Message("didn't answer within {seconds} s", seconds=round(within.total_seconds()))


def inventory(inspections: Sequence[StageInspection]) -> tuple[Inventory, ...]:
    """What exists, told from an inspection for ABSENT: what could be removed is there.

    What belongs to somebody else is left out.
    """
    told: list[Inventory] = []
    for found in inspections:
        if found.error:
            told.append(Inventory(found.stage, found.title, None))
        elif found.changes:
            targets = tuple(change.target for change in found.changes)
            states = {str(change.target): change.state for change in found.changes if change.state}
            told.append(Inventory(found.stage, found.title, targets, states))
    return tuple(told)


def inspect(stage: Stage[Any], ws: Workspace, goal: Goal) -> StageInspection:
    """Look at a stage, and plan it. The one place where it counts whose a thing is.

    What is not ours ends a create, as an error. A deletion leaves it, and is planned for what is ours beside
    it. Raises what the stage raises.
    """
    seen = stage.observe(ws, goal)
    not_owned = stage.foreign(ws, seen, goal)
    if not_owned and goal is Goal.PRESENT:
        raise not_owned
    if not_owned:
        seen = stage.ours(ws, seen)
    changes = () if not_owned and seen is None else stage.plan(ws, seen, goal)
    return StageInspection(
        stage.name, stage.title, changes, seen=seen, not_owned=not_owned, by_name=stage.by_name
    )


def _unanswered(step: Step, within: timedelta) -> StageInspection:
    error = Unanswered(unanswered(within))
    return StageInspection(step.stage.name, step.stage.title, error=error, by_name=step.stage.by_name)


def _find(ws: Workspace, goal: Goal, step: Step) -> StageInspection:
    stage = step.stage
    try:
        return inspect(stage, ws, goal)
    except Exception as error:  # noqa: BLE001 one stage's bug must not hide what the others found
        return StageInspection(stage.name, stage.title, error=error, by_name=stage.by_name)
