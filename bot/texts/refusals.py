"""What a person is told who is told no: what happened, why, and what to do next."""

from __future__ import annotations

from approvals import errors
from approvals.errors import Refusal
from bot.model import refusals
from bot.texts import refs
from provisioner.message import Message


def refusal(no: Refusal, command: str = "/workspace") -> Message:
    """The words for each refusal; a test compares with `approvals.errors` and `bot.model.refusals`."""
    said = _asking(no) or _deciding(no) or _running(no) or _stopped(no, command)
    if said is None:
        raise TypeError(f"no words for {type(no).__name__}")
    return said


def _asking(refusal: Refusal) -> Message | None:
    match refusal:
        case errors.NotAllowed(action=action, groups=()):
            return Message(
                "You can't request this: the policy has no rule for {action}. Ask the bot's operator to add"
                " one.",
                action=refs.name(action),
            )
        case errors.NotAllowed(groups=groups):
            return Message(
                "Only members of {groups} can request this. Ask one of them to request it or to add you to"
                " the group.",
                groups=refs.groups(groups),
            )
        case errors.NobodyMayApprove(needed=needed, groups=groups):
            return Message(
                "No one could approve this: it needs {n} approver from {groups} other than you. Ask the"
                " group's owner to add a member.",
                plural="Too few people could approve this: it needs {n} approvers from {groups} other than"
                " you. Ask the group's owner to add members.",
                n=needed,
                groups=refs.groups(groups),
            )
        case errors.AlreadyPending(request_id=request_id, target=target):
            return Message(
                "A request for {target} is already pending: {id}. Wait for a decision, or ask the requester"
                " to withdraw it.",
                target=refs.name(target),
                id=refs.name(request_id),
            )
        case errors.KeyReused():
            return Message(
                "This form was already submitted with different content. Open a new form to submit another"
                " request."
            )
        case errors.Unknown(request_id=request_id):
            return Message(
                "Request {id} doesn't exist. This message may be from another installation of the bot.",
                id=refs.name(request_id),
            )
    return None


def _deciding(refusal: Refusal) -> Message | None:
    match refusal:
        case errors.NotAnApprover(groups=groups):
            return Message(
                "Only members of {groups} can approve or reject this. Ask one of them to review it.",
                groups=refs.groups(groups),
            )
        case errors.SelfApproval():
            return Message("You can't approve or reject your own request. You can withdraw it.")
        case errors.AlreadyDecided():
            return _decided(refusal)
        case errors.AlreadyVoted(request_id=request_id):
            return Message(
                "You already approved {id}. Another approver must also approve it.",
                id=refs.name(request_id),
            )
        case errors.Expired(request_id=request_id, at=at):
            return Message(
                "{id} can no longer be approved or rejected: it expired {at}. The requester can submit it"
                " again.",
                id=refs.name(request_id),
                at=at,
            )
        case errors.ReasonMissing():
            return Message("Enter a reason for the rejection. It's sent to the requester.")
        case errors.NotYours(request_id=request_id):
            return Message(
                "Only the requester can withdraw {id}. Approvers can reject it instead.",
                id=refs.name(request_id),
            )
    return None


def _decided(refusal: errors.AlreadyDecided) -> Message:
    request, who = refs.name(refusal.request_id), refs.person(refusal.by)
    match refusal.status:
        case "approved":
            return Message(
                "{id} was already approved by {who} ({at}). Nothing changed.",
                id=request,
                who=who,
                at=refusal.at,
            )
        case "rejected":
            return Message(
                "{id} was already rejected by {who} ({at}). Nothing changed.",
                id=request,
                who=who,
                at=refusal.at,
            )
        case "withdrawn":
            return Message(
                "{id} was already withdrawn by {who} ({at}). Nothing changed.",
                id=request,
                who=who,
                at=refusal.at,
            )
        case _:
            return Message(
                "{id} already expired ({at}). Nothing changed. The requester can submit it again.",
                id=request,
                at=refusal.at,
            )


def _running(refusal: Refusal) -> Message | None:
    match refusal:
        case refusals.NotInvolved(groups=groups):
            return Message(
                "Only the requester and members of {groups} can do this.",
                groups=refs.groups(groups),
            )
        case refusals.CannotCancel(project=project, status="succeeded" | "cancelled"):
            return Message(
                "Nothing to cancel: the run for {project} has already ended.",
                project=refs.name(project),
            )
        case refusals.CannotCancel(project=project):
            return Message(
                "{project} is waiting for approval of its updated plan. Reject or withdraw that request"
                " instead.",
                project=refs.name(project),
            )
        case refusals.CannotRetry(project=project, status="succeeded" | "cancelled"):
            return Message(
                "Nothing to retry: the run for {project} has already ended.",
                project=refs.name(project),
            )
        case refusals.CannotRetry(project=project):
            return Message(
                "A run for {project} is already in progress. Only failed runs can be retried.",
                project=refs.name(project),
            )
        case refusals.StillRunning(project=project):
            return Message(
                "A run for {project} is still in progress. Wait for it to finish, or cancel it first.",
                project=refs.name(project),
            )
    return None


def _stopped(refusal: Refusal, command: str) -> Message | None:
    """About a run that has ended."""
    match refusal:
        case refusals.DeletionPending(project=project, request_id=request_id):
            return Message(
                "Deletion request {id} for {project} is pending. Retry after it's rejected or withdrawn.",
                id=refs.name(request_id),
                project=refs.name(project),
            )
        case refusals.CannotRollBack(project=project, status="succeeded" | "cancelled"):
            return Message(
                "Nothing to roll back: the run for {project} has already ended. To delete existing"
                " resources, request deletion.",
                project=refs.name(project),
            )
        case refusals.CannotRollBack(project=project):
            return Message(
                "A run for {project} is in progress again. Cancel it before you roll back.",
                project=refs.name(project),
            )
        case refusals.WasReady(project=project):
            return Message(
                "{project} was ready before this run, so it can't be deleted from here. To delete the whole"
                " workspace, type {command}.",
                project=refs.name(project),
                command=refs.name(f"{command} delete {project}"),
            )
        case refusals.NotCancelled(project=project):
            return Message(
                "This works only for canceled runs, and the run for {project} wasn't canceled. See its card"
                " for your options.",
                project=refs.name(project),
            )
        case refusals.Overtaken(project=project, request_id=request_id):
            return Message(
                "Nothing changed: {project} has a newer run ({id}). Use the card of that request.",
                project=refs.name(project),
                id=refs.name(request_id),
            )
        case refusals.NeverFailed(run_id=run_id):
            return Message("No failure to show: {id} never failed.", id=refs.name(run_id))
    return None
