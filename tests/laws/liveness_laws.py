"""What a process may know of the others that carry out runs. Run over SQLite and PostgreSQL."""

from __future__ import annotations

from bot.storage.database import Database


class LivenessLaws:
    def test_a_process_lives_under_another_id_at_each_start(self, database: Database) -> None:
        first, second = database.liveness(), database.liveness()

        assert first.executor_id in first.living()
        assert first.executor_id != second.executor_id
        first.release()
        second.release()

    def test_one_call_ends_the_wait_and_is_not_heard_by_its_caller(self, database: Database) -> None:
        liveness = database.liveness()
        liveness.call("WSR-0001.1")

        assert not liveness.listen(30)
        liveness.release()

    def test_alone_it_may_take_over(self, database: Database) -> None:
        liveness = database.liveness()
        with liveness.taking_over() as alone:
            assert alone
        liveness.release()
