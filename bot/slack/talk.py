"""What people say to the bot: the command, a mention, a direct message. One grammar for all."""

from __future__ import annotations

import re
from typing import assert_never

from bot.ask import Ask, AskKind
from bot.card import Card
from bot.slack.cards import render
from bot.slack.commands import Command, Create, Delete, Help, ListAll, Status, Usage, shown
from bot.slack.create import open_form
from bot.slack.delete import open_delete
from bot.slack.edge import Edge, Reply
from bot.slack.incoming import Incoming
from bot.slack.usage import delete_card, form_card, help_card, usage_card, which_card, works_here_card
from provisioner.message import Message

_MENTION = re.compile(r"<@[UW][A-Z0-9]+(?:\|[^>]*)?>")


def answer_now(edge: Edge, incoming: Incoming) -> Reply | None:
    """Help and what was wrong with a command need nothing but words: they are said in the acknowledgement,
    once the person's language is known without asking."""
    locale = edge.people.known_locale(incoming.user)
    asked = edge.parse(incoming.text)
    if locale is None or not isinstance(asked, Help | Usage):
        return None
    text, blocks = render(_answer(edge, asked, edge.command), edge.texts.for_locale(locale))
    return {"response_type": "ephemeral", "text": text, "blocks": blocks}


def command(edge: Edge, incoming: Incoming) -> None:
    """`/workspace …`: answered to the one who typed it. Slack has no commands inside threads."""
    asked = edge.parse(incoming.text)
    match asked:
        case Create():
            open_form(edge, incoming, asked.draft)
        case Delete() if asked.project:
            open_delete(edge, incoming, asked.project)
        case Delete() | Status(project="") | Usage() | Help() | ListAll():
            edge.tell(incoming, _answer(edge, asked, edge.command))
        case Status(live=True):
            edge.service.ask(_ask(edge, incoming, asked.project, AskKind.LOOK, incoming.trigger, ""))
            text = Message(
                "Looking at the systems for {project}; the answer follows here.", project=shown(asked.project)
            )
            edge.tell(incoming, Card(text, text))
        case Status():
            edge.tell(incoming, edge.service.status(asked.project))


def mention(edge: Edge, incoming: Incoming) -> None:
    """In a channel, most often in a request's thread: status is answered there, all else privately."""
    if incoming.bot:
        return
    asked = edge.parse(_MENTION.sub(" ", incoming.text))
    about = edge.service.project_at(incoming.channel, incoming.root)
    match asked:
        case Status():
            _status(edge, incoming, asked, about)
        case Delete():
            edge.tell(incoming, _answer(edge, Delete(asked.project or about or "")))
        case Help() | ListAll() | Create():
            edge.tell(incoming, _answer(edge, asked))
        case Usage():
            edge.tell(incoming, works_here_card(about))
        case _:
            assert_never(asked)


def direct(edge: Edge, incoming: Incoming) -> None:
    """A direct message to the bot. Its own, other bots' and changed messages are none of its business."""
    if incoming.bot or incoming.subtype or not incoming.user or not incoming.direct:
        return
    asked = edge.parse(_MENTION.sub(" ", incoming.text))
    about = edge.service.project_at(incoming.channel, incoming.root)
    match asked:
        case Status():
            _status(edge, incoming, asked, about)
        case Delete():
            edge.tell(incoming, _answer(edge, Delete(asked.project or about or "")))
        case _:
            edge.tell(incoming, _answer(edge, asked))


def _status(edge: Edge, incoming: Incoming, asked: Status, about: str | None) -> None:
    """Kept as an ask, by the event's id: delivered twice, it is answered once."""
    project = asked.project or about
    if not project:
        edge.tell(incoming, which_card("status"))
        return
    kind = AskKind.LOOK if asked.live else AskKind.STATUS
    root = incoming.thread_ts if incoming.direct else incoming.root
    edge.service.ask(_ask(edge, incoming, project, kind, incoming.event_id, root))


def _ask(edge: Edge, incoming: Incoming, project: str, kind: AskKind, key: str, root: str) -> Ask:
    return Ask(
        key=key,
        kind=kind,
        team=incoming.team,
        user=incoming.user,
        channel=incoming.channel,
        at=edge.now,
        locale=edge.people.locale(incoming.user),
        thread_ts=root,
        spec={"project": project},
    )


def _answer(edge: Edge, asked: Command, command: str = "") -> Card:
    """For what needs neither a form nor a thread. `command`: what stands before it where it is typed."""
    before = f"{command} " if command else ""
    match asked:
        case Help():
            return help_card(edge.command)
        case ListAll():
            return edge.service.list()
        case Create():
            return form_card(edge.keep_draft(asked.draft))
        case Status():
            return edge.service.status(asked.project) if asked.project else which_card(f"{before}status")
        case Delete():
            return delete_card(asked.project) if asked.project else which_card(f"{before}delete")
        case Usage():
            draft_id = edge.keep_draft(asked.draft) if asked.form else ""
            return usage_card(asked, edge.command, draft_id, typed=f"{before}{asked.typed}".strip())
    assert_never(asked)
