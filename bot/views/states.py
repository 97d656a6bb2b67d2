"""Every state that a request and its run can be in, and all that people are told and offered there.

One row a (goal, state): title and sentence of its card, the clause in lists, its mark, its buttons
and the direct message to the person who asked. A new state is a `State` and its rows, a new button one action
in a row; the other views look it up. Rows hold templates: `bot/views/state.py` gives them their
values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.model.card import Action, Mark
from provisioner.engine.stage import Goal
from provisioner.message import Message


class State(StrEnum):
    """Those of a request and of a run have the values of their statuses."""

    PENDING = "pending"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    QUEUED = "queued"
    RUNNING = "running"
    PARKED = "parked"
    CONTINUED = "continued"  # the run continues under a later approval
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
    buttons: tuple[Action, ...] = ()  # all that could make sense; `bot/views/state.py` drops what does not
    direct: Message | None = None  # None: the person who asked is not told directly


_CREATE: Mapping[State, Row] = {
    State.PENDING: Row(
        title=Message("Workspace request: {project}"),
        sentence=Message("Workspace request {id}: {who} requested {project}. It expires {until}."),
        listed=Message("pending approval (expires {until})"),
        mark=Mark.WAITING,
        buttons=(Action.APPROVE, Action.REJECT, Action.WITHDRAW),
        direct=Message(
            "I can't post your request for {project} in the requests channel, so no one can approve it yet."
            " I'll keep trying. Ask the bot's operator to check the log."
        ),
    ),
    State.REJECTED: Row(
        title=Message("Rejected: {project}"),
        sentence=Message("{by} rejected {who}'s request for {project}. {left}"),
        listed=Message("request rejected"),
        mark=Mark.STOPPED,
        direct=Message("Your request for {project} was rejected by {by}."),
    ),
    State.EXPIRED: Row(
        title=Message("Expired: {project}"),
        sentence=Message("{who}'s request for {project} expired: it wasn't approved in time. {left}"),
        listed=Message("request expired"),
        mark=Mark.STOPPED,
        direct=Message(
            "Your request for {project} expired: it wasn't approved in time. You can request it again."
        ),
    ),
    State.WITHDRAWN: Row(
        title=Message("Withdrawn: {project}"),
        sentence=Message("{who} withdrew the request for {project}. {left}"),
        listed=Message("request withdrawn"),
        mark=Mark.STOPPED,
    ),
    State.QUEUED: Row(
        title=Message("Creating {project}: {done} of {n} stages done"),
        sentence=Message("Creating workspace {project}: {done} of {n} stages done."),
        listed=Message("approved, starting"),
        mark=Mark.TO_COME,
        buttons=(Action.STATUS, Action.CANCEL),
        direct=Message("Your request for {project} was approved by {by}. Creation is starting."),
    ),
    State.RUNNING: Row(
        title=Message("Creating {project}: {done} of {n} stages done"),
        sentence=Message("Creating workspace {project}: {done} of {n} stages done."),
        listed=Message("creating"),
        mark=Mark.NOW,
        buttons=(Action.STATUS, Action.CANCEL),
    ),
    State.PARKED: Row(
        title=Message("{project} is paused and needs a new approval"),
        sentence=Message(
            "Creating {project} is paused. Something changed after approval, so the updated plan needs a"
            " new approval."
        ),
        listed=Message("paused; needs a new approval"),
        mark=Mark.WAITING,
        buttons=(Action.STATUS, Action.CANCEL),
        direct=Message(
            "Creating {project} is paused. Something changed after approval, so the updated plan needs a"
            " new approval."
        ),
    ),
    State.CONTINUED: Row(
        title=Message("{project} continues in {id}"),
        sentence=Message(
            "Something changed after {project} was approved. The updated plan was approved as {id}."
        ),
        listed=Message("creating"),
        mark=Mark.NOW,
    ),
    State.FAILED: Row(
        title=Message("Creating {project} failed at {stage}: {done} of {n} stages done"),
        sentence=Message("Creating {project} failed at {stage} after {done} of {n} stages. {left}"),
        listed=Message("failed; existing resources were kept"),
        listed_nothing=Message("failed before anything was created"),
        mark=Mark.FAILED,
        buttons=(Action.RETRY, Action.ROLL_BACK, Action.DETAILS, Action.STATUS, Action.CANCEL),
        direct=Message("Creating {project} failed. {left}"),
    ),
    State.CANCELLED: Row(
        title=Message("Creating {project} was canceled: {done} of {n} stages done"),
        sentence=Message("Creating {project} was canceled after {done} of {n} stages. {left}"),
        listed=Message("canceled; existing resources were kept"),
        listed_nothing=Message("canceled before anything was created"),
        before=Message("was canceled"),
        mark=Mark.STOPPED,
        buttons=(Action.CONTINUE, Action.DELETE, Action.STATUS),
        direct=Message("Creating {project} was canceled. {left}"),
    ),
    State.OVERTAKEN: Row(
        title=Message("{project}: replaced by deletion {id}"),
        sentence=Message("This run for {project} was replaced by deletion {id}."),
        listed=Message("deleting"),
        mark=Mark.STOPPED,
        buttons=(Action.STATUS,),
        direct=Message("Creating {project} was canceled. {id} deletes its existing resources."),
    ),
    State.SUCCEEDED: Row(
        title=Message("{project} is ready"),
        sentence=Message("Workspace {project} for {who} is ready. All resources were created and verified."),
        listed=Message("ready"),
        before=Message("was ready"),
        mark=Mark.DONE,
        buttons=(Action.STATUS,),
        direct=Message("Your workspace {project} is ready."),
    ),
}

_DELETE: Mapping[State, Row] = {
    State.PENDING: Row(
        title=Message("Deletion request: {project}"),
        sentence=Message(
            "Deletion request {id}: {who} requested deletion of workspace {project}. It expires {until}."
        ),
        listed=Message("deletion pending approval (expires {until})"),
        mark=Mark.WAITING,
        buttons=(Action.APPROVE, Action.REJECT, Action.WITHDRAW),
        direct=Message(
            "I can't post your request to delete {project} in the requests channel, so no one can approve"
            " it yet. I'll keep trying. Ask the bot's operator to check the log."
        ),
    ),
    State.REJECTED: Row(
        title=Message("Rejected: {project}"),
        sentence=Message("{by} rejected {who}'s request to delete {project}. {left}"),
        listed=Message("deletion request rejected"),
        mark=Mark.STOPPED,
        direct=Message("Your request to delete {project} was rejected by {by}."),
    ),
    State.EXPIRED: Row(
        title=Message("Expired: {project}"),
        sentence=Message("{who}'s request to delete {project} expired: it wasn't approved in time. {left}"),
        listed=Message("deletion request expired"),
        mark=Mark.STOPPED,
        direct=Message(
            "Your request to delete {project} expired: it wasn't approved in time. You can request it again."
        ),
    ),
    State.WITHDRAWN: Row(
        title=Message("Withdrawn: {project}"),
        sentence=Message("{who} withdrew the request to delete {project}. {left}"),
        listed=Message("deletion request withdrawn"),
        mark=Mark.STOPPED,
    ),
    State.QUEUED: Row(
        title=Message("Deleting {project}: {done} of {n} stages done"),
        sentence=Message("Deleting workspace {project}: {done} of {n} stages done."),
        listed=Message("deletion approved, starting"),
        mark=Mark.TO_COME,
        buttons=(Action.STATUS, Action.CANCEL),
        direct=Message("Your request to delete {project} was approved by {by}. Deletion is starting."),
    ),
    State.RUNNING: Row(
        title=Message("Deleting {project}: {done} of {n} stages done"),
        sentence=Message("Deleting workspace {project}: {done} of {n} stages done."),
        listed=Message("deleting"),
        mark=Mark.NOW,
        buttons=(Action.STATUS, Action.CANCEL),
    ),
    State.PARKED: Row(
        title=Message("Deleting {project} is paused and needs a new approval"),
        sentence=Message(
            "Deleting {project} is paused. Something changed after approval, so the updated plan needs a"
            " new approval."
        ),
        listed=Message("deletion paused; needs a new approval"),
        mark=Mark.WAITING,
        buttons=(Action.STATUS, Action.CANCEL),
        direct=Message(
            "Deleting {project} is paused. Something changed after approval, so the updated plan needs a"
            " new approval."
        ),
    ),
    State.CONTINUED: Row(
        title=Message("{project} continues in {id}"),
        sentence=Message(
            "Something changed after the deletion of {project} was approved. The updated plan was approved"
            " as {id}."
        ),
        listed=Message("deleting"),
        mark=Mark.NOW,
    ),
    State.FAILED: Row(
        title=Message("Deleting {project} failed at {stage}: {done} of {n} stages done"),
        sentence=Message("Deleting {project} failed at {stage} after {done} of {n} stages. {left}"),
        listed=Message("deletion failed; remaining resources were kept"),
        listed_nothing=Message("deletion failed; nothing remains"),
        mark=Mark.FAILED,
        buttons=(Action.RETRY, Action.DETAILS, Action.STATUS, Action.CANCEL),
        direct=Message("Deleting {project} failed. {left}"),
    ),
    State.CANCELLED: Row(
        title=Message("Deleting {project} was canceled: {done} of {n} stages done"),
        sentence=Message("Deleting {project} was canceled after {done} of {n} stages. {left}"),
        listed=Message("deletion canceled; remaining resources were kept"),
        listed_nothing=Message("deletion canceled; nothing remains"),
        before=Message("deletion was canceled"),
        mark=Mark.STOPPED,
        buttons=(Action.CONTINUE, Action.STATUS),
        direct=Message("Deleting {project} was canceled. {left}"),
    ),
    State.OVERTAKEN: Row(
        title=Message("{project}: replaced by deletion {id}"),
        sentence=Message("This run for {project} was replaced by deletion {id}."),
        listed=Message("deleting"),
        mark=Mark.STOPPED,
        buttons=(Action.STATUS,),
        direct=Message("Deleting {project} continues in {id}."),
    ),
    State.SUCCEEDED: Row(
        title=Message("{project} was deleted"),
        sentence=Message("Workspace {project} was deleted. Verified: nothing of it remains in any system."),
        listed=Message("deleted {at}"),
        before=Message("was deleted {at}"),
        mark=Mark.GONE,
        buttons=(Action.STATUS,),
        direct=Message("{project} was deleted. Verified: nothing of it remains in any system."),
    ),
    State.NOT_ALL_OURS: Row(
        title=Message("{project} was deleted. Resources the bot doesn't own were left in place."),
        sentence=Message(
            "Workspace {project} was deleted. Verified: only resources the bot doesn't own remain."
        ),
        listed=Message("deleted {at}"),
        before=Message("was deleted {at}"),
        mark=Mark.GONE,
        buttons=(Action.STATUS,),
        direct=Message("{project} was deleted. Resources the bot doesn't own were left in place."),
    ),
}

ROWS: Mapping[tuple[Goal, State], Row] = {
    **{(Goal.PRESENT, state): row for state, row in _CREATE.items()},
    **{(Goal.ABSENT, state): row for state, row in _DELETE.items()},
}
