"""The workspace's Grafana dashboard: one that was given, or one made from a template.

A dashboard that was given is looked at and has to be there; it is never changed and never deleted. Where none
was given, one is made under a uid that is derived from the project, and goes with the workspace.

Ours or not: our mark is a tag with the project, written in the creating call. What stands under the derived
uid without it is never touched, in neither direction. People may edit a dashboard of ours, so what is in it
is not compared: it is whole as soon as it is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from provisioner.engine.stage import Change, Goal, Stage, StageContext, Verb, Wait
from provisioner.message import Message, named
from provisioner.vendor_call import NotOurs, Permanent
from provisioner.workspace import Workspace

BOT = "workspace-bot"
"""A tag by which people find all dashboards that were made here."""

PROJECT = "workspace-bot/project="
"""Start of our mark, the tag `workspace-bot/project=alpha`. Grafana keeps 50 characters of a tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A dashboard that exists."""

    title: str
    tags: tuple[str, ...] = ()
    version: int = 1  # counts the times it was saved

    @property
    def owners(self) -> frozenset[str]:
        """The projects that our mark names; empty when it was not made here."""
        return frozenset(tag.removeprefix(PROJECT) for tag in self.tags if tag.startswith(PROJECT))


class Dashboards(Protocol):
    """What this stage needs of Grafana."""

    def look(self, uid: str) -> Dashboard | None: ...

    def create(self, uid: str, *, title: str, tags: Sequence[str], variables: Mapping[str, str]) -> None:
        """From the template, in one call. `variables` are the values of its constants, by name.

        Never overwrites: `Temporary` when there is one with this uid by now, so that it is looked at.
        """
        ...

    def delete(self, uid: str) -> None: ...  # nothing when it is gone


class DashboardStage(Stage[Dashboard | None]):
    name = "dashboard"
    title = Message("Grafana dashboard")

    def __init__(self, dashboards: Dashboards) -> None:
        self._dashboards = dashboards

    def observe(self, ws: Workspace, goal: Goal) -> Dashboard | None:
        """Of a create, the one that was given. Of a delete what stands under the derived uid, even so: an
        earlier request may have left it empty. Then it matters only if it is ours."""
        if _given(ws) and goal is Goal.PRESENT:
            return self._dashboards.look(ws.dashboard)
        made = self._dashboards.look(ws.made_dashboard)
        return None if _given(ws) and made is not None and made.owners != {ws.project} else made

    def foreign(self, ws: Workspace, seen: Dashboard | None, goal: Goal) -> NotOurs | None:
        if seen is None or seen.owners == {ws.project} or (_given(ws) and goal is Goal.PRESENT):
            return None
        uid, others = named(ws.made_dashboard), seen.owners - {ws.project}
        if not others:
            return NotOurs(
                Message("Grafana dashboard {uid} already exists and wasn't created by this bot", uid=uid)
            )
        owner = named(", ".join(sorted(others)))
        return NotOurs(Message("Grafana dashboard {uid} belongs to workspace {owner}", uid=uid, owner=owner))

    def plan(self, ws: Workspace, seen: Dashboard | None, goal: Goal) -> tuple[Change, ...]:
        """Raises `Permanent`, too, when the dashboard that was given is not there."""
        if goal is Goal.ABSENT:
            edited = Message("including manual changes") if seen and seen.version > 1 else None
            return (_change(ws, Verb.DELETE, edited),) if seen else ()
        if seen is None and _given(ws):
            raise Permanent(Message("Grafana dashboard {uid} doesn't exist", uid=named(ws.dashboard)))
        detail = Message("from the template, with title {title}", title=_title(ws))
        return () if seen else (_change(ws, Verb.CREATE, detail),)

    def ensure(self, ws: Workspace, seen: Dashboard | None, ctx: StageContext) -> Wait | None:
        if not self.plan(ws, seen, Goal.PRESENT):
            return None
        ctx.progress(Message("creating Grafana dashboard {uid}", uid=named(ws.made_dashboard)))
        self._dashboards.create(
            ws.made_dashboard,
            title=_title(ws),
            tags=(BOT, f"{PROJECT}{ws.project}"),
            variables={"namespace": ws.namespace, "node_label": ws.node_label, "bucket": ws.bucket},
        )
        return None

    def remove(self, ws: Workspace, seen: Dashboard | None, ctx: StageContext) -> Wait | None:
        if seen is None:
            return None
        ctx.progress(Message("deleting Grafana dashboard {uid}", uid=named(ws.made_dashboard)))
        self._dashboards.delete(ws.made_dashboard)
        return None


def _given(ws: Workspace) -> bool:
    """Whether it is another one than we would make: who gives ours gives nothing."""
    return ws.dashboard != ws.made_dashboard


def _change(ws: Workspace, verb: Verb, detail: Message | None) -> Change:
    uid = ws.made_dashboard
    target = Message("Grafana dashboard {uid}", uid=named(uid))
    return Change(verb, target, detail, kind="grafana-dashboard", name=uid)


def _title(ws: Workspace) -> str:
    """No other workspace's: older versions of Grafana refuse a title that a folder has already."""
    at = ws.platform
    return f"Workspace {ws.name} ({at.region_alias} {at.infra} {at.env})"
