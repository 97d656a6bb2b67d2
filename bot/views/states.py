"""Every state that a request and its run can be in, and all that people are told and offered there.

One row a (goal, state): title and sentence of its card, the clause in lists, its mark, its buttons
and the direct message to the person who asked. A new state is one row here, a new button one action
in a row; the other views look it up. Rows hold templates: `bot/views/headline.py` gives them their
values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from approvals.model import RequestStatus
from bot.model.card import Action, Mark
from provisioner.engine.run import Run, RunStatus
from provisioner.engine.stage import Goal
from provisioner.message import Message


class State(StrEnum):
    PENDING = "pending"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    QUEUED = "queued"
    RUNNING = "running"
    PARKED = "parked"
    CONTINUED = "continued"  # the run goes on under a later approval
    FAILED = "failed"
    CANCELLED = "cancelled"
    OVERTAKEN = "overtaken"  # a deletion that was approved later takes all of it
    SUCCEEDED = "succeeded"
    NOT_ALL_OURS = "not-all-ours"  # deleted, but for what is not ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Templates may name: project, who (asked), by (decided), id, done, n, stage, left, at, until."""

    title: Message
    sentence: Message  # stands alone, for notifications and screen readers
    listed: Message  # a clause after the project's name
    listed_nothing: Message | None = None  # in its place where nothing of the workspace exists
    before: Message | None = None  # in lists, where work under a later request followed
    mark: Mark
    buttons: tuple[Action, ...] = ()  # all that could make sense; `bot/views/buttons.py` drops what does not
    direct: Message | None = None  # None: the person who asked is not told directly


_CREATE: Mapping[State, Row] = {
    State.PENDING: Row(
        title=Message("Workspace request: {project}"),
        sentence=Message(
            "Workspace request {id}: {who} asks for {project}. It can be decided until {until}."
        ),
        listed=Message("waiting for approval until {until}"),
        mark=Mark.WAITING,
        buttons=(Action.APPROVE, Action.REJECT, Action.WITHDRAW),
        direct=Message(
            "I cannot show your request for {project} in the channel for requests, so nobody can decide"
            " on it. I go on trying; please tell whoever runs the bot, whose log says why."
        ),
    ),
    State.REJECTED: Row(
        title=Message("Rejected: {project}"),
        sentence=Message("{by} rejected the request of {who} for {project}. {left}"),
        listed=Message("the request was rejected"),
        mark=Mark.STOPPED,
        direct=Message("Your request for {project} was rejected by {by}."),
    ),
    State.EXPIRED: Row(
        title=Message("Expired: {project}"),
        sentence=Message("Nobody decided on the request of {who} for {project} in time. {left}"),
        listed=Message("the request expired"),
        mark=Mark.STOPPED,
        direct=Message("Nobody decided on your request for {project} in time. You can ask again."),
    ),
    State.WITHDRAWN: Row(
        title=Message("Withdrawn: {project}"),
        sentence=Message("{who} took the request for {project} back. {left}"),
        listed=Message("the request was withdrawn"),
        mark=Mark.STOPPED,
    ),
    State.QUEUED: Row(
        title=Message("Creating {project}: {done} of {n} done"),
        sentence=Message("Creating workspace {project}: {done} of {n} stages are done."),
        listed=Message("approved, about to start"),
        mark=Mark.TO_COME,
        buttons=(Action.STATUS, Action.CANCEL),
        direct=Message("Your request for {project} was approved by {by}. It is being made now."),
    ),
    State.RUNNING: Row(
        title=Message("Creating {project}: {done} of {n} done"),
        sentence=Message("Creating workspace {project}: {done} of {n} stages are done."),
        listed=Message("being made"),
        mark=Mark.NOW,
        buttons=(Action.STATUS, Action.CANCEL),
    ),
    State.PARKED: Row(
        title=Message("{project} is stopped: it needs a new approval"),
        sentence=Message(
            "The systems changed since {project} was approved. The new plan has to be approved."
        ),
        listed=Message("stopped until the new plan is approved"),
        mark=Mark.WAITING,
        buttons=(Action.STATUS, Action.CANCEL),
        direct=Message("Creating {project} stopped: the systems changed and the new plan needs an approval."),
    ),
    State.CONTINUED: Row(
        title=Message("{project} goes on under {id}"),
        sentence=Message(
            "The systems changed after {project} was approved; a new plan was approved as {id}."
        ),
        listed=Message("being made"),
        mark=Mark.NOW,
    ),
    State.FAILED: Row(
        title=Message("{project} failed at {stage}: {done} of {n} done"),
        sentence=Message("Creating {project} failed at {stage} after {done} of {n} stages. {left}"),
        listed=Message("failed; what exists stays"),
        listed_nothing=Message("failed; nothing was made"),
        mark=Mark.FAILED,
        buttons=(Action.RETRY, Action.ROLL_BACK, Action.DETAILS, Action.STATUS, Action.CANCEL),
        direct=Message("Creating {project} failed. {left} Its card shows what can be done next."),
    ),
    State.CANCELLED: Row(
        title=Message("{project} was cancelled: {done} of {n} done"),
        sentence=Message("Creating {project} was cancelled after {done} of {n} stages. {left}"),
        listed=Message("cancelled; what exists stays"),
        listed_nothing=Message("cancelled; nothing was made"),
        before=Message("was cancelled"),
        mark=Mark.STOPPED,
        buttons=(Action.CONTINUE, Action.DELETE, Action.STATUS),
        direct=Message("Creating {project} was cancelled. {left}"),
    ),
    State.OVERTAKEN: Row(
        title=Message("{project}: its deletion is {id}"),
        sentence=Message("{id} is the deletion of what was made of {project}."),
        listed=Message("being deleted"),
        mark=Mark.STOPPED,
        buttons=(Action.STATUS,),
        direct=Message("Creating {project} was given up: {id} deletes what exists of it."),
    ),
    State.SUCCEEDED: Row(
        title=Message("{project} is ready"),
        sentence=Message("Workspace {project} for {who} is ready: everything was made and looked at again."),
        listed=Message("ready"),
        before=Message("was ready"),
        mark=Mark.DONE,
        buttons=(Action.STATUS,),
        direct=Message("Your workspace {project} is ready."),
    ),
}

