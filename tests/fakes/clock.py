"""Time that stands still until a test moves it."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.builders import NOON


class FakeClock:
    def __init__(self, now: datetime = NOON) -> None:
        self._now = now
        self._passed = 0.0

    def now(self) -> datetime:
        return self._now

    def elapsed(self) -> float:
        """As `time.monotonic`: seconds that passed, whatever the clock was set to."""
        return self._passed

    def pass_by(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._passed += seconds

    def set_by(self, seconds: float) -> None:
        """Somebody sets the clock; no time passes."""
        self._now += timedelta(seconds=seconds)

    def later(self, seconds: float) -> datetime:
        return self._now + timedelta(seconds=seconds)
