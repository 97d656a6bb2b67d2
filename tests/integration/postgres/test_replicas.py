"""Several processes carry out the runs of one database, and a dead one's go on in the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.runtime.leader import LOST
from provisioner.engine.run import RunStatus
from provisioner.engine.stage import StagePlan
from provisioner.message import literal
from tests.builders import a_plan, a_run
from tests.conftest import Postgres
from tests.fakes.replica import Shared, only_change, until

pytestmark = pytest.mark.long


@pytest.fixture
def shared(postgres: Postgres, tmp_path: Path) -> Iterator[Shared]:
    address = postgres.new_database().render_as_string(hide_password=False)
    shared = Shared(address, address, tmp_path / "turns")
    yield shared
    shared.database.close()


def test_two_replicas_share_the_turns(shared: Shared) -> None:
    runs = shared.queues(24)
    with shared.replica("--answers", "0.1") as first, shared.replica("--answers", "0.1") as second:
        first.say("dispatch")
        second.say("dispatch")

        until(lambda: shared.by(first) | shared.by(second) == set(runs))
        until(lambda: shared.by(first) and shared.by(second))


def test_what_a_killed_replica_held_goes_on_in_the_other(shared: Shared) -> None:
    runs = shared.queues(12)
    with shared.replica() as first:
        first.say("dispatch")
        until(lambda: shared.by(first) == set(runs))
        with shared.replica() as second:
            first.kill()

            until(lambda: set(shared.last().values()) == {second.pid})
            assert set(shared.last()) == set(runs)


def test_what_a_stopped_replica_held_goes_on_in_the_other(shared: Shared) -> None:
    runs = shared.queues(12)
    with shared.replica() as first:
        first.say("dispatch")
        until(lambda: shared.by(first) == set(runs))
        with shared.replica() as second:
            first.say("stop")

            assert first.ended() == 0
            until(lambda: shared.by(second) == set(runs))


def test_what_the_first_release_held_goes_on(shared: Shared) -> None:
    """It had one executor id for all starts, and its limit was one over all processes."""
    runs = shared.queues(4)
    with shared.replica() as first:
        first.say("dispatch")
        until(lambda: shared.by(first) == set(runs))
    with shared.database.engine.begin() as connection:
        connection.execute(text("UPDATE dbos.workflow_status SET executor_id = 'runner'"))
        connection.execute(text("UPDATE dbos.queues SET concurrency = 2, worker_concurrency = NULL"))

    with shared.replica() as second:
        until(lambda: shared.by(second) == set(runs))


def test_a_run_that_waits_elsewhere_is_woken_there(shared: Shared) -> None:
    (run,) = shared.queues(1)
    with shared.replica("--pause", "600") as holder, shared.replica("--pause", "600") as other:
        holder.say("dispatch")
        until(shared.turns)
        (held,) = [one for one in (holder, other) if shared.by(one)]
        asked = other if held is holder else holder

        asked.say(f"cancel {run}")

        until(lambda: len(shared.turns()) == 2)
        assert shared.last() == {run: held.pid}


def test_a_frozen_replica_that_lost_its_sessions_begins_no_write_when_it_wakes(shared: Shared) -> None:
    change = only_change("alpha")
    with shared.database.unit() as unit:
        unit.runs.add(a_run(plan=a_plan(StagePlan("only", literal("The only stage"), (change,)))))
        unit.commit()
    with shared.replica("--stage", "freezes") as frozen:
        frozen.say("dispatch")
        until(frozen.frozen)
        shared.cut()
        with shared.replica("--stage", "writes") as other:
            until(lambda: shared.by(other))
            until(lambda: shared.status() is RunStatus.SUCCEEDED)
            frozen.thaw()

            assert frozen.ended() == LOST
    assert [turn.pid for turn in shared.turns()] == [other.pid]
