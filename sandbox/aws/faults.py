"""Trouble on demand, by call."""

import threading
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    THROTTLING = "throttling"
    ACCESS_DENIED = "access-denied"
    LOST_ANSWER = "lost-answer"
    DELAY = "delay"


@dataclass(slots=True)
class _Rule:
    kind: Kind
    call: str
    skip: int
    times: int  # 0: until cleared
    seconds: float


class Faults:
    """`call` is "s3.CreateBucket", or "*" for every call that writes. All methods from any thread.

    A fault strikes the `nth` matching call from now, and `times - 1` more; `times` 0 is until cleared.
    """

    def __init__(self) -> None:
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()

    def add(self, kind: Kind, call: str, *, nth: int = 1, times: int = 1, seconds: float = 0.0) -> None:
        with self._lock:
            self._rules.append(_Rule(kind, call, nth - 1, times, seconds))

    def clear(self, kind: Kind | None = None) -> None:
        with self._lock:
            self._rules = [rule for rule in self._rules if kind is not None and rule.kind is not kind]

    def take(self, kind: Kind, call: str, *, writes: bool) -> float | None:
        """The seconds of the fault that strikes this call (0 for most), or None."""
        with self._lock:
            struck: float | None = None
            for rule in list(self._rules):
                if rule.kind is not kind or not (rule.call == call or (rule.call == "*" and writes)):
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                elif struck is None:
                    struck = rule.seconds
                    if rule.times == 1:
                        self._rules.remove(rule)
                    elif rule.times > 1:
                        rule.times -= 1
            return struck
