"""Where everything is put together: settings in, a bot that can be started and stopped out."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

import structlog

from bot import vendors
from bot.config import policy
from bot.config.schema import Settings, Transport
from bot.config.settings import SettingsFault, aws_secrets
from bot.messages.sync import MessageSync
from bot.requests.intake import Intake
from bot.requests.lifecycle import Opening
from bot.requests.reapproval import Reapproval
from bot.requests.service import WorkspaceService
from bot.runtime import health
from bot.runtime.health import Check, Health, says
from bot.runtime.leader import GRACE, Leader
from bot.runtime.metrics import Metrics
from bot.runtime.runner import Runner
from bot.runtime.schedule import Bells, Job, Schedule, SystemClock, TimeOfDay
from bot.slack.app import SlackApp
from bot.slack.client import RateLimitedObserver, SlackPeople, web_client
from bot.slack.context import SlackContext
from bot.slack.notifier import SlackNotifier
from bot.slack.transport import HttpTransport, SocketTransport
from bot.storage.database import Database
from bot.texts import Texts
from bot.vendors import Vendors
from bot.views.render_context import Links
from provisioner.engine.engine import Engine
from provisioner.engine.inspection import Inspector
from provisioner.engine.run import Doorbell, RetryPolicy
from provisioner.engine.stage import Step
from provisioner.engine.turn import advance
from provisioner.redaction import Redactor
from provisioner.stages.nodegroup.stage import NodegroupStage
from provisioner.vendor_call import Observer

log = structlog.get_logger()

RETENTION = timedelta(days=30)
"""How long the engine's own record of an ended run is kept; ours is kept for good."""
TOLD_TOGETHER = timedelta(seconds=0.2)
"""What many turns have to tell within this time is read and told in one round."""


