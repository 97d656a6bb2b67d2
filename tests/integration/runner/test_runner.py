"""Runs on the real engine underneath (DBOS on SQLite), over a fake world."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from provisioner.engine.run import RunStatus
from provisioner.message import Message
from provisioner.vendor_call import Permanent
from tests.fakes.people import MINA
from tests.integration.runner.conftest import Works


def test_an_approved_run_is_carried_out_to_its_end(works: Works) -> None:
    run = works.office.approves(works.office.requested())

    assert works.runner.dispatch() == 1
    works.wait_for(run.id, RunStatus.SUCCEEDED)

    assert len(works.office.world.made()) == 5


def test_only_of_a_run_that_came_to_its_stage_it_is_asked_whether_a_program_is_at_work(works: Works) -> None:
    run = works.office.approves(works.office.requested())

    works.runner.dispatch()
    works.wait_for(run.id, RunStatus.SUCCEEDED)
    works.until(lambda: bool(works.asked_about))

    assert all("login" in seen.stages for seen in works.asked_about)


def test_dispatching_again_and_again_runs_it_once(works: Works) -> None:
    run = works.office.approves(works.office.requested())

    assert sum(works.runner.dispatch() for _ in range(5)) == 1
    works.wait_for(run.id, RunStatus.SUCCEEDED)

    assert works.runner.dispatch() == 0
    assert len(works.office.world.writes) == 10


def test_a_retried_run_gets_a_workflow_of_its_own(works: Works) -> None:
    works.office.world.breaks("bucket", Permanent(Message("cannot make bucket alpha")))
    run = works.office.approves(works.office.requested())
    works.runner.dispatch()
    works.wait_for(run.id, RunStatus.FAILED)

    works.office.service.retry(works.office.who(MINA), run.id)
    works.runner.dispatch()

    works.wait_for(run.id, RunStatus.SUCCEEDED)


def test_what_a_stopped_process_left_goes_on_in_the_next(works: Works) -> None:
    runs = [works.office.approves(works.office.requested(project)) for project in ("alpha", "beta", "gamma")]
    works.runner.dispatch()
    works.runner.stop()
    assert all(works.office.run(run.id).status is not RunStatus.CANCELLED for run in runs)

    works.begin()
    works.runner.dispatch()

    for run in runs:
        works.wait_for(run.id, RunStatus.SUCCEEDED)
    assert len(works.office.world.writes) == 30


def test_a_lost_engine_database_loses_no_run(works: Works) -> None:
    run = works.office.approves(works.office.requested())
    works.runner.dispatch()
    works.runner.stop()
    for file in works.engine_file.parent.glob("engine.db*"):
        file.unlink()

    works.begin()
    works.runner.dispatch()

    works.wait_for(run.id, RunStatus.SUCCEEDED)
    assert len(works.office.world.writes) == 10


def test_workflows_that_ended_long_ago_are_forgotten(works: Works) -> None:
    run = works.office.approves(works.office.requested())
    works.runner.dispatch()
    works.wait_for(run.id, RunStatus.SUCCEEDED)

    # The engine records the end of a workflow a moment after our tables know it.
    pruned = 0
    tick = threading.Event()
    for _ in range(50):
        pruned += works.runner.prune(datetime.now(UTC) + timedelta(minutes=1))
        if pruned or tick.wait(0.1):
            break

    assert pruned == 1
