"""What becomes of AWS's answers: canned ones, which botocore holds against its own models of the services."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.stub import Stubber

from provisioner.clients.aws import AwsClients
from provisioner.stages.nodegroup.eks import Ec2InstanceTypes, EksNodeGroups
from provisioner.stages.nodegroup.state import Network, NodeGroup, Stack, StackEvent
from provisioner.vendor_call import Permanent, Temporary
from provisioner.workspace import InstanceType
from tests.builders import NOON

REGION = "ap-northeast-2"
CLUSTER = "eks-an2-meerkat-prod"
NAME = "ng-an2-aicond-alpha-ws-standard"
STACK = f"eksctl-{CLUSTER}-nodegroup-{NAME}"
MARK = {"workspace-bot/project": "alpha"}
ROLE_TAG = "k8s.io/cluster-autoscaler/node-template/label/aic-role"
NO_STACK = f"Stack with id {STACK} does not exist"


class Aws:
    """The clients, and what AWS will answer them, in this order for each service."""

    def __init__(self, groups: EksNodeGroups, types: Ec2InstanceTypes) -> None:
        self.groups = groups
        self.types = types
        self.eks = Stubber(self.groups._eks)
        self.ec2 = Stubber(self.groups._ec2)
        self.facts = Stubber(self.types._aws.client("ec2"))
        self.stacks = Stubber(self.groups._stacks)
        self.scaling = Stubber(self.groups._scaling)
        self.stubs = (self.eks, self.ec2, self.facts, self.stacks, self.scaling)

    def has_cluster(self, **bent: Any) -> None:
        vpc = {
            "vpcId": "vpc-1",
            "subnetIds": ["s-1"],
            "securityGroupIds": ["sg-1"],
            "clusterSecurityGroupId": "sg-2",
        }
        usual: dict[str, Any] = {"name": CLUSTER, "status": "ACTIVE", "resourcesVpcConfig": vpc}
        self.eks.add_response("describe_cluster", {"cluster": usual | bent})

    def has_subnets(self, *subnets: dict[str, Any]) -> None:
        self.ec2.add_response("describe_subnets", {"Subnets": list(subnets)})

    def has_group(self, **facts: Any) -> None:
        self.eks.add_response("describe_nodegroup", {"nodegroup": facts})

    def has_no_group(self) -> None:
        words = f"No node group found for name: {NAME}."
        self.eks.add_client_error("describe_nodegroup", "ResourceNotFoundException", words, 404)

    def has_stack(self, status: str, *events: tuple[str, str, str]) -> None:
        """`events`: (resource, status, reason), the oldest first."""
        tags = [{"Key": key, "Value": value} for key, value in MARK.items()]
        found = {
            "StackName": STACK,
            "StackId": "id",
            "CreationTime": NOON,
            "StackStatus": status,
            "Tags": tags,
        }
        self.stacks.add_response("describe_stacks", {"Stacks": [found]})
        rows = [
            {
                "StackId": "id",
                "EventId": str(number),
                "StackName": STACK,
                "LogicalResourceId": resource,
                "ResourceType": "AWS::CloudFormation::Stack" if resource == STACK else "AWS::Any",
                "ResourceStatus": event,
                "ResourceStatusReason": reason,
                "Timestamp": NOON + timedelta(seconds=number),
            }
            for number, (resource, event, reason) in enumerate(events)
        ]
        if rows:
            self.stacks.add_response("describe_stack_events", {"StackEvents": rows[::-1]})

    def has_no_stack(self, method: str = "describe_stacks") -> None:
        self.stacks.add_client_error(method, "ValidationError", NO_STACK, http_status_code=400)


@pytest.fixture(scope="module")
def clients() -> Iterator[tuple[EksNodeGroups, Ec2InstanceTypes]]:
    """Made once: botocore reads the models of five services for them."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_CONFIG_FILE", "none")
        environment.setenv("AWS_ACCESS_KEY_ID", "AKIATESTER")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "made up")
        groups, types = AwsClients(region=REGION), AwsClients(region=REGION)  # each has stubs of its own
        yield EksNodeGroups(groups), Ec2InstanceTypes(types)


