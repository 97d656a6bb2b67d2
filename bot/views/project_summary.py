"""How a project is, in a few words: for status, for lists, for Home."""

from __future__ import annotations

from dataclasses import dataclass

from approvals.model import Request, RequestStatus
from bot.model.card import Mark
from bot.model.proposal import ACTIONS
from bot.views.phrases import name
from provisioner.engine.inspection import Inventory
from provisioner.engine.run import Run, RunStatus
from provisioner.engine.stage import Goal
from provisioner.message import Message, Ref, RefKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSummary:
    """All that is stored about one project, or about one request of it."""

    project: str
    request: Request | None = None  # that the run was approved by; without a run, the newest
    run: Run | None = None
    link: str = ""  # to the card of `request`
    pending: Request | None = None  # open now
    pending_link: str = ""
    now: ProjectSummary | None = None  # the project as it is, where it was worked on under a later request
    unapproved: Request | None = None  # asked for after the run, and over
    inventory: tuple[Inventory, ...] | None = None  # what existed when the run stopped; None: nobody looked

    @property
    def gone(self) -> bool:
        """It was looked for everywhere and not found, and nobody has asked for it since."""
        if self.run is None or self.pending is not None:
            return False
        return self.deleted or (self.run.status is RunStatus.CANCELLED and self.inventory == ())

    @property
    def deleted(self) -> bool:
        run = self.run
        return run is not None and run.goal is Goal.ABSENT and run.status is RunStatus.SUCCEEDED


def state(known: ProjectSummary) -> Message:
    said = _run_state(known.run, nothing=known.inventory == ()) if known.run is not None else None
    if known.run is not None and known.now is not None and known.now.request is not None:
        after = shown(known.now.request, known.now.link)
        return Message("{was}, then {id}: {state}", was=_was(known.run), id=after, state=state(known.now))
    if known.pending is None:
        return said or _request_state(known.request)
    pending, until = known.pending, known.pending.open_until
    deletion = pending.subject.action == ACTIONS[Goal.ABSENT]
    if said is None and deletion:
        return Message("deletion waiting for approval until {until}", until=until)
    if said is None:
        return Message("waiting for approval until {until}", until=until)
    link = shown(pending, known.pending_link)
    if deletion:
        return Message(
            "{state}. {id} to delete it waits for approval until {until}", state=said, id=link, until=until
        )
    return Message("{state}. {id} waits for approval until {until}", state=said, id=link, until=until)


def mark(known: ProjectSummary) -> Mark:
    """Of how it is now, also where the words begin with how it was."""
    if known.now is not None and known.now.request is not None:
        return mark(known.now)
    if known.pending is not None:
        return Mark.WAITING
    if known.run is None:
        return Mark.STOPPED  # its request was not approved
    if known.deleted:
        return Mark.GONE
    return {
        RunStatus.QUEUED: Mark.TO_COME,
        RunStatus.RUNNING: Mark.NOW,
        RunStatus.WAITING: Mark.NOW,
        RunStatus.PARKED: Mark.WAITING,
        RunStatus.FAILED: Mark.FAILED,
        RunStatus.CANCELLED: Mark.STOPPED,
        RunStatus.SUCCEEDED: Mark.DONE,
    }[known.run.status]


def shown(request: Request, link: str) -> Ref:
    """A request, with the way to its card where that stands."""
    return Ref(RefKind.LINK, link, request.id) if link else name(request.id)


def _request_state(request: Request | None) -> Message:
    status = request.status if request is not None else None
    deletion = request is not None and request.subject.action == ACTIONS[Goal.ABSENT]
    match status:
        case RequestStatus.REJECTED if deletion:
            return Message("the request to delete it was rejected")
        case RequestStatus.EXPIRED if deletion:
            return Message("the request to delete it expired")
        case RequestStatus.WITHDRAWN if deletion:
            return Message("the request to delete it was withdrawn")
        case RequestStatus.REJECTED:
            return Message("the request was rejected")
        case RequestStatus.EXPIRED:
            return Message("the request expired")
        case RequestStatus.WITHDRAWN:
            return Message("the request was withdrawn")
        case _:
            return Message("nothing known")


def _was(run: Run) -> Message:
    """Of a run that ended, and that another one came after."""
    cancelled = run.status is RunStatus.CANCELLED
    if run.goal is Goal.ABSENT:
        at = run.ended_at or run.created_at
        return Message("its deletion was cancelled") if cancelled else Message("was deleted {at}", at=at)
    return Message("was cancelled") if cancelled else Message("was ready")


def _run_state(run: Run, *, nothing: bool) -> Message:
    if run.goal is Goal.ABSENT:
        return _deletion_state(run, nothing=nothing)
    match run.status:
        case RunStatus.QUEUED:
            return Message("approved, about to start")
        case RunStatus.RUNNING | RunStatus.WAITING:
            return Message("being made")
        case RunStatus.PARKED:
            return Message("stopped until the new plan is approved")
        case RunStatus.FAILED if nothing:
            return Message("failed; nothing was made")
        case RunStatus.FAILED:
            return Message("failed; what exists stays")
        case RunStatus.CANCELLED if nothing:
            return Message("cancelled; nothing was made")
        case RunStatus.CANCELLED:
            return Message("cancelled; what exists stays")
        case RunStatus.SUCCEEDED:
            return Message("ready")


def _deletion_state(run: Run, *, nothing: bool) -> Message:
    match run.status:
        case RunStatus.QUEUED:
            return Message("deletion approved, about to start")
        case RunStatus.RUNNING | RunStatus.WAITING:
            return Message("being deleted")
        case RunStatus.PARKED:
            return Message("deletion stopped until the new plan is approved")
        case RunStatus.FAILED if nothing:
            return Message("deletion failed; nothing of it is left")
        case RunStatus.FAILED:
            return Message("deletion failed; what is left stays")
        case RunStatus.CANCELLED if nothing:
            return Message("deletion cancelled; nothing of it is left")
        case RunStatus.CANCELLED:
            return Message("deletion cancelled; what is left stays")
        case RunStatus.SUCCEEDED:
            return Message("deleted {at}", at=run.ended_at or run.created_at)
