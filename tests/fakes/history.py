"""Years of use, stored as the bot would have left it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from approvals.model import Decision, RequestId, RequestStatus, Verdict
from bot.model.request_view import ACTIONS, Proposal
from bot.model.tracked_message import MessageState, TrackedMessage
from bot.storage.database import Database
from provisioner.engine.run import Run, RunStatus
from provisioner.engine.stage import Goal, Plan
from tests.builders import NOON, a_failure, a_plan, a_request, a_run, a_spec, a_subject, a_thread
from tests.fakes.people import BOB, MINA


@dataclass(frozen=True, slots=True)
class Work:
    """One request of a project, what it came to, and where its card stands."""

    project: str
    status: RunStatus | None = None  # of its run; None: it waits for a decision
    goal: Goal = Goal.PRESENT
    user: str = MINA


def live(names: Iterable[str], user: str = MINA) -> list[Work]:
    return [Work(name, RunStatus.SUCCEEDED, user=user) for name in names]


def deleted(names: Iterable[str], user: str = MINA) -> list[Work]:
    """Made, and deleted since."""
    done, names = RunStatus.SUCCEEDED, list(names)
    return [Work(name, done, goal, user) for name in names for goal in (Goal.PRESENT, Goal.ABSENT)]


def store(database: Database, works: Iterable[Work]) -> None:
    """Each a minute after the one before it. Cards of what has ended stand; the others are to be posted."""
    with database.unit() as unit:
        for minutes, work in enumerate(works):
            request_id = unit.requests.next_id()
            at, plan = NOON + timedelta(minutes=minutes), a_plan(goal=work.goal)
            yes = Decision(actor=BOB, verdict=Verdict.APPROVE, at=at)
            request = a_request(
                request_id,
                subject=a_subject(work.project, action=ACTIONS[work.goal]),
                asked_by=work.user,
                asked_at=at,
                status=RequestStatus.APPROVED if work.status else RequestStatus.PENDING,
                decisions=[yes] if work.status else [],
                ended_at=at if work.status else None,
            )
            unit.requests.add(request)
            unit.proposals.add(
                Proposal(request_id=request_id, asked=a_spec(work.project), plan=plan, locale="en-US")
            )
            if work.status is not None:
                unit.runs.add(_run(request_id, work, work.status, plan))
            unit.messages.add(_card(request_id, work))
        unit.commit()


def _run(request_id: RequestId, work: Work, status: RunStatus, plan: Plan) -> Run:
    failed = status is RunStatus.FAILED
    run = a_run(f"{request_id}.1", work.project, status=status, plan=plan, ended_at=NOON)
    return replace(run, failure=a_failure(), inventory=(), ended_at=None) if failed else run


def _card(request_id: RequestId, work: Work) -> TrackedMessage:
    if work.status is not RunStatus.SUCCEEDED:
        return a_thread(request_id)
    link = f"https://chat.example/{request_id}"
    return a_thread(request_id, state=MessageState.CLOSED, ts=f"1764000000.{request_id[4:]}", link=link)
