"""The stores on SQLite, and the fake that stands for them, under one set of laws."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import StatementError

from tests.builders import a_run
from tests.fakes.ledger import FakeLedger
from tests.laws.engine_laws import EngineLaws
from tests.laws.journal_laws import JournalLaws
from tests.laws.repository_laws import RepositoryLaws, RunStore, keep
from tests.laws.sql_store import SqlStore


class TestTheFake(RepositoryLaws, JournalLaws):
    @pytest.fixture
    def store(self) -> FakeLedger:
        return FakeLedger()


class TestSqlite(RepositoryLaws, JournalLaws, EngineLaws):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[RunStore]:
        begins_to_write = {"isolation_level": "IMMEDIATE", "timeout": 30}
        engine = create_engine(f"sqlite:///{tmp_path}/runs.db", connect_args=begins_to_write)
        yield SqlStore(engine)
        engine.dispose()

    def test_a_time_without_a_zone_is_not_stored(self, store: RunStore) -> None:
        with pytest.raises(StatementError, match="without a zone"):
            keep(store, a_run(created_at=datetime(2026, 11, 23)))  # noqa: DTZ001 the fault under test
