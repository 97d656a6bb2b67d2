"""What the card of a run that stopped can ask for: its rollback, its deletion, its continuation.

Each is a `Submission` like any other; only its key and what it holds are made from the run, not typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from approvals.errors import AlreadyPending
from approvals.model import Actor
from bot.model.refusals import Overtaken
from bot.model.submission import Submission, SubmissionKind, SubmissionState
from bot.storage.database import UnitOfWork
from provisioner.engine.run import Run
from provisioner.engine.stage import Goal
from provisioner.message import Json


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What a button of a card asks for."""

    verb: str  # in the audit log and in the key
    kind: SubmissionKind
    spec: Mapping[str, Json]


def deletion(run: Run, verb: str) -> FollowUp:
    """Holds what the person saw: a run that has gone on by the time of the answer is not meant."""
    seen = f"{run.id}:{run.attempt}"
    return FollowUp(verb, SubmissionKind.DELETE, {"project": run.asked.project, "why": "", "run": seen})


def continuation(run: Run) -> FollowUp:
    """The same goal again."""
    if run.goal is Goal.ABSENT:
        return deletion(run, "continue")
    return FollowUp("continue", SubmissionKind.CREATE, run.asked.to_json())


def submit(
    unit: UnitOfWork, actor: Actor, run: Run, wanted: FollowUp, now: datetime, channel: str, thread_ts: str
) -> bool:
    """One submission a person, until it is answered or what came of it has ended. False: it is under way.

    The key has the newest request of the project in it: pressed again after that one was rejected, it is
    another ask. One that was refused, and so led to no request, is taken up anew.
    """
    project = run.asked.project
    newest, pending = unit.runs.latest(project), unit.requests.pending_for(project)
    if newest is not None and newest.id != run.id:
        raise Overtaken(project, newest.reference)
    if pending is not None:
        raise AlreadyPending(pending.id, project)
    last = unit.requests.latest_for(project)
    submission = Submission(
        key=f"{run.id}:{run.attempt}/{wanted.verb}/{actor.id}/{last.id if last else ''}",
        kind=wanted.kind,
        team=actor.team,
        user=actor.id,
        channel=channel,
        at=now,
        locale=actor.locale,
        thread_ts=thread_ts,
        spec=wanted.spec,
    )
    before = unit.submissions.get(submission.key)
    if before is not None and before.state is not SubmissionState.CLOSED:
        return False
    if before is None:
        unit.submissions.add(submission)
    else:
        unit.submissions.save(submission)
    return True
