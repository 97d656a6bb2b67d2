"""The first line of a run's card, and the sentence that stands for the whole card."""

from __future__ import annotations

from typing import TypeAlias

from bot.views.phrases import name, person, stays
from bot.views.request_view import RelatedRequest, RequestView
from provisioner.engine.run import Failure, Run, RunStatus, StageStatus
from provisioner.engine.stage import Goal
from provisioner.message import Message, Ref

Headline: TypeAlias = tuple[Message, Message]


def headline(case: RequestView, run: Run) -> Headline:
    """Title, and a full sentence for notifications and screen readers."""
    taken = case.later
    gone = run.goal is Goal.ABSENT and run.status is RunStatus.SUCCEEDED
    if taken is not None and taken.deletes and not gone:
        return _overtaken(run, taken)
    match run.status:
        case RunStatus.SUCCEEDED:
            return _done(case, run)
        case RunStatus.FAILED:
            return _failed(case, run)
        case RunStatus.CANCELLED:
            return _cancelled(case, run)
        case RunStatus.PARKED:
            return _parked(run)
        case _:
            return _under_way(run)


def failed_stage(run: Run, failure: Failure | None) -> Message:
    """The title of the stage that failed; its stored name where the plan has no such stage."""
    stage = failure.stage if failure else ""
    found = next((planned.title for planned in run.plan.stages if planned.stage == stage), None)
    return found or Message("{name}", name=name(stage))


def _count(run: Run) -> tuple[Ref, int, int]:
    """The project, and how many of its stages are done; what is left because it is not ours is none."""
    stages = [run.progress(stage.stage) for stage in run.plan.stages]
    ours = [stage for stage in stages if not stage.stays]
    return name(run.asked.project), sum(stage.status is StageStatus.DONE for stage in ours), len(ours)


def _overtaken(run: Run, by: RelatedRequest) -> Headline:
    project, number = name(run.asked.project), name(by.id)
    return (
        Message("{project}: its deletion is {id}", project=project, id=number),
        Message("{id} is the deletion of what was made of {project}.", project=project, id=number),
    )


def _done(case: RequestView, run: Run) -> Headline:
    project = name(run.asked.project)
    if run.goal is Goal.ABSENT and run.stays:
        return (
            Message("{project} is gone; what is not ours stays", project=project),
            Message(
                "Workspace {project} was deleted: it was looked for on every system, and only what is not"
                " ours was found.",
                project=project,
            ),
        )
    if run.goal is Goal.ABSENT:
        return (
            Message("{project} is gone", project=project),
            Message(
                "Workspace {project} was deleted: it was looked for on every system and not found.",
                project=project,
            ),
        )
    return (
        Message("{project} is ready", project=project),
        Message(
            "Workspace {project} for {who} is ready: everything was made and looked at again.",
            project=project,
            who=person(case.request.asked_by),
        ),
    )


def _failed(case: RequestView, run: Run) -> Headline:
    (project, done, n), stage = _count(run), failed_stage(run, run.failure)
    left = stays(run.goal, case.inventory)
    if run.goal is Goal.ABSENT:
        return (
            Message(
                "Deleting {project} failed at {stage}: {done} of {n} gone",
                project=project,
                stage=stage,
                done=done,
                n=n,
            ),
            Message(
                "Deleting {project} failed at {stage} with {done} of {n} stages gone. {left}",
                left=left,
                project=project,
                stage=stage,
                done=done,
                n=n,
            ),
        )
    return (
        Message(
            "{project} failed at {stage}: {done} of {n} done", project=project, stage=stage, done=done, n=n
        ),
        Message(
            "Creating {project} failed at {stage} after {done} of {n} stages. {left}",
            left=left,
            project=project,
            stage=stage,
            done=done,
            n=n,
        ),
    )


def _cancelled(case: RequestView, run: Run) -> Headline:
    (project, done, n), left = _count(run), stays(run.goal, case.inventory)
    if run.goal is Goal.ABSENT:
        return (
            Message("Deleting {project} was cancelled: {done} of {n} gone", project=project, done=done, n=n),
            Message(
                "Deleting {project} was cancelled with {done} of {n} stages gone. {left}",
                left=left,
                project=project,
                done=done,
                n=n,
            ),
        )
    return (
        Message("{project} was cancelled: {done} of {n} done", project=project, done=done, n=n),
        Message(
            "Creating {project} was cancelled after {done} of {n} stages. {left}",
            left=left,
            project=project,
            done=done,
            n=n,
        ),
    )


def _parked(run: Run) -> Headline:
    project = name(run.asked.project)
    if run.goal is Goal.ABSENT:
        return (
            Message("Deleting {project} is stopped: it needs a new approval", project=project),
            Message(
                "The systems changed since the deletion of {project} was approved. The new plan has to be"
                " approved.",
                project=project,
            ),
        )
    return (
        Message("{project} is stopped: it needs a new approval", project=project),
        Message(
            "The systems changed since {project} was approved. The new plan has to be approved.",
            project=project,
        ),
    )


def _under_way(run: Run) -> Headline:
    project, done, n = _count(run)
    if run.goal is Goal.ABSENT:
        return (
            Message("Deleting {project}: {done} of {n} gone", project=project, done=done, n=n),
            Message(
                "Deleting workspace {project}: {done} of {n} stages are gone.",
                project=project,
                done=done,
                n=n,
            ),
        )
    return (
        Message("Creating {project}: {done} of {n} done", project=project, done=done, n=n),
        Message(
            "Creating workspace {project}: {done} of {n} stages are done.",
            project=project,
            done=done,
            n=n,
        ),
    )
