"""Block Kit: which blocks there are, what each needs, how long it may be, and on which surface it stands.

Sources: the block pages of Slack's documentation, @slack/types 3.2.0 and the models of slack-sdk 3.47.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from sandbox.slack.cards import card, carousel, context_actions, plan, task_card
from sandbox.slack.elements import IN_ACTIONS, IN_INPUT, IN_SECTION, element, image
from sandbox.slack.errors import SlackError, invalid
from sandbox.slack.rich import cell, rich_text
from sandbox.slack.shape import PLAIN, Shape, text_object


class Surface(StrEnum):
    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


EVERYWHERE = frozenset(Surface)
MOST = {Surface.MESSAGE: 50, Surface.MODAL: 100, Surface.HOME: 100}
MARKDOWN_MOST = 12_000
TABLE_MOST = 10_000
DATA_TABLE_MOST = 20_000


def _section(shape: Shape) -> None:
    shape.only("type", "block_id", "text", "fields", "accessory", "expand")
    if not shape.has("text") and not shape.has("fields"):
        shape.complain("missing required field: text")
    shape.text("text", 3000)
    for member in shape.items("fields", 10, required=False):
        text_object(member, 2000)
    accessory = shape.child("accessory")
    if accessory is not None:
        element(accessory, IN_SECTION)


def _header(shape: Shape) -> None:
    shape.only("type", "block_id", "text")
    shape.text("text", 150, kinds=PLAIN, required=True)


def _context(shape: Shape) -> None:
    shape.only("type", "block_id", "elements")
    for member in shape.items("elements", 10):
        if member.get("type") == "image":
            image(member)
        else:
            text_object(member, 3000)


def _actions(shape: Shape) -> None:
    shape.only("type", "block_id", "elements")
    for member in shape.items("elements", 25):
        element(member, IN_ACTIONS)


def _divider(shape: Shape) -> None:
    shape.only("type", "block_id")


def _input(shape: Shape) -> None:
    shape.only("type", "block_id", "label", "element", "hint", "optional", "dispatch_action")
    shape.text("label", 2000, kinds=PLAIN, required=True)
    shape.text("hint", 2000, kinds=PLAIN)
    shape.flag("optional", "dispatch_action")
    inner = shape.child("element", required=True)
    if inner is not None:
        element(inner, IN_INPUT)


def _image(shape: Shape) -> None:
    shape.only("type", "block_id", "image_url", "slack_file", "alt_text", "title")
    if not shape.has("slack_file"):
        shape.string("image_url", 3000, required=True)
    shape.string("alt_text", 2000, required=True)
    shape.text("title", 2000, kinds=PLAIN)


def _markdown(shape: Shape) -> None:
    shape.only("type", "block_id", "text")
    shape.string("text", MARKDOWN_MOST, required=True)


def _table(shape: Shape) -> None:
    shape.only("type", "block_id", "rows", "column_settings")
    for row in _rows(shape, 1, 100, 20):
        for index in range(len(row.value)):
            cell(row.at(index))
    for setting in shape.items("column_settings", 20, required=False, least=0):
        if setting.value is not None:
            setting.only("align", "is_wrapped")
            setting.string("align", 10, one_of=("left", "center", "right"))
            setting.flag("is_wrapped")


def _rows(shape: Shape, least: int, most: int, wide: int) -> list[Shape]:
    rows = []
    for row in shape.items("rows", most, least=least):
        if not isinstance(row.value, list) or not row.value:
            row.complain("must have at least 1 item")
            continue
        if len(row.value) > wide:
            row.complain(f"no more than {wide} items allowed")
        rows.append(row)
    return rows


def _data_table(shape: Shape) -> None:
    shape.only("type", "block_id", "caption", "page_size", "row_header_column_index", "rows")
    shape.string("caption", 3000, required=True)
    shape.number("page_size", 1, 100)
    shape.number("row_header_column_index", 0, 19)
    rows = _rows(shape, 2, 201, 20)
    for number, row in enumerate(rows):
        if len(row.value) != len(rows[0].value):
            row.complain("must have the same number of cells as the first row")
        for index in range(len(row.value)):
            cell(row.at(index), rich=number > 0)


def _container(shape: Shape) -> None:
    names = ("type", "block_id", "title", "subtitle", "width", "is_collapsible", "default_collapsed")
    shape.only(*names, "child_blocks", "icon")
    shape.text("title", 150, required=True, kinds=PLAIN)
    shape.text("subtitle", 150, kinds=PLAIN)
    shape.flag("is_collapsible", "default_collapsed")
    for child in shape.items("child_blocks", 10):
        if child.type == "container":
            child.complain("unsupported type: container", "type")
        elif child.type:
            _block(child, Surface.MESSAGE)


def _alert(shape: Shape) -> None:
    shape.only("type", "block_id", "level", "text")
    shape.string("level", 20, one_of=("default", "info", "warning", "error", "success"))
    shape.text("text", 200, required=True)


def _video(shape: Shape) -> None:
    for name in ("video_url", "thumbnail_url", "alt_text"):
        shape.string(name, 3000, required=True)
    shape.text("title", 200, kinds=PLAIN, required=True)


_MESSAGE = frozenset({Surface.MESSAGE})
_NOT_MODAL = frozenset({Surface.MESSAGE, Surface.HOME})
_KNOWN: dict[str, tuple[Callable[[Shape], None], frozenset[Surface]]] = {
    "section": (_section, EVERYWHERE),
    "header": (_header, EVERYWHERE),
    "context": (_context, EVERYWHERE),
    "actions": (_actions, EVERYWHERE),
    "divider": (_divider, EVERYWHERE),
    "input": (_input, EVERYWHERE),
    "image": (_image, EVERYWHERE),
    "video": (_video, EVERYWHERE),
    "rich_text": (rich_text, EVERYWHERE),
    "card": (card, EVERYWHERE),
    "carousel": (carousel, EVERYWHERE),
    "table": (_table, _NOT_MODAL),
    "data_table": (_data_table, _NOT_MODAL),
    "container": (_container, _NOT_MODAL),
    "markdown": (_markdown, _MESSAGE),
    "plan": (plan, _MESSAGE),
    "task_card": (task_card, _MESSAGE),
    "context_actions": (context_actions, _MESSAGE),
    "alert": (_alert, frozenset({Surface.MODAL})),
}


def _block(shape: Shape, surface: Surface) -> None:
    kind = shape.type
    if not kind:
        return
    known = _KNOWN.get(kind)
    if known is None or surface not in known[1]:
        shape.complain(f"unsupported type: {kind}")
        return
    shape.ids("block_id")
    known[0](shape)


def complaints(blocks: Any, surface: Surface, pointer: str = "/blocks") -> list[str]:
    """All that Slack would object to, with JSON pointers; empty when the blocks are good."""
    found: list[str] = []
    if not isinstance(blocks, list):
        return [f"must be an array [json-pointer:{pointer}]"]
    if len(blocks) > MOST[surface]:
        found.append(f"no more than {MOST[surface]} items allowed [json-pointer:{pointer}]")
    whole = Shape(blocks, pointer, found)
    for index in range(len(blocks)):
        _block(whole.at(index), surface)
    if not found:
        _together(whole)
    return found


def _together(whole: Shape) -> None:
    """Rules over all blocks: unique ids, one focus, and the lengths that are counted together."""
    seen: set[str] = set()
    focused = 0
    lengths = {"markdown": 0, "table": 0, "data_table": 0}
    for index, block in enumerate(whole.value):
        block_id = block.get("block_id")
        if block_id and block_id in seen:
            whole.complain("`block_id` must be unique", f"{index}/block_id")
        seen.add(block_id or "")
        actions: set[str] = set()
        for inner in _own(block):
            focused += bool(inner.get("focus_on_load"))
            action_id = inner.get("action_id")
            if action_id and action_id in actions:
                whole.complain(f"`action_id` `{action_id}` already exists for `block_id`", str(index))
            actions.add(action_id or "")
        if block["type"] == "markdown":
            lengths["markdown"] += len(block["text"])
        if block["type"] in ("table", "data_table"):
            cells = [Shape(one, "", []) for row in block["rows"] for one in row]
            lengths[block["type"]] += sum(cell(one) for one in cells)
    if focused > 1:
        whole.complain("only one element may have focus_on_load")
    for kind, most in (("markdown", MARKDOWN_MOST), ("table", TABLE_MOST), ("data_table", DATA_TABLE_MOST)):
        if lengths[kind] > most:
            whole.complain(f"{kind} blocks must be less than {most + 1} characters together")


def _own(block: dict[str, Any]) -> list[dict[str, Any]]:
    """The interactive elements of the block itself."""
    if block.get("type") == "rich_text":
        return []
    own = [
        block.get("accessory"),
        block.get("element"),
        *block.get("elements", []),
        *block.get("actions", []),
    ]
    return [one for one in own if isinstance(one, dict) and "action_id" in one]


def interactive(block: dict[str, Any]) -> list[dict[str, Any]]:
    """The elements of a block that a person can press or fill, those of child blocks and cards included."""
    nested = [*block.get("child_blocks", []), *(block["elements"] if block.get("type") == "carousel" else [])]
    return _own(block) + [found for child in nested for found in interactive(child)]


def check(blocks: Any, surface: Surface) -> None:
    """Raise `invalid_blocks` unless the blocks of a message are good."""
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    found = complaints(blocks, surface)
    if found:
        raise invalid("invalid_blocks", found)
