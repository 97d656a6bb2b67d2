"""How often something may be done, kept below what Slack allows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from slack_sdk.http_retry import HttpRequest, HttpResponse, RetryHandler, RetryState

from provisioner.engine.run import Clock


class RateLimitedObserver(RetryHandler):
    """Is told of each answer of Slack, among a client's `retry_handlers`. Has nothing tried again."""

    def __init__(self, told: Callable[[], None]) -> None:
        super().__init__()
        self._told = told

    def _can_retry(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        del state, request, error
        if response is not None and response.status_code == 429:
            self._told()
        return False


class RateLimiter:
    """`burst` at once, then `a_minute` evenly. Safe from any thread."""

    def __init__(self, clock: Clock, *, a_minute: int, burst: int) -> None:
        self._clock = clock
        self._gap = timedelta(minutes=1) / a_minute
        self._span = self._gap * burst
        self._lock = Lock()
        # When the bucket will be full again; one taken moves it one gap on.
        self._full_at: datetime = clock.now()

    def take(self) -> float:
        """Take one: 0. When there is none, how many seconds until there is."""
        with self._lock:
            now = self._clock.now()
            full_at = max(self._full_at, now) + self._gap
            if full_at - now > self._span:
                return (full_at - now - self._span).total_seconds()
            self._full_at = full_at
            return 0.0
