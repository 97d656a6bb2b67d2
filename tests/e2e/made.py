"""What a workspace that was made, or was removed again, looks like from outside."""

from collections.abc import Mapping

from sandbox.control.client import Client, Seen
from sandbox.demo.scene import Scene
from tests.builders import a_workspace

ONCE = (
    "s3.CreateBucket",
    "kubernetes.create profiles",
    "cloudformation.CreateStack",
    "conductor.create workspace",
    "conductor.create account",
    "conductor.add member",
)
"""Calls that make something; a second one would make a second thing, or fail."""

ONCE_GONE = (
    "s3.DeleteBucket",
    "kubernetes.delete profiles",
    "cloudformation.DeleteStack",
    "conductor.delete workspace",
    "conductor.delete account",
    "conductor.remove member",
)
"""Calls that take something away for good."""

Neighbours = dict[str, list[Seen]]
NOTHING_ANEW: Mapping[str, int] = {}


def assert_made(
    scene: Scene, anew: Mapping[str, int] = NOTHING_ANEW, *, since: int = 0, failed: int = 0
) -> None:
    """One of each, under the runbook's names, every change made once, nothing said twice.

    Of the bot's writes those after number `since` count. `failed`: stacks that failed before and were
    removed again. `anew`: how often a call was needed whose first thing failed after it was made.
    """
    project = scene.project
    nodegroup = f"ng-an2-aicond-{project}-ws-standard"
    bucket_arn = f"arn:aws:s3:::s3-an2-meerkat-prod-{project}"
    policies = [f"policy-s3-{whose}-an2-meerkat-prod" for whose in ("aia", "kubeflow")]
    found = scene.names()
    assert {kind: sorted(names) for kind, names in found.items()} == {
        "profiles": [f"aic-ns-{project}-ws"],
        "namespaces": [f"aic-ns-{project}-ws"],
        "buckets": [f"s3-an2-meerkat-prod-{project}"],
        "dex_users": [f"aic-user-{project}-ws@aic.com"],
        "policies": sorted(f"{bucket_arn}{form} in {policy}" for policy in policies for form in ("", "/*")),
        "stacks": [f"eksctl-eks-an2-meerkat-prod-nodegroup-{nodegroup}"],
        "nodegroups": [nodegroup],
        "dashboards": [a_workspace(project).made_dashboard],
        "conductor": [
            f"account {project}-edge",
            f"member {project}-edge in {project}-ws",
            f"workspace {project}-ws",
        ],
    }
    assert set(found) == set(scene.client.things())
    [bucket], [profile], [group] = (scene.ours(kind) for kind in ("buckets", "profiles", "nodegroups"))
    assert project in bucket["tags"].values()
    assert profile["owner"] == f"aic-user-{project}-ws@aic.com"
    assert group["status"] == "ACTIVE"
    assert any(project in value for value in group["group_tags"].values())
    made = scene.writes(since)
    once = dict.fromkeys(ONCE, 1) | {"cloudformation.CreateStack": 1 + failed} | dict(anew)
    assert {call: made[call] for call in ONCE} == once
    assert times_of_dashboard(scene, "grafana.PostDashboard", since) == 1
    assert scene.doubled() == []


def assert_gone(scene: Scene, *, since: int = 0) -> None:
    """Nothing is left, and each thing was taken away once."""
    assert_nothing_left(scene)
    gone = scene.writes(since)
    assert {call: gone[call] for call in ONCE_GONE} == dict.fromkeys(ONCE_GONE, 1)
    assert times_of_dashboard(scene, "grafana.DeleteDashboard", since) == 1


def assert_nothing_left(scene: Scene) -> None:
    """Of it in the world; its login opens nothing, and nothing was said twice."""
    assert scene.names() == {}
    assert not scene.can_log_in(f"aic-user-{scene.project}-ws@aic.com")
    assert scene.doubled() == []


def neighbours(client: Client, *projects: str) -> Neighbours:
    """All that the world holds but what belongs to these, without what changes with every edit."""
    return {
        kind: [
            {name: value for name, value in one.items() if name != "version"}
            for one in things
            if one["workspace"] not in projects
        ]
        for kind, things in client.things().items()
    }


def times_of_dashboard(scene: Scene, call: str, since: int) -> int:
    """Its uid tells nothing of the project."""
    uid = a_workspace(scene.project).made_dashboard
    return [(one["call"], one["resource"]) for one in scene.client.writes(since)].count((call, uid))
