"""Node groups by CloudFormation, as eksctl makes them: how they come and go, and why they do not come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws import AwsSimulator
from tests.sandbox.aws.conftest import Time
from tests.sandbox.aws.nodegroup import CLUSTER, Request, events, stack
from tests.sandbox.aws.said import said

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_eks import EKSClient


@pytest.fixture
def request_(numbers: Iterator[int]) -> Request:
    return Request(f"ng-of-test-{next(numbers)}")


def status(eks: EKSClient, name: str) -> str:
    found = eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName=name)
    return str(found["nodegroup"].get("status"))


def test_a_node_group_takes_its_time_to_come(
    cloudformation: CloudFormationClient, eks: EKSClient, time: Time, request_: Request
) -> None:
    name, seen = request_.name, []

    request_.send(cloudformation)
    assert stack(cloudformation, request_.stack)["StackStatus"] == "CREATE_IN_PROGRESS"
    assert name not in eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"]
    for _ in range(11):
        time.pass_by(0.1)
        seen.append((stack(cloudformation, request_.stack)["StackStatus"], status(eks, name)))

    assert seen == [("CREATE_IN_PROGRESS", "CREATING")] * 10 + [("CREATE_COMPLETE", "ACTIVE")]


def test_a_made_node_group_is_as_it_was_asked_for(
    cloudformation: CloudFormationClient, eks: EKSClient, time: Time, request_: Request
) -> None:
    stack_id = request_.send(cloudformation)
    time.pass_by(1.1)

    made = eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName=request_.name)["nodegroup"]
    assert (made["instanceTypes"], made["labels"]) == (["m5.xlarge"], request_.labels)
    assert made["scalingConfig"] == {"minSize": 0, "maxSize": 3, "desiredSize": 1}
    assert made["amiType"] == "AL2023_x86_64_STANDARD"
    assert made["health"] == {"issues": []}
    assert made["nodeRole"].startswith("arn:aws:iam::123456789012:role/eksctl-eks-an2-meerkat")
    assert made["launchTemplate"]["id"].startswith("lt-0")
    assert made["tags"]["workspace"] == "alpha"
    assert made["tags"]["alpha.eksctl.io/nodegroup-name"] == request_.name
    assert made["tags"]["aws:cloudformation:stack-id"] == stack_id
    assert len(made["subnets"]) == 3
    assert request_.name in eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"]


def test_its_auto_scaling_group_is_there_and_takes_tags(
    cloudformation: CloudFormationClient,
    eks: EKSClient,
    autoscaling: AutoScalingClient,
    time: Time,
    request_: Request,
) -> None:
    request_.send(cloudformation)
    time.pass_by(1.1)
    made = eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName=request_.name)["nodegroup"]
    [named] = made["resources"]["autoScalingGroups"]
    label = "k8s.io/cluster-autoscaler/node-template/label/aic-role"

    autoscaling.create_or_update_tags(
        Tags=[
            {
                "ResourceId": named["name"],
                "ResourceType": "auto-scaling-group",
                "Key": label,
                "Value": "alpha-ws-standard",
                "PropagateAtLaunch": False,
            }
        ]
    )

    [group] = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[named["name"]])[
        "AutoScalingGroups"
    ]
    assert (group["MinSize"], group["DesiredCapacity"], group["MaxSize"]) == (0, 1, 3)
    assert [one["LifecycleState"] for one in group["Instances"]] == ["InService"]
    tagged = autoscaling.describe_tags(Filters=[{"Name": "auto-scaling-group", "Values": [named["name"]]}])
    tags = {tag["Key"]: tag["Value"] for tag in tagged["Tags"]}
    assert tags[label] == "alpha-ws-standard"
    assert tags["eks:nodegroup-name"] == request_.name
    assert tags[f"k8s.io/cluster-autoscaler/{CLUSTER}"] == "owned"


def test_tags_of_a_group_that_is_not_there_are_refused(autoscaling: AutoScalingClient) -> None:
    with pytest.raises(ClientError, match="no such group: nowhere"):
        autoscaling.create_or_update_tags(
            Tags=[{"ResourceId": "nowhere", "ResourceType": "auto-scaling-group", "Key": "a", "Value": "b"}]
        )


def test_what_happened_is_told_resource_by_resource(
    cloudformation: CloudFormationClient, time: Time, request_: Request
) -> None:
    request_.send(cloudformation)
    time.pass_by(1.1)

    told = events(cloudformation, request_.stack)
    assert told[0] == (request_.stack, "CREATE_IN_PROGRESS", "User Initiated")
    assert told[-1] == (request_.stack, "CREATE_COMPLETE", "")
    for name in ("LaunchTemplate", "NodeInstanceRole", "PolicyAutoScaling", "ManagedNodeGroup"):
        assert [one[1:] for one in told if one[0] == name] == [
            ("CREATE_IN_PROGRESS", ""),
            ("CREATE_IN_PROGRESS", "Resource creation Initiated"),
            ("CREATE_COMPLETE", ""),
        ]
    one = cloudformation.describe_stack_resource(
        StackName=request_.stack, LogicalResourceId="ManagedNodeGroup"
    )["StackResourceDetail"]
    assert (one["ResourceStatus"], one.get("PhysicalResourceId")) == (
        "CREATE_COMPLETE",
        f"{CLUSTER}/{request_.name}",
    )
    resources = cloudformation.describe_stack_resources(StackName=request_.stack)["StackResources"]
    assert {one["LogicalResourceId"]: one.get("PhysicalResourceId") for one in resources}[
        "ManagedNodeGroup"
    ] == f"{CLUSTER}/{request_.name}"


def test_a_node_group_takes_its_time_to_go(
    cloudformation: CloudFormationClient,
    eks: EKSClient,
    autoscaling: AutoScalingClient,
    time: Time,
    request_: Request,
) -> None:
    stack_id = request_.send(cloudformation)
    time.pass_by(1.1)

    cloudformation.delete_stack(StackName=request_.stack)
    assert stack(cloudformation, request_.stack)["StackStatus"] == "DELETE_IN_PROGRESS"
    assert status(eks, request_.name) == "DELETING"
    time.pass_by(0.6)

    with pytest.raises(ClientError) as by_name:
        cloudformation.describe_stacks(StackName=request_.stack)
    with pytest.raises(ClientError) as nodegroup:
        status(eks, request_.name)
    words = f"Stack with id {request_.stack} does not exist"
    assert said(by_name) == (400, "ValidationError", words)
    gone = f"No node group found for name: {request_.name}."
    assert said(nodegroup) == (404, "ResourceNotFoundException", gone)
    assert stack(cloudformation, stack_id)["StackStatus"] == "DELETE_COMPLETE"
    groups = autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    assert not [one for one in groups if request_.name in one["AutoScalingGroupName"]]
    summaries = cloudformation.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert stack_id in [one["StackId"] for one in summaries]


def test_a_name_can_be_used_again_once_it_is_gone(
    cloudformation: CloudFormationClient, time: Time, request_: Request
) -> None:
    first = request_.send(cloudformation)
    time.pass_by(1.1)
    cloudformation.delete_stack(StackName=request_.stack)
    time.pass_by(0.6)

    second = request_.send(cloudformation)
    time.pass_by(1.1)

    assert first != second
    assert stack(cloudformation, request_.stack)["StackStatus"] == "CREATE_COMPLETE"


def test_a_stack_on_its_way_can_be_deleted(
    cloudformation: CloudFormationClient, eks: EKSClient, time: Time, request_: Request
) -> None:
    stack_id = request_.send(cloudformation)
    time.pass_by(0.5)

    cloudformation.delete_stack(StackName=request_.stack)
    time.pass_by(0.6)

    assert stack(cloudformation, stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert request_.name not in eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"]


def test_a_stack_that_is_not_there_counts_as_deleted(cloudformation: CloudFormationClient) -> None:
    cloudformation.delete_stack(StackName="eksctl-nowhere")


def test_a_protected_stack_is_not_deleted(
    cloudformation: CloudFormationClient, time: Time, request_: Request
) -> None:
    request_.send(cloudformation, protected=True)
    time.pass_by(1.1)

    with pytest.raises(ClientError) as error:
        cloudformation.delete_stack(StackName=request_.stack)
    cloudformation.update_termination_protection(StackName=request_.stack, EnableTerminationProtection=False)
    cloudformation.delete_stack(StackName=request_.stack)

    words = f"Stack [{request_.stack}] cannot be deleted while TerminationProtection is enabled"
    assert said(error) == (400, "ValidationError", words)
    assert stack(cloudformation, request_.stack)["StackStatus"] == "DELETE_IN_PROGRESS"


def test_a_stack_of_that_name_is_refused(cloudformation: CloudFormationClient, request_: Request) -> None:
    request_.send(cloudformation)

    with pytest.raises(ClientError) as error:
        request_.send(cloudformation)

    assert said(error) == (400, "AlreadyExistsException", f"Stack [{request_.stack}] already exists")


def test_roles_are_made_only_with_the_capability(
    cloudformation: CloudFormationClient, request_: Request
) -> None:
    with pytest.raises(ClientError) as error:
        cloudformation.create_stack(
            StackName=request_.stack, TemplateBody=str(request_.body).replace("'", '"')
        )

    words = "Requires capabilities : [CAPABILITY_IAM]"
    assert said(error) == (400, "InsufficientCapabilitiesException", words)


@pytest.mark.parametrize(
    ("call", "asked"),
    [
        ("create_stack", {"Parameters": [{"ParameterKey": "Size", "ParameterValue": "3"}]}),
        ("create_stack", {"RoleARN": "arn:aws:iam::123456789012:role/deployer"}),
        ("create_stack", {"OnFailure": "DELETE"}),
        ("create_stack", {"TimeoutInMinutes": 30}),
        ("create_stack", {"TemplateURL": "https://example.org/template.json"}),
        ("delete_stack", {"RetainResources": ["NodeInstanceRole"]}),
        ("delete_stack", {"RoleARN": "arn:aws:iam::123456789012:role/deployer"}),
        ("get_template", {"ChangeSetName": "change"}),
        ("describe_stack_resources", {"PhysicalResourceId": "some"}),
    ],
)
def test_an_argument_that_would_not_be_heeded_is_refused(
    cloudformation: CloudFormationClient,
    aws: AwsSimulator,
    request_: Request,
    call: str,
    asked: dict[str, Any],
) -> None:
    request_.send(cloudformation)
    before, since, named = len(aws.unknown_calls), len(aws.journal()), {"StackName": request_.stack}
    if call == "create_stack":
        body = json.dumps(replace(request_, name=f"{request_.name}-2").body)
        named = {"StackName": f"{request_.stack}-2", "TemplateBody": body}

    with pytest.raises(ClientError) as error:
        getattr(cloudformation, call)(**named, **asked)

    assert said(error)[0] == 501
    [unknown] = aws.unknown_calls[before:]
    assert next(iter(asked)) in unknown
    assert aws.journal(since) == []


def test_a_resource_that_cannot_be_made_here_is_refused(
    cloudformation: CloudFormationClient, request_: Request
) -> None:
    body = '{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}'

    with pytest.raises(ClientError, match=r"Unrecognized resource types: \[AWS::SQS::Queue\]"):
        cloudformation.create_stack(StackName=request_.stack, TemplateBody=body)


def test_without_capacity_the_stack_is_rolled_back_and_says_why(
    cloudformation: CloudFormationClient, eks: EKSClient, aws: AwsSimulator, time: Time, request_: Request
) -> None:
    aws.no_capacity(times=1)
    request_.send(cloudformation)

    time.pass_by(1.1)
    failed = eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName=request_.name)["nodegroup"]
    [issue] = failed["health"]["issues"]
    assert (failed["status"], issue["code"]) == ("CREATE_FAILED", "AsgInstanceLaunchFailures")
    assert "We currently do not have sufficient m5.xlarge capacity" in issue["message"]
    assert issue["resourceIds"] == [failed["resources"]["autoScalingGroups"][0]["name"]]
    time.pass_by(0.1)
    assert stack(cloudformation, request_.stack)["StackStatus"] == "ROLLBACK_IN_PROGRESS"
    time.pass_by(0.6)

    assert stack(cloudformation, request_.stack)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert request_.name not in eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"]
    failures = [one for one in events(cloudformation, request_.stack) if one[1] == "CREATE_FAILED"]
    assert [one[0] for one in failures] == ["ManagedNodeGroup"]
    assert failures[0][2].startswith(
        'Resource handler returned message: "[Issue(Code=AsgInstanceLaunchFailures, Message=Could not launch'
        " On-Demand Instances. InsufficientInstanceCapacity - We currently do not have sufficient m5.xlarge"
    )
    assert (
        request_.stack,
        "ROLLBACK_IN_PROGRESS",
        "The following resource(s) failed to create: [ManagedNodeGroup]. Rollback requested by user.",
    ) in events(cloudformation, request_.stack)


def test_capacity_is_lacking_only_as_often_as_it_was_said(
    cloudformation: CloudFormationClient, eks: EKSClient, aws: AwsSimulator, time: Time, request_: Request
) -> None:
    none, second = replace(request_, name=f"{request_.name}-0", sizes=(0, 0, 2)), request_
    third = replace(request_, name=f"{request_.name}-2")
    aws.no_capacity(times=1)

    for one in (none, second, third):
        one.send(cloudformation)
    time.pass_by(1.1)

    assert [status(eks, one.name) for one in (none, second, third)] == ["ACTIVE", "CREATE_FAILED", "ACTIVE"]
    assert not aws.lacks_capacity


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sizes": (0, 4, 3)}, "desiredSize can't be greater than maxSize"),
        ({"sizes": (2, 1, 3)}, "minSize can't be greater than desiredSize"),
        ({"subnets": ["subnet-0nowhere"]}, "The subnet ID 'subnet-0nowhere' does not exist"),
        ({"instance_type": "p5.48xlarge"}, "is not supported in your requested Availability Zone"),
        ({"image": "AL2_x86_64"}, "AMI Type AL2_x86_64 is only supported for kubernetes versions 1.32"),
        ({"labels": {"k8s.io/x": "y"}}, "Label cannot contain reserved prefixes [kubernetes.io/, k8s.io/,"),
    ],
)
def test_what_eks_refuses_fails_the_stack_at_once(
    cloudformation: CloudFormationClient,
    eks: EKSClient,
    time: Time,
    request_: Request,
    change: dict[str, object],
    words: str,
) -> None:
    wrong = replace(request_, **change)  # type: ignore[arg-type]  # of the parameters above

    wrong.send(cloudformation)
    time.pass_by(0.3)

    failed = {one[0]: one[2] for one in events(cloudformation, wrong.stack) if one[1] == "CREATE_FAILED"}
    assert failed["PolicyAutoScaling"] == "Resource creation cancelled"
    assert words in failed["ManagedNodeGroup"]
    assert failed["ManagedNodeGroup"].endswith("HandlerErrorCode: InvalidRequest)")
    assert stack(cloudformation, wrong.stack)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert wrong.name not in eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"]


def test_a_type_that_does_not_exist_is_seen_when_it_is_launched(
    cloudformation: CloudFormationClient, eks: EKSClient, time: Time, request_: Request
) -> None:
    wrong = replace(request_, instance_type="m5.bogus")

    wrong.send(cloudformation)
    time.pass_by(1.1)

    [issue] = eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName=wrong.name)["nodegroup"]["health"][
        "issues"
    ]
    assert issue["code"] == "Ec2LaunchTemplateInvalidConfiguration"
    assert issue["message"] == "The specified instance type m5.bogus is not valid"


def test_a_node_group_of_that_name_fails_another_stack(
    cloudformation: CloudFormationClient, eks: EKSClient, time: Time, request_: Request
) -> None:
    request_.send(cloudformation)
    time.pass_by(1.1)

    cloudformation.create_stack(
        StackName="by-hand",
        TemplateBody=str(request_.body).replace("'", '"'),
        Capabilities=["CAPABILITY_IAM"],
    )
    time.pass_by(0.3)

    assert stack(cloudformation, "by-hand")["StackStatus"] == "ROLLBACK_COMPLETE"
    words = f"NodeGroup already exists with name {request_.name} and cluster name {CLUSTER}"
    assert words in str(events(cloudformation, "by-hand"))
    cloudformation.delete_stack(StackName="by-hand")
    time.pass_by(0.6)
    assert status(eks, request_.name) == "ACTIVE"


def test_only_what_was_asked_for_counts_as_a_write(
    cloudformation: CloudFormationClient, aws: AwsSimulator, time: Time, request_: Request
) -> None:
    since = len(aws.journal())

    request_.send(cloudformation)
    time.pass_by(1.1)
    cloudformation.delete_stack(StackName=request_.stack)
    time.pass_by(0.6)
    cloudformation.list_stacks()

    assert [(one["call"], one["resource"]) for one in aws.journal(since)] == [
        ("cloudformation.CreateStack", request_.stack),
        ("cloudformation.DeleteStack", request_.stack),
    ]


def test_what_there_is_can_be_looked_at_from_outside(
    cloudformation: CloudFormationClient, aws: AwsSimulator, time: Time, request_: Request
) -> None:
    request_.send(cloudformation)
    time.pass_by(0.3)
    [coming] = [one for one in aws.nodegroups() if one.name == request_.name]
    time.pass_by(0.8)
    [there] = [one for one in aws.nodegroups() if one.name == request_.name]

    assert (coming.status, coming.machines) == ("CREATING", ())
    assert (there.status, there.instance_type, there.desired, there.largest) == ("ACTIVE", "m5.xlarge", 1, 3)
    assert len(there.machines) == 1
    assert there.group_tags["k8s.io/cluster-autoscaler/enabled"] == "true"
    assert aws.stacks()[0].name == f"eksctl-{CLUSTER}-cluster"
    assert request_.stack in [one.name for one in aws.stacks()]
