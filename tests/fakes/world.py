"""A small world with a few stages in it, enough to try an engine on.

Each stage makes two parts, one write each, and may take time after the last. The world counts what is done
to it, and can be told to go wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Event

from provisioner.engine.stage import Change, Goal, Stage, StageContext, Step, Verb, Wait
from provisioner.message import Message, literal
from provisioner.vendor_call import NotOurs
from provisioner.workspace import Workspace
from tests.fakes.clock import FakeClock
from tests.fakes.fuse import Fuse

PARTS = ("body", "mark")
POLL = 10.0
HANGS_MOST = 60  # seconds


@dataclass(slots=True)
class Place:
    """What one stage has in the world for one project."""

    parts: list[str] = field(default_factory=list)
    busy_until: datetime | None = None  # the vendor is still at it
    data: bool = False  # somebody put their data there
    foreign: bool = False  # it was made by somebody else
    shared: bool = False  # somebody else has something there beside it


@dataclass(frozen=True, slots=True)
class Write:
    """One effect on the world, with the planned change it belongs to."""

    project: str
    stage: str
    part: str
    change: Change


@dataclass(frozen=True, slots=True)
class Look:
    parts: tuple[str, ...]
    busy: bool
    data: bool
    foreign: bool
    shared: bool


class FakeWorld:
    def __init__(self, clock: FakeClock, fuse: Fuse) -> None:
        self.clock = clock
        self.fuse = fuse
        self.places: defaultdict[tuple[str, str], Place] = defaultdict(Place)
        self.writes: list[Write] = []
        self._broken: defaultdict[str, list[Exception]] = defaultdict(list)
        self._dark: defaultdict[str, list[Exception]] = defaultdict(list)
        self._hung: dict[tuple[str, str], Event] = {}  # project, stage

    def made(self, project: str = "alpha") -> set[str]:
        """The stages that have everything they make."""
        return {
            stage
            for (owner, stage), place in self.places.items()
            if owner == project and set(place.parts) == set(PARTS)
        }

    def empty(self, project: str = "alpha") -> bool:
        return not any(place.parts for (owner, _), place in self.places.items() if owner == project)

    def effects(self) -> list[tuple[str, str, Verb]]:
        """What was done, without what it was part of."""
        return [
            (write.stage, write.part, Verb.DELETE if write.change.verb is Verb.DELETE else Verb.CREATE)
            for write in self.writes
        ]

    def breaks(self, stage: str, *errors: Exception) -> None:
        """The stage's next second writes fail with these, one after the other."""
        self._broken[stage].extend(errors)

    def hides(self, stage: str, *errors: Exception) -> None:
        """The stage's next looks fail with these."""
        self._dark[stage].extend(errors)

    @contextmanager
    def hanging(self, stage: str, *projects: str) -> Iterator[None]:
        """The stage's looks for these do not come back meanwhile."""
        released = Event()
        self._hung |= {(project, stage): released for project in projects}
        try:
            yield
        finally:
            self._hung.clear()
            released.set()

    def mends(self) -> None:
        self._broken.clear()
        self._dark.clear()

    def look(self, project: str, stage: str) -> Look:
        if (hung := self._hung.get((project, stage))) is not None:
            hung.wait(HANGS_MOST)
        return self.fuse.through(lambda: self._look(project, stage))

    def make(self, write: Write) -> None:
        self.fuse.through(lambda: self._make(write))

    def unmake(self, write: Write) -> None:
        self.fuse.through(lambda: self._unmake(write))

    def starts(self, project: str, stage: str, takes: timedelta) -> None:
        """Part of the write before it: the vendor goes on by itself."""
        self.places[project, stage].busy_until = self.clock.now() + takes

    def _look(self, project: str, stage: str) -> Look:
        if self._dark[stage]:
            raise self._dark[stage].pop(0)
        place = self.places[project, stage]
        busy = place.busy_until is not None and place.busy_until > self.clock.now()
        return Look(tuple(place.parts), busy, place.data, place.foreign, place.shared)

    def _make(self, write: Write) -> None:
        if write.part == PARTS[-1] and self._broken[write.stage]:
            raise self._broken[write.stage].pop(0)
        place = self.places[write.project, write.stage]
        assert not place.foreign
        place.parts.append(write.part)
        self.writes.append(write)

    def _unmake(self, write: Write) -> None:
        if write.part == PARTS[0] and self._broken[write.stage]:
            raise self._broken[write.stage].pop(0)
        place = self.places[write.project, write.stage]
        assert not place.foreign
        place.parts.remove(write.part)
        place.data = False
        self.writes.append(write)


