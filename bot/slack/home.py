"""App Home, what is reached from a message's menu, and that a person changed."""

from __future__ import annotations

import structlog

from bot.model.card import Action, Button, Buttons, Card, Paragraph
from bot.model.people import PeopleUnknown
from bot.slack.cards import home_view
from bot.slack.client import TROUBLE, error_code
from bot.slack.context import Incoming, SlackContext
from bot.views.buttons import NEW_FORM
from provisioner.message import Message

log = structlog.get_logger()


def publish(context: SlackContext, incoming: Incoming) -> None:
    """My requests and what runs; drawn at every visit, from what is stored."""
    if incoming.tab != "home":
        return
    try:
        card = context.service.home(context.people.actor(incoming.user))
    except PeopleUnknown:
        text = Message("Slack didn't return your profile. Open this tab again in a minute.")
        card = Card(text, text)
    try:
        context.client.views_publish(
            user_id=incoming.user, view=home_view(card, context.words(incoming), context.people.group_id)
        )
    except TROUBLE as error:
        log.warning("home not published", user=incoming.user, why=error_code(error))


def person_changed(context: SlackContext, incoming: Incoming) -> None:
    """Who changes their language is answered in it from then on (other replicas ask hourly)."""
    context.people.forget(incoming.user)


def show_actions(context: SlackContext, incoming: Incoming) -> None:
    """The message shortcut: how the workspace of this message is, and what can be done."""
    project = context.service.project_at(incoming.channel, incoming.root)
    if project is None:
        text = Message("This message isn't about a workspace.")
        card = Card(text, text, (Paragraph(text), Buttons((NEW_FORM,))))
    else:
        known = context.service.status(project)
        again = Button(Action.STATUS, Message("Refresh"), project)
        card = Card(known.title, known.text, (*known.parts, Buttons((again,))))
    if not context.open(incoming, context.card_view(incoming, card, context.origin(incoming))):
        context.whisper(incoming, card)
