"""Answers what was asked: policy, a live look at the systems, then a request, or every reason why not.

Runs on the runner, never in a handler. Each ask is answered in one transaction; a kill before it leaves the
ask as it was, and answering again finds the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

import structlog

from approvals.errors import AlreadyPending
from approvals.model import Gate
from approvals.policy import Policy
from bot.ask import Ask, AskKind, AskState
from bot.card import Mark
from bot.database import UnitOfWork
from bot.opening import Opening, subject_of
from bot.people import People, PeopleUnknown
from bot.reasons import reasons as reasons_of
from bot.refusals import Overtaken
from bot.register import obstacle, unknown
from bot.renewal import Renewal
from bot.service import Wake
from bot.texts import refusal
from bot.views.status import Finding
from bot.views.words import name
from provisioner import survey
from provisioner.diagnosis import ASK
from provisioner.engine import Engine, Preview
from provisioner.errors import Temporary, WorkError
from provisioner.message import Json, Message
from provisioner.plan import Plan
from provisioner.preflight import Preflight
from provisioner.run import Clock, RunStatus
from provisioner.stage import Change, Goal, Verb
from provisioner.workspace import Platform, Workspace, WorkspaceSpec, problems

log = structlog.get_logger()

_AT_ONCE = 4
_TRIES = 4
_AGAIN = timedelta(seconds=3)
"""A system that cannot be asked now is asked again so often before the person hears of it."""
_PEOPLE_AGAIN = timedelta(seconds=15)
"""Without the chat nobody can be told anything, so that is waited for, however long it takes."""


class Desk:
    """One ask at a time; several desks in several threads do not disturb each other."""

    def __init__(
        self,
        *,
        units: Callable[[], UnitOfWork],
        engine: Engine,
        preflight: Preflight,
        policy: Policy,
        people: People,
        platform: Platform,
        clock: Clock,
        wake: Wake,
        new_reference: Callable[[], str],
        channel: str,
        language: str,
        asked: Callable[[], None] = lambda: None,
    ) -> None:
        """`channel` is where requests are shown, `language` the one spoken there.

        `asked` is called when a person asks for something, before the systems are looked at.
        """
        self._units = units
        self._engine = engine
        self._preflight = preflight
        self._people = people
        self._platform = platform
        self._clock = clock
        self._wake = wake
        self._new_reference = new_reference
        self._asked = asked
        self._opening = Opening(policy=policy, people=people, clock=clock, channel=channel, language=language)
        self._renewal = Renewal(
            units=units,
            engine=engine,
            platform=platform,
            opening=self._opening,
            clock=clock,
            wake=wake,
        )

    def answer_due(self) -> int:
        """Answer what is due, some asks side by side; how many. Each error is one ask's own."""
        with self._units() as unit:
            due = unit.asks.due(AskState.NEW, self._clock.now(), _AT_ONCE)
        if len(due) == 1:
            self.answer(due[0])
        elif due:
            with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="desk") as pool:
                list(pool.map(self.answer, due))
        return len(due)

    def answer(self, ask: Ask) -> None:
        """One ask, as it was read. What somebody else has answered meanwhile stays as it is."""
        try:
            match ask.kind:
                case AskKind.CREATE:
                    self._create(ask)
                case AskKind.DELETE:
                    self._delete(ask)
                case AskKind.LOOK | AskKind.STATUS:
                    self._look(ask)
        except PeopleUnknown as error:
            log.warning("asker unknown", ask=ask.key, why=str(error))
            self._save(replace(ask, next_at=self._clock.now() + _PEOPLE_AGAIN))
        except Exception as error:  # noqa: BLE001 logged with its trace in _broke
            self._broke(ask, error)
        self._wake()

    def _broke(self, ask: Ask, error: Exception) -> None:
        """A bug: the person gets the reference, the log gets the trace."""
        reference = self._new_reference()
        log.error("ask broke", ask=ask.key, reference=reference, exc_info=error)
        if ask.tries < _TRIES:
            self._postpone(ask)
            return
        what = Message(
            "Something happened that I did not expect. Please tell whoever runs the bot the reference"
            " {reference}.",
            reference=name(reference),
        )
        self._refuse(ask, [what])

    # ----------------------------------------------------------------------------------- requests

    def _create(self, ask: Ask) -> None:
        asked = WorkspaceSpec.from_json(ask.spec)
        wrong = [problem.message for problem in problems(asked, self._platform)]
        if wrong:
            self._refuse(ask, wrong)
        else:
            self._propose(ask, asked, Goal.PRESENT)

    def _delete(self, ask: Ask) -> None:
        """What the project's newest run was made with is looked for; without one, what is usual."""
        project = str(ask.spec["project"])
        with self._units() as unit:
            run = unit.runs.latest(project)
        usual = WorkspaceSpec(project=project)
        asked = replace(run.asked if run else usual, why=str(ask.spec.get("why", "")))
        wrong = [one.message for one in problems(asked, self._platform) if one.field == "project"]
        if run is None and wrong:  # no workspace can have that name: it may be the platform's own
            self._refuse(ask, wrong)
        else:
            self._propose(ask, asked, Goal.ABSENT)

    def _propose(self, ask: Ask, asked: WorkspaceSpec, goal: Goal) -> None:
        asker = self._people.actor(ask.user)  # before the systems, which take longer
        if not ask.tries:
            self._asked()
        preview = self._engine.preview(Workspace(asked, self._platform), goal)
        gate, refused = self._opening.gate(asker, subject_of(asked, goal, preview.plan))
        unmade = (*self._preflight.refusals(), *preview.refusals, *preview.unclaimed)
        reasons = [*refused, *reasons_of(unmade, ASK, goal)]
        if (taken := self._obstacle(ask, goal)) is not None:
            reasons.insert(0, taken)
        elif preview.plan is not None and not preview.plan.changes:
            reasons += self._nothing_to_do(asked.project, preview)
        passing = any(isinstance(one.error, Temporary) for one in unmade)
        if passing and ask.tries < _TRIES:
            self._postpone(ask)
        elif reasons or gate is None or preview.plan is None:
            self._refuse(ask, reasons)
        else:
            self._request(ask, asked, gate, preview.plan)

    def _obstacle(self, ask: Ask, goal: Goal) -> Message | None:
        with self._units() as unit:
            return _obstacle(unit, ask, goal)

    def _nothing_to_do(self, project: str, preview: Preview) -> Iterator[Message]:
        if preview.goal is Goal.PRESENT:
            yield Message("It is there already, complete: there is nothing to make.")
            return
        with self._units() as unit:
            run, strange = unit.runs.latest(project), unknown(unit, project)
        stopped = run if run and run.status in {RunStatus.FAILED, RunStatus.PARKED} else None
        if stopped and preview.unclaimed:
            yield Message(
                "Nothing of it was made by me. Press Cancel on the card of {id} to end the work.",
                id=name(stopped.reference),
            )
        elif stopped:
            yield Message(
                "There is nothing of {project} on any system. Press Cancel on the card of {id} to end the"
                " work.",
                project=name(project),
                id=name(stopped.reference),
            )
        elif preview.unclaimed:
            return
        elif strange is not None:
            yield Message(
                "{unknown} I looked on every system and found nothing of {project} to delete.",
                unknown=strange,
                project=name(project),
            )
        else:
            yield Message("There is nothing of {project}: I looked on every system.", project=name(project))

    def _request(self, ask: Ask, asked: WorkspaceSpec, gate: Gate, plan: Plan) -> None:
        """The request, its plan, its card and its record: all or nothing."""
        try:
            with self._units() as unit:
                if not _waits(unit, ask):
                    return
                taken = _obstacle(unit, ask, plan.goal)
                if taken is None:
                    self._opening.open(
                        unit,
                        key=ask.key,
                        user=ask.user,
                        asked=asked,
                        plan=plan,
                        gate=gate,
                        locale=ask.locale,
                    )
                    unit.asks.save(replace(ask, state=AskState.CLOSED, next_at=None))
                    unit.commit()
        except AlreadyPending as no:  # somebody else, in this very moment
            taken = refusal(no)
        if taken is not None:
            self._refuse(ask, [taken])

    def ask_anew(self) -> int:
        """The new plans of parked runs; how many were asked for."""
        return self._renewal.ask_anew()

    # -------------------------------------------------------------------------------------- look

    def _look(self, ask: Ask) -> None:
        """What the systems say now of what the newest run was to make."""
        project = str(ask.spec["project"])
        with self._units() as unit:
            run = unit.runs.latest(project)
        asked = run.asked if run else WorkspaceSpec(project=project)
        goal = run.goal if run else Goal.PRESENT
        preview = self._engine.preview(Workspace(asked, self._platform), goal)
        findings: list[Json] = [_finding(found).to_json() for found in preview.findings]
        self._answered(ask, {"findings": findings, "goal": goal.value})

    # ----------------------------------------------------------------------------------- outcomes

    def _refuse(self, ask: Ask, reasons: Sequence[Message]) -> None:
        log.info("ask refused", ask=ask.key, reasons=[str(reason) for reason in reasons])
        self._answered(ask, {"reasons": [reason.to_json() for reason in reasons]})

    def _answered(self, ask: Ask, outcome: Mapping[str, Json]) -> None:
        """The answer is kept; the follower tells it, now or when the chat is back."""
        self._save(replace(ask, state=AskState.ANSWERED, outcome=outcome, tries=0, next_at=None))

    def _postpone(self, ask: Ask) -> None:
        tries = ask.tries + 1
        self._save(replace(ask, tries=tries, next_at=self._clock.now() + _AGAIN * min(tries, 10)))

    def _save(self, ask: Ask) -> None:
        with self._units() as unit:
            if _waits(unit, ask):
                unit.asks.save(ask)
                unit.commit()


