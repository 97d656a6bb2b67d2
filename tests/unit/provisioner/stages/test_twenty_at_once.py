"""Many runs at once, in threads, as the bot has them: the shared documents lose nothing, no run queues long.

The yard's clock moves second for second. A dex that starts takes five of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from bot.storage.locks import ProcessLocks
from provisioner.engine.run import RunId, RunStatus
from provisioner.engine.stage import Goal
from tests.builders import a_workspace
from tests.unit.provisioner.stages.wholeyard import WholeYard

WITHIN = 300  # seconds by the yard's clock
RESTARTS_MOST = 3  # of dex for all that begin together: the first, one for the rest, one for stragglers


def a_yard() -> WholeYard:
    yard = WholeYard(ProcessLocks())
    yard.outside.dex.slow = 5
    return yard


def all_at_once(yard: WholeYard, *wanted: tuple[Goal, Sequence[str]]) -> int:
    """Approve all of it and let every run take its turns whenever it is due; how many seconds that took."""
    runs = [yard.approve(goal, project) for goal, projects in wanted for project in projects]
    due: dict[RunId, datetime] = dict.fromkeys(runs, yard.clock.now())
    seconds = 0
    with ThreadPoolExecutor(len(runs)) as pool:
        while due:
            assert seconds < WITHIN, [yard.told(run_id)[-1] for run_id in due]
            ready = [run_id for run_id, at in due.items() if at <= yard.clock.now()]
            for run_id, wait in zip(ready, pool.map(yard.turn, ready), strict=True):
                if wait is None:
                    del due[run_id]
                else:
                    due[run_id] = yard.clock.later(wait.seconds)
            yard.pass_time(1.0)
            seconds += 1
    for run in map(yard.run, runs):
        assert run.status is RunStatus.SUCCEEDED, run.failure
        assert {progress.tries for progress in run.stages.values()} == {0}, "no try is lost to contention"
    return seconds


@pytest.mark.parametrize("half", [10, pytest.param(20, marks=pytest.mark.long)])
def test_T5_T16_T31_creates_and_deletes_at_once_lose_nothing(half: int) -> None:
    yard = a_yard()
    there, dex, start = yard.outside, yard.outside.dex, yard.outside.documents()
    first, second = ([f"{name}{number}" for number in range(half)] for name in ("alpha", "beta"))

    took = all_at_once(yard, (Goal.PRESENT, first))
    restarts = dex.restarts
    all_at_once(yard, (Goal.ABSENT, first), (Goal.PRESENT, second))
    made, logins, spaces = set(there.s3.buckets), dex.users(), set(there.conductor.rows)
    all_at_once(yard, (Goal.ABSENT, second))

    wanted = [a_workspace(project) for project in second]
    assert made == {ws.bucket for ws in wanted}
    assert logins == {ws.login_email for ws in wanted} | dex.users()
    assert spaces == {ws.name for ws in wanted}
    assert there.documents() == start
    assert {times for what, times in yard.made().items() if "create" in what or "stack" in what} == {1}
    assert restarts <= RESTARTS_MOST
    assert took <= all_at_once(a_yard(), (Goal.PRESENT, ["alone"])) + 6 * RESTARTS_MOST
