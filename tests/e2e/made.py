"""What a workspace that was made looks like from outside."""

from sandbox.scene import KINDS, Scene
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


def assert_made(scene: Scene) -> None:
    """One of each, under the runbook's names, every change made once, nothing said twice."""
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
    assert set(found) == set(KINDS)
    [bucket], [profile], [group] = (scene.ours(kind) for kind in ("buckets", "profiles", "nodegroups"))
    assert project in bucket["tags"].values()
    assert profile["owner"] == f"aic-user-{project}-ws@aic.com"
    assert group["status"] == "ACTIVE"
    assert any(project in value for value in group["group_tags"].values())
    made = scene.writes()
    assert {call: made[call] for call in ONCE} == dict.fromkeys(ONCE, 1)
    assert scene.doubled() == []
