"""What a person can ask for: one method each, one transaction each. Knows no Slack.

Handlers call these and touch nothing else. What needs a look at the systems is a `Submission`, answered by
`bot.requests.intake`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Protocol

from approvals.errors import Unknown
from approvals.model import Actor, AuditEntry, Request, RequestId, RequestStatus, Verdict
from bot.model.card import Card
from bot.model.refusals import (
    CannotCancel,
    CannotRetry,
    CannotRollBack,
    DeletionPending,
    NeverFailed,
    NotCancelled,
    NotInvolved,
)
from bot.model.request_view import ProjectSummary
from bot.model.submission import Submission, SubmissionKind, SubmissionState
from bot.requests import followup
from bot.requests.followup import FollowUp, continuation, deletion
from bot.requests.lifecycle import (
    drop_parked,
    give_up,
    give_up_queued,
    obstacle,
    redraw,
    refuse_ready,
    start,
    unknown,
)
from bot.storage.database import ReadUnit, UnitOfWork
from bot.views.failure import details_card, newest_failure
from bot.views.phrases import stays
from bot.views.request import names_card
from bot.views.status import Page, home_card, list_card, status_card
from provisioner.engine.run import MOVING, Clock, Entry, EntryKind, Locks, Run, RunId, RunStatus, guard_of
from provisioner.engine.stage import Goal
from provisioner.message import Message, person
from provisioner.workspace import Platform, Problem, Workspace, WorkspaceSpec, problems

_REQUESTS_SHOWN = 10
_LISTED_A_PAGE = 40
"""A few of the fifty blocks that a message of Slack's may have, however long each line is."""


class Wake(Protocol):
    """Called after a commit that all processes should see at once; else they do a little later."""

    def __call__(self, run_id: str = "") -> None: ...


