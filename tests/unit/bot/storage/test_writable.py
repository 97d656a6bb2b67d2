"""A database that cannot be written is told in its own words: with real files, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bot.storage.database import Database

ASK = """
import os, resource, sys
from bot.storage.database import Database

database = Database(sys.argv[1])
database.ping()
{then}
print(database.unwritable())
"""
FULL = "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # as a full disk: no file takes another byte"
OTHER = "os.getuid() or os.setuid(65534)  # root may write what is read-only"


@pytest.fixture
def path() -> Iterator[Path]:
    """In a folder that others may look into, which pytest's are not, nor one below a private TMPDIR."""
    with TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        database = Database(f"sqlite:///{folder}/bot.db")
        database.migrate()
        database.close()
        yield Path(folder) / "bot.db"


def told(path: Path, then: str) -> str:
    asked = subprocess.run(
        [sys.executable, "-c", ASK.format(then=then), f"sqlite:///{path}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return asked.stdout.strip()


def test_one_that_takes_writes_is_well(path: Path) -> None:
    assert told(path, "") == "None"


def test_one_that_somebody_else_writes_at_this_moment_is_well(path: Path) -> None:
    database = Database(f"sqlite:///{path}")
    with database.unit():
        assert database.unwritable() is None
    database.close()


def test_a_full_disk_is_told(path: Path) -> None:
    assert told(path, FULL) == "disk I/O error"


def test_a_read_only_database_is_told(path: Path) -> None:
    path.chmod(0o444)

    assert told(path, OTHER) == "attempt to write a readonly database"
