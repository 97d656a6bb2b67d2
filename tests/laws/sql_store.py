"""The SQL repositories as a store under the laws."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from provisioner.engine.store import SqlJournal, SqlLedger, SqlRunRepository, metadata
from tests.laws.repository_laws import Desk


class SqlStore:
    """`RunStore` over an empty database."""

    def __init__(self, engine: Engine) -> None:
        metadata.create_all(engine)
        self._engine = engine
        self.ledger = SqlLedger(engine)

    @contextmanager
    def transaction(self) -> Iterator[Desk]:
        with self._engine.begin() as connection:
            yield Desk(SqlRunRepository(connection), SqlJournal(connection))
