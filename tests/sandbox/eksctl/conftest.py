from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox.aws import AwsSimulator
from sandbox.kubernetes import KubernetesEmulator
from sandbox.kubernetes.nodes import Nodes
from sandbox.serving.child import Nursery
from tests.sandbox.eksctl.desk import BOT_KEY, CHIEF_KEY, CLUSTER, NODES_KEY, REGION, Desk
from tests.sandbox.kubernetes.clients import Clients, connect


@dataclass(frozen=True, slots=True)
class Everything:
    aws: AwsSimulator
    url: str
    kubernetes: KubernetesEmulator
    admin: Clients
    clients: Mapping[str, Any]


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    """AWS and the cluster that it names, and nodes that follow what AWS says."""
    folder = tmp_path_factory.mktemp("everything")
    aws = AwsSimulator(
        Nursery(), folder / "aws", account="123456789012", region=REGION, boot=timedelta(seconds=0.4)
    )
    url = aws.start()
    kubernetes = KubernetesEmulator(aws_keys={BOT_KEY: "eksctl", CHIEF_KEY: "admin"})
    aws.reach_cluster(kubernetes.start(), kubernetes.authority)
    access = {"endpoint_url": url, "region_name": REGION, "aws_secret_access_key": "made up"}
    session: Any = boto3.Session()
    clients = {
        name: session.client(name, **access, aws_access_key_id="AKIALOOKSIN")
        for name in ("cloudformation", "ec2", "eks")
    }
    nodes = Nodes(
        kubernetes.kubeconfig("controller"),
        url,
        cluster=CLUSTER,
        region=REGION,
        key_id=NODES_KEY,
        secret="made up",
        every=timedelta(milliseconds=200),
    )
    nodes.start()
    yield Everything(aws, url, kubernetes, connect(kubernetes), clients)
    nodes.stop()
    kubernetes.stop()
    aws.stop()


@pytest.fixture
def desk(
    everything: Everything, numbers: Iterator[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    desk = Desk(
        aws=everything.aws,
        url=everything.url,
        kubernetes=everything.kubernetes,
        admin=everything.admin,
        clients=everything.clients,
        folder=tmp_path,
        group=f"ng-an2-aicond-p{next(numbers)}-ws-standard",
    )
    for name, value in desk.environment.items():
        monkeypatch.setenv(name, value)
    yield desk
    desk.aws.faults.clear()
    desk.aws.restore_capacity()
    desk.kubernetes.faults.clear()
    desk.clear()
    assert desk.aws.unknown_calls == []
    assert desk.kubernetes.unknown_calls == ()
