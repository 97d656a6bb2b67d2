"""`docs/iam-policy.json` allows what the bot and eksctl call, on the names they use, and nothing else."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from tests.builders import a_platform, a_workspace

ROOT = Path(__file__).parent.parent
POLICY = json.loads((ROOT / "docs" / "iam-policy.json").read_text())
CLIENTS = {
    "stages/bucket/client.py": ("s3",),
    "stages/access/client.py": ("iam",),
    "clients/aws.py": ("eks",),
    "stages/nodegroup/eks.py": ("eks", "ec2", "cloudformation", "autoscaling"),
}
"""The services that a file of provisioner/ speaks to. That we ask who we are needs no right."""

NAMED_OTHERWISE = {
    "s3:DeleteObjects": {"s3:DeleteObject", "s3:DeleteObjectVersion"},
    "s3:GetBucketEncryption": {"s3:GetEncryptionConfiguration"},
    "s3:GetPublicAccessBlock": {"s3:GetBucketPublicAccessBlock"},
    "s3:ListMultipartUploads": {"s3:ListBucketMultipartUploads"},
    "s3:ListObjectVersions": {"s3:ListBucketVersions"},
    "s3:PutBucketEncryption": {"s3:PutEncryptionConfiguration"},
    "s3:PutPublicAccessBlock": {"s3:PutBucketPublicAccessBlock"},
}
"""Rights of S3 are older than the calls."""

WITH_TAGS = {
    "s3:CreateBucket": {"s3:TagResource"},
    "cloudformation:CreateStack": {"cloudformation:TagResource"},
}
FROM_ITS_SOURCE = {"iam:ListAttachedRolePolicies"}
"""eksctl asks for it where the network plugin has a role of its own; there is no such cluster here."""

SIZE_MOST = 6_144  # of a managed policy, white space not counted


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def statements(effect: str = "Allow") -> list[dict[str, Any]]:
    return [each for each in POLICY["Statement"] if each["Effect"] == effect]


def actions(*, of_stacks: bool) -> set[str]:
    """What CloudFormation and EKS do in the caller's name stands in statements of its own."""
    return {
        action
        for each in statements()
        if each["Sid"].startswith("Stack") is of_stacks
        for action in as_list(each["Action"])
    }


def decided(action: str, resource: str) -> str:
    """What IAM would say, conditions aside."""

    def concerned(effect: str) -> bool:
        return any(
            fnmatchcase(action, wanted) and fnmatchcase(resource, where)
            for each in statements(effect)
            for wanted in as_list(each["Action"])
            for where in as_list(each["Resource"])
        )

    return "denied" if concerned("Deny") else "allowed" if concerned("Allow") else "not allowed"


@cache
def operations(service: str) -> dict[str, str]:
    """AWS's names of operations, by boto3's."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): name for name in model.operation_names}


def called_by_the_bot() -> Iterator[str]:
    for file, services in CLIENTS.items():
        for node in ast.walk(ast.parse((ROOT / "provisioner" / file).read_text())):
            name = node.attr if isinstance(node, ast.Attribute) else ""
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("get_paginator"):
                name = ast.literal_eval(node.args[0])
            for service in services:
                if name in operations(service):
                    yield f"{service}:{operations(service)[name]}"


def called_by_eksctl() -> Iterator[str]:
    for path in (ROOT / "sandbox" / "eksctl").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("aws.call"):
                service, operation = (ast.literal_eval(each) for each in node.args[:2])
                if service != "sts":
                    yield f"{service}:{operation}"


def needed(calls: Iterator[str]) -> set[str]:
    """The rights for these calls."""
    found = set(calls)
    return {
        right for call in found for right in NAMED_OTHERWISE.get(call, {call}) | WITH_TAGS.get(call, set())
    }


def test_the_calls_are_found() -> None:
    bot, eksctl = set(called_by_the_bot()), set(called_by_eksctl())

    assert {"s3:CreateBucket", "iam:CreatePolicyVersion", "cloudformation:DescribeStackEvents"} <= bot
    assert {"cloudformation:CreateStack", "eks:DescribeClusterVersions"} <= eksctl - bot
    assert "ec2:DescribeInstanceTypeOfferings" in bot & eksctl  # one of them by a paginator


def test_every_call_is_allowed_and_nothing_that_nobody_calls() -> None:
    wanted = needed(called_by_the_bot()) | needed(called_by_eksctl()) | FROM_ITS_SOURCE

    assert actions(of_stacks=False) == wanted


@pytest.mark.parametrize("spec", ["standard", "gpu"])
def test_the_names_that_the_bot_uses_are_covered(spec: str) -> None:
    ws, at = a_workspace(spec=spec), a_platform()
    here = f"{at.region}:{at.account}"
    stack = f"arn:aws:cloudformation:{here}:stack/{ws.stack_of(ws.nodegroup)}/some-id"
    group = f"arn:aws:autoscaling:{here}:autoScalingGroup:some-id:autoScalingGroupName/eks-{ws.nodegroup}-id"

    assert {
        decided("s3:CreateBucket", ws.bucket_arns[0]),
        decided("s3:DeleteObjectVersion", f"{ws.bucket_arns[0]}/some/object"),
        decided("iam:CreatePolicyVersion", at.policy_arn(at.kubeflow_policy)),
        decided("iam:CreatePolicyVersion", at.policy_arn(at.aia_policy)),
        decided("cloudformation:CreateStack", stack),
        decided("cloudformation:DescribeStacks", stack),
        decided("autoscaling:CreateOrUpdateTags", group),
        decided("eks:CreateNodegroup", f"arn:aws:eks:{here}:cluster/{at.cluster}"),
        decided("eks:DeleteNodegroup", f"arn:aws:eks:{here}:nodegroup/{at.cluster}/{ws.nodegroup}/some-id"),
        decided("iam:PassRole", f"arn:aws:iam::{at.account}:role/eksctl-{at.cluster}-n-NodeInstanceRole-1AB"),
    } == {"allowed"}


def test_what_is_not_the_bots_is_not_covered() -> None:
    at = a_platform()
    cluster = f"arn:aws:cloudformation:{at.region}:{at.account}:stack/eksctl-{at.cluster}-cluster/some-id"

    assert decided("cloudformation:DescribeStacks", cluster) == "allowed"
    assert decided("cloudformation:DeleteStack", cluster) == "not allowed"
    assert decided("eks:DeleteCluster", f"arn:aws:eks:{at.region}:{at.account}:cluster/{at.cluster}") == (
        "not allowed"
    )
    assert decided("iam:PassRole", f"arn:aws:iam::{at.account}:role/administrator") == "not allowed"
    assert decided("s3:DeleteBucket", "arn:aws:s3:::somebody-elses") == "not allowed"


def test_T32_the_bucket_that_all_share_is_denied_though_its_name_is_like_a_projects() -> None:
    bucket = a_workspace("aia").bucket_arns[0]

    assert decided("s3:DeleteBucket", bucket) == "denied"
    assert decided("s3:DeleteObject", f"{bucket}/model.tar.gz") == "denied"


def test_it_is_short_enough_for_one_managed_policy() -> None:
    assert len("".join(json.dumps(POLICY).split())) <= SIZE_MOST
