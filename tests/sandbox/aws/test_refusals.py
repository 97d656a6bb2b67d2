"""Trouble in each service's own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from sandbox.aws import AwsSimulator
from sandbox.aws.calls import Call
from sandbox.aws.refusals import ACTIONS, denied
from sandbox.serving.callfaults import Kind
from tests.sandbox.aws.nodegroup import CLUSTER
from tests.sandbox.aws.said import said

Client = Callable[[str], Any]
USER = "User: arn:aws:iam::123456789012:user/workspace-bot is not authorized to perform"
BUSY = [
    ("iam", "list_policies", 400, "Throttling", "Rate exceeded"),
    ("sts", "get_caller_identity", 400, "Throttling", "Rate exceeded"),
    ("cloudformation", "list_stacks", 400, "Throttling", "Rate exceeded"),
    ("autoscaling", "describe_tags", 400, "Throttling", "Rate exceeded"),
    ("ec2", "describe_vpcs", 503, "RequestLimitExceeded", "Request limit exceeded."),
    ("eks", "list_clusters", 429, "ThrottlingException", "Rate exceeded"),
]
FORBIDDEN: list[tuple[str, str, dict[str, Any], str, str]] = [
    (
        "cloudformation",
        "DescribeStacks",
        {"StackName": "some-stack"},
        "AccessDenied",
        " on resource: arn:aws:cloudformation:ap-northeast-2:123456789012:stack/some-stack/*",
    ),
    (
        "eks",
        "DescribeNodegroup",
        {"clusterName": CLUSTER, "nodegroupName": "ng"},
        "AccessDeniedException",
        f" on resource: arn:aws:eks:ap-northeast-2:123456789012:nodegroup/{CLUSTER}/ng/*",
    ),
    (
        "eks",
        "DescribeCluster",
        {"name": CLUSTER},
        "AccessDeniedException",
        f" on resource: arn:aws:eks:ap-northeast-2:123456789012:cluster/{CLUSTER}",
    ),
    ("autoscaling", "DescribeTags", {}, "AccessDenied", ""),
    ("sts", "GetCallerIdentity", {}, "AccessDenied", ""),
    ("iam", "GetRole", {"RoleName": "nodes"}, "AccessDenied", " on resource: role nodes"),
]


@pytest.fixture
def client(access: dict[str, Any]) -> Client:
    return lambda service: boto3.client(service, **access)  # type: ignore[call-overload]  # any of them


@pytest.mark.parametrize(("service", "call", "status", "code", "words"), BUSY)
def test_a_busy_service_says_so_in_its_own_words(
    aws: AwsSimulator, client: Client, service: str, call: str, status: int, code: str, words: str
) -> None:
    operation = "".join(part.title() for part in call.split("_"))
    aws.faults.add(Kind.THROTTLING, f"{service}.{operation}")

    with pytest.raises(ClientError) as error:
        getattr(client(service), call)()

    assert said(error) == (status, code, words)
    getattr(client(service), call)()


@pytest.mark.parametrize(("service", "operation", "asked", "code", "resource"), FORBIDDEN)
def test_a_missing_right_is_named(
    aws: AwsSimulator,
    client: Client,
    service: str,
    operation: str,
    asked: dict[str, Any],
    code: str,
    resource: str,
) -> None:
    made = client(service)
    aws.faults.add(Kind.ACCESS_DENIED, f"{service}.{operation}")
    [method] = [name for name, found in made.meta.method_to_api_mapping.items() if found == operation]

    with pytest.raises(ClientError) as error:
        getattr(made, method)(**asked)

    action = f"{service}:{operation}"
    words = f"{USER}: {action}{resource} because no identity-based policy allows the {action} action"
    assert said(error) == (403, code, words)


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("CreateBucket", "s3:CreateBucket"),
        ("PutBucketEncryption", "s3:PutEncryptionConfiguration"),
        ("PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
        ("ListObjectVersions", "s3:ListBucketVersions"),
    ],
)
def test_s3_names_the_right_which_is_not_always_the_calls_name(operation: str, action: str) -> None:
    refused = denied(Call(service="s3", operation=operation), account="123456789012", region="ap-northeast-2")

    assert f"is not authorized to perform: {action} on resource" in refused.message
    assert refused.message.endswith(f"because no identity-based policy allows the {action} action")


def test_every_right_with_a_name_of_its_own_is_of_a_call_there_is(aws: AwsSimulator) -> None:
    assert set(ACTIONS) <= set(aws.calls.known)


def test_ec2_has_an_envelope_of_its_own(aws: AwsSimulator, client: Client) -> None:
    aws.faults.add(Kind.ACCESS_DENIED, "ec2.DescribeVpcs")

    with pytest.raises(ClientError) as error:
        client("ec2").describe_vpcs()

    action = "ec2:DescribeVpcs"
    words = f"{USER}: {action} because no identity-based policy allows the {action} action"
    text = f"You are not authorized to perform this operation. {words}"
    assert said(error) == (403, "UnauthorizedOperation", text)


def test_a_lost_answer_was_carried_out(aws: AwsSimulator, client: Client) -> None:
    made = client("cloudformation")
    name = f"eksctl-{CLUSTER}-cluster"
    aws.faults.add(Kind.LOST_ANSWER, "cloudformation.UpdateTerminationProtection")

    with pytest.raises(ConnectionClosedError):
        made.update_termination_protection(StackName=name, EnableTerminationProtection=False)

    assert [stack.protected for stack in aws.stacks() if stack.name == name] == [False]
    made.update_termination_protection(StackName=name, EnableTerminationProtection=True)


def test_a_fault_can_be_for_one_key_alone(aws: AwsSimulator, client: Client) -> None:
    aws.faults.add(Kind.THROTTLING, "eks.ListClusters", key_id="AKIASOMEBODYELSE")
    client("eks").list_clusters()

    aws.faults.add(Kind.THROTTLING, "eks.ListClusters", key_id="AKIATESTER")
    with pytest.raises(ClientError):
        client("eks").list_clusters()


def test_every_call_that_a_fault_can_name_is_known(aws: AwsSimulator) -> None:
    known = set(aws.calls.known)

    assert {"s3.CreateBucket", "iam.CreatePolicyVersion", "eks.DescribeNodegroup"} <= known
    assert "ec2.RunInstances" not in known
