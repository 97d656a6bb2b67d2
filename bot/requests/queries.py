"""What is stored about a project, put together: for cards, for answers, and for who asks for it."""

from __future__ import annotations

from approvals.model import Request, RequestId, RequestStatus
from bot.storage.database import UnitOfWork
from bot.views.phrases import name, unknown_here
from bot.views.project_summary import ProjectSummary
from bot.views.request_view import RelatedRequest, RequestView
from provisioner.engine.inspection import Inventory
from provisioner.engine.run import EntryKind, Run, RunId, RunStatus
from provisioner.engine.stage import Goal
from provisioner.message import Message
from provisioner.workspace import RESERVED, nearest

_STOPPED = frozenset({RunStatus.FAILED, RunStatus.PARKED})
"""Nobody works on it: a deletion may take its place."""


def obstacle(unit: UnitOfWork, project: str, goal: Goal) -> Message | None:
    """Why nobody can ask now for the project to be made, or deleted; or None."""
    if project in RESERVED:  # what has such a name is the platform's, its shared bucket for one
        if goal is Goal.ABSENT:
            return Message("{name} belongs to the platform and can't be deleted.", name=name(project))
        return Message("The name {name} is reserved for the platform. Choose another.", name=name(project))
    pending = unit.requests.pending_for(project)
    if pending is not None:
        return _asked_already(unit, pending)
    run = unit.runs.latest(project)
    if run is None:
        return None
    unit.requests.get(RequestId(run.reference))  # locked, so that nobody presses Retry meanwhile
    run = unit.runs.get(run.id)
    if not run.active or (goal is Goal.ABSENT and run.status in _STOPPED):
        return None
    if run.status is RunStatus.FAILED:
        return _failed(run)
    if run.goal is Goal.ABSENT:
        return Message(
            "{project} is being deleted ({id}). Wait for it to finish, or cancel it first.",
            project=name(project),
            id=name(run.id),
        )
    if goal is Goal.ABSENT:
        return Message(
            "A run for {project} is in progress ({id}). Wait for it to finish, or cancel it on its card"
            " first.",
            project=name(project),
            id=name(run.id),
        )
    return Message(
        "A run for {project} is in progress ({id}). Wait for it to finish, or cancel it first.",
        project=name(project),
        id=name(run.id),
    )


def unknown(unit: UnitOfWork, project: str) -> Message | None:
    """That nobody has asked for it here, with the name that may have been meant; or None."""
    if unit.requests.latest_for(project) is not None:
        return None
    return unknown_here(project, nearest(project, projects(unit)) or "")


def projects(unit: UnitOfWork) -> list[str]:
    """All that were worked on or are asked for now, by name."""
    there = {run.asked.project for run in unit.runs.all_latest()}
    return sorted(there | {request.subject.target for request in unit.requests.pending()})


def _asked_already(unit: UnitOfWork, pending: Request) -> Message:
    """Without who: a dialog would show an id."""
    project = name(pending.subject.target)
    if unit.proposals.get(pending.id).plan.goal is Goal.ABSENT:
        return Message(
            "A request to delete {project} is already pending: {id} (expires {until}). Wait for a decision,"
            " or ask the requester to withdraw it.",
            project=project,
            id=name(pending.id),
            until=pending.open_until,
        )
    return Message(
        "A request for {project} is already pending: {id} (expires {until}). Wait for a decision, or ask"
        " the requester to withdraw it.",
        project=project,
        id=name(pending.id),
        until=pending.open_until,
    )


def _failed(run: Run) -> Message:
    """Not which buttons: its card knows what makes sense."""
    project, reference = name(run.asked.project), name(run.reference)
    if run.goal is Goal.ABSENT:
        return Message(
            "Deleting {project} failed. Choose what to do on the card of {id} first.",
            project=project,
            id=reference,
        )
    return Message(
        "Creating {project} failed. Choose what to do on the card of {id} first.",
        project=project,
        id=reference,
    )


def case_of(unit: UnitOfWork, request: Request) -> RequestView:
    proposal = unit.proposals.get(request.id)
    run = unit.runs.get(RunId(proposal.becomes)) if request.status is RequestStatus.APPROVED else None
    before = _before(unit, request)
    stopped = run or (before.run if before else None)
    return RequestView(
        proposal=proposal,
        request=request,
        run=run,
        inventory=inventory_of(unit, run) if run else None,
        place=_place(unit, run) if run else 0,
        before=before,
        later=_later(unit, request) if run else None,
        was_ready=stopped is not None and was_ready(unit, stopped),
    )


