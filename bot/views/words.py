"""The few phrases every view uses."""

from __future__ import annotations

from approvals.model import Request
from bot.texts.refs import groups, name, person
from provisioner.message import Message, Ref
from provisioner.workspace import WorkspaceSpec

__all__ = ["create_command", "deciders", "groups", "name", "person"]


def deciders(request: Request) -> Message:
    """Everybody who decided, in order."""
    first, *others = [person(decision.actor) for decision in request.decisions]
    said = Message("{who}", who=first)
    for who in others:
        said = Message("{some} and {who}", some=said, who=who)
    return said


def create_command(command: str, asked: WorkspaceSpec) -> Ref:
    """What to type to ask for the same again."""
    return name(f"{command} create {asked.project} spec={asked.spec} desired={asked.desired} max={asked.max}")
