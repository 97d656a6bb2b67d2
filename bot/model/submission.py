"""What a person typed, kept before it is acknowledged, so that a kill loses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from provisioner.message import Json


class SubmissionKind(StrEnum):
    CREATE = "create"
    DELETE = "delete"
    STATUS = "status"  # by mention or direct message; answered in its thread
    LOOK = "look"  # status live: looks at the systems


class SubmissionState(StrEnum):
    NEW = "new"
    ANSWERED = "answered"  # `outcome` is known and has to be told
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """Stored by a handler, answered by the runner. A request exists only once there is a plan."""

    key: str  # what Slack sends again when it delivers twice: a form's view id, an event's id
    kind: SubmissionKind
    team: str
    user: str
    channel: str
    at: datetime
    locale: str = "en-US"
    thread_ts: str = ""
    # Of CREATE a WorkspaceSpec; else project, why and, from a card, the run and attempt that were seen.
    spec: Mapping[str, Json] = field(default_factory=dict)
    state: SubmissionState = SubmissionState.NEW
    outcome: Mapping[str, Json] = field(default_factory=dict)
    tries: int = 0
    next_at: datetime | None = None  # not looked at before; None: at once
    sending: bool = False  # the answer is on its way; found so after a crash, it may have arrived

    @property
    def content(self) -> tuple[object, ...]:
        """What must be the same when the key is: all that was typed, and by whom."""
        return (self.kind, self.team, self.user, self.channel, self.thread_ts, dict(self.spec))
