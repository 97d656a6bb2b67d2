"""Our last write to each shared IAM policy: the next editor may be another replica, and IAM shows it late."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Column, Connection, Engine, String, Table, delete, insert, select
from sqlalchemy.exc import SQLAlchemyError

from approvals.store import UtcTime
from bot.storage.store import metadata
from provisioner.errors import Interrupted
from provisioner.message import Message
from provisioner.stages.access.stage import LastWrite

policy_writes = Table(
    "policy_writes",
    metadata,
    Column("arn", String, primary_key=True),
    Column("version", String, nullable=False),
    Column("at", UtcTime, nullable=False),
)


class SqlPolicyWrites:
    """`LastWrites` that all replicas know. Raises `Interrupted` where the database does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, arn: str) -> LastWrite | None:
        with self._answering() as connection:
            query = select(policy_writes).where(policy_writes.c.arn == arn)
            row = connection.execute(query).mappings().first()
        return LastWrite(row["version"], row["at"]) if row else None

    def put(self, arn: str, write: LastWrite) -> None:
        """Whoever writes holds the policy's lock, so nobody else does in this moment."""
        with self._answering() as connection:
            connection.execute(delete(policy_writes).where(policy_writes.c.arn == arn))
            values = {"arn": arn, "version": write.version, "at": write.at}
            connection.execute(insert(policy_writes).values(values))

    @contextmanager
    def _answering(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise Interrupted(Message("can't continue: the database didn't answer")) from error
