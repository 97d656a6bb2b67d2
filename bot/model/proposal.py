"""What joins an approval and a run: the plan that was shown with a request."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.engine.plan import Plan
from provisioner.engine.stage import Goal
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
