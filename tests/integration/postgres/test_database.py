"""The database on PostgreSQL: the same laws, and what only a server can do to us."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from sqlalchemy import create_engine, text

from bot.storage.database import METADATA, Database
from provisioner.engine.run import Locks
from provisioner.vendor_call import Interrupted
from tests.builders import a_request
from tests.conftest import Postgres
from tests.fakes.replica import until
from tests.laws.ask_repository_laws import AskRaceLaws, AskRepositoryLaws
from tests.laws.database_laws import DatabaseLaws, LeaderLaws, LockLaws, free, taken_over
from tests.laws.liveness_laws import LivenessLaws
from tests.laws.message_repository_laws import MessageRepositoryLaws
from tests.laws.request_repository_laws import OVER, RaceLaws, RequestRepositoryLaws, keep

TABLES = ", ".join(f'"{table.name}"' for metadata in METADATA for table in metadata.sorted_tables)


@pytest.fixture(scope="module")
def address(postgres: Postgres) -> str:
    """Of a migrated database that all tests here share."""
    address = postgres.new_database().render_as_string(hide_password=False)
    database = Database(address)
    database.migrate()
    database.close()
    return address


@pytest.fixture
def replicas(address: str) -> Iterator[Sequence[Database]]:
    replicas = Database(address), Database(address)
    with replicas[0].engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {TABLES} RESTART IDENTITY"))
    yield replicas
    for replica in replicas:
        replica.close()


@pytest.fixture
def database(replicas: Sequence[Database]) -> Database:
    return replicas[0]


@pytest.fixture
def fresh(postgres: Postgres) -> Iterator[Callable[[], Database]]:
    made: list[Database] = []

    def make() -> Database:
        made.append(Database(postgres.new_database().render_as_string(hide_password=False)))
        return made[-1]

    yield make
    for database in made:
        database.close()


@pytest.fixture
def lockers(replicas: Sequence[Database]) -> Sequence[Locks]:
    return [replica.locks() for replica in replicas]


@pytest.fixture
def cut_all_connections(address: str) -> Callable[[], None]:
    """As a server does that is restarted, or a network that breaks."""

    def cut() -> None:
        end_others = """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid != pg_backend_pid()
        """
        server = create_engine(address, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(text(end_others))
        server.dispose()

    return cut


class TestAsks(AskRepositoryLaws, AskRaceLaws):
    pass


class TestMessages(MessageRepositoryLaws):
    pass


class TestRequests(RequestRepositoryLaws, RaceLaws):
    races = 200

    def test_what_somebody_is_deciding_on_does_not_expire_meanwhile(
        self, replicas: Sequence[Database]
    ) -> None:
        keep(replicas[0], a_request("WSR-0001", "alpha"), a_request("WSR-0002", "beta"))

        with replicas[0].unit() as deciding:
            deciding.requests.get_for_update(a_request("WSR-0001").id)
            with replicas[1].unit() as unit:
                assert [request.id for request in unit.requests.overdue(OVER)] == ["WSR-0002"]


class TestDatabase(DatabaseLaws):
    def test_it_goes_on_after_the_server_cut_its_connections(
        self, database: Database, cut_all_connections: Callable[[], None]
    ) -> None:
        database.ping()
        cut_all_connections()

        database.ping()

    def test_it_takes_the_address_as_people_paste_it(self, database: Database) -> None:
        url = database.engine.url.set(drivername="postgresql")

        pasted = Database(url.render_as_string(hide_password=False))

        pasted.ping()
        pasted.close()


class TestLocks(LockLaws):
    def test_a_holder_that_lost_its_connection_is_stopped(
        self, lockers: Sequence[Locks], cut_all_connections: Callable[[], None]
    ) -> None:
        with lockers[0].try_hold("run/1") as held:
            assert held is not None
            cut_all_connections()

            for _ in range(2):  # and stays so: a new connection would hold nothing
                with pytest.raises(Interrupted):
                    held.check()

        assert free(lockers[1], "run/1")


class TestLeader(LeaderLaws):
    def test_a_leader_that_lost_its_connection_knows(
        self, replicas: Sequence[Database], cut_all_connections: Callable[[], None]
    ) -> None:
        leadership = replicas[0].try_lead()
        assert leadership is not None
        cut_all_connections()

        assert not leadership.alive()
        assert not leadership.alive()
        successor = taken_over(replicas[1])
        assert successor.alive()
        leadership.release()
        successor.release()


class TestLiveness(LivenessLaws):
    def test_each_sees_the_other_until_it_is_released(self, replicas: Sequence[Database]) -> None:
        first, second = (replica.liveness() for replica in replicas)
        assert set(first.living()) == {first.executor_id, second.executor_id}

        second.release()

        until(lambda: set(first.living()) == {first.executor_id})
        first.release()

    def test_what_one_calls_the_other_hears(self, replicas: Sequence[Database]) -> None:
        first, second = (replica.liveness() for replica in replicas)

        first.call("WSR-0001.1")

        assert second.listen(30) == ["WSR-0001.1"]
        first.release()
        second.release()

    def test_only_one_at_a_time_takes_over(self, replicas: Sequence[Database]) -> None:
        first, second = (replica.liveness() for replica in replicas)

        with first.taking_over(), second.taking_over() as also:
            assert not also
        with second.taking_over() as now:
            assert now
        first.release()
        second.release()

    def test_one_whose_session_was_cut_cannot_say_who_lives(
        self, replicas: Sequence[Database], cut_all_connections: Callable[[], None]
    ) -> None:
        first, second = (replica.liveness() for replica in replicas)
        cut_all_connections()

        for lost in (first, second):
            with pytest.raises(OSError, match="does not answer"):
                lost.living()
            with pytest.raises(OSError, match="does not answer"):
                lost.listen(30)
        assert replicas[0].liveness().living()
