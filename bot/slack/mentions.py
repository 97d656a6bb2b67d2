"""What people say to the bot: the command, a mention, a direct message. One grammar for all."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from bot.model.card import Card
from bot.model.submission import SubmissionKind
from bot.slack.cards import render
from bot.slack.commands import Command, Create, Delete, Help, ListAll, Status, Usage, shown
from bot.slack.context import Incoming, Reply, SlackContext
from bot.slack.forms import open_create, open_delete
from bot.slack.help import delete_card, form_card, help_card, usage_card, which_card, works_here_card
from provisioner.message import Message


def answer_now(context: SlackContext, incoming: Incoming) -> Reply | None:
    """Help and what was wrong with a command need nothing but words: they are said in the acknowledgement,
    once the person's language is known without asking."""
    locale = context.people.known_locale(incoming.user)
    if locale is None or not isinstance(incoming.asked, Help | Usage):
        return None
    text, blocks = render(_answer(context, incoming.asked, context.command), context.texts.for_locale(locale))
    return {"response_type": "ephemeral", "text": text, "blocks": blocks}


def command(context: SlackContext, incoming: Incoming) -> None:
    """`/workspace …`: answered to the one who typed it. Slack has no commands inside threads."""
    asked = incoming.asked
    match asked:
        case Create():
            open_create(context, incoming, asked.draft)
        case Delete() if asked.project:
            open_delete(context, incoming, asked.project)
        case Delete() | Status(project="") | Usage() | Help() | ListAll():
            context.tell(incoming, _answer(context, asked, context.command))
        case Status(live=True):
            locale, spec = context.people.locale(incoming.user), {"project": asked.project}
            look = context.submission(incoming, SubmissionKind.LOOK, incoming.trigger, spec, locale)
            context.service.submit(look)
            text = Message(
                "Checking {project} in all systems… The result will appear here.",
                project=shown(asked.project),
            )
            context.tell(incoming, Card(text, text))
        case Status():
            context.tell(incoming, context.service.status(asked.project))


def mention(context: SlackContext, incoming: Incoming) -> None:
    """In a channel, most often in a request's thread: status is answered there, all else privately."""
    if not incoming.bot:
        _reply(context, incoming)


def direct(context: SlackContext, incoming: Incoming) -> None:
    """A direct message to the bot. Its own, other bots' and changed messages are none of its business."""
    if incoming.direct and incoming.user and not incoming.bot and not incoming.subtype:
        _reply(context, incoming)


def _reply(context: SlackContext, incoming: Incoming) -> None:
    asked, about = incoming.asked, context.service.project_at(incoming.channel, incoming.root)
    match asked:
        case Status():
            _status(context, incoming, asked, about)
        case Delete():
            context.tell(incoming, _answer(context, Delete(asked.project or about or "")))
        case Usage() if not incoming.direct:  # in a channel people say all sorts of things to it
            context.tell(incoming, works_here_card(about))
        case _:
            context.tell(incoming, _answer(context, asked))


def _status(context: SlackContext, incoming: Incoming, asked: Status, about: str | None) -> None:
    """Kept as a submission, by the event's id: delivered twice, it is answered once."""
    project = asked.project or about
    if not project:
        context.tell(incoming, which_card("status"))
        return
    kind = SubmissionKind.LOOK if asked.live else SubmissionKind.STATUS
    root = incoming.thread_ts if incoming.direct else incoming.root
    locale = context.people.locale(incoming.user)
    found = context.submission(incoming, kind, incoming.event_id, {"project": project}, locale)
    context.service.submit(replace(found, thread_ts=root))


def _answer(context: SlackContext, asked: Command, command: str = "") -> Card:
    """For what needs neither a form nor a thread. `command`: what stands before it where it is typed."""
    before = f"{command} " if command else ""
    match asked:
        case Help():
            return help_card(context.command)
        case ListAll():
            return context.service.list(asked.page, f"{before}list")
        case Create():
            return form_card(context.keep_draft(asked.draft))
        case Status():
            return context.service.status(asked.project) if asked.project else which_card(f"{before}status")
        case Delete():
            return delete_card(asked.project) if asked.project else which_card(f"{before}delete")
        case Usage():
            draft_id = context.keep_draft(asked.draft) if asked.form else ""
            return usage_card(asked, context.command, draft_id, typed=f"{before}{asked.typed}".strip())
    assert_never(asked)
