"""A call to another system: how it may end, how long it may take, and who is told of it.

It can fail in three sorts and no more; anything else is a bug.

    WorkError
    ├── Temporary      try again later; uses up an attempt
    │   └── Unanswered nothing came of it in the time there was
    ├── Permanent      trying again changes nothing
    │   └── NotOurs    it exists and belongs to somebody else
    └── Interrupted    told to stop before the next write

`what` reads "cannot <verb> <object>". `cause` is facts only; `diagnosis` turns it into words for people.

Its time is the whole of it, whatever it is stuck in: a name, a handshake, an answer that drips. The limits of
the vendors' clients are for one wait on a socket each, so none of them bounds a call.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, replace
from datetime import timedelta
from math import inf
from time import monotonic
from typing import Annotated, Any, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram
from pydantic import Field, PlainSerializer

from provisioner.message import Message, Record

LONGEST_WORDS = 4000


def _note_to_json(note: Message | None) -> Any:  # `Json` refers to itself, which pydantic cannot read
    return note.cut(LONGEST_WORDS).to_json() if note else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause(Record):
    """What a vendor answered. `raw_text` is its own.

    With a `note` it is no vendor's, but ours about the answer: `raw_text` is that in English, for logs and
    `diagnosis`, and people are shown the note. Both are kept up to `LONGEST_WORDS` characters: `redacted` has
    to see all of them.
    """

    service: str  # "s3", "kubernetes", "dex"
    operation: str  # "CreateBucket"
    raw_text: Annotated[str, Field(alias="words"), PlainSerializer(lambda text: text[:LONGEST_WORDS])]
    code: str = ""  # "AccessDenied", "409"
    request_id: str = ""
    note: Annotated[Message | None, PlainSerializer(_note_to_json)] = None

    @classmethod
    def noted(cls, note: Message, *, service: str, operation: str, code: str = "") -> Cause:
        """Where the vendor said nothing that can be quoted."""
        return cls(service=service, operation=operation, raw_text=str(note), code=code, note=note)

    @classmethod
    def broken(cls, error: Exception, *, service: str, operation: str) -> Cause:
        """Where there was no answer: a connection that did not come about, or broke."""
        return cls(service=service, operation=operation, raw_text=str(error), code=type(error).__name__)

    def redacted(self, redact: Callable[[str], str]) -> Cause:
        """A note that quotes a secret is not kept: its words without the secret are."""
        said = str(self.note)
        raw_text = redact(self.raw_text)[:LONGEST_WORDS]
        return replace(self, raw_text=raw_text, note=self.note if redact(said) == said else None)


class WorkError(Exception):
    """Work could not be done; see the module's docstring for the kinds."""

    def __init__(self, what: Message, *, cause: Cause | None = None, hint: Message | None = None) -> None:
        super().__init__(str(what))
        self.what = what
        self.cause = cause
        self.hint = hint

    def __str__(self) -> str:
        tail = f": {self.cause.raw_text}" if self.cause else ""
        return f"{self.what}{tail}"


