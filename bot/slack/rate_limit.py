"""How often something may be done, kept below what Slack allows."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic

from slack_sdk.http_retry import HttpRequest, HttpResponse, RetryHandler, RetryState


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
    """`burst` at once, then `a_minute` evenly. Safe from any thread; the time of day may be set."""

    def __init__(self, *, a_minute: int, burst: int, timer: Callable[[], float] = monotonic) -> None:
        self._timer = timer
        self._gap = 60 / a_minute  # seconds
        self._span = self._gap * burst
        self._lock = Lock()
        # When the bucket will be full again; one taken moves it one gap on.
        self._full_at = timer()

    def take(self, *, leave: int = 0) -> float:
        """Take one and `leave` so many: 0. Where that cannot be, how many seconds until it can."""
        with self._lock:
            now = self._timer()
            full_at = max(self._full_at, now) + self._gap
            span = self._span - leave * self._gap
            if full_at - now > span:
                return full_at - now - span
            self._full_at = full_at
            return 0.0
