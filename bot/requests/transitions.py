"""Between an approval and a run: what a decision starts and ends, inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from approvals.model import Request, RequestId
from bot.model.refusals import CannotRetry, StillRunning
from bot.model.request_view import Proposal
from bot.storage.database import UnitOfWork
from bot.views.phrases import stays
from provisioner.engine.run import AlreadyRunning, Entry, EntryKind, Run, RunId, RunStatus
from provisioner.engine.stage import Goal, Verb
from provisioner.message import Json, Message, Ref, named


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
    if run.status in {RunStatus.FAILED, RunStatus.PARKED}:
        give_up(
            unit, run, now, Message("Canceled: {id} deletes the existing resources", id=named(request.id))
        )