class Temporary(WorkError):
    """Throttled, a time-out, a conflict, a vendor that is down. Tried again with backoff."""

    def __init__(
        self, what: Message, *, cause: Cause | None = None, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(what, cause=cause)
        self.retry_after = retry_after


class Unanswered(Temporary):
    """Given up after a limit of ours, so a person has waited that long already."""


class Permanent(WorkError):
    """Refused for good until a person changes something."""


class NotOurs(Permanent):
    """It exists and is not ours; never touched, whatever was approved.

    It ends a create. It does not end a deletion, which leaves it where it is (`inspection.inspect`).
    """


class Interrupted(WorkError):
    """The run was told to stop, or lost its guard; raised by `StageContext.progress` before a write."""


CALL_WITHIN = timedelta(seconds=9)
"""One call to a vendor. A run obeys a cancel between two calls, and whoever pressed it waits at most 10 s."""

CONNECT_WITHIN = timedelta(seconds=4)
"""One address of a vendor: time for two more tries of TCP's own."""

LOOK_WITHIN = timedelta(seconds=20)
"""All stages of a workspace, looked at for a person who waits."""

_AT_ONCE = 64

_end: ContextVar[float] = ContextVar("deadline", default=inf)  # by the monotonic clock

T = TypeVar("T")


class OutOfTime(Exception):
    """`begun` is False when there was no time, or no room, to begin it at all."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__("out of time")
        self.begun = begun


def check_time() -> None:
    """Raises `OutOfTime` in work that was given up: to be called before anything is sent."""
    if monotonic() >= _end.get():
        raise OutOfTime(begun=False)


class TimeLimit:
    """Gives each piece of work so much time; within another limit, what that one has left."""

    def __init__(self, within: timedelta, *, at_once: int = _AT_ONCE) -> None:
        """`at_once` counts what was given up and is still stuck, too, so that it cannot pile up."""
        self._within = within
        self._room = threading.BoundedSemaphore(at_once)

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises; `OutOfTime` when that takes longer.

        Then it is left to its own thread, which keeps no process from ending; nobody hears of it any more.
        """
        end = _end_of(self._within)
        return _result(_begin(work, end, self._room), end)


def together(
    works: Iterable[Callable[[], T]], *, within: timedelta, at_once: int
) -> tuple[T | OutOfTime, ...]:
    """What each returns, in their order, with this time for all of them; the first error is raised.

    They begin in their order, `at_once` side by side.
    """
    end, room = _end_of(within), threading.BoundedSemaphore(at_once)
    begun = [_begin(work, end, room) for work in works]
    found: list[T | OutOfTime] = []
    for outcome in begun:
        try:
            found.append(_result(outcome, end))
        except OutOfTime as late:
            found.append(late)
    return tuple(found)


def _end_of(within: timedelta) -> float:
    return min(monotonic() + within.total_seconds(), _end.get())


def _begin(work: Callable[[], T], end: float, room: threading.BoundedSemaphore) -> Future[T] | None:
    """In a thread of its own; None where there is no time or no room for it."""
    left = end - monotonic()
    if left <= 0 or not room.acquire(timeout=left):
        return None
    outcome: Future[T] = Future()

    def carry_out() -> None:
        _end.set(end)
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 whoever waits for it gets it
            outcome.set_exception(error)
        finally:
            room.release()

    threading.Thread(target=copy_context().run, args=(carry_out,), name="limited", daemon=True).start()
    return outcome


def _result(outcome: Future[T] | None, end: float) -> T:
    if outcome is None:
        raise OutOfTime(begun=False)
    try:
        return outcome.result(max(end - monotonic(), 0))
    except TimeoutError:
        if outcome.done():
            return outcome.result()  # it came in this moment, or is an error of the work's own
        raise OutOfTime(begun=True) from None


Observer = Callable[[str, str, str, float], None]
"""Told the service ("s3"), the operation ("CreateBucket"), the code and the seconds of a call that is over.

The code is the vendor's own ("AccessDenied", "409") or the kind of a broken connection; `OK` where it went
well. It is called in the thread that made the call, and must neither wait nor raise.
"""

OK = "ok"
_SECONDS = (0.05, 0.2, 1, 5, 20)


class CallMetrics:
    """The `Observer` that Prometheus asks."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("service", "operation", "code")
        self._calls = Counter("workspace_bot_vendor_calls", "Calls to vendors.", labels, registry=registry)
        self._seconds = Histogram(
            "workspace_bot_vendor_call_seconds",
            "How long a call to a vendor took.",
            ("service",),
            buckets=_SECONDS,
            registry=registry,
        )

    def __call__(self, service: str, operation: str, code: str, seconds: float) -> None:
        self._calls.labels(service, operation, code).inc()
        self._seconds.labels(service).observe(seconds)


def unobserved(_service: str, _operation: str, _code: str, _seconds: float) -> None:
    """Where nobody wants to know."""


@dataclass(slots=True)
class Call:
    code: str = OK


@contextmanager
def observed(observer: Observer, service: str, operation: str) -> Iterator[Call]:
    """A call: whoever makes it may set its code; an error of ours has its own."""
    call, begun = Call(), monotonic()
    try:
        yield call
    except WorkError as error:
        call.code = error.cause.code if error.cause else type(error).__name__
        raise
    finally:
        observer(service, operation, call.code, monotonic() - begun)
