"""The card of a request that came to nothing, or whose run continues under another one."""

from __future__ import annotations

from approvals.model import RequestStatus
from bot.model.card import Card, Paragraph, Part, Quote, Small
from bot.model.request_view import RequestView
from bot.views.headline import headline
from provisioner.message import Message, Ref, named


def closed_card(case: RequestView, again: Ref) -> Card:
    """Rejected, expired or withdrawn. `again`: what to type to ask for the same again."""
    request = case.request
    title, text = headline(case)
    parts: list[Part] = [Paragraph(text)]
    if request.status is RequestStatus.REJECTED:
        parts.append(Quote(request.decisions[-1].comment))
    small = Message("{id} · to request again: {command}", id=named(request.id), command=again)
    return Card(title, text, (*parts, Small(small)))


def followed_card(case: RequestView) -> Card:
    """Something changed during the run, and it continues under a later approval."""
    title, text = headline(case)
    return Card(title, text, (Paragraph(text), Small(Message("{id}", id=named(case.request.id)))))