@pytest.fixture
def aws(clients: tuple[EksNodeGroups, Ec2InstanceTypes]) -> Iterator[Aws]:
    aws = Aws(*clients)
    for stub in aws.stubs:
        stub.activate()
    yield aws
    for stub in aws.stubs:
        stub.deactivate()


def a_subnet(name: str, zone: str, *, public: bool = False, tag: str = "") -> dict[str, Any]:
    tags = [{"Key": f"kubernetes.io/role/{tag}", "Value": "1"}] if tag else []
    return {
        "SubnetId": name,
        "AvailabilityZone": f"{REGION}{zone}",
        "MapPublicIpOnLaunch": public,
        "Tags": tags,
    }


def failure(stack: Stack | None) -> StackEvent:
    assert stack is not None
    assert stack.failure is not None
    return stack.failure


def test_T50_what_a_type_holds_is_read_from_ec2(aws: Aws) -> None:
    found = {
        "VCpuInfo": {"DefaultVCpus": 32},
        "MemoryInfo": {"SizeInMiB": 249_500},
        "GpuInfo": {"Gpus": [{"Name": "V100", "Manufacturer": "NVIDIA", "Count": 4}]},
    }
    aws.facts.add_response("describe_instance_types", {"InstanceTypes": [found]})

    described = aws.types.describe("p3.8xlarge")

    assert described == InstanceType(name="p3.8xlarge", vcpus=32, memory_gib=243, gpus=4, nvidia=True)


@pytest.mark.parametrize(
    "held",
    [
        {"NeuronInfo": {"NeuronDevices": [{"Name": "Inferentia2", "Count": 1}]}},
        {"InferenceAcceleratorInfo": {"Accelerators": [{"Name": "Inferentia", "Manufacturer": "AWS"}]}},
    ],
    ids=["as it is now", "as it was"],
)
def test_awss_own_accelerators_are_known(aws: Aws, held: dict[str, Any]) -> None:
    found = {"VCpuInfo": {"DefaultVCpus": 4}, "MemoryInfo": {"SizeInMiB": 16384}, **held}
    aws.facts.add_response("describe_instance_types", {"InstanceTypes": [found]})

    assert aws.types.describe("inf2.xlarge") == InstanceType(
        name="inf2.xlarge", vcpus=4, memory_gib=16, neuron=True
    )


def test_gpus_of_another_maker_are_not_nvidias(aws: Aws) -> None:
    found = {
        "VCpuInfo": {"DefaultVCpus": 4},
        "MemoryInfo": {"SizeInMiB": 16_384},
        "GpuInfo": {"Gpus": [{"Name": "Radeon Pro V520", "Manufacturer": "AMD", "Count": 1}]},
    }
    aws.facts.add_response("describe_instance_types", {"InstanceTypes": [found]})

    described = aws.types.describe("g4ad.xlarge")

    assert (described.gpus, described.nvidia) == (1, False)


def test_T50_a_type_that_ec2_does_not_know_is_permanent(aws: Aws) -> None:
    words = "The following supplied instance types do not exist: [m5.huge]"
    aws.facts.add_client_error("describe_instance_types", "InvalidInstanceType", words, http_status_code=400)

    with pytest.raises(Permanent, match=r"cannot read instance type m5\.huge: .*m5\.huge") as failed:
        aws.types.describe("m5.huge")

    assert failed.value.cause is not None
    assert (failed.value.cause.service, failed.value.cause.code) == ("ec2", "InvalidInstanceType")


def test_T43_the_zones_are_those_that_offer_the_type(aws: Aws) -> None:
    asked = {
        "LocationType": "availability-zone",
        "Filters": [{"Name": "instance-type", "Values": ["m5.xlarge"]}],
    }
    offered = {"InstanceTypeOfferings": [{"Location": "ap-northeast-2a"}, {"Location": "ap-northeast-2c"}]}
    aws.ec2.add_response("describe_instance_type_offerings", offered, asked)

    assert aws.groups.zones_offering("m5.xlarge") == {"ap-northeast-2a", "ap-northeast-2c"}


def test_T43_only_private_subnets_of_the_cluster_count(aws: Aws) -> None:
    aws.has_cluster()
    aws.has_subnets(
        a_subnet("by-tag", "a", public=True, tag="internal-elb"),
        a_subnet("by-address", "c"),
        a_subnet("for-the-world", "b", tag="elb"),
        a_subnet("public", "d", public=True),
    )
    aws.has_no_stack()

    assert aws.groups.network(CLUSTER) == Network(
        vpc="vpc-1",
        security_group="sg-1",
        subnets={"by-tag": "ap-northeast-2a", "by-address": "ap-northeast-2c"},
        owned=False,
    )


