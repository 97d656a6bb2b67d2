"""Who is told of every call to a vendor: for metrics."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from provisioner.errors import WorkError

Observer = Callable[[str, str, str, float], None]
"""Told the service ("s3"), the operation ("CreateBucket"), the code and the seconds of a call that is over.

The code is the vendor's own ("AccessDenied", "409") or the kind of a broken connection; `OK` where it went
well. It is called in the thread that made the call, and must neither wait nor raise.
"""

OK = "ok"


def unobserved(_service: str, _operation: str, _code: str, _seconds: float) -> None:
    """Where nobody wants to know."""


@dataclass(slots=True)
class Call:
    code: str = OK


@contextmanager
def observed(observer: Observer, service: str, operation: str) -> Iterator[Call]:
    """A call: whoever makes it may set its code; an error of ours has its own."""
    call, begun = Call(), time.monotonic()
    try:
        yield call
    except WorkError as error:
        call.code = error.cause.code if error.cause else type(error).__name__
        raise
    finally:
        observer(service, operation, call.code, time.monotonic() - begun)
