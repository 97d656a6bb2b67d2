"""The systems the stages work on, started once for all tests of a process, on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Literal

import boto3
import pytest

from provisioner.clients.aws import AwsClients
from provisioner.clients.kube import KubeCluster
from provisioner.stages.access.client import IamPolicies
from provisioner.stages.bucket.client import S3Buckets
from provisioner.stages.dex.client import DexHttp, KubeDex
from provisioner.stages.profile.client import KubeProfiles
from sandbox.aws import AwsSimulator
from sandbox.kubeflow import Dex, ProfileController, seed_platform
from sandbox.kubernetes.emulator import KubernetesEmulator
from sandbox.serving.child import Nursery

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client

ACCOUNT = "123456789012"
REGION: Literal["ap-northeast-2"] = "ap-northeast-2"
PATIENT = timedelta(minutes=1)
"""What simulators of a busy machine answer is looked at here, not how soon."""
LOOK_AGAIN_MOST = 0.05  # seconds; the simulators are quicker than what they stand for


def utc_now() -> datetime:
    return datetime.now(UTC)


def pass_time(seconds: float) -> None:
    Event().wait(min(seconds, LOOK_AGAIN_MOST))


@dataclass(frozen=True, slots=True)
class Aws:
    """`s3` and `iam` are anybody else with rights in the account."""

    simulator: AwsSimulator
    buckets: S3Buckets
    policies: IamPolicies
    s3: S3Client
    iam: IAMClient


@dataclass(frozen=True, slots=True)
class Kubeflow:
    """`profiles` and `dex` with the bot's own rights, `admin` with all."""

    emulator: KubernetesEmulator
    server: Dex
    url: str
    profiles: KubeProfiles
    dex: KubeDex
    health: DexHttp
    admin: KubeCluster


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    folder = tmp_path_factory.mktemp("aws")
    simulator = AwsSimulator(Nursery(), folder, account=ACCOUNT, region=REGION)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", simulator.start())
        environment.setenv("AWS_ACCESS_KEY_ID", "AKIATESTER")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "made up")
        environment.setenv("AWS_CONFIG_FILE", str(folder / "none"))
        clients = ready(AwsClients(region=REGION, timeout=PATIENT))
        found = Aws(
            simulator=simulator,
            buckets=S3Buckets(clients, ACCOUNT),
            policies=IamPolicies(clients),
            s3=boto3.client("s3", region_name=REGION),
            iam=boto3.client("iam", region_name=REGION),
        )
    yield found
    simulator.stop()
    assert simulator.unknown_calls == []


@pytest.fixture(scope="session")
def kubeflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubeflow]:
    emulator = KubernetesEmulator()
    emulator.start()
    controller = ProfileController(emulator.kubeconfig("controller"), every=timedelta(milliseconds=20))
    seed_platform(emulator.kubeconfig("admin"))
    server = Dex(
        emulator.kubeconfig("controller"),
        every=timedelta(milliseconds=20),
        backoff=timedelta(milliseconds=200),
    )
    url = server.start()
    controller.start()
    folder = tmp_path_factory.mktemp("kube")
    bot = cluster(folder, emulator, "workspace-bot")
    found = Kubeflow(
        emulator=emulator,
        server=server,
        url=url,
        profiles=KubeProfiles(bot),
        dex=KubeDex(bot),
        health=DexHttp(url=url),
        admin=cluster(folder, emulator, "admin"),
    )
    until(found.health.up)
    yield found
    controller.stop()
    server.stop()
    unknown = emulator.unknown_calls
    emulator.stop()
    assert unknown == ()


@pytest.fixture(scope="session")
def projects() -> Iterator[str]:
    """Names nobody has used before."""
    return (f"p{number}" for number in count(1))


def cluster(folder: Path, emulator: KubernetesEmulator, user: str) -> KubeCluster:
    path = folder / user
    path.write_text(emulator.kubeconfig(user))
    return KubeCluster(kubeconfig=str(path), timeout=PATIENT)


def ready(clients: AwsClients) -> AwsClients:
    """All made now, while the environment says where AWS is."""
    made: Any = clients.client
    for service in ("autoscaling", "cloudformation", "ec2", "eks", "iam", "s3", "sts"):
        made(service)
    made("iam", attempts=1)
    return clients


def until(true: Callable[[], bool], *, within: float = 20.0) -> None:
    event = Event()
    for _ in range(int(within / 0.02)):
        if true():
            return
        event.wait(0.02)
    raise AssertionError(f"not so within {within} s")
