"""The Web API client, as every part of the bot wants it."""

from __future__ import annotations

from pydantic import SecretStr
from slack_sdk import WebClient

CALL_WITHIN = 10
"""Seconds for one call; Slack answers in a few hundred milliseconds or not at all."""


def web_client(token: SecretStr, base_url: str, *, within: int = CALL_WITHIN) -> WebClient:
    """Without retry handlers: whoever calls knows whether a repetition does harm. Asks Slack nothing yet."""
    folder = f"{base_url.rstrip('/')}/"
    return WebClient(token=token.get_secret_value(), base_url=folder, timeout=within, retry_handlers=[])
