"""The few phrases every view uses."""

from __future__ import annotations

from collections.abc import Iterable

from approvals.model import Request
from provisioner.message import Message, Ref, RefKind
from provisioner.workspace import WorkspaceSpec


def name(value: str) -> Ref:
    return Ref(RefKind.NAME, value)


def person(user: str) -> Ref:
    return Ref(RefKind.PERSON, user)


def groups(names: Iterable[str]) -> Message:
    """One or more groups, as mentions: `@workspace-admins or @leads`."""
    first, *others = [Ref(RefKind.GROUP, group) for group in names]
    said = Message("{group}", group=first)
    for ref in others:
        said = Message("{groups} or {group}", groups=said, group=ref)
    return said


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
