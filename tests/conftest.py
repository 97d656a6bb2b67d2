"""Plain logs, and real systems for integration tests, started once a session and stopped with it."""

from __future__ import annotations

import gc
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import hypothesis
import pytest
import structlog
from sqlalchemy import URL, Engine, create_engine, text

_DEBIAN = Path("/usr/lib/postgresql")  # Debian keeps the server's programs off the PATH
_USER = "workspace_bot"

_HERE = Path(__file__).parent
_LONG = [
    _HERE / "integration" / "postgres",
    *(_HERE / "integration" / "slack" / f"test_{name}.py" for name in ("identity", "notifier", "transports")),
    _HERE / "integration" / "stages",
    *(place for place in (_HERE / "sandbox").iterdir() if place.name != "world"),
]
"""Of the long tier: what real and simulated systems do. What stands on them is tried by `make test`."""

# Thousands of modules and tests stay for good; to look through them again and again costs a tenth of it all.
gc.set_threshold(50_000, 20, 20)

# An example that takes long on a busy machine is not wrong. Each run tries others, so each can do with fewer.
hypothesis.settings.register_profile("here", deadline=None, max_examples=50)
hypothesis.settings.load_profile("here")

# As left alone, structlog draws the locals of every frame of a traceback, for seconds each.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        ),
    ]
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(place) for place in _LONG):
            item.add_marker(pytest.mark.long)


class Postgres:
    """A server with nothing in it, on a socket in a folder of its own."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._data = folder / "data"
        self._socket = folder
        self._databases = count(1)
        self._nobody: pwd.struct_passwd | None = None
        if os.geteuid() == 0:  # the server refuses to run as root
            self._nobody = pwd.getpwnam("nobody")
            os.chown(folder, self._nobody.pw_uid, self._nobody.pw_gid)

    def start(self) -> None:
        self._run("initdb", "-D", str(self._data), "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-k {self._socket} -c listen_addresses='' -c fsync=off -c max_connections=100"
        log = str(self._socket / "server.log")
        self._run("pg_ctl", "-D", str(self._data), "-l", log, "-o", options, "-w", "-t", "60", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "-t", "60", "stop")

    def url(self, database: str) -> URL:
        return URL.create(
            "postgresql+psycopg", username=_USER, database=database, query={"host": str(self._socket)}
        )

    def new_database(self) -> URL:
        """The address of an empty one."""
        name = f"test_{next(self._databases)}"
        server = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        server.dispose()
        return self.url(name)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd="/",
            user=self._nobody and self._nobody.pw_uid,
            group=self._nobody and self._nobody.pw_gid,
            extra_groups=self._nobody and (),
        )
        if done.returncode:
            raise RuntimeError(f"{program} ended with {done.returncode}: {done.stderr or done.stdout}")


def _programs() -> Path | None:
    """The folder of the newest server's programs."""
    found = shutil.which("pg_ctl")
    if found and (Path(found).resolve().parent / "initdb").exists():
        return Path(found).resolve().parent
    versions = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: float(path.parent.parent.name))
    return versions[-1].parent if versions else None


@contextmanager
def a_postgres() -> Iterator[Postgres | None]:
    """None where its programs are not on this machine."""
    programs = _programs()
    if programs is None:
        yield None
        return
    # Not in tmp_path, nor in TMPDIR, which may be closed to the user that the server runs as; and a
    # socket's path has to be short.
    with tempfile.TemporaryDirectory(prefix="postgres-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        server = Postgres(programs, Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with a_postgres() as server:
        if server is None:
            pytest.skip("there is no PostgreSQL server on this machine")
        yield server


@pytest.fixture
def postgres_engine(postgres: Postgres) -> Iterator[Engine]:
    """On an empty database of its own."""
    engine = create_engine(postgres.new_database())
    yield engine
    engine.dispose()
