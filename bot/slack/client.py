"""Slack's clients, as every part of the bot wants them: with a limit on the whole call, and no second try.

And what a call can end in, what Slack calls that, and how often one may be made.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from http.client import HTTPException
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

from pydantic import SecretStr
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry import HttpRequest, HttpResponse, RetryHandler, RetryState
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient, WebhookResponse

from provisioner.deadline import OutOfTime, TimeLimit
from provisioner.retry import retry_after as headers_say

CALL_WITHIN = 10
"""Seconds for one call; Slack answers in a few hundred milliseconds or not at all."""
ANSWER_WITHIN = 5
"""Seconds for one answer to a response_url."""
TROUBLE = (SlackApiError, OSError, HTTPException)
"""All that a WebClient raises when Slack says no, is down, or its answer is lost."""

T = TypeVar("T")


def web_client(token: SecretStr, base_url: str, *, within: float = CALL_WITHIN) -> WebClient:
    """Without retry handlers: the caller knows whether a repetition does harm. Doesn't contact Slack yet."""
    return _LimitedWeb(token.get_secret_value(), f"{base_url.rstrip('/')}/", within)


def webhook(url: str, *, within: float = ANSWER_WITHIN) -> WebhookClient:
    """For a response_url, the same way."""
    return _LimitedWebhook(url, within)


class _LimitedWeb(WebClient):
    """All its methods come through `api_call`. `OSError` when a call takes too long, as urllib has it."""

    def __init__(self, token: str, base_url: str, within: float) -> None:
        super().__init__(token=token, base_url=base_url, timeout=_seconds(within), retry_handlers=[])
        self._limit = TimeLimit(timedelta(seconds=within))

    def api_call(self, api_method: str, **options: Any) -> SlackResponse:
        return _in_time(self._limit, partial(super().api_call, api_method, **options))


class _LimitedWebhook(WebhookClient):
    def __init__(self, url: str, within: float) -> None:
        super().__init__(url, timeout=_seconds(within), retry_handlers=[])
        self._limit = TimeLimit(timedelta(seconds=within))

    def send_dict(self, body: dict[str, Any], headers: dict[str, str] | None = None) -> WebhookResponse:
        return _in_time(self._limit, partial(super().send_dict, body, headers))


def _in_time(limit: TimeLimit, call: Callable[[], T]) -> T:
    try:
        return limit.run(call)
    except OutOfTime:
        raise TimeoutError("Slack did not answer in time") from None


def _seconds(within: float) -> int:
    return max(1, round(within))


def error_code(error: Exception) -> str:
    """Slack's own word, such as `channel_not_found`; for a broken connection the name of the exception."""
    if isinstance(error, SlackApiError):
        return str(error.response.get("error", "")) or f"http_{http_status(error)}"
    return type(error).__name__


def http_status(error: Exception) -> int:
    """0 when there was no answer at all."""
    return int(getattr(error.response, "status_code", 0)) if isinstance(error, SlackApiError) else 0


def retry_after(error: Exception) -> float | None:
    """Seconds that Slack wants to be left alone, when it said so."""
    if not isinstance(error, SlackApiError):
        return None
    said = headers_say(getattr(error.response, "headers", {}))
    return said.total_seconds() if said is not None else None


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
