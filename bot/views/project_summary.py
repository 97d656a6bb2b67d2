"""How a project is, in a few words: for status, for lists, for Home."""

from __future__ import annotations

from bot.model.card import Mark
from bot.model.request_view import ProjectSummary, RequestView
from bot.views.phrases import pointer
from bot.views.states import ROWS, State, state_of_request, state_of_run
from provisioner.engine.run import Run
from provisioner.engine.stage import Goal
from provisioner.message import Message


def state(known: ProjectSummary) -> Message:
    run, pending = known.run, known.pending
    said = _run_clause(run) if run is not None else None
    if run is not None and known.now is not None and known.now.current is not None:
        after = pointer(known.now.current)
        return Message("{was}, then {id}: {state}", was=_was(run), id=after, state=state(known.now))
    if pending is None:
        return said or _request_clause(known.current)
    if said is None:
        return _request_clause(pending)
    waits = (
        Message("{state}. Deletion request {id} is pending approval (expires {until})")
        if pending.goal is Goal.ABSENT
        else Message("{state}. Request {id} is pending approval (expires {until})")
    )
    return waits.given({"state": said, "id": pointer(pending), "until": pending.request.open_until})


def mark(known: ProjectSummary) -> Mark:
    """Of how it is now, also where the words begin with how it was."""
    if known.now is not None and known.now.current is not None:
        return mark(known.now)
    if known.pending is not None:
        return ROWS[known.pending.goal, State.PENDING].mark
    if known.run is None:
        return Mark.STOPPED  # its request was not approved
    return ROWS[known.run.goal, state_of_run(known.run)].mark


def _request_clause(view: RequestView | None) -> Message:
    if view is None or view.approved:
        return Message("unknown")
    row = ROWS[view.goal, state_of_request(view.request.status)]
    return row.listed.given({"until": view.request.open_until})


def _run_clause(run: Run) -> Message:
    row = ROWS[run.goal, state_of_run(run)]
    clause = row.listed_nothing if run.inventory == () and row.listed_nothing else row.listed
    return clause.given({"at": run.ended_at or run.created_at})


def _was(run: Run) -> Message:
    """Of a run that ended, and that another one came after."""
    row = ROWS[run.goal, state_of_run(run)]
    return (row.before or row.listed).given({"at": run.ended_at or run.created_at})
