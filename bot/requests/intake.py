"""Answers what was asked: policy, a live look at the systems, then a request, or every reason why not.

Never runs in a handler. No submission waits for another, and a live look for no request: each has a lane.
Each is answered in one transaction; a kill before it leaves the submission as it was, and answering again
finds the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from time import monotonic
from typing import TypeAlias, assert_never

import structlog

from approvals.errors import AlreadyPending
from approvals.model import Gate, RequestId
from bot.model.card import Mark
from bot.model.people import People, PeopleUnknown
from bot.model.refusals import Overtaken
from bot.model.submission import Submission, SubmissionKind, SubmissionState
from bot.requests.lifecycle import Opening, obstacle, subject_of, unknown
from bot.requests.service import Wake
from bot.storage.database import ReadUnit, UnitOfWork
from bot.texts import refusal
from bot.views.request import reasons as reasons_of
from bot.views.status import Finding
from provisioner.diagnosis import ASK
from provisioner.engine.inspection import Inspector, Preflight, Preview, Refused, StageInspection
from provisioner.engine.run import STOPPED, Clock, Run
from provisioner.engine.stage import Change, Goal, Verb
from provisioner.message import Json, Message, Value, named
from provisioner.retry import backoff
from provisioner.vendor_call import Temporary, Unanswered, WorkError
from provisioner.workspace import Platform, Workspace, WorkspaceSpec, problems

log = structlog.get_logger()

_REQUESTS_AT_ONCE, _LOOKS_AT_ONCE = 8, 4
_TRIES = 4
_AGAIN, _AGAIN_MOST = timedelta(seconds=3), timedelta(seconds=12)
"""A system that cannot be asked now is asked again so often before the person hears of it."""
_PEOPLE_AGAIN = timedelta(seconds=15)
"""Without the chat nobody can be told anything, so that is waited for, however long it takes."""

Start: TypeAlias = Callable[[Callable[[], None]], None]


def in_a_thread(work: Callable[[], None]) -> None:
    """One that keeps no process from ending: what is not answered is answered by the next."""
    threading.Thread(target=work, name="answer", daemon=True).start()


@dataclass(slots=True, kw_only=True, eq=False)
class Intake:
    """One submission at a time; several desks in several threads do not disturb each other."""

    units: Callable[[], UnitOfWork]
    reads: Callable[[], ReadUnit]
    inspector: Inspector
    preflight: Preflight
    opening: Opening
    people: People
    platform: Platform
    clock: Clock
    wake: Wake
    new_reference: Callable[[], str]
    asked: Callable[[], None] | None = None  # when a person asks, before the systems are looked at
    start: Start = in_a_thread  # begins to answer one submission

    _lanes: tuple[Lane, ...] = field(init=False)

    def __post_init__(self) -> None:
        look = frozenset({SubmissionKind.LOOK})
        requests = frozenset(SubmissionKind) - look
        self._lanes = (
            Lane(requests, at_once=_REQUESTS_AT_ONCE, freed=self.wake, start=self.start),
            Lane(look, at_once=_LOOKS_AT_ONCE, freed=self.wake, start=self.start),
        )

    def process_due(self) -> int:
        """Begin to answer what is due and has room; how many. Each error is one submission's own."""
        in_hand = {key for lane in self._lanes for key in lane.in_hand()}  # before it is read what is due
        now = self.clock.now()
        with self.reads() as unit:
            if not unit.submissions.due(SubmissionState.NEW, now, 1):
                return 0
            due = [
                unit.submissions.due(SubmissionState.NEW, now, lane.at_once, kinds=lane.kinds)
                for lane in self._lanes
            ]
        return sum(
            lane.take([each for each in some if each.key not in in_hand], self.answer)
            for lane, some in zip(self._lanes, due, strict=True)
        )

    def stop(self, within: float = 5.0) -> None:
        """Once `process_due` is called no more: let those in hand end, for so many seconds.

        What hangs longer is answered by the next process.
        """
        end = monotonic() + within
        for lane in self._lanes:
            if not lane.wait(max(end - monotonic(), 0)):
                log.warning("submissions left", submissions=sorted(lane.in_hand()))

    def answer(self, submission: Submission) -> None:
        """One submission, as it was read. What somebody else has answered meanwhile stays as it is."""
        try:
            match submission.kind:
                case SubmissionKind.CREATE:
                    self._create(submission)
                case SubmissionKind.DELETE:
                    self._delete(submission)
                case SubmissionKind.LOOK | SubmissionKind.STATUS:
                    self._look(submission)
        except PeopleUnknown as error:
            log.warning("asker unknown", submission=submission.key, why=str(error))
            self._save(replace(submission, next_at=self.clock.now() + _PEOPLE_AGAIN))
        except Exception as error:  # noqa: BLE001 logged with its trace in _broke
            self._broke(submission, error)

    def _broke(self, submission: Submission, error: Exception) -> None:
        """A bug: the person gets the reference, the log gets the trace."""
        reference = self.new_reference()
        log.error("submission broke", submission=submission.key, reference=reference, exc_info=error)
        if submission.tries < _TRIES:
            self._postpone(submission)
            return
        what = Message(
            "An internal error occurred. Send reference {reference} to the bot's operator.",
            reference=named(reference),
        )
        self._refuse(submission, [what])

    # ----------------------------------------------------------------------------------- requests

    def _create(self, submission: Submission) -> None:
        asked = WorkspaceSpec.from_json(submission.spec)
        wrong = [problem.message for problem in problems(asked, self.platform)]
        if wrong:
            self._refuse(submission, wrong)
        else:
            self._propose(submission, asked, Goal.PRESENT)

    def _delete(self, submission: Submission) -> None:
        """What the project's newest run was made with is looked for; without one, what is usual."""
        project = str(submission.spec["project"])
        run, made_with = self._newest(project)
        asked = replace(made_with, why=str(submission.spec.get("why", "")))
        wrong = [one.message for one in problems(asked, self.platform) if one.field == "project"]
        if run is None and wrong:  # no workspace can have that name: it may be the platform's own
            self._refuse(submission, wrong)
        else:
            self._propose(submission, asked, Goal.ABSENT)

    def _propose(self, submission: Submission, asked: WorkspaceSpec, goal: Goal) -> None:
        asker = self.people.actor(submission.user)  # before the systems, which take longer
        if self.asked and not submission.tries:
            self.asked()
        preview = self.inspector.preview(Workspace(asked, self.platform), goal)
        gate, refused = self.opening.gate(asker, subject_of(asked, goal, preview.plan))
        unmade = (*self.preflight.refusals(), *preview.refusals, *preview.foreign)
        reasons = [*refused, *reasons_of(unmade, ASK, goal)]
        if _may_pass(unmade) and submission.tries < _TRIES:
            self._postpone(submission)
        elif (why_not := self._open(submission, asked, gate, preview, reasons)) is not None:
            self._refuse(submission, why_not)

    def _open(
        self,
        submission: Submission,
        asked: WorkspaceSpec,
        gate: Gate | None,
        preview: Preview,
        reasons: Sequence[Message],
    ) -> Sequence[Message] | None:
        """The request, its plan, its card and its record: all or nothing, or the reasons why not."""
        plan = preview.plan
        try:
            with self.units() as unit:
                if not _waits(unit, submission):
                    return None
                if (taken := _obstacle(unit, submission, preview.goal)) is not None:
                    return [taken, *reasons]
                if plan is not None and not plan.changes:
                    return [*reasons, *_nothing_to_do(unit, asked.project, preview)]
                if reasons or gate is None or plan is None:
                    return reasons
                self.opening.open(unit, submission, asked, plan, gate)
                unit.submissions.save(replace(submission, state=SubmissionState.CLOSED, next_at=None))
                unit.commit()
        except AlreadyPending as no:  # somebody else, in this very moment
            return [refusal(no)]
        return None

    # -------------------------------------------------------------------------------------- look

    def _look(self, submission: Submission) -> None:
        """What the systems say now of what the newest run was to make."""
        project = str(submission.spec["project"])
        run, asked = self._newest(project)
        goal = run.goal if run else Goal.PRESENT
        preview = self.inspector.preview(Workspace(asked, self.platform), goal)
        findings: list[Json] = [_finding(found).to_json() for found in preview.inspections]
        self._answered(submission, {"findings": findings, "goal": goal.value})

    def _newest(self, project: str) -> tuple[Run | None, WorkspaceSpec]:
        """The project's newest run, and what it was made with; without one, what is usual here."""
        with self.reads() as unit:
            run = unit.runs.latest(project)
        return run, run.asked if run else WorkspaceSpec(project=project, spec=self.platform.usual_spec)

    # ----------------------------------------------------------------------------------- outcomes

    def _refuse(self, submission: Submission, reasons: Sequence[Message]) -> None:
        log.info("submission refused", submission=submission.key, reasons=[str(reason) for reason in reasons])
        self._answered(submission, {"reasons": [reason.to_json() for reason in reasons]})

    def _answered(self, submission: Submission, outcome: Mapping[str, Json]) -> None:
        """The answer is kept; the follower tells it, now or when the chat is back."""
        self._save(
            replace(submission, state=SubmissionState.ANSWERED, outcome=outcome, tries=0, next_at=None)
        )

    def _postpone(self, submission: Submission) -> None:
        tries = submission.tries + 1
        pause = backoff(tries, first=_AGAIN, longest=_AGAIN_MOST)
        self._save(replace(submission, tries=tries, next_at=self.clock.now() + pause))

    def _save(self, submission: Submission) -> None:
        with self.units() as unit:
            if _waits(unit, submission):
                unit.submissions.save(submission)
                unit.commit()


