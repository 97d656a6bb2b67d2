"""What eksctl said, cut down to what tells why it ended.

Its log has a signed line for each thing that it does; the error stands at its end, and again on its own. What
stands before may be long, and another failure that went away: a drain tells all its pods at each look, and a
call that AWS refuses for a moment is told as an error and made again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from provisioner.vendor_call import LONGEST_WORDS

_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[(?P<sign>[^\]]+)\]\s+(?P<text>.*)")
_ERROR, _WARNING = "✖", "!"
_LAST_ERROR = re.compile(r"^(Error|panic): ", re.MULTILINE)
_PANIC = re.compile(r"(panic|fatal error): ")
_PASSING = re.compile(r"retryable error \(")
_MISCALLED = re.compile(r"error ")  # signed as if it were no error: why it does not know the cause
_LINES_MOST = 20
_LAST_LINES = 8
_WARNING_MOST = 300  # characters; a line that tells an error may quote all the subnets before it says why
_LINE_MOST = 1500


@dataclass(frozen=True, slots=True)
class _Entry:
    """A signed line, and those without a sign that go on with it."""

    sign: str
    lines: list[str]


def said(log: str, errors: str, *, failed: bool) -> str:
    """Of an error the lines that tell it, each once; else the last of the log. At most `LONGEST_WORDS`.

    `errors` is what it said apart from its log, in the end. Secrets have to be out of both already: a line
    that is cut may keep a part of one.
    """
    entries = _entries(log)
    told = [*_bad(entries, errors), *(_cut(line, _LINE_MOST) for line in _lines(errors))] if failed else []
    told = told or [_cut(line, _WARNING_MOST) for entry in entries for line in entry.lines][-_LAST_LINES:]
    return "\n".join(_fitting(told))


def _entries(log: str) -> list[_Entry]:
    entries: list[_Entry] = []
    for line in _lines(log):
        found = _LINE.search(line)
        before = line[: found.start()].strip() if found else line  # not each of them ends its line
        if before and entries:
            entries[-1].lines.append(before)
        elif before:
            entries.append(_Entry("", [before]))
        if found:
            entries.append(_Entry(found["sign"], [found["text"]]))
    return entries


def _bad(entries: Sequence[_Entry], errors: str) -> Iterator[str]:
    """Without what went away: calls that were made again, when an error is told later."""
    last = max((at for at, entry in enumerate(entries) if entry.sign == _ERROR), default=-1)
    if _LAST_ERROR.search(errors):
        last = len(entries)
    for at, entry in enumerate(entries):
        passed = at < last and _PASSING.match(entry.lines[0])
        if not passed and (entry.sign in (_ERROR, _WARNING) or _MISCALLED.match(entry.lines[0])):
            most = _WARNING_MOST if entry.sign == _WARNING else _LINE_MOST
            yield from (_cut(line, most) for line in entry.lines)


def _fitting(lines: Sequence[str]) -> Sequence[str]:
    """The last ones, and of those before them only a panic: a trace of any length follows it."""
    backwards = list(dict.fromkeys(reversed(lines)))
    kept = {line for line in backwards if _PANIC.match(line)}
    left = LONGEST_WORDS - sum(len(line) + 1 for line in kept)
    for line in backwards[:_LINES_MOST]:
        left -= 0 if line in kept else len(line) + 1
        if left < 0:
            break
        kept.add(line)
    return [line for line in reversed(backwards) if line in kept]


def _cut(line: str, most: int) -> str:
    """In its middle: how it begins tells what was done, how it ends why it was not."""
    if len(line) <= most:
        return line
    end = most // 2
    return f"{line[: most - end - 3]} … {line[-end:]}"


def _lines(text: str) -> list[str]:
    return [line for each in text.splitlines() if (line := each.strip())]
