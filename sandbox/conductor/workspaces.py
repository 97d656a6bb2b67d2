"""Workspaces: rows that stay when they are deleted, and every name that follows from the one given."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.conductor.bodies import SpecBody
from sandbox.conductor.refusal import bad


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(slots=True)
class Workspace:
    name: str
    bucket: str
    dashboard: str
    specs: list[dict[str, Any]] = field(default_factory=list)
    members: dict[str, str] = field(default_factory=dict)  # id of an account: its role
    solutions: list[str] = field(default_factory=list)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    deleted: bool = False
    created_at: str = field(default_factory=_now)
    updated_at: str = field(default_factory=_now)

    def save(self, specs: list[SpecBody]) -> None:
        """A row of zeros is not saved."""
        self.specs = [
            {**spec.model_dump(), "label": f"{self.name}-{spec.name}"}
            for spec in specs
            if spec.vcpu or spec.ram_gb or spec.gpu
        ]
        self.updated_at = _now()


class Workspaces:
    """Not safe from several threads; the installation sees to that."""

    def __init__(self) -> None:
        self.rows: list[Workspace] = []

    def living(self) -> list[Workspace]:
        return [row for row in self.rows if not row.deleted]

    def find(self, name: str) -> Workspace | None:
        return next((row for row in self.living() if row.name == name), None)

    def by_id(self, workspace_id: str) -> Workspace:
        found = next((row for row in self.living() if row.id == workspace_id), None)
        if found is None:
            raise bad("workspace", f"can't find workspace {workspace_id}")
        return found

    def add(self, workspace: Workspace, *, names_stay: bool) -> Workspace:
        """`names_stay`: the name of a deleted one is not to be had again."""
        taken = {row.name for row in (self.rows if names_stay else self.living())}
        if workspace.name in taken:
            raise bad("workspace", f"already exist name {workspace.name}")
        self.rows.append(workspace)
        return workspace