def test_a_cluster_without_subnets_has_none_rather_than_all_of_the_account(aws: Aws) -> None:
    aws.has_cluster(resourcesVpcConfig={"clusterSecurityGroupId": "sg-2"})
    aws.has_no_stack()

    network = aws.groups.network(CLUSTER)

    assert (network.subnets, network.security_group) == ({}, "sg-2")


def test_a_cluster_with_eksctls_stack_is_its_own(aws: Aws) -> None:
    aws.has_cluster()
    aws.has_subnets()
    aws.has_stack("CREATE_COMPLETE")

    assert aws.groups.network(CLUSTER).owned


def test_T44_a_cluster_that_is_not_there_is_said(aws: Aws) -> None:
    for method in ("list_nodegroups", "describe_cluster"):
        words = f"No cluster found for name: {CLUSTER}."
        aws.eks.add_client_error(method, "ResourceNotFoundException", words, http_status_code=404)

    with pytest.raises(Permanent, match="No cluster found"):
        aws.groups.names(CLUSTER)
    with pytest.raises(Permanent, match="No cluster found"):
        aws.groups.network(CLUSTER)


@pytest.mark.parametrize(("status", "kind"), [("UPDATING", Temporary), ("FAILED", Permanent)])
def test_T44_a_cluster_that_is_not_active_takes_no_nodes(
    aws: Aws, status: str, kind: type[Exception]
) -> None:
    aws.has_cluster(status=status)

    with pytest.raises(kind, match=f"EKS cluster {CLUSTER} isn't active \\({status}\\)"):
        aws.groups.network(CLUSTER)


def test_a_node_group_is_told_as_eks_has_it(aws: Aws) -> None:
    aws.has_group(
        status="DEGRADED",
        instanceTypes=["m5.xlarge"],
        scalingConfig={"minSize": 0, "maxSize": 3, "desiredSize": 1},
        labels={"aic-role": "alpha-ws-standard"},
        tags=MARK,
        health={"issues": [{"code": "AsgInstanceLaunchFailures", "message": "Could not launch."}]},
    )

    aws.has_no_group()

    assert aws.groups.groups(CLUSTER, (NAME, "not there")) == {
        NAME: NodeGroup(
            status="DEGRADED",
            tags=MARK,
            instance_types=("m5.xlarge",),
            most=3,
            labels={"aic-role": "alpha-ws-standard"},
            issues=("AsgInstanceLaunchFailures: Could not launch.",),
        )
    }


def test_what_is_not_there_is_in_no_answer(aws: Aws) -> None:
    aws.has_no_group()

    assert aws.groups.groups(CLUSTER, {NAME}) == {}


def test_the_list_of_names_is_read_to_its_end(aws: Aws) -> None:
    asked = {"clusterName": CLUSTER}
    aws.eks.add_response("list_nodegroups", {"nodegroups": [NAME], "nextToken": "more"}, asked)
    aws.eks.add_response("list_nodegroups", {"nodegroups": ["another"]}, {**asked, "nextToken": "more"})

    assert aws.groups.names(CLUSTER) == {NAME, "another"}


def test_what_the_auto_scaling_group_lacks_is_told_by_the_labels(aws: Aws) -> None:
    aws.has_group(
        status="ACTIVE",
        labels={"aic-role": "alpha-ws-standard", "team": "vision"},
        resources={"autoScalingGroups": [{"name": "eks-1"}]},
    )
    group = {
        "AutoScalingGroupName": "eks-1",
        "MinSize": 0,
        "MaxSize": 3,
        "DesiredCapacity": 1,
        "DefaultCooldown": 300,
        "AvailabilityZones": ["ap-northeast-2a"],
        "HealthCheckType": "EC2",
        "CreatedTime": NOON,
        "Tags": [{"Key": ROLE_TAG, "Value": "alpha-ws-standard"}],
    }
    aws.scaling.add_response("describe_auto_scaling_groups", {"AutoScalingGroups": [group]})

    found = aws.groups.groups(CLUSTER, {NAME})[NAME]

    assert found.untagged == {"eks-1": {"k8s.io/cluster-autoscaler/node-template/label/team": "vision"}}


