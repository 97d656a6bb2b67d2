"""Whatever people, strangers, vendors and crashes do, in any order: what always holds.

It settles when the crashes stop; no write outside the plan that was approved; never two active runs on a
workspace; a journal without gaps.
"""

from __future__ import annotations

from contextlib import ExitStack

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from provisioner.engine.run import MOVING, AlreadyRunning, EntryKind, Run, RunId, RunStatus
from provisioner.engine.stage import Goal, Plan
from provisioner.engine.turn import advance
from provisioner.message import Message
from provisioner.vendor_call import Permanent, Temporary
from tests.builders import a_workspace
from tests.fakes.fuse import CrashNow
from tests.fakes.yard import Yard

PROJECTS = ("alpha", "beta")
STAGES = ("profile", "bucket", "policy", "nodes", "login")
SETTLED = {
    RunStatus.PARKED: EntryKind.PARKED,
    RunStatus.FAILED: EntryKind.FAILED,
    RunStatus.SUCCEEDED: EntryKind.SUCCEEDED,
}
MAY_BE_GIVEN_UP = {RunStatus.QUEUED, RunStatus.WAITING, RunStatus.PARKED, RunStatus.FAILED}
SETTLES_WITHIN = 40  # turns
HELP_MOST = 30  # retries and approvals until a run must have come to its end

projects = st.sampled_from(PROJECTS)
stages = st.sampled_from(STAGES)
errors: st.SearchStrategy[Exception] = st.sampled_from(
    [Temporary(Message("away")), Permanent(Message("refused")), ValueError("a bug")]
)


