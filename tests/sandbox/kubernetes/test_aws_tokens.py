"""Whoever signs with an AWS key comes in as the user that the key is mapped to, as with EKS."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest
import urllib3
from botocore.awsrequest import AWSRequest

from sandbox.kubernetes import KubernetesEmulator
from tests.sandbox.kubernetes.clients import connect

KEY = "AKIATESTER"
CLUSTER = "eks-an2-meerkat-prod"
PREFIX = "k8s-aws-v1."


@pytest.fixture
def emulator() -> Iterator[KubernetesEmulator]:
    emulator = KubernetesEmulator(aws_keys={KEY: "eksctl"})
    emulator.start()
    yield emulator
    emulator.stop()


def presigned(key_id: str = KEY, *, call: str = "get_caller_identity", cluster: str = CLUSTER) -> str:
    sts = boto3.client(
        "sts",
        region_name="ap-northeast-2",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id=key_id,
        aws_secret_access_key="made up",
    )

    def name_the_cluster(request: AWSRequest, **_: object) -> None:
        if cluster:
            request.headers["x-k8s-aws-id"] = cluster

    sts.meta.events.register("before-sign.sts", name_the_cluster)
    return str(sts.generate_presigned_url(call, ExpiresIn=60, HttpMethod="GET"))


def token(url: str) -> str:
    return PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def ask(emulator: KubernetesEmulator, given: str, path: str = "nodes") -> urllib3.BaseHTTPResponse:
    settings = connect(emulator).api.configuration
    pool = urllib3.PoolManager(ca_certs=settings.ssl_ca_cert)
    return pool.request("GET", f"{settings.host}/api/v1/{path}", headers={"Authorization": f"Bearer {given}"})


def test_a_presigned_call_for_ones_identity_lets_in(emulator: KubernetesEmulator) -> None:
    given = token(presigned())

    assert ask(emulator, given).json()["items"] == []
    assert (
        'User "eksctl" cannot list resource "namespaces"'
        in ask(emulator, given, "namespaces").json()["message"]
    )


def test_a_key_that_nobody_mapped_is_a_stranger(emulator: KubernetesEmulator) -> None:
    assert ask(emulator, token(presigned("AKIASTRANGER"))).status == 401


def test_another_call_or_no_cluster_is_no_token(emulator: KubernetesEmulator) -> None:
    assert ask(emulator, token(presigned())).status == 200

    assert ask(emulator, token(presigned(call="get_session_token"))).status == 401
    assert ask(emulator, token(presigned(cluster=""))).status == 401


def test_a_token_is_good_for_a_quarter_of_an_hour() -> None:
    later = timedelta(minutes=14)
    emulator = KubernetesEmulator(aws_keys={KEY: "eksctl"}, clock=lambda: datetime.now(UTC) + later)
    emulator.start()
    given = token(presigned())

    good = ask(emulator, given).status
    later = timedelta(minutes=16)
    old = ask(emulator, given).status
    emulator.stop()

    assert (good, old) == (200, 401)


@pytest.mark.parametrize(
    "given", [PREFIX, f"{PREFIX}%%%", f"{PREFIX}aGVsbG8", token("https://127.0.0.1/?Action=x")]
)
def test_what_is_no_address_is_no_token(emulator: KubernetesEmulator, given: str) -> None:
    assert ask(emulator, given).status == 401
