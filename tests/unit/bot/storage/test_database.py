"""The database on SQLite: all laws of its stores, and what only SQLite has."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError

from approvals.errors import NotYours
from bot.storage.database import _MIGRATIONS, Database, _newest
from provisioner.engine.run import Locks
from tests.builders import NOON, a_request, an_actor
from tests.laws.ask_repository_laws import AskRaceLaws, AskRepositoryLaws
from tests.laws.database_laws import DatabaseLaws, LeaderLaws, LockLaws
from tests.laws.liveness_laws import LivenessLaws
from tests.laws.message_repository_laws import MessageRepositoryLaws
from tests.laws.request_repository_laws import RaceLaws, RequestRepositoryLaws, keep, stored


def at(path: Path) -> Database:
    return Database(f"sqlite:///{path}")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to copy: migrating one for each test would take longer than the tests."""
    path = tmp_path_factory.mktemp("migrated") / "bot.db"
    database = at(path)
    database.migrate()
    database.close()
    return path


@pytest.fixture
def replicas(migrated: Path, tmp_path: Path) -> Iterator[Sequence[Database]]:
    path = Path(shutil.copy(migrated, tmp_path))
    replicas = at(path), at(path)
    yield replicas
    for replica in replicas:
        replica.close()


@pytest.fixture
def database(replicas: Sequence[Database]) -> Database:
    return replicas[0]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[[], Database]]:
    made: list[Database] = []
    numbers = count(1)

    def make() -> Database:
        made.append(at(tmp_path / f"fresh-{next(numbers)}.db"))
        return made[-1]

    yield make
    for database in made:
        database.close()


@pytest.fixture
def lockers(database: Database) -> Sequence[Locks]:
    """One process has all the locks there are."""
    return database.locks(), database.locks()


class TestAsks(AskRepositoryLaws, AskRaceLaws):
    pass


class TestMessages(MessageRepositoryLaws):
    pass


class TestRequests(RequestRepositoryLaws, RaceLaws):
    def test_a_time_without_a_zone_is_not_stored(self, database: Database) -> None:
        with pytest.raises(StatementError, match="without a zone"):
            keep(database, a_request(asked_at=datetime(2026, 11, 23)))  # noqa: DTZ001 the fault under test

    def test_a_refusal_leaves_the_request_as_it_was(self, database: Database) -> None:
        keep(database, a_request())

        with pytest.raises(NotYours), database.unit() as unit:
            unit.requests.get(a_request().id).withdraw(an_actor("U0JOE"), now=NOON)

        assert stored(database) == a_request()


class TestDatabase(DatabaseLaws):
    def test_it_is_set_up_for_several_processes(self, database: Database) -> None:
        with database.engine.connect() as connection:
            settings = {
                name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
                for name in ("journal_mode", "busy_timeout", "foreign_keys")
            }

        assert settings == {"journal_mode": "wal", "busy_timeout": 30_000, "foreign_keys": 1}

    def test_it_refuses_a_decision_on_no_request(self, database: Database) -> None:
        decision = "INSERT INTO decisions VALUES ('WSR-9', 1, 'U0BOB', 'approve', '2026-11-23', '')"
        with pytest.raises(IntegrityError), database.engine.begin() as connection:
            connection.execute(text(decision))

    def test_it_makes_the_folder_it_stands_in(self, tmp_path: Path) -> None:
        database = at(tmp_path / "deep" / "state" / "bot.db")

        database.migrate()

        database.ping()
        database.close()

    def test_it_answers_while_another_process_writes(self, replicas: Sequence[Database]) -> None:
        with replicas[0].unit():
            replicas[1].ping()


class TestLocks(LockLaws, LeaderLaws, LivenessLaws):
    pass


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://host/name", "oracle://host"])
def test_a_database_that_was_never_tried_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"name a file|not supported"):
        Database(url)


def test_the_last_migrations_file_is_named_after_its_revision() -> None:
    """By the name a start knows, without Alembic, that there is nothing to do."""
    assert ScriptDirectory(str(_MIGRATIONS)).get_current_head() == _newest()


def test_a_start_on_the_newest_schema_does_without_alembic(migrated: Path, tmp_path: Path) -> None:
    start = "import sys; from bot.storage.database import Database; Database(sys.argv[1]).migrate();"
    path = shutil.copy(migrated, tmp_path)

    told = subprocess.run(
        [sys.executable, "-c", f"{start} print('alembic' in sys.modules)", f"sqlite:///{path}"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout == "False\n"
