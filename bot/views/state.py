"""What state a request is in, and what is said and offered there about this very request: title, sentence,
clause, mark and buttons. The table of all states is `bot/views/states.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass

from approvals.model import RequestStatus
from bot.model.card import Action, Button, Confirm, Mark, Style
from bot.model.request_view import ProjectSummary, RequestView
from bot.views.phrases import deciders, pointer, stays
from bot.views.states import ROWS, Row, State
from provisioner.engine.run import STOPPED, Failure, Run, RunStatus, StageStatus
from provisioner.engine.stage import Change, Goal, Plan, Verb
from provisioner.message import Message, Value, itemised, listed, literal, named, person

_BUTTONS_MOST = 4


def state_of(case: RequestView) -> State:
    run, later = case.run, case.later
    if run is None:
        return state_of_request(case.request.status)
    if run.reference != case.request.id:
        return State.CONTINUED
    deleted = run.goal is Goal.ABSENT and run.status is RunStatus.SUCCEEDED
    if later is not None and later.deletes and not deleted:
        return State.OVERTAKEN
    return state_of_run(run)


def state_of_request(status: RequestStatus) -> State:
    """Of one without a run; that is made in the moment of the approval, and tells more."""
    return State.QUEUED if status is RequestStatus.APPROVED else State(status.value)


def state_of_run(run: Run) -> State:
    """Of a run by itself: what came after it, `state_of` knows."""
    if run.status is RunStatus.SUCCEEDED and run.goal is Goal.ABSENT and run.not_owned:
        return State.NOT_ALL_OURS
    return State.RUNNING if run.status is RunStatus.WAITING else State(run.status.value)


def row_of(case: RequestView) -> Row:
    return ROWS[case.goal, state_of(case)]


def headline(case: RequestView) -> tuple[Message, Message]:
    """Title, and a full sentence for notifications and screen readers."""
    row, values = row_of(case), facts(case)
    return row.title.given(values), row.sentence.given(values)


def facts(case: RequestView) -> Mapping[str, Value]:
    """The values that a row's templates may name, as far as there are any."""
    request, run, later = case.request, case.run, case.later
    values: dict[str, Value] = {
        "project": named(case.project),
        "who": person(request.asked_by),
        "id": named(request.id),
        "until": request.open_until,
        "left": _left(case),
        "done": 0,
        "n": len(case.proposal.plan.stages),
    }
    if request.decisions:
        rejected = request.status is RequestStatus.REJECTED
        values["by"] = person(request.decisions[-1].actor) if rejected else deciders(request)
    if run is not None:
        stages = [run.progress(stage.stage) for stage in run.plan.stages]
        ours = [stage for stage in stages if not stage.not_owned]
        values |= {"done": sum(stage.status is StageStatus.DONE for stage in ours), "n": len(ours)}
        values["stage"] = failed_stage(run, run.failure)
        values["at"] = run.ended_at or run.created_at
    if run is not None and run.reference != request.id:
        values["id"] = named(run.reference)
    elif later is not None and later.deletes:
        values["id"] = pointer(later)
    return values


def failed_stage(run: Run, failure: Failure | None) -> Message:
    """The title of the stage that failed; its stored name where the plan has no such stage."""
    stage = failure.stage if failure else ""
    found = next((planned.title for planned in run.plan.stages if planned.stage == stage), None)
    return found or Message("{name}", name=named(stage))


def _left(case: RequestView) -> Message:
    if case.run is not None or case.request.status is RequestStatus.APPROVED:
        return stays(case.goal, case.inventory)
    if case.proposal.run_id:  # the new plan of a run that was parked
        return Message("Existing resources are kept.")
    return Message("Nothing was deleted.") if case.goal is Goal.ABSENT else Message("Nothing was created.")


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


NEW_FORM = Button(Action.OPEN_FORM, Message("New workspace…"), "new", Style.PRIMARY)


def filled_form(key: str) -> Button:
    """The form with what was typed: kept under `key`, by the edge or with a submission."""
    return Button(Action.OPEN_FORM, Message("Open the form…"), key, Style.PRIMARY)


def card_buttons(case: RequestView) -> tuple[Button, ...]:
    """Those of its state that do something now, four at most, so that a phone shows one row."""
    offered = [action for action in row_of(case).buttons if _makes_sense(action, case)]
    if len(offered) > _BUTTONS_MOST:
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
    project, stopped = literal(case.project), case.run is not None and case.run.status in STOPPED
    stops = (
        Message("The run ends and can't be retried.")
        if stopped
        else Message("The run stops before its next change.")
    )
    return Confirm(
        Message("Cancel deleting {project}?", project=project)
        if _deletes(case)
        else Message("Cancel creating {project}?", project=project),
        Message("{stops} {left}", stops=stops, left=_left_now(case)),
        Message("Cancel run"),
        Message("Back") if stopped else Message("Keep running"),
    )


def _left_now(case: RequestView) -> Message:
    """What stays when it is cancelled now."""
    run = case.run
    if run is None or run.status in STOPPED:
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


def lost_in_short(plan: Plan) -> Message:
    """For a question that has room for a few lines."""
    n = len(plan.changes)
    said = Message(
        "This can't be undone. {n} resource will be deleted.",
        plural="This can't be undone. {n} resources will be deleted.",
        n=n,
    )
    if not plan.dangers:
        return said
    lost = itemised(change_line(change) for change in plan.dangers)
    return Message("{said} Permanently deleted data: {listed}", said=said, listed=lost)


def change_line(change: Change) -> Message:
    """The heading says whether it is made or deleted; only what half exists says more."""
    line = change.target
    if change.verb is Verb.UPDATE:
        line = Message("{target} (update)", target=line)
    return Message("{line} — {detail}", line=line, detail=change.detail) if change.detail else line
