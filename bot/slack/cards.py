"""Card → Block Kit, and its words → mrkdwn: pure, and within Slack's limits whatever it holds.

Limits: docs: reference/block-kit/blocks and the models of slack-sdk. A card that is too long is folded
and says so; it is never refused by Slack. Syntax: docs: messaging/formatting-message-text. Lengths count code
points.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias, assert_never

from bot.model.card import (
    Bullets,
    Button,
    Buttons,
    Card,
    Facts,
    Line,
    Lines,
    Mark,
    Paragraph,
    Part,
    Quote,
    Small,
    Style,
)
from bot.texts import Language
from provisioner.message import Message, Ref, RefKind, Value

Block: TypeAlias = dict[str, Any]
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

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100

TEXT_LONGEST = 3_900
"""`chat.update` refuses 4,000; a mention may be put in front."""
SECTION_LONGEST = 3_000
CODE_LONGEST = SECTION_LONGEST - len("```\n\n```")
LINE_LONGEST = 600
FIELD_LONGEST = 2_000
FIELDS_MOST = 10
HEADER_LONGEST = 150
TITLE_LONGEST = 24
"""Of a dialog, and of its buttons."""
BUTTON_LONGEST = 75
BUTTONS_MOST = 25
VALUE_LONGEST = 2_000
CONFIRM_TITLE_LONGEST, CONFIRM_TEXT_LONGEST, CONFIRM_BUTTON_LONGEST = 100, 300, 30

SIGNS: Mapping[Mark, tuple[str, Message | None]] = {
    Mark.DONE: (":white_check_mark:", Message("done")),
    Mark.GONE: (":wastebasket:", Message("deleted")),
    Mark.KEPT: (":lock:", Message("not owned by the bot")),
    Mark.NOW: (":gear:", Message("in progress")),
    Mark.WAITING: (":hourglass_flowing_sand:", Message("waiting")),
    Mark.RETRYING: (":arrows_counterclockwise:", Message("retrying")),
    Mark.TO_COME: (":white_large_square:", None),
    Mark.FAILED: (":x:", Message("failed")),
    Mark.STOPPED: (":black_square_for_stop:", Message("stopped")),
    Mark.UNKNOWN: (":grey_question:", Message("unknown")),
}
"""Signs differ in shape, and a word stands beside each: colour alone never says it. What is still to come has
none: six lines that all say so are in the way of the one that matters."""

_BUSY = frozenset({Mark.NOW, Mark.WAITING, Mark.RETRYING, Mark.FAILED})


def no_groups(_handle: str) -> str | None:
    """For surfaces without mentions."""
    return None


def render(card: Card, language: Language, group_id: GroupId = no_groups) -> tuple[str, list[Block]]:
    """A message: `text` for notifications and screen readers, and at most 50 blocks."""
    return sentence(card.text, language, group_id) or NOTHING, blocks(card, language, group_id)


def sentence(message: Message, language: Language, group_id: GroupId = no_groups) -> str:
    """Top-level text of a message. Code spans show as backticks in notifications, so it has none."""
    return shorten(Mrkdwn(language, group_id, codes=False).text(message).strip(), TEXT_LONGEST)


def blocks(
    card: Card, language: Language, group_id: GroupId = no_groups, *, most: int = MESSAGE_BLOCKS
) -> list[Block]:
    """What the card shows. A card without parts is its sentence; a title is not said twice."""
    drawing = _Drawing(language, group_id)
    parts: tuple[Part, ...] = card.parts or (Paragraph(card.text),)
    drawn: list[Block] = []
    if card.parts and _heading(parts[0]) != card.title:
        drawn += drawing.header(card.title)
    for part in parts:
        drawn += drawing.part(part)
    return _fold(drawn or [section(NOTHING)], most, drawing)


def section(text: str) -> Block:
    """Never folded behind "see more", as Slack may: who approves has to have seen all of the plan."""
    language = {"type": "mrkdwn", "text": shorten(text, SECTION_LONGEST)}
    return {"type": "section", "text": language, "expand": True}


def plain(text: str, most: int) -> Block:
    """A plain_text object; never empty, which Slack refuses."""
    return {"type": "plain_text", "text": shorten(text.strip(), most) or NOTHING, "emoji": True}


def _heading(part: Part) -> Message | None:
    match part:
        case Paragraph():
            return part.text
        case Lines() | Bullets():
            return part.title
        case _:
            return None


class _Drawing:
    def __init__(self, language: Language, group_id: GroupId) -> None:
        self._words = language
        self._rich = Mrkdwn(language, group_id)
        self._bare = Mrkdwn(language, group_id, codes=False)

    def header(self, title: Message) -> list[Block]:
        text = self._words.plain(title).strip()
        return [{"type": "header", "text": plain(" ".join(text.split()), HEADER_LONGEST)}] if text else []

    def part(self, part: Part) -> list[Block]:
        match part:
            case Paragraph():
                return self._sections([self._rich.text(part.text)])
            case Facts():
                return self._facts(part)
            case Lines():
                return self._sections([*self._title(part.title), *(self._line(line) for line in part.lines)])
            case Bullets():
                items = (f"• {capital(self._rich.text(item))}" for item in part.items)
                return self._sections(
                    [*self._title(part.title), *(shorten(item, LINE_LONGEST) for item in items)]
                )
            case Quote():
                return self._quote(part)
            case Buttons():
                return self._buttons(part)
            case Small():
                return self.small(part.text)
        assert_never(part)

    def small(self, message: Message) -> list[Block]:
        text = self._rich.text(message).strip()
        element = {"type": "mrkdwn", "text": shorten(text, SECTION_LONGEST)}
        return [{"type": "context", "elements": [element]}] if text else []

    def _sections(self, lines: Iterable[str]) -> list[Block]:
        return [section(text) for text in paragraphs(lines, SECTION_LONGEST) if text.strip()]

    def _title(self, title: Message | None) -> Iterator[str]:
        if title is not None:
            yield shorten(bold(self._bare.text(title)), LINE_LONGEST)

    def _facts(self, facts: Facts) -> list[Block]:
        fields = []
        for label, value in facts.pairs:
            shown = f"{bold(self._bare.text(label))}\n{self._rich.text(value).strip() or NOTHING}"
            fields.append({"type": "mrkdwn", "text": shorten(shown, FIELD_LONGEST)})
        starts = range(0, len(fields), FIELDS_MOST)
        return [{"type": "section", "fields": fields[start : start + FIELDS_MOST]} for start in starts]

    def _line(self, line: Line) -> str:
        sign, word = SIGNS[line.mark]
        title = " ".join(self._rich.text(line.title).split())
        if line.mark in _BUSY:
            title = bold(title)
        said, state, note = f"{sign} {title}", line.state or word, line.note
        if line.mark is Mark.WAITING and not line.state and note:
            state, note = note, None  # it says for what
        if state is not None:
            said = f"{said} — {self._rich.text(state)}"
        return shorten(f"{said} · {self._rich.text(note)}" if note else said, LINE_LONGEST)

    def _quote(self, quote: Quote) -> list[Block]:
        language = quote.words.strip()
        if not language:
            return []
        if quote.code:
            pieces = cut(language.replace("```", "'''"), CODE_LONGEST)
            return [section(f"```\n{escape(piece)}\n```") for piece in pieces]
        return self._sections(shorten(f">{escape(line)}", LINE_LONGEST) for line in language.splitlines())

    def _buttons(self, buttons: Buttons) -> list[Block]:
        """An `action_id` stands once in a block, so a repeated one opens the next block."""
        rows: list[list[Block]] = []
        for button in buttons.buttons:
            drawn = self._button(button)
            taken = {other["action_id"] for other in rows[-1]} if rows else set()
            if not rows or drawn["action_id"] in taken or len(rows[-1]) == BUTTONS_MOST:
                rows.append([])
            rows[-1].append(drawn)
        return [{"type": "actions", "elements": row} for row in rows]

    def _button(self, button: Button) -> Block:
        drawn: Block = {
            "type": "button",
            "action_id": button.action.value,
            "text": plain(self._words.plain(button.label), BUTTON_LONGEST),
            "value": button.value[:VALUE_LONGEST],
        }
        if button.style is not Style.PLAIN:
            drawn["style"] = button.style.value
        if button.spoken is not None and (spoken := self._words.plain(button.spoken).strip()):
            drawn["accessibility_label"] = shorten(spoken, BUTTON_LONGEST)
        if button.confirm is not None:
            asked = button.confirm
            text = shorten(self._rich.text(asked.text).strip(), CONFIRM_TEXT_LONGEST)
            drawn["confirm"] = {
                "title": plain(self._words.plain(asked.title), CONFIRM_TITLE_LONGEST),
                "text": {"type": "mrkdwn", "text": text or NOTHING},
                "confirm": plain(self._words.plain(asked.yes), CONFIRM_BUTTON_LONGEST),
                "deny": plain(self._words.plain(asked.no), CONFIRM_BUTTON_LONGEST),
                "style": (Style.DANGER if button.style is Style.DANGER else Style.PRIMARY).value,
            }
        return drawn


def _fold(drawn: list[Block], most: int, drawing: _Drawing) -> list[Block]:
    """Within `most` blocks: neighbouring texts are joined, then what is left is cut; buttons stay."""
    if len(drawn) > most:
        drawn = _joined(drawn)
    if len(drawn) <= most:
        return drawn
    rows = min(most - 2, sum(block["type"] == "actions" for block in drawn))
    room = {True: rows, False: most - 1 - rows}
    shown: list[Block] = []
    for block in drawn:
        pressable = block["type"] == "actions"
        if room[pressable] > 0:
            room[pressable] -= 1
            shown.append(block)
    left = len(drawn) - len(shown)
    more = Message("{n} more part isn't shown here.", plural="{n} more parts aren't shown here.", n=left)
    return [*shown, *drawing.small(more)]


def _joined(drawn: list[Block]) -> list[Block]:
    joined: list[Block] = []
    for block in drawn:
        before = joined[-1]["text"]["text"] if joined and _is_text(joined[-1]) else None
        if before is not None and _is_text(block):
            both = f"{before}\n{block['text']['text']}"
            if len(both) <= SECTION_LONGEST:
                joined[-1] = section(both)
                continue
        joined.append(block)
    return joined


def _is_text(block: Block) -> bool:
    return block["type"] == "section" and "text" in block


def home_view(card: Card, language: Language, group_id: GroupId) -> dict[str, Any]:
    return {"type": "home", "blocks": blocks(card, language, group_id, most=VIEW_BLOCKS)}


def escape(text: str) -> str:
    """Slack's three characters; without it `<!channel>` in a reason calls everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


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
