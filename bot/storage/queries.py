"""The read model: what people are shown, by plain SELECTs past the aggregates. Locks nothing, writes nothing.

Each reads in bulk: as many queries for a thousand as for one, and none that goes through what is over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import CompoundSelect, Connection, Select, and_, case, exists, func, select, union

from approvals.model import RequestStatus
from approvals.store import PENDING, decisions_of, requests, to_request
from bot.model.request_view import ProjectSummary, RequestView, became, was_ready
from bot.model.submission import SubmissionState
from bot.model.tracked_message import TrackedMessage
from bot.storage.store import TO_TELL, due, messages, proposals, submissions, to_proposal
from provisioner.engine.run import ENDED, Entry, Run, RunStatus
from provisioner.engine.store import LISTED, SqlRunRepository, journal, runs, to_entry, to_run

Strings: TypeAlias = Collection[str] | Select[Any]
"""Ids or projects: by name, or as a query finds them."""

_UNAPPROVED = frozenset({RequestStatus.REJECTED, RequestStatus.EXPIRED, RequestStatus.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Home:
    """What is there for one person to see, each by project."""

    projects: Sequence[ProjectSummary]  # open, at work or stopped
    mine: Sequence[ProjectSummary]  # what became of the newest requests of theirs, newest first


@dataclass(frozen=True, slots=True)
class Due:
    """Of what kind there is something to do now."""

    submissions: bool  # to be answered
    replies: bool  # answers to be given
    messages: bool  # cards and direct messages that do not show all there is
    runs: bool  # queued
    expiries: bool  # requests whose time is over


class Queries:
    """On a connection whose transaction the caller owns."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def due(self, now: datetime) -> Due:
        """One query, and flat, whatever lies open: it is asked every second."""
        found = self._connection.execute(
            select(
                exists().where(submissions.c.state == SubmissionState.NEW.value, due(submissions, now)),
                exists().where(submissions.c.state == SubmissionState.ANSWERED.value, due(submissions, now)),
                exists(select(messages.c.number).where(TO_TELL, due(messages, now))),
                exists().where(runs.c.status == RunStatus.QUEUED.value),
                exists(select(requests.c.id).where(PENDING, requests.c.open_until <= now)),
            )
        ).one()
        return Due(*map(bool, found))

    def projects(self) -> Sequence[str]:
        """All of which something is there, or that are asked for now, by name."""
        return self._connection.execute(_listed().order_by("project")).scalars().all()

    def page(self, number: int, size: int) -> tuple[Sequence[str], int]:
        """Of those `projects` the ones on this page, from 1, and how many there are on all pages.

        After the last page comes the last.
        """
        listed = _listed().cte()
        total = select(func.count()).select_from(listed).scalar_subquery()
        before, last = (number - 1) * size, (total - 1) // size * size
        start = case((before > last, last), else_=before)
        found = self._connection.execute(
            select(listed.c.project, total).order_by(listed.c.project).offset(start).limit(size)
        ).all()
        return [row[0] for row in found], found[0][1] if found else 0

    def any_finished(self) -> bool:
        """Whether a workspace was ever made or deleted."""
        done = exists().where(runs.c.status == RunStatus.SUCCEEDED.value)
        return bool(self._connection.execute(select(done)).scalar())

    def known(self, project: str) -> bool:
        """Whether anybody has ever asked for it."""
        return bool(self._connection.execute(select(exists().where(requests.c.target == project))).scalar())

    def summaries(self, projects: Collection[str]) -> Sequence[ProjectSummary]:
        """In the order of the names."""
        found = self._find(projects)
        return [found.summary(project) for project in projects]

    def views(self, ids: Collection[str]) -> Mapping[str, RequestView]:
        """All that a card shows, by request."""
        found = self._find(select(requests.c.target).where(requests.c.id.in_(ids)), ids)
        return {request_id: found.view(request_id) for request_id in ids}

    def home(self, person: str, most: int) -> Home:
        """`most` is how many of their own requests are wanted."""
        mine = requests.c.asked_by == person
        newest = select(requests.c.id).where(mine).order_by(*_NEWEST).limit(most)
        active = runs.c.status.in_([status.value for status in RunStatus if status not in ENDED])
        shown = union(
            select(requests.c.target).where(PENDING),
            select(requests.c.target).where(requests.c.id.in_(newest)),
            select(runs.c.project).where(active),
        )
        found = self._find(select(shown.subquery()), newest)
        asked = [view for view in found.views.values() if view.request.asked_by == person]
        asked.sort(key=lambda view: (view.request.asked_at, view.id), reverse=True)
        return Home(
            [found.summary(project) for project in sorted(found.pending.keys() | found.active)],
            [became(view, found.summary(view.project)) for view in asked[:most]],
        )

    def untold(self, told: Iterable[TrackedMessage]) -> Mapping[str, Sequence[Entry]]:
        """What the thread of each card has not told of its run's journal, by key.

        The thread of a run's first request tells all of it, also after a new approval.
        """
        entries: dict[str, list[Entry]] = {message.key: [] for message in told}
        of_its_run = and_(
            journal.c.run_id == messages.c.request_id + ".1", journal.c.number > messages.c.told
        )
        query = select(journal, messages.c.key).join(messages, of_its_run)
        query = query.where(messages.c.key.in_(list(entries))).order_by(journal.c.number)
        for row in self._connection.execute(query).mappings():
            entries[row["key"]].append(to_entry(dict(row)))
        return entries

    def _find(self, projects: Strings, ids: Strings = ()) -> _Found:
        """Of these projects the newest run, the newest that succeeded, the newest request, and an open one;
        and these requests, with their runs."""
        # Not by the status: its index would lead through all that ever succeeded.
        finished = case((runs.c.status == RunStatus.SUCCEEDED.value, runs.c.number))
        becomes = case((proposals.c.run_id != "", proposals.c.run_id), else_=proposals.c.request_id + ".1")
        of_these = select(becomes).where(proposals.c.request_id.in_(ids))
        numbers = union(
            *(
                select(func.max(number)).where(runs.c.project.in_(projects)).group_by(runs.c.project)
                for number in (runs.c.number, finished)
            ),
            select(runs.c.number).where(runs.c.id.in_(of_these)),
        )
        query = select(runs).where(runs.c.number.in_(select(numbers.subquery()))).order_by(runs.c.number)
        worked_on = [to_run(row) for row in self._connection.execute(query).mappings()]
        asked = self._requests(projects, ids, [run.reference for run in worked_on])
        return _Found(worked_on, asked, self._places(worked_on))

    def _places(self, found: Sequence[Run]) -> Mapping[str, int]:
        """In the queue, from 1, by run; those that are not queued have none."""
        if all(run.status is not RunStatus.QUEUED for run in found):
            return {}
        line = SqlRunRepository(self._connection).line()
        return {run_id: place for place, (run_id, _) in enumerate(line, 1)}

    def _requests(self, projects: Strings, ids: Strings, references: Sequence[str]) -> Sequence[RequestView]:
        """Without what came of them; in the order they were asked in."""
        place = func.row_number().over(partition_by=requests.c.target, order_by=_NEWEST)
        ranked = select(requests.c.id, place.label("place")).where(requests.c.target.in_(projects)).subquery()
        wanted = union(
            select(requests.c.id).where(requests.c.id.in_(ids)),
            select(requests.c.id).where(requests.c.id.in_(references)),
            select(requests.c.id).where(PENDING, requests.c.target.in_(projects)),
            select(ranked.c.id).where(ranked.c.place == 1),
        )
        query = (
            select(requests, proposals, messages.c.link)
            .join(proposals, proposals.c.request_id == requests.c.id)
            .outerjoin(messages, messages.c.key == requests.c.id)
            .where(requests.c.id.in_(select(wanted.subquery())))
            .order_by(requests.c.asked_at, requests.c.id)
        )
        rows = self._connection.execute(query).mappings().all()
        made = decisions_of(self._connection, [row["id"] for row in rows])
        return [
            RequestView(
                request=to_request(row, made.get(row["id"], [])),
                proposal=to_proposal(row),
                link=row["link"] or "",
            )
            for row in rows
        ]


