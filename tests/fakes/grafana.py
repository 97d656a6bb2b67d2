"""Grafana's dashboards in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from provisioner.message import Message
from provisioner.stages.dashboard.stage import Dashboard
from provisioner.vendor_call import Cause, Permanent, Temporary


@dataclass(slots=True)
class FakeGrafana:
    dashboards: dict[str, Dashboard] = field(default_factory=dict)
    variables: dict[str, Mapping[str, str]] = field(default_factory=dict)  # by uid, of those made here
    denied: str = ""  # an operation we have no right to
    hidden: set[str] = field(default_factory=set)  # uids in a folder that we may not read

    def look(self, uid: str) -> Dashboard | None:
        if uid in self.hidden:
            self._refuse("GetDashboard")
        self._allow("GetDashboard")
        return self.dashboards.get(uid)

    def create(self, uid: str, *, title: str, tags: Sequence[str], variables: Mapping[str, str]) -> None:
        self._allow("PostDashboard")
        if uid in self.dashboards:
            raise Temporary(Message("cannot create Grafana dashboard {uid}", uid=uid))
        self.dashboards[uid] = Dashboard(title=title, tags=tuple(tags))
        self.variables[uid] = variables

    def delete(self, uid: str) -> None:
        self._allow("DeleteDashboard")
        self.dashboards.pop(uid, None)
        self.variables.pop(uid, None)

    def _allow(self, operation: str) -> None:
        if self.denied == operation:
            self._refuse(operation)

    def _refuse(self, operation: str) -> NoReturn:
        words = "You'll need additional permissions to perform this action."
        cause = Cause(service="grafana", operation=operation, code="403", raw_text=words)
        raise Permanent(Message("cannot reach Grafana"), cause=cause)
