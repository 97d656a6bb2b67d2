"""What Prometheus is told, over a real database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from approvals.model import AuditEntry
from bot.model.submission import SubmissionState
from bot.runtime.metrics import Metrics
from bot.storage.database import Database
from provisioner.engine.run import EntryKind, Failure, RunStatus
from provisioner.message import Message
from tests.builders import NOON, a_cause, a_request, a_run, a_thread, an_ask, an_entry
from tests.fakes.clock import FakeClock

DOCUMENTED = Path(__file__).parents[4] / "docs" / "operations.md"
STALE = 6.0  # seconds: more than an answer of the database is good for


class Scene:
    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder / 'bot.db'}")
        self.database.migrate()
        self.clock = FakeClock()
        self.leading = True
        self.jobs = {"follow": 2.0}
        self.wrong: str | None = None
        self.metrics = Metrics()
        self.metrics.watch(
            figures=self.database.figures(),
            clock=self.clock,
            leading=lambda: self.leading,
            jobs=lambda: self.jobs,
            checks={"disk": lambda: self.wrong},
            timer=self._seconds,
        )

    def _seconds(self) -> float:
        return (self.clock.now() - NOON).total_seconds()

    def told(self, name: str, **labels: str) -> float | None:
        """The value of a sample, as it is told now."""
        return self.metrics.registry.get_sample_value(f"workspace_bot_{name}", labels)

    def look(self) -> None:
        """Prometheus asks, later than an answer is kept."""
        self.clock.pass_by(STALE)
        list(self.metrics.registry.collect())


def audited(action: str, at: datetime) -> AuditEntry:
    return AuditEntry(at=at, actor="U0BOB", action=action, target="alpha", request_id=a_request().id, data={})


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    scene.database.close()


def test_what_is_open_is_told_with_the_age_of_the_oldest(scene: Scene) -> None:
    with scene.database.unit() as unit:
        unit.requests.add(a_request())
        unit.runs.add(a_run(project="beta"))
        unit.submissions.add(an_ask())
        unit.submissions.add(an_ask("V2", at=NOON - timedelta(minutes=1), state=SubmissionState.CLOSED))
        unit.commit()
    scene.look()

    assert scene.told("open_requests", action="workspace.create") == 1
    assert scene.told("runs", state="queued") == scene.told("queue_depth") == 1
    assert scene.told("runs", state="failed") == 0
    assert scene.told("open_submissions") == 1
    assert scene.told("oldest_submission_seconds") == STALE


def test_news_that_no_thread_tells_is_told_with_its_age(scene: Scene) -> None:
    with scene.database.unit() as unit:
        unit.runs.add(a_run())
        unit.messages.add(a_thread())
        unit.journal.append(a_run().id, an_entry())
        unit.commit()
    scene.look()
    assert scene.told("card_lag_seconds") == STALE

    with scene.database.unit() as unit:
        unit.messages.save(replace(a_thread(), told=1))
        unit.commit()
    scene.look()
    assert scene.told("card_lag_seconds") == 0


def test_decisions_are_counted_from_when_we_led_with_how_long_they_took(scene: Scene) -> None:
    with scene.database.unit() as unit:
        unit.requests.add(a_request())
        unit.audit.append(audited("request.ask", NOON))  # before we led
        unit.commit()
    scene.look()
    with scene.database.unit() as unit:
        unit.audit.append(audited("request.approve", NOON + timedelta(minutes=2)))
        unit.commit()
    scene.look()
    scene.look()

    assert scene.told("acts_total", action="request.ask") is None
    assert scene.told("acts_total", action="request.approve") == 1
    assert scene.told("decision_seconds_sum", outcome="approve") == 120


def test_stages_are_counted_by_how_they_went_and_unknown_failures_beside(scene: Scene) -> None:
    run = a_run(status=RunStatus.RUNNING)
    cause = a_cause("never heard of", code="Odd", service="moon")
    odd = Failure(stage="bucket", what=Message("cannot do it"), reference="E-1", cause=cause)
    scene.look()
    with scene.database.unit() as unit:
        unit.runs.add(run)
        unit.journal.append(run.id, an_entry(kind=EntryKind.INTENDED))
        unit.commit()
    scene.look()
    with scene.database.unit() as unit:
        unit.journal.append(run.id, an_entry(kind=EntryKind.STAGE_RETRYING, at=NOON + timedelta(seconds=7)))
        failed = an_entry(
            kind=EntryKind.FAILED, at=NOON + timedelta(seconds=9), data={"failure": odd.to_json()}
        )
        unit.journal.append(run.id, failed)
        unit.commit()
    scene.look()
    scene.look()

    assert scene.told("stage_seconds_sum", stage="bucket", outcome="retrying") == 7
    assert scene.told("stage_seconds_sum", stage="bucket", outcome="failed") == 9
    assert scene.told("stage_seconds_count", stage="bucket", outcome="failed") == 1
    assert scene.told("unknown_failures_total") == 1


def test_a_process_that_does_not_lead_counts_nothing_that_the_leader_counts(scene: Scene) -> None:
    scene.leading = False
    scene.look()
    with scene.database.unit() as unit:
        unit.requests.add(a_request())
        unit.audit.append(audited("request.ask", NOON))
        unit.commit()
    scene.look()

    assert scene.told("leader") == 0
    assert scene.told("acts_total", action="request.ask") is None
    assert scene.told("open_requests", action="workspace.create") == 1


def test_what_happens_here_is_counted(scene: Scene) -> None:
    scene.metrics.refused("SelfApproval")
    scene.metrics.rate_limited()
    scene.metrics.calls("s3", "CreateBucket", "AccessDenied", 0.3)
    scene.wrong = "only 3 MB are left"

    assert scene.told("refused_clicks_total", reason="SelfApproval") == 1
    assert scene.told("slack_rate_limited_total") == 1
    assert scene.told("vendor_calls_total", service="s3", operation="CreateBucket", code="AccessDenied") == 1
    assert scene.told("vendor_call_seconds_sum", service="s3") == 0.3
    assert scene.told("job_age_seconds", job="follow") == 2
    assert scene.told("check", check="disk") == 0


def test_an_answer_of_the_database_is_kept_for_some_seconds(scene: Scene) -> None:
    scene.look()
    with scene.database.unit() as unit:
        unit.submissions.add(an_ask())
        unit.commit()

    assert scene.told("open_submissions") == 0
    scene.look()
    assert scene.told("open_submissions") == 1


def test_without_a_database_the_rest_is_still_told(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.database.close()
    for path in tmp_path.iterdir():
        path.unlink()
    tmp_path.rmdir()
    scene.look()

    assert scene.told("open_submissions") is None
    assert scene.told("leader") == 1


def test_each_metric_is_documented_and_each_documented_one_is_told(scene: Scene) -> None:
    told = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in scene.metrics.registry.collect()
        if family.name.startswith("workspace_bot_")
    }
    lines = DOCUMENTED.read_text(encoding="utf-8").splitlines()
    documented = [found[1] for line in lines if (found := re.match(r"\| `(workspace_bot_\w+)` \| ", line))]

    assert sorted(told) == documented


def test_no_label_has_the_name_of_a_project_or_of_a_person(scene: Scene) -> None:
    with scene.database.unit() as unit:
        unit.requests.add(a_request(target="secretproject"))
        unit.runs.add(a_run(project="secretproject"))
        unit.commit()
    scene.look()

    for family in scene.metrics.registry.collect():
        for sample in family.samples:
            assert not {"secretproject", "U0MINA"} & set(sample.labels.values())


def test_what_was_decided_is_told_by_the_very_next_look(scene: Scene) -> None:
    scene.look()
    with scene.database.unit() as unit:
        unit.requests.add(a_request())
        unit.audit.append(audited("request.ask", NOON))
        unit.commit()
    scene.clock.pass_by(STALE)

    page = generate_latest(scene.metrics.registry).decode()

    assert 'workspace_bot_acts_total{action="request.ask"} 1.0' in page
