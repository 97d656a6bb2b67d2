"""The life of a request: why not now, who may ask, whose yes it takes, and what a decision starts and ends.

All of it inside the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import structlog

from approvals.errors import NobodyMayApprove, Refusal
from approvals.model import Actor, AuditEntry, Gate, Request, RequestId, Subject
from approvals.policy import Policy
from bot.model.people import People
from bot.model.refusals import CannotRetry, StillRunning, WasReady
from bot.model.request_view import ACTIONS, Proposal, was_ready
from bot.model.submission import Submission
from bot.model.tracked_message import Purpose, TrackedMessage
from bot.storage.database import ReadUnit, UnitOfWork
from bot.texts import refusal
from bot.views.phrases import stays, unknown_here
from provisioner.engine.run import STOPPED, AlreadyRunning, Clock, Entry, EntryKind, Run, RunId, RunStatus
from provisioner.engine.stage import Goal, Plan, Verb
from provisioner.message import Json, Message, Ref, named
from provisioner.workspace import RESERVED, WorkspaceSpec, nearest

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    policy: Policy
    people: People
    clock: Clock
    channel: str  # where requests are shown
    language: str  # the one spoken there

    def gate(self, asker: Actor, subject: Subject) -> tuple[Gate | None, list[Message]]:
        """The gate, or the reason why this person may not ask. May raise `PeopleUnknown`."""
        try:
            gate = self.policy.gate_for(subject, asker)
            approvers = {member for group in gate.approvers for member in self.people.members(group)}
            if len(approvers - {asker.id}) < gate.needed:
                raise NobodyMayApprove(subject.action, gate.needed, gate.approvers)
        except Refusal as no:
            return None, [refusal(no)]
        return gate, []

    def open(
        self, unit: UnitOfWork, submission: Submission, asked: WorkspaceSpec, plan: Plan, gate: Gate
    ) -> Request:
        """A request of its own, with a new card. `AlreadyPending` when somebody else has asked."""
        request = self._add(unit, submission.key, submission.user, asked, plan, gate)
        unit.proposals.add(Proposal(request_id=request.id, asked=asked, plan=plan, locale=submission.locale))
        unit.messages.add(self._card(request, self.channel))
        newest = unit.runs.latest(asked.project)
        if newest is not None:
            redraw(unit, newest)
        return request

    def open_anew(self, unit: UnitOfWork, run: Run, plan: Plan) -> Request:
        """The new plan of a parked run, in the thread of its card, under the policy as it is now."""
        before = unit.requests.get(RequestId(run.reference))
        subject = subject_of(run.asked, plan.goal, plan)
        rule = self.policy.rules.get(subject.action)
        gate = rule.gate(subject) if rule else before.gate
        request = self._add(unit, f"{run.id}:{run.attempt}", before.asked_by, run.asked, plan, gate)
        locale = unit.proposals.get(before.id).locale
        unit.proposals.add(
            Proposal(request_id=request.id, asked=run.asked, plan=plan, locale=locale, run_id=run.id)
        )
        card = unit.messages.get(run.reference)
        root_ts = (card.root_ts or card.ts) if card else ""
        unit.messages.add(self._card(request, card.channel if card and root_ts else self.channel, root_ts))
        return request

    def _add(
        self, unit: UnitOfWork, key: str, user: str, asked: WorkspaceSpec, plan: Plan, gate: Gate
    ) -> Request:
        now = self.clock.now()
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
            language=self.language,
            root_ts=root_ts,
        )


def subject_of(asked: WorkspaceSpec, goal: Goal, plan: Plan | None) -> Subject:
    """What is asked, and the facts a rule may raise its gate by; fewer without a plan."""
    facts = {"destroys_data": bool(plan.dangers), "changes": len(plan.changes)} if plan else {}
    digest = plan.digest if plan else ""
    return Subject(action=ACTIONS[goal], target=asked.project, digest=digest, facts=facts)


def obstacle(unit: ReadUnit, project: str, goal: Goal) -> Message | None:
    """Why nobody can ask now for the project to be made, or deleted; or None.

    Whoever decides by it holds the request of the newest run, so that nobody presses Retry meanwhile.
    """
    if project in RESERVED:  # what has such a name is the platform's, its shared bucket for one
        said = Message("The name {name} is reserved for the platform. Choose another.")
        if goal is Goal.ABSENT:
            said = Message("{name} belongs to the platform and can't be deleted.")
        return said.given({"name": named(project)})
    pending = unit.requests.pending_for(project)
    if pending is not None:
        return _asked_already(pending)
    run = unit.runs.latest(project)
    if run is None or not run.active or (goal is Goal.ABSENT and run.status in STOPPED):
        return None
    return _failed(run) if run.status is RunStatus.FAILED else _under_way(run, goal)


def refuse_ready(unit: ReadUnit, run: Run) -> None:
    """Raises `WasReady` where a press would delete a workspace that an earlier run had finished."""
    if was_ready(run, unit.runs.last_succeeded(run.asked.project)):
        raise WasReady(run.asked.project)


def unknown(unit: ReadUnit, project: str) -> Message | None:
    """That nobody has asked for it here, with the name that may have been meant; or None."""
    if unit.queries.known(project):
        return None
    return unknown_here(project, nearest(project, [*unit.queries.projects()]) or "")


def _asked_already(pending: Request) -> Message:
    """Without who: a dialog would show an id."""
    said = Message(
        "A request for {project} is already pending: {id} (expires {until}). Wait for a decision, or ask the"
        " requester to withdraw it."
    )
    if pending.subject.action == ACTIONS[Goal.ABSENT]:
        said = Message(
            "A request to delete {project} is already pending: {id} (expires {until}). Wait for a decision,"
            " or ask the requester to withdraw it."
        )
    project = named(pending.subject.target)
    return said.given({"project": project, "id": named(pending.id), "until": pending.open_until})


def _failed(run: Run) -> Message:
    """Not which buttons: its card knows what makes sense."""
    said = Message("Creating {project} failed. Choose what to do on the card of {id} first.")
    if run.goal is Goal.ABSENT:
        said = Message("Deleting {project} failed. Choose what to do on the card of {id} first.")
    return said.given({"project": named(run.asked.project), "id": named(run.reference)})


def _under_way(run: Run, goal: Goal) -> Message:
    said = Message("A run for {project} is in progress ({id}). Wait for it to finish, or cancel it first.")
    if run.goal is Goal.ABSENT:
        said = Message("{project} is being deleted ({id}). Wait for it to finish, or cancel it first.")
    elif goal is Goal.ABSENT:
        said = Message(
            "A run for {project} is in progress ({id}). Wait for it to finish, or cancel it on its card"
            " first."
        )
    return said.given({"project": named(run.asked.project), "id": named(run.id)})


def start(unit: UnitOfWork, request: Request, now: datetime) -> None:
    """An approved request becomes a run, or lets a parked one go on. `StillRunning`, `CannotRetry`."""
    proposal = unit.proposals.get(request.id)
    if proposal.run_id:
        _go_on(unit, proposal, now)
        return
    before = unit.runs.latest(proposal.asked.project)
    if before is not None:
        if proposal.plan.goal is Goal.ABSENT:
            _make_way(unit, before, request, now)
        redraw(unit, before)
    try:
        unit.runs.add(
            Run(
                id=RunId(proposal.becomes),
                reference=request.id,
                asked=proposal.asked,
                plan=proposal.plan,
                created_at=now,
            )
        )
    except AlreadyRunning as error:
        raise StillRunning(proposal.asked.project) from error


def drop_parked(unit: UnitOfWork, request: Request, now: datetime) -> None:
    """A parked run whose new plan is not approved is given up; what exists stays."""
    proposal = unit.proposals.get(request.id)
    if not proposal.run_id:
        return
    run = unit.runs.get(RunId(proposal.run_id))
    if run.status is RunStatus.PARKED:
        give_up(unit, run, now, Message("The updated plan wasn't approved. Existing resources are kept."))


def give_up(unit: UnitOfWork, run: Run, now: datetime, message: Message) -> None:
    """End a run that waits for a person; the engine ends those that are under way."""
    run.give_up(now)
    unit.runs.save(run)
    unit.journal.append(run.id, Entry(at=now, kind=EntryKind.CANCELLED, message=message))


def give_up_queued(unit: UnitOfWork, run: Run, now: datetime, who: Ref) -> None:
    """End a run, or an attempt of one, that no turn has begun; its guard is held. Nothing is looked at.

    Where the approved plan was to create all of it, none of it was there, and none of it is now.
    """
    left, data = stays(run.goal, None), dict[str, Json]()
    if run.attempt == 1:
        deleting = run.goal is Goal.ABSENT
        left = Message("Nothing was deleted.") if deleting else Message("Nothing was created.")
        missing = all(stage.changes for stage in run.plan.stages)
        if missing and all(change.verb is Verb.CREATE for change in run.plan.changes):
            data["standing"] = []
            run.inventory = ()
    run.give_up(now)
    unit.runs.save(run)
    unit.messages.mark({*unit.runs.queued(), run.asked.project})  # the others move up in the line
    message = Message("Canceled by {who}. {left}", who=who, left=left)
    unit.journal.append(run.id, Entry(at=now, kind=EntryKind.CANCELLED, message=message, data=data))


def redraw(unit: UnitOfWork, run: Run) -> None:
    """Its card says what may be done next, and that has changed: it is shown anew, also after its end."""
    unit.messages.reopen(run.reference)


def _go_on(unit: UnitOfWork, proposal: Proposal, now: datetime) -> None:
    run = unit.runs.get(RunId(proposal.run_id))
    if run.status is not RunStatus.PARKED:
        raise CannotRetry(run.asked.project, run.status.value)
    run.reapprove(proposal.plan, proposal.request_id)
    unit.runs.save(run)
    message = Message("The updated plan was approved")
    unit.journal.append(run.id, Entry(at=now, kind=EntryKind.REQUEUED, message=message))


def _make_way(unit: UnitOfWork, run: Run, request: Request, now: datetime) -> None:
    """A run that failed, or is parked, ends where a deletion begins: one of them is active at a time."""
    unit.requests.get_for_update(RequestId(run.reference))  # so that nobody presses Retry meanwhile
    run = unit.runs.get(run.id)
    if run.status in STOPPED:
        give_up(
            unit, run, now, Message("Canceled: {id} deletes the existing resources", id=named(request.id))
        )
