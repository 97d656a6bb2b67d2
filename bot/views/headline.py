"""What state a request is in, and the words of that state about this very request."""

from __future__ import annotations

from collections.abc import Mapping

from approvals.model import RequestStatus
from bot.model.request_view import RequestView
from bot.views.phrases import deciders, pointer, stays
from bot.views.states import ROWS, Row, State, state_of_request, state_of_run
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
