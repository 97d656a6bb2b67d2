"""The buttons: those of a card, by the row of its state, and those that open the form."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.model.card import Action, Button, Confirm, Style
from bot.model.request_view import RequestView
from bot.views.headline import row_of
from bot.views.phrases import stays
from bot.views.plan import lost_in_short
from provisioner.engine.run import Run, RunStatus, StageStatus
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
    return tuple(_BUTTONS[action](case) for action in offered)


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


def _approve(case: RequestView) -> Button:
    project, deletion = literal(case.project), case.goal is Goal.ABSENT
    return Button(
        Action.APPROVE,
        Message("Approve"),
        case.id,
        Style.DANGER if deletion else Style.PRIMARY,
        _confirm_approval(case),
        Message("Approve deleting {project}", project=project)
        if deletion
        else Message("Approve the request for {project}", project=project),
    )


def _confirm_approval(case: RequestView) -> Confirm:
    project, request = literal(case.project), case.request
    last = request.approvals + 1 >= request.gate.needed
    deletion = case.goal is Goal.ABSENT
    title = (
        Message("Permanently delete {project}?", project=project)
        if deletion
        else Message("Approve {project}?", project=project)
    )
    if not last:
        text = Message("Another approver must also approve before the run starts.")
    elif deletion:
        text = lost_in_short(case.proposal.plan)
    else:
        text = Message("The run starts immediately and creates only what this plan lists.")
    return Confirm(
        title,
        text,
        Message("Delete permanently") if deletion and last else Message("Approve"),
        Message("Not yet"),
    )


def _reject(case: RequestView) -> Button:
    return Button(
        Action.REJECT,
        Message("Reject…"),
        case.id,
        Style.PLAIN if case.goal is Goal.ABSENT else Style.DANGER,  # one of the two stands out
        spoken=Message("Reject the request for {project} (requires a reason)", project=literal(case.project)),
    )


def _withdraw(case: RequestView) -> Button:
    return Button(
        Action.WITHDRAW,
        Message("Withdraw"),
        case.id,
        spoken=Message("Withdraw my request for {project}", project=literal(case.project)),
    )


def _run(case: RequestView) -> Run:
    if case.run is None:
        raise ValueError(f"{case.id} has no run that a button could be about")
    return case.run


def _status(case: RequestView) -> Button:
    run = _run(case)
    spoken = Message("View status of {project}", project=_project(run))
    return Button(Action.STATUS, Message("View status"), run.asked.project, spoken=spoken)


def _cancel(case: RequestView) -> Button:
    """Of a run that failed, or is parked, it ends the work; nothing is under way that could be stopped."""
    run = _run(case)
    deleting, failed = run.goal is Goal.ABSENT, run.status is RunStatus.FAILED
    stops = (
        Message("The run ends and can't be retried.")
        if failed or run.status is RunStatus.PARKED
        else Message("The run stops before its next change.")
    )
    return Button(
        Action.CANCEL,
        Message("Cancel"),
        run.id,
        Style.PLAIN if failed else Style.DANGER,
        Confirm(
            Message("Cancel deleting {project}?", project=_project(run))
            if deleting
            else Message("Cancel creating {project}?", project=_project(run)),
            Message("{stops} {left}", stops=stops, left=_left(case, run)),
            Message("Cancel run"),
            Message("Back") if failed or run.status is RunStatus.PARKED else Message("Keep running"),
        ),
        Message("Cancel deleting {project}", project=_project(run))
        if deleting
        else Message("Cancel creating {project}", project=_project(run)),
    )


def _left(case: RequestView, run: Run) -> Message:
    """What stays when it is cancelled now."""
    if run.status in {RunStatus.FAILED, RunStatus.PARKED}:
        return stays(run.goal, case.inventory)
    pending = StageStatus.PENDING
    begun = [one.title for one in run.plan.stages if run.progress(one.stage).status is not pending]
    if run.goal is Goal.ABSENT:
        return stays(run.goal, None) if begun else Message("Nothing has been deleted yet.")
    if not begun:
        return Message("Nothing has been created yet.")
    return Message("Resources of these stages are kept: {listed}.", listed=listed(begun))


def _retry(case: RequestView) -> Button:
    run = _run(case)
    return Button(
        Action.RETRY,
        Message("Retry"),
        run.id,
        Style.PRIMARY,
        spoken=Message("Retry deleting {project} from the failed stage", project=_project(run))
        if run.goal is Goal.ABSENT
        else Message("Retry creating {project} from the failed stage", project=_project(run)),
    )


def _roll_back(case: RequestView) -> Button:
    run = _run(case)
    return Button(
        Action.ROLL_BACK,
        Message("Roll back"),
        run.id,
        Style.DANGER,
        Confirm(
            Message("Request a rollback of {project}?", project=_project(run)),
            Message(
                "This requests deletion of all existing resources, including data. Nothing is deleted until"
                " someone else approves the plan."
            ),
            Message("Request rollback"),
            Message("Keep it"),
        ),
        Message("Roll back {project} (requires approval)", project=_project(run)),
    )


def _details(case: RequestView) -> Button:
    run = _run(case)
    spoken = Message("View failure details of {project}", project=_project(run))
    return Button(Action.DETAILS, Message("View details"), run.id, spoken=spoken)


def _continue(case: RequestView) -> Button:
    run = _run(case)
    return Button(
        Action.CONTINUE,
        Message("Continue"),
        run.id,
        Style.PRIMARY,
        spoken=Message("Request approval to continue deleting {project}", project=_project(run))
        if run.goal is Goal.ABSENT
        else Message("Request approval to continue creating {project}", project=_project(run)),
    )


def _delete(case: RequestView) -> Button:
    run = _run(case)
    return Button(
        Action.DELETE,
        Message("Delete"),
        run.id,
        Style.DANGER,
        Confirm(
            Message("Request deletion of {project}?", project=_project(run)),
            Message(
                "This requests deletion of all existing resources, including data. Nothing is deleted until"
                " someone else approves the plan."
            ),
            Message("Request deletion"),
            Message("Keep it"),
        ),
        Message("Delete resources of {project} (requires approval)", project=_project(run)),
    )


def _project(run: Run) -> Message:
    return literal(run.asked.project)


_BUTTONS: Mapping[Action, Callable[[RequestView], Button]] = {
    Action.APPROVE: _approve,
    Action.REJECT: _reject,
    Action.WITHDRAW: _withdraw,
    Action.STATUS: _status,
    Action.CANCEL: _cancel,
    Action.RETRY: _retry,
    Action.ROLL_BACK: _roll_back,
    Action.DETAILS: _details,
    Action.CONTINUE: _continue,
    Action.DELETE: _delete,
}
