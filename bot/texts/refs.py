"""Names, people and groups within a sentence; each surface draws them its own way."""

from __future__ import annotations

from collections.abc import Iterable

from provisioner.message import Message, Ref, RefKind
from provisioner.message import named as name

__all__ = ["groups", "name", "person"]


def person(user: str) -> Ref:
    return Ref(RefKind.PERSON, user)


def groups(names: Iterable[str]) -> Message:
    """One or more groups, as mentions: `@workspace-admins or @leads`."""
    first, *others = [Ref(RefKind.GROUP, group) for group in names]
    said = Message("{group}", group=first)
    for ref in others:
        said = Message("{groups} or {group}", groups=said, group=ref)
    return said
