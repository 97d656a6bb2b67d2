"""What a card is drawn from: all that is stored about one request, and where we are."""

from __future__ import annotations

from dataclasses import dataclass

from approvals.model import Request, RequestStatus
from bot.model.proposal import Proposal
from provisioner.engine.inspection import Inventory
from provisioner.engine.run import Run
from provisioner.engine.stage import Goal
from provisioner.workspace import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Addresses that people open, without a slash at the end."""

    grafana: str = ""  # empty: there are no dashboards here
    conductor: str = ""


NO_LINKS = Links()


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderContext:
    """What is the same for every card."""

    command: str  # the slash command, for what may be typed next
    platform: Platform
    links: Links = NO_LINKS


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedRequest:
    """Another request about the same project, to be pointed at."""

    id: str
    goal: Goal
    status: RequestStatus
    asked_by: str
    link: str = ""  # empty while its card does not stand
    run: Run | None = None  # what came of it, once it was approved

    @property
    def approved(self) -> bool:
        return self.status is RequestStatus.APPROVED

    @property
    def deletes(self) -> bool:
        """It was approved, and what there was of the project goes with it."""
        return self.approved and self.goal is Goal.ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """Redrawn each time; equal cases give equal cards."""

    proposal: Proposal
    request: Request
    run: Run | None = None  # once it is approved
    inventory: tuple[Inventory, ...] | None = None  # what existed when the run stopped; None: unknown
    before: RelatedRequest | None = None  # what there was of the project when this was asked
    later: RelatedRequest | None = None  # open or approved since, about the same project
    was_ready: bool = False  # its run, or the one before it, stopped, and earlier the workspace was all there

    @property
    def goal(self) -> Goal:
        return self.proposal.plan.goal

    @property
    def removable(self) -> bool:
        """Whether a press may ask for all that exists to be deleted; it may not for what was ready before."""
        return self.goal is Goal.PRESENT and self.inventory != () and not self.was_ready

    @property
    def project(self) -> str:
        return self.proposal.asked.project
