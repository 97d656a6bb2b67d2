"""What a person is told who is told no: what happened, why, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from approvals import errors
from approvals.errors import Refusal
from bot.model import refusals
from provisioner.message import Message, Value, groups, named, person


def refusal(no: Refusal, command: str = "/workspace") -> Message:
    """The words for each refusal; a test compares with `approvals.errors` and `bot.model.refusals`."""
    template = _IN_CASE.get((type(no), _case(no))) or _WORDS.get(type(no))
    if template is None:
        raise TypeError(f"no words for {type(no).__name__}")
    values = {
        place: draw(value) for field, (place, draw) in _DRAWN.items() if (value := getattr(no, field, None))
    }
    if isinstance(no, refusals.WasReady):
        values["command"] = named(f"{command} delete {no.project}")
    return template.given(values)


def _case(no: Refusal) -> str:
    """What a refusal of one kind is told apart by, where that matters."""
    if isinstance(no, errors.NotAllowed) and not no.groups:
        return "no rule"
    status = str(getattr(no, "status", ""))
    return "ended" if status in {"succeeded", "cancelled"} else status


_DRAWN: Mapping[str, tuple[str, Callable[[Any], Value]]] = {
    "action": ("action", named),
    "target": ("target", named),
    "project": ("project", named),
    "request_id": ("id", named),
    "run_id": ("id", named),
    "groups": ("groups", groups),
    "needed": ("n", int),
    "by": ("who", person),
    "at": ("at", lambda at: at),
}
"""The fields of all refusals: their place in the words, and how each is drawn there."""

_IN_CASE: Mapping[tuple[type[Refusal], str], Message] = {
    (errors.NotAllowed, "no rule"): Message(
        "You can't request this: the policy has no rule for {action}. Ask the bot's operator to add one."
    ),
    (errors.AlreadyDecided, "approved"): Message(
        "{id} was already approved by {who} ({at}). Nothing changed."
    ),
    (errors.AlreadyDecided, "rejected"): Message(
        "{id} was already rejected by {who} ({at}). Nothing changed."
    ),
    (errors.AlreadyDecided, "withdrawn"): Message(
        "{id} was already withdrawn by {who} ({at}). Nothing changed."
    ),
    (refusals.CannotCancel, "ended"): Message("Nothing to cancel: the run for {project} has already ended."),
    (refusals.CannotRetry, "ended"): Message("Nothing to retry: the run for {project} has already ended."),
    (refusals.CannotRollBack, "ended"): Message(
        "Nothing to roll back: the run for {project} has already ended. To delete existing resources,"
        " request deletion."
    ),
}

_WORDS: Mapping[type[Refusal], Message] = {
    errors.NotAllowed: Message(
        "Only members of {groups} can request this. Ask one of them to request it or to add you to the group."
    ),
    errors.NobodyMayApprove: Message(
        "No one could approve this: it needs {n} approver from {groups} other than you. Ask the group's"
        " owner to add a member.",
        plural="Too few people could approve this: it needs {n} approvers from {groups} other than you. Ask"
        " the group's owner to add members.",
    ),
    errors.AlreadyPending: Message(
        "A request for {target} is already pending: {id}. Wait for a decision, or ask the requester to"
        " withdraw it."
    ),
    errors.KeyReused: Message(
        "This form was already submitted with different content. Open a new form to submit another request."
    ),
    errors.Unknown: Message(
        "Request {id} doesn't exist. This message may be from another installation of the bot."
    ),
    errors.NotAnApprover: Message(
        "Only members of {groups} can approve or reject this. Ask one of them to review it."
    ),
    errors.SelfApproval: Message("You can't approve or reject your own request. You can withdraw it."),
    errors.AlreadyDecided: Message(
        "{id} already expired ({at}). Nothing changed. The requester can submit it again."
    ),
    errors.AlreadyVoted: Message("You already approved {id}. Another approver must also approve it."),
    errors.Expired: Message(
        "{id} can no longer be approved or rejected: it expired {at}. The requester can submit it again."
    ),
    errors.ReasonMissing: Message("Enter a reason for the rejection. It's sent to the requester."),
    errors.NotYours: Message("Only the requester can withdraw {id}. Approvers can reject it instead."),
    refusals.NotInvolved: Message("Only the requester and members of {groups} can do this."),
    refusals.CannotCancel: Message(
        "{project} is waiting for approval of its updated plan. Reject or withdraw that request instead."
    ),
    refusals.CannotRetry: Message(
        "A run for {project} is already in progress. Only failed runs can be retried."
    ),
    refusals.StillRunning: Message(
        "A run for {project} is still in progress. Wait for it to finish, or cancel it first."
    ),
    refusals.DeletionPending: Message(
        "Deletion request {id} for {project} is pending. Retry after it's rejected or withdrawn."
    ),
    refusals.CannotRollBack: Message(
        "A run for {project} is in progress again. Cancel it before you roll back."
    ),
    refusals.WasReady: Message(
        "{project} was ready before this run, so it can't be deleted from here. To delete the whole"
        " workspace, type {command}."
    ),
    refusals.NotCancelled: Message(
        "This works only for canceled runs, and the run for {project} wasn't canceled. See its card for your"
        " options."
    ),
    refusals.Overtaken: Message(
        "Nothing changed: {project} has a newer run ({id}). Use the card of that request."
    ),
    refusals.NeverFailed: Message("No failure to show: {id} never failed."),
}
