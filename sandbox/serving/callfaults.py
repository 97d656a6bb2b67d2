"""Trouble on demand, by call."""

import threading
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    THROTTLING = "throttling"
    ACCESS_DENIED = "access-denied"
    LOST_ANSWER = "lost-answer"
    DELAY = "delay"


@dataclass(slots=True, eq=False)
class Fault:
    """`skip` calls are let through first; `left` is how often it strikes yet, 0 for always."""

    kind: Kind
    call: str
    key_id: str
    skip: int
    left: int
    seconds: float
    spent: bool = False

    def concerns(self, call: str, *, writes: bool, key_id: str) -> bool:
        return (self.call == call or (self.call == "*" and writes)) and self.key_id in ("", key_id)


class Faults:
    """`call` is "s3.CreateBucket", or "*" for every call that writes. All methods from any thread.

    A fault strikes the `nth` matching call from now, and `times - 1` more; `times` 0 is until cleared.
    With a `key_id` it strikes calls signed with that access key alone.
    """

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(
        self,
        kind: Kind,
        call: str,
        *,
        nth: int = 1,
        times: int = 1,
        seconds: float = 0.0,
        key_id: str = "",
    ) -> Fault:
        fault = Fault(kind, call, key_id, nth - 1, times, seconds)
        with self._lock:
            self._faults.append(fault)
        return fault

    def lift(self, fault: Fault) -> None:
        with self._lock:
            if fault in self._faults:
                self._faults.remove(fault)

    def clear(self, kind: Kind | None = None) -> None:
        with self._lock:
            self._faults = [one for one in self._faults if kind is not None and one.kind is not kind]

    def take(self, kind: Kind, call: str, *, writes: bool, key_id: str = "") -> float | None:
        """The seconds of the fault that strikes this call (0 for most), or None."""
        with self._lock:
            struck: float | None = None
            for fault in list(self._faults):
                if fault.kind is not kind or not fault.concerns(call, writes=writes, key_id=key_id):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                elif struck is None:
                    struck = fault.seconds
                    if fault.left == 1:
                        fault.spent = True
                        self._faults.remove(fault)
                    elif fault.left > 1:
                        fault.left -= 1
            return struck
