"""From `/workspace delete` to an empty world, from wherever a workspace has got to."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import boto3
import pytest

from sandbox.control.client import Client, buttons
from sandbox.demo.scene import Scene
from sandbox.kubeflow.cluster import Cluster
from sandbox.world import World
from tests.e2e.gone import assert_gone, others
from tests.e2e.made import assert_made

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

GROUP = "eks.amazonaws.com/nodegroup"
BY_CHANCE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|i-[0-9a-f]{17}|ap-northeast-2[a-z]"
)
"""Ids, and the zone that a machine came up in."""


def test_all_of_a_workspace_goes_with_its_data_and_nobody_else_notices(
    scene: Scene, client: Client, world: World
) -> None:
    before = others(scene)
    ready(scene)
    fill(by_hand(world), f"s3-an2-meerkat-prod-{scene.project}")

    view = scene.open_delete()
    sent = client.submit("requester", view["id"], confirm="somebody-else")
    assert "confirm" in sent["errors"]
    assert scene.project in sent["errors"]["confirm"]
    first = scene.the_card()["ts"]
    client.submit("requester", view["id"], confirm=scene.project, why="the campaign is over")
    card = scene.until(lambda: scene.newer_card(first), "card of the delete")

    words = client.words(card)
    assert "the campaign is over" in words
    lost = words.split("Data that will be permanently deleted")[1]
    assert "1 object, 2.5 KiB in 3 versions, 1 unfinished upload" in lost
    assert f"Kubeflow profile aic-ns-{scene.project}-ws" in lost
    assert "your own request" in scene.refusal("requester", "ws.req.approve")
    assert scene.says("1 node")
    assert set(scene.names()) == set(client.things())
    scene.press("second-admin", "ws.req.approve")
    scene.until_says("was deleted", within=60)

    assert_gone(scene, before)
    scene.until(
        lambda: any("was deleted" in client.words(one) for one in scene.directs()), "message to the asker"
    )
    assert f"/workspace create {scene.project}" in scene.words()


@pytest.mark.long
def test_create_delete_create_in_a_row_give_the_same_world(scene: Scene) -> None:
    before = others(scene)
    ready(scene)
    first = without_chance(scene)

    delete(scene)
    assert_gone(scene, before)
    ready(scene)

    assert without_chance(scene) == first
    assert others(scene) == before


@pytest.mark.long
def test_a_half_made_workspace_is_rolled_back_with_an_approval_of_its_own(
    scene: Scene, client: Client
) -> None:
    before = others(scene)
    client.fault("no-capacity")
    scene.ask()
    scene.press("admin", "ws.req.approve")
    scene.until(lambda: "ws.run.rollback" in buttons(scene.the_card()), "failed card", 40)
    failed = scene.the_card()
    assert "the failed stack exists" in client.words(failed) or "failed, rolling back" in client.words(failed)

    scene.press("requester", "ws.run.rollback")
    card = scene.until(lambda: scene.newer_card(failed["ts"]), "card of the roll back")
    assert f"Deletion request: {scene.project}" in client.words(card)
    assert scene.names()["profiles"]
    assert "your own request" in scene.refusal("requester", "ws.req.approve")
    scene.press("admin", "ws.req.approve")
    scene.until_says("was deleted", within=60)

    assert_gone(scene, before)
    [old] = [one for one in scene.cards() if one["ts"] == failed["ts"]]
    assert "replaced by deletion" in client.words(old)
    assert "ws.run.retry" not in buttons(old)


@pytest.mark.long
@pytest.mark.parametrize("way", ["Continue", "Delete"])
def test_a_workspace_that_was_cancelled_midway(scene: Scene, client: Client, way: str) -> None:
    before = others(scene)
    client.fault("throttling", call="grafana.PostDashboard", times=0)
    scene.ask()
    scene.press("admin", "ws.req.approve")
    scene.until_says("retrying")
    scene.until(lambda: "policies" in scene.names(), "something that exists")
    scene.press("requester", "ws.run.cancel")
    scene.until_says("was canceled", "What exists now", f"S3 bucket s3-an2-meerkat-prod-{scene.project}")
    client.mend("throttling")
    stopped = scene.the_card()["ts"]

    scene.press("requester", f"ws.run.{way.lower()}")
    scene.until(lambda: scene.newer_card(stopped), f"card after {way}")
    scene.press("admin", "ws.req.approve")

    if way == "Continue":
        scene.until_says("is ready")
        assert_made(scene)
    else:
        scene.until_says("was deleted", within=60)
        assert_gone(scene, before)


@pytest.mark.long
def test_a_delete_while_it_is_being_made_has_to_wait_for_a_cancel(scene: Scene, client: Client) -> None:
    client.fault("throttling", call="kubernetes.create profiles", times=0)
    card = scene.ask()
    scene.press("admin", "ws.req.approve")
    scene.until_says("retrying")

    told = scene.tell("requester", f"/workspace delete {scene.project}")

    assert "cancel" in told.lower()
    assert scene.the_card()["ts"] == card["ts"]
    scene.press("requester", "ws.run.cancel")
    scene.until_says("was canceled")
    scene.open_delete()


@pytest.mark.long
def test_a_drain_that_a_budget_holds_up_names_pod_and_budget_and_ends_once_it_is_gone(
    scene: Scene, world: World
) -> None:
    before = others(scene)
    ready(scene)
    namespace = f"aic-ns-{scene.project}-ws"
    assert world.outside.kubernetes is not None
    with Cluster(world.outside.kubernetes.kubeconfig("admin")) as cluster:
        guard(cluster, namespace, f"ng-an2-aicond-{scene.project}-ws-standard")
        scene.ask_delete()
        assert scene.says("1 running pod", "Data that will be permanently deleted")
        scene.press("admin", "ws.req.approve")

        scene.until_says(f"disruption budget {namespace}/keep", f"pod {namespace}/training", within=40)
        assert scene.ours("nodegroups")
        cluster.delete(f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets/keep")
    scene.until_says("was deleted", within=60)

    assert_gone(scene, before)


@pytest.mark.long
def test_a_dashboard_that_was_given_stays(scene: Scene, world: World) -> None:
    grafana, uid = world.outside.grafana, f"given{scene.project}"
    assert grafana is not None
    grafana.add({"uid": uid, "title": f"Made by hand for {scene.project}", "panels": []})
    before = others(scene)
    scene.ask(dashboard=uid)
    scene.press("admin", "ws.req.approve")
    scene.until_says("is ready")
    [workspace] = [one for one in scene.ours("conductor") if one["kind"] == "workspace"]
    assert workspace["dashboard"] == uid

    delete(scene)

    assert_gone(scene, before)
    assert grafana.model(uid) is not None
    assert scene.says(f"Grafana dashboard {uid} was provided with the request, so it stays.")


def ready(scene: Scene) -> None:
    scene.ask()
    scene.press("admin", "ws.req.approve")
    scene.until_says("is ready")


def delete(scene: Scene) -> None:
    scene.ask_delete()
    scene.press("admin", "ws.req.approve")
    scene.until_says("was deleted", within=60)


def by_hand(world: World) -> S3Client:
    """S3 as people use it who work in a workspace."""
    return boto3.client(
        "s3",
        endpoint_url=world.urls["aws"],
        region_name=world.place.region,
        aws_access_key_id="AKIASOMEBODY",
        aws_secret_access_key="made up",
    )


def fill(s3: S3Client, bucket: str) -> None:
    """Old versions, a delete marker and an upload that nobody finished are in the way of a delete too."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for key, size in (("model.bin", 1000), ("model.bin", 1500), ("gone.txt", 10)):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x" * size)
    s3.delete_object(Bucket=bucket, Key="gone.txt")
    s3.create_multipart_upload(Bucket=bucket, Key="half.bin")


def guard(cluster: Cluster, namespace: str, nodegroup: str) -> None:
    """A pod on the workspace's node that its budget does not let go."""
    [node] = cluster.every("/api/v1/nodes", labels=f"{GROUP}={nodegroup}")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "training", "labels": {"app": "training"}},
        "spec": {
            "nodeName": node["metadata"]["name"],
            "containers": [{"name": "training", "image": "training:1"}],
        },
    }
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "keep"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "training"}}},
    }
    cluster.create(f"/api/v1/namespaces/{namespace}/pods", pod)
    cluster.create(f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets", budget)


def without_chance(scene: Scene) -> dict[str, object]:
    """All of it, without ids, zones, and the version of a policy that others edit too."""
    found = {kind: scene.ours(kind) for kind in scene.client.things()}
    for one in found["policies"]:
        del one["version"]
    same: dict[str, object] = json.loads(BY_CHANCE.sub("(chance)", json.dumps(found)))
    return same