def was_ready(unit: UnitOfWork, run: Run) -> bool:
    """Whether a run stopped about a workspace that an earlier one had finished, and that nobody deleted."""
    if run.status not in {RunStatus.FAILED, RunStatus.CANCELLED}:
        return False
    last = unit.runs.last_succeeded(run.asked.project)
    return last is not None and last.goal is Goal.PRESENT and last.created_at < run.created_at


def inventory_of(unit: UnitOfWork, run: Run) -> tuple[Inventory, ...] | None:
    """What existed when the run stopped, of a run that has; None where nobody looked."""
    if run.status not in {RunStatus.FAILED, RunStatus.CANCELLED}:
        return None
    for entry in reversed(unit.journal.since(run.id, 0)):
        found = entry.data.get("standing")
        if isinstance(found, list):
            return tuple(Inventory.from_json(one) for one in found if isinstance(one, dict))
        if entry.kind is EntryKind.STARTED:
            return None  # what an earlier attempt saw was worked on since
    return None


def _place(unit: UnitOfWork, run: Run) -> int:
    """In the queue, from 1; 0 for a run that is not queued."""
    if run.status is not RunStatus.QUEUED:
        return 0
    return next((place for place, (run_id, _) in enumerate(unit.runs.line(), 1) if run_id == run.id), 0)


def _before(unit: UnitOfWork, request: Request) -> RelatedRequest | None:
    """Of a request that waits: what there is of its project."""
    run = unit.runs.latest(request.subject.target) if request.pending else None
    return _other(unit, unit.requests.get(RequestId(run.reference)), run) if run else None


def _later(unit: UnitOfWork, request: Request) -> RelatedRequest | None:
    newest = unit.requests.latest_for(request.subject.target)
    if newest is None or newest.id == request.id or newest.asked_at < request.asked_at:
        return None
    counts = newest.status in {RequestStatus.PENDING, RequestStatus.APPROVED}
    return _other(unit, newest) if counts else None


def _other(unit: UnitOfWork, request: Request, run: Run | None = None) -> RelatedRequest:
    return RelatedRequest(
        id=request.id,
        goal=unit.proposals.get(request.id).plan.goal,
        status=request.status,
        asked_by=request.asked_by,
        link=_link(unit, request),
        run=run,
    )


def known(unit: UnitOfWork, project: str) -> ProjectSummary:
    """The project as it is: its newest run, and a request that is open. A request that nobody approved
    changes nothing about what is there, and stands only where there was no run."""
    run, pending = unit.runs.latest(project), unit.requests.pending_for(project)
    request = unit.requests.get(RequestId(run.reference)) if run else unit.requests.latest_for(project)
    return ProjectSummary(
        project=project,
        request=request,
        run=run,
        link=_link(unit, request) if request else "",
        place=_place(unit, run) if run else 0,
        pending=pending,
        pending_link=_link(unit, pending) if pending else "",
        inventory=inventory_of(unit, run) if run else None,
        unapproved=_unapproved(unit, run) if run else None,
    )


def known_by(unit: UnitOfWork, request: Request, now: ProjectSummary) -> ProjectSummary:
    """What became of one request; `now` is its project as it is."""
    run = None
    if request.status is RequestStatus.APPROVED:
        run = unit.runs.get(RunId(unit.proposals.get(request.id).becomes))
    overtaken = run is not None and now.run is not None and now.run.id != run.id
    pending = now.pending if request.pending or (run is not None and not overtaken) else None
    return ProjectSummary(
        project=request.subject.target,
        request=request,
        run=run,
        link=_link(unit, request),
        pending=pending,
        pending_link=_link(unit, pending) if pending else "",
        now=now if overtaken else None,
        inventory=inventory_of(unit, run) if run else None,
    )


def _unapproved(unit: UnitOfWork, run: Run) -> Request | None:
    """The newest request, where it came after the run and nobody approved it. Not one for the run's own new
    plan: how that ended, the run says."""
    newest = unit.requests.latest_for(run.asked.project)
    if newest is None or newest.status in {RequestStatus.PENDING, RequestStatus.APPROVED}:
        return None
    return None if unit.proposals.get(newest.id).run_id else newest


def _link(unit: UnitOfWork, request: Request) -> str:
    thread = unit.threads.get(request.id)
    return thread.link if thread else ""