def _listed() -> CompoundSelect[Any]:
    there = select(runs.c.project.label("project")).where(LISTED)
    return union(there, select(requests.c.target).where(PENDING))


_NEWEST = (requests.c.asked_at.desc(), requests.c.id.desc())


class _Found:
    """What `Queries` put together."""

    def __init__(
        self, worked_on: Sequence[Run], asked: Sequence[RequestView], places: Mapping[str, int]
    ) -> None:
        """Runs and requests oldest first."""
        by_id = {str(run.id): run for run in worked_on}
        self._latest = {run.asked.project: run for run in worked_on}
        self._finished = {run.asked.project: run for run in worked_on if run.status is RunStatus.SUCCEEDED}
        self.views = {
            view.id: replace(
                view, run=by_id.get(view.proposal.becomes), place=places.get(view.proposal.becomes, 0)
            )
            if view.approved
            else view
            for view in asked
        }
        self._newest = {view.project: view for view in self.views.values()}
        self.pending = {view.project: view for view in self.views.values() if view.request.pending}

    @property
    def active(self) -> set[str]:
        return {project for project, run in self._latest.items() if run.active}

    def summary(self, project: str) -> ProjectSummary:
        run, newest = self._latest.get(project), self._newest.get(project)
        unapproved = newest.request if newest and newest.request.status in _UNAPPROVED else None
        return ProjectSummary(
            project=project,
            current=self.views[run.reference] if run else newest,
            pending=self.pending.get(project),
            # Not one for the run's own new plan: how that ended, the run says.
            unapproved=unapproved if run and newest and not newest.proposal.run_id else None,
        )

    def view(self, request_id: str) -> RequestView:
        view = self.views[request_id]
        latest = self._latest.get(view.project)
        before = self.views[latest.reference] if view.request.pending and latest else None
        stopped = view.run or (before.run if before else None)
        return replace(
            view,
            before=before,
            later=self._later(view) if view.run else None,
            was_ready=stopped is not None and was_ready(stopped, self._finished.get(view.project)),
        )

    def _later(self, view: RequestView) -> RequestView | None:
        newest = self._newest[view.project]
        counts = newest.request.status not in _UNAPPROVED
        return newest if counts and newest.id != view.id else None
