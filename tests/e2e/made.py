"""What a workspace that was made looks like from outside."""

from sandbox.scene import Scene


def assert_made(scene: Scene) -> None:
    """One of each, under the runbook's names, every change made once, nothing said twice."""
    project = scene.project
    assert scene.names() == {
        "profiles": [f"aic-ns-{project}-ws"],
        "namespaces": [f"aic-ns-{project}-ws"],
        "buckets": [f"s3-an2-meerkat-prod-{project}"],
        "dex_users": [f"aic-user-{project}-ws@aic.com"],
    }
    [bucket], [profile] = scene.ours("buckets"), scene.ours("profiles")
    assert project in bucket["tags"].values()
    assert profile["owner"] == f"aic-user-{project}-ws@aic.com"
    made = scene.writes()
    assert (made["s3.CreateBucket"], made["kubernetes.create profiles"]) == (1, 1)
    assert scene.doubled() == []
