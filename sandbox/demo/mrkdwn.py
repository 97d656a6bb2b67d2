"""Slack's mrkdwn as text for a terminal."""

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from rich.text import Text

SIGNS = {
    "white_check_mark": ("✔", "green"),
    "gear": ("▶", "cyan"),
    "hourglass_flowing_sand": ("◔", "yellow"),
    "arrows_counterclockwise": ("↻", "yellow"),
    "white_large_square": ("○", "bright_black"),
    "x": ("✖", "red"),
    "black_square_for_stop": ("■", "yellow"),
    "grey_question": ("?", "yellow"),
    "wastebasket": ("∅", "green"),
    "warning": ("!", "yellow"),
    "lock": ("#", "bright_black"),
}
"""Those Slack emoji that have a sign of one column; others stay as their names."""

_TOKEN = re.compile(
    r"(?P<ref><[^<>\n]+>)"
    r"|(?P<block>```\n?.*?```)"
    r"|(?P<code>`[^`\n]+`)"
    r"|(?P<bold>(?<![\w*])\*(?=\S)[^*\n]+(?<=\S)\*(?![\w*]))"
    r"|(?P<italic>(?<![\w_])_(?=\S)[^_\n]+(?<=\S)_(?![\w_]))"
    r"|(?P<strike>(?<![\w~])~(?=\S)[^~\n]+(?<=\S)~(?![\w~]))"
    r"|(?P<emoji>:[a-z0-9_+-]+:)"
    r"|(?P<quote>(?m:^)(?:>|&gt;) ?)",
    re.DOTALL,
)
_DATE = re.compile(r"!date\^(\d+)\^")


def draw(text: str, names: Mapping[str, str]) -> Text:
    """`names` by id, of people, channels and groups."""
    drawn = Text()
    last = 0
    for found in _TOKEN.finditer(text):
        drawn.append(html.unescape(text[last : found.start()]))
        drawn.append_text(_token(found, names))
        last = found.end()
    drawn.append(html.unescape(text[last:]))
    return drawn


def plain(text: str, names: Mapping[str, str]) -> str:
    """Without any style, for a line in a log and for comparing."""
    return draw(text, names).plain


def _token(found: re.Match[str], names: Mapping[str, str]) -> Text:
    text = found.group()
    match found.lastgroup:
        case "ref":
            return _reference(text[1:-1], names)
        case "block":
            return Text(html.unescape(text[3:-3].strip("\n")), style="white on grey15")
        case "code":
            return Text(html.unescape(text[1:-1]), style="bold cyan")
        case "bold":
            inner = draw(text[1:-1], names)
            inner.stylize("bold")
            return inner
        case "italic":
            inner = draw(text[1:-1], names)
            inner.stylize("italic")
            return inner
        case "strike":
            return Text(html.unescape(text[1:-1]), style="strike")
        case "quote":
            return Text("┃ ", style="bright_black")
        case _:
            sign, style = SIGNS.get(text.strip(":"), (text, ""))
            return Text(sign, style=style)


def _reference(inner: str, names: Mapping[str, str]) -> Text:
    target, _, label = inner.partition("|")
    if date := _DATE.match(target):
        at = datetime.fromtimestamp(int(date[1]), UTC)
        return Text(at.strftime("%Y-%m-%d %H:%M UTC"))
    if target.startswith("@"):
        return Text(f"@{names.get(target[1:], target[1:])}", style="bold blue")
    if target.startswith("#"):
        return Text(f"#{label or names.get(target[1:], target[1:])}", style="bold blue")
    if target.startswith("!subteam^"):
        return Text(f"@{names.get(target[9:], label or target[9:])}", style="bold blue")
    if target.startswith("!"):
        return Text(f"@{target[1:]}", style="bold blue")
    return Text(html.unescape(label or target), style="underline blue")
