"""Answers what was asked: policy, a live look at the systems, then a request, or every reason why not.

Runs on the runner, never in a handler. Each ask is answered in one transaction; a kill before it leaves the
ask as it was, and answering again finds the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

import structlog

from approvals.errors import AlreadyPending, NobodyMayApprove, Refusal
from approvals.model import Actor, AuditEntry, Gate, Request, RequestId, Subject
from approvals.policy import Policy
from bot.ask import Ask, AskKind, AskState
from bot.card import Mark
from bot.database import UnitOfWork
from bot.people import People, PeopleUnknown
from bot.proposal import Proposal
from bot.service import Wake, WorkspaceService, give_up
from bot.texts import refusal
from bot.thread import Purpose, Thread
from bot.views.status import Finding
from bot.views.words import name
from provisioner import survey
from provisioner.diagnosis import diagnose
from provisioner.engine import Engine
from provisioner.errors import Temporary, WorkError
from provisioner.message import Json, Message
from provisioner.plan import Plan
from provisioner.preflight import Preflight
from provisioner.run import Clock, Run, RunStatus
from provisioner.stage import Change, Goal, Verb
from provisioner.workspace import Platform, Workspace, WorkspaceSpec, problems

log = structlog.get_logger()

CREATE = "workspace.create"

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
    ) -> None:
        """`channel` is where requests are shown, `language` the one spoken there."""
        self._units = units
        self._engine = engine
        self._preflight = preflight
        self._policy = policy
        self._people = people
        self._platform = platform
        self._clock = clock
        self._wake = wake
        self._new_reference = new_reference
        self._channel = channel
        self._language = language

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
            if ask.kind is AskKind.CREATE:
                self._create(ask)
            else:
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

    # ------------------------------------------------------------------------------------ create

    def _create(self, ask: Ask) -> None:
        asked = WorkspaceSpec.from_json(ask.spec)
        wrong = [problem.message for problem in problems(asked, self._platform)]
        if wrong:
            self._refuse(ask, wrong)
            return
        asker = self._people.actor(ask.user)  # before the systems, which take longer
        preview = self._engine.preview(Workspace(asked, self._platform), Goal.PRESENT)
        gate, refused = self._gate(asker, _subject(asked, preview.plan))
        unmade = (*self._preflight.refusals(), *preview.refusals)
        reasons = [*refused, *(self._reason(one.title, one.error) for one in unmade)]
        if preview.plan is not None and not preview.plan.changes:
            reasons.append(Message("It is there already, complete: there is nothing to make."))
        passing = any(isinstance(one.error, Temporary) for one in unmade)
        if passing and ask.tries < _TRIES:
            self._postpone(ask)
        elif reasons or gate is None or preview.plan is None:
            self._refuse(ask, reasons)
        else:
            self._request(ask, asked, gate, preview.plan)

    def _gate(self, asker: Actor, subject: Subject) -> tuple[Gate | None, list[Message]]:
        """The gate, or the reason why this person may not ask."""
        try:
            gate = self._policy.gate_for(subject, asker)
            approvers = {member for group in gate.approvers for member in self._people.members(group)}
            if len(approvers - {asker.id}) < gate.needed:
                raise NobodyMayApprove(subject.action, gate.needed, gate.approvers)
        except Refusal as no:
            return None, [refusal(no)]
        return gate, []

    @staticmethod
    def _reason(title: Message, error: WorkError) -> Message:
        said = diagnose(error.what, error.cause)
        remedy = said.remedy if said else error.hint
        if remedy is None:
            return Message("{title}: {what}.", title=title, what=error.what)
        return Message("{title}: {what}. {remedy}", title=title, what=error.what, remedy=remedy)

    def _request(self, ask: Ask, asked: WorkspaceSpec, gate: Gate, plan: Plan) -> None:
        """The request, its plan, its card and its record: all or nothing."""
        try:
            with self._units() as unit:
                if not _waits(unit, ask):
                    return
                taken = WorkspaceService.taken(unit, asked.project)
                if taken is None:
                    self._open(unit, ask.key, ask.user, asked, gate, plan, locale=ask.locale)
                    unit.asks.save(replace(ask, state=AskState.CLOSED, next_at=None))
                    unit.commit()
        except AlreadyPending as no:  # somebody else, in this very moment
            taken = refusal(no)
        if taken is not None:
            self._refuse(ask, [taken])

    def _open(
        self,
        unit: UnitOfWork,
        key: str,
        user: str,
        asked: WorkspaceSpec,
        gate: Gate,
        plan: Plan,
        *,
        locale: str,
        parked: Run | None = None,
    ) -> Request:
        now = self._clock.now()
        request = Request(
            id=unit.requests.next_id(),
            key=key,
            subject=_subject(asked, plan),
            gate=gate,
            asked_by=user,
            asked_at=now,
        )
        unit.requests.add(request)
        proposal = Proposal(
            request_id=request.id, asked=asked, plan=plan, locale=locale, run_id=parked.id if parked else ""
        )
        unit.proposals.add(proposal)
        before = unit.threads.get(parked.reference) if parked else None
        root_ts = (before.root_ts or before.ts) if before else ""
        unit.threads.add(
            Thread(
                key=request.id,
                request_id=request.id,
                purpose=Purpose.CARD,
                channel=before.channel if before and root_ts else self._channel,
                language=self._language,
                root_ts=root_ts,
            )
        )
        unit.audit.append(
            AuditEntry(
                at=now,
                actor=user,
                action="request.ask",
                target=asked.project,
                request_id=request.id,
                data={"digest": plan.digest},
            )
        )
        log.info("request opened", request=request.id, project=asked.project, changes=len(plan.changes))
        return request

    # ------------------------------------------------------------------------------ parked runs

    def ask_anew(self) -> int:
        """A request with the new plan for each parked run that has none, in the same thread; how many."""
        with self._units() as unit:
            parked = unit.runs.parked()
            orphans = [run for run in parked if unit.requests.pending_for(run.asked.project) is None]
        return sum(self._try_anew(run) for run in orphans)

    def _try_anew(self, run: Run) -> bool:
        try:
            return self._ask_anew(run)
        except Exception:  # the next tick tries again; the other runs are asked for now
            log.exception("cannot ask anew", run=run.id)
            return False

    def _ask_anew(self, run: Run) -> bool:
        """False when a system cannot be read just now, to be looked at again, and when nobody wants it."""
        if self._told_to_stop(run):
            return False
        plan = self._engine.preview(Workspace(run.asked, self._platform), run.goal).plan
        if plan is None:
            log.warning("cannot ask anew yet", run=run.id)
            return False
        with self._units() as unit:
            before = unit.requests.get(RequestId(run.reference))
            if unit.runs.get(run.id).status is not RunStatus.PARKED:
                return False  # somebody has given it up
            subject = _subject(run.asked, plan)
            rule = self._policy.rules.get(subject.action)
            self._open(
                unit,
                f"{run.id}:{run.attempt}",
                before.asked_by,
                run.asked,
                rule.gate(subject) if rule else before.gate,
                plan,
                locale=unit.proposals.get(before.id).locale,
                parked=run,
            )
            unit.commit()
        self._wake()
        return True

    def _told_to_stop(self, run: Run) -> bool:
        """Cancel was pressed just before the run found that it needs a new plan."""
        with self._units() as unit:
            run = unit.runs.get(run.id)
            if run.status is not RunStatus.PARKED or not unit.runs.cancel_requested(run.id):
                return False
            give_up(unit, run, self._clock.now(), Message("Stopped as asked. What exists stays."))
            unit.commit()
        self._wake()
        return True

    # -------------------------------------------------------------------------------------- look

    def _look(self, ask: Ask) -> None:
        """What the systems say now of what the newest run was to make."""
        project = str(ask.spec["project"])
        with self._units() as unit:
            run = unit.runs.latest(project)
        asked = run.asked if run else WorkspaceSpec(project=project)
        goal = run.goal if run else Goal.PRESENT
        preview = self._engine.preview(Workspace(asked, self._platform), goal)
        self._answered(ask, {"findings": [_finding(found).to_json() for found in preview.findings]})

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


def _subject(asked: WorkspaceSpec, plan: Plan | None) -> Subject:
    """What is asked, and the facts a rule may raise its gate by; fewer without a plan."""
    facts = {"destroys_data": bool(plan.dangers), "changes": len(plan.changes)} if plan else {}
    return Subject(action=CREATE, target=asked.project, digest=plan.digest if plan else "", facts=facts)


def _finding(found: survey.Finding) -> Finding:
    """A stage's state for people: what it still lacks, or why it could not be read."""
    if isinstance(found.error, WorkError):
        return Finding(found.title, Mark.UNKNOWN, (found.error.what,))
    differs = tuple(_difference(change) for change in found.changes)
    return Finding(found.title, Mark.FAILED if differs else Mark.DONE, differs)


def _difference(change: Change) -> Message:
    target = name(change.target)
    match change.verb:
        case Verb.CREATE:
            return Message("{target} is not there", target=target)
        case Verb.UPDATE:
            return Message("{target} is not as it should be", target=target)
        case Verb.DELETE:
            return Message("{target} is still there", target=target)
    assert_never(change.verb)
