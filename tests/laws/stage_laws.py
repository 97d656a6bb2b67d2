"""The nine laws of `provisioner/engine/stage.py`, run over one stage and one world.

A test module says which: a class that inherits `StageLaws`, and a fixture `fresh` that builds a `StageCase`
with a workspace nobody has touched, each time it is called.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from provisioner.engine.inspection import StageInspection, inspect
from provisioner.engine.stage import Change, Goal, Plan, Stage, StagePlan, Wait
from provisioner.message import Json, Message
from provisioner.vendor_call import Interrupted, NotOurs, WorkError
from provisioner.workspace import Workspace
from tests.fakes.fuse import CrashNow

TURNS_MOST = 400
PASSWORD = "canary of the laws"
CANARY = "$2b$10$aDvN60.Ot7YQzF742ILhNuv7M/my3HRnNC3/BrEz./I.uIsyLnuqq"
"""The bcrypt hash of `PASSWORD`, given to every case as the secret it must not tell."""


@dataclass(slots=True)
class Context:
    """What the engine gives a stage. Everything said goes into `told`."""

    clock: Callable[[], datetime]
    since: datetime
    told: list[str] = field(default_factory=list)
    announced: bool = False
    stop_before: int = 0  # the write that is interrupted, counted from 1; 0: none
    asked: int = 0
    others: Sequence[Workspace] = ()  # in line for the same document
    usual: float | None = None

    @property
    def now(self) -> datetime:
        return self.clock()

    @property
    def taken(self) -> float:
        return (self.now - self.since).total_seconds()

    @staticmethod
    def wake() -> None:
        """Nobody waits here."""

    def progress(self, message: Message, *, to_the_end: bool = False) -> None:  # noqa: ARG002 - as the engine's
        self.asked += 1
        if self.asked == self.stop_before:
            raise Interrupted(Message("told to stop"))
        self.announced = True
        self.told.append(str(message))

    def peers(self) -> Sequence[Workspace]:
        return self.others

    def record(self, message: Message, data: Mapping[str, Json]) -> None:
        self.told.append(f"{message} {json.dumps(data)}")


@dataclass(slots=True)
class Wire:
    """Stands between a stage and its client: notes each write, and may end the process after one."""

    client: Any
    writes: frozenset[str]
    context: Context
    dies_after: int = 0
    made: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        if name not in self.writes:
            return method

        def write(*args: Any, **options: Any) -> Any:
            assert self.context.announced, f"{name} was not announced by ctx.progress"
            self.context.announced = False
            result = method(*args, **options)
            self.made.append(name)
            if len(self.made) == self.dies_after:
                raise CrashNow
            return result

        return write


@dataclass(slots=True, kw_only=True)
class StageCase:
    """One stage over one world that holds nothing of its workspace yet."""

    ws: Workspace
    client: Any
    writes: frozenset[str]  # the methods of the client that change the world
    stage: Callable[[Any], Stage[Any]]  # over a client
    clock: Callable[[], datetime]
    pass_time: Callable[[float], None]
    ours: Callable[[], Any]  # what there is of this workspace
    neighbours: Callable[[], Any]  # everything else
    halves: Mapping[str, Callable[[], None]]  # ways to put half of it there
    strangers: Mapping[str, Callable[[], None]]  # ways for it to be somebody else's
    mixtures: Mapping[str, Callable[[], None]] = field(default_factory=dict)  # and for some of it to be ours
    failures: Mapping[str, Callable[[], None]] = field(default_factory=dict)  # ways to fail for good


@dataclass(slots=True)
class Trip:
    """A run of one stage to a goal, turn by turn as the engine takes them."""

    case: StageCase
    goal: Goal
    dies_after: int = 0
    stop_before: int = 0
    context: Context = field(init=False)
    wire: Wire = field(init=False)
    stage: Stage[Any] = field(init=False)
    first: tuple[Change, ...] | None = None

    def __post_init__(self) -> None:
        self.context = Context(self.case.clock, self.case.clock(), stop_before=self.stop_before)
        self.wire = Wire(self.case.client, self.case.writes, self.context, self.dies_after)
        self.stage = self.case.stage(self.wire)

    def changes(self) -> tuple[Change, ...]:
        """Raises `NotOurs` also where something of ours is there beside it."""
        found = self.inspect()
        if found.not_owned:
            raise found.not_owned
        return found.changes

    def inspect(self) -> StageInspection:
        return inspect(self.stage, self.case.ws, self.goal)

    def turn(self) -> tuple[tuple[Change, ...], Wait | None]:
        found = self.inspect()
        changes = found.changes
        self.first = changes if self.first is None else self.first
        self._tell(changes)
        if found.not_owned and not changes:
            raise found.not_owned
        if not changes:
            return changes, None
        act = self.stage.ensure if self.goal is Goal.PRESENT else self.stage.remove
        wait = act(self.case.ws, found.seen, self.context)
        if wait is not None:
            self.context.told.append(json.dumps(wait.reason.to_json()))
        return changes, wait

    def arrive(self) -> Trip:
        """Until nothing is left to do; each change on the way was in the first plan.

        Raises `NotOurs` for what is then still there.
        """
        for _ in range(TURNS_MOST):
            changes, wait = self.turn()
            if not changes:
                return self
            approved = Plan(self.goal, (StagePlan(self.stage.name, self.stage.title, self.first or ()),))
            assert all(approved.covers(self.stage.name, change) for change in changes)
            if wait is None:
                assert self.changes() == (), "it said that it was done"
                return self
            self.case.pass_time(wait.seconds)
        raise AssertionError(f"still to do after {TURNS_MOST} turns: {self.changes()}")

    def _tell(self, changes: Sequence[Change]) -> None:
        self.context.told.extend(json.dumps(change.to_json()) for change in changes)


Fresh = Callable[[], StageCase]


def made(case: StageCase) -> StageCase:
    Trip(case, Goal.PRESENT).arrive()
    return case


def begun(case: StageCase, goal: Goal) -> StageCase:
    return made(case) if goal is Goal.ABSENT else case


both = pytest.mark.parametrize("goal", list(Goal))


class StageLaws:
    @both
    def test_law_1_observing_and_planning_write_nothing(self, fresh: Fresh, goal: Goal) -> None:
        case = begun(fresh(), goal)
        before = case.ours(), case.neighbours()
        trip = Trip(case, goal)

        trip.changes()

        assert trip.wire.made == []
        assert (case.ours(), case.neighbours()) == before

    @both
    def test_law_1_only_what_was_planned_is_written_and_each_write_is_announced(
        self, fresh: Fresh, goal: Goal
    ) -> None:
        trip = Trip(begun(fresh(), goal), goal).arrive()

        assert trip.first
        assert trip.wire.made

    @both
    def test_law_2_then_nothing_is_left_to_do(self, fresh: Fresh, goal: Goal) -> None:
        trip = Trip(begun(fresh(), goal), goal).arrive()

        assert trip.changes() == ()

    @both
    def test_law_3_twice_is_once(self, fresh: Fresh, goal: Goal) -> None:
        case = begun(fresh(), goal)
        Trip(case, goal).arrive()
        there, again = case.ours(), Trip(case, goal)
        seen = again.stage.observe(case.ws, goal)

        act = again.stage.ensure if goal is Goal.PRESENT else again.stage.remove
        wait = act(case.ws, seen, again.context)

        assert (wait, again.wire.made, case.ours()) == (None, [], there)

    def test_law_4_removing_what_is_not_there_does_nothing(self, fresh: Fresh) -> None:
        trip = Trip(fresh(), Goal.ABSENT)

        seen = trip.stage.observe(trip.case.ws, Goal.ABSENT)
        wait = trip.stage.remove(trip.case.ws, seen, trip.context)

        assert (trip.changes(), wait, trip.wire.made) == ((), None, [])

    def test_law_4_half_of_it_is_completed(self, fresh: Fresh) -> None:
        whole = made(fresh()).ours()
        for half in fresh().halves:
            case = fresh()
            case.halves[half]()
            assert Trip(case, Goal.PRESENT).changes(), half

            Trip(case, Goal.PRESENT).arrive()

            assert case.ours() == whole, half

    @both
    def test_law_5_stopped_after_any_write_it_arrives_at_the_same_place(
        self, fresh: Fresh, goal: Goal
    ) -> None:
        usual = Trip(begun(fresh(), goal), goal).arrive()
        place = usual.case.ours()
        for number in range(1, len(usual.wire.made) + 1):
            case = begun(fresh(), goal)
            with pytest.raises(CrashNow):
                Trip(case, goal, dies_after=number).arrive()

            Trip(case, goal).arrive()

            assert case.ours() == place, f"after write {number}"

    @both
    def test_law_5_interrupted_before_any_write_it_arrives_at_the_same_place(
        self, fresh: Fresh, goal: Goal
    ) -> None:
        usual = Trip(begun(fresh(), goal), goal).arrive()
        place = usual.case.ours()
        for number in range(1, usual.context.asked + 1):
            case = begun(fresh(), goal)
            stopped = Trip(case, goal, stop_before=number)
            with pytest.raises(Interrupted):
                stopped.arrive()
            assert len(stopped.wire.made) == number - 1

            Trip(case, goal).arrive()

            assert case.ours() == place, f"before write {number}"

    def test_law_6_the_neighbours_stay(self, fresh: Fresh) -> None:
        case = fresh()
        before = case.neighbours()

        made(case)
        between = case.neighbours()
        Trip(case, Goal.ABSENT).arrive()

        assert (between, case.neighbours()) == (before, before)

    @both
    def test_law_7_what_is_not_ours_is_refused(self, fresh: Fresh, goal: Goal) -> None:
        for stranger in fresh().strangers:
            case = fresh()
            case.strangers[stranger]()
            before = case.ours()
            trip = Trip(case, goal)

            with pytest.raises(NotOurs):
                trip.changes()
            with pytest.raises(NotOurs):
                trip.turn()

            assert (trip.wire.made, case.ours()) == ([], before), stranger

    def test_law_7_what_is_ours_beside_it_is_removed(self, fresh: Fresh) -> None:
        for mixture in fresh().mixtures:
            case = fresh()
            case.mixtures[mixture]()
            trip = Trip(case, Goal.ABSENT)
            with pytest.raises(NotOurs) as told:
                trip.changes()
            assert trip.inspect().changes, mixture

            with pytest.raises(NotOurs) as left:
                trip.arrive()

            assert trip.wire.made, mixture
            assert str(left.value) == str(told.value), mixture

    def test_law_8_no_secret_is_told(self, fresh: Fresh) -> None:
        case = fresh()
        there = Trip(case, Goal.PRESENT).arrive()
        gone = Trip(case, Goal.ABSENT).arrive()

        assert not [line for line in (*there.context.told, *gone.context.told) if CANARY in line]
        assert CANARY not in repr([there.stage.observe(case.ws, goal) for goal in Goal])
        assert CANARY not in repr(vars(there.stage))

    def test_law_8_no_secret_is_told_in_an_error(self, fresh: Fresh) -> None:
        for failure in fresh().failures:
            case = fresh()
            case.failures[failure]()
            trip = Trip(case, Goal.PRESENT)

            with pytest.raises(WorkError) as failed:
                trip.arrive()

            error = failed.value
            texts = (str(error), repr(error), str(error.hint), str(error.cause), *trip.context.told)
            assert not [text for text in texts if CANARY in text], failure

    @both
    def test_law_9_a_plan_can_be_made_before_anything_exists(self, fresh: Fresh, goal: Goal) -> None:
        changes = Trip(fresh(), goal).changes()

        assert bool(changes) is (goal is Goal.PRESENT)
