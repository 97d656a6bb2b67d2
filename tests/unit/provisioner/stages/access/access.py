"""The two stages of the shared policies over an IAM as the platform has it: four versions each."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import timedelta
from typing import Any

from provisioner.engine.stage import Stage
from provisioner.message import Json
from provisioner.ownership import Tags
from provisioner.stages.access.stage import ConductorAccessStage, KubeflowAccessStage, Policies
from provisioner.workspace import Workspace
from tests.builders import a_platform, a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.iam import FakeIam, FakePolicy, FakeWrites
from tests.fakes.s3 import FakeBucket, FakeS3
from tests.laws.stage_laws import StageCase

WS = a_workspace()
PLATFORM = a_platform()
SHARED = ["arn:aws:s3:::s3-an2-meerkat-prod-aia", "arn:aws:s3:::s3-an2-meerkat-prod-aia/*"]
WRITES = frozenset({"add_version", "drop_version"})
LOOK: dict[str, Json] = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}


def kubeflow(policies: Policies, buckets: Tags | None = None) -> KubeflowAccessStage:
    return KubeflowAccessStage(policies, buckets or FakeS3(), FakeWrites())


def aia(policies: Policies, buckets: Tags | None = None) -> ConductorAccessStage:
    return ConductorAccessStage(policies, buckets or FakeS3(), FakeWrites())


def lock_of(stage: Stage[Any], ws: Workspace) -> str:
    """The one shared document that it edits."""
    (lock,) = stage.locks
    return lock.format(at=ws.platform)


ARN = PLATFORM.policy_arn(PLATFORM.kubeflow_policy)


def a_document(*resources: str) -> dict[str, Json]:
    """The platform's, with these besides the shared bucket."""
    grant: dict[str, Json] = {"Effect": "Allow", "Action": "s3:*", "Resource": [*SHARED, *resources]}
    return {"Version": "2012-10-17", "Statement": [LOOK, grant]}


def a_policy(*resources: str, versions: int = 4) -> FakePolicy:
    policy = FakePolicy()
    for number in range(1, versions):
        policy.add({**a_document(), "Id": f"old {number}"})
    policy.add(a_document(*resources))
    return policy


def an_iam(*, behind: float = 0, **bent: Any) -> FakeIam:
    names = (PLATFORM.kubeflow_policy, PLATFORM.aia_policy)
    policies = {PLATFORM.policy_arn(name): a_policy() for name in names}
    return FakeIam(FakeClock(), policies, behind=timedelta(seconds=behind), **bent)


def a_case(
    iam: FakeIam | None = None, ws: Workspace = WS, stage: Any = kubeflow, s3: FakeS3 | None = None
) -> StageCase:
    iam, s3 = iam or an_iam(), s3 or FakeS3()
    policy = ws.platform.policy_arn(lock_of(stage(iam, s3), ws).removeprefix("policy/"))

    def others() -> Any:
        """The documents without our ARNs: of versions, how many and which is part of every edit."""
        found = deepcopy([each.document for each in iam.policies.values()])
        for document in found:
            for statement in document["Statement"]:
                listed = statement["Resource"]
                if isinstance(listed, list):
                    statement["Resource"] = [each for each in listed if each not in ws.bucket_arns]
        return found

    def put(arn: str) -> None:
        iam.policies[policy].add(a_document(arn))

    def by_hand(**tags: str) -> None:
        """Bucket and access, by the runbook."""
        s3.buckets[ws.bucket] = FakeBucket(tags=tags)
        put(ws.bucket_arns[0])

    return StageCase(
        ws=ws,
        client=iam,
        writes=WRITES,
        stage=lambda policies: stage(policies, s3),
        clock=iam.clock.now,
        pass_time=iam.clock.pass_by,
        ours=lambda: [arn for arn in ws.bucket_arns if arn in json.dumps(iam.policies[policy].document)],
        neighbours=others,
        halves={
            "the bucket alone": lambda: put(ws.bucket_arns[0]),
            "its objects alone": lambda: put(ws.bucket_arns[1]),
        },
        strangers={
            "of a bucket made by hand": lambda: by_hand(team="vision"),
            "of another workspace's bucket": lambda: by_hand(**{"workspace-bot/project": "beta"}),
        },
        failures={"no right to edit": lambda: setattr(iam, "denied", "CreatePolicyVersion")},
    )


def iam_of(case: StageCase) -> FakeIam:
    assert isinstance(case.client, FakeIam)
    return case.client


def policy_of(case: StageCase) -> FakePolicy:
    return iam_of(case).policies[ARN]


def resources(policy: FakePolicy) -> Any:
    return policy.document["Statement"][1]["Resource"]