def test_a_missing_tag_is_written_to_go_on_to_the_machines(aws: Aws) -> None:
    tag = {
        "ResourceId": "eks-1",
        "ResourceType": "auto-scaling-group",
        "Key": ROLE_TAG,
        "Value": "alpha-ws-standard",
        "PropagateAtLaunch": True,
    }
    aws.scaling.add_response("create_or_update_tags", {}, {"Tags": [tag]})

    aws.groups.tag("eks-1", {ROLE_TAG: "alpha-ws-standard"})

    aws.scaling.assert_no_pending_responses()


def test_a_stack_that_is_not_there_is_none(aws: Aws) -> None:
    aws.has_no_stack()

    assert aws.groups.stack(STACK) is None


def test_a_stack_that_cannot_be_read_is_not_taken_for_none(aws: Aws) -> None:
    words = "1 validation error detected: Value at 'stackName' failed to satisfy constraint"
    aws.stacks.add_client_error("describe_stacks", "ValidationError", words, http_status_code=400)

    with pytest.raises(Permanent, match="validation error"):
        aws.groups.stack(STACK)


def test_a_stack_that_was_deleted_is_none(aws: Aws) -> None:
    aws.has_stack("DELETE_COMPLETE")

    assert aws.groups.stack(STACK) is None


def test_a_stack_that_is_well_has_no_events_to_tell(aws: Aws) -> None:
    aws.has_stack("CREATE_COMPLETE")

    assert aws.groups.stack(STACK) == Stack(status="CREATE_COMPLETE", tags=MARK)


def test_of_a_failed_stack_the_first_failure_is_the_cause(aws: Aws) -> None:
    aws.has_stack(
        "ROLLBACK_COMPLETE",
        (STACK, "CREATE_IN_PROGRESS", "User Initiated"),
        ("NodeInstanceRole", "CREATE_FAILED", "Resource creation cancelled"),
        ("ManagedNodeGroup", "CREATE_FAILED", "Nodegroup failed to stabilize"),
        ("LaunchTemplate", "CREATE_FAILED", "because of it"),
        (STACK, "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create"),
        (STACK, "ROLLBACK_COMPLETE", ""),
    )

    cause = failure(aws.groups.stack(STACK))

    assert (cause.resource, cause.reason) == ("ManagedNodeGroup", "Nodegroup failed to stabilize")


def test_what_failed_in_an_earlier_operation_is_not_the_cause(aws: Aws) -> None:
    aws.has_stack(
        "DELETE_FAILED",
        (STACK, "CREATE_IN_PROGRESS", "User Initiated"),
        ("ManagedNodeGroup", "CREATE_FAILED", "Nodegroup failed to stabilize"),
        (STACK, "ROLLBACK_COMPLETE", ""),
        (STACK, "DELETE_IN_PROGRESS", "User Initiated"),
        ("NodeInstanceRole", "DELETE_FAILED", "Cannot delete entity, must detach all policies first."),
        (STACK, "DELETE_FAILED", "The following resource(s) failed to delete: [NodeInstanceRole]."),
    )

    assert failure(aws.groups.stack(STACK)).resource == "NodeInstanceRole"


def test_where_no_resource_failed_the_stacks_own_words_are_the_cause(aws: Aws) -> None:
    aws.has_stack("CREATE_FAILED", (STACK, "CREATE_FAILED", "Template error"))

    assert failure(aws.groups.stack(STACK)).reason == "Template error"


def test_a_protected_stack_is_freed_before_it_is_deleted(aws: Aws) -> None:
    freed = {"StackName": STACK, "EnableTerminationProtection": False}
    aws.stacks.add_response("update_termination_protection", {"StackId": "id"}, freed)
    aws.stacks.add_response("delete_stack", {}, {"StackName": STACK})

    aws.groups.delete_stack(STACK)

    aws.stacks.assert_no_pending_responses()


def test_a_stack_that_is_gone_already_is_deleted(aws: Aws) -> None:
    aws.has_no_stack("update_termination_protection")

    aws.groups.delete_stack(STACK)

    aws.stacks.assert_no_pending_responses()
