"""Dialogs: built as plain data, and read into a spec or into what is wrong at which field.

The `block_id` of an input is the field's name; its `action_id` is "v", unless it is told apart while the form
is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.model.card import Card
from bot.slack.cards import SECTION_LONGEST, Origin, blocks, modal, plain
from bot.slack.commands import NUMBER, read
from bot.slack.mrkdwn import NOTHING, Mrkdwn, shorten
from bot.texts import Language
from provisioner.message import Message, named
from provisioner.workspace import WHY_LONGEST, Platform, Problem, WorkspaceSpec

CREATE_FORM = "ws.create.submit"
DELETE_FORM = "ws.delete.submit"
REJECT_FORM = "ws.req.reject.submit"
PROJECT_TYPED = "v"
"""The `action_id` of all inputs but one. Of those only the project's is dispatched while the form is open."""
SIZE_CHOSEN = "spec"
"""The `action_id` of the size, which is dispatched too."""

NAMES_BLOCK = "names"
ERROR_LONGEST = 300
OPTION_LONGEST = 75
OPTIONS_MOST = 100
REASON_LONGEST = 500
LABEL_LONGEST = 2_000

Block = dict[str, Any]


def create_form(
    platform: Platform,
    language: Language,
    origin: Origin,
    draft: Mapping[str, str],
    names: Card | None = None,
    *,
    dashboards: bool,
) -> dict[str, Any]:
    """The form for a new workspace, filled with `draft`; `names` is what the project will be called.

    `dashboards`: whether one can be given here.
    """
    asked = dict(draft)
    sizes = platform.specs.get(asked.get("spec", "")) or platform.specs.get(platform.usual_spec)
    if sizes:
        asked.setdefault("desired", str(sizes.desired))
        asked.setdefault("max", str(sizes.max))
    hint = Message("2 to 20 lowercase letters and digits, starting with a letter.")
    purpose = Message("Visible to approvers and the channel.")
    inputs = [
        _text("project", language, Message("Project name"), asked, hint=hint, focus=True)
        | {"dispatch_action": True},
        *(_names(language, names) if names else []),
        _spec(platform, language, asked),
        _number("desired", language, Message("Initial nodes"), asked),
        _number("max", language, Message("Maximum nodes"), asked),
        *([_dashboard(language, asked)] if dashboards else []),
        _text("why", language, Message("Purpose"), asked, hint=purpose, multiline=True),
    ]
    title, submit, close = Message("New workspace"), Message("Request approval"), Message("Close")
    return modal(CREATE_FORM, title, inputs, language, origin, submit=submit, close=close)


def _input(
    name: str, language: Language, label: Message, element: Block, hint: Message | None = None
) -> Block:
    block = {
        "type": "input",
        "block_id": name,
        "label": plain(language.plain(label), LABEL_LONGEST),
        "element": {"action_id": PROJECT_TYPED, **element},
    }
    return block | ({"hint": plain(language.plain(hint), LABEL_LONGEST)} if hint else {})


def _text(
    name: str,
    language: Language,
    label: Message,
    asked: Mapping[str, str] | None = None,
    *,
    hint: Message | None = None,
    multiline: bool = False,
    focus: bool = False,
    most: int | None = None,
) -> Block:
    """`most` is how many characters may be typed."""
    element: Block = {"type": "plain_text_input", "multiline": multiline}
    if asked and asked.get(name):
        element["initial_value"] = asked[name][:SECTION_LONGEST]
    if focus:
        element["focus_on_load"] = True
    if most is not None:
        element["max_length"] = most
    return _input(name, language, label, element, hint)


def _number(name: str, language: Language, label: Message, asked: Mapping[str, str]) -> Block:
    element: Block = {"type": "number_input", "is_decimal_allowed": False}
    if NUMBER.match(asked.get(name, "")):
        element["initial_value"] = str(int(asked[name]))
    return _input(name, language, label, element)


def _spec(platform: Platform, language: Language, asked: Mapping[str, str]) -> Block:
    options = [
        {"text": plain(f"{name} · {size.instance_type}", OPTION_LONGEST), "value": name}
        for name, size in sorted(platform.specs.items())
    ][:OPTIONS_MOST]
    wanted = asked.get("spec") or platform.usual_spec
    element: Block = {"type": "static_select", "action_id": SIZE_CHOSEN, "options": options}
    # The very same object, because Slack wants an option that is equal in every part.
    chosen = next((option for option in options if option["value"] == wanted), None)
    if chosen:
        element["initial_option"] = chosen
    hint = Message("The instance type determines each node's CPU, memory and GPU.")
    block = _input("spec", language, Message("Node spec"), element, hint)
    return block | {"dispatch_action": True}  # a name follows from it


