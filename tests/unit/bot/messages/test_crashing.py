"""The process ends before and after every effect on the world and the chat, once each; nothing shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from provisioner.engine.run import Run, RunStatus
from provisioner.engine.stage import Goal, Step
from provisioner.message import Message
from provisioner.vendor_call import Permanent
from tests.builders import a_cause
from tests.fakes.fuse import CrashNow
from tests.fakes.office import CHANNEL, Office
from tests.fakes.people import MINA
from tests.fakes.world import FakeStage, FakeWorld

pytestmark = pytest.mark.long  # the whole bot, once for each point

SHARES = 4
"""Of the points, so that they can be tried side by side."""


@dataclass(frozen=True, slots=True)
class Story:
    """`before` is not disturbed; `people` do again what they do not see done.

    `every`: how many points from one that is tried to the next.
    """

    before: Callable[[Office], None]
    people: Callable[[Office], None]
    every: int = 1


def _nothing(_office: Office) -> None:
    """There was nothing."""


def _made(office: Office) -> None:
    office.ready()
    office.world.places["alpha", "login"].data = True


def _half_made(office: Office) -> None:
    office.failed(stage="login", error=Permanent(Message("cannot make login"), cause=a_cause()))


def _create(office: Office) -> None:
    if office.pending() is None and _newest(office) is None:
        office.service.submit(replace(office.an_ask(), key="V-once"))
        office.settle()
    _approve(office)


def _delete(office: Office) -> None:
    run = _newest(office)
    if office.pending() is None and run is not None and run.goal is Goal.PRESENT:
        office.service.submit(replace(office.a_deletion(), key="V-once"))
        office.settle()
    _approve(office)


def _roll_back(office: Office) -> None:
    run = _newest(office)
    if office.pending() is None and run is not None and run.status is RunStatus.FAILED:
        office.service.roll_back(office.who(MINA), run.id, channel=CHANNEL)
        office.settle()
    _approve(office)


STORIES = {
    "create": Story(_nothing, _create),
    "delete": Story(_made, _delete),
    "roll back": Story(_half_made, _roll_back, every=3),
}


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("name", STORIES)
def test_U4_a_kill_at_any_point_changes_nothing_in_what_is_done_and_told(
    tmp_path: Path, name: str, share: int
) -> None:
    story = STORIES[name]
    first = Office(tmp_path, steps=one_step)
    story.before(first)
    first.close()
    whole = first.twin(tmp_path / "whole")
    story.people(whole)
    expected, effects = _told(whole), sorted(whole.world.effects())
    assert whole.world.empty() is (name != "create")
    whole.close()

    points = 0
    for point in range(share * story.every, 300, SHARES * story.every):
        office = first.twin(tmp_path / str(point))
        office.fuse.arm(point)
        try:
            story.people(office)
        except CrashNow:
            points += 1
            office.fuse.replace()
            office.close()
            office.begin()
            story.people(office)
        else:
            office.close()
            break
        assert _told(office) == expected, f"killed at point {point}"
        assert sorted(office.world.effects()) == effects, f"killed at point {point}"
        assert office.chat.doubled() == []
        office.close()
    assert points > 20 / SHARES / story.every


def _told(office: Office) -> tuple[list[str], list[str], list[str], str]:
    posts, directs = office.chat.lines(CHANNEL), sorted(office.chat.directs(MINA))
    lines = sorted(line for post in posts for line in post.splitlines())  # a kill may part what came together
    cards = "\n".join(office.chat.card_at(CHANNEL, key) for key in office.chat.keys(CHANNEL))
    return office.chat.keys(CHANNEL), lines, directs, cards


def _approve(office: Office) -> None:
    request = office.pending()
    if request is not None:
        office.approves(request)
    for _ in range(4):
        office.settle()
        office.later(seconds=40)


def _newest(office: Office) -> Run | None:
    with office.database.unit() as unit:
        return unit.runs.latest("alpha")


def one_step(world: FakeWorld) -> Sequence[Step]:
    """As few as show every way of telling; the engine's own crash tests have more."""
    return (Step(FakeStage(world, "login", takes=timedelta(seconds=25))),)
