"""What is said in a card's thread: one line a milestone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from bot.views.phrases import inventory_items, noted, service_of, stacked
from provisioner.diagnosis import diagnose
from provisioner.engine.run import Entry, EntryKind, Failure, Inventory
from provisioner.message import Json, Message, listed, named
from provisioner.vendor_call import Cause

TOLD = frozenset(
    {
        EntryKind.STARTED,
        EntryKind.STAGE_RETRYING,
        EntryKind.STAGE_DONE,
        EntryKind.PARKED,
        EntryKind.UNPLANNED,
        EntryKind.FAILED,
        EntryKind.CANCELLED,
        EntryKind.SUCCEEDED,
        EntryKind.REQUEUED,
    }
)
"""Kinds of journal entry that people read; the others are for the record."""

CALLS = frozenset({EntryKind.FAILED, EntryKind.PARKED, EntryKind.UNPLANNED})
"""Kinds for which people are mentioned, because someone has to act."""

WORDS_SHOWN = 600
"""Characters of a vendor's own words in the thread; Details has all of them."""


LINES_MOST = 10
"""In one post."""


def posts(entries: Iterable[Entry]) -> Iterator[tuple[int, Message, bool]]:
    """What is posted, the number of its last entry, and whether it calls people: those are not mixed with
    the others."""
    lines = [(entry.number, line, entry.kind in CALLS) for entry in entries if (line := thread_line(entry))]
    for calls, group in groupby(lines, key=lambda one: one[2]):
        these = list(group)
        for start in range(0, len(these), LINES_MOST):
            post = these[start : start + LINES_MOST]
            yield post[-1][0], stacked([line for _, line, _ in post]), calls


def thread_line(entry: Entry) -> Message | None:
    """The entry as people read it, or None when it is only for the record."""
    if entry.kind not in TOLD:
        return None
    lines = [entry.message]
    if entry.kind is EntryKind.FAILED:
        lines += _explained(Failure.from_json(_table(entry.data["failure"])))
    if "standing" in entry.data:
        lines.append(_standing(entry.data["standing"]))
    return stacked(lines)


def _explained(failure: Failure) -> Iterator[Message]:
    """The vendor's words in short, the cause, what to do, and the reference."""
    if failure.cause is not None:
        yield from _said(failure.cause)
    known = diagnose(failure.what, failure.cause)
    if known is not None:
        yield Message("Cause: {cause}", cause=known.cause)
        yield Message("What to do: {remedy}", remedy=known.remedy)
    elif failure.hint is not None:
        yield Message("What to do: {remedy}", remedy=failure.hint)
    else:
        yield Message("Cause: unknown. Fix the error shown above, then retry.")
    yield Message("Reference: {reference}", reference=named(failure.reference))


def _said(cause: Cause) -> Iterator[Message]:
    words = _short(cause.raw_text.strip()).replace("\n", "\n> ")
    if cause.note is not None:
        yield noted(cause, cause.note)
    elif words:
        yield Message("{service} responded:\n> {words}", service=service_of(cause), words=words)


def _short(words: str) -> str:
    """Cut after a word, unless that one word is most of it."""
    if len(words) <= WORDS_SHOWN:
        return words
    whole = words[: WORDS_SHOWN + 1].rsplit(maxsplit=1)[0][:WORDS_SHOWN]
    return f"{whole if len(whole) > WORDS_SHOWN // 2 else words[:WORDS_SHOWN]} …"


def _standing(data: Json) -> Message:
    """What existed when the run stopped."""
    found = [Inventory.from_json(_table(one)) for one in data] if isinstance(data, list) else []
    items = inventory_items(found)
    if not items:
        return Message("What exists now: nothing")
    return Message("What exists now: {listed}", listed=listed(items))


def _table(data: Json) -> dict[str, Json]:
    if not isinstance(data, dict):
        raise TypeError(f"a journal entry is malformed: {data!r}")
    return data