def _dashboard(language: Language, asked: Mapping[str, str]) -> Block:
    hint = Message("URL or UID of an existing Grafana dashboard. Leave empty to create one.")
    return _text("dashboard", language, Message("Grafana dashboard"), asked, hint=hint) | {"optional": True}


def _names(language: Language, names: Card) -> list[Block]:
    drawn = [block for block in blocks(names, language) if block["type"] == "section"]
    return [block | {"block_id": f"{NAMES_BLOCK}.{number}"} for number, block in enumerate(drawn)]


def typed(view: Mapping[str, Any]) -> dict[str, str]:
    """What stands in each input, as text; untouched ones are missing."""
    found: dict[str, str] = {}
    for name, entry in view.get("state", {}).get("values", {}).items():
        value: Mapping[str, Any] = next(iter(entry.values()), {})
        said = value.get("value") or (value.get("selected_option") or {}).get("value")
        if said:
            found[name] = str(said)
    return found


def spec_of(view: Mapping[str, Any], platform: Platform) -> tuple[WorkspaceSpec, dict[str, Message]]:
    """What the form says, and the fields that are not what they should be."""
    # Slack sends no form with an empty number; who does so gets an error, not a number that no one typed.
    return read({"desired": NOTHING, "max": NOTHING, **typed(view)}, platform)


def field_errors(
    problems: tuple[Problem, ...], unread: Mapping[str, Message], language: Language
) -> dict[str, str]:
    """By `block_id`, all at once. A field that could not be read has no other complaint."""
    said: dict[str, list[str]] = {name: [language.plain(message)] for name, message in unread.items()}
    for problem in problems:
        if problem.field not in unread:
            said.setdefault(problem.field, []).append(language.plain(problem.message))
    return {name: shorten(" ".join(texts), ERROR_LONGEST) for name, texts in said.items()}


def errors(by_field: Mapping[str, str]) -> dict[str, Any]:
    """The acknowledgement that keeps the form open, with what is wrong beside each field."""
    return {"response_action": "errors", "errors": dict(by_field)}


def delete_form(language: Language, origin: Origin, unknown: Message | None = None) -> dict[str, Any]:
    """Made from what was typed and what is stored: it has to open within three seconds.

    `unknown` says that no one requested the workspace here.
    """
    project = named(origin.project)
    about = Message(
        "This requests deletion of {project} and all its data. The bot first lists what will be deleted."
        " Nothing is deleted until someone else approves that plan.",
        project=project,
    )
    if unknown is not None:
        about = Message("{unknown} {about}", unknown=unknown, about=about)
    typed = Message("Type {project} to confirm", project=project)
    confirm = _text("confirm", language, typed, focus=True, most=REASON_LONGEST)
    reason, hint = Message("Reason for deletion"), Message("Visible to approvers and the channel.")
    why = _text("why", language, reason, hint=hint, multiline=True, most=WHY_LONGEST)
    text = {"type": "mrkdwn", "text": f":warning: {Mrkdwn(language).text(about)}"}
    shown = [{"type": "section", "text": text}, confirm, why | {"optional": True}]
    title, submit, close = Message("Delete workspace"), Message("Request approval"), Message("Keep it")
    return modal(DELETE_FORM, title, shown, language, origin, submit=submit, close=close)


def reject_form(language: Language, origin: Origin) -> dict[str, Any]:
    """Made from what the click holds and nothing else: it has to open within three seconds."""
    about = Message("Request {id}", id=named(origin.request_id))
    hint = Message("Sent to the requester and shown in the channel.")
    why = _text(
        "why", language, Message("Reason"), hint=hint, multiline=True, focus=True, most=REASON_LONGEST
    )
    text = {"type": "mrkdwn", "text": Mrkdwn(language).text(about)}
    shown = [{"type": "section", "text": text}, why]
    title, submit, close = Message("Reject request"), Message("Reject"), Message("Back")
    return modal(REJECT_FORM, title, shown, language, origin, submit=submit, close=close)
