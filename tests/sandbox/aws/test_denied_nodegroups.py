"""EKS refuses CloudFormation, which calls it with the rights of whoever made the stack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from sandbox.aws import AwsSimulator
from sandbox.serving.callfaults import Kind
from tests.sandbox.aws.conftest import Time
from tests.sandbox.aws.nodegroup import CLUSTER, Request, events, stack

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_eks import EKSClient

GROUP = "ManagedNodeGroup"
DENIED = (
    'Resource handler returned message: "User: arn:aws:iam::123456789012:user/workspace-bot is not authorized'
    " to perform: eks:{operation} on resource: arn:aws:eks:ap-northeast-2:123456789012:{resource} because no"
    " identity-based policy allows the eks:{operation} action (Service: Eks, Status Code: 403, Request ID: "
)


@pytest.fixture
def request_(numbers: Iterator[int]) -> Request:
    return Request(f"ng-denied-{next(numbers)}")


def groups(eks: EKSClient) -> list[str]:
    return eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"]


def test_a_node_group_that_may_not_be_made_fails_its_stack(
    cloudformation: CloudFormationClient, eks: EKSClient, aws: AwsSimulator, time: Time, request_: Request
) -> None:
    aws.faults.add(Kind.ACCESS_DENIED, "eks.CreateNodegroup", times=0, key_id="AKIATESTER")

    request_.send(cloudformation)
    time.pass_by(0.1)
    begun = stack(cloudformation, request_.stack)["StackStatus"]
    time.pass_by(0.2)

    told = events(cloudformation, request_.stack)
    failed = {name: reason for name, status, reason in told if status == "CREATE_FAILED"}
    assert list(failed) == [GROUP, "PolicyAutoScaling"]
    words = DENIED.format(operation="CreateNodegroup", resource=f"cluster/{CLUSTER}")
    assert failed[GROUP].startswith(words)
    assert failed[GROUP].endswith("HandlerErrorCode: AccessDenied)")
    assert failed["PolicyAutoScaling"] == "Resource creation cancelled"
    all_failed = (
        "The following resource(s) failed to create: [PolicyAutoScaling, ManagedNodeGroup]. Rollback"
        " requested by user."
    )
    assert (request_.stack, "ROLLBACK_IN_PROGRESS", all_failed) in told
    assert begun == "ROLLBACK_IN_PROGRESS"
    assert stack(cloudformation, request_.stack)["StackStatus"] == "ROLLBACK_COMPLETE"
    gone = [name for name, status, _ in told if status == "DELETE_COMPLETE"]
    assert set(gone) == {"LaunchTemplate", "NodeInstanceRole", "PolicyAutoScaling"}
    assert request_.name not in groups(eks)


def test_a_node_group_that_may_not_be_deleted_fails_the_removal_of_its_stack(
    cloudformation: CloudFormationClient, eks: EKSClient, aws: AwsSimulator, time: Time, request_: Request
) -> None:
    request_.send(cloudformation)
    time.pass_by(1.1)
    aws.faults.add(Kind.ACCESS_DENIED, "eks.DeleteNodegroup", key_id="AKIATESTER")

    cloudformation.delete_stack(StackName=request_.stack)
    time.pass_by(0.6)

    left = stack(cloudformation, request_.stack)
    assert left["StackStatus"] == "DELETE_FAILED"
    assert left.get("StackStatusReason") == f"The following resource(s) failed to delete: [{GROUP}]. "
    failed = {
        name: reason
        for name, how, reason in events(cloudformation, request_.stack)
        if how == left["StackStatus"]
    }
    place = f"nodegroup/{CLUSTER}/{request_.name}/*"
    assert failed[GROUP].startswith(DENIED.format(operation="DeleteNodegroup", resource=place))
    resources = cloudformation.describe_stack_resources(StackName=request_.stack)["StackResources"]
    assert {one["LogicalResourceId"]: one["ResourceStatus"] for one in resources} == {
        "LaunchTemplate": "CREATE_COMPLETE",
        "NodeInstanceRole": "CREATE_COMPLETE",
        "PolicyAutoScaling": "DELETE_COMPLETE",
        GROUP: "DELETE_FAILED",
    }
    assert request_.name in groups(eks)

    cloudformation.delete_stack(StackName=request_.stack)
    time.pass_by(0.7)

    assert left.get("StackId") not in [
        one.get("StackId") for one in cloudformation.describe_stacks()["Stacks"]
    ]
    assert request_.name not in groups(eks)


def test_what_may_not_be_deleted_stops_a_rollback(
    cloudformation: CloudFormationClient, eks: EKSClient, aws: AwsSimulator, time: Time, request_: Request
) -> None:
    aws.no_capacity(times=1)
    aws.faults.add(Kind.ACCESS_DENIED, "eks.DeleteNodegroup")

    request_.send(cloudformation)
    time.pass_by(2)

    assert stack(cloudformation, request_.stack)["StackStatus"] == "ROLLBACK_FAILED"
    assert request_.name in groups(eks)


def test_cloudformation_asks_a_busy_eks_again(
    cloudformation: CloudFormationClient, eks: EKSClient, aws: AwsSimulator, time: Time, request_: Request
) -> None:
    aws.faults.add(Kind.THROTTLING, "eks.CreateNodegroup", times=3)

    request_.send(cloudformation)
    time.pass_by(0.35)
    assert request_.name not in groups(eks)
    time.pass_by(0.1)
    assert request_.name in groups(eks)
    time.pass_by(0.9)
    assert stack(cloudformation, request_.stack)["StackStatus"] == "CREATE_IN_PROGRESS"
    time.pass_by(0.1)

    assert stack(cloudformation, request_.stack)["StackStatus"] == "CREATE_COMPLETE"
    assert "CREATE_FAILED" not in [one[1] for one in events(cloudformation, request_.stack)]


def test_a_stack_of_another_key_is_not_struck(
    cloudformation: CloudFormationClient, eks: EKSClient, aws: AwsSimulator, time: Time, request_: Request
) -> None:
    aws.faults.add(Kind.ACCESS_DENIED, "eks.CreateNodegroup", times=0, key_id="AKIASOMEBODYELSE")

    request_.send(cloudformation)
    time.pass_by(1.1)

    assert stack(cloudformation, request_.stack)["StackStatus"] == "CREATE_COMPLETE"
    assert request_.name in groups(eks)
