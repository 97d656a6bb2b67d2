"""All that is stored about a request, or about a project, as it is read for cards, answers and lists."""

from __future__ import annotations

from dataclasses import dataclass

from approvals.model import Request, RequestStatus
from provisioner.engine.run import Inventory, Run, RunStatus
from provisioner.engine.stage import Goal, Plan
from provisioner.workspace import WorkspaceSpec

ACTIONS = {Goal.PRESENT: "workspace.create", Goal.ABSENT: "workspace.delete"}
"""What the policy calls each goal; stored with every request, so never renamed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Approved, it becomes a run; with `run_id` it is the new plan of a run that was parked."""

    request_id: str
    asked: WorkspaceSpec
    plan: Plan
    locale: str  # of the person who asked, for their direct messages
    run_id: str = ""

    @property
    def becomes(self) -> str:
        """Id of the run that starts, or continues, once it is approved."""
        return self.run_id or f"{self.request_id}.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """One request and what came of it. Equal ones give equal cards.

    `before`, `later` and `was_ready` are filled in where a card is drawn, and not in those two themselves.
    """

    request: Request
    proposal: Proposal
    link: str = ""  # to its card; empty while that does not stand
    run: Run | None = None  # once it is approved
    place: int = 0  # of its run in the queue, 1 starts next; 0: it is not queued
    before: RequestView | None = None  # what there was of the project when this was asked
    later: RequestView | None = None  # open or approved since, about the same project
    was_ready: bool = False  # its run, or the one before it, stopped, and earlier the workspace was all there

    @property
    def id(self) -> str:
        return self.request.id

    @property
    def goal(self) -> Goal:
        return self.proposal.plan.goal

    @property
    def project(self) -> str:
        return self.proposal.asked.project

    @property
    def inventory(self) -> tuple[Inventory, ...] | None:
        """What existed when the run stopped; None: nobody looked."""
        return self.run.inventory if self.run else None

    @property
    def approved(self) -> bool:
        return self.request.status is RequestStatus.APPROVED

    @property
    def deletes(self) -> bool:
        """It was approved, and what there was of the project goes with it."""
        return self.approved and self.goal is Goal.ABSENT

    @property
    def removable(self) -> bool:
        """Whether a press may ask for all that exists to be deleted; it may not for what was ready before."""
        return self.goal is Goal.PRESENT and self.inventory != () and not self.was_ready

    @property
    def over(self) -> bool:
        """Nothing will change any more, but for what is asked later."""
        if self.approved:
            return self.run is not None and not self.run.active
        return not self.request.pending


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSummary:
    """A project as it is: its newest run, and a request that is open.

    A request that nobody approved changes nothing about what is there; it stands where there was no run.
    """

    project: str
    current: RequestView | None = None  # that the run was approved by; without a run, the newest
    pending: RequestView | None = None  # open now
    unapproved: Request | None = None  # asked for after the run, and over
    now: ProjectSummary | None = None  # the project as it is, where it was worked on under a later request

    @property
    def request(self) -> Request | None:
        return self.current.request if self.current else None

    @property
    def run(self) -> Run | None:
        return self.current.run if self.current else None

    @property
    def gone(self) -> bool:
        """It was looked for everywhere and not found, and nobody has asked for it since."""
        return self.run is not None and self.run.gone and self.pending is None


def became(view: RequestView, now: ProjectSummary) -> ProjectSummary:
    """What became of one request; `now` is its project as it is."""
    overtaken = view.run is not None and now.run is not None and now.run.id != view.run.id
    open_for_it = view.request.pending or (view.run is not None and not overtaken)
    return ProjectSummary(
        project=now.project,
        current=view,
        pending=now.pending if open_for_it else None,
        now=now if overtaken else None,
    )


def was_ready(run: Run, finished: Run | None) -> bool:
    """Whether a run stopped about a workspace that an earlier one had finished, and that nobody deleted.

    `finished` is the project's newest run that succeeded.
    """
    if finished is None or run.status not in {RunStatus.FAILED, RunStatus.CANCELLED}:
        return False
    return finished.goal is Goal.PRESENT and finished.created_at < run.created_at
