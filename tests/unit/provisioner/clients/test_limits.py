"""A vendor that takes a connection and never answers, or not to the end: each call ends, and is Temporary."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from queue import Queue
from threading import Event
from time import monotonic

import pytest
from pydantic import SecretStr

from provisioner.clients.aws import AwsClients
from provisioner.stages.access.client import IamPolicies
from provisioner.stages.bucket.client import S3Buckets
from provisioner.stages.conductor.calls import Calls
from provisioner.stages.conductor.client import ConductorHttp
from provisioner.stages.dashboard.client import GrafanaHttp
from provisioner.stages.dex.client import DexHttp
from provisioner.stages.nodegroup.eks import EksNodeGroups
from provisioner.vendor_call import CALL_WITHIN, OutOfTime, Temporary, TimeLimit, check_time
from tests.fakes.hanging import Hang, hanging

REGION = "ap-northeast-2"
WITHIN = timedelta(seconds=0.4)
AT_MOST = 20.0  # seconds: the limit, and a machine with much to do; who hangs here hangs for good
ACCOUNT = "123456789012"


def conductor(url: str) -> ConductorHttp:
    return ConductorHttp(
        url=url, user="bot", password=SecretStr("pass-word"), calls=Calls.read(None), timeout=WITHIN
    )


def s3(_: str) -> object:
    return S3Buckets(AwsClients(region=REGION, timeout=WITHIN), ACCOUNT).uploads("any")


def iam(_: str) -> object:
    return IamPolicies(AwsClients(region=REGION, timeout=WITHIN)).look(f"arn:aws:iam::{ACCOUNT}:policy/any")


def eks_by_pages(_: str) -> object:
    return EksNodeGroups(AwsClients(region=REGION, timeout=WITHIN)).names("any")


def grafana(url: str) -> object:
    return GrafanaHttp(url=url, token=SecretStr("token"), timeout=WITHIN).look("any")


def ai_conductor(url: str) -> object:
    return conductor(url).workspaces()


CASES = [
    *((call, hang) for call in (s3, grafana, ai_conductor) for hang in Hang),
    *((call, Hang.SILENT) for call in (iam, eks_by_pages)),
]


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")


@pytest.mark.parametrize(("call", "hang"), CASES)
def test_a_call_that_hangs_ends_in_time_and_is_temporary(
    call: Callable[[str], object], hang: Hang, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hanging(hang) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        began = monotonic()

        with pytest.raises(Temporary) as met:
            call(server.url)

        assert monotonic() - began < AT_MOST
        assert met.value.cause is not None
        assert met.value.cause.code in ("ReadTimeout", "ReadTimeoutError")


@pytest.mark.parametrize("hang", Hang, ids=str)
def test_a_dex_that_hangs_is_not_up(hang: Hang) -> None:
    with hanging(hang) as server:
        began = monotonic()

        assert not DexHttp(url=server.url, timeout=WITHIN).up()
        assert monotonic() - began < AT_MOST


def test_a_call_to_a_vendor_leaves_time_to_tell_a_person_within_ten_seconds() -> None:
    assert timedelta(seconds=5) <= CALL_WITHIN < timedelta(seconds=10)


def wait_until_given_up() -> None:
    pause = Event()
    while not pause.wait(0.005):
        try:
            check_time()
        except OutOfTime:
            return


def test_a_login_that_there_was_no_time_to_send_is_not_counted_as_unanswered() -> None:
    """After three that AI Conductor may have refused, the login waits for a person."""
    with hanging(Hang.SILENT) as server:
        client, codes = conductor(server.url), Queue[str]()

        def asks() -> None:
            wait_until_given_up()
            try:
                client.workspaces()
            except Temporary as error:
                codes.put(error.cause.code if error.cause else "")

        for _ in range(4):
            with suppress(OutOfTime):
                TimeLimit(timedelta(seconds=0.05)).run(asks)

        assert [codes.get(timeout=AT_MOST) for _ in range(4)] == ["ConnectTimeout"] * 4
        assert server.requests == []


def test_a_write_that_was_given_up_is_not_tried_again() -> None:
    with hanging(Hang.SILENT) as server, pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", server.url)
        buckets = S3Buckets(AwsClients(region=REGION, timeout=WITHIN), ACCOUNT)

        with pytest.raises(Temporary):
            buckets.delete("any")

        assert len(server.requests) == 1
