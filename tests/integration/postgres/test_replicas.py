"""Several processes carry out the runs of one database, and a dead one's go on in the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.runtime.leader import LOST
from bot.storage.database import Database
from provisioner.engine.plan import StagePlan
from provisioner.engine.run import RunId, RunStatus
from provisioner.engine.stage import Change, Verb
from provisioner.message import literal
from tests.builders import a_plan, a_run
from tests.conftest import Postgres
from tests.fakes.replica import Replica, turns, until

pytestmark = pytest.mark.long


class Shared:
    """One database with queued runs, and the log of all turns."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self.database = Database(url)
        self.log = folder / "turns"
        self.database.migrate()

    def queues(self, number: int) -> list[str]:
        runs = [a_run(f"WSR-{n:04}.1", f"p{n}") for n in range(number)]
        with self.database.unit() as unit:
            for run in runs:
                unit.runs.add(run)
            unit.commit()
        return [run.id for run in runs]

    def replica(self, *arguments: str) -> Replica:
        return Replica(self._url, self._url, self.log, *arguments)

    def by(self, replica: Replica) -> set[str]:
        """The runs that it took a turn of."""
        return {turn.run for turn in turns(self.log) if turn.pid == replica.pid}

    def last(self) -> dict[str, int]:
        """Who took the last turn of each run."""
        return {turn.run: turn.pid for turn in turns(self.log)}

    def cut(self) -> None:
        """End all sessions but this one, as a fail-over does."""
        others = """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid != pg_backend_pid()
        """
        with self.database.engine.connect() as connection:
            connection.execute(text(others))

    def status(self) -> RunStatus:
        """Of the only run."""
        with self.database.unit() as unit:
            return unit.runs.get(RunId("WSR-0001.1")).status


@pytest.fixture
def shared(postgres: Postgres, tmp_path: Path) -> Iterator[Shared]:
    shared = Shared(postgres.new_database().render_as_string(hide_password=False), tmp_path)
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


def test_a_run_that_waits_elsewhere_is_woken_there(shared: Shared) -> None:
    (run,) = shared.queues(1)
    with shared.replica("--pause", "600") as holder, shared.replica("--pause", "600") as other:
        holder.say("dispatch")
        until(lambda: turns(shared.log))
        (held,) = [one for one in (holder, other) if shared.by(one)]
        asked = other if held is holder else holder

        asked.say(f"cancel {run}")

        until(lambda: len(turns(shared.log)) == 2)
        assert shared.last() == {run: held.pid}


def test_a_frozen_replica_that_lost_its_sessions_begins_no_write_when_it_wakes(shared: Shared) -> None:
    change = Change(Verb.CREATE, literal("alpha"))
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
    assert [turn.pid for turn in turns(shared.log)] == [other.pid]
