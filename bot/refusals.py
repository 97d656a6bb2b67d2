"""Why a click or a command about a run changes nothing; the sisters of `approvals.errors`."""

from __future__ import annotations

from dataclasses import dataclass

from approvals.errors import Refusal


@dataclass(slots=True, eq=False)
class NotInvolved(Refusal):
    """Only the person who asked and the approvers may do this."""

    groups: tuple[str, ...]


@dataclass(slots=True, eq=False)
class CannotCancel(Refusal):
    """The run has ended, or its new plan waits for a decision."""

    project: str
    status: str


@dataclass(slots=True, eq=False)
class CannotRetry(Refusal):
    """Only a failed run is retried."""

    project: str
    status: str


@dataclass(slots=True, eq=False)
class StillRunning(Refusal):
    """The project has a run that has not ended."""

    project: str
