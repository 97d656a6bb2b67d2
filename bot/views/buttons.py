"""The buttons: those of a card, by the row of its state, and those that open the form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass

from bot.model.card import Action, Button, Confirm, Style
from bot.model.request_view import RequestView
from bot.views.headline import row_of
from bot.views.phrases import stays
from bot.views.plan import lost_in_short
from provisioner.engine.run import RunStatus, StageStatus
from provisioner.engine.stage import Goal
from provisioner.message import Message, listed, literal

_MOST = 4

NEW_FORM = Button(Action.OPEN_FORM, Message("New workspace…"), "new", Style.PRIMARY)


def filled_form(key: str) -> Button:
    """The form with what was typed: kept under `key`, by the edge or with a submission."""
    return Button(Action.OPEN_FORM, Message("Open the form…"), key, Style.PRIMARY)


def card_buttons(case: RequestView) -> tuple[Button, ...]:
    """Those of its state that do something now, four at most, so that a phone shows one row."""
    offered = [action for action in row_of(case).buttons if _makes_sense(action, case)]
    if len(offered) > _MOST:
        offered.remove(Action.STATUS)
    return tuple(_button(action, case) for action in offered)


def _makes_sense(action: Action, case: RequestView) -> bool:
    taken = case.later is not None  # the next step was requested already
    status = case.run.status if case.run else None
    match action:
        case Action.RETRY | Action.CONTINUE:
            return not taken
        case Action.ROLL_BACK | Action.DELETE:
            return not taken and case.removable
        case Action.CANCEL if status is RunStatus.PARKED:
            # A new plan that waits for a decision is ended by that decision.
            return case.later is None or case.later.goal is not case.goal
        case Action.CANCEL if status is RunStatus.FAILED:
            return not taken
        case _:
            return True


def _button(action: Action, case: RequestView) -> Button:
    looks, run = _LOOKS[action], case.run
    spoken = looks.deletion if looks.deletion is not None and _deletes(case) else looks.spoken
    return Button(
        action,
        looks.label,
        case.project if action is Action.STATUS else run.id if run is not None else case.id,
        _style(action, case),
        looks.confirm(case) if looks.confirm is not None else None,
        spoken.given({"project": literal(case.project)}),
    )


def _style(action: Action, case: RequestView) -> Style:
    match action:
        case Action.APPROVE if _deletes(case):
            return Style.DANGER
        case Action.REJECT if _deletes(case):  # one of the two stands out
            return Style.PLAIN
        case Action.CANCEL if case.run is not None and case.run.status is RunStatus.FAILED:
            return Style.PLAIN
    return _LOOKS[action].style


def _deletes(case: RequestView) -> bool:
    return case.goal is Goal.ABSENT


def _approval(case: RequestView) -> Confirm:
    project, request = literal(case.project), case.request
    last = request.approvals + 1 >= request.gate.needed
    if not last:
        text = Message("Another approver must also approve before the run starts.")
    elif _deletes(case):
        text = lost_in_short(case.proposal.plan)
    else:
        text = Message("The run starts immediately and creates only what this plan lists.")
    return Confirm(
        Message("Permanently delete {project}?", project=project)
        if _deletes(case)
        else Message("Approve {project}?", project=project),
        text,
        Message("Delete permanently") if _deletes(case) and last else Message("Approve"),
        Message("Not yet"),
    )


def _cancellation(case: RequestView) -> Confirm:
    """Of a run that failed, or is parked, it ends the work; nothing is under way that could be stopped."""
    project, stopped = literal(case.project), case.run is not None and case.run.status in _STOPPED
    stops = (
        Message("The run ends and can't be retried.")
        if stopped
        else Message("The run stops before its next change.")
    )
    return Confirm(
        Message("Cancel deleting {project}?", project=project)
        if _deletes(case)
        else Message("Cancel creating {project}?", project=project),
        Message("{stops} {left}", stops=stops, left=_left(case)),
        Message("Cancel run"),
        Message("Back") if stopped else Message("Keep running"),
    )


def _left(case: RequestView) -> Message:
    """What stays when it is cancelled now."""
    run = case.run
    if run is None or run.status in _STOPPED:
        return stays(case.goal, case.inventory)
    pending = StageStatus.PENDING
    begun = [one.title for one in run.plan.stages if run.progress(one.stage).status is not pending]
    if _deletes(case):
        return stays(case.goal, None) if begun else Message("Nothing has been deleted yet.")
    if not begun:
        return Message("Nothing has been created yet.")
    return Message("Resources of these stages are kept: {listed}.", listed=listed(begun))


def _rollback(case: RequestView) -> Confirm:
    title = Message("Request a rollback of {project}?", project=literal(case.project))
    return Confirm(title, _ONLY_REQUESTED, Message("Request rollback"), Message("Keep it"))


def _deletion(case: RequestView) -> Confirm:
    title = Message("Request deletion of {project}?", project=literal(case.project))
    return Confirm(title, _ONLY_REQUESTED, Message("Request deletion"), Message("Keep it"))


_ONLY_REQUESTED = Message(
    "This requests deletion of all existing resources, including data. Nothing is deleted until someone else"
    " approves the plan."
)
_STOPPED = frozenset({RunStatus.FAILED, RunStatus.PARKED})


@dataclass(frozen=True, slots=True)
class _Looks:
    label: Message
    spoken: Message  # for screen readers, with the {project}
    deletion: Message | None = None  # in its place where a deletion is meant
    _: KW_ONLY
    style: Style = Style.PLAIN
    confirm: Callable[[RequestView], Confirm] | None = None


_LOOKS: Mapping[Action, _Looks] = {
    Action.APPROVE: _Looks(
        Message("Approve"),
        Message("Approve the request for {project}"),
        Message("Approve deleting {project}"),
        style=Style.PRIMARY,
        confirm=_approval,
    ),
    Action.REJECT: _Looks(
        Message("Reject…"),
        Message("Reject the request for {project} (requires a reason)"),
        style=Style.DANGER,
    ),
    Action.WITHDRAW: _Looks(Message("Withdraw"), Message("Withdraw my request for {project}")),
    Action.STATUS: _Looks(Message("View status"), Message("View status of {project}")),
    Action.CANCEL: _Looks(
        Message("Cancel"),
        Message("Cancel creating {project}"),
        Message("Cancel deleting {project}"),
        style=Style.DANGER,
        confirm=_cancellation,
    ),
    Action.RETRY: _Looks(
        Message("Retry"),
        Message("Retry creating {project} from the failed stage"),
        Message("Retry deleting {project} from the failed stage"),
        style=Style.PRIMARY,
    ),
    Action.ROLL_BACK: _Looks(
        Message("Roll back"),
        Message("Roll back {project} (requires approval)"),
        style=Style.DANGER,
        confirm=_rollback,
    ),
    Action.DETAILS: _Looks(Message("View details"), Message("View failure details of {project}")),
    Action.CONTINUE: _Looks(
        Message("Continue"),
        Message("Request approval to continue creating {project}"),
        Message("Request approval to continue deleting {project}"),
        style=Style.PRIMARY,
    ),
    Action.DELETE: _Looks(
        Message("Delete"),
        Message("Delete resources of {project} (requires approval)"),
        style=Style.DANGER,
        confirm=_deletion,
    ),
}