class FakeStage(Stage[Look]):
    """Keeps the laws of stages. `lies`: it says that it is done when it is not.

    `to_the_end`: half of it harms others.
    """

    def __init__(
        self,
        world: FakeWorld,
        name: str,
        *,
        takes: timedelta = timedelta(0),
        locks: Sequence[str] = (),
        records: bool = False,
        to_the_end: bool = False,
    ) -> None:
        self._world = world
        self.name = name
        self.title = Message("Stage {name}", name=name)
        self._takes = takes
        self.locks = tuple(locks)
        self._records = records
        self._to_the_end = to_the_end
        self.lies = False

    def observe(self, ws: Workspace, goal: Goal) -> Look:
        return self._world.look(ws.project, self.name)

    def foreign(self, ws: Workspace, seen: Look, goal: Goal) -> NotOurs | None:
        target = literal(f"{self.name} {ws.project}")
        if seen.foreign:
            return NotOurs(Message("{target} belongs to somebody else", target=target))
        if seen.shared and goal is Goal.ABSENT:
            return NotOurs(Message("something beside {target} is not ours", target=target))
        return None

    def ours(self, ws: Workspace, seen: Look) -> Look | None:
        return seen if not seen.foreign and (seen.parts or seen.busy) else None

    def plan(self, ws: Workspace, seen: Look, goal: Goal) -> tuple[Change, ...]:
        target = literal(f"{self.name} {ws.project}")
        change = Change(Verb.CREATE, target, kind="fake", name=f"{self.name} {ws.project}")
        if goal is Goal.PRESENT:
            if not seen.parts:
                return (change,)
            complete = len(seen.parts) == len(PARTS) and not seen.busy
            return () if complete else (replace(change, verb=Verb.UPDATE),)
        there = bool(seen.parts) or seen.busy
        detail = Message("{n} objects", n=7) if seen.data else None
        gone = replace(change, verb=Verb.DELETE, detail=detail, destroys_data=seen.data)
        return (gone,) if there else ()

    def ensure(self, ws: Workspace, seen: Look, ctx: StageContext) -> Wait | None:
        (change,) = self.plan(ws, seen, Goal.PRESENT)
        missing = [part for part in PARTS if part not in seen.parts]
        return self._act(ws, seen, ctx, change, missing)

    def remove(self, ws: Workspace, seen: Look, ctx: StageContext) -> Wait | None:
        (change,) = self.plan(ws, seen, Goal.ABSENT)
        return self._act(ws, seen, ctx, change, [part for part in reversed(PARTS) if part in seen.parts])

    def _act(
        self, ws: Workspace, seen: Look, ctx: StageContext, change: Change, parts: list[str]
    ) -> Wait | None:
        if self.lies:
            return None
        waiting = Wait(POLL, Message("{target} is on its way", target=change.target))
        if seen.busy:
            return waiting
        for part in parts:
            if self._records:
                ctx.record(Message("about to touch {part}", part=part), {"part": part})
            ctx.progress(Message("touching {part}", part=part), to_the_end=self._to_the_end)
            write = Write(ws.project, self.name, part, change)
            if change.verb is Verb.DELETE:
                self._world.unmake(write)
            else:
                self._world.make(write)
        if parts and self._takes:
            self._world.starts(ws.project, self.name, self._takes)
            return waiting
        return None


def some_steps(world: FakeWorld) -> tuple[Step, ...]:
    """Five stages that need each other as the real ones do, in small."""
    slow = timedelta(seconds=25)
    return (
        Step(FakeStage(world, "profile"), after=("login",)),
        Step(FakeStage(world, "bucket"), after=("policy",)),
        Step(
            FakeStage(world, "policy", locks=("policy/shared",), records=True),
            needs=("bucket",),
            after=("nodes",),
        ),
        Step(FakeStage(world, "nodes", takes=slow), needs=("profile",)),
        Step(FakeStage(world, "login", locks=("configmap/dex",)), needs=("nodes",), after=("nodes",)),
    )
