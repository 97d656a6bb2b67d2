"""Forms: how they open, are drawn as plain data, are read, and what becomes of them when they are sent
(of a rejection: with its button in `handlers.py`).

Those that ask for a workspace or a deletion are kept as a submission before they are acknowledged.

The `block_id` of an input is the field's name; its `action_id` is "v", unless it is told apart while the form
is open.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from approvals.errors import KeyReused
from bot.model.card import Card
from bot.model.submission import SubmissionKind
from bot.slack.cards import NOTHING, SECTION_LONGEST, Mrkdwn, blocks, plain, shorten
from bot.slack.commands import INVISIBLE, NUMBER, read, shown
from bot.slack.context import Draft, Incoming, Origin, Reply, SlackContext, modal
from bot.texts import Language, refusal
from provisioner.engine.stage import Goal
from provisioner.message import Json, Message, named
from provisioner.workspace import PROJECT, WHY_LONGEST, Platform, Problem, WorkspaceSpec

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
_AROUND = " \t\n\"'`“”„‟«»‘’‚‛.,"
"""What keyboards, phones and copied code spans put around a name."""

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


def open_create(context: SlackContext, incoming: Incoming, draft: Draft) -> None:
    """Needs a trigger, which lives three seconds; the person is told when it was too late."""
    origin = context.origin(incoming)
    language = context.texts.for_locale(origin.locale)
    view = _create_view(context, language, origin, draft)
    context.open_form(incoming, view)


def open_create_filled(context: SlackContext, incoming: Incoming) -> None:
    """A button that offers the form; its value says what it is filled with."""
    open_create(context, incoming, context.draft(incoming.value))


def open_create_empty(context: SlackContext, incoming: Incoming) -> None:
    open_create(context, incoming, {})


def show_names(context: SlackContext, incoming: Incoming) -> None:
    """The project was typed, or its size chosen: show what everything will be called."""
    view = _create_view(context, context.words(incoming), incoming.origin, typed(incoming.view))
    context.redraw(incoming, view)


def submit_create(context: SlackContext, incoming: Incoming) -> Reply | None:
    """Before the acknowledgement: store the submission, or say what is wrong in which field."""
    origin = incoming.origin
    language = context.texts.for_locale(origin.locale)
    asked, unread = spec_of(incoming.view, context.service.platform)
    wrong = field_errors(context.service.problems(asked), unread, language)
    if wrong:
        return errors(wrong)
    return _submit(context, incoming, SubmissionKind.CREATE, asked.to_json(), "project")


def after_create(context: SlackContext, incoming: Incoming) -> None:
    """After the acknowledgement; should this get lost, the submission is answered all the same."""
    asked, _ = spec_of(incoming.view, context.service.platform)
    text = Message(
        "Checking {project} in all systems… If the check passes, your request appears in the requests"
        " channel.",
        project=shown(asked.project),
    )
    context.whisper(incoming, Card(text, text))


def _create_view(context: SlackContext, language: Language, origin: Origin, draft: Draft) -> dict[str, Any]:
    """With names once the project could be one."""
    platform = context.service.platform
    asked, _ = read(draft, platform)
    names = context.service.preview_names(asked) if PROJECT.match(asked.project) else None
    return create_form(platform, language, origin, draft, names, dashboards=context.dashboards)


def open_delete(context: SlackContext, incoming: Incoming, project: str) -> None:
    """Or say at once why it cannot be asked for now. What is not known here may exist all the same."""
    taken = context.service.obstacle(project, Goal.ABSENT)
    if taken is not None:
        context.tell(incoming, Card(taken, taken))
        return
    origin = context.origin(incoming, project=project)
    view = delete_form(context.texts.for_locale(origin.locale), origin, context.service.unknown(project))
    context.open_form(incoming, view)


def open_delete_named(context: SlackContext, incoming: Incoming) -> None:
    """A button that offers the form; its value is the project."""
    open_delete(context, incoming, incoming.value)


def submit_delete(context: SlackContext, incoming: Incoming) -> Reply | None:
    """Before the acknowledgement: the submission is stored, or what is wrong is said. Asks Slack nothing."""
    origin = incoming.origin
    words = context.texts.for_locale(origin.locale)
    filled = typed(incoming.view)
    if bare(filled.get("confirm", "")) != origin.project:
        said = Message(
            "The name doesn't match. Type {project} to confirm, or close this form.",
            project=shown(origin.project),
        )
        return errors({"confirm": words.plain(said)})
    taken = context.service.obstacle(origin.project, Goal.ABSENT)
    if taken is not None:
        return errors({"confirm": words.plain(taken)})
    spec = {"project": origin.project, "why": filled.get("why", "").strip()}
    return _submit(context, incoming, SubmissionKind.DELETE, spec, "confirm")


def after_delete(context: SlackContext, incoming: Incoming) -> None:
    """After the acknowledgement; should this get lost, the submission is answered all the same."""
    text = Message(
        "Checking {project} in all systems… If the check passes, your deletion request appears in the"
        " requests channel.",
        project=shown(incoming.origin.project),
    )
    context.whisper(incoming, Card(text, text))


def bare(name: str) -> str:
    """A name as it was meant: in lowercase, without surrounding or invisible characters."""
    return INVISIBLE.sub("", unicodedata.normalize("NFKC", name)).strip(_AROUND).lower()


def _submit(
    context: SlackContext, incoming: Incoming, kind: SubmissionKind, spec: Mapping[str, Json], field: str
) -> Reply | None:
    """Store what a form holds; the errors of a form sent before with other content stand at `field`."""
    locale = incoming.origin.locale
    try:
        context.service.submit(context.submission(incoming, kind, incoming.view["id"], spec, locale))
    except KeyReused as no:
        return errors({field: context.texts.for_locale(locale).plain(refusal(no))})
    return None
