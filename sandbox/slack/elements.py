"""The interactive elements of Block Kit and where each may stand."""

import re

from sandbox.slack.shape import PLAIN, TEXTS, Shape, confirm, option

SELECTS = ("static", "external", "users", "conversations", "channels")
SELECT_TYPES = frozenset(f"{many}{kind}_select" for kind in SELECTS for many in ("", "multi_"))
CHOICES = frozenset({"checkboxes", "radio_buttons"})
PICKERS = frozenset({"datepicker", "timepicker", "datetimepicker"})
TYPED = frozenset(
    {
        "plain_text_input",
        "number_input",
        "email_text_input",
        "url_text_input",
        "rich_text_input",
        "file_input",
    }
)
BUTTONS = frozenset({"button", "overflow", "workflow_button"})

IN_SECTION = BUTTONS | SELECT_TYPES | CHOICES | PICKERS | {"image"}
IN_ACTIONS = BUTTONS | CHOICES | PICKERS | frozenset(kind for kind in SELECT_TYPES if "multi" not in kind)
IN_INPUT = TYPED | SELECT_TYPES | CHOICES | PICKERS

_FORMATS = {
    "datepicker": ("initial_date", r"\d{4}-\d\d-\d\d"),
    "timepicker": ("initial_time", r"([01]\d|2[0-3]):[0-5]\d"),
}


def element(shape: Shape, allowed: frozenset[str]) -> None:
    kind = shape.type
    if not kind:
        return
    if kind not in allowed:
        shape.complain(f"unsupported type: {kind}", "type")
        return
    shape.ids("action_id")
    if kind == "image":
        image(shape)
        return
    shape.flag("focus_on_load")
    if kind == "button":
        _button(shape)
    elif kind == "workflow_button":
        shape.text("text", 75, kinds=PLAIN, required=True)
        shape.missing("workflow", required=True)
    elif kind == "overflow":
        shape.only("type", "action_id", "options", "confirm")
        for member in shape.items("options", 5):
            option(member, url=True)
    elif kind in CHOICES:
        _choices(shape, kind)
    elif kind in SELECT_TYPES:
        _select(shape, kind)
    elif kind in PICKERS:
        _picker(shape, kind)
    else:
        _typed(shape, kind)
    confirm(shape)


def image(shape: Shape) -> None:
    shape.only("type", "image_url", "slack_file", "alt_text")
    if not shape.has("slack_file"):
        shape.string("image_url", 3000, required=True)
    shape.string("alt_text", 2000, required=True)


def _button(shape: Shape) -> None:
    names = ("type", "text", "action_id", "url", "value", "style", "confirm", "accessibility_label")
    shape.only(*names, "visible_to_user_ids", "agent_prompt", "agent_prompt_display")
    shape.text("text", 75, kinds=PLAIN, required=True)
    shape.string("value", 2000, least=0)
    shape.string("url", 3000)
    shape.string("style", 10, one_of=("primary", "danger"))
    shape.string("accessibility_label", 75)


def _choices(shape: Shape, kind: str) -> None:
    many = kind == "checkboxes"
    initial = "initial_options" if many else "initial_option"
    shape.only("type", "action_id", "options", initial, "confirm", "focus_on_load")
    for member in shape.items("options", 10):
        option(member, kinds=TEXTS)
    _initial(shape, initial, shape.get("options") or [])


def _initial(shape: Shape, name: str, options: list[object]) -> None:
    """What is preselected must equal an option exactly, description and all."""
    if not shape.has(name):
        return
    chosen = shape.value[name]
    for one in chosen if isinstance(chosen, list) else [chosen]:
        if one not in options:
            shape.complain("must match one of the options", name)


def _select(shape: Shape, kind: str) -> None:
    many, what = kind.startswith("multi_"), kind.removeprefix("multi_").removesuffix("_select")
    noun = {"static": "option", "external": "option"}.get(what, what.removesuffix("s"))
    initial = f"initial_{noun}s" if many else f"initial_{noun}"
    names = ["type", "action_id", "placeholder", "confirm", "focus_on_load", initial]
    names += ["max_selected_items"] if many else []
    if what == "static":
        names += ["options", "option_groups"]
    elif what == "external":
        names += ["min_query_length"]
    elif what == "conversations":
        names += ["default_to_current_conversation", "filter"]
    if not many and what in ("conversations", "channels"):
        names += ["response_url_enabled"]
    shape.only(*names)
    shape.text("placeholder", 150, kinds=PLAIN)
    if many:
        shape.number("max_selected_items", 1, 1000)
    if what == "static":
        _static(shape, initial)


def _static(shape: Shape, initial: str) -> None:
    options: list[object] = list(shape.get("options") or [])
    if shape.has("option_groups"):
        for group in shape.items("option_groups", 100):
            group.text("label", 75, kinds=PLAIN, required=True)
            for member in group.items("options", 100):
                option(member)
            options += group.get("options") or []
    else:
        for member in shape.items("options", 100):
            option(member)
    _initial(shape, initial, options)


def _picker(shape: Shape, kind: str) -> None:
    if kind == "datetimepicker":
        shape.only("type", "action_id", "initial_date_time", "confirm", "focus_on_load")
        shape.number("initial_date_time", 1_000_000_000, 9_999_999_999)
        return
    initial, pattern = _FORMATS[kind]
    shape.only("type", "action_id", "placeholder", "confirm", "focus_on_load", "timezone", initial)
    shape.text("placeholder", 150, kinds=PLAIN)
    if shape.has(initial) and not re.fullmatch(pattern, str(shape.value[initial])):
        shape.complain("must match the expected format", initial)


def _typed(shape: Shape, kind: str) -> None:
    names = ["type", "action_id", "placeholder", "focus_on_load", "dispatch_action_config", "initial_value"]
    shape.text("placeholder", 150, kinds=PLAIN)
    if kind == "plain_text_input":
        names += ["multiline", "min_length", "max_length"]
        shape.flag("multiline")
        shape.number("min_length", 0, 3000)
        shape.number("max_length", 1, 3000)
        shape.string("initial_value", 3000, least=0)
    elif kind == "number_input":
        names += ["is_decimal_allowed", "min_value", "max_value"]
        if not isinstance(shape.get("is_decimal_allowed"), bool):
            shape.complain("missing required field: is_decimal_allowed")
    elif kind == "file_input":
        names = ["type", "action_id", "filetypes", "max_files"]
    elif kind == "rich_text_input":
        names += ["min_lines", "max_lines"]
    else:
        shape.string("initial_value", 3000, least=0)
    shape.only(*names)
