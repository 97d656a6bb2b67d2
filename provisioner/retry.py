"""When a thing is tried again: a pause that grows with the tries, and what a server asks for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from zlib import crc32

LONGEST_ASKED = timedelta(minutes=5)
"""A server that asks for more is asked again all the same."""


def backoff(tries: int, *, first: timedelta, longest: timedelta, salt: str = "") -> timedelta:
    """How long to wait after so many tries, from 1: doubling from `first` to `longest`.

    With a `salt` half to all of it. The share follows from the salt, so that those who failed together do not
    come back together, and one that is begun again waits as long as before.
    """
    full = min(first * 2.0 ** min(tries - 1, 32), longest)
    return full * (0.5 + crc32(f"{salt}/{tries}".encode()) / 2**33) if salt else full


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """What an answer says in its Retry-After, in seconds; None where it says nothing of the kind."""
    said = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    if not (said.isascii() and said.isdigit()):
        return None
    return min(timedelta(seconds=int(said[:9])), LONGEST_ASKED)
