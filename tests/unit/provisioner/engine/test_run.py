"""How a run may move, and what of it is kept."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import timedelta

import pytest

from provisioner.engine.run import (
    ENDED,
    TRANSITIONS,
    Failure,
    IllegalMove,
    RetryPolicy,
    Run,
    RunStatus,
    StageProgress,
    StageStatus,
)
from provisioner.engine.stage import Goal
from provisioner.message import Message
from provisioner.vendor_call import LONGEST_WORDS
from tests.builders import NOON, a_cause, a_failure, a_plan, a_run

ALLOWED = [(before, after) for before, afters in TRANSITIONS.items() for after in sorted(afters)]
FORBIDDEN = [(a, b) for a in RunStatus for b in RunStatus if (a, b) not in ALLOWED]


class TestMoves:
    @pytest.mark.parametrize(("before", "after"), ALLOWED)
    def test_of_the_table_are_taken(self, before: RunStatus, after: RunStatus) -> None:
        run = a_run(status=before)

        run.to(after)

        assert run.status is after

    @pytest.mark.parametrize(("before", "after"), FORBIDDEN)
    def test_of_any_other_kind_are_refused_and_change_nothing(
        self, before: RunStatus, after: RunStatus
    ) -> None:
        run = a_run(status=before)

        with pytest.raises(IllegalMove, match=f"from {before.value} to {after.value}"):
            run.to(after)

        assert run.status is before

    def test_are_told_for_every_status(self) -> None:
        assert set(TRANSITIONS) == set(RunStatus)

    def test_leave_no_way_out_of_an_end(self) -> None:
        assert {status for status in RunStatus if not TRANSITIONS[status]} == ENDED

    @pytest.mark.parametrize("status", list(RunStatus))
    def test_end_what_is_active(self, status: RunStatus) -> None:
        assert a_run(status=status).active == (status not in ENDED)


def half_done(status: RunStatus) -> Run:
    return a_run(
        status=status,
        failure=a_failure(),
        stages={
            "profile": StageProgress(status=StageStatus.DONE, since=NOON, tries=2),
            "bucket": StageProgress(status=StageStatus.FAILED, since=NOON, tries=3),
            "nodes": StageProgress(status=StageStatus.WAITING, since=NOON, until=NOON),
        },
    )


class TestARetry:
    def test_keeps_what_is_done_and_starts_the_rest_over(self) -> None:
        run = half_done(RunStatus.FAILED)

        run.retry()

        assert (run.status, run.attempt, run.failure) == (RunStatus.QUEUED, 2, None)
        assert run.stages == {"profile": StageProgress(status=StageStatus.DONE, since=NOON)}

    @pytest.mark.parametrize("status", [status for status in RunStatus if status is not RunStatus.FAILED])
    def test_is_only_of_what_failed(self, status: RunStatus) -> None:
        run = half_done(status)
        before = deepcopy(run)

        with pytest.raises(IllegalMove):
            run.retry()

        assert run == before


class TestANewApproval:
    def test_takes_the_new_plan_and_its_reference(self) -> None:
        run, plan = half_done(RunStatus.PARKED), a_plan(goal=Goal.ABSENT)

        run.reapprove(plan, "WSR-0007")

        assert (run.plan, run.reference, run.status, run.attempt) == (plan, "WSR-0007", RunStatus.QUEUED, 2)

    @pytest.mark.parametrize("status", [status for status in RunStatus if status is not RunStatus.PARKED])
    def test_is_only_of_what_was_parked(self, status: RunStatus) -> None:
        run = half_done(status)
        before = deepcopy(run)

        with pytest.raises(IllegalMove):
            run.reapprove(a_plan(goal=Goal.ABSENT), "WSR-0007")

        assert run == before


@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.WAITING, RunStatus.PARKED, RunStatus.FAILED])
def test_who_gives_up_ends_it(status: RunStatus) -> None:
    run = a_run(status=status)

    run.give_up(NOON)

    assert (run.status, run.ended_at, run.active) == (RunStatus.CANCELLED, NOON, False)


@pytest.mark.parametrize("status", [RunStatus.RUNNING, RunStatus.SUCCEEDED, RunStatus.CANCELLED])
def test_nobody_gives_up_what_is_acting_or_has_ended(status: RunStatus) -> None:
    run = a_run(status=status)

    with pytest.raises(IllegalMove):
        run.give_up(NOON)

    assert run == a_run(status=status)


def test_a_stage_nobody_touched_is_pending() -> None:
    assert a_run().progress("bucket").status is StageStatus.PENDING


class TestBackoff:
    def test_doubles_up_to_the_longest(self) -> None:
        policy = RetryPolicy(first=timedelta(seconds=2), longest=timedelta(seconds=60))

        for tries, full in ((1, 2), (2, 4), (3, 8), (5, 32), (6, 60), (1000, 60)):
            delay = policy.delay(tries, salt="run/stage")
            assert timedelta(seconds=full / 2) <= delay <= timedelta(seconds=full)

    def test_is_the_same_for_the_same_run(self) -> None:
        assert RetryPolicy().delay(2, salt="a") == RetryPolicy().delay(2, salt="a")

    def test_spreads_runs_that_failed_together(self) -> None:
        assert len({RetryPolicy().delay(1, salt=str(run)) for run in range(50)}) > 40


class TestStorage:
    def test_gives_progress_back(self) -> None:
        progress = StageProgress(
            status=StageStatus.WAITING,
            since=NOON,
            until=NOON,
            reason=Message("CREATING"),
            spent=timedelta(seconds=12.5),
            looked_at=NOON,
            tries=1,
            sent_back=1,
            counts=False,
            to_the_end=True,
        )

        assert StageProgress.from_json(json.loads(json.dumps(progress.to_json()))) == progress
        assert StageProgress.from_json(StageProgress().to_json()) == StageProgress()

    def test_reads_progress_of_before_a_stage_could_not_be_left(self) -> None:
        older = StageProgress(status=StageStatus.WAITING, since=NOON).to_json()
        for later in ("to_the_end", "spent", "looked_at", "sent_back", "counts"):
            del older[later]

        assert StageProgress.from_json(older) == StageProgress(status=StageStatus.WAITING, since=NOON)

    @pytest.mark.parametrize("failure", [a_failure(), a_failure(cause=None, hint=None)])
    def test_gives_a_failure_back(self, failure: Failure) -> None:
        assert Failure.from_json(json.loads(json.dumps(failure.to_json()))) == failure

    def test_keeps_a_vendors_words_within_bounds(self) -> None:
        assert a_cause("x" * 10_000).to_json()["words"] == "x" * LONGEST_WORDS