def _may_pass(unmade: Iterable[Refused]) -> bool:
    """In a moment, for which the person is not told yet; who has waited for a system that hangs is told."""
    temporary = [one.error for one in unmade if isinstance(one.error, Temporary)]
    return bool(temporary) and not any(isinstance(error, Unanswered) for error in temporary)


def _waits(unit: UnitOfWork, submission: Submission) -> bool:
    """Whether nobody has answered it; two processes may lead for a moment."""
    kept = unit.submissions.get(submission.key)
    return kept is not None and kept.state is SubmissionState.NEW


def _obstacle(unit: UnitOfWork, submission: Submission, goal: Goal) -> Message | None:
    """Why it cannot be asked for now, or not any more: what was pressed on the card has gone on since."""
    project, seen = str(submission.spec["project"]), submission.spec.get("run")
    if (run := unit.runs.latest(project)) is not None:
        unit.requests.get_for_update(RequestId(run.reference))  # so that nobody presses Retry meanwhile
    taken, run = obstacle(unit, project, goal), unit.runs.latest(project)
    if taken is None and seen and run and seen != f"{run.id}:{run.attempt}":
        return refusal(Overtaken(project, run.reference))
    return taken


def _nothing_to_do(unit: UnitOfWork, project: str, preview: Preview) -> Iterator[Message]:
    if preview.goal is Goal.PRESENT:
        yield Message("Nothing to create: this workspace already exists and is complete.")
        return
    run, strange = unit.runs.latest(project), unknown(unit, project)
    values: dict[str, Value] = {"project": named(project)}
    if run is not None and run.status in STOPPED:
        said = Message(
            "Nothing of {project} exists in any system. To end the run, cancel it on the card of {id}."
        )
        if preview.foreign:
            said = Message(
                "Nothing here was created by the bot. To end the run, cancel it on the card of {id}."
            )
        yield said.given(values | {"id": named(run.reference)})
    elif preview.foreign:
        return
    elif strange is not None:
        said = Message("{unknown} Nothing to delete: no resources of {project} exist in any system.")
        yield said.given(values | {"unknown": strange})
    else:
        yield Message("Nothing to delete: no resources of {project} exist in any system.").given(values)


