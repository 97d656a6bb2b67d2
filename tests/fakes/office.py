"""The whole application on fakes: a real database file, a world of stages, and a chat that remembers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import count
from pathlib import Path
from shutil import copyfile
from tempfile import mkdtemp

from pydantic import SecretStr
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection

from approvals.model import Actor, Request, RequestId, Verdict
from approvals.policy import Policy
from bot.messages.sync import MessageSync
from bot.model.submission import Submission, SubmissionKind
from bot.requests.intake import Intake, Start
from bot.requests.lifecycle import Opening
from bot.requests.reapproval import Reapproval
from bot.requests.service import WorkspaceService
from bot.storage.database import Database
from bot.texts import Texts
from bot.views.render_context import Links
from provisioner.engine.engine import Engine
from provisioner.engine.inspection import Inspector
from provisioner.engine.run import RetryPolicy, Run, RunId
from provisioner.engine.stage import Step
from provisioner.engine.turn import advance
from provisioner.message import Json, Message
from provisioner.redaction import Redactor
from provisioner.vendor_call import LOOK_WITHIN, Permanent
from provisioner.workspace import Platform
from tests.builders import a_cause, a_platform, a_spec
from tests.fakes.clock import FakeClock
from tests.fakes.fuse import Fuse
from tests.fakes.notifier import FakeNotifier
from tests.fakes.people import BOB, MINA, FakePeople
from tests.fakes.place import FakePlace
from tests.fakes.world import FakeWorld, some_steps

CHANNEL = "C0REQUESTS"
CANARY = "canary-9d41e7"
"""A secret that no message, journal or log may ever show."""
ROUNDS_MOST = 200

POLICY = """
[actions."workspace.create"]
ask = ["workspace-users", "workspace-admins"]
approve = ["workspace-admins"]
needed = 1
open_for = "24h"

