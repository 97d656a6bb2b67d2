"""Buttons: an id in, one service call out, and a private answer if it is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from approvals.errors import Refusal
from approvals.model import Actor, Verdict
from bot.model.card import Card
from bot.model.people import PeopleUnknown
from bot.slack.context import Incoming, Reply, SlackContext
from bot.slack.forms import errors, reject_form, typed
from bot.slack.help import help_card
from bot.texts import refusal
from provisioner.message import Message


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
