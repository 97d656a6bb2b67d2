"""The bot's Slack edge over the real service and a database file, in front of the simulated Slack."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from approvals.model import Actor, Gate, Request, RequestId, Subject, Verdict
from bot.model.notifier import Posted
from bot.model.request_view import Proposal, RequestView
from bot.model.submission import Submission
from bot.model.tracked_message import MessageState, Purpose, TrackedMessage
from bot.requests.service import WorkspaceService
from bot.runtime.schedule import SystemClock
from bot.slack.app import SlackApp
from bot.slack.client import SlackPeople, web_client
from bot.slack.context import SlackContext
from bot.slack.notifier import SlackNotifier
from bot.slack.transport import HttpTransport, SocketTransport
from bot.storage.database import Database
from bot.texts import Texts
from bot.views.render_context import RenderContext
from bot.views.request import request_card
from provisioner.engine.run import Entry, EntryKind, Run, RunId, RunStatus
from provisioner.message import Json
from sandbox.slack.simulator import SlackSimulator
from tests.builders import a_plan, a_platform, a_run, a_spec

WITHIN = 20.0
"""Seconds until a test gives up; a busy machine takes its time."""
CHANNEL = "C0REQUEST1"
MINA, BOB, DANA = "U0MINA001", "U0BOB0001", "U0DANA001"


class Stand:
    """Started with Slack; `service` may be swapped for one that breaks before `start`."""

    def __init__(
        self,
        slack: SlackSimulator,
        folder: Path,
        tables: Path,
        *,
        http: bool = False,
        texts: Texts | None = None,
    ) -> None:
        self.slack = slack
        self.clock = SystemClock()
        self.database = Database(f"sqlite:///{shutil.copy(tables, folder)}")
        self.texts = texts or Texts()
        self.woken: list[str] = []
        self.service = WorkspaceService(
            units=self.database.unit,
            reads=self.database.reader,
            platform=a_platform(),
            clock=self.clock,
            locks=self.database.locks(),
            wake=self._wake,
        )
        self._client = web_client(SecretStr(slack.bot_token), f"{slack.url}/api/")
        self.people = SlackPeople(self._client)
        self.notifier = SlackNotifier(client=self._client, texts=self.texts, group_id=self.people.group_id)
        self.http = (
            HttpTransport(signing_secret=SecretStr(slack.signing_secret), host="127.0.0.1", port=0)
            if http
            else None
        )
        self._app: SlackApp | None = None

    def start(self, *, wait: bool = True) -> None:
        context = SlackContext(
            service=self.service,
            people=self.people,
            texts=self.texts,
            notifier=self.notifier,
            client=self._client,
            clock=self.clock,
            dashboards=True,
        )
        socket = SocketTransport(app_token=SecretStr(self.slack.app_token), base_url=f"{self.slack.url}/api/")
        self._app = SlackApp(context, self.http or socket)
        self._app.start()
        if self.http:
            self.slack.until(self._app.connected, within=WITHIN)
            self.slack.deliver_to(self.url)
        elif wait:
            self.slack.until(self.slack.connected, within=WITHIN)

    def stop(self) -> None:
        if self._app is not None:
            self._app.stop()
        self.database.close()

    @property
    def app(self) -> SlackApp:
        assert self._app is not None
        return self._app

    @property
    def url(self) -> str:
        assert self.http is not None
        return f"http://127.0.0.1:{self.http.port}/slack/events"

    def _wake(self, run_id: str = "") -> None:
        self.woken.append(run_id)

    # ----------------------------------------------------------------------------- what is stored

    def requested(self, project: str = "alpha", asked_by: str = MINA) -> Posted:
        """A request that waits for a decision, with its card in the channel."""
        plan = a_plan()
        subject = Subject(action="workspace.create", target=project, digest=plan.digest)
        gate = Gate(needed=1, approvers=("workspace-admins",), open_for=timedelta(hours=24))
        with self.database.unit() as unit:
            request = Request(
                id=unit.requests.next_id(),
                key=f"V-{project}",
                subject=subject,
                gate=gate,
                asked_by=asked_by,
                asked_at=self.clock.now(),
            )
            proposal = Proposal(request_id=request.id, asked=a_spec(project), plan=plan, locale="en-US")
            unit.requests.add(request)
            unit.proposals.add(proposal)
            unit.commit()
        card = request_card(
            RequestView(proposal=proposal, request=request),
            RenderContext(command="/workspace", platform=a_platform()),
        )
        at = self.notifier.post(CHANNEL, card, key=request.id, language="en")
        with self.database.unit() as unit:
            unit.messages.add(
                TrackedMessage(
                    key=request.id,
                    request_id=request.id,
                    purpose=Purpose.CARD,
                    channel=at.channel,
                    language="en",
                    state=MessageState.SENT,
                    ts=at.ts,
                )
            )
            unit.commit()
        return at

    def stopped(self, status: RunStatus, **bent: Any) -> Posted:
        """A run that has ended so, with its card in the channel."""
        at = self.requested()
        run = a_run(status=status, **bent)
        with self.database.unit() as unit:
            request = unit.requests.get(RequestId("WSR-0001"))
            actor = Actor(id=BOB, team="T0", groups=frozenset({"workspace-admins"}))
            request.decide(actor, Verdict.APPROVE, now=self.clock.now())
            unit.requests.save(request)
            unit.runs.add(run)
            if run.failure is not None:
                data: dict[str, Json] = {"failure": run.failure.to_json()}
                entry = Entry(at=self.clock.now(), kind=EntryKind.FAILED, message=run.failure.what, data=data)
                unit.journal.append(run.id, entry)
            case = unit.queries.views([request.id])[request.id]
            unit.commit()
        card = request_card(case, RenderContext(command="/workspace", platform=a_platform()))
        self.notifier.update(at, card, key="WSR-0001", language="en")
        return at

    def request(self, request_id: str = "WSR-0001") -> Request:
        with self.database.unit() as unit:
            return unit.requests.get(RequestId(request_id))

    def run(self, run_id: str = "WSR-0001.1") -> Run:
        with self.database.unit() as unit:
            return unit.runs.get(RunId(run_id))

    def ask(self, key: str) -> Submission | None:
        with self.database.unit() as unit:
            return unit.submissions.get(key)

    # ------------------------------------------------------------------------------- what is seen

    def private(self, person: str, channel: str = "general") -> list[str]:
        """What only that person sees, oldest first."""
        messages = self.slack.channel(channel, person)["messages"]
        return [message["text"] for message in messages if message["ephemeral"]]

    def told(self, person: str, words: str, channel: str = "general") -> str:
        """Wait until that person is told something with these words, privately."""
        return self.slack.until(
            lambda: next((text for text in self.private(person, channel) if words in text), None),
            within=WITHIN,
        )

    def answered(self, person: str, words: str) -> dict[str, Any]:
        """Wait until the bot says it in that person's direct messages."""

        def look() -> dict[str, Any] | None:
            messages = self.slack.dm(person)["messages"]
            return next((one for one in messages if one["bot"] and words in one["text"]), None)

        return self.slack.until(look, within=WITHIN)

    def view(self, person: str) -> dict[str, Any]:
        """Wait for a dialog."""
        return self.slack.until(lambda: self.slack.view(person), within=WITHIN)

    def form(self, person: str = "requester", line: str = "/workspace create") -> str:
        """Open the form by a command; its id."""
        self.slack.command(person, "general", line)
        view_id: str = self.view(person)["id"]
        return view_id

    def eventually(self, look: Callable[[], object]) -> None:
        self.slack.until(look, within=WITHIN)
