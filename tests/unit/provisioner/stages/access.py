"""The two stages of the shared policies over an IAM as the platform has it: four versions each."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import timedelta
from typing import Any

from provisioner.message import Json, Message
from provisioner.stages.bucket_access import BucketAccessStage, Policies
from provisioner.workspace import Workspace
from tests.builders import a_platform, a_workspace
from tests.fakes.clock import FakeClock
from tests.fakes.iam import FakeIam, FakePolicy
from tests.laws.stage_laws import StageCase

WS = a_workspace()
PLATFORM = a_platform()
SHARED = ["arn:aws:s3:::s3-an2-meerkat-prod-aia", "arn:aws:s3:::s3-an2-meerkat-prod-aia/*"]
WRITES = frozenset({"add_version", "drop_version"})
LOOK: dict[str, Json] = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}


def kubeflow(policies: Policies) -> BucketAccessStage:
    return BucketAccessStage(
        policies,
        name="s3-access-kubeflow",
        title=Message("S3 access of Kubeflow"),
        policy=lambda platform: platform.kubeflow_policy,
    )


def aia(policies: Policies) -> BucketAccessStage:
    return BucketAccessStage(
        policies,
        name="s3-access-aia",
        title=Message("S3 access of AI Conductor"),
        policy=lambda platform: platform.aia_policy,
    )


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


def a_case(iam: FakeIam | None = None, ws: Workspace = WS, stage: Any = kubeflow) -> StageCase:
    iam = iam or an_iam()
    policy = ws.platform.policy_arn(stage(iam).locks(ws)[0].removeprefix("policy/"))

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

    return StageCase(
        ws=ws,
        client=iam,
        writes=WRITES,
        stage=stage,
        clock=iam.clock.now,
        pass_time=iam.clock.pass_by,
        ours=lambda: [arn for arn in ws.bucket_arns if arn in json.dumps(iam.policies[policy].document)],
        neighbours=others,
        halves={
            "the bucket alone": lambda: put(ws.bucket_arns[0]),
            "its objects alone": lambda: put(ws.bucket_arns[1]),
        },
        strangers={},  # an ARN is ours by its derived name
        failures={"no right to edit": lambda: setattr(iam, "denied", "CreatePolicyVersion")},
    )


def iam_of(case: StageCase) -> FakeIam:
    assert isinstance(case.client, FakeIam)
    return case.client


def policy_of(case: StageCase) -> FakePolicy:
    return iam_of(case).policies[ARN]


def resources(policy: FakePolicy) -> Any:
    return policy.document["Statement"][1]["Resource"]
