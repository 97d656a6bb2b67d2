"""What the simulator refuses, to the bot (SlackError) and to whoever plays a person (CannotAct)."""

from typing import Any


class SlackError(Exception):
    """A Web API answer with `ok: false`."""

    def __init__(self, error: str, **facts: Any) -> None:
        super().__init__(error)
        self.error = error
        self.facts = facts

    def answer(self) -> dict[str, Any]:
        return {"ok": False, "error": self.error, **self.facts}


class RateLimited(SlackError):
    """HTTP 429; `retry_after` in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after


def invalid(error: str, messages: list[str]) -> SlackError:
    """Slack repeats the list of complaints in `errors` and in `response_metadata`."""
    return SlackError(
        error,
        errors=messages,
        response_metadata={"messages": [f"[ERROR] {message}" for message in messages]},
    )


class CannotAct(LookupError):
    """The person cannot do that: what they would press or write to is not on their screen."""
