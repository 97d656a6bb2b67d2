"""Small views and blocks for the tests."""

from typing import Any

Block = dict[str, Any]


def plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text}


def section(text: str, **more: Any) -> Block:
    return {"type": "section", "text": mrkdwn(text), **more}


def button(action_id: str, value: str = "1", **more: Any) -> Block:
    return {"type": "button", "action_id": action_id, "text": plain(action_id), "value": value, **more}


def actions(*elements: Block, **more: Any) -> Block:
    return {"type": "actions", "elements": list(elements), **more}


def text_input(block_id: str, **element: Any) -> Block:
    more = {"optional": element.pop("optional")} if "optional" in element else {}
    inner = {"type": "plain_text_input", "action_id": "v", **element}
    return {"type": "input", "block_id": block_id, "label": plain(block_id), "element": inner, **more}


def option(value: str) -> Block:
    return {"text": plain(value.title()), "value": value}


def choice(block_id: str, kind: str, *values: str, **element: Any) -> Block:
    dispatch = {"dispatch_action": True} if element.pop("dispatch", False) else {}
    inner = {"type": kind, "action_id": "v", "options": [option(value) for value in values], **element}
    return {"type": "input", "block_id": block_id, "label": plain(block_id), "element": inner, **dispatch}


def modal(*blocks: Block, **more: Any) -> Block:
    view = {"type": "modal", "callback_id": "form", "title": plain("Form"), "blocks": list(blocks)}
    if any(block["type"] == "input" for block in blocks):
        view["submit"] = plain("Send")
    return view | more


def home(*blocks: Block) -> Block:
    return {"type": "home", "blocks": list(blocks)}
