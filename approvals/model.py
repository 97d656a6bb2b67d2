"""A request for somebody else's yes, and how it is decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NewType

from approvals.errors import (
    AlreadyDecided,
    AlreadyVoted,
    Expired,
    NotAnApprover,
    NotYours,
    ReasonMissing,
    Refusal,
    SelfApproval,
)

RequestId = NewType("RequestId", str)  # "WSR-0142"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person as the chat system knows them at this moment. Ids, never names."""

    id: str  # "U0MINA001"
    team: str
    groups: frozenset[str] = frozenset()  # names of the groups they are in, read when they acted
    locale: str = "en-US"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is being approved, in words approvals need not understand."""

    action: str  # "workspace.create"
    target: str  # "alpha"
    digest: str  # of the plan that was shown
    facts: Mapping[str, int | str | bool] = field(default_factory=dict)  # {"destroys_data": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What the policy demanded when it was asked; later changes of policy do not move it."""

    needed: int
    approvers: tuple[str, ...]  # names of groups, any of them
    open_for: timedelta
    allow_self: bool = False


class Verdict(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"


class RequestStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    actor: str
    verdict: Verdict
    at: datetime
    comment: str = ""


@dataclass(slots=True, kw_only=True)
class Request:
    """The aggregate. Every method either moves it or raises a `Refusal` and leaves it as it was."""

    id: RequestId
    key: str  # makes asking repeatable: the same key and content is the same request
    subject: Subject
    gate: Gate
    asked_by: str  # an actor's id
    asked_at: datetime
    status: RequestStatus = RequestStatus.PENDING
    decisions: list[Decision] = field(default_factory=list)
    ended_at: datetime | None = None

    @property
    def open_until(self) -> datetime:
        return self.asked_at + self.gate.open_for

    @property
    def approvals(self) -> int:
        return sum(decision.verdict is Verdict.APPROVE for decision in self.decisions)

    @property
    def pending(self) -> bool:
        return self.status is RequestStatus.PENDING

    @property
    def ended_by(self) -> str:
        """Who decided last; whoever asked, where a decision is not what ended it."""
        decided = self.status in {RequestStatus.APPROVED, RequestStatus.REJECTED}
        return self.decisions[-1].actor if decided else self.asked_by

    def may_decide(self, user: str, groups: Collection[str] | None, *, now: datetime) -> None:
        """Raises what any decision of theirs would meet; `groups` is None while they are not known."""
        self._still_open(now)
        if user == self.asked_by and not self.gate.allow_self:
            raise SelfApproval()
        if groups is not None and not set(groups) & set(self.gate.approvers):
            raise NotAnApprover(self.gate.approvers)

    def awaits(self, actor: Actor, *, now: datetime) -> bool:
        """Whether they may decide, and have not yet."""
        try:
            self.may_decide(actor.id, actor.groups, now=now)
        except Refusal:
            return False
        return not any(decision.actor == actor.id for decision in self.decisions)

    def decide(self, actor: Actor, verdict: Verdict, *, now: datetime, comment: str = "") -> RequestStatus:
        """Count one decision; the gate says when it is enough. One rejection ends it."""
        self.may_decide(actor.id, actor.groups, now=now)
        if verdict is Verdict.REJECT and not comment.strip():
            raise ReasonMissing()
        if verdict is Verdict.APPROVE and any(decision.actor == actor.id for decision in self.decisions):
            raise AlreadyVoted(self.id)
        self.decisions.append(Decision(actor=actor.id, verdict=verdict, at=now, comment=comment.strip()))
        if verdict is Verdict.REJECT:
            self._end(RequestStatus.REJECTED, now)
        elif self.approvals >= self.gate.needed:
            self._end(RequestStatus.APPROVED, now)
        return self.status

    def withdraw(self, actor: Actor, *, now: datetime) -> None:
        self._still_open(now)
        if actor.id != self.asked_by:
            raise NotYours(self.id)
        self._end(RequestStatus.WITHDRAWN, now)

    def expire(self, *, now: datetime) -> bool:
        """Whether it was pending and its time is over; then it is expired now."""
        if not self.pending or now < self.open_until:
            return False
        self._end(RequestStatus.EXPIRED, now)
        return True

    def _still_open(self, now: datetime) -> None:
        if not self.pending:
            raise AlreadyDecided(self.id, self.status.value, self.ended_by, self.ended_at or now)
        if now >= self.open_until:
            raise Expired(self.id, self.open_until)

    def _end(self, status: RequestStatus, now: datetime) -> None:
        self.status = status
        self.ended_at = now


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what to which, when, from where. Never changed, never removed."""

    at: datetime
    actor: str  # an id, or "system"
    action: str  # "request.approved"
    target: str
    request_id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
