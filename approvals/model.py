"""A request for somebody else's yes, how it is decided, and the policy: who may ask, whose yes it takes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, NewType

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt, StrictStr
from pydantic_core import PydanticCustomError

from approvals.errors import (
    AlreadyDecided,
    AlreadyVoted,
    Expired,
    NotAllowed,
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


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=90)


def _duration(text: object) -> timedelta:
    match = re.fullmatch(r"([1-9]\d{0,4})([smhd])", text) if isinstance(text, str) else None
    length = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta()
    if not timedelta() < length <= _LONGEST:
        raise PydanticCustomError("duration", 'should be a text like "30m", "24h" or "7d", at most 90 days')
    return length


_Group = Annotated[StrictStr, Field(pattern=r"^[^@\s]\S*$")]
_People = Annotated[StrictInt, Field(ge=1)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rule(_Table):
    """What one action demands."""

    ask: tuple[_Group, ...] = Field(min_length=1)
    approve: tuple[_Group, ...] = Field(min_length=1)
    needed: _People = 1
    open_for: Annotated[timedelta, BeforeValidator(_duration)]
    needed_if: Mapping[str, _People] = {}

    def gate(self, subject: Subject) -> Gate:
        raised = [needed for fact, needed in self.needed_if.items() if subject.facts.get(fact) is True]
        return Gate(needed=max([self.needed, *raised]), approvers=self.approve, open_for=self.open_for)


class _File(_Table):
    actions: Mapping[str, Rule] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules as data, one for each action:

        [actions."workspace.create"]
        ask = ["workspace-users", "workspace-admins"]    # groups, any of them
        approve = ["workspace-admins"]                   # groups, any of them
        needed = 1                                       # how many different people
        open_for = "24h"                                 # 30m, 24h, 7d; seconds (30s) for trying out
        needed_if = { destroys_data = 2 }                # more, where a fact is true

    An action without a rule is for nobody. Nobody approves for themselves: there is no rule for that.
    """

    rules: Mapping[str, Rule]  # by action

    @classmethod
    def from_toml(cls, text: str) -> Policy:
        """Raises tomllib's `TOMLDecodeError`, or pydantic's `ValidationError` with every fault there is."""
        return cls(_File.model_validate(tomllib.loads(text)).actions)

    def gate_for(self, subject: Subject, asker: Actor) -> Gate:
        """What it takes, for somebody who may ask; `NotAllowed` for everybody else."""
        rule = self.rules.get(subject.action)
        if rule is None:
            raise NotAllowed(subject.action, ())
        if asker.groups.isdisjoint(rule.ask):
            raise NotAllowed(subject.action, rule.ask)
        return rule.gate(subject)
