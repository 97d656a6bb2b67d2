"""A run whose vendor hangs in the middle of a call, and a person who cancels it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest
from pydantic import SecretStr

from provisioner.clients.aws import AwsClients
from provisioner.engine.run import EntryKind, RunStatus
from provisioner.engine.stage import Change, Goal, Plan, Stage, StagePlan, Step, Verb
from provisioner.message import literal
from provisioner.stages.bucket.client import S3Buckets
from provisioner.stages.bucket.stage import BucketStage
from provisioner.stages.dashboard.client import GrafanaHttp
from provisioner.stages.dashboard.stage import DashboardStage
from tests.fakes.hanging import Hang, HangingServer, hanging
from tests.fakes.yard import Yard

WITHIN = timedelta(seconds=0.5)
SOON = 8.0  # seconds, at most: less than a person waits, and room for a machine with much to do


def a_bucket(_: str) -> Stage[Any]:
    return BucketStage(S3Buckets(AwsClients(region="ap-northeast-2", timeout=WITHIN), "123456789012"))


def a_dashboard(url: str) -> Stage[Any]:
    return DashboardStage(GrafanaHttp(url=url, token=SecretStr("token"), timeout=WITHIN))


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")


def asked(server: HangingServer) -> bool:
    pause, end = Event(), monotonic() + SOON
    while not server.requests and monotonic() < end:
        pause.wait(0.01)
    return bool(server.requests)


@pytest.mark.parametrize("hang", [Hang.SILENT, Hang.DRIPS_BODY])
@pytest.mark.parametrize("make", [a_bucket, a_dashboard])
def test_a_cancel_while_a_call_hangs_is_obeyed_and_nothing_is_written(
    make: Callable[[str], Stage[Any]], hang: Hang, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = Yard()
    with hanging(hang) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        stage = make(server.url)
        yard.steps = (Step(stage),)
        change = Change(Verb.CREATE, literal("anything"), kind="any", name="anything")
        run_id = yard.queue(Plan(Goal.PRESENT, (StagePlan(stage.name, stage.title, (change,)),)))
        turn = Thread(target=yard.turn, args=(run_id,), daemon=True)
        turn.start()
        assert asked(server)
        began = monotonic()

        yard.cancel(run_id)
        turn.join(SOON)
        assert yard.entry(run_id, EntryKind.STAGE_RETRYING).stage == stage.name
        assert yard.turn(run_id) is None

        assert monotonic() - began < SOON
        assert yard.run(run_id).status is RunStatus.CANCELLED
        assert all(request.startswith("GET ") for request in server.requests)