_DELETE: Mapping[State, Row] = {
    State.PENDING: Row(
        title=Message("Request to delete: {project}"),
        sentence=Message(
            "Request {id}: {who} asks for workspace {project} to be deleted. It can be decided until {until}."
        ),
        listed=Message("deletion waiting for approval until {until}"),
        mark=Mark.WAITING,
        buttons=(Action.APPROVE, Action.REJECT, Action.WITHDRAW),
        direct=Message(
            "I cannot show your request to delete {project} in the channel for requests, so nobody can"
            " decide on it. I go on trying; please tell whoever runs the bot, whose log says why."
        ),
    ),
    State.REJECTED: Row(
        title=Message("Rejected: {project}"),
        sentence=Message("{by} rejected the request of {who} to delete {project}. {left}"),
        listed=Message("the request to delete it was rejected"),
        mark=Mark.STOPPED,
        direct=Message("Your request to delete {project} was rejected by {by}."),
    ),
    State.EXPIRED: Row(
        title=Message("Expired: {project}"),
        sentence=Message("Nobody decided on the request of {who} to delete {project} in time. {left}"),
        listed=Message("the request to delete it expired"),
        mark=Mark.STOPPED,
        direct=Message("Nobody decided on your request to delete {project} in time. You can ask again."),
    ),
    State.WITHDRAWN: Row(
        title=Message("Withdrawn: {project}"),
        sentence=Message("{who} took the request to delete {project} back. {left}"),
        listed=Message("the request to delete it was withdrawn"),
        mark=Mark.STOPPED,
    ),
    State.QUEUED: Row(
        title=Message("Deleting {project}: {done} of {n} gone"),
        sentence=Message("Deleting workspace {project}: {done} of {n} stages are gone."),
        listed=Message("deletion approved, about to start"),
        mark=Mark.TO_COME,
        buttons=(Action.STATUS, Action.CANCEL),
        direct=Message("Your request to delete {project} was approved by {by}. It is being deleted now."),
    ),
    State.RUNNING: Row(
        title=Message("Deleting {project}: {done} of {n} gone"),
        sentence=Message("Deleting workspace {project}: {done} of {n} stages are gone."),
        listed=Message("being deleted"),
        mark=Mark.NOW,
        buttons=(Action.STATUS, Action.CANCEL),
    ),
    State.PARKED: Row(
        title=Message("Deleting {project} is stopped: it needs a new approval"),
        sentence=Message(
            "The systems changed since the deletion of {project} was approved. The new plan has to be"
            " approved."
        ),
        listed=Message("deletion stopped until the new plan is approved"),
        mark=Mark.WAITING,
        buttons=(Action.STATUS, Action.CANCEL),
        direct=Message("Deleting {project} stopped: the systems changed and the new plan needs an approval."),
    ),
    State.CONTINUED: Row(
        title=Message("{project} goes on under {id}"),
        sentence=Message(
            "The systems changed after the deletion of {project} was approved; a new plan was approved as"
            " {id}."
        ),
        listed=Message("being deleted"),
        mark=Mark.NOW,
    ),
    State.FAILED: Row(
        title=Message("Deleting {project} failed at {stage}: {done} of {n} gone"),
        sentence=Message("Deleting {project} failed at {stage} with {done} of {n} stages gone. {left}"),
        listed=Message("deletion failed; what is left stays"),
        listed_nothing=Message("deletion failed; nothing of it is left"),
        mark=Mark.FAILED,
        buttons=(Action.RETRY, Action.DETAILS, Action.STATUS, Action.CANCEL),
        direct=Message("Deleting {project} failed. {left} Its card shows what can be done next."),
    ),
    State.CANCELLED: Row(
        title=Message("Deleting {project} was cancelled: {done} of {n} gone"),
        sentence=Message("Deleting {project} was cancelled with {done} of {n} stages gone. {left}"),
        listed=Message("deletion cancelled; what is left stays"),
        listed_nothing=Message("deletion cancelled; nothing of it is left"),
        before=Message("its deletion was cancelled"),
        mark=Mark.STOPPED,
        buttons=(Action.CONTINUE, Action.STATUS),
        direct=Message("Deleting {project} was cancelled. {left}"),
    ),
    State.OVERTAKEN: Row(
        title=Message("{project}: its deletion is {id}"),
        sentence=Message("{id} is the deletion of what was made of {project}."),
        listed=Message("being deleted"),
        mark=Mark.STOPPED,
        buttons=(Action.STATUS,),
        direct=Message("Deleting {project} goes on under {id}."),
    ),
    State.SUCCEEDED: Row(
        title=Message("{project} is gone"),
        sentence=Message("Workspace {project} was deleted: it was looked for on every system and not found."),
        listed=Message("deleted {at}"),
        before=Message("was deleted {at}"),
        mark=Mark.GONE,
        buttons=(Action.STATUS,),
        direct=Message("{project} is gone: it was looked for on every system and not found."),
    ),
    State.NOT_ALL_OURS: Row(
        title=Message("{project} is gone; what is not ours stays"),
        sentence=Message(
            "Workspace {project} was deleted: it was looked for on every system, and only what is not ours"
            " was found."
        ),
        listed=Message("deleted {at}"),
        before=Message("was deleted {at}"),
        mark=Mark.GONE,
        buttons=(Action.STATUS,),
        direct=Message(
            "{project} is gone: it was looked for on every system, and only what is not ours was found."
        ),
    ),
}

