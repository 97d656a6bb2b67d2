"""The bot's own metrics, beside those of the process. `docs/operations.md` has a line for each.

What happens in this process is counted as it happens. What is in the database is asked of it when Prometheus
asks, at most every `_FRESH` seconds; what was decided and how stages went is read on from where the last look
ended, by the leader alone, so that replicas may be added up. No label has a name of a project or a person.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import GaugeMetricFamily, Metric

from bot.runtime.health import Check, outcome
from bot.storage.figures import ENDING, Audited, Figures, SqlFigures, StageEntry
from provisioner.diagnosis import diagnose
from provisioner.engine.run import Clock, EntryKind, Failure, RunStatus
from provisioner.vendor_call import CallMetrics

log = structlog.get_logger()

_FRESH = 5.0  # seconds that an answer of the database is good for
_STAGE_SECONDS = (1, 5, 30, 120, 600, 1800, 3600)
_DECISION_SECONDS = (60, 600, 3600, 14400, 86400, 604800)
_DECISIONS = frozenset({"request.approve", "request.reject", "request.withdraw", "request.expire"})


class Metrics:
    """Made before all that it counts; `watch` begins with what is asked for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._acts = self._counter("acts", "Requests, decisions and buttons, as audited.", "action")
        what = "From a request to a decision about it."
        self._decisions = self._histogram("decision_seconds", what, _DECISION_SECONDS, "outcome")
        what = "From a stage's first change to how it went."
        self._stages = self._histogram("stage_seconds", what, _STAGE_SECONDS, "stage", "outcome")
        self._unknown = self._counter("unknown_failures", "Failures that the bot has no diagnosis for.")
        self._refused = self._counter("refused_clicks", "Clicks that were refused, by why.", "reason")
        self.calls = CallMetrics(self.registry)
        self._limited = self._counter("slack_rate_limited", "Answers of Slack that said 429.")

    def refused(self, reason: str) -> None:
        """`reason`: the name of a refusal's class."""
        self._refused.labels(reason).inc()

    def rate_limited(self) -> None:
        self._limited.inc()

    def watch(
        self,
        *,
        figures: SqlFigures,
        clock: Clock,
        leading: Callable[[], bool],
        jobs: Callable[[], Mapping[str, float]],
        checks: Mapping[str, Check],
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """`jobs`: seconds since the last success, by name; none where they do not run."""
        self.registry.register(_Stored(figures, clock, leading, self._told, timer))
        for fed in (self._acts, self._decisions, self._stages, self._unknown):
            self.registry.unregister(fed)
            self.registry.register(fed)  # after what feeds it, or it would tell all one look later
        self.registry.register(_Process(leading, jobs, checks))

    def _told(self, acts: Sequence[Audited], ended: Iterable[tuple[StageEntry, float]]) -> None:
        for act in acts:
            self._acts.labels(act.action).inc()
            if act.action in _DECISIONS:
                self._decisions.labels(act.action.partition(".")[2]).observe(act.seconds)
        for entry, seconds in ended:
            went = entry.kind.value.removeprefix("stage-")
            self._stages.labels(entry.stage, went).observe(seconds)
            if entry.failure is not None and _undiagnosed(entry.failure):
                self._unknown.inc()

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"workspace_bot_{name}", what, labels, registry=self.registry)

    def _histogram(self, name: str, what: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(f"workspace_bot_{name}", what, labels, buckets=buckets, registry=self.registry)


@dataclass(frozen=True, slots=True, eq=False)
class _Process:
    """What this process knows of itself."""

    leading: Callable[[], bool]
    jobs: Callable[[], Mapping[str, float]]
    checks: Mapping[str, Check]

    def describe(self) -> Iterable[Metric]:
        return ()  # or registering would ask for all of it

    def collect(self) -> Iterable[Metric]:
        yield _gauge("leader", "1 in the process that leads.", float(self.leading()))
        yield _gauges("job_age_seconds", "Since a job last succeeded.", "job", self.jobs())
        well = {name: float(not outcome(name, check)) for name, check in self.checks.items()}
        yield _gauges("check", "1 where a check of /ready is well.", "check", well)


@dataclass(slots=True, eq=False)
class _Stored:
    """What the database knows, asked for as seldom as one may."""

    figures: SqlFigures
    clock: Clock
    leading: Callable[[], bool]
    told: Callable[[Sequence[Audited], Iterable[tuple[StageEntry, float]]], None]
    timer: Callable[[], float]
    _lock: threading.Lock = field(default_factory=threading.Lock)  # two who ask at once get one answer
    _asked: float = -math.inf
    _answer: Figures | None = None
    _audited: int | None = None  # up to where the audit log was read; None: not since we lead
    _journalled: dict[str, int] = field(default_factory=dict)  # the same of each run

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        with self._lock:
            if self.timer() - self._asked >= _FRESH:
                self._asked = self.timer()
                self._answer = self._look()
            found = self._answer
        if found is None:
            return
        states = {status.value: 0.0 for status in RunStatus} | dict(found.runs)
        yield _gauges("runs", "Runs by state.", "state", states)
        yield _gauge("queue_depth", "Runs that wait for their turn.", states[RunStatus.QUEUED.value])
        yield _gauges("open_requests", "Requests that wait for a decision.", "action", found.requests)
        yield _gauge("open_submissions", "Submissions that were not answered yet.", found.submissions)
        waits, lags = self._age(found.oldest_submission), self._age(found.oldest_untold)
        yield _gauge("oldest_submission_seconds", "How long the oldest of them waits.", waits)
        yield _gauge("card_lag_seconds", "Age of the oldest news that its thread does not tell.", lags)

    def _look(self) -> Figures | None:
        """None when the database does not answer: the other metrics are still told."""
        try:
            if self.leading():
                self._read_on()
            else:
                self._audited = None
            return self.figures.now()
        except Exception:
            log.warning("metrics cannot be read", exc_info=True)
            return None

    def _read_on(self) -> None:
        journalled = dict(self.figures.journalled())
        if self._audited is None:  # what was before we led is not ours to count
            self._audited, self._journalled = self.figures.last_audited(), journalled
            return
        acts = self.figures.audited(self._audited)
        grown = [run_id for run_id, number in journalled.items() if number > self._journalled.get(run_id, 0)]
        ended = _ended(self.figures.stage_entries(grown), self._journalled) if grown else ()
        self.told(acts, ended)
        self._audited = max([self._audited, *(act.number for act in acts)])
        self._journalled = journalled

    def _age(self, at: datetime | None) -> float:
        return max(0.0, (self.clock.now() - at).total_seconds()) if at else 0.0


def _ended(entries: Sequence[StageEntry], told: Mapping[str, int]) -> Iterable[tuple[StageEntry, float]]:
    """What is new of how stages went, with the seconds since they began."""
    begun: dict[tuple[str, str], datetime] = {}
    for entry in entries:
        at = (entry.run_id, entry.stage)
        if entry.kind is EntryKind.INTENDED:
            begun[at] = entry.at
        elif entry.kind in ENDING and entry.number > told.get(entry.run_id, 0):
            yield entry, (entry.at - begun.get(at, entry.at)).total_seconds()


def _undiagnosed(failure: Mapping[str, object]) -> bool:
    found = Failure.from_json(failure)
    return diagnose(found.what, found.cause) is None


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"workspace_bot_{name}", what, value=value)


def _gauges(name: str, what: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"workspace_bot_{name}", what, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family
