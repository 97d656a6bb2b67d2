"""Buttons: an id in, one service call out, and a private word to whoever pressed when it is no."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from approvals.errors import Refusal
from approvals.model import Actor, Verdict
from bot.card import Card
from bot.people import PeopleUnknown
from bot.slack.edge import Edge, Reply
from bot.slack.forms import errors, reject_form, typed
from bot.slack.incoming import Incoming, Origin
from bot.slack.usage import help_card
from bot.slack.views import card_view
from bot.texts import refusal
from provisioner.message import Message


def approve(edge: Edge, incoming: Incoming) -> None:
    _as_now(edge, incoming, lambda actor: edge.service.decide(actor, incoming.value, Verdict.APPROVE))


def ask_reason(edge: Edge, incoming: Incoming) -> None:
    """Reject was pressed: the form opens at once, nothing is looked up but the language."""
    locale = edge.people.locale(incoming.user)
    origin = Origin(channel=incoming.channel, locale=locale, request_id=incoming.value)
    if not edge.open(incoming, reject_form(edge.texts.for_locale(locale), origin)):
        text = Message("Slack did not open the form in time. Nothing was done; please try again.")
        edge.whisper(incoming, Card(text, text))


def reason_missing(edge: Edge, incoming: Incoming) -> Reply | None:
    """Before the acknowledgement: a reason of blanks is none."""
    if typed(incoming.view).get("why", "").strip():
        return None
    words = edge.texts.for_locale(incoming.origin.locale)
    return errors({"why": words.plain(Message("Say why; the person who asked will read it."))})


def reject(edge: Edge, incoming: Incoming) -> None:
    request_id, why = incoming.origin.request_id, typed(incoming.view)["why"]
    _as_now(edge, incoming, lambda actor: edge.service.decide(actor, request_id, Verdict.REJECT, why))


def withdraw(edge: Edge, incoming: Incoming) -> None:
    _as_now(edge, incoming, lambda actor: edge.service.withdraw(actor, incoming.value))


def cancel(edge: Edge, incoming: Incoming) -> None:
    _as_now(edge, incoming, lambda actor: edge.service.cancel(actor, incoming.value))


def retry(edge: Edge, incoming: Incoming) -> None:
    _as_now(edge, incoming, lambda actor: edge.service.retry(actor, incoming.value))


def roll_back(edge: Edge, incoming: Incoming) -> None:
    _asks(edge, incoming, edge.service.roll_back)


def remove(edge: Edge, incoming: Incoming) -> None:
    """Delete, on the card of a run that was cancelled."""
    _asks(edge, incoming, edge.service.remove)


def go_on(edge: Edge, incoming: Incoming) -> None:
    _asks(edge, incoming, edge.service.go_on)


def details(edge: Edge, incoming: Incoming) -> None:
    """Only reads, so anybody who sees the card may have it."""
    try:
        card = edge.service.details(incoming.value)
    except Refusal as no:
        said = refusal(no)
        edge.tell(incoming, Card(said, said))
    else:
        edge.show(incoming, card)


def status(edge: Edge, incoming: Incoming) -> None:
    """The value is the project. In the dialog that shows it, the dialog is drawn anew."""
    card = edge.service.status(incoming.value)
    if incoming.in_modal:
        view = card_view(card, edge.words(incoming), incoming.origin, edge.group_id)
        edge.redraw(incoming, view)
    else:
        edge.tell(incoming, card)


def show_help(edge: Edge, incoming: Incoming) -> None:
    edge.tell(incoming, help_card(edge.command))


class _Asking(Protocol):
    def __call__(self, actor: Actor, run_id: str, *, channel: str, thread_ts: str) -> bool: ...


def _asks(edge: Edge, incoming: Incoming, ask: _Asking) -> None:
    """A button that asks for something; what comes of it is told where the button stands."""

    def asked(actor: Actor) -> None:
        ask(actor, incoming.value, channel=incoming.channel, thread_ts=incoming.thread_ts)
        text = Message(
            "Looking at all systems. The request will appear in the requests channel; if it cannot be asked"
            " for, I tell you why."
        )
        edge.tell(incoming, Card(text, text))

    _as_now(edge, incoming, asked)


def _as_now(edge: Edge, incoming: Incoming, do: Callable[[Actor], None]) -> None:
    """With the groups the person is in at this moment. A refusal is said as it stands."""
    try:
        do(edge.people.fresh(incoming.user))
    except Refusal as no:
        said = refusal(no, edge.command)
    except PeopleUnknown:
        said = Message("I could not read from Slack who you are, so nothing was changed. Please try again.")
    else:
        return
    answer = Card(said, said)
    if incoming.view:  # a form that was sent has closed; there is nothing to lay a dialog over
        edge.whisper(incoming, answer)
    else:
        edge.tell(incoming, answer)
