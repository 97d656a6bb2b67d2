"""Looking at every stage of a workspace at once, without touching anything.

The same look serves a preview (what would be done), the last look of a run (is it really so), a plan that
has to be approved anew, and the list of what exists when a run stops.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from provisioner.engine.inventory import Inventory
from provisioner.engine.plan import Plan, StagePlan
from provisioner.engine.stage import Change, Goal, PartlyOurs, Stage, Step
from provisioner.errors import NotOurs, WorkError
from provisioner.message import Message
from provisioner.workspace import Workspace


@dataclass(frozen=True, slots=True)
class StageInspection:
    """What one stage would do now, or why that cannot be told."""

    stage: str
    title: Message
    changes: tuple[Change, ...] = ()
    error: Exception | None = None  # then `changes` says nothing
    stays: NotOurs | None = None  # for ABSENT: what is left because it is not ours
    by_name: bool = False  # as in `Step`

    @property
    def plan(self) -> StagePlan:
        return StagePlan(self.stage, self.title, self.changes, self.stays.what if self.stays else None)


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
    def unclaimed(self) -> tuple[Refused, ...]:
        """What is not ours, where nothing else there carries our mark either; else nothing.

        Then it is somebody else's workspace, and what has its names may be theirs, too: no deletion of it may
        be asked for.
        """
        if any(found.changes and not found.by_name for found in self.inspections):
            return ()
        return tuple(
            Refused(found.stage, found.title, found.stays) for found in self.inspections if found.stays
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
    steps: Sequence[Step], ws: Workspace, goal: Goal, *, at_once: int
) -> tuple[StageInspection, ...]:
    """Observe and plan each step, `at_once` side by side; answers in the order of `steps`."""
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="survey") as pool:
        return tuple(pool.map(partial(_find, ws, goal), steps))


def inventory(inspections: Sequence[StageInspection]) -> tuple[Inventory, ...]:
    """What exists, told from a survey for ABSENT: what could be removed is there.

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


def due(stage: Stage[Any], ws: Workspace, seen: Any, goal: Goal) -> tuple[tuple[Change, ...], NotOurs | None]:
    """What has to be done, and what of it a deletion leaves because it is not ours.

    For PRESENT that is an error, as the stage says.
    """
    try:
        return stage.plan(ws, seen, goal), None
    except NotOurs as stranger:
        if goal is Goal.PRESENT:
            raise
        return (stranger.ours if isinstance(stranger, PartlyOurs) else ()), stranger


def _find(ws: Workspace, goal: Goal, step: Step) -> StageInspection:
    stage = step.stage
    found = StageInspection(stage.name, stage.title, by_name=step.by_name)
    try:
        changes, stays = due(stage, ws, stage.observe(ws), goal)
    except Exception as error:  # noqa: BLE001 one stage's bug must not hide what the others found
        return replace(found, error=error)
    return replace(found, changes=changes, stays=stays)
