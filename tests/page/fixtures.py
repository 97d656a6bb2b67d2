"""One of each kind of block and element that Slack takes, with words to be found on the screen."""

from typing import Any

Block = dict[str, Any]

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text}


def button(text: str, **more: Any) -> Block:
    return {"type": "button", "action_id": f"press-{text}", "text": plain(text), **more}


def rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def line(*pieces: Block) -> Block:
    return {"type": "rich_text_section", "elements": list(pieces)}


def text(words: str, **style: bool) -> Block:
    return {"type": "text", "text": words, **({"style": style} if style else {})}


CELLS = [[{"type": "raw_text", "text": "Project"}, {"type": "raw_text", "text": "Nodes"}]]
ROWS = [
    [{"type": "raw_text", "text": name}, {"type": "raw_number", "value": nodes, "text": str(nodes)}]
    for name, nodes in (("zeta", 1), ("eta", 3), ("theta", 2))
]
OPTIONS = [
    {"text": plain("Small"), "value": "small", "description": plain("two")},
    {"text": plain("Large"), "value": "large"},
]

# By kind: the block, and what of it is to be read.
BLOCKS: dict[str, tuple[Block, tuple[str, ...]]] = {
    "section": (
        {
            "type": "section",
            "text": mrkdwn("*bold* and `code`"),
            "fields": [mrkdwn("*Asked by*\n<@U0MINA001>"), mrkdwn("*Until*\n<!date^0^{date_num}|never>")],
            "accessory": {"type": "overflow", "action_id": "more", "options": OPTIONS},
        },
        ("bold and code", "Asked by", "@Mina Kim", "1970-01-01"),
    ),
    "header": ({"type": "header", "text": plain("Heading :tada:")}, ("Heading 🎉",)),
    "context": (
        {
            "type": "context",
            "elements": [{"type": "image", "image_url": PIXEL, "alt_text": "a dot"}, mrkdwn("small words")],
        },
        ("small words",),
    ),
    "actions": (
        {
            "type": "actions",
            "elements": [
                button("Go", style="primary"),
                button("Stop", style="danger"),
                {
                    "type": "static_select",
                    "action_id": "pick",
                    "options": OPTIONS,
                    "placeholder": plain("Pick"),
                },
            ],
        },
        ("Go", "Stop"),
    ),
    "divider": ({"type": "divider"}, ()),
    "image": (
        {"type": "image", "image_url": PIXEL, "alt_text": "a dot", "title": plain("A picture")},
        ("A picture",),
    ),
    "video": (
        {
            "type": "video",
            "video_url": "https://example.com/v",
            "thumbnail_url": PIXEL,
            "alt_text": "a film",
            "title": plain("The film"),
        },
        ("The film",),
    ),
    "rich_text": (
        rich(
            line(text("plain "), text("strong", bold=True), {"type": "emoji", "name": "x"}),
            {"type": "rich_text_list", "style": "ordered", "elements": [line(text("first item"))]},
            {"type": "rich_text_quote", "elements": [text("a quote")]},
            {"type": "rich_text_preformatted", "elements": [text("a log line")]},
            line({"type": "user", "user_id": "U0BOB0001"}, {"type": "link", "url": "https://example.com"}),
        ),
        ("plain strong❌", "first item", "a quote", "a log line", "@Bob Lee", "https://example.com"),
    ),
    "markdown": (
        {
            "type": "markdown",
            "text": "# Title\n**loud** and [there](https://example.com)\n- one\n\n| a | b |\n|--|--|\n",
        },
        ("Title", "loud and there", "one"),
    ),
    "table": (
        {"type": "table", "rows": CELLS + ROWS, "column_settings": [None, {"align": "right"}]},
        ("Project", "zeta", "3"),
    ),
    "data_table": (
        {"type": "data_table", "caption": "Workspaces", "page_size": 2, "rows": CELLS + ROWS},
        ("Workspaces", "zeta", "1 / 2"),
    ),
    "container": (
        {
            "type": "container",
            "title": plain("The plan"),
            "child_blocks": [{"type": "header", "text": plain("Inside")}],
        },
        ("The plan", "Inside"),
    ),
    "plan": (
        {
            "type": "plan",
            "block_id": "plan",
            "title": "Creating",
            "tasks": [
                {"task_id": "1", "title": "Network", "status": "complete"},
                {
                    "task_id": "2",
                    "title": "Storage",
                    "status": "error",
                    "details": rich(line(text("no room"))),
                },
            ],
        },
        ("Creating", "Network", "no room"),
    ),
    "task_card": (
        {"type": "task_card", "task_id": "3", "title": "Alone", "status": "in_progress"},
        ("Alone",),
    ),
    "card": (
        {"type": "card", "title": mrkdwn("*Web*"), "body": mrkdwn("a server"), "actions": [button("Use")]},
        ("Web", "a server", "Use"),
    ),
    "carousel": (
        {
            "type": "carousel",
            "elements": [
                {"type": "card", "title": mrkdwn("left")},
                {"type": "card", "title": mrkdwn("right")},
            ],
        },
        ("left", "right"),
    ),
    "context_actions": (
        {
            "type": "context_actions",
            "elements": [
                {
                    "type": "feedback_buttons",
                    "action_id": "felt",
                    "positive_button": {"text": plain("Well"), "value": "1"},
                    "negative_button": {"text": plain("Badly"), "value": "0"},
                },
                {"type": "icon_button", "icon": "trash", "action_id": "drop", "text": plain("Remove")},
            ],
        },
        ("Well", "Badly", "Remove"),
    ),
    "alert": ({"type": "alert", "level": "warning", "text": mrkdwn("*Careful* now")}, ("Careful now",)),
    "input": (
        {
            "type": "input",
            "block_id": "first",
            "label": plain("A name"),
            "hint": plain("letters only"),
            "element": {"type": "plain_text_input", "action_id": "v", "initial_value": "alpha"},
        },
        ("A name", "letters only"),
    ),
}

