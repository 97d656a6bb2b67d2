"""What state a request is in, and the words of that state about this very request."""

from __future__ import annotations

from collections.abc import Mapping

from approvals.model import RequestStatus
from bot.model.card import Mark
from bot.model.request_view import ProjectSummary, RequestView
from bot.views.phrases import deciders, pointer, stays
from bot.views.states import ROWS, Row, State
from provisioner.engine.run import Failure, Run, RunStatus, StageStatus
from provisioner.engine.stage import Goal
from provisioner.message import Message, Value, named, person


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
