"""What a failure means and what to do about it, as far as it is known; the unknown is said to be unknown.

The knowledge is data: `failures.toml`, one entry a failure, each with the text it was learned from.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from provisioner.errors import Cause
from provisioner.message import Message, Value


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`retryable`: it may go away by itself, so that trying again without a change makes sense."""

    cause: Message
    remedy: Message
    retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One entry. It is recognised by the vendor's words, or by what of ours could not be done."""

    id: str
    service: str
    code: str  # empty: any
    words: re.Pattern[str] | None  # its named groups are values of `cause` and `remedy`
    what: str  # template; empty where the words tell
    text: str  # what it was learned from
    source: str
    cause: str
    remedy: str
    retryable: bool

    def values(self, what: Message, cause: Cause | None) -> Mapping[str, Value] | None:
        """What the sentences need, or None when this is another failure."""
        if self.words is None:
            return what.values if what.text == self.what else None
        if cause is None or cause.service != self.service or self.code not in ("", cause.code):
            return None
        found = self.words.search(cause.words)
        return None if found is None else {key: value or "" for key, value in found.groupdict().items()}

    def diagnosis(self, values: Mapping[str, Value]) -> Diagnosis:
        cause, remedy = (Message(text, plural="", **values) for text in (self.cause, self.remedy))
        return Diagnosis(cause, remedy, self.retryable)


def diagnose(what: Message, cause: Cause | None) -> Diagnosis | None:
    """The first entry that fits; None when the failure is not known."""
    for known in catalogue():
        values = known.values(what, cause)
        if values is not None:
            return known.diagnosis(values)
    return None


@cache
def catalogue() -> tuple[Known, ...]:
    """Every entry, read once, when it is first needed."""
    text = files("provisioner").joinpath("failures.toml").read_text(encoding="utf-8")
    return tuple(_known(entry) for entry in tomllib.loads(text)["failure"])


def templates() -> tuple[str, ...]:
    """Every sentence a diagnosis can say, for the catalogues of translations."""
    return tuple(sentence for known in catalogue() for sentence in (known.cause, known.remedy))


def _known(entry: Mapping[str, Any]) -> Known:
    words = entry.get("words")
    return Known(
        id=entry["id"],
        service=entry.get("service", ""),
        code=entry.get("code", ""),
        words=re.compile(words, re.IGNORECASE) if words else None,
        what=entry.get("what", ""),
        text=entry["text"],
        source=entry["source"],
        cause=entry["cause"],
        remedy=entry["remedy"],
        retryable=entry["retryable"],
    )
