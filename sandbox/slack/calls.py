"""One Web API call: its arguments, and what a method needs before it runs."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from sandbox.slack.errors import SlackError, invalid
from sandbox.slack.rates import Tier


class Token(Enum):
    BOT = "bot"
    APP = "app"
    NONE = "none"


class Call:
    """Arguments as they came: from a form everything is text, from JSON it is not."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.arguments = arguments

    def has(self, name: str) -> bool:
        return self.arguments.get(name) not in (None, "")

    def text(self, name: str, default: str = "") -> str:
        value = self.arguments.get(name)
        return default if value is None else str(value)

    def required(self, name: str) -> str:
        if not self.has(name):
            raise invalid("invalid_arguments", [f"missing required field: {name}"])
        return self.text(name)

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.arguments.get(name)
        return default if value is None else str(value).lower() in ("1", "true")

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.arguments.get(name, default))
        except (TypeError, ValueError):
            raise invalid("invalid_arguments", [f"must be an integer [json-pointer:/{name}]"]) from None

    def json(self, name: str, *, error: str = "invalid_arguments") -> Any:
        """A nested value: an object in a JSON body, JSON text in a form; None when it is not there."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise SlackError(error) from None


Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Method:
    """What runs, how often it may, and what it takes. `scopes`: any one of them will do."""

    run: Callable[[Call], Answer]
    tier: Tier
    scopes: tuple[str, ...] = ()
    token: Token = Token.BOT
    headers: dict[str, str] = field(default_factory=dict)
