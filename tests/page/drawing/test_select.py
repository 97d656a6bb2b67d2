"""A select has a list of its own: searched, moved through and chosen from with keys, mouse and finger."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.control.client import Client
from sandbox.slack import SlackSimulator
from tests.page.drawing.post import post
from tests.page.fixtures import modal, plain
from tests.page.test_access import wrong

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from sandbox.demo.browser import Screen
    from tests.page.conftest import Open

pytestmark = pytest.mark.page

FRUIT = ("Apple", "Banana", "Cherry", "Date", "Elderberry", "Fig", "Grape", "Hazelnut", "Iceplant", "Jujube")


def options(*names: str) -> list[dict[str, Any]]:
    return [{"text": plain(name), "value": name.lower()} for name in names]


def select(name: str, **more: Any) -> dict[str, Any]:
    """An input block of its own."""
    element = {"type": "static_select", "action_id": "v", "placeholder": plain("Select a fruit"), **more}
    return {"type": "input", "block_id": name, "label": plain(name), "optional": True, "element": element}


GROUPS = [
    {"label": plain("Sour"), "options": options("Lemon", "Lime")},
    {"label": plain("Sweet"), "options": options("Peach")},
]
FORM = modal(select("fruit", options=options(*FRUIT)), select("grouped", option_groups=GROUPS))


@pytest.fixture
def field(screen: Screen, opened: Callable[..., str]) -> Locator:
    """Where the fruit is chosen, nothing so far."""
    opened(FORM)
    screen.show("requester", "general")
    return screen.field("fruit").get_by_role("combobox")


def offered(screen: Screen) -> list[str]:
    return screen.page.locator(".listbox-option").all_inner_texts()


def at(screen: Screen, field: Locator) -> str:
    """The option that Enter would choose."""
    return screen.page.locator(f"#{field.get_attribute('aria-activedescendant')}").inner_text()


def told(client: Client, since: int, act: str) -> dict[str, Any]:
    """What the page sent for this act."""
    found: list[dict[str, Any]] = client.until(
        lambda: [one["arguments"] for one in client.journal(since)["entries"] if one["method"] == act], act
    )
    return found[0]


def test_keys_open_it_move_in_it_and_choose(screen: Screen, field: Locator, client: Client) -> None:
    field.focus()
    field.press("ArrowDown")
    assert offered(screen) == list(FRUIT)
    assert at(screen, field) == "Apple"
    field.press("ArrowDown")
    assert at(screen, field) == "Banana"
    field.press("End")
    assert at(screen, field) == "Jujube"
    field.press("ArrowDown")
    assert at(screen, field) == "Apple"
    field.press("ArrowUp")
    field.press("Home")
    field.press("ArrowDown")
    field.press("Enter")

    assert field.input_value() == "Banana"
    assert field.get_attribute("aria-expanded") == "false"
    assert screen.focused() == field.get_attribute("id")
    number = client.journal("end")["next"]
    screen.send()
    assert told(client, number, "submit")["values"] == {"fruit": "banana", "grouped": None}


def test_typing_searches_and_what_is_not_chosen_is_forgotten(screen: Screen, field: Locator) -> None:
    field.focus()
    field.press_sequentially("erry")
    assert field.input_value() == "erry"
    assert offered(screen) == ["Cherry", "Elderberry"]
    field.press("ArrowDown")
    field.press("Enter")
    assert field.input_value() == "Elderberry"

    field.press_sequentially("no such fruit")
    assert field.input_value() == "no such fruit"
    screen.sees("No results", within=screen.page.locator(".listbox-box"))
    field.press("Enter")
    field.press("Escape")
    assert field.input_value() == "Elderberry"
    assert screen.dialog.is_visible()

    field.press_sequentially("fig")
    assert field.input_value() == "fig"
    assert offered(screen) == ["Fig"]
    field.press("Tab")
    assert field.input_value() == "Elderberry"
    assert screen.page.get_by_role("listbox").count() == 0


def test_the_mouse_chooses_and_what_is_optional_can_be_emptied(screen: Screen, field: Locator) -> None:
    field.click()
    screen.page.get_by_role("option", name="Cherry").click()
    assert field.input_value() == "Cherry"
    field.click()
    assert screen.page.locator(".listbox-option[aria-selected=true]").inner_text() == "Cherry"
    screen.dialog.locator("h2").click()
    assert screen.page.get_by_role("listbox").count() == 0

    screen.field("fruit").get_by_role("button", name="Clear").click()

    assert field.input_value() == ""
    assert screen.focused() == field.get_attribute("id")


@pytest.mark.usefixtures("field")
def test_groups_keep_their_names_as_long_as_something_is_in_them(screen: Screen) -> None:
    grouped = screen.field("grouped").get_by_role("combobox")
    grouped.click()
    assert screen.page.locator(".listbox-box [role=group]").count() == 2
    grouped.press_sequentially("li")

    assert screen.page.locator(".listbox-label").all_inner_texts() == ["Sour"]
    assert offered(screen) == ["Lime"]


def test_a_choice_in_a_message_is_told_at_once(screen: Screen, client: Client, slack: SlackSimulator) -> None:
    element = {"type": "static_select", "action_id": "fruit", "options": options(*FRUIT)}
    post(slack, "general", text="pick", blocks=[{"type": "actions", "elements": [element]}])
    screen.show("requester", "general")
    number = client.journal("end")["next"]

    screen.choose(screen.messages.last.get_by_role("combobox"), "date")

    assert told(client, number, "click")["value"] == "date"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_in_sight_and_fit_for_all_on_a_phone(
    open_screen: Open, empty_url: str, opened: Callable[..., str], theme: str
) -> None:
    opened(FORM)
    screen = open_screen(empty_url, width="phone", touch=True)
    screen.show("requester", "general", theme=theme)
    field = screen.field("fruit").get_by_role("combobox")
    field.tap()

    box = screen.page.locator(".listbox-box").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert "\n".join(wrong(screen)) == ""
    screen.page.get_by_role("option", name="Banana").tap()
    assert field.input_value() == "Banana"