# By kind of element: it with something in it, and what the page should send for it, untouched.
INPUTS: dict[str, tuple[Block, Any]] = {
    "plain_text_input": ({"initial_value": "alpha"}, "alpha"),
    "number_input": ({"initial_value": "3", "is_decimal_allowed": False}, "3"),
    "email_text_input": ({"initial_value": "a@example.com"}, "a@example.com"),
    "url_text_input": ({"initial_value": "https://example.com"}, "https://example.com"),
    "rich_text_input": ({}, None),
    "file_input": ({}, None),
    "static_select": ({"options": OPTIONS, "initial_option": OPTIONS[1]}, "large"),
    "multi_static_select": ({"options": OPTIONS, "initial_options": OPTIONS}, ["small", "large"]),
    "external_select": ({}, None),
    "multi_external_select": ({}, None),
    "users_select": ({"initial_user": "U0BOB0001"}, "admin"),
    "multi_users_select": ({"initial_users": ["U0BOB0001"]}, ["admin"]),
    "channels_select": ({"initial_channel": "C0GENERAL1"}, "C0GENERAL1"),
    "multi_channels_select": ({"initial_channels": ["C0GENERAL1"]}, ["C0GENERAL1"]),
    "conversations_select": ({"initial_conversation": "C0GENERAL1"}, "C0GENERAL1"),
    "multi_conversations_select": ({"initial_conversations": ["C0GENERAL1"]}, ["C0GENERAL1"]),
    "checkboxes": ({"options": OPTIONS, "initial_options": OPTIONS[:1]}, ["small"]),
    "radio_buttons": ({"options": OPTIONS, "initial_option": OPTIONS[0]}, "small"),
    "datepicker": ({"initial_date": "2026-11-24"}, "2026-11-24"),
    "timepicker": ({"initial_time": "14:30"}, "14:30"),
    "datetimepicker": ({"initial_date_time": 1_795_000_020}, 1_795_000_020),
}


def input_block(kind: str) -> Block:
    element = {"type": kind, "action_id": "v", **INPUTS[kind][0]}
    return {"type": "input", "block_id": kind, "label": plain(kind), "optional": True, "element": element}


def modal(*blocks: Block, **more: Any) -> Block:
    return {
        "type": "modal",
        "callback_id": "drawn",
        "title": plain("All of it"),
        "submit": plain("Send"),
        "blocks": list(blocks),
        **more,
    }
