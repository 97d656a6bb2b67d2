"""App Home, what is reached from a message's menu, and that a person changed."""

from __future__ import annotations

import structlog

from bot.card import Action, Button, Buttons, Card, Paragraph
from bot.people import PeopleUnknown
from bot.slack.edge import Edge
from bot.slack.incoming import Incoming, Origin
from bot.slack.trouble import TROUBLE, error_code
from bot.slack.views import card_view, home_view
from bot.views.buttons import NEW_FORM
from provisioner.message import Message

log = structlog.get_logger()


def publish(edge: Edge, incoming: Incoming) -> None:
    """My requests and what runs; drawn at every visit, from what is stored."""
    if incoming.tab != "home":
        return
    try:
        card = edge.service.home(edge.people.actor(incoming.user))
    except PeopleUnknown:
        text = Message("I could not read from Slack who you are. Open this tab again in a minute.")
        card = Card(text, text)
    try:
        edge.client.views_publish(
            user_id=incoming.user, view=home_view(card, edge.words(incoming), edge.group_id)
        )
    except TROUBLE as error:
        log.warning("home not published", user=incoming.user, why=error_code(error))


def person_changed(edge: Edge, incoming: Incoming) -> None:
    """Who changes their language is answered in it from then on (other replicas ask hourly)."""
    edge.people.forget(incoming.user)


def show_actions(edge: Edge, incoming: Incoming) -> None:
    """The message shortcut: how the workspace of this message is, and what can be done."""
    project = edge.service.project_at(incoming.channel, incoming.root)
    if project is None:
        text = Message("This message is not about a workspace.")
        card = Card(text, text, (Paragraph(text), Buttons((NEW_FORM,))))
    else:
        known = edge.service.status(project)
        again = Button(Action.STATUS, Message("Look again"), project)
        card = Card(known.title, known.text, (*known.parts, Buttons((again,))))
    origin = Origin(channel=incoming.channel, locale=edge.people.locale(incoming.user))
    view = card_view(card, edge.words(incoming), origin, edge.group_id)
    if not edge.open(incoming, view):
        edge.whisper(incoming, card)