@dataclass(kw_only=True, eq=False)
class WorkspaceService:
    """Raises `Refusal` when the answer is no; the caller says it to the person as it stands."""

    units: Callable[[], UnitOfWork]
    reads: Callable[[], ReadUnit]
    platform: Platform
    clock: Clock
    locks: Locks  # the engine's: whoever holds a run's guard has it in hand
    wake: Wake

    # ------------------------------------------------------------------------------------ asking

    def submit(self, submission: Submission) -> bool:
        """Keep what a person typed. False when the same was kept already; `KeyReused` for other content."""
        if submission.kind is SubmissionKind.STATUS:  # nothing to look up: it is answered from what is stored
            submission = replace(submission, state=SubmissionState.ANSWERED)
        with self.units() as unit:
            added = unit.submissions.add(submission)
            unit.commit()
        self.wake()
        return added

    def draft(self, key: str) -> WorkspaceSpec | None:
        """What was typed in an earlier submission, to fill its form again."""
        with self.reads() as unit:
            submission = unit.submissions.get(key)
        return (
            WorkspaceSpec.from_json(submission.spec)
            if submission and submission.kind is SubmissionKind.CREATE
            else None
        )

    def problems(self, spec: WorkspaceSpec) -> tuple[Problem, ...]:
        """All that is wrong with a form and needs no look at the systems."""
        found = problems(spec, self.platform)
        if any(problem.field == "project" for problem in found):
            return found
        taken = self.obstacle(spec.project, Goal.PRESENT)
        return (*found, Problem("project", taken)) if taken else found

    def obstacle(self, project: str, goal: Goal) -> Message | None:
        """Why the project cannot be asked for now, to be there or to be gone; or None."""
        with self.reads() as unit:
            return obstacle(unit, project, goal)

    def unknown(self, project: str) -> Message | None:
        """That the project is not known here, with the name that may have been meant; or None."""
        with self.reads() as unit:
            return unknown(unit, project)

    def roll_back(self, actor: Actor, run_id: str, *, channel: str, thread_ts: str = "") -> bool:
        """Ask for what a failed run has made to be deleted. False: that is being looked into already."""
        with self.units() as unit:
            run, request = self._run(unit, actor, run_id)
            if run.status is not RunStatus.FAILED or run.goal is Goal.ABSENT:
                raise CannotRollBack(run.asked.project, run.status.value)
            refuse_ready(unit, run)
            wanted = deletion(run, "rollback")
            return self._follow_up(unit, actor, run, request, wanted, channel, thread_ts)

    def remove(self, actor: Actor, run_id: str, *, channel: str, thread_ts: str = "") -> bool:
        """Ask for what a cancelled run has left to be deleted."""
        with self.units() as unit:
            run, request = self._cancelled(unit, actor, run_id)
            refuse_ready(unit, run)
            wanted = deletion(run, "delete")
            return self._follow_up(unit, actor, run, request, wanted, channel, thread_ts)

    def go_on(self, actor: Actor, run_id: str, *, channel: str, thread_ts: str = "") -> bool:
        """Ask for a cancelled run again, to the same end: what is left of it is the new plan."""
        with self.units() as unit:
            run, request = self._cancelled(unit, actor, run_id)
            return self._follow_up(unit, actor, run, request, continuation(run), channel, thread_ts)

    # ---------------------------------------------------------------------------------- deciding

    def may_decide(self, user: str, groups: Collection[str] | None, request_id: str) -> None:
        """Raises what a decision of theirs would meet; `groups` is None while they are not known."""
        with self.reads() as unit:
            unit.requests.get(RequestId(request_id)).may_decide(user, groups, now=self.clock.now())

    def decide(self, actor: Actor, request_id: str, verdict: Verdict, comment: str = "") -> None:
        """Count a decision; the one that is enough makes the run, in the same transaction."""
        now = self.clock.now()
        with self.units() as unit:
            request = unit.requests.get_for_update(RequestId(request_id))
            status = request.decide(actor, verdict, now=now, comment=comment)
            unit.requests.save(request)
            self._audit(unit, actor.id, f"request.{verdict.value}", request)
            if status is RequestStatus.APPROVED:
                start(unit, request, now)
            elif status is RequestStatus.REJECTED:
                self._ended(unit, request)
            unit.commit()
        self.wake()

    def withdraw(self, actor: Actor, request_id: str) -> None:
        with self.units() as unit:
            request = unit.requests.get_for_update(RequestId(request_id))
            request.withdraw(actor, now=self.clock.now())
            unit.requests.save(request)
            self._audit(unit, actor.id, "request.withdraw", request)
            self._ended(unit, request)
            unit.commit()
        self.wake()

    def expire(self) -> int:
        """End the requests whose time is over; how many."""
        now = self.clock.now()
        with self.units() as unit:
            overdue = [request for request in unit.requests.overdue(now) if request.expire(now=now)]
            for request in overdue:
                unit.requests.save(request)
                self._audit(unit, "system", "request.expire", request)
                self._ended(unit, request)
            unit.commit()
        if overdue:
            self.wake()
        return len(overdue)

    # -------------------------------------------------------------------------------------- runs

    def cancel(self, actor: Actor, run_id: str) -> bool:
        """Stop before the next change. What nobody works on is given up at once: False, it has stopped."""
        now, working = self.clock.now(), False
        with self.locks.try_hold(guard_of(run_id)) as free, self.units() as unit:
            run, request = self._run(unit, actor, run_id)
            match run.status:
                case RunStatus.QUEUED if free is not None:
                    give_up_queued(unit, run, now, person(actor.id))
                case RunStatus.RUNNING | RunStatus.WAITING | RunStatus.QUEUED:
                    working = True
                    unit.runs.request_cancel(run.id)
                case RunStatus.PARKED if self._asked_anew(unit, run):
                    raise CannotCancel(run.asked.project, run.status.value)
                case RunStatus.FAILED | RunStatus.PARKED:
                    left = stays(run.goal, run.inventory)
                    message = Message("Canceled by {who}. {left}", who=person(actor.id), left=left)
                    give_up(unit, run, now, message)
                case RunStatus.SUCCEEDED | RunStatus.CANCELLED:
                    raise CannotCancel(run.asked.project, run.status.value)
            self._audit(unit, actor.id, "run.cancel", request)
            unit.commit()
        self.wake(run_id)
        return working

    def retry(self, actor: Actor, run_id: str) -> None:
        """Go on where it stopped."""
        now = self.clock.now()
        with self.units() as unit:
            run, request = self._run(unit, actor, run_id)
            if run.status is not RunStatus.FAILED:
                raise CannotRetry(run.asked.project, run.status.value)
            pending = unit.requests.pending_for(run.asked.project)
            if pending is not None:
                raise DeletionPending(run.asked.project, pending.id)
            run.retry()
            unit.runs.save(run)
            message = Message("Retried by {who}", who=person(actor.id))
            unit.journal.append(run.id, Entry(at=now, kind=EntryKind.REQUEUED, message=message))
            self._audit(unit, actor.id, "run.retry", request)
            unit.commit()
        self.wake(run_id)

    # ----------------------------------------------------------------------------------- looking

    def status(self, project: str) -> Card:
        with self.reads() as unit:
            (known,) = unit.queries.summaries([project])
            return status_card(known, None if known.request else unknown(unit, project))

    def details(self, run_id: str) -> Card:
        """Why a run failed, all of it. `NeverFailed`, `Unknown`."""
        with self.reads() as unit:
            run = self._stored(unit, run_id)
            entries = unit.journal.since(run.id, 0)
            failure = newest_failure(entries)
            if failure is None:
                raise NeverFailed(run_id)
            return details_card(unit.queries.views([run.reference])[run.reference], run, failure, entries)

    def list(self, page: int = 1, command: str = "list") -> Card:
        """So many projects at a time; after the last page comes the last. `command` is what asks for them."""
        with self.reads() as unit:
            shown, number = unit.queries.page(page, _LISTED_A_PAGE)
            known = unit.queries.summaries(shown)
            deleted = not shown and unit.queries.any_finished()
        pages = max(1, -(-number // _LISTED_A_PAGE))
        return list_card(known, Page(min(page, pages), pages, number, command), deleted=deleted)

    def home(self, actor: Actor) -> Card:
        with self.reads() as unit:
            found = unit.queries.home(actor.id, _REQUESTS_SHOWN)
        waiting = [known for known in found.projects if self._waits_for(actor, known)]
        running = [known for known in found.projects if known.run and known.run.status in MOVING]
        return home_card(waiting, found.mine, running)

    def preview_names(self, spec: WorkspaceSpec) -> Card:
        return names_card(Workspace(spec, self.platform))

    def project_at(self, channel: str, ts: str) -> str | None:
        """Which project a message, or the thread it stands in, is about."""
        with self.reads() as unit:
            message = unit.messages.at(channel, ts)
            return unit.requests.get(RequestId(message.request_id)).subject.target if message else None

    # ----------------------------------------------------------------------------------- between

    def _follow_up(
        self,
        unit: UnitOfWork,
        actor: Actor,
        run: Run,
        request: Request,
        wanted: FollowUp,
        channel: str,
        thread_ts: str,
    ) -> bool:
        """Ends the transaction."""
        if not followup.submit(unit, actor, run, wanted, self.clock.now(), channel, thread_ts):
            return False
        self._audit(unit, actor.id, f"run.{wanted.verb}", request)
        unit.commit()
        self.wake()
        return True

    def _cancelled(self, unit: UnitOfWork, actor: Actor, run_id: str) -> tuple[Run, Request]:
        run, request = self._run(unit, actor, run_id)
        if run.status is not RunStatus.CANCELLED:
            raise NotCancelled(run.asked.project, run.status.value)
        return run, request

    def _ended(self, unit: UnitOfWork, request: Request) -> None:
        """Nobody approved it: what it was to change stays, and can be asked for again."""
        drop_parked(unit, request, self.clock.now())
        newest = unit.runs.latest(request.subject.target)
        if newest is not None:
            redraw(unit, newest)

    @staticmethod
    def _asked_anew(unit: UnitOfWork, run: Run) -> bool:
        """Whether the new plan of a parked run waits for a decision."""
        pending = unit.requests.pending_for(run.asked.project)
        return pending is not None and unit.proposals.get(pending.id).run_id == run.id

    def _run(self, unit: UnitOfWork, actor: Actor, run_id: str) -> tuple[Run, Request]:
        """A run, for somebody who may do something about it; for all others `NotInvolved`."""
        run, request = self._approved(unit, run_id)
        if not _involved(actor, request):
            raise NotInvolved(request.gate.approvers)
        return run, request

    def _approved(self, unit: UnitOfWork, run_id: str) -> tuple[Run, Request]:
        """Read once the request is locked, so that of two who press at once the second sees the first."""
        request = unit.requests.get_for_update(RequestId(self._stored(unit, run_id).reference))
        return unit.runs.get(RunId(run_id)), request

    @staticmethod
    def _stored(unit: ReadUnit, run_id: str) -> Run:
        try:
            return unit.runs.get(RunId(run_id))
        except KeyError:
            raise Unknown(run_id) from None

    def _waits_for(self, actor: Actor, known: ProjectSummary) -> bool:
        """Whether they have to decide on it, or to say how its failed run goes on."""
        run, request, pending = known.run, known.request, known.pending
        if pending is not None and pending.request.awaits(actor, now=self.clock.now()):
            return True
        failed = run is not None and run.status is RunStatus.FAILED
        return failed and request is not None and _involved(actor, request)

    def _audit(self, unit: UnitOfWork, actor: str, action: str, request: Request) -> None:
        unit.audit.append(
            AuditEntry(
                at=self.clock.now(),
                actor=actor,
                action=action,
                target=request.subject.target,
                request_id=request.id,
                data={"digest": request.subject.digest},
            )
        )


def _involved(actor: Actor, request: Request) -> bool:
    """Who asked for it, and who may decide on it, may do something about its run."""
    return actor.id == request.asked_by or bool(actor.groups & set(request.gate.approvers))
