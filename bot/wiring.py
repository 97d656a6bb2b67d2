"""Where everything is put together: settings in, a bot that can be started and stopped out."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog

from bot import vendors
from bot.config import policy
from bot.config.settings import Settings, SettingsFault, Transport, aws_secrets
from bot.messages.sync import MessageSync
from bot.requests.intake import Intake
from bot.requests.service import WorkspaceService
from bot.runtime import checks
from bot.runtime.checks import says
from bot.runtime.clock import SystemClock
from bot.runtime.health import Check, Health
from bot.runtime.leader import GRACE, Leader
from bot.runtime.metrics import Metrics
from bot.runtime.runner import Runner
from bot.runtime.schedule import Job, Schedule, TimeOfDay, seconds_between
from bot.slack.app import SlackApp
from bot.slack.client import web_client
from bot.slack.context import SlackContext
from bot.slack.identity import SlackPeople
from bot.slack.notifier import SlackNotifier
from bot.slack.rate_limit import RateLimitedObserver
from bot.slack.transport import HttpTransport, SocketTransport
from bot.storage.database import Database
from bot.texts import Texts
from bot.vendors import Vendors
from bot.views.request_view import Links
from provisioner.engine.engine import Engine
from provisioner.engine.run import RetryPolicy
from provisioner.engine.stage import Step
from provisioner.engine.store import SqlLedger
from provisioner.redaction import Redactor

log = structlog.get_logger()

RETENTION = timedelta(days=30)
"""How long the engine's own record of an ended run is kept; ours is kept for good."""


class Bot:
    """One process. Nothing is opened before `start`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = SystemClock()
        self.database = Database(settings.database)
        self.texts = Texts(settings.language)
        self._metrics = Metrics()
        self._vendors = Vendors(settings, self._metrics.called)
        self._engine = self._make_engine(self._vendors.stages())
        self.service = WorkspaceService(
            units=self.database.unit, platform=settings.where(), clock=self._clock, wake=self.wake
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
        self._intake = self._make_intake(people)
        self._sync = MessageSync(
            units=self.database.unit,
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
        self._runner = Runner(
            units=self.database.unit,
            engine=self._engine,
            url=settings.engine_database,
            told=lambda: self._schedule.ring("follow"),
        )
        jobs = self._jobs()
        self._schedule = Schedule(jobs)
        self._leader = Leader(
            try_lead=self.database.try_lead,
            lead=self._lead,
            resign=self._resign,
            grace=GRACE if settings.database_url else 0,  # a file's lock is free only when its holder is dead
        )
        self._health = self._make_health(jobs)

    def start(self) -> None:
        """Chat first, then runs: what an earlier process left resumes within a second or two."""
        self.database.migrate()
        self._health.start()
        self._leader.start()
        self._slack.start()
        log.info("started", health_port=self._health.port, transport=self._settings.slack.transport.value)

    def stop(self) -> None:
        """Take nothing new, let the turns under way end, leave the rest to the next process."""
        self._slack.stop()
        self._leader.stop()
        self._vendors.stop()
        self._health.stop()
        self.database.close()
        log.info("stopped")

    def wake(self, run_id: str = "") -> None:
        """Something was committed that the leader should see now. Elsewhere it sees it within a second."""
        for job in ("answer", "dispatch", "follow"):
            self._schedule.ring(job)
        if run_id:
            self._runner.wake(run_id)

    def _lead(self) -> None:
        self._runner.start()
        self._schedule.start()

    def _resign(self) -> None:
        self._schedule.stop()
        self._intake.stop()
        self._runner.stop()

    def _jobs(self) -> tuple[Job, ...]:
        often = timedelta(seconds=1)
        return (
            Job("answer", often, self._intake.process_due),
            Job("dispatch", often, self._runner.dispatch),
            Job("follow", often, self._sync.sync_once),
            Job("ask anew", timedelta(seconds=5), self._intake.reapprove_parked),
            Job("expire", timedelta(seconds=15), self.service.expire),
            Job("prune", TimeOfDay(minute=7), self._prune),
            # Not at the start: a bot that crashes in circles would log in in circles, and lock the account.
            Job("stay known", TimeOfDay(hour=18, minute=11), self._vendors.keep_login_alive),
        )

    def _prune(self) -> None:
        self._runner.prune(self._clock.now() - RETENTION)

    def _make_health(self, jobs: Sequence[Job]) -> Health:
        ready = self._checks(jobs)
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
            alive={"leader": says("its thread has ended", lambda: self._leader.alive)},
            ready=ready,
            registry=self._metrics.registry,
        )

    def _checks(self, jobs: Sequence[Job]) -> Mapping[str, Check]:
        every = {job.name: seconds_between(job) for job in jobs}
        return {
            "database": self._database_answers,
            "disk": checks.disk(self._settings.state),
            "jobs": checks.jobs(self._job_ages, every),
            "slack": says("not connected", self._slack.connected),
        }

    def _job_ages(self) -> Mapping[str, float]:
        """Seconds since each job last succeeded; none in a process that does not lead."""
        ages = {job.name: self._schedule.last_success(job.name) for job in self._jobs()}
        return {name: age for name, age in ages.items() if age is not None}

    def _database_answers(self) -> str | None:
        self.database.ping()
        return self.database.unwritable()

    def _make_intake(self, people: SlackPeople) -> Intake:
        settings = self._settings
        return Intake(
            units=self.database.unit,
            engine=self._engine,
            preflight=self._vendors.preflight(),
            policy=policy.read(settings.policy),
            people=people,
            platform=settings.where(),
            clock=self._clock,
            wake=self.wake,
            new_reference=_new_reference,
            channel=settings.slack.channel,
            language=settings.language,
            asked=self._vendors.reset_lockout,
        )

    def _make_engine(self, steps: tuple[Step, ...]) -> Engine:
        return Engine(
            steps=steps,
            platform=self._settings.where(),
            ledger=SqlLedger(self.database.engine),
            locks=self.database.locks(),
            clock=self._clock,
            retry=RetryPolicy(),
            redact=Redactor((*self._settings.secrets(), *aws_secrets())).redact,
            new_reference=_new_reference,
            retried=self._vendors.reset_lockout,
            halted=self._vendors.halt,
        )


def check_all(settings: Settings) -> None:
    """Raises `SettingsFault` with all that is wrong with what the settings name. Opens and asks nothing."""
    lines: list[str] = []
    for look in (_check_database, _check_policy, vendors.check):
        try:
            look(settings)
        except SettingsFault as fault:
            lines += fault.lines
    if lines:
        raise SettingsFault(lines)


def _check_policy(settings: Settings) -> None:
    policy.read(settings.policy)


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
