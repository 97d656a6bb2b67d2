"""Buttons: an id in, one service call out, and a private word to whoever pressed when it is no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

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
    """Reject was pressed. Where it is known that this person cannot, they are told instead of asked why.

    A form has to open within three seconds, so for one who is not known yet it opens first, and turns into
    the refusal.
    """
    known = edge.people.known(incoming.user)
    try:
        edge.service.may_decide(incoming.user, known.groups if known else None, incoming.value)
    except Refusal:  # unless it is otherwise by now
        _as_now(edge, incoming, lambda actor: _ask_decider(edge, incoming, actor))
        return
    opened = _open_reject_form(edge, incoming)
    if opened is None or known is not None:
        return
    try:
        actor = edge.people.fresh(incoming.user)
        edge.service.may_decide(actor.id, actor.groups, incoming.value)
    except PeopleUnknown:
        return  # the form stays: what is sent is looked at again
    except Refusal as no:
        said = refusal(no, edge.command)
        origin = Origin(channel=incoming.channel, locale=edge.people.locale(incoming.user))
        view = card_view(Card(said, said), edge.words(incoming), origin, edge.group_id)
        edge.redraw(incoming, view, opened)


def _ask_decider(edge: Edge, incoming: Incoming, actor: Actor) -> None:
    edge.service.may_decide(actor.id, actor.groups, incoming.value)
    _open_reject_form(edge, incoming)


def _open_reject_form(edge: Edge, incoming: Incoming) -> Mapping[str, Any] | None:
    locale = edge.people.locale(incoming.user)
    origin = Origin(channel=incoming.channel, locale=locale, request_id=incoming.value)
    return edge.open_form(incoming, reject_form(edge.texts.for_locale(locale), origin))


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
            "Looking at all systems. Then the request appears in the requests channel, or I tell you why not."
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
