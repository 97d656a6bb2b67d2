"""How a project is, in a few words: for status, for lists, for Home."""

from __future__ import annotations

from dataclasses import dataclass

from approvals.model import Request, RequestStatus
from bot.model.card import Mark
from bot.model.proposal import ACTIONS
from bot.views.phrases import name
from bot.views.states import ROWS, State, state_of_request, state_of_run
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
    inventory: tuple[Inventory, ...] | None = None  # what existed when the run stopped; None: unknown

    @property
    def gone(self) -> bool:
        """Verified to be deleted, and not requested since."""
        if self.run is None or self.pending is not None:
            return False
        return self.deleted or (self.run.status is RunStatus.CANCELLED and self.inventory == ())

    @property
    def deleted(self) -> bool:
        run = self.run
        return run is not None and run.goal is Goal.ABSENT and run.status is RunStatus.SUCCEEDED


def state(known: ProjectSummary) -> Message:
    said = _run_clause(known.run, nothing=known.inventory == ()) if known.run is not None else None
    if known.run is not None and known.now is not None and known.now.request is not None:
        after = shown(known.now.request, known.now.link)
        return Message("{was}, then {id}: {state}", was=_was(known.run), id=after, state=state(known.now))
    if known.pending is None:
        return said or _request_clause(known.request)
    if said is None:
        return _request_clause(known.pending)
    pending, link = known.pending, shown(known.pending, known.pending_link)
    waits = (
        Message("{state}. Deletion request {id} is pending approval (expires {until})")
        if goal_of(pending) is Goal.ABSENT
        else Message("{state}. Request {id} is pending approval (expires {until})")
    )
    return waits.given({"state": said, "id": link, "until": pending.open_until})


def mark(known: ProjectSummary) -> Mark:
    """Of how it is now, also where the words begin with how it was."""
    if known.now is not None and known.now.request is not None:
        return mark(known.now)
    if known.pending is not None:
        return ROWS[goal_of(known.pending), State.PENDING].mark
    if known.run is None:
        return Mark.STOPPED  # its request was not approved
    return ROWS[known.run.goal, state_of_run(known.run)].mark


def goal_of(request: Request) -> Goal:
    return Goal.ABSENT if request.subject.action == ACTIONS[Goal.ABSENT] else Goal.PRESENT


def shown(request: Request, link: str) -> Ref:
    """A request, with the way to its card where that stands."""
    return Ref(RefKind.LINK, link, request.id) if link else name(request.id)


def _request_clause(request: Request | None) -> Message:
    if request is None or request.status is RequestStatus.APPROVED:
        return Message("unknown")
    row = ROWS[goal_of(request), state_of_request(request.status)]
    return row.listed.given({"until": request.open_until})


def _run_clause(run: Run, *, nothing: bool) -> Message:
    row = ROWS[run.goal, state_of_run(run)]
    clause = row.listed_nothing if nothing and row.listed_nothing else row.listed
    return clause.given({"at": run.ended_at or run.created_at})


def _was(run: Run) -> Message:
    """Of a run that ended, and that another one came after."""
    row = ROWS[run.goal, state_of_run(run)]
    return (row.before or row.listed).given({"at": run.ended_at or run.created_at})
