"""The few phrases every view uses."""

from __future__ import annotations

from collections.abc import Iterable

from approvals.model import Request
from bot.proposal import Proposal
from bot.texts.refs import groups, name, person
from bot.views.case import Other
from provisioner.message import Message, Ref, RefKind
from provisioner.stage import Goal
from provisioner.survey import Standing

__all__ = ["again_command", "deciders", "groups", "name", "person", "pointer", "standing_items"]


def deciders(request: Request) -> Message:
    """Everybody who decided, in order."""
    first, *others = [person(decision.actor) for decision in request.decisions]
    said = Message("{who}", who=first)
    for who in others:
        said = Message("{some} and {who}", some=said, who=who)
    return said


def again_command(command: str, proposal: Proposal) -> Ref:
    """What to type to ask for the same again."""
    asked = proposal.asked
    if proposal.plan.goal is Goal.ABSENT:
        return name(f"{command} delete {asked.project}")
    line = f"{command} create {asked.project} spec={asked.spec} desired={asked.desired} max={asked.max}"
    return name(f"{line} dashboard={asked.dashboard}" if asked.dashboard else line)


def pointer(other: Other) -> Ref:
    """Another request, with the way to its card where that stands."""
    return Ref(RefKind.LINK, other.link, other.id) if other.link else name(other.id)


def standing_items(standing: Iterable[Standing]) -> tuple[Message, ...]:
    """What exists, a line each; what could not be read comes last, by its title."""
    seen = tuple(standing)
    there = [Message("{target}", target=name(target)) for one in seen for target in one.targets or ()]
    unread = [Message("{title} (cannot be read)", title=one.title) for one in seen if one.targets is None]
    return (*there, *unread)