ROWS: Mapping[tuple[Goal, State], Row] = {
    **{(Goal.PRESENT, state): row for state, row in _CREATE.items()},
    **{(Goal.ABSENT, state): row for state, row in _DELETE.items()},
}

_OF_REQUEST: Mapping[RequestStatus, State] = {
    RequestStatus.PENDING: State.PENDING,
    RequestStatus.REJECTED: State.REJECTED,
    RequestStatus.EXPIRED: State.EXPIRED,
    RequestStatus.WITHDRAWN: State.WITHDRAWN,
    RequestStatus.APPROVED: State.QUEUED,  # and its run, made in the same moment, tells more
}
_OF_RUN: Mapping[RunStatus, State] = {
    RunStatus.QUEUED: State.QUEUED,
    RunStatus.RUNNING: State.RUNNING,
    RunStatus.WAITING: State.RUNNING,
    RunStatus.PARKED: State.PARKED,
    RunStatus.FAILED: State.FAILED,
    RunStatus.CANCELLED: State.CANCELLED,
    RunStatus.SUCCEEDED: State.SUCCEEDED,
}


def state_of_request(status: RequestStatus) -> State:
    return _OF_REQUEST[status]


def state_of_run(run: Run) -> State:
    """Of a run by itself: what came after it, its card knows (`bot/views/headline.py`)."""
    if run.status is RunStatus.SUCCEEDED and run.goal is Goal.ABSENT and run.stays:
        return State.NOT_ALL_OURS
    return _OF_RUN[run.status]
