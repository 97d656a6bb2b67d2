"""A simulated Slack for each test; it starts in a few milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.storage.database import Database
from sandbox.slack.clock import MovableClock
from sandbox.slack.simulator import SlackSimulator
from tests.integration.slack.stand import Stand


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables and nothing in them; migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("tables") / "bot.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@pytest.fixture
def slack() -> Iterator[SlackSimulator]:
    simulator = SlackSimulator(clock=MovableClock())
    simulator.start()
    yield simulator
    simulator.stop()
    assert simulator.unknown_calls == []


@pytest.fixture
def stand(slack: SlackSimulator, tmp_path: Path, tables: Path) -> Iterator[Stand]:
    """Over signed HTTP, which starts and stops faster; both transports are compared in test_transports."""
    stand = Stand(slack, tmp_path, tables, http=True)
    stand.start()
    yield stand
    stand.stop()
