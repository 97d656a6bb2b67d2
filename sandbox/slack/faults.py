"""Trouble on demand, set by tests and by the sandbox's switches."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Down(StrEnum):
    """How an unreachable Slack shows itself."""

    CLOSED = "closed"
    UNAVAILABLE = "503"


class Kind(StrEnum):
    ERROR = "error"
    LIMIT = "429"
    LOSE = "lost-answer"
    DELAY = "delay"
    CUT = "cut-socket"
    DUPLICATE = "duplicate"


@dataclass(slots=True)
class Fault:
    """Strikes from the `after + 1`-th matching occasion on, `times` times (0: until cleared)."""

    kind: Kind
    method: str
    after: int
    times: int
    error: str = ""
    seconds: float = 0.0

    def strikes(self) -> bool:
        if self.after > 0:
            self.after -= 1
            return False
        return True


class Faults:
    """All methods may be called from any thread. `nth` counts from now, `method` "*" is every method."""

    def __init__(self, cut_sockets: Callable[[], None]) -> None:
        self._cut_sockets = cut_sockets
        self._faults: list[Fault] = []
        self.is_down: Down | None = None
        self.reordering = 0

    def down(self, how: Down = Down.CLOSED) -> None:
        """Every call fails and every socket is cut until `up`."""
        self.is_down = how
        self._cut_sockets()

    def up(self) -> None:
        self.is_down = None

    def fail(self, method: str, error: str = "internal_error", *, nth: int = 1, times: int = 1) -> None:
        """The call answers `ok: false` and does nothing."""
        self._add(Fault(Kind.ERROR, method, nth - 1, times, error=error))

    def limit(self, method: str, *, retry_after: int = 1, nth: int = 1, times: int = 1) -> None:
        """The call answers 429 with Retry-After in seconds and does nothing."""
        self._add(Fault(Kind.LIMIT, method, nth - 1, times, seconds=retry_after))

    def lose_answer(self, method: str, *, nth: int = 1, times: int = 1) -> None:
        """The call is carried out, then the connection breaks before its answer."""
        self._add(Fault(Kind.LOSE, method, nth - 1, times))

    def delay(self, method: str, seconds: float, *, nth: int = 1, times: int = 1) -> None:
        """The call is carried out so many seconds (of the simulator's clock) later."""
        self._add(Fault(Kind.DELAY, method, nth - 1, times, seconds=seconds))

    def cut_ack(self, *, nth: int = 1, times: int = 1) -> None:
        """The socket breaks while the acknowledgement comes in, which then never counts."""
        self._add(Fault(Kind.CUT, "ack", nth - 1, times))

    def duplicate(self, kind: str = "*", *, nth: int = 1, times: int = 1) -> None:
        """The delivery (slash_commands, interactive, events_api) comes twice, with the same ids inside."""
        self._add(Fault(Kind.DUPLICATE, kind, nth - 1, times))

    def reorder(self, count: int = 2) -> None:
        """The next `count` deliveries are held back and arrive last first."""
        self.reordering = count

    def clear(self) -> None:
        """No fault left, and Slack is up."""
        self._faults.clear()
        self.reordering = 0
        self.up()

    def active(self) -> list[str]:
        """Names of what is set, for a status display."""
        down = [f"down {self.is_down}"] if self.is_down else []
        return down + [f"{fault.kind} {fault.method}" for fault in self._faults]

    def _add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def take(self, kind: Kind, method: str) -> Fault | None:
        """The fault that strikes this occasion; each fault counts the occasion once."""
        struck: Fault | None = None
        for fault in list(self._faults):
            if fault.kind is not kind or fault.method not in ("*", method):
                continue
            if fault.strikes() and struck is None:
                struck = fault
                if fault.times == 1:
                    self._faults.remove(fault)
                elif fault.times > 1:
                    fault.times -= 1
        return struck
