"""Slack's clients, as every part of the bot wants them: with a limit on the whole call, and no second try."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from pydantic import SecretStr
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient, WebhookResponse

from provisioner.deadline import OutOfTime, TimeLimit

CALL_WITHIN = 10
"""Seconds for one call; Slack answers in a few hundred milliseconds or not at all."""
ANSWER_WITHIN = 5
"""Seconds for one answer to a response_url."""

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
