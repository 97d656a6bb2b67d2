from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack.blocks import Surface, complaints
from tests.sandbox.slack.forms import actions, button, choice, mrkdwn, option, plain, section, text_input

Block = dict[str, Any]
RICH = {
    "type": "rich_text",
    "elements": [{"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "log"}]}],
}
IMAGE = {"type": "image", "image_url": "https://a.example/i.png", "alt_text": "i"}
TASK = {"task_id": "1", "title": "Network", "status": "complete", "output": RICH}
CARD = {"type": "card", "title": mrkdwn("*Web*"), "body": mrkdwn("…"), "actions": [button("use")]}
TABLE = {
    "type": "table",
    "column_settings": [None, {"align": "right", "is_wrapped": False}],
    "rows": [
        [{"type": "raw_text", "text": "Name"}, {"type": "raw_text", "text": "Cost"}],
        [{"type": "raw_text", "text": "a"}, {"type": "raw_number", "value": 1.5, "text": "1.50"}],
    ],
}
DATA_TABLE = {
    "type": "data_table",
    "caption": "All",
    "page_size": 10,
    "row_header_column_index": 0,
    "rows": [[{"type": "raw_text", "text": "Name"}], [{"type": "raw_text", "text": "a"}]],
}
CONTAINER = {
    "type": "container",
    "title": plain("Plan"),
    "is_collapsible": True,
    "default_collapsed": True,
    "child_blocks": [{"type": "divider"}, section("x")],
}
ALERT = {"type": "alert", "level": "warning", "text": mrkdwn("One left.")}
PLAN = {"type": "plan", "block_id": "p", "title": "Creating", "tasks": [TASK, TASK | {"task_id": "2"}]}
FEEDBACK = {
    "type": "context_actions",
    "elements": [
        {
            "type": "feedback_buttons",
            "action_id": "fb",
            "positive_button": {"text": plain("Good"), "value": "up"},
            "negative_button": {"text": plain("Bad"), "value": "down"},
        },
        {"type": "icon_button", "icon": "trash", "action_id": "rm", "text": plain("Remove")},
    ],
}
M, D, H = Surface.MESSAGE, Surface.MODAL, Surface.HOME

GOOD: dict[str, tuple[Block, set[Surface]]] = {
    "section": (section("x", accessory=button("a")), {M, D, H}),
    "fields": ({"type": "section", "fields": [mrkdwn("a")] * 10}, {M, D, H}),
    "header": ({"type": "header", "text": plain("x" * 150)}, {M, D, H}),
    "context": ({"type": "context", "elements": [mrkdwn("x"), IMAGE]}, {M, D, H}),
    "actions": (actions(*[button(f"a{number}") for number in range(25)]), {M, D, H}),
    "divider": ({"type": "divider"}, {M, D, H}),
    "input": (text_input("n", min_length=1, max_length=3000), {M, D, H}),
    "image": (IMAGE | {"title": plain("i")}, {M, D, H}),
    "rich text": (RICH, {M, D, H}),
    "card": (CARD, {M, D, H}),
    "carousel": ({"type": "carousel", "elements": [CARD, CARD]}, {M, D, H}),
    "table": (TABLE, {M, H}),
    "data table": (DATA_TABLE, {M, H}),
    "container": (CONTAINER, {M, H}),
    "alert": (ALERT, {D}),
    "plan": (PLAN, {M}),
    "task card": ({"type": "task_card"} | TASK, {M}),
    "feedback": (FEEDBACK, {M}),
    "markdown": ({"type": "markdown", "text": "**x**"}, {M}),
}

LONG = "must be less than {} characters [json-pointer:/blocks/0{}]".format
BAD: dict[str, tuple[Block, str]] = {
    "no type": ({}, "missing required field: type [json-pointer:/blocks/0]"),
    "unknown": ({"type": "sectoin"}, "unsupported type: sectoin [json-pointer:/blocks/0]"),
    "empty section": ({"type": "section"}, "missing required field: text [json-pointer:/blocks/0]"),
    "empty text": (section(""), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    "long text": (section("ㅎ" * 3001), LONG(3001, "/text/text")),
    "long field": ({"type": "section", "fields": [mrkdwn("x" * 2001)]}, LONG(2001, "/fields/0/text")),
    "many fields": (
        {"type": "section", "fields": [mrkdwn("x")] * 11},
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    "mrkdwn header": (
        {"type": "header", "text": mrkdwn("x")},
        "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
    ),
    "long header": ({"type": "header", "text": plain("x" * 151)}, LONG(151, "/text/text")),
    "text as string": (
        {"type": "section", "text": "x"},
        "must be an object [json-pointer:/blocks/0/text]",
    ),
    "typo": (section("x", acessory={}), "invalid additional property: acessory [json-pointer:/blocks/0]"),
    "no elements": (actions(), "must have at least 1 item [json-pointer:/blocks/0/elements]"),
    "many buttons": (
        actions(*[button(f"a{number}") for number in range(26)]),
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "long label": (
        actions(button("x" * 76)),
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    "long value": (actions(button("a", "x" * 2001)), LONG(2001, "/elements/0/value")),
    "long action id": (actions(button("x") | {"action_id": "a" * 256}), LONG(256, "/elements/0/action_id")),
    "style": (
        actions(button("a", style="green")),
        "must be a valid enum value [json-pointer:/blocks/0/elements/0/style]",
    ),
    "confirm": (
        actions(button("a", confirm={"title": plain("t"), "text": mrkdwn("t"), "confirm": plain("y")})),
        "missing required field: deny [json-pointer:/blocks/0/elements/0/confirm]",
    ),
    "input in actions": (
        actions({"type": "plain_text_input", "action_id": "v"}),
        "unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0/type]",
    ),
    "same action id": (
        actions(button("a"), button("a")),
        "`action_id` `a` already exists for `block_id` [json-pointer:/blocks/0]",
    ),
    "no alt text": (
        {"type": "image", "image_url": "https://a.example/i.png"},
        "missing required field: alt_text [json-pointer:/blocks/0]",
    ),
    "initial option": (
        choice("s", "static_select", "a", initial_option=option("b")),
        "must match one of the options [json-pointer:/blocks/0/element/initial_option]",
    ),
    "many options": (
        choice("s", "radio_buttons", *[str(number) for number in range(11)]),
        "no more than 10 items allowed [json-pointer:/blocks/0/element/options]",
    ),
    "overflow": (
        section("x", accessory={"type": "overflow", "action_id": "o", "options": [option("a")] * 6}),
        "no more than 5 items allowed [json-pointer:/blocks/0/accessory/options]",
    ),
    "task status": (
        PLAN | {"tasks": [TASK | {"status": "completed"}]},
        "must be a valid enum value [json-pointer:/blocks/0/tasks/0/status]",
    ),
    "same task": (
        PLAN | {"tasks": [TASK, TASK]},
        "`task_id` must be unique [json-pointer:/blocks/0/tasks/1/task_id]",
    ),
    "nested container": (
        CONTAINER | {"child_blocks": [CONTAINER]},
        "unsupported type: container [json-pointer:/blocks/0/child_blocks/0/type]",
    ),
    "wide table": (
        TABLE | {"rows": [[{"type": "raw_text", "text": "x"}] * 21]},
        "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]",
    ),
    "ragged data table": (
        DATA_TABLE | {"rows": [[{"type": "raw_text", "text": "x"}], [{"type": "raw_text", "text": "x"}] * 2]},
        "must have the same number of cells as the first row [json-pointer:/blocks/0/rows/1]",
    ),
    "full table": (
        TABLE
        | {"rows": [[{"type": "raw_text", "text": "x" * 9000}], [{"type": "raw_text", "text": "x" * 1001}]]},
        "table blocks must be less than 10001 characters together [json-pointer:/blocks]",
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_block_stands_where_slack_lets_it(name: str) -> None:
    block, places = GOOD[name]

    assert {surface for surface in Surface if not complaints([block], surface)} == places


@pytest.mark.parametrize("name", BAD)
def test_a_bad_block_is_refused_with_a_pointer(name: str) -> None:
    block, complaint = BAD[name]

    assert complaints([block], Surface.MESSAGE) == [complaint]


def test_an_alert_is_short() -> None:
    found = complaints([ALERT | {"text": mrkdwn("x" * 201)}], Surface.MODAL)

    assert found == ["must be less than 201 characters [json-pointer:/blocks/0/text/text]"]


@pytest.mark.parametrize(("surface", "most"), [(M, 50), (D, 100), (H, 100)])
def test_a_surface_holds_so_many_blocks(surface: Surface, most: int) -> None:
    divider = {"type": "divider"}

    assert complaints([divider] * most, surface) == []
    assert complaints([divider] * (most + 1), surface) == [
        f"no more than {most} items allowed [json-pointer:/blocks]"
    ]


def test_block_ids_are_unique_and_one_input_has_the_focus() -> None:
    twice = [section("x", block_id="a"), section("y", block_id="a")]
    focused = [text_input("a", focus_on_load=True), text_input("b", focus_on_load=True)]

    assert complaints(twice, M) == ["`block_id` must be unique [json-pointer:/blocks/1/block_id]"]
    assert complaints(focused, D) == ["only one element may have focus_on_load [json-pointer:/blocks]"]


def test_the_sdk_sees_all_complaints_at_once(web: WebClient) -> None:
    bad = [section("x" * 3001), {"type": "header", "text": plain("")}]

    with pytest.raises(SlackApiError) as caught:
        web.chat_postMessage(channel="general", text="x", blocks=bad)

    assert caught.value.response["error"] == "invalid_blocks"
    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        "[ERROR] must be more than 0 characters [json-pointer:/blocks/1/text/text]",
    ]
    assert web.api_call("blocks.validate", json={"blocks": [section("x")]})["ok"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"title": plain("x" * 25)}, "must be less than 25 characters [json-pointer:/view/title/text]"),
        ({"title": None}, "missing required field: title [json-pointer:/view]"),
        ({"submit": None}, "missing required field: submit [json-pointer:/view]"),
        ({"private_metadata": "x" * 3001}, LONG(3001, "").replace("/blocks/0", "/view/private_metadata")),
        ({"blocks": [{"type": "plan"}]}, "unsupported type: plan [json-pointer:/view/blocks/0]"),
        ({"type": "popup"}, "unsupported type: popup [json-pointer:/view/type]"),
    ],
)
def test_a_bad_view_is_refused_with_a_pointer(web: WebClient, change: Block, complaint: str) -> None:
    view = {"type": "modal", "title": plain("T"), "submit": plain("Go"), "blocks": [text_input("n")]} | change

    with pytest.raises(SlackApiError) as caught:
        web.api_call("views.open", json={"trigger_id": "1.2.3", "view": view})

    assert caught.value.response["error"] == "invalid_arguments"
    assert caught.value.response["errors"] == [complaint]


def test_a_view_of_more_than_250_kb_is_too_large(web: WebClient) -> None:
    blocks = [section("x" * 3000) for _ in range(90)]

    with pytest.raises(SlackApiError, match="view_too_large"):
        web.views_open(trigger_id="1.2.3", view={"type": "modal", "title": plain("T"), "blocks": blocks})
