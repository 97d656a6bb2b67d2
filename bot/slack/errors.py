"""What a call to Slack can end in, and what Slack calls it."""

from __future__ import annotations

from http.client import HTTPException

from slack_sdk.errors import SlackApiError

from provisioner.retry import retry_after as headers_say

TROUBLE = (SlackApiError, OSError, HTTPException)
"""All that a WebClient raises when Slack says no, is down, or its answer is lost."""


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
