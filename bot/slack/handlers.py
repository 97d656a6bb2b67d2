"""What happens when somebody types, presses or opens something; what a request form does is in `forms.py`.

What is typed has one grammar, be it a command, a mention or a direct message. A button is an id in, one
service call out, and a private answer if it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol, assert_never

import structlog

from approvals.errors import Refusal
from approvals.model import Actor, Verdict
from bot.model.card import Action, Button, Buttons, Card, Paragraph
from bot.model.people import PeopleUnknown
from bot.model.submission import SubmissionKind
from bot.slack.cards import home_view, render
from bot.slack.client import TROUBLE, error_code
from bot.slack.commands import Command, Create, Delete, Help, ListAll, Status, Usage, shown
from bot.slack.context import Incoming, Reply, SlackContext
from bot.slack.forms import errors, open_create, open_delete, reject_form, typed
from bot.slack.help import delete_card, form_card, help_card, usage_card, which_card, works_here_card
from bot.texts import refusal
from bot.views.state import NEW_FORM
from provisioner.message import Message

log = structlog.get_logger()


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


def direct_message(context: SlackContext, incoming: Incoming) -> None:
    """A direct message to the bot. Its own, other bots' and changed messages are none of its business."""
    if incoming.direct and incoming.user and not incoming.bot and not incoming.subtype:
        _reply(context, incoming)


def _reply(context: SlackContext, incoming: Incoming) -> None:
    asked, about = incoming.asked, context.service.project_at(incoming.channel, incoming.root)
    match asked:
        case Status():
            _tell_status(context, incoming, asked, about)
        case Delete():
            context.tell(incoming, _answer(context, Delete(asked.project or about or "")))
        case Usage() if not incoming.direct:  # in a channel people say all sorts of things to it
            context.tell(incoming, works_here_card(about))
        case _:
            context.tell(incoming, _answer(context, asked))


def _tell_status(context: SlackContext, incoming: Incoming, asked: Status, about: str | None) -> None:
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


def approve(context: SlackContext, incoming: Incoming) -> None:
    _as_now(context, incoming, lambda actor: context.service.decide(actor, incoming.value, Verdict.APPROVE))


def ask_reason(context: SlackContext, incoming: Incoming) -> None:
    """Reject was pressed. Where it is known that this person cannot, they are told instead of asked why.

    A form has to open within three seconds, so for one who is not known yet it opens first, and turns into
    the refusal.
    """
    known = context.people.known(incoming.user)
    try:
        context.service.may_decide(incoming.user, known.groups if known else None, incoming.value)
    except Refusal:  # unless it is otherwise by now
        _as_now(context, incoming, lambda actor: _ask_decider(context, incoming, actor))
        return
    opened = _open_reject_form(context, incoming)
    if opened is None or known is not None:
        return
    try:
        actor = context.people.fresh(incoming.user)
        context.service.may_decide(actor.id, actor.groups, incoming.value)
    except PeopleUnknown:
        return  # the form stays: what is sent is looked at again
    except Refusal as no:
        context.refused(type(no).__name__)
        said = refusal(no, context.command)
        view = context.card_view(incoming, Card(said, said), context.origin(incoming))
        context.redraw(incoming, view, opened)


def _ask_decider(context: SlackContext, incoming: Incoming, actor: Actor) -> None:
    context.service.may_decide(actor.id, actor.groups, incoming.value)
    _open_reject_form(context, incoming)


def _open_reject_form(context: SlackContext, incoming: Incoming) -> Mapping[str, Any] | None:
    origin = context.origin(incoming, request_id=incoming.value)
    return context.open_form(incoming, reject_form(context.texts.for_locale(origin.locale), origin))


def reason_missing(context: SlackContext, incoming: Incoming) -> Reply | None:
    """Before the acknowledgement: a reason of blanks is none."""
    if typed(incoming.view).get("why", "").strip():
        return None
    words = context.texts.for_locale(incoming.origin.locale)
    return errors({"why": words.plain(Message("Enter a reason. It's sent to the requester."))})


def reject(context: SlackContext, incoming: Incoming) -> None:
    request_id, why = incoming.origin.request_id, typed(incoming.view)["why"]
    _as_now(context, incoming, lambda actor: context.service.decide(actor, request_id, Verdict.REJECT, why))


def withdraw(context: SlackContext, incoming: Incoming) -> None:
    _as_now(context, incoming, lambda actor: context.service.withdraw(actor, incoming.value))


def cancel(context: SlackContext, incoming: Incoming) -> None:
    """Told at once: the card changes only when the call to a vendor that is under way has ended."""

    def asked(actor: Actor) -> None:
        if context.service.cancel(actor, incoming.value):
            text = Message("Canceling… The run stops before its next change.")
            context.tell(incoming, Card(text, text))

    _as_now(context, incoming, asked)


def retry(context: SlackContext, incoming: Incoming) -> None:
    _as_now(context, incoming, lambda actor: context.service.retry(actor, incoming.value))


def roll_back(context: SlackContext, incoming: Incoming) -> None:
    _asks(context, incoming, context.service.roll_back)


def remove(context: SlackContext, incoming: Incoming) -> None:
    """Delete, on the card of a run that was cancelled."""
    _asks(context, incoming, context.service.remove)


def go_on(context: SlackContext, incoming: Incoming) -> None:
    _asks(context, incoming, context.service.go_on)


def details(context: SlackContext, incoming: Incoming) -> None:
    """Only reads, so anybody who sees the card may have it."""
    try:
        card = context.service.details(incoming.value)
    except Refusal as no:
        context.refused(type(no).__name__)
        said = refusal(no)
        context.tell(incoming, Card(said, said))
    else:
        context.show(incoming, card)


def status(context: SlackContext, incoming: Incoming) -> None:
    """The value is the project. In the dialog that shows it, the dialog is redrawn."""
    card = context.service.status(incoming.value)
    if incoming.in_modal:
        context.redraw(incoming, context.card_view(incoming, card, incoming.origin))
    else:
        context.tell(incoming, card)


def show_help(context: SlackContext, incoming: Incoming) -> None:
    context.tell(incoming, help_card(context.command))


class _Asking(Protocol):
    def __call__(self, actor: Actor, run_id: str, *, channel: str, thread_ts: str) -> bool: ...


def _asks(context: SlackContext, incoming: Incoming, submission: _Asking) -> None:
    """A button that asks for something; what comes of it is told where the button stands."""

    def asked(actor: Actor) -> None:
        submission(actor, incoming.value, channel=incoming.channel, thread_ts=incoming.thread_ts)
        text = Message(
            "Checking all systems… If the check passes, your request appears in the requests channel."
        )
        context.tell(incoming, Card(text, text))

    _as_now(context, incoming, asked)


def _as_now(context: SlackContext, incoming: Incoming, do: Callable[[Actor], None]) -> None:
    """With the groups the person is in at this moment. A refusal is said as it stands."""
    try:
        do(context.people.fresh(incoming.user))
    except Refusal as no:
        context.refused(type(no).__name__)
        said = refusal(no, context.command)
    except PeopleUnknown as unknown:
        context.refused(type(unknown).__name__)
        said = Message("Nothing changed: Slack didn't return your profile. Try again.")
    else:
        return
    answer = Card(said, said)
    if incoming.view:  # a form that was sent has closed; there is nothing to lay a dialog over
        context.whisper(incoming, answer)
    else:
        context.tell(incoming, answer)


def publish_home(context: SlackContext, incoming: Incoming) -> None:
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
