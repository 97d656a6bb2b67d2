"""The real ten stages under a process that ends after any write, at a vendor or in the store.

Wherever it ends, the end is the one of a run that nobody disturbed, and what makes something is done once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import pytest

from provisioner.engine.run import RunId, RunStatus, StageStatus
from provisioner.engine.stage import Goal
from provisioner.stages.bucket.stage import Upload
from tests.builders import a_workspace
from tests.fakes.dex import NEIGHBOURS
from tests.fakes.fuse import CrashNow
from tests.unit.provisioner.stages.wholeyard import WholeYard

Story: TypeAlias = Callable[[WholeYard], RunId]
"""Brings a yard to where a run is about to go on."""

EVERY = 4
"""So many effects lie between two ends of the process in one run, so that few runs reach all of them."""

RUNS_MOST = 60


def create(yard: WholeYard) -> RunId:
    return yard.approve()


def fail_for_want_of_machines(yard: WholeYard) -> RunId:
    yard.outside.cloud.fault = "no-capacity"
    return yard.approve()


def retry(yard: WholeYard) -> RunId:
    run_id = fail_for_want_of_machines(yard)
    yard.settle(run_id)
    yard.outside.cloud.fault = ""
    yard.retry_by_hand(run_id)
    return run_id


def delete(yard: WholeYard) -> RunId:
    yard.settle(yard.approve())
    (bucket,) = yard.outside.s3.buckets.values()
    for key in ("a", "b", "a", "c"):
        bucket.put(key)
    bucket.uploads.append(Upload("d", "1"))
    return yard.approve(Goal.ABSENT)


def roll_back(yard: WholeYard) -> RunId:
    run_id = fail_for_want_of_machines(yard)
    yard.settle(run_id)
    yard.give_up(run_id)
    return yard.approve(Goal.ABSENT)


def delete_what_is_half_made(yard: WholeYard) -> RunId:
    run_id = yard.approve()
    while not yard.outside.cloud.made:
        wait = yard.turn(run_id)
        assert wait
        yard.pass_time(wait.seconds)
    yard.cancel(run_id)
    yard.settle(run_id)
    return yard.approve(Goal.ABSENT)


STORIES = (create, fail_for_want_of_machines, retry, delete, roll_back, delete_what_is_half_made)


def told(story: Story, ends: Sequence[str] = ()) -> tuple[WholeYard, RunId]:
    """The yard after the story, with an end of the process after each of these effects."""
    yard = WholeYard()
    run_id = story(yard)
    yard.tripwire.done.clear()
    yard.tripwire.arm(ends)
    for _ in (*ends, ""):
        try:
            yard.settle(run_id)
        except CrashNow:
            yard.die()
        else:
            break
    return yard, run_id


def outcome(yard: WholeYard, run_id: RunId) -> object:
    """What may not depend on a crash."""
    run = yard.run(run_id)
    stages = {name: (progress.status, progress.tries) for name, progress in run.stages.items()}
    failed = run.failure and (run.failure.stage, run.failure.what)
    return run.status, failed, stages, yard.outside.state()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_an_end_after_any_write_changes_nothing_and_makes_nothing_twice(story: Story) -> None:
    """T11, T23: each write and each line of the journal is an end once; after it everything goes on."""
    yard, run_id = told(story)
    undisturbed, made, effects = outcome(yard, run_id), yard.made(), list(yard.tripwire.done)
    left = dict.fromkeys(effects[:-1])  # after the last there is nothing to go on with

    for _ in range(RUNS_MOST):
        if not left:
            break
        yard, run_id = told(story, list(left)[::EVERY])
        assert yard.tripwire.hit, "the first end comes where the undisturbed run has it"
        assert outcome(yard, run_id) == undisturbed, yard.tripwire.hit
        assert yard.made() == made, yard.tripwire.hit
        numbers = [entry.number for entry in yard.journal(run_id)]
        assert numbers == list(range(1, len(numbers) + 1))
        for name in yard.tripwire.hit:
            del left[name]

    assert left == {}


@pytest.mark.parametrize("story", [create, retry, delete], ids=lambda story: story.__name__)
def test_a_process_that_ends_after_each_single_write_still_arrives(story: Story) -> None:
    yard, run_id = told(story)
    undisturbed, made, effects = outcome(yard, run_id), yard.made(), list(yard.tripwire.done)

    yard, run_id = told(story, effects[:-1])

    assert len(yard.tripwire.hit) > len(made)
    assert outcome(yard, run_id) == undisturbed
    assert yard.made() == made


def test_the_stories_end_as_they_should() -> None:
    ends = {story.__name__: told(story) for story in STORIES}
    states = {name: yard.run(run_id).status for name, (yard, run_id) in ends.items()}
    empty = WholeYard().outside

    failed = states.pop("fail_for_want_of_machines")
    assert (failed, set(states.values())) == (RunStatus.FAILED, {RunStatus.SUCCEEDED})
    for name in ("delete", "roll_back", "delete_what_is_half_made"):
        yard, _ = ends[name]
        assert {**yard.outside.state(), "versions": ()} == {**empty.state(), "versions": ()}
    yard, run_id = ends["create"]
    assert len(yard.run(run_id).stages) == 10
    assert {progress.status for progress in yard.run(run_id).stages.values()} == {StageStatus.DONE}


def until_dex_is_edited(yard: WholeYard, run_id: RunId) -> None:
    """Turn after turn; where the process ends, that is it too."""
    before = yard.outside.dex.text
    while yard.outside.dex.text == before:
        try:
            wait = yard.turn(run_id)
        except CrashNow:
            yard.die()
            return
        assert wait
        if yard.outside.dex.text == before:
            yard.pass_time(wait.seconds)


@pytest.mark.parametrize("ends", ["", "dex.write", "dex.restart"])
def test_T21_a_cancel_does_not_leave_a_dex_behind_that_does_not_start(ends: str) -> None:
    """Also where the process ended in between, before it could note that dex restarts."""
    yard = WholeYard()
    dex, login = yard.outside.dex, a_workspace().login_email
    dex.refuses = login
    run_id = yard.approve()
    yard.tripwire.arm([f"{ends} #1"] if ends else ())
    until_dex_is_edited(yard, run_id)
    assert login in dex.text
    yard.cancel(run_id)

    run = yard.settle(run_id)
    yard.pass_time(2)

    assert (dex.text, dex.alive, dex.running) == (NEIGHBOURS, True, NEIGHBOURS)
    assert run.status is RunStatus.FAILED, "people have to hear that dex did not start"
    assert "so the bot removed that login" in str(run.failure and run.failure.what)
    assert (run.failure and run.failure.cause and run.failure.cause.words) == dex.words
    assert yard.outside.conductor.rows == {}


@pytest.mark.parametrize("goal", list(Goal))
@pytest.mark.parametrize("ends", ["", "dex.write", "dex.restart"])
def test_T21_a_cancel_waits_until_dex_is_up_again(goal: Goal, ends: str) -> None:
    yard = WholeYard()
    dex, login = yard.outside.dex, a_workspace().login_email
    if goal is Goal.ABSENT:
        yard.settle(yard.approve())
    run_id = yard.approve(goal)
    times = 1 + sum(name.startswith(f"{ends} ") for name in yard.tripwire.done)
    yard.tripwire.arm([f"{ends} #{times}"] if ends else ())
    until_dex_is_edited(yard, run_id)
    yard.cancel(run_id)

    run = yard.settle(run_id)

    assert run.status is RunStatus.CANCELLED
    assert (dex.alive, dex.pending, dex.running) == (True, frozenset(), dex.text)
    assert (login in dex.users()) == (goal is Goal.PRESENT)
    assert run.progress("dex-user").status is StageStatus.DONE
    assert yard.outside.kubernetes.profiles, "nothing else was begun"
    assert yard.outside.conductor.rows == {}
