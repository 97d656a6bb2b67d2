"""Everything that went between the simulated Slack and the bot, numbered."""

import asyncio
import contextlib
import json
from collections import deque
from typing import Any

from sandbox.slack.clock import Clock

# Old entries go first; their numbers are never given again.
KEPT = 50_000


class Journal:
    """Kinds: act (of a person), call, response_url, envelope, request, ack, no ack, socket, shown.

    What is written is a copy, with every known secret and every value under a
    key that holds one replaced by stars.
    """

    _SECRET_KEYS = frozenset({"token", "upload_url", "ticket"})

    def __init__(self, clock: Clock, secrets: tuple[str, ...]) -> None:
        self._clock = clock
        self._secrets = secrets
        self._entries: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._waiting: set[asyncio.Future[None]] = set()
        self.number = 0

    def write(self, kind: str, method: str, **facts: Any) -> int:
        self.number += 1
        entry = {"number": self.number, "time": self._clock.now(), "kind": kind, "method": method, **facts}
        text = json.dumps(self._veiled(entry), ensure_ascii=False, default=str)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        self._entries.append(json.loads(text))
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        return self.number

    def _veiled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: "***" if key in self._SECRET_KEYS and isinstance(inner, str) else self._veiled(inner)
                for key, inner in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._veiled(inner) for inner in value]
        return value

    def after(self, number: int) -> list[dict[str, Any]]:
        return [entry for entry in self._entries if entry["number"] > number]

    async def wait(self, number: int, seconds: float) -> None:
        """Return when there is an entry after `number`, or after so many seconds of real time."""
        if self.number > number:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(future, seconds)
        finally:
            self._waiting.discard(future)
