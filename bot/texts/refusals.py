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
                "You cannot ask for this: the policy has no rule for {action}, so nobody may."
                " Whoever runs the bot can add one.",
                action=refs.name(action),
            )
        case errors.NotAllowed(groups=groups):
            return Message(
                "You cannot ask for this; only members of {groups} can."
                " Ask one of them to do it, or to add you to the group.",
                groups=refs.groups(groups),
            )
        case errors.NobodyMayApprove(needed=needed, groups=groups):
            return Message(
                "Nobody could decide on this: it takes {n} person of {groups} other than you, and there is"
                " none. Ask whoever manages the group to add somebody.",
                plural="Nobody could decide on this: it takes {n} people of {groups} other than you, and"
                " there are fewer. Ask whoever manages the group to add somebody.",
                n=needed,
                groups=refs.groups(groups),
            )
        case errors.AlreadyPending(request_id=request_id, target=target):
            return Message(
                "There is a request for {target} already: {id}."
                " Wait until it is decided, or ask whoever made it to withdraw it.",
                target=refs.name(target),
                id=refs.name(request_id),
            )
        case errors.KeyReused():
            return Message(
                "This form was sent before with other content, so it was not taken again."
                " Open a new form to ask for something else."
            )
        case errors.Unknown(request_id=request_id):
            return Message(
                "There is no request {id}. The message you used may be from another installation of the bot.",
                id=refs.name(request_id),
            )
    return None


def _deciding(refusal: Refusal) -> Message | None:
    match refusal:
        case errors.NotAnApprover(groups=groups):
            return Message(
                "Only {groups} decide on this; your click changed nothing. Ask one of them to have a look.",
                groups=refs.groups(groups),
            )
        case errors.SelfApproval():
            return Message(
                "This is your own request, so somebody else has to decide on it."
                " You can withdraw it if you no longer want it."
            )
        case errors.AlreadyDecided():
            return _decided(refusal)
        case errors.AlreadyVoted(request_id=request_id):
            return Message(
                "Your approval of {id} is counted already; somebody else has to approve it as well.",
                id=refs.name(request_id),
            )
        case errors.Expired(request_id=request_id, at=at):
            return Message(
                "{id} was open until {at}, so it can no longer be decided. Whoever asked can ask again.",
                id=refs.name(request_id),
                at=at,
            )
        case errors.ReasonMissing():
            return Message("Say in a sentence why you reject it; whoever asked reads it.")
        case errors.NotYours(request_id=request_id):
            return Message(
                "Only the person who asked can withdraw {id}. If you are an approver, you can reject it.",
                id=refs.name(request_id),
            )
    return None


def _decided(refusal: errors.AlreadyDecided) -> Message:
    request, who = refs.name(refusal.request_id), refs.person(refusal.by)
    match refusal.status:
        case "approved":
            return Message(
                "{id} was approved by {who} on {at}; your click changed nothing.",
                id=request,
                who=who,
                at=refusal.at,
            )
        case "rejected":
            return Message(
                "{id} was rejected by {who} on {at}; your click changed nothing.",
                id=request,
                who=who,
                at=refusal.at,
            )
        case "withdrawn":
            return Message(
                "{id} was withdrawn by {who} on {at}; your click changed nothing.",
                id=request,
                who=who,
                at=refusal.at,
            )
        case _:
            return Message(
                "{id} expired on {at}; your click changed nothing. Whoever asked can ask again.",
                id=request,
                at=refusal.at,
            )


def _running(refusal: Refusal) -> Message | None:
    match refusal:
        case refusals.NotInvolved(groups=groups):
            return Message(
                "Only the person who asked and {groups} can do this; your click changed nothing.",
                groups=refs.groups(groups),
            )
        case refusals.CannotCancel(project=project, status="succeeded" | "cancelled"):
            return Message(
                "The work on {project} has ended already, so there is nothing to cancel.",
                project=refs.name(project),
            )
        case refusals.CannotCancel(project=project):
            return Message(
                "{project} waits for a decision on its new plan. Reject or withdraw that request instead.",
                project=refs.name(project),
            )
        case refusals.CannotRetry(project=project, status="succeeded" | "cancelled"):
            return Message(
                "The work on {project} has ended already, so there is nothing to retry.",
                project=refs.name(project),
            )
        case refusals.CannotRetry(project=project):
            return Message(
                "{project} is being worked on already; retry is for work that has failed.",
                project=refs.name(project),
            )
        case refusals.StillRunning(project=project):
            return Message(
                "{project} is still being worked on. Wait until that has ended, or cancel it first.",
                project=refs.name(project),
            )
    return None


def _stopped(refusal: Refusal, command: str) -> Message | None:
    """About a run that nobody works on any more."""
    match refusal:
        case refusals.DeletionPending(project=project, request_id=request_id):
            return Message(
                "{id} asks for {project} to be deleted. Press Retry once that was rejected or withdrawn.",
                id=refs.name(request_id),
                project=refs.name(project),
            )
        case refusals.CannotRollBack(project=project, status="succeeded" | "cancelled"):
            return Message(
                "The work on {project} has ended, so there is nothing to roll back. To remove what exists,"
                " ask for it to be deleted.",
                project=refs.name(project),
            )
        case refusals.CannotRollBack(project=project):
            return Message(
                "{project} is being worked on again. Cancel that first if it is to be rolled back.",
                project=refs.name(project),
            )
        case refusals.WasReady(project=project):
            return Message(
                "{project} was ready before this work began, so no button deletes it: that would be all of"
                " it. If that is what you want, type {command}.",
                project=refs.name(project),
                command=refs.name(f"{command} delete {project}"),
            )
        case refusals.NotCancelled(project=project):
            return Message(
                "This is for work that was cancelled, and the work on {project} was not."
                " Its card shows what can be done.",
                project=refs.name(project),
            )
        case refusals.Overtaken(project=project, request_id=request_id):
            return Message(
                "Your click changed nothing: {project} was worked on since, under {id}. Use the card of that"
                " request.",
                project=refs.name(project),
                id=refs.name(request_id),
            )
        case refusals.NeverFailed(run_id=run_id):
            return Message("{id} has never failed, so there is nothing to tell.", id=refs.name(run_id))
    return None
