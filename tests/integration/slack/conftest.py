"""A simulated Slack for each test; it starts in a few milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slack.clock import MovableClock
from sandbox.slack.simulator import SlackSimulator
from tests.integration.slack.stand import Stand


@pytest.fixture
def slack() -> Iterator[SlackSimulator]:
    simulator = SlackSimulator(clock=MovableClock())
    simulator.start()
    yield simulator
    simulator.stop()
    assert simulator.unknown_calls == []


@pytest.fixture
def stand(slack: SlackSimulator, tmp_path: Path) -> Iterator[Stand]:
    """Over signed HTTP, which starts and stops faster; both transports are compared in test_transports."""
    stand = Stand(slack, tmp_path, http=True)
    stand.start()
    yield stand
    stand.stop()