class Bot:
    """One process. Nothing is opened before `start`."""

    def __init__(
        self, settings: Settings, systems: Callable[[Settings, Observer], Vendors] = Vendors
    ) -> None:
        """`systems` makes what speaks to those that workspaces are made of."""
        self._settings = settings
        self._clock = SystemClock()
        self.database = Database(settings.database)
        self.texts = Texts(settings.language)
        self._metrics = Metrics()
        self._vendors = systems(settings, self._metrics.calls)
        self._bells = Bells()
        self._runner = self._make_runner()
        self._engine = self._make_engine(self._vendors.stages(self.database.policy_writes()))
        self.service = WorkspaceService(
            units=self.database.unit,
            reads=self.database.reader,
            platform=settings.where(),
            clock=self._clock,
            locks=self.database.locks(),
            wake=self._runner.wake,
        )
        client = web_client(settings.slack.bot_token, f"{settings.slack.base_url}/")
        client.retry_handlers.append(RateLimitedObserver(self._metrics.rate_limited))
        people = SlackPeople(client)
        notifier = SlackNotifier(client=client, texts=self.texts, group_id=people.group_id)
        edge = SlackContext(
            service=self.service,
            people=people,
            texts=self.texts,
            notifier=notifier,
            client=client,
            clock=self._clock,
            command=settings.slack.command,
            dashboards=settings.grafana.url is not None,
            refused=self._metrics.refused,
        )
        self._slack = SlackApp(edge, _transport(settings))
        opening = self._make_opening(people)
        self._intake = self._make_intake(opening)
        self._reapproval = self._make_reapproval(opening)
        self._sync = self._make_sync(notifier)
        running = (Job("dispatch", timedelta(seconds=5), self._runner.dispatch),)
        leading = self._leaders_jobs()
        self._jobs = (*running, *leading)
        self._running, self._leading = Schedule(running, self._bells), Schedule(leading, self._bells)
        self._leader = Leader(
            try_lead=self.database.try_lead,
            lead=self._lead,
            resign=self._resign,
            grace=GRACE if settings.database_url else 0,  # a file's lock is free only when its holder is dead
        )
        self._health = self._make_health()

    def start(self) -> None:
        """Chat first, then runs: what an earlier process left resumes within a second or two."""
        self.database.migrate()
        self._health.start()
        if self.database.shared:
            self._run()
        self._leader.start()
        self._slack.start()
        log.info("started", health_port=self._health.port, transport=self._settings.slack.transport.value)

    def stop(self) -> None:
        """Take nothing new, let the turns under way end, leave the rest to the next process."""
        self._slack.stop()
        self._leader.stop()
        if self.database.shared:
            self._rest()
        self._vendors.stop()
        self._health.stop()
        self.database.close()
        log.info("stopped")

    def _run(self) -> None:
        """Carry out runs: every process on a shared database, else the one that leads."""
        self._runner.start(partial(advance, self._engine))
        self._running.start()

    def _rest(self) -> None:
        self._running.stop()
        self._runner.stop()

    def _lead(self) -> None:
        if not self.database.shared:
            self._run()
        self._leading.start()

    def _resign(self) -> None:
        self._leading.stop()
        self._intake.stop()
        if not self.database.shared:
            self._rest()

    def _leaders_jobs(self) -> tuple[Job, ...]:
        """What one process does for all: Slack's rates are the app's, and what is swept is swept once."""
        rung = timedelta(seconds=20)  # at once when `_look` finds work for them, or who made it wakes them
        return (
            Job("look", timedelta(seconds=1), self._look),
            Job("answer", rung, self._intake.process_due),
            Job("follow", rung, self._sync.sync_once, rest=TOLD_TOGETHER),
            Job("expire", rung, self.service.expire),
            Job("ask anew", timedelta(seconds=5), self._reapproval.reapprove_parked),
            Job("prune", TimeOfDay(minute=7), self._prune),
            # Not at the start: a bot that crashes in circles would log in in circles, and lock the account.
            Job("stay known", TimeOfDay(hour=18, minute=11), self._vendors.keep_login_alive),
        )

    def _look(self) -> None:
        """One query a second tells who has something to do, here or by another replica."""
        with self.database.reader() as unit:
            due = unit.queries.due(self._clock.now())
        for job, wanted in (
            ("answer", due.submissions),
            ("dispatch", due.runs),
            ("follow", due.messages or due.replies),
            ("expire", due.expiries),
        ):
            if wanted:
                self._bells.ring(job)

    def _prune(self) -> None:
        self._runner.prune(self._clock.now() - RETENTION)

    def _make_health(self) -> Health:
        ready = self._checks()
        self._metrics.watch(
            figures=self.database.figures(),
            clock=self._clock,
            leading=lambda: self._leader.leading,
            jobs=self._job_ages,
            checks=ready,
        )
        return Health(
            host=self._settings.health_host,
            port=self._settings.health_port,
            alive={
                "leader": says("its thread has ended", lambda: self._leader.alive),
                "runner": says("a thread of it has ended", lambda: self._runner.alive),
            },
            ready=ready,
            registry=self._metrics.registry,
        )

    def _checks(self) -> Mapping[str, Check]:
        every = {job.name: job.every.total_seconds() for job in self._jobs}
        return {
            "database": self._database_answers,
            "disk": health.disk(self._settings.state),
            "jobs": health.jobs(self._job_ages, every),
            "slack": says("not connected", self._slack.connected),
        }

    def _job_ages(self) -> Mapping[str, float]:
        """Seconds since each job last succeeded; the leader's are in no other process."""
        both = (self._running, self._leading)
        ages = [(job.name, schedule.last_success(job.name)) for schedule in both for job in self._jobs]
        return {name: age for name, age in ages if age is not None}

    def _database_answers(self) -> str | None:
        self.database.ping()
        return self.database.unwritable()

    def _make_opening(self, people: SlackPeople) -> Opening:
        settings = self._settings
        return Opening(
            policy=policy.read(settings.policy),
            people=people,
            clock=self._clock,
            channel=settings.slack.channel,
            language=settings.language,
        )

    def _make_reapproval(self, opening: Opening) -> Reapproval:
        return Reapproval(
            units=self.database.unit,
            reads=self.database.reader,
            inspector=self._engine.inspector,
            platform=self.service.platform,
            opening=opening,
            clock=self._clock,
            wake=self._runner.wake,
        )

    def _make_intake(self, opening: Opening) -> Intake:
        return Intake(
            units=self.database.unit,
            reads=self.database.reader,
            inspector=self._engine.inspector,
            preflight=self._vendors.preflight(),
            opening=opening,
            people=opening.people,
            platform=self.service.platform,
            clock=self._clock,
            wake=self._runner.wake,
            new_reference=_new_reference,
            asked=self._vendors.reset_lockout,
        )

    def _make_sync(self, notifier: SlackNotifier) -> MessageSync:
        settings = self._settings
        return MessageSync(
            units=self.database.unit,
            reads=self.database.reader,
            service=self.service,
            notifier=notifier,
            texts=self.texts,
            clock=self._clock,
            command=settings.slack.command,
            links=Links(
                grafana=settings.grafana.url or "",
                conductor=settings.conductor.frontend or settings.conductor.url or "",
            ),
        )

    def _make_runner(self) -> Runner:
        return Runner(
            reads=self.database.reader,
            url=self._settings.engine_database,
            liveness=self.database.liveness,
            told=partial(self._bells.ring, "follow"),
            called=partial(self._bells.ring, "answer", "dispatch", "follow"),
            at_work={NodegroupStage.name: self._vendors.at_work},
        )

    def _make_engine(self, steps: tuple[Step, ...]) -> Engine:
        return Engine(
            inspector=Inspector(steps=steps),
            platform=self._settings.where(),
            ledger=self.database.ledger(),
            locks=self.database.locks(),
            clock=self._clock,
            retry=RetryPolicy(),
            redact=Redactor((*self._settings.secrets(), *aws_secrets())).redact,
            new_reference=_new_reference,
            retried=self._vendors.reset_lockout,
            halted=self._vendors.halt,
            doorbell=Doorbell(self._runner.wake_here),
        )


def check_all(settings: Settings) -> None:
    """Raises `SettingsFault` with all that is wrong with what the settings name. Opens and asks nothing."""
    lines: list[str] = []
    looks: tuple[Callable[[Settings], object], ...] = (
        _check_database,
        lambda settings: policy.read(settings.policy),
        vendors.cluster,
        vendors.grafana,
        vendors.conductor,
    )
    for look in looks:
        try:
            look(settings)
        except SettingsFault as fault:
            lines += fault.lines
    if lines:
        raise SettingsFault(lines)


def _check_database(settings: Settings) -> None:
    try:
        Database(settings.database).close()
    except ValueError as error:
        raise SettingsFault([f"WORKSPACE_BOT_DATABASE_URL: {error}"]) from None


def _new_reference() -> str:
    """In the message to a person, and in the log beside what happened."""
    return f"E-{secrets.token_hex(4)}"


def _transport(settings: Settings) -> SocketTransport | HttpTransport:
    slack = settings.slack
    if slack.transport is Transport.HTTP and slack.signing_secret is not None:
        return HttpTransport(
            signing_secret=slack.signing_secret, host=settings.http_host, port=settings.http_port
        )
    if slack.app_token is None:
        raise ValueError("settings were not checked: a socket needs an app token")
    return SocketTransport(app_token=slack.app_token, base_url=f"{slack.base_url}/")
