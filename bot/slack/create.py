"""Asking for a workspace: the form opens, shows the names while it is filled, and is kept before it is
acknowledged."""

from __future__ import annotations

from typing import Any

from approvals.errors import KeyReused
from bot.ask import Ask, AskKind
from bot.card import Card
from bot.slack.commands import read, shown
from bot.slack.edge import Draft, Edge, Reply
from bot.slack.forms import create_form, errors, field_errors, spec_of, typed
from bot.slack.incoming import Incoming, Origin
from bot.texts import Words, refusal
from provisioner.message import Message
from provisioner.workspace import PROJECT


def open_form(edge: Edge, incoming: Incoming, draft: Draft) -> None:
    """Needs a trigger, which lives three seconds; the person is told when it was too late."""
    origin = Origin(channel=incoming.channel, locale=edge.people.locale(incoming.user))
    words = edge.texts.for_locale(origin.locale)
    view = _form(edge, words, origin, draft)
    edge.open_form(incoming, view)


def open_asked_form(edge: Edge, incoming: Incoming) -> None:
    """A button that offers the form; its value says what it is filled with."""
    open_form(edge, incoming, edge.draft(incoming.value))


def open_empty_form(edge: Edge, incoming: Incoming) -> None:
    open_form(edge, incoming, {})


def show_names(edge: Edge, incoming: Incoming) -> None:
    """The project was typed, or its size chosen: show what everything will be called."""
    view = _form(edge, edge.words(incoming), incoming.origin, typed(incoming.view))
    edge.redraw(incoming, view)


def keep(edge: Edge, incoming: Incoming) -> Reply | None:
    """Before the acknowledgement: the ask is stored, or what is wrong at which field. Asks Slack nothing."""
    origin = incoming.origin
    words = edge.texts.for_locale(origin.locale)
    asked, unread = spec_of(incoming.view, edge.service.platform)
    wrong = field_errors(edge.service.problems(asked), unread, words)
    if wrong:
        return errors(wrong)
    ask = Ask(
        key=incoming.view["id"],
        kind=AskKind.CREATE,
        team=incoming.team,
        user=incoming.user,
        channel=incoming.channel,
        at=edge.now,
        locale=origin.locale,
        spec=asked.to_json(),
    )
    try:
        edge.service.ask(ask)
    except KeyReused as no:  # the same form, sent before with other content
        return errors({"project": words.plain(refusal(no))})
    return None


def kept(edge: Edge, incoming: Incoming) -> None:
    """After the acknowledgement; should this get lost, the ask is answered all the same."""
    asked, _ = spec_of(incoming.view, edge.service.platform)
    text = Message(
        "Checking {project} on all systems. Then the request appears in the requests channel, or I tell you"
        " why not.",
        project=shown(asked.project),
    )
    edge.whisper(incoming, Card(text, text))


def _form(edge: Edge, words: Words, origin: Origin, draft: Draft) -> dict[str, Any]:
    platform = edge.service.platform
    names = _names(edge, draft)
    return create_form(platform, words, origin, draft, names, dashboards=edge.dashboards)


def _names(edge: Edge, draft: Draft) -> Card | None:
    asked, _ = read(draft, edge.service.platform)
    return edge.service.preview_names(asked) if PROJECT.match(asked.project) else None
