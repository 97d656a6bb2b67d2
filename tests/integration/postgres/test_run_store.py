"""The stores of runs on a real PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.laws.engine_laws import EngineLaws
from tests.laws.journal_laws import JournalLaws
from tests.laws.repository_laws import RepositoryLaws
from tests.laws.sql_store import SqlStore


class TestPostgres(RepositoryLaws, JournalLaws, EngineLaws):
    @pytest.fixture
    def store(self, postgres_engine: Engine) -> SqlStore:
        return SqlStore(postgres_engine)
