"""Token buckets: per method for the team, and per channel for posting."""

import math
from dataclasses import dataclass
from enum import Enum, IntEnum

from sandbox.slack.clock import Clock
from sandbox.slack.errors import RateLimited


class Rates(Enum):
    """How much of Slack's limits is applied: as documented, twenty times as much, or none."""

    REAL = 1
    FAST = 20
    OFF = 0


class Tier(IntEnum):
    """Calls a minute (docs: apis/web-api/rate-limits)."""

    ONE = 1
    TWO = 20
    THREE = 50
    FOUR = 100
    POST = 300
    STATUS = 600
    NONE = 0


# Slack tolerates bursts and does not say how much; opening sockets must survive a restart or two.
LEAST_BURST = 10
# chat.postMessage: one a second and channel; a short burst is tolerated.
CHANNEL_PER_SECOND = 1.0
CHANNEL_BURST = 5


@dataclass(slots=True)
class Bucket:
    size: float
    per_second: float
    tokens: float
    filled: float

    def take(self, now: float) -> float:
        """Take one, or tell how many seconds until there is one."""
        self.tokens = min(self.size, self.tokens + (now - self.filled) * self.per_second)
        self.filled = now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0
        return (1 - self.tokens) / self.per_second


class Limits:
    def __init__(self, rates: Rates, clock: Clock) -> None:
        self.rates = rates
        self._clock = clock
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def call(self, method: str, tier: Tier) -> None:
        if tier is not Tier.NONE:
            self._take((method, ""), max(tier, LEAST_BURST), tier / 60)

    def post(self, channel_id: str) -> None:
        self._take(("chat.postMessage", channel_id), CHANNEL_BURST, CHANNEL_PER_SECOND)

    def _take(self, key: tuple[str, str], size: float, per_second: float) -> None:
        if self.rates is Rates.OFF:
            return
        factor, now = self.rates.value, self._clock.now()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(size * factor, per_second * factor, size * factor, now)
        wait = bucket.take(now)
        if wait:
            raise RateLimited(max(1, math.ceil(wait)))
