"""What the connection keeps: transactions, migrations, locks. Run over SQLite and PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table, text
from sqlalchemy.exc import SQLAlchemyError

import bot.storage.database
from bot.model.request_view import Proposal
from bot.model.submission import SubmissionState
from bot.storage.database import METADATA, Database
from bot.storage.locks import Leadership
from provisioner.engine.run import Locks, RunId, RunStatus
from provisioner.engine.stage import Goal
from provisioner.stages.access.stage import LastWrite
from tests.builders import NOON, a_plan, a_request, a_run, a_spec, a_thread, an_ask
from tests.fakes.statements import statements

MIGRATE = "import sys; from bot.storage.database import Database; Database(sys.argv[1]).migrate()"
LEAD = """
import sys
from bot.storage.database import Database
leadership = Database(sys.argv[1]).try_lead()
print("leads" if leadership else "waits", flush=True)
sys.stdin.read()
"""

MIGRATIONS = Path(bot.storage.database.__file__).parent / "migrations"


def first_rows() -> dict[str, list[dict[str, object]]]:
    """Of the first release, by table: of each kind that the second migration touches."""
    at = NOON.replace(tzinfo=None)
    standing = {"standing": [{"stage": "bucket", "title": {"text": "Bucket"}, "targets": ["bucket alpha"]}]}
    ask = {"user": "U0MINA", "channel": "C0", "at": at, "locale": "en-US", "thread_ts": "", "sending": False}
    thread = {"purpose": "card", "channel": "C0", "language": "en", "link": "", "root_ts": "", "digest": "d"}
    run = {"created_at": at, "attempt": 1, "stages": {}, "version": 3, "journalled": 2}
    entry = {"at": at, "stage": "", "message": {"text": "said"}}
    return {
        "asks": [
            ask
            | {"number": 7, "key": "V7", "kind": "create", "team": "T0", "spec": {}, "outcome": {}}
            | {"state": "answered", "tries": 0}
        ],
        "threads": [
            thread
            | {"number": number, "key": f"WSR-000{number}", "request_id": f"WSR-000{number}", "state": state}
            | {"ts": f"1.{number}", "told": 0, "sending": 0, "tries": 0}
            for number, state in ((1, "sent"), (2, "closed"))
        ],
        "runs": [
            run
            | {"number": number, "id": f"WSR-000{number}.1", "reference": f"WSR-000{number}"}
            | {"project": project, "asked": a_spec(project).to_json(), "plan": a_plan(goal=goal).to_json()}
            | {"status": status}
            for number, project, status, goal in (
                (1, "alpha", "failed", Goal.PRESENT),
                (2, "beta", "cancelled", Goal.PRESENT),
                (3, "gamma", "succeeded", Goal.ABSENT),
            )
        ],
        "journal": [
            entry | {"run_id": f"WSR-000{number}.1", "number": line, "kind": kind, "data": data}
            for number, line, kind, data in (
                (1, 1, "started", {}),
                (1, 2, "failed", standing),
                (2, 1, "failed", standing),
                (2, 2, "started", {}),
                (2, 3, "cancelled", {}),
            )
        ],
    }


SCHEMA = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name != 'alembic_version'",
    "postgresql": """
        SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename != 'alembic_version'
        UNION
        SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text != 'alembic_version'
        UNION
        SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default)
            FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name != 'alembic_version'
    """,
}


def schema(connection: Connection) -> set[str]:
    """Every table, index and constraint as the database itself writes it."""
    found = connection.execute(text(SCHEMA[connection.dialect.name])).scalars()
    return {" ".join(line.split()) for line in found}


def all_tables() -> MetaData:
    together = MetaData()
    for metadata in METADATA:
        for table in metadata.sorted_tables:
            table.to_metadata(together)
    return together


class DatabaseLaws:
    def test_a_unit_is_one_transaction_over_all_stores(self, database: Database) -> None:
        with database.unit() as unit:
            unit.requests.add(a_request())
            unit.runs.add(a_run())
            unit.submissions.add(an_ask())
            unit.messages.add(a_thread())
            unit.commit()

        with database.unit() as unit:
            assert unit.requests.by_key("V-WSR-0001") is not None
            assert unit.runs.latest("alpha") is not None
            assert unit.submissions.get("V1") is not None
            assert unit.messages.get("WSR-0001") is not None

    def test_what_is_not_committed_did_not_happen(self, database: Database) -> None:
        with database.unit() as unit:
            unit.submissions.add(an_ask())
            unit.messages.add(a_thread())

        with pytest.raises(KeyError), database.unit() as unit:
            unit.messages.save(a_thread("WSR-0002"))

        with database.unit() as unit:
            assert unit.submissions.get("V1") is None
            assert unit.messages.get("WSR-0001") is None

    def test_after_its_commit_a_unit_is_over(self, database: Database) -> None:
        with database.unit() as unit:
            unit.submissions.add(an_ask())
            unit.commit()
            with pytest.raises(SQLAlchemyError):
                unit.submissions.get("V1")
            with pytest.raises(RuntimeError, match="over"):
                unit.commit()

    def test_a_proposal_is_read_as_it_was_kept(self, database: Database) -> None:
        proposal = Proposal(
            request_id="WSR-0002", asked=a_spec(), plan=a_plan(), locale="ko-KR", run_id="WSR-0001.1"
        )
        with database.unit() as unit:
            unit.proposals.add(proposal)
            unit.commit()

        with database.unit() as unit:
            assert unit.proposals.get("WSR-0002") == proposal
            with pytest.raises(KeyError):
                unit.proposals.get("WSR-0003")

    def test_who_reads_is_refused_to_write(self, database: Database) -> None:
        with pytest.raises(SQLAlchemyError, match=r"(?i)read-?only"), database.reader() as unit:
            unit.submissions.save(an_ask())

    def test_who_reads_sees_one_moment_and_waits_for_nobody(self, replicas: Sequence[Database]) -> None:
        here, there = replicas
        with here.reader() as reading, there.unit() as writing:
            assert reading.submissions.get("V1") is None
            writing.submissions.add(an_ask())
            writing.commit()
            assert reading.submissions.get("V1") is None

        with here.reader() as reading:
            assert reading.submissions.get("V1") is not None

    def test_who_reads_a_request_waits_for_nobody_who_decides_on_it(
        self, replicas: Sequence[Database]
    ) -> None:
        here, there = replicas
        with here.unit() as unit:
            unit.requests.add(a_request())
            unit.commit()

        with there.unit() as deciding, here.reader() as reading:
            deciding.requests.get_for_update(a_request().id)
            assert reading.requests.get(a_request().id) == a_request()

    def test_what_is_due_is_told_by_one_query(self, database: Database) -> None:
        assert due(database) == set()

        with database.unit() as unit:
            unit.submissions.add(an_ask("V1"))
            unit.submissions.add(an_ask("V2", state=SubmissionState.CLOSED))
            unit.commit()
        assert due(database) == {"submissions"}

        with database.unit() as unit:
            unit.submissions.save(an_ask("V1", state=SubmissionState.ANSWERED))
            unit.submissions.add(an_ask("V3", next_at=NOON + timedelta(minutes=1)))
            unit.requests.add(a_request())
            unit.messages.add(a_thread())
            unit.runs.add(a_run())
            unit.runs.add(a_run("WSR-0002.1", "beta", status=RunStatus.FAILED))
            unit.commit()
        assert due(database) == {"replies", "messages", "runs"}
        assert due(database, NOON + timedelta(hours=25)) == {
            "submissions",
            "replies",
            "messages",
            "runs",
            "expiries",
        }

    def test_what_stood_in_the_first_tables_is_kept(self, fresh: Callable[[], Database]) -> None:
        database = fresh()
        with database.engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
            for name, rows in first_rows().items():
                connection.execute(Table(name, MetaData(), autoload_with=connection).insert(), rows)

        database.migrate()

        with database.unit() as unit:
            kept = unit.submissions.get("V7")
            assert kept is not None
            assert (kept.user, kept.state) == ("U0MINA", SubmissionState.ANSWERED)
            assert [message.key for message in unit.messages.to_tell(NOON)] == ["WSR-0001"]
            assert unit.submissions.add(an_ask("V8"))
            assert unit.messages.add(a_thread("WSR-0003"))
            stopped = {run.id: run.inventory for run in unit.runs.all_latest()}
            assert [one.stage for one in stopped[RunId("WSR-0001.1")] or ()] == ["bucket"]
            assert stopped[RunId("WSR-0002.1")] is None  # of an attempt that was gone on with
            assert unit.queries.projects() == ["alpha", "beta"]
            pages = [unit.queries.page(number, 1) for number in (1, 2, 3, 999_999)]
            assert pages == [(["alpha"], 2), *[(["beta"], 2)] * 3]
            assert unit.queries.page(1, 2) == (["alpha", "beta"], 2)
            unit.commit()

    def test_it_answers(self, database: Database) -> None:
        database.ping()

    def test_migrating_again_changes_nothing(self, database: Database) -> None:
        with database.unit() as unit:
            unit.submissions.add(an_ask())
            unit.commit()

        database.migrate()

        with database.unit() as unit:
            assert unit.submissions.get("V1") is not None

    def test_several_processes_may_migrate_at_once(self, fresh: Callable[[], Database]) -> None:
        database = fresh()
        url = database.engine.url.render_as_string(hide_password=False)
        started = [
            subprocess.Popen([sys.executable, "-c", MIGRATE, url], stderr=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        said = [process.communicate(timeout=60)[1] for process in started]

        assert [process.returncode for process in started] == [0, 0, 0], said
        with database.unit() as unit:
            assert unit.requests.next_id() == "WSR-0001"

    def test_a_write_to_a_policy_is_known_to_whoever_writes_next(self, database: Database) -> None:
        first, second = LastWrite("v5", NOON), LastWrite("v6", NOON + timedelta(seconds=3))
        database.policy_writes().put("arn:one", first)
        database.policy_writes().put("arn:one", second)

        assert database.policy_writes().get("arn:one") == second
        assert database.policy_writes().get("arn:two") is None

    def test_the_migrations_make_exactly_the_tables_of_the_code(
        self, database: Database, fresh: Callable[[], Database]
    ) -> None:
        with database.engine.begin() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, all_tables()) == []
            migrated = schema(connection)

        with fresh().engine.begin() as connection:
            for metadata in METADATA:
                metadata.create_all(connection)
            assert schema(connection) == migrated


class LockLaws:
    def test_a_name_is_held_once_and_is_free_again_after(self, lockers: Sequence[Locks]) -> None:
        first, second = lockers
        with first.try_hold("run/1") as held:
            assert held is not None
            held.check()
            assert free(second, "run/2")
            assert not free(second, "run/1")

        assert free(second, "run/1")

    def test_all_names_are_held_or_none(self, lockers: Sequence[Locks]) -> None:
        first, second = lockers
        with first.try_hold("b"):
            assert not free(second, "a", "b")
            assert free(second, "a")

    def test_a_lock_is_let_go_when_its_holder_fails(self, lockers: Sequence[Locks]) -> None:
        first, second = lockers
        with pytest.raises(ZeroDivisionError), first.try_hold("a"):
            raise ZeroDivisionError

        assert free(second, "a")

    def test_another_thread_is_somebody_else(self, lockers: Sequence[Locks]) -> None:
        with lockers[0].try_hold("a"), ThreadPoolExecutor(1) as other:
            assert not other.submit(free, lockers[0], "a").result(timeout=30)

    def test_who_waits_gets_it_as_soon_as_it_is_let_go(self, lockers: Sequence[Locks]) -> None:
        first, second = lockers
        with ThreadPoolExecutor(3) as others:
            with first.try_hold("a"):
                waiting = [others.submit(free, second, "a", "b", within=60) for _ in range(3)]
                assert not free(second, "a", within=0.2)
                assert not any(each.done() for each in waiting)

            assert [each.result(timeout=60) for each in waiting] == [True, True, True]

    @pytest.mark.parametrize("within", [0.1, 0.0004])
    def test_what_was_not_let_go_in_time_leaves_nothing_held(
        self, lockers: Sequence[Locks], within: float
    ) -> None:
        first, second = lockers
        with ThreadPoolExecutor(1) as other, first.try_hold("b"):
            assert not other.submit(free, second, "a", "b", within=within).result(timeout=20)

        assert free(first, "a", "b")


class LeaderLaws:
    def test_one_leads_and_the_next_only_after_it(self, replicas: Sequence[Database]) -> None:
        first, second = replicas
        leadership = first.try_lead()
        assert leadership is not None
        assert leadership.alive()
        assert second.try_lead() is None

        leadership.release()

        assert not leadership.alive()
        taken_over(second).release()

    def test_a_leader_that_is_killed_leads_no_more(self, database: Database) -> None:
        url = database.engine.url.render_as_string(hide_password=False)
        leader = subprocess.Popen(
            [sys.executable, "-c", LEAD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert leader.stdout is not None
        assert leader.stdout.readline() == "leads\n"
        assert database.try_lead() is None

        leader.kill()
        leader.communicate(timeout=30)

        taken_over(database).release()


def due(database: Database, now: datetime = NOON) -> set[str]:
    with statements() as sent, database.reader() as unit:
        found = unit.queries.due(now)
    assert len(sent) == 1
    return {kind for kind, there in asdict(found).items() if there}


def free(locks: Locks, *names: str, within: float = 0) -> bool:
    with locks.try_hold(*names, within=within) as held:
        return held is not None


def taken_over(database: Database) -> Leadership:
    """A server sees the end of a session a moment after it."""
    moment = Event()
    for _ in range(200):
        if leadership := database.try_lead():
            return leadership
        moment.wait(0.05)
    raise AssertionError("the lock was not free within ten seconds")
