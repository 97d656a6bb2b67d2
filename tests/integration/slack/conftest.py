"""A simulated Slack for each test; it starts in a few milliseconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.slack.clock import MovableClock
from sandbox.slack.simulator import SlackSimulator


@pytest.fixture
def slack() -> Iterator[SlackSimulator]:
    simulator = SlackSimulator(clock=MovableClock())
    simulator.start()
    yield simulator
    simulator.stop()
    assert simulator.unknown_calls == []
