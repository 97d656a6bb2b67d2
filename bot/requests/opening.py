"""Opens requests: who may ask, whose yes it takes, and the request with its plan, card and record."""

from __future__ import annotations

import structlog

from approvals.errors import NobodyMayApprove, Refusal
from approvals.model import Actor, AuditEntry, Gate, Request, RequestId, Subject
from approvals.policy import Policy
from bot.model.people import People
from bot.model.proposal import ACTIONS, Proposal
from bot.model.tracked_message import Purpose, TrackedMessage
from bot.requests.transitions import redraw
from bot.storage.database import UnitOfWork
from bot.texts import refusal
from provisioner.engine.plan import Plan
from provisioner.engine.run import Clock, Run
from provisioner.engine.stage import Goal
from provisioner.message import Message
from provisioner.workspace import WorkspaceSpec

log = structlog.get_logger()


class Opening:
    def __init__(self, *, policy: Policy, people: People, clock: Clock, channel: str, language: str) -> None:
        """`channel` is where requests are shown, `language` the one spoken there."""
        self._policy = policy
        self._people = people
        self._clock = clock
        self._channel = channel
        self._language = language

    def gate(self, asker: Actor, subject: Subject) -> tuple[Gate | None, list[Message]]:
        """The gate, or the reason why this person may not ask. May raise `PeopleUnknown`."""
        try:
            gate = self._policy.gate_for(subject, asker)
            approvers = {member for group in gate.approvers for member in self._people.members(group)}
            if len(approvers - {asker.id}) < gate.needed:
                raise NobodyMayApprove(subject.action, gate.needed, gate.approvers)
        except Refusal as no:
            return None, [refusal(no)]
        return gate, []

    def open(
        self,
        unit: UnitOfWork,
        *,
        key: str,
        user: str,
        asked: WorkspaceSpec,
        plan: Plan,
        gate: Gate,
        locale: str,
    ) -> Request:
        """A request of its own, with a new card. `AlreadyPending` when somebody else has asked."""
        request = self._add(unit, key, user, asked, plan, gate)
        unit.proposals.add(Proposal(request_id=request.id, asked=asked, plan=plan, locale=locale))
        unit.messages.add(self._card(request, self._channel))
        newest = unit.runs.latest(asked.project)
        if newest is not None:
            redraw(unit, newest)
        return request

    def open_anew(self, unit: UnitOfWork, run: Run, plan: Plan) -> Request:
        """The new plan of a parked run, in the thread of its card, under the policy as it is now."""
        before = unit.requests.get(RequestId(run.reference))
        subject = subject_of(run.asked, plan.goal, plan)
        rule = self._policy.rules.get(subject.action)
        gate = rule.gate(subject) if rule else before.gate
        request = self._add(unit, f"{run.id}:{run.attempt}", before.asked_by, run.asked, plan, gate)
        locale = unit.proposals.get(before.id).locale
        unit.proposals.add(
            Proposal(request_id=request.id, asked=run.asked, plan=plan, locale=locale, run_id=run.id)
        )
        card = unit.messages.get(run.reference)
        root_ts = (card.root_ts or card.ts) if card else ""
        unit.messages.add(self._card(request, card.channel if card and root_ts else self._channel, root_ts))
        return request

    def _add(
        self, unit: UnitOfWork, key: str, user: str, asked: WorkspaceSpec, plan: Plan, gate: Gate
    ) -> Request:
        now = self._clock.now()
        request = Request(
            id=unit.requests.next_id(),
            key=key,
            subject=subject_of(asked, plan.goal, plan),
            gate=gate,
            asked_by=user,
            asked_at=now,
        )
        unit.requests.add(request)
        unit.audit.append(
            AuditEntry(
                at=now,
                actor=user,
                action="request.ask",
                target=asked.project,
                request_id=request.id,
                data={"digest": plan.digest},
            )
        )
        action = request.subject.action
        log.info("request opened", request=request.id, action=action, project=asked.project)
        return request

    def _card(self, request: Request, channel: str, root_ts: str = "") -> TrackedMessage:
        return TrackedMessage(
            key=request.id,
            request_id=request.id,
            purpose=Purpose.CARD,
            channel=channel,
            language=self._language,
            root_ts=root_ts,
        )


def subject_of(asked: WorkspaceSpec, goal: Goal, plan: Plan | None) -> Subject:
    """What is asked, and the facts a rule may raise its gate by; fewer without a plan."""
    facts = {"destroys_data": bool(plan.dangers), "changes": len(plan.changes)} if plan else {}
    digest = plan.digest if plan else ""
    return Subject(action=ACTIONS[goal], target=asked.project, digest=digest, facts=facts)
