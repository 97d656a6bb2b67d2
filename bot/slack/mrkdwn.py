"""Messages as Slack's mrkdwn: mentions, code spans, dates in each reader's zone, and lengths that hold.

Source of the syntax: docs: messaging/formatting-message-text. Lengths count code points.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TypeAlias, assert_never

from bot.texts import Language
from provisioner.message import Message, Ref, RefKind, Value

GroupId: TypeAlias = Callable[[str], str | None]
"""The id of a user group by its handle, or None when it is not known."""

ELLIPSIS = "…"
NOTHING = "–"

_FIRST_WORD = re.compile(r"[a-z]+(?= )")
_SMALL = frozenset({"dex", "eksctl", "kubectl"})
"""Names that are written so at the beginning of a line, too."""
_PERSON = re.compile(r"[UW][A-Z0-9]{2,}\Z")
_GROUP = re.compile(r"S[A-Z0-9]{2,}\Z")
_ADDRESS = re.compile(r"https?://[^\s<>|]+\Z")
# What must not be cut in two: a mention, link or date; an entity; a code span; a word.
_UNCUT = re.compile(r"<[^<>]*>|&(?:amp|lt|gt);|`[^`\n]*`|\s+|[^\s<&`]+|.", re.DOTALL)


def no_groups(_handle: str) -> str | None:
    """For surfaces without mentions."""
    return None


def escape(text: str) -> str:
    """Slack's three characters; without it `<!channel>` in a reason calls everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """What a person typed, from the text of a command or a message. Forms are not escaped by Slack."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def code(text: str) -> str:
    """As typed, in a fixed width. Backticks would end the span, so they are taken out."""
    return f"`{escape(' '.join(text.replace('`', '').split())) or NOTHING}`"


def shorten(text: str, most: int) -> str:
    """At most `most` characters, cut at a word and never inside a mention, an entity or a code span."""
    if len(text) <= most:
        return text
    room = most - len(ELLIPSIS)
    kept = ""
    for part in _UNCUT.findall(text):
        if len(kept) + len(part) > room:
            if part[0] not in "<&`" and not kept.strip():
                kept += part[: room - len(kept)]
            break
        kept += part
    return kept.rstrip() + ELLIPSIS


class Mrkdwn:
    """One language, drawn for Slack. `codes=False` where a code span would not show: bold, notifications."""

    def __init__(self, language: Language, group_id: GroupId = no_groups, *, codes: bool = True) -> None:
        self._words = language
        self._group_id = group_id
        self._codes = codes

    def text(self, message: Message) -> str:
        return message.render(self)

    def template(self, message: Message) -> str:
        return escape(self._words.template(message))

    def value(self, value: Value) -> str:
        match value:
            case Message():
                return self.text(value)
            case datetime():
                fallback = value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
                return f"<!date^{int(value.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"
            case Ref():
                return self._ref(value)
            case _:
                return escape(str(value))

    def _ref(self, ref: Ref) -> str:
        match ref.kind:
            case RefKind.NAME:
                return code(str(ref)) if self._codes else escape(str(ref))
            case RefKind.PERSON:
                return f"<@{ref.value}>" if _PERSON.match(ref.value) else escape(str(ref))
            case RefKind.GROUP:
                known = ref.value if _GROUP.match(ref.value) else self._group_id(ref.value)
                return f"<!subteam^{known}>" if known else escape(f"@{ref.value.lstrip('@')}")
            case RefKind.LINK:
                if not _ADDRESS.match(ref.value):
                    return escape(str(ref))
                label = escape(" ".join(ref.label.replace("|", " ").split()))
                return f"<{ref.value.replace('&', '&amp;')}|{label}>" if label else f"<{escape(ref.value)}>"
        assert_never(ref.kind)


def bold(text: str) -> str:
    """Bold on one line. A code span inside would lose its look, and an asterisk would end it."""
    inner = " ".join(text.split())
    return f"*{inner}*" if inner and "*" not in inner and "`" not in inner else inner


def capital(text: str) -> str:
    """A line of its own begins with a capital, where a word of ours begins it: not typed text, not
    a program's name."""
    first = _FIRST_WORD.match(text)
    return text[0].upper() + text[1:] if first and first.group() not in _SMALL else text


def paragraphs(lines: Iterable[str], most: int) -> list[str]:
    """Lines joined into texts of at most `most` characters each, every line whole or shortened."""
    texts: list[str] = []
    for line in lines:
        whole = shorten(line, most)
        if texts and len(texts[-1]) + 1 + len(whole) <= most:
            texts[-1] += f"\n{whole}"
        else:
            texts.append(whole)
    return texts


def cut(text: str, most: int) -> list[str]:
    """The whole text in pieces that are at most `most` characters once escaped; at line ends if possible."""
    pieces: list[str] = []
    room = 0
    for line in text.splitlines(keepends=True):
        for part in [line] if len(escape(line)) <= most else line:
            size = len(escape(part))
            if size > room:
                pieces.append("")
                room = most
            pieces[-1] += part
            room -= size
    return [piece.strip("\n") for piece in pieces if piece.strip()]
