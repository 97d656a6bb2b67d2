"""What people do at the vendors beside the bot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import boto3

from sandbox.kubeflow.cluster import Cluster
from sandbox.world import World

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client

BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
NODES = "/api/v1/nodes"
PODS = "/api/v1/namespaces/default/pods"


def s3_of(world: World) -> S3Client:
    client: S3Client = _client(world, "s3")
    return client


def iam_of(world: World) -> IAMClient:
    client: IAMClient = _client(world, "iam")
    return client


@contextmanager
def an_admin(world: World) -> Iterator[Cluster]:
    """Of the cluster, with all rights."""
    assert world.outside.kubernetes is not None
    with Cluster(world.outside.kubernetes.kubeconfig("admin")) as cluster:
        yield cluster


def put_to_work(cluster: Cluster, nodegroup: str, name: str) -> None:
    """A pod on a node of the group, kept there by a disruption budget of the same name."""
    [node, *_] = cluster.every(NODES, labels=f"eks.amazonaws.com/nodegroup={nodegroup}")
    labels = {"app": name}
    pod = {
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "nodeName": node["metadata"]["name"],
            "containers": [{"name": name, "image": f"{name}:1"}],
        },
    }
    budget = {
        "metadata": {"name": name},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": labels}},
    }
    assert cluster.create(PODS, pod)
    assert cluster.create(BUDGETS, budget)


def let_go(cluster: Cluster, name: str) -> None:
    """The pod may be evicted now."""
    assert cluster.delete(f"{BUDGETS}/{name}")


def _client(world: World, service: Literal["s3", "iam"]) -> Any:
    session: Any = boto3.Session()
    return session.client(
        service,
        endpoint_url=world.urls["aws"],
        region_name=world.place.region,
        aws_access_key_id="AKIASOMEBODY",
        aws_secret_access_key="made up",
    )
