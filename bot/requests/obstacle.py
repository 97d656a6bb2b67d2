"""Why nobody can ask for a project now: it is reserved, asked for already, or being worked on."""

from __future__ import annotations

from approvals.model import Request
from bot.model.proposal import ACTIONS
from bot.model.refusals import WasReady
from bot.model.request_view import was_ready
from bot.storage.database import ReadUnit
from bot.views.phrases import unknown_here
from provisioner.engine.run import Run, RunStatus
from provisioner.engine.stage import Goal
from provisioner.message import Message, named
from provisioner.workspace import RESERVED, nearest

_STOPPED = frozenset({RunStatus.FAILED, RunStatus.PARKED})
"""Nobody works on it: a deletion may take its place."""


def obstacle(unit: ReadUnit, project: str, goal: Goal) -> Message | None:
    """Why nobody can ask now for the project to be made, or deleted; or None.

    Whoever decides by it holds the request of the newest run, so that nobody presses Retry meanwhile.
    """
    if project in RESERVED:  # what has such a name is the platform's, its shared bucket for one
        if goal is Goal.ABSENT:
            return Message("{name} belongs to the platform and can't be deleted.", name=named(project))
        return Message("The name {name} is reserved for the platform. Choose another.", name=named(project))
    pending = unit.requests.pending_for(project)
    if pending is not None:
        return _asked_already(pending)
    run = unit.runs.latest(project)
    if run is None or not run.active or (goal is Goal.ABSENT and run.status in _STOPPED):
        return None
    if run.status is RunStatus.FAILED:
        return _failed(run)
    if run.goal is Goal.ABSENT:
        return Message(
            "{project} is being deleted ({id}). Wait for it to finish, or cancel it first.",
            project=named(project),
            id=named(run.id),
        )
    if goal is Goal.ABSENT:
        return Message(
            "A run for {project} is in progress ({id}). Wait for it to finish, or cancel it on its card"
            " first.",
            project=named(project),
            id=named(run.id),
        )
    return Message(
        "A run for {project} is in progress ({id}). Wait for it to finish, or cancel it first.",
        project=named(project),
        id=named(run.id),
    )


def refuse_ready(unit: ReadUnit, run: Run) -> None:
    """Raises `WasReady` where a press would delete a workspace that an earlier run had finished."""
    if was_ready(run, unit.runs.last_succeeded(run.asked.project)):
        raise WasReady(run.asked.project)


def unknown(unit: ReadUnit, project: str) -> Message | None:
    """That nobody has asked for it here, with the name that may have been meant; or None."""
    if unit.queries.known(project):
        return None
    return unknown_here(project, nearest(project, [*unit.queries.projects()]) or "")


def _asked_already(pending: Request) -> Message:
    """Without who: a dialog would show an id."""
    project = named(pending.subject.target)
    if pending.subject.action == ACTIONS[Goal.ABSENT]:
        return Message(
            "A request to delete {project} is already pending: {id} (expires {until}). Wait for a decision,"
            " or ask the requester to withdraw it.",
            project=project,
            id=named(pending.id),
            until=pending.open_until,
        )
    return Message(
        "A request for {project} is already pending: {id} (expires {until}). Wait for a decision, or ask"
        " the requester to withdraw it.",
        project=project,
        id=named(pending.id),
        until=pending.open_until,
    )


def _failed(run: Run) -> Message:
    """Not which buttons: its card knows what makes sense."""
    project, reference = named(run.asked.project), named(run.reference)
    if run.goal is Goal.ABSENT:
        return Message(
            "Deleting {project} failed. Choose what to do on the card of {id} first.",
            project=project,
            id=reference,
        )
    return Message(
        "Creating {project} failed. Choose what to do on the card of {id} first.",
        project=project,
        id=reference,
    )
