"""Why a plan cannot be made, and what to do about it, for people."""

from __future__ import annotations

from collections.abc import Iterable

from provisioner.diagnosis import Way, diagnose
from provisioner.engine.inspection import Refused
from provisioner.engine.stage import Goal
from provisioner.errors import WorkError
from provisioner.message import Message


def reasons(unmade: Iterable[Refused], way: Way, goal: Goal) -> list[Message]:
    """Each once, with all that cannot be for it. `way`: how it is tried again, `goal`: what was asked for."""
    titles: dict[str, Message] = {}
    found: dict[str, Message] = {}
    for one in unmade:
        reason = _reason(one.error, way, goal)
        said = str(reason)
        some = titles.get(said)
        titles[said] = Message("{some}, {one}", some=some, one=one.title) if some else one.title
        found[said] = reason
    return [Message("{title}: {reason}", title=titles[said], reason=found[said]) for said in found]


def _reason(error: WorkError, way: Way, goal: Goal) -> Message:
    said = diagnose(error.what, error.cause, way=way, goal=goal)
    if said is not None:
        return Message("{what}. {cause} {remedy}", what=error.what, cause=said.cause, remedy=said.remedy)
    if error.hint is None:
        return Message("{what}.", what=error.what)
    return Message("{what}. {remedy}", what=error.what, remedy=error.hint)