class EngineMachine(RuleBasedStateMachine):
    """Begins with alpha made and beta not."""

    def __init__(self) -> None:
        super().__init__()
        self.yard = Yard()
        self.runs: list[RunId] = []
        self.asked: dict[str, Plan] = {}
        self.copies: dict[str, Run] = {}  # read once, and out of date since
        self.stranger = ExitStack()  # what somebody else holds
        self.runs.append(self.yard.approve())
        self.yard.settle(self.runs[0])

    def latest(self, project: str) -> Run | None:
        with self.yard.store.transaction() as desk:
            return desk.runs.latest(project)

    def advance(self, run: Run) -> None:
        """One turn, and the time until the next. Every write in it was approved."""
        plan, was_active = self.yard.run(run.id).plan, self.yard.run(run.id).active
        before = len(self.yard.world.writes)
        strangers = self.strangers(run.asked.project)
        try:
            wait = advance(self.yard.engine(), run)
        except CrashNow:
            self.yard.fuse.replace()
        else:
            self.yard.clock.pass_by(wait.seconds if wait else 0)
        for write in self.yard.world.writes[before:]:
            assert write.project == run.asked.project
            assert plan.covers(write.stage, write.change), write
            assert write.stage not in strangers, write
        if was_active and self.yard.run(run.id).status is RunStatus.SUCCEEDED:
            self.check_end(run)

    def strangers(self, project: str) -> set[str]:
        places = self.yard.world.places.items()
        return {stage for (owner, stage), place in places if owner == project and place.foreign}

    # What people do

    @rule(project=projects, goal=st.sampled_from(Goal))
    def ask(self, project: str, goal: Goal) -> None:
        try:
            preview = self.yard.engine().inspector.preview(a_workspace(project), goal)
        except ValueError:
            return
        assert (preview.plan is None) == bool(preview.refusals)
        if preview.plan:
            self.asked[project] = preview.plan

    @rule(project=projects, goal=st.sampled_from(Goal))
    def ask_and_approve(self, project: str, goal: Goal) -> None:
        self.ask(project, goal)
        self.approve(project)

    @rule(project=projects)
    def approve(self, project: str) -> None:
        plan = self.asked.pop(project, None)
        if plan is None:
            return
        before = self.latest(project)
        try:
            self.runs.append(self.yard.queue(plan, project))
        except AlreadyRunning:
            assert before
            assert before.active
        else:
            assert before is None or not before.active

    @rule(project=projects)
    def help_on(self, project: str) -> None:
        """Retry what failed, approve anew what was parked."""
        run = self.latest(project)
        if run and run.status is RunStatus.FAILED:
            self.yard.retry_by_hand(run.id)
        elif run and run.status is RunStatus.PARKED:
            self.yard.reapprove(run.id)

    @rule(project=projects)
    def give_up(self, project: str) -> None:
        run = self.latest(project)
        if run and run.status in MAY_BE_GIVEN_UP:
            self.yard.give_up(run.id)

    @rule(project=projects)
    def cancel(self, project: str) -> None:
        run = self.latest(project)
        if run and run.active:
            self.yard.cancel(run.id)

    # What the process does

    @rule(project=projects, turns=st.sampled_from([1, 2, 3, SETTLES_WITHIN]))
    def go_on(self, project: str, turns: int) -> None:
        for _ in range(turns):
            run = self.latest(project)
            if run and run.status in MOVING:
                self.advance(run)

    @rule(project=projects, point=st.integers(0, 60))
    def crash(self, project: str, point: int) -> None:
        run = self.latest(project)
        if run:
            self.yard.fuse.arm(point)
            self.advance(run)
            self.yard.fuse.replace()

    @rule(project=projects)
    def read(self, project: str) -> None:
        run = self.latest(project)
        if run:
            self.copies[project] = run

    @rule(project=projects)
    def go_on_with_an_old_copy(self, project: str) -> None:
        copy = self.copies.pop(project, None)
        stale = copy and self.yard.run(copy.id).version != copy.version
        before = len(self.yard.world.writes)
        if copy:
            self.advance(copy)
        assert not stale or len(self.yard.world.writes) == before

    # What vendors and strangers do

    @rule(stage=stages, error=errors, times=st.sampled_from([1, 1, 1, 4]))
    def refuse(self, stage: str, error: Exception, times: int) -> None:
        self.yard.world.breaks(stage, *[error] * times)

    @rule(stage=stages, error=errors, times=st.sampled_from([1, 1, 1, 4]))
    def hide(self, stage: str, error: Exception, times: int) -> None:
        self.yard.world.hides(stage, *[error] * times)

    @rule(project=projects, stage=stages)
    def remove_by_hand(self, project: str, stage: str) -> None:
        place = self.yard.world.places[project, stage]
        place.parts, place.busy_until = [], None

    @rule(project=projects, stage=stages)
    def put_data(self, project: str, stage: str) -> None:
        place = self.yard.world.places[project, stage]
        place.data = bool(place.parts)

    @rule(project=projects, stage=stages)
    def take_over_or_give_back(self, project: str, stage: str) -> None:
        place = self.yard.world.places[project, stage]
        place.foreign = not place.foreign

    @rule(name=st.sampled_from(["policy/shared", "configmap/dex"]), project=projects)
    def edit_elsewhere(self, name: str, project: str) -> None:
        run = self.latest(project)
        names = [name, f"run/{run.id}"] if run else [name]
        self.stranger.enter_context(self.yard.locks.try_hold(*names))

    @rule()
    def let_go(self) -> None:
        self.stranger.close()

    # What always holds

    @invariant()
    def one_run_a_workspace(self) -> None:
        active = [self.yard.run(run_id).asked.project for run_id in self.runs if self.yard.run(run_id).active]
        assert len(active) == len(set(active))

    @invariant()
    def the_journal_says_what_the_run_is(self) -> None:
        for run_id in self.runs:
            run, journal = self.yard.run(run_id), self.yard.journal(run_id)
            assert [entry.number for entry in journal] == list(range(1, len(journal) + 1))
            if run.status in SETTLED:
                assert journal[-1].kind is SETTLED[run.status]
            for name, progress in run.stages.items():
                assert progress.tries <= self.yard.retry.tries, name

    def teardown(self) -> None:
        """Crashes and strangers stop, people help on: every run comes to its end, and it is the one asked."""
        self.stranger.close()
        self.yard.world.mends()
        for place in self.yard.world.places.values():
            place.foreign = False
        for project in PROJECTS:
            run = self.latest(project)
            for _ in range(HELP_MOST):
                if run is None or not run.active:
                    break
                self.help_on(project)
                self.go_on(project, SETTLES_WITHIN)
                run = self.latest(project)
            if run:
                assert not run.active

    def check_end(self, run: Run) -> None:
        """What a run that succeeded in this very moment has made of the world; what it left, it tells."""
        project, strangers = run.asked.project, self.strangers(run.asked.project)
        if run.goal is Goal.PRESENT:
            assert self.yard.world.made(project) == set(STAGES)
            return
        places = self.yard.world.places
        assert not [stage for stage in STAGES if places[project, stage].parts and stage not in strangers]
        told = {str(left) for left in self.yard.run(run.id).not_owned}
        assert told == {f"{stage} {project} belongs to somebody else" for stage in strangers}


TestEngineMachine = EngineMachine.TestCase
TestEngineMachine.settings = settings(max_examples=40, stateful_step_count=40)
