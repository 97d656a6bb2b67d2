"""A workspace of which one thing is somebody else's: it can be rolled back, and that one thing stays."""

import json

import pytest

from sandbox.control.client import Client, buttons
from sandbox.demo.scene import Scene
from sandbox.world import World
from tests.e2e.failing import failure
from tests.e2e.gone import others
from tests.e2e.hands import iam_of, s3_of
from tests.e2e.made import neighbours

pytestmark = pytest.mark.long


def test_a_bucket_that_somebody_made_after_the_approval_stays_when_the_rest_is_rolled_back(
    scene: Scene, client: Client, world: World
) -> None:
    before, bucket = others(scene), f"s3-an2-meerkat-prod-{scene.project}"
    scene.ask()
    make_bucket(world, bucket)
    scene.press("admin", "ws.req.approve")
    told = failure(scene)
    assert f"S3 bucket {bucket} already exists and wasn't created by this bot" in told
    assert "Or ask its owner to delete it, then press Retry." in told
    assert f"What exists now: Kubeflow profile aic-ns-{scene.project}-ws" in told

    roll_back(scene)

    assert scene.says("Plan: 1 resource to delete", f"• Kubeflow profile aic-ns-{scene.project}-ws")
    assert (
        f"S3 bucket: left in place — S3 bucket {bucket} already exists and wasn't created by this bot"
    ) in scene.words()
    scene.press("second-admin", "ws.req.approve")
    scene.until_says(
        (f"{scene.project} was deleted. Resources the bot doesn't own were left in place."), within=60
    )
    assert scene.names() == {"buckets": [bucket]}
    assert neighbours(client, scene.project) == before
    assert still_there(scene) == [f"S3 bucket {bucket} already exists and wasn't created by this bot"]
    assert f"• Kubeflow profile aic-ns-{scene.project}-ws" in scene.words().split("Deleted")[1]
    scene.until(lambda: any("Left in place" in one for one in scene.told()), "last line")
    scene.until(
        lambda: any(
            "Resources the bot doesn't own were left in place" in client.words(one) for one in scene.directs()
        ),
        "message to the asker",
    )
    assert bucket in scene.tell("requester", f"/workspace status {scene.project}")


def test_access_that_somebody_gave_to_their_bucket_stays_with_it(scene: Scene, world: World) -> None:
    bucket = f"s3-an2-meerkat-prod-{scene.project}"
    scene.ask()
    make_bucket(world, bucket)
    give_access(world, bucket)
    scene.press("admin", "ws.req.approve")
    failure(scene)

    roll_back(scene)
    scene.press("second-admin", "ws.req.approve")
    scene.until_says("was deleted. Resources the bot doesn't own were left in place.", within=60)

    assert scene.names().keys() == {"buckets", "policies"}
    assert still_there(scene) == [f"S3 bucket {bucket} already exists and wasn't created by this bot"]


def test_a_workspace_that_somebody_made_by_hand_is_not_deleted(
    scene: Scene, client: Client, world: World
) -> None:
    bucket = f"s3-an2-meerkat-prod-{scene.project}"
    make_bucket(world, bucket)
    give_access(world, bucket)
    view = scene.open_delete()

    client.submit("requester", view["id"], confirm=scene.project)
    answer = scene.until(
        lambda: scene.private("requester", "general", f"delete {scene.project} couldn't be submitted"),
        "answer",
    )

    words = client.words(answer)
    assert f"Your request to delete {scene.project} couldn't be submitted." in words
    assert f"S3 bucket {bucket} already exists and wasn't created by this bot" in words
    assert "Ask its owner to delete it." in words
    assert "another project name" not in words
    assert scene.card() is None


def roll_back(scene: Scene) -> None:
    before = scene.the_card()["ts"]
    assert "ws.run.rollback" in buttons(scene.the_card())
    scene.press("requester", "ws.run.rollback")
    scene.until(lambda: scene.newer_card(before), "card of the deletion")


def still_there(scene: Scene) -> list[str]:
    listed = scene.words().split("Left in place: resources the bot doesn't own\n")[1].split("\nDeleted")[0]
    return [line.removeprefix("• ") for line in listed.splitlines()]


def make_bucket(world: World, name: str) -> None:
    s3_of(world).create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"}
    )


def give_access(world: World, bucket: str) -> None:
    """To Kubeflow's pods, as the runbook does it."""
    iam = iam_of(world)
    arn = f"arn:aws:iam::{world.place.account}:policy/policy-s3-kubeflow-an2-meerkat-prod"
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    old = [one["VersionId"] for one in versions if not one["IsDefaultVersion"]]
    if len(versions) == 5:
        iam.delete_policy_version(PolicyArn=arn, VersionId=old[-1])
    [used] = [one["VersionId"] for one in versions if one["IsDefaultVersion"]]
    found = iam.get_policy_version(PolicyArn=arn, VersionId=used)["PolicyVersion"]["Document"]
    document = json.loads(json.dumps(found))
    grant = next(one for one in document["Statement"] if isinstance(one["Resource"], list))
    grant["Resource"] += [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True)