def _finding(found: StageInspection) -> Finding:
    """A stage's state for people: what it still lacks, or why it could not be read."""
    if isinstance(found.error, Unanswered):  # which does not say who
        what = Message("{title}: {reason}", title=found.title, reason=found.error.what)
        return Finding(found.title, Mark.UNKNOWN, (what,))
    if isinstance(found.error, WorkError):
        return Finding(found.title, Mark.UNKNOWN, (found.error.what,))
    differs = tuple(_difference(change) for change in found.changes)
    mark = Mark.FAILED if differs else Mark.KEPT if found.not_owned else Mark.DONE
    return Finding(found.title, mark, (*differs, found.not_owned.what) if found.not_owned else differs)


def _difference(change: Change) -> Message:
    target = change.target
    match change.verb:
        case Verb.CREATE:
            return Message("{target} is missing", target=target)
        case Verb.UPDATE:
            return Message("{target} differs from the plan", target=target)
        case Verb.DELETE:
            return Message("{target} still exists", target=target)
    assert_never(change.verb)


class Lane:
    """For these kinds. In memory only: what a kill leaves behind is still due in the database."""

    def __init__(
        self, kinds: Collection[SubmissionKind], *, at_once: int, freed: Callable[[], None], start: Start
    ) -> None:
        """`freed` is called when there is room for another."""
        self.kinds = frozenset(kinds)
        self.at_once = at_once
        self._freed = freed
        self._start = start
        self._in_hand: set[str] = set()
        self._changed = threading.Condition()  # over that

    def in_hand(self) -> frozenset[str]:
        """The keys of those that are being answered."""
        with self._changed:
            return frozenset(self._in_hand)

    def take(self, due: Iterable[Submission], answer: Callable[[Submission], None]) -> int:
        """Begin to answer as many as there is room for; how many."""
        return sum(self._take(submission, answer) for submission in due)

    def wait(self, within: float) -> bool:
        """Until nothing is in hand, at most so many seconds; whether it came to that."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._in_hand, within)

    def _take(self, submission: Submission, answer: Callable[[Submission], None]) -> bool:
        with self._changed:
            if len(self._in_hand) >= self.at_once or submission.key in self._in_hand:
                return False
            self._in_hand.add(submission.key)

        def work() -> None:
            try:
                answer(submission)
            except Exception:  # the thread's end: the submission is still due
                log.exception("submission not answered", submission=submission.key)
            finally:
                with self._changed:
                    self._in_hand.discard(submission.key)
                    self._changed.notify_all()
                self._freed()

        self._start(work)
        return True
