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
class DeletionPending(Refusal):
    """While a deletion is pending, no one can create more."""

    project: str
    request_id: str


@dataclass(slots=True, eq=False)
class CannotRollBack(Refusal):
    """Only a failed run is rolled back."""

    project: str
    status: str


@dataclass(slots=True, eq=False)
class WasReady(Refusal):
    """What was ready before a run stopped is not all deleted at a press."""

    project: str


@dataclass(slots=True, eq=False)
class NotCancelled(Refusal):
    """Only a canceled run can be continued or deleted from its card."""

    project: str
    status: str


@dataclass(slots=True, eq=False)
class Overtaken(Refusal):
    """There is a newer run of the project; `request_id` is what it was approved by."""

    project: str
    request_id: str


@dataclass(slots=True, eq=False)
class NeverFailed(Refusal):
    """There is no failure to tell of."""

    run_id: str


@dataclass(slots=True, eq=False)
class StillRunning(Refusal):
    """The project has a run that has not ended."""

    project: str
