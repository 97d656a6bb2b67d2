"""What a person can ask for: one method each, one transaction each. Knows no Slack.

Handlers call these and touch nothing else. What needs a look at the systems is an `Ask`, answered on the
runner by `bot.desk`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from approvals.errors import Unknown
from approvals.model import Actor, AuditEntry, Request, RequestId, RequestStatus, Verdict
from bot.ask import Ask, AskKind, AskState
from bot.card import Card
from bot.database import UnitOfWork
from bot.refusals import CannotCancel, CannotRetry, NotInvolved, StillRunning
from bot.views.names import names_card
from bot.views.status import Known, home_card, list_card, status_card
from bot.views.words import name, person
from provisioner.message import Message
from provisioner.run import AlreadyRunning, Clock, Entry, EntryKind, Run, RunId, RunStatus
from provisioner.workspace import Platform, Problem, Workspace, WorkspaceSpec, problems

_REQUESTS_SHOWN = 10


class Wake(Protocol):
    """Called after a commit that the runner should see at once; it finds out by itself a little later."""

    def __call__(self, run_id: str = "") -> None: ...


class WorkspaceService:
    """Raises `Refusal` when the answer is no; the caller says it to the person as it stands."""

    def __init__(
        self, *, units: Callable[[], UnitOfWork], platform: Platform, clock: Clock, wake: Wake
    ) -> None:
        self.platform = platform
        self._units = units
        self._clock = clock
        self._wake = wake

    # ------------------------------------------------------------------------------------ asking

    def ask(self, ask: Ask) -> bool:
        """Keep what a person typed. False when the same was kept already; `KeyReused` for other content."""
        if ask.kind is AskKind.STATUS:  # nothing to look up: it is answered from what is stored
            ask = replace(ask, state=AskState.ANSWERED)
        with self._units() as unit:
            added = unit.asks.add(ask)
            unit.commit()
        self._wake()
        return added

    def draft(self, key: str) -> WorkspaceSpec | None:
        """What was typed in an earlier ask, to fill its form again."""
        with self._units() as unit:
            ask = unit.asks.get(key)
        return WorkspaceSpec.from_json(ask.spec) if ask and ask.kind is AskKind.CREATE else None

    def problems(self, spec: WorkspaceSpec) -> tuple[Problem, ...]:
        """All that is wrong with a form and needs no look at the systems."""
        found = problems(spec, self.platform)
        if any(problem.field == "project" for problem in found):
            return found
        with self._units() as unit:
            taken = self.taken(unit, spec.project)
        return (*found, Problem("project", taken)) if taken else found

    @staticmethod
    def taken(unit: UnitOfWork, project: str) -> Message | None:
        """Why the project cannot be asked for now, or None."""
        pending = unit.requests.pending_for(project)
        if pending is not None:
            return Message(
                "{who} has asked for {project} already: {id} is open until {until}.",
                who=person(pending.asked_by),
                project=name(project),
                id=name(pending.id),
                until=pending.open_until,
            )
        run = unit.runs.latest(project)
        if run is not None and run.status is RunStatus.FAILED:
            return Message(
                "The work on {project} failed and is not over: press Retry or Cancel on the card of {id}.",
                project=name(project),
                id=name(run.reference),
            )
        if run is not None and run.active:
            return Message(
                "{project} is being worked on: {id} has to end, or be cancelled, first.",
                project=name(project),
                id=name(run.id),
            )
        return None

    # ---------------------------------------------------------------------------------- deciding

    def decide(self, actor: Actor, request_id: str, verdict: Verdict, comment: str = "") -> None:
        """Count a decision; the one that is enough makes the run, in the same transaction."""
        now = self._clock.now()
        with self._units() as unit:
            request = unit.requests.get(RequestId(request_id))
            status = request.decide(actor, verdict, now=now, comment=comment)
            unit.requests.save(request)
            self._audit(unit, actor.id, f"request.{verdict.value}", request)
            if status is RequestStatus.APPROVED:
                self._start(unit, request)
            elif status is RequestStatus.REJECTED:
                self._drop_parked(unit, request)
            unit.commit()
        self._wake()

    def withdraw(self, actor: Actor, request_id: str) -> None:
        with self._units() as unit:
            request = unit.requests.get(RequestId(request_id))
            request.withdraw(actor, now=self._clock.now())
            unit.requests.save(request)
            self._audit(unit, actor.id, "request.withdraw", request)
            self._drop_parked(unit, request)
            unit.commit()
        self._wake()

    def expire(self) -> int:
        """End the requests whose time is over; how many."""
        now = self._clock.now()
        with self._units() as unit:
            overdue = [request for request in unit.requests.overdue(now) if request.expire(now=now)]
            for request in overdue:
                unit.requests.save(request)
                self._audit(unit, "system", "request.expire", request)
                self._drop_parked(unit, request)
            unit.commit()
        if overdue:
            self._wake()
        return len(overdue)

    # -------------------------------------------------------------------------------------- runs

    def cancel(self, actor: Actor, run_id: str) -> None:
        """Stop before the next change. What nobody works on is given up at once."""
        now = self._clock.now()
        with self._units() as unit:
            run, request = self._run(unit, actor, run_id)
            match run.status:
                case RunStatus.RUNNING | RunStatus.WAITING | RunStatus.QUEUED:
                    unit.runs.request_cancel(run.id)
                case RunStatus.PARKED if unit.requests.pending_for(run.asked.project):
                    raise CannotCancel(run.asked.project, run.status.value)
                case RunStatus.FAILED | RunStatus.PARKED:
                    message = Message("Given up by {who}. What exists stays.", who=person(actor.id))
                    give_up(unit, run, now, message)
                case RunStatus.SUCCEEDED | RunStatus.CANCELLED:
                    raise CannotCancel(run.asked.project, run.status.value)
            self._audit(unit, actor.id, "run.cancel", request)
            unit.commit()
        self._wake(run_id)

    def retry(self, actor: Actor, run_id: str) -> None:
        """Go on where it stopped."""
        now = self._clock.now()
        with self._units() as unit:
            run, request = self._run(unit, actor, run_id)
            if run.status is not RunStatus.FAILED:
                raise CannotRetry(run.asked.project, run.status.value)
            run.retry()
            unit.runs.save(run)
            message = Message("{who} pressed Retry", who=person(actor.id))
            unit.journal.append(run.id, Entry(at=now, kind=EntryKind.REQUEUED, message=message))
            self._audit(unit, actor.id, "run.retry", request)
            unit.commit()
        self._wake(run_id)

    # ----------------------------------------------------------------------------------- looking

    def status(self, project: str) -> Card:
        with self._units() as unit:
            return status_card(self.known(unit, project))

    def list(self) -> Card:
        with self._units() as unit:
            projects = {run.asked.project for run in unit.runs.all_latest()}
            projects |= {request.subject.target for request in unit.requests.pending()}
            return list_card([self.known(unit, project) for project in sorted(projects)])

    def home(self, actor: Actor) -> Card:
        with self._units() as unit:
            mine = [
                self._known_by(unit, request) for request in unit.requests.asked_by(actor.id, _REQUESTS_SHOWN)
            ]
            running = [self.known(unit, run.asked.project) for run in unit.runs.in_flight()]
            return home_card(mine, running)

    def preview_names(self, spec: WorkspaceSpec) -> Card:
        return names_card(Workspace(spec, self.platform))

    def project_at(self, channel: str, ts: str) -> str | None:
        """Which project a message, or the thread it stands in, is about."""
        with self._units() as unit:
            thread = unit.threads.at(channel, ts)
            return unit.requests.get(RequestId(thread.request_id)).subject.target if thread else None

    def known(self, unit: UnitOfWork, project: str) -> Known:
        """All that is stored about a project: a request that is open, or else its newest run.

        A later request that nobody approved changes nothing about what is there.
        """
        newest, run = unit.requests.latest_for(project), unit.runs.latest(project)
        if newest is not None and not newest.pending and run is not None and run.reference != newest.id:
            newest = unit.requests.get(RequestId(run.reference))
        return self._known_by(unit, newest) if newest else Known(project=project)

    @staticmethod
    def _known_by(unit: UnitOfWork, request: Request) -> Known:
        thread = unit.threads.get(request.id)
        approved = request.status is RequestStatus.APPROVED
        return Known(
            project=request.subject.target,
            request=request,
            run=unit.runs.get(RunId(unit.proposals.get(request.id).becomes)) if approved else None,
            link=thread.link if thread else "",
        )

    # ----------------------------------------------------------------------------------- between

    def _start(self, unit: UnitOfWork, request: Request) -> None:
        proposal = unit.proposals.get(request.id)
        now = self._clock.now()
        if proposal.run_id:
            run = unit.runs.get(RunId(proposal.run_id))
            if run.status is not RunStatus.PARKED:
                raise CannotRetry(run.asked.project, run.status.value)
            run.reapprove(proposal.plan, request.id)
            unit.runs.save(run)
            message = Message("The new plan was approved")
            unit.journal.append(run.id, Entry(at=now, kind=EntryKind.REQUEUED, message=message))
            return
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

    def _drop_parked(self, unit: UnitOfWork, request: Request) -> None:
        """A parked run whose new plan is not approved is given up; what exists stays."""
        proposal = unit.proposals.get(request.id)
        if not proposal.run_id:
            return
        run = unit.runs.get(RunId(proposal.run_id))
        if run.status is RunStatus.PARKED:
            message = Message("The new plan was not approved. What exists stays.")
            give_up(unit, run, self._clock.now(), message)

    def _run(self, unit: UnitOfWork, actor: Actor, run_id: str) -> tuple[Run, Request]:
        """Read once the request is locked, so that of two who press at once the second sees the first."""
        try:
            reference = unit.runs.get(RunId(run_id)).reference
        except KeyError:
            raise Unknown(run_id) from None
        request = unit.requests.get(RequestId(reference))
        if actor.id != request.asked_by and not actor.groups & set(request.gate.approvers):
            raise NotInvolved(request.gate.approvers)
        return unit.runs.get(RunId(run_id)), request

    def _audit(self, unit: UnitOfWork, actor: str, action: str, request: Request) -> None:
        unit.audit.append(
            AuditEntry(
                at=self._clock.now(),
                actor=actor,
                action=action,
                target=request.subject.target,
                request_id=request.id,
                data={"digest": request.subject.digest},
            )
        )


def give_up(unit: UnitOfWork, run: Run, now: datetime, message: Message) -> None:
    """End a run that waits for a person; the engine ends those that are under way."""
    run.give_up(now)
    unit.runs.save(run)
    unit.journal.append(run.id, Entry(at=now, kind=EntryKind.CANCELLED, message=message))
