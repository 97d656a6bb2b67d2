"""Rich text and the cells of tables."""

from sandbox.slack.shape import Shape

_LINES = frozenset({"rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted"})
_INLINE = {
    "text": "text",
    "link": "url",
    "emoji": "name",
    "user": "user_id",
    "usergroup": "usergroup_id",
    "channel": "channel_id",
    "broadcast": "range",
    "color": "value",
    "date": "timestamp",
    "team": "team_id",
}
_STYLES = ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")


def rich_text(shape: Shape) -> None:
    if shape.type != "rich_text":
        shape.complain(f"unsupported type: {shape.type}", "type")
        return
    shape.only("type", "block_id", "elements")
    for line in shape.items("elements", 1000, least=0):
        _line(line)


def _line(shape: Shape) -> None:
    kind = shape.type
    if kind not in _LINES:
        shape.complain(f"unsupported type: {kind}", "type")
        return
    if kind == "rich_text_list":
        shape.only("type", "elements", "style", "indent", "offset", "border")
        shape.string("style", 10, one_of=("bullet", "ordered"), required=True)
        for member in shape.items("elements", 1000, least=0):
            _line(member)
        return
    shape.only("type", "elements", *(() if kind == "rich_text_section" else ("border", "language")))
    for member in shape.items("elements", 1000, least=0):
        _inline(member)


def _inline(shape: Shape) -> None:
    kind = shape.type
    if kind not in _INLINE:
        shape.complain(f"unsupported type: {kind}", "type")
        return
    shape.missing(_INLINE[kind], required=True)
    if kind == "text":
        shape.string("text", 40_000, required=True)
    if kind == "date":
        shape.missing("format", required=True)
    style = shape.child("style")
    if style is not None:
        if isinstance(style.value, dict):
            style.only(*_STYLES)
        else:
            style.complain("must be an object")


def cell(shape: Shape, *, rich: bool = True) -> int:
    """Look at one cell of a table; how many characters it counts for."""
    kind = shape.type
    if kind == "raw_text":
        shape.only("type", "text")
        shape.string("text", 10_000, required=True)
        return len(str(shape.get("text") or ""))
    if kind == "raw_number":
        shape.only("type", "value", "text")
        value = shape.get("value")
        if isinstance(value, bool) or not isinstance(value, int | float):
            shape.complain("missing required field: value")
        return len(str(shape.get("text") or value))
    if kind == "rich_text" and rich:
        rich_text(shape)
        return characters(shape.value)
    shape.complain(f"unsupported type: {kind}", "type")
    return 0


def characters(value: object) -> int:
    """Characters of all texts below."""
    if isinstance(value, dict):
        own = len(value["text"]) if value.get("type") == "text" and isinstance(value.get("text"), str) else 0
        return own + sum(characters(inner) for inner in value.values() if isinstance(inner, dict | list))
    if isinstance(value, list):
        return sum(characters(inner) for inner in value)
    return 0
