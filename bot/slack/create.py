"""Asking for a workspace: the form opens, shows the names while it is filled, and is kept before it is
acknowledged."""

from __future__ import annotations

from typing import Any

from bot.model.card import Card
from bot.model.submission import SubmissionKind
from bot.slack.cards import Origin
from bot.slack.commands import read, shown
from bot.slack.context import Draft, Incoming, Reply, SlackContext
from bot.slack.forms import create_form, errors, field_errors, spec_of, typed
from bot.texts import Language
from provisioner.message import Message
from provisioner.workspace import PROJECT


def open_form(context: SlackContext, incoming: Incoming, draft: Draft) -> None:
    """Needs a trigger, which lives three seconds; the person is told when it was too late."""
    origin = context.origin(incoming)
    language = context.texts.for_locale(origin.locale)
    view = _form(context, language, origin, draft)
    context.open_form(incoming, view)


def open_asked_form(context: SlackContext, incoming: Incoming) -> None:
    """A button that offers the form; its value says what it is filled with."""
    open_form(context, incoming, context.draft(incoming.value))


def open_empty_form(context: SlackContext, incoming: Incoming) -> None:
    open_form(context, incoming, {})


def show_names(context: SlackContext, incoming: Incoming) -> None:
    """The project was typed, or its size chosen: show what everything will be called."""
    view = _form(context, context.words(incoming), incoming.origin, typed(incoming.view))
    context.redraw(incoming, view)


def submit(context: SlackContext, incoming: Incoming) -> Reply | None:
    """Before the acknowledgement: store the submission, or say what is wrong in which field."""
    origin = incoming.origin
    language = context.texts.for_locale(origin.locale)
    asked, unread = spec_of(incoming.view, context.service.platform)
    wrong = field_errors(context.service.problems(asked), unread, language)
    if wrong:
        return errors(wrong)
    return context.submit_form(incoming, SubmissionKind.CREATE, asked.to_json(), "project")


def after_submit(context: SlackContext, incoming: Incoming) -> None:
    """After the acknowledgement; should this get lost, the submission is answered all the same."""
    asked, _ = spec_of(incoming.view, context.service.platform)
    text = Message(
        "Checking {project} in all systems… If the check passes, your request appears in the requests"
        " channel.",
        project=shown(asked.project),
    )
    context.whisper(incoming, Card(text, text))


def _form(context: SlackContext, language: Language, origin: Origin, draft: Draft) -> dict[str, Any]:
    platform = context.service.platform
    names = _names(context, draft)
    return create_form(platform, language, origin, draft, names, dashboards=context.dashboards)


def _names(context: SlackContext, draft: Draft) -> Card | None:
    asked, _ = read(draft, context.service.platform)
    return context.service.preview_names(asked) if PROJECT.match(asked.project) else None
