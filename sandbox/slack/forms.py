"""The state of inputs: what stands in each, as `state.values` has it."""

from collections.abc import Callable
from typing import Any

from sandbox.slack.blocks import interactive
from sandbox.slack.elements import CHOICES, PICKERS, SELECT_TYPES, TYPED
from sandbox.slack.errors import CannotAct

STATEFUL = CHOICES | PICKERS | SELECT_TYPES | TYPED
State = dict[tuple[str, str], dict[str, Any]]
Values = dict[str, dict[str, dict[str, Any]]]

# For each kind of element: the key that holds its value, and the key of its first value.
_KEYS = {
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "file_input": ("files", ""),
    "checkboxes": ("selected_options", "initial_options"),
    "radio_buttons": ("selected_option", "initial_option"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}
_NOUNS = {
    "static": "option",
    "external": "option",
    "users": "user",
    "conversations": "conversation",
    "channels": "channel",
}


def keys(kind: str) -> tuple[str, str]:
    if kind in _KEYS:
        return _KEYS[kind]
    many = kind.startswith("multi_")
    noun = _NOUNS[kind.removeprefix("multi_").removesuffix("_select")] + ("s" if many else "")
    return f"selected_{noun}", f"initial_{noun}"


def initial(element: dict[str, Any]) -> dict[str, Any]:
    """The element's entry when nobody has touched it: its first value, null without one ([] for many)."""
    kind = element["type"]
    key, first = keys(kind)
    empty: Any = (
        [] if key in ("selected_options", "files") or (key.endswith("s") and "multi" in kind) else None
    )
    return {"type": kind, key: element.get(first, empty)}


def fresh_state(blocks: list[dict[str, Any]], kept: State | None = None) -> State:
    """The state of these blocks. An input that was there before, under the same ids, keeps its value."""
    state: State = {}
    for block in blocks:
        for element in interactive(block):
            if element["type"] in STATEFUL:
                key = (block["block_id"], element["action_id"])
                before = (kept or {}).get(key)
                same = before is not None and before["type"] == element["type"]
                state[key] = before if same and before else initial(element)
    return state


def as_values(state: State) -> Values:
    values: Values = {}
    for (block_id, action_id), entry in state.items():
        values.setdefault(block_id, {})[action_id] = entry
    return values


def options_of(element: dict[str, Any]) -> list[dict[str, Any]]:
    groups = element.get("option_groups") or []
    return [*element.get("options", []), *(option for group in groups for option in group["options"])]


def choose(element: dict[str, Any], value: Any, user_id: Callable[[str], str]) -> dict[str, Any]:
    """The element's entry after a person typed or chose `value` (an option's value, a person's key, a text).

    None empties it. Raises CannotAct for an option that is not offered.
    """
    kind = element["type"]
    key, _ = keys(kind)
    if value is None:
        return initial({"type": kind})
    if kind in CHOICES or "static" in kind or "external" in kind:
        many = key.endswith("s")
        wanted = value if isinstance(value, list) else [value]
        offered = {option["value"]: option for option in options_of(element)}
        unknown = [one for one in wanted if one not in offered]
        if unknown:
            raise CannotAct(f"{unknown[0]!r} is not offered; there is {', '.join(offered)}")
        chosen = [offered[one] for one in wanted]
        return {"type": kind, key: chosen if many else chosen[0]}
    if "users" in kind:
        people = [user_id(one) for one in value] if isinstance(value, list) else user_id(value)
        return {"type": kind, key: people}
    typed = kind in TYPED and kind not in ("rich_text_input", "file_input")
    return {"type": kind, key: str(value) if typed else value}


def objections(block: dict[str, Any], entry: dict[str, Any]) -> str | None:
    """What Slack's client says beside an input before it sends anything."""
    element = block["element"]
    value = entry[keys(element["type"])[0]]
    if value in (None, "", []):
        return None if block.get("optional") else "Please complete this required field."
    if element["type"] == "plain_text_input":
        if len(value) < element.get("min_length", 0):
            return f"Must be at least {element['min_length']} characters."
        if len(value) > element.get("max_length", 3000):
            return f"Must be {element.get('max_length', 3000)} characters or fewer."
    if element["type"] == "email_text_input" and "@" not in value:
        return "Please enter a valid email address."
    if element["type"] == "url_text_input" and "://" not in value:
        return "Please enter a valid URL."
    most = element.get("max_selected_items")
    if most is not None and len(value) > most:
        return f"Please select no more than {most} items."
    return None
