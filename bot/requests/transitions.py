"""Between an approval and a run: what a decision starts and ends, inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from approvals.model import Request, RequestId
from bot.model.proposal import Proposal
from bot.model.refusals import CannotRetry, StillRunning
from bot.storage.database import UnitOfWork
from bot.views.phrases import name
from provisioner.engine.run import AlreadyRunning, Entry, EntryKind, Run, RunId, RunStatus
from provisioner.engine.stage import Goal
from provisioner.message import Message


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
        give_up(unit, run, now, Message("Canceled: {id} deletes the existing resources", id=name(request.id)))