[actions."workspace.delete"]
ask = ["workspace-users", "workspace-admins"]
approve = ["workspace-admins"]
needed = 1
open_for = "24h"
"""


@cache
def _migrated() -> Path:
    """An empty database of the newest schema, made once a process."""
    path = Path(mkdtemp(prefix="office")) / "bot.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


def _hurry(connection: DBAPIConnection, _record: object) -> None:
    """No power fails in a test, and waiting for the disk is most of its time."""
    connection.cursor().execute("PRAGMA synchronous = OFF")


def at_once(work: Callable[[], None]) -> None:
    """Submissions are answered where they are taken."""
    work()


class Office:
    """`begin` makes everything that lives in a process anew, on the same database, world and chat."""

    def __init__(
        self,
        folder: Path,
        *,
        policy: str = POLICY,
        steps: Callable[[FakeWorld], Sequence[Step]] = some_steps,
        platform: Platform | None = None,
    ) -> None:
        self.platform = platform or a_platform()
        self.clock = FakeClock()
        self.fuse = Fuse()
        self.world = FakeWorld(self.clock, self.fuse)
        self.steps = steps(self.world)
        self.people = FakePeople()
        self.place = FakePlace()
        self.chat = FakeNotifier(clock=self.clock, fuse=self.fuse)
        self.channel = CHANNEL
        self.links = Links(grafana="https://grafana.example", conductor="https://conductor.example")
        self.policy = Policy.from_toml(policy)
        self.woken: list[str] = []
        self.looks_at_once = 1  # so that the points of a crash come in the same order each time
        self.look_within = LOOK_WITHIN
        self.start: Start = at_once
        self._file = folder / "bot.db"
        self._keys = count(1)
        self._references = count(1)
        copyfile(_migrated(), self._file)
        self.begin()

    def twin(self, folder: Path) -> Office:
        """The same state in another folder, where it goes on by itself. Only while this one is closed."""
        folder.mkdir()
        other = object.__new__(Office)
        made_by_begin = {"database", "engine", "service", "intake", "reapproval", "message_sync"}
        lasting = {name: value for name, value in vars(self).items() if name not in made_by_begin}
        vars(other).update(deepcopy(lasting))
        other._file = Path(copyfile(self._file, folder / "bot.db"))
        other.begin()
        return other

    def begin(self) -> None:
        self.database = self.opened()
        self.engine = Engine(
            inspector=Inspector(steps=self.steps, at_once=self.looks_at_once, within=self.look_within),
            platform=self.platform,
            ledger=self.database.ledger(),
            locks=self.database.locks(),
            clock=self.clock,
            retry=RetryPolicy(tries=3),
            new_reference=self._new_reference,
            redact=Redactor([SecretStr(CANARY)]).redact,
        )
        self.service = WorkspaceService(
            units=self.database.unit,
            reads=self.database.reader,
            platform=self.platform,
            clock=self.clock,
            locks=self.database.locks(),
            wake=self._wake,
        )
        opening = Opening(
            policy=self.policy, people=self.people, clock=self.clock, channel=self.channel, language="en"
        )
        self.intake = Intake(
            units=self.database.unit,
            reads=self.database.reader,
            inspector=self.engine.inspector,
            preflight=self.place.preflight(),
            opening=opening,
            people=self.people,
            platform=self.platform,
            clock=self.clock,
            wake=self._wake,
            new_reference=self._new_reference,
            start=self.start,
        )
        self.reapproval = Reapproval(
            units=self.database.unit,
            reads=self.database.reader,
            inspector=self.engine.inspector,
            platform=self.platform,
            opening=opening,
            clock=self.clock,
            wake=self._wake,
        )
        self.message_sync = MessageSync(
            units=self.database.unit,
            reads=self.database.reader,
            service=self.service,
            notifier=self.chat,
            texts=Texts(),
            clock=self.clock,
            command="/workspace",
            links=self.links,
        )

    def opened(self) -> Database:
        database = Database(f"sqlite:///{self._file}")
        event.listen(database.engine, "connect", _hurry)
        return database

    def close(self) -> None:
        self.database.close()

    # -------------------------------------------------------------------------------- what people do

    def an_ask(self, project: str = "alpha", user: str = MINA, **bent: Json) -> Submission:
        return Submission(
            key=f"V{next(self._keys):04}",
            kind=SubmissionKind.CREATE,
            team="T0TEAM",
            user=user,
            channel="C0GENERAL",
            at=self.clock.now(),
            spec=a_spec(project, **bent).to_json(),
        )

    def submissions(self, project: str = "alpha", user: str = MINA, **bent: Json) -> Submission:
        """A form is submitted, and answered by the desk."""
        ask = self.an_ask(project, user, **bent)
        self.service.submit(ask)
        self.intake.process_due()
        return ask

    def requested(self, project: str = "alpha") -> Request:
        """A request that waits for a decision."""
        self.submissions(project)
        request = self.pending(project)
        assert request is not None
        return request

    def a_deletion(self, project: str = "alpha", user: str = MINA, why: str = "") -> Submission:
        """What the form for a deletion keeps."""
        ask = self.an_ask(project, user)
        return replace(ask, kind=SubmissionKind.DELETE, spec={"project": project, "why": why})

    def asks_to_delete(self, project: str = "alpha", user: str = MINA, why: str = "") -> Submission:
        ask = self.a_deletion(project, user, why)
        self.service.submit(ask)
        self.intake.process_due()
        return ask

    def to_be_deleted(self, project: str = "alpha") -> Request:
        """A deletion that waits for a decision."""
        self.asks_to_delete(project)
        request = self.pending(project)
        assert request is not None
        return request

    def ready(self, project: str = "alpha") -> Run:
        """A workspace that was made."""
        run = self.approves(self.requested(project))
        self.settle()
        return self.run(run.id)

    def deleting(self, project: str = "alpha") -> Run:
        """A deletion that was approved and has not begun."""
        self.ready(project)
        return self.approves(self.to_be_deleted(project))

    def failed(self, project: str = "alpha", stage: str = "nodes", error: Exception | None = None) -> Run:
        """A run that has failed at this stage, with what it made before."""
        what = Message("cannot make {stage} of {project}", stage=stage, project=project)
        self.world.breaks(stage, error or Permanent(what, cause=a_cause()))
        run = self.approves(self.requested(project))
        self.settle()
        return self.run(run.id)

    def approves(self, request: Request, user: str = BOB) -> Run:
        self.service.decide(self.who(user), request.id, Verdict.APPROVE)
        return self.run(f"{request.id}.1")

    def who(self, user: str) -> Actor:
        return self.people.actor(user)

    # ------------------------------------------------------------------------------------ what is there

    def pending(self, project: str = "alpha") -> Request | None:
        with self.database.unit() as unit:
            return unit.requests.pending_for(project)

    def request(self, request_id: str) -> Request:
        with self.database.unit() as unit:
            return unit.requests.get(RequestId(request_id))

    def run(self, run_id: str) -> Run:
        with self.database.unit() as unit:
            return unit.runs.get(RunId(run_id))

    # ------------------------------------------------------------------------------------- time goes on

    def settle(self) -> None:
        """Everything is answered, carried out and told, as far as it goes by itself."""
        for _ in range(ROUNDS_MOST):
            done = (
                self.intake.process_due()
                + self.reapproval.reapprove_parked()
                + self._turns()
                + self.message_sync.sync_once()
            )
            if not done:
                return
        raise AssertionError(f"the office does not settle: {self.chat.lines(CHANNEL)[-5:]}")

    def later(self, **time: float) -> None:
        self.clock.pass_by(timedelta(**time).total_seconds())

    def _turns(self) -> int:
        """A turn for each run in flight; time passes by as they want to wait."""
        with self.database.unit() as unit:
            moving = unit.runs.in_flight()
        for run in moving:
            wait = advance(self.engine, self.run(run.id))
            if wait is not None:
                self.clock.pass_by(wait.seconds)
        return len(moving)

    def _new_reference(self) -> str:
        return f"ref-{next(self._references)}"

    def _wake(self, run_id: str = "") -> None:
        self.woken.append(run_id)
