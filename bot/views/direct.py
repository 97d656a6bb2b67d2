"""Direct messages to the person who asked: short, each with the way to the card."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from bot.model.card import Card, Paragraph, Quote
from bot.model.request_view import RequestView
from bot.views.phrases import pointer
from bot.views.state import facts, state_of_run
from bot.views.states import ROWS, State
from provisioner.message import Message, Ref, RefKind


class DirectMessageKind(StrEnum):
    """When the person who asked is told directly. The value is part of a stored key: never renamed."""

    UNSEEN = "unseen"  # there is no card, so no one can decide
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"
    PARKED = "parked"
    CANCELLED = "cancelled"
    READY = "ready"  # made, or gone


STATES: Mapping[DirectMessageKind, State] = {
    DirectMessageKind.UNSEEN: State.PENDING,
    DirectMessageKind.APPROVED: State.QUEUED,
    DirectMessageKind.REJECTED: State.REJECTED,
    DirectMessageKind.EXPIRED: State.EXPIRED,
    DirectMessageKind.FAILED: State.FAILED,
    DirectMessageKind.PARKED: State.PARKED,
    DirectMessageKind.CANCELLED: State.CANCELLED,
    DirectMessageKind.READY: State.SUCCEEDED,
}
"""The state whose row has the words; how it is by now may be another one."""


def direct_card(kind: DirectMessageKind, case: RequestView, link: str) -> Card:
    """`link` is the address of the card, empty where there is none."""
    state, values = _state(kind, case), dict(facts(case))
    template = ROWS[case.goal, state].direct
    if template is None:
        raise ValueError(f"nothing is said directly when {kind.value}")
    if state is State.OVERTAKEN and case.later is not None:
        values["id"] = pointer(case.later)  # also where its run went on under another approval
    said = template.given(values)
    quote = (Quote(case.request.decisions[-1].comment),) if kind is DirectMessageKind.REJECTED else ()
    way = Message("See your options: {link}") if kind is DirectMessageKind.FAILED else Message("See {link}.")
    see = (Paragraph(way.given({"link": Ref(RefKind.LINK, link, case.request.id)})),) if link else ()
    return Card(said, said, (Paragraph(said), *quote, *see))


def _state(kind: DirectMessageKind, case: RequestView) -> State:
    if kind is DirectMessageKind.CANCELLED and case.later is not None and case.later.deletes:
        return State.OVERTAKEN
    if kind is DirectMessageKind.READY and case.run is not None:
        return state_of_run(case.run)
    return STATES[kind]