def _waits(unit: UnitOfWork, ask: Ask) -> bool:
    """Whether nobody has answered it; two processes may lead for a moment."""
    kept = unit.asks.get(ask.key)
    return kept is not None and kept.state is AskState.NEW


def _obstacle(unit: UnitOfWork, ask: Ask, goal: Goal) -> Message | None:
    """Why it cannot be asked for now, or not any more: what was pressed on the card has gone on since."""
    project, seen = str(ask.spec["project"]), ask.spec.get("run")
    taken, run = obstacle(unit, project, goal), unit.runs.latest(project)
    if taken is None and seen and run and seen != f"{run.id}:{run.attempt}":
        return refusal(Overtaken(project, run.reference))
    return taken


def _finding(found: survey.Finding) -> Finding:
    """A stage's state for people: what it still lacks, or why it could not be read."""
    if isinstance(found.error, WorkError):
        return Finding(found.title, Mark.UNKNOWN, (found.error.what,))
    differs = tuple(_difference(change) for change in found.changes)
    mark = Mark.FAILED if differs else Mark.KEPT if found.stays else Mark.DONE
    return Finding(found.title, mark, (*differs, found.stays.what) if found.stays else differs)


def _difference(change: Change) -> Message:
    target = change.target
    match change.verb:
        case Verb.CREATE:
            return Message("{target} is not there", target=target)
        case Verb.UPDATE:
            return Message("{target} is not as it should be", target=target)
        case Verb.DELETE:
            return Message("{target} is still there", target=target)
    assert_never(change.verb)
