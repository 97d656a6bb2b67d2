"""Messages, dialogs and private answers of Slack, drawn in a terminal as wide as it is."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sandbox.demo.mrkdwn import SIGNS, draw

WIDEST = 100
Block = Mapping[str, Any]

_BUTTONS = {"primary": "bold white on green", "danger": "bold white on red"}
_SIGNS = dict(SIGNS.values())
_COLOURS = {"requester": "magenta", "admin": "green", "second-admin": "yellow", "outsider": "red"}


class Screen:
    """Draws on a console. `names` by id, of people, channels and groups."""

    def __init__(self, console: Console, names: Mapping[str, str]) -> None:
        self.console = console
        self._names = names

    @property
    def width(self) -> int:
        return min(self.console.width, WIDEST)

    def did(self, person: str, name: str, what: str) -> None:
        """What a person types or presses."""
        line = Text.assemble((f"{name} ", f"bold {_COLOURS.get(person, 'white')}"), (what, "bold"))
        self.console.print(line)

    def note(self, text: str, style: str = "bright_black") -> None:
        """What happens outside Slack."""
        self.console.print(Padding(Text(text, style=style), (0, 0, 0, 2)))

    def step(self, where: str, line: str) -> None:
        """A line that is new on a card or in a thread."""
        style = _SIGNS.get(line[:1], "cyan" if where == "card" else "blue")
        text = Table.grid(padding=(0, 1))
        text.add_row(Text(f"  {where:<6}", style="bright_black"), Text(line, style=style))
        self.console.print(text)

    def message(self, message: Mapping[str, Any], where: str, style: str = "blue") -> None:
        """A message of the bot as it stands: a card with its blocks, or only its text."""
        self._framed(self.body(message), f"Workspace Bot · {where}", style)

    def private(self, message: Mapping[str, Any], name: str) -> None:
        self._framed(self.body(message), f"only {name} sees this", "bright_black")

    def dialog(self, view: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """An open form with what a person writes into it."""
        parts: list[RenderableType] = []
        for block in view["blocks"]:
            if block["type"] != "input":
                parts.extend(self.block(block))
                continue
            label = Text(block["label"]["text"], style="bold")
            value = values.get(block["block_id"], "")
            parts.append(Text.assemble(label, ": ", (str(value), "cyan")))
            if error := view.get("errors", {}).get(block["block_id"]):
                parts.append(Text(f"  {error}", style="red"))
        if view.get("submit"):
            parts.append(Text(f"[ {view['submit']['text']} ]", style=_BUTTONS["primary"]))
        self._framed(Group(*parts), view["title"]["text"], "cyan")

    def body(self, message: Mapping[str, Any]) -> RenderableType:
        blocks: Sequence[Block] = message.get("blocks") or []
        if not blocks:
            return draw(message["text"], self._names)
        return Group(*(part for block in blocks for part in self.block(block)))

    def block(self, block: Block) -> list[RenderableType]:
        """Block kinds that are not known here show their kind, so that nothing is lost in silence."""
        match block["type"]:
            case "header":
                return [Text(block["text"]["text"], style="bold")]
            case "section":
                return self._section(block)
            case "context":
                texts = [draw(one.get("text", ""), self._names) for one in block["elements"]]
                line = Text("  ").join(texts)
                line.stylize("bright_black")
                return [line]
            case "actions":
                buttons = [self._button(one) for one in block["elements"] if "text" in one]
                return [Columns(buttons, padding=(0, 1))]
            case "divider":
                return [Text("─" * (self.width - 6), style="bright_black")]
            case kind:
                return [Text(f"({kind})", style="bright_black")]

    def _section(self, block: Block) -> list[RenderableType]:
        parts: list[RenderableType] = []
        if "text" in block:
            parts.append(draw(block["text"]["text"], self._names))
        if fields := block.get("fields"):
            table = Table.grid(padding=(0, 3), expand=False)
            cells = [draw(field["text"], self._names) for field in fields]
            for start in range(0, len(cells), 2):
                table.add_row(*cells[start : start + 2])
            parts.append(table)
        if accessory := block.get("accessory"):
            parts.append(self._button(accessory))
        return parts

    def _button(self, element: Block) -> Text:
        label = element.get("text", {}).get("text", element["type"])
        return Text(f" {label} ", style=_BUTTONS.get(element.get("style", ""), "bold white on grey30"))

    def _framed(self, inner: RenderableType, title: str, style: str) -> None:
        self.console.print(
            Panel(
                inner,
                title=Text(title, style=style),
                title_align="left",
                border_style=style,
                width=self.width,
                padding=(0, 1),
            )
        )
