"""A click, a choice or a tick: finding the element and telling what was done to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.blocks import interactive
from sandbox.slack.core import Core
from sandbox.slack.errors import CannotAct
from sandbox.slack.forms import STATEFUL, State, choose, options_of


@dataclass(frozen=True, slots=True)
class Press:
    """`value` tells buttons with one action_id apart, and is what is chosen in anything else.

    `values`: what stands in the other inputs of the view, by block_id.
    """

    action_id: str
    value: Any = None
    values: Mapping[str, Any] = field(default_factory=dict)

    def named(self) -> str:
        return f"{self.action_id} with the value {self.value}" if self.value is not None else self.action_id

    def action(self, block: dict[str, Any], element: dict[str, Any], core: Core) -> dict[str, Any]:
        """The entry of `actions` in the payload."""
        kind = element["type"]
        base = {
            "type": kind,
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "action_ts": core.ledger.new_ts(),
        }
        if kind == "feedback_buttons":
            pressed = _feedback(element, self.value)
            return base | {"text": pressed["text"], "value": pressed["value"]}
        if kind in STATEFUL:
            return base | self._chosen(element, core)
        if kind == "overflow":
            return base | {"selected_option": self._option(element)}
        kept = {name: element[name] for name in ("text", "value", "style", "url") if name in element}
        return base | kept

    def _chosen(self, element: dict[str, Any], core: Core) -> dict[str, Any]:
        chosen = choose(element, self.value, lambda who: core.world.person(who).id)
        first = {name: element[name] for name in element if name.startswith("initial_")}
        return chosen | first | ({"placeholder": element["placeholder"]} if "placeholder" in element else {})

    def _option(self, element: dict[str, Any]) -> dict[str, Any]:
        for option in options_of(element):
            if option["value"] == self.value:
                return option
        raise CannotAct(f"{self.value!r} is not offered by {self.action_id}")

    def keep(self, state: State, block: dict[str, Any], element: dict[str, Any], core: Core) -> None:
        """What was chosen stays chosen in the view."""
        if element["type"] in STATEFUL:
            key = (block["block_id"], element["action_id"])
            state[key] = choose(element, self.value, lambda who: core.world.person(who).id)


def _feedback(element: dict[str, Any], value: Any) -> dict[str, Any]:
    buttons: list[dict[str, Any]] = [element["positive_button"], element["negative_button"]]
    for button in buttons:
        if value is None or button["value"] == value:
            return button
    raise CannotAct(f"{value!r} is not offered by {element['action_id']}")


def find_element(blocks: list[dict[str, Any]], press: Press) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The block and the element that the person would press; None when it is not there.

    An input that dispatches nothing cannot be pressed.
    """
    for block in blocks:
        if block["type"] == "input" and not block.get("dispatch_action"):
            continue
        for element in interactive(block):
            if element["action_id"] != press.action_id:
                continue
            if element["type"] == "button" and press.value not in (None, element.get("value")):
                continue
            return block, element
    return None
