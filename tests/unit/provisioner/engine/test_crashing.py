"""The process ends at every point of what it does to the outside, and is begun again.

Points lie before and after each look, each write and each line of the journal. Wherever it ends, the end is
the one of a run that nobody disturbed, and no effect is made twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeAlias

import pytest

from provisioner.engine.run import EntryKind, RunId, RunStatus, StageStatus
from provisioner.engine.stage import Goal, Step
from provisioner.message import Message
from provisioner.vendor_call import Permanent, Temporary
from tests.fakes.fuse import CrashNow
from tests.fakes.world import PARTS, FakeStage, Place
from tests.fakes.yard import Yard

Story: TypeAlias = Callable[[Yard], RunId]
"""Brings a yard to where a run is about to go on."""

POINTS_MOST = 2000
SETTLED = {EntryKind.SUCCEEDED, EntryKind.FAILED, EntryKind.CANCELLED, EntryKind.PARKED}


def create(yard: Yard) -> RunId:
    return yard.approve()


def create_with_an_error_on_the_way(yard: Yard) -> RunId:
    run_id = yard.approve()
    yard.world.breaks("policy", Temporary(Message("cannot change the policy")))
    return run_id


def retry_after_a_failure(yard: Yard) -> RunId:
    run_id = yard.approve()
    yard.world.breaks("policy", Permanent(Message("cannot change the policy")))
    yard.settle(run_id)
    yard.retry_by_hand(run_id)
    return run_id


def delete(yard: Yard) -> RunId:
    yard.settle(yard.approve())
    return yard.approve(Goal.ABSENT)


def roll_back(yard: Yard) -> RunId:
    run_id = yard.approve()
    yard.world.breaks("policy", Permanent(Message("cannot change the policy")))
    yard.settle(run_id)
    yard.give_up(run_id)
    return yard.approve(Goal.ABSENT)


def fail(yard: Yard) -> RunId:
    run_id = yard.approve()
    yard.world.breaks("policy", *[Permanent(Message("cannot change the policy"))] * 2)
    return run_id


def cancel(yard: Yard) -> RunId:
    run_id = yard.approve()
    yard.turn(run_id)
    yard.cancel(run_id)
    return run_id


def cancel_what_may_not_be_left(yard: Yard) -> RunId:
    takes = timedelta(seconds=15)
    yard.steps = (
        Step(FakeStage(yard.world, "login", takes=takes, to_the_end=True)),
        Step(FakeStage(yard.world, "bucket")),
    )
    return cancel(yard)


def park(yard: Yard) -> RunId:
    run_id = delete(yard)
    yard.world.places["alpha", "bucket"].data = True
    return run_id


STORIES = (
    create,
    create_with_an_error_on_the_way,
    retry_after_a_failure,
    delete,
    roll_back,
    fail,
    cancel,
    cancel_what_may_not_be_left,
    park,
)


def ends(story: Story, *points: int) -> tuple[Yard, RunId, bool]:
    """The yard after the story, with a crash at each point counted from the last; whether all came."""
    yard = Yard()
    run_id = story(yard)
    for point in points:
        yard.fuse.arm(point)
        try:
            yard.settle(run_id)
        except CrashNow:
            yard.fuse.replace()
        else:
            return yard, run_id, False
    yard.settle(run_id)
    return yard, run_id, True


def left_at_each_point(story: Story) -> Iterator[tuple[int, Yard, RunId]]:
    """The yard as a crash at each point leaves it to the next process."""
    for point in range(POINTS_MOST):
        yard = Yard()
        run_id = story(yard)
        yard.fuse.arm(point)
        try:
            yard.settle(run_id)
        except CrashNow:
            yard.fuse.replace()
        else:
            return
        yield point, yard, run_id


def outcome(yard: Yard, run_id: RunId) -> object:
    """What may not depend on a crash: the state of the run, of the world, and what was done to it."""
    run = yard.run(run_id)
    stages = {name: progress.status for name, progress in run.stages.items()}
    failed = run.failure and (run.failure.stage, run.failure.what)
    places = {key: (place.parts, place.data) for key, place in yard.world.places.items() if place != Place()}
    return run.status, failed, stages, places, sorted(yard.world.effects())


def check_journal(yard: Yard, run_id: RunId) -> None:
    """No gaps, and one end to the last attempt."""
    journal = yard.journal(run_id)
    kinds = [entry.kind for entry in journal]
    assert [entry.number for entry in journal] == list(range(1, len(journal) + 1))
    assert sum(kind in SETTLED for kind in kinds[_last_start(kinds) :]) == 1
    assert kinds[-1] in SETTLED


def _last_start(kinds: list[EntryKind]) -> int:
    starts = [number for number, kind in enumerate(kinds) if kind is EntryKind.STARTED]
    return starts[-1] if starts else 0


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_crash_at_any_point_changes_nothing_about_the_end(story: Story) -> None:
    """T11: the runbook goes on after a step that failed, and keeps what it did in a shell."""
    yard, run_id, _ = ends(story)
    undisturbed = outcome(yard, run_id)

    for point in range(POINTS_MOST):
        yard, run_id, crashed = ends(story, point)
        if not crashed:
            break
        assert outcome(yard, run_id) == undisturbed, f"crash at point {point}"
        check_journal(yard, run_id)

    assert not crashed
    assert point > 5


@pytest.mark.parametrize("story", [create, delete], ids=lambda story: story.__name__)
def test_crash_after_crash_it_still_arrives(story: Story) -> None:
    yard, run_id, _ = ends(story)
    undisturbed = outcome(yard, run_id)

    for step in range(8, 60):
        yard, run_id, crashed = ends(story, *[step] * 8)
        assert outcome(yard, run_id) == undisturbed, f"crash every {step} points"
        if not crashed:
            break


def test_T21_what_may_not_be_left_is_seen_through_wherever_the_process_ended() -> None:
    """It is stored before the first write, so a cancel that comes right after the end of a process waits."""

    def the_login_alone(yard: Yard) -> RunId:
        yard.steps = (Step(FakeStage(yard.world, "login", takes=timedelta(seconds=15), to_the_end=True)),)
        return yard.approve()

    left = []
    for point, yard, run_id in left_at_each_point(the_login_alone):
        yard.cancel(run_id)
        assert yard.settle(run_id).status in {RunStatus.CANCELLED, RunStatus.SUCCEEDED}
        look = yard.world.look("alpha", "login")
        assert (look.parts, look.busy) in [((), False), (PARTS, False)], f"crash at point {point}"
        left.append(look.parts)

    assert set(left) == {(), PARTS}


def test_the_intent_is_stored_before_the_first_write_of_a_stage() -> None:
    for _, yard, run_id in left_at_each_point(Yard.approve):
        intended = {entry.stage for entry in yard.journal(run_id) if entry.kind is EntryKind.INTENDED}
        assert {write.stage for write in yard.world.writes} <= intended
        done = {entry.stage for entry in yard.journal(run_id) if entry.kind is EntryKind.STAGE_DONE}
        assert done <= yard.world.made()


def test_a_crash_uses_up_no_try() -> None:
    yard, run_id, _ = ends(create, *[30] * 6)

    run = yard.run(run_id)
    assert run.status is RunStatus.SUCCEEDED
    assert {progress.status for progress in run.stages.values()} == {StageStatus.DONE}
    assert {progress.tries for progress in run.stages.values()} == {0}
