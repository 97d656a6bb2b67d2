"""Node groups through boto3: EKS, the CloudFormation stacks behind them, EC2's facts, auto scaling groups."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from provisioner.clients.aws import AwsClients, code_of, mapped, optional
from provisioner.message import Message, named
from provisioner.stages.nodegroup.state import (
    AutoScalingGroup,
    Network,
    NodeGroup,
    Stack,
    StackEvent,
    last_operation,
)
from provisioner.vendor_call import Permanent, Temporary
from provisioner.workspace import InstanceType

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_autoscaling.type_defs import TagTypeDef
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef, StackTypeDef
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import SubnetTypeDef
    from mypy_boto3_eks import EKSClient
    from mypy_boto3_eks.type_defs import ClusterTypeDef, NodegroupTypeDef

_WELL = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
_EVENTS_MOST = 300  # of them a node group's stack has some twenty an operation
_SOON_ACTIVE = frozenset({"CREATING", "PENDING", "UPDATING"})


class EksNodeGroups:
    def __init__(self, aws: AwsClients) -> None:
        self._aws = aws

    @property
    def _eks(self) -> EKSClient:
        return self._aws.client("eks")

    @property
    def _ec2(self) -> EC2Client:
        return self._aws.client("ec2")

    @property
    def _stacks(self) -> CloudFormationClient:
        return self._aws.client("cloudformation")

    @property
    def _scaling(self) -> AutoScalingClient:
        return self._aws.client("autoscaling")

    def stack(self, name: str) -> Stack | None:
        what = Message("cannot read CloudFormation stack {name}", name=named(name))
        with mapped("cloudformation", "DescribeStacks", what):
            found = self._described(name)
        if found is None:
            return None
        return Stack(
            status=found["StackStatus"],
            tags={tag["Key"]: tag["Value"] for tag in found.get("Tags", ())},
            reason=found.get("StackStatusReason", ""),
            events=() if found["StackStatus"] in _WELL else self._events(found, what),
        )

    def names(self, cluster: str) -> Collection[str]:
        """Of all node groups in the cluster, which has to be there."""
        what = Message("cannot list the node groups of EKS cluster {name}", name=named(cluster))
        with mapped("eks", "ListNodegroups", what):
            pages = self._eks.get_paginator("list_nodegroups").paginate(clusterName=cluster)
            return {name for page in pages for name in page["nodegroups"]}

    def groups(self, cluster: str, names: Collection[str]) -> Mapping[str, NodeGroup]:
        """Those of the names that there are, each asked for by its name: a list may be older. EKS says the
        same of a cluster that is not there: `names` tells."""
        looked = {name: self._group(cluster, name) for name in names}
        return {name: group for name, group in looked.items() if group is not None}

    def network(self, cluster: str) -> Network:
        """Private is a subnet with the tag `kubernetes.io/role/internal-elb`; of those that are tagged for no
        load balancer, one that gives its machines no public address. eksctl tags all that it makes."""
        what = Message("cannot read EKS cluster {name}", name=named(cluster))
        with mapped("eks", "DescribeCluster", what):
            found = self._eks.describe_cluster(name=cluster)["cluster"]
        _active(found, cluster)
        vpc = found.get("resourcesVpcConfig", {})
        ids = vpc.get("subnetIds", [])  # of none, EC2 would tell all of the account
        with mapped("ec2", "DescribeSubnets", what):
            pages = self._ec2.get_paginator("describe_subnets").paginate(SubnetIds=ids) if ids else ()
            subnets = [subnet for page in pages for subnet in page["Subnets"]]
        with mapped("cloudformation", "DescribeStacks", what):
            owned = self._described(f"eksctl-{cluster}-cluster") is not None
        groups = [*vpc.get("securityGroupIds", ()), vpc.get("clusterSecurityGroupId", "")]
        return Network(
            vpc=vpc.get("vpcId", ""),
            security_group=groups[0],
            subnets={each["SubnetId"]: each["AvailabilityZone"] for each in subnets if _private(each)},
            owned=owned,
        )

    def zones_offering(self, instance_type: str) -> frozenset[str]:
        what = Message(
            "cannot read the Availability Zones of instance type {type}", type=named(instance_type)
        )
        with mapped("ec2", "DescribeInstanceTypeOfferings", what):
            pages = self._ec2.get_paginator("describe_instance_type_offerings").paginate(
                LocationType="availability-zone",
                Filters=[{"Name": "instance-type", "Values": [instance_type]}],
            )
            return frozenset(each["Location"] for page in pages for each in page["InstanceTypeOfferings"])

    def tag(self, scaling_group: str, tags: Mapping[str, str]) -> None:
        written: list[TagTypeDef] = [
            {
                "ResourceId": scaling_group,
                "ResourceType": "auto-scaling-group",
                "Key": key,
                "Value": value,
                "PropagateAtLaunch": True,
            }
            for key, value in tags.items()
        ]
        what = Message("cannot tag Auto Scaling group {name}", name=named(scaling_group))
        with mapped("autoscaling", "CreateOrUpdateTags", what):
            self._scaling.create_or_update_tags(Tags=written)

    def delete_stack(self, name: str) -> None:
        """eksctl protects its stacks from deletion; that is taken off first."""
        what = Message("cannot delete CloudFormation stack {name}", name=named(name))
        with mapped("cloudformation", "UpdateTerminationProtection", what):
            try:
                self._stacks.update_termination_protection(StackName=name, EnableTerminationProtection=False)
            except ClientError as error:
                if _absent(error):
                    return
                raise
        with mapped("cloudformation", "DeleteStack", what):
            self._stacks.delete_stack(StackName=name)

    def _described(self, name: str) -> StackTypeDef | None:
        """None also for one that is deleted, which CloudFormation tells for a while."""
        try:
            (found,) = self._stacks.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if _absent(error):
                return None
            raise
        return None if found["StackStatus"] == "DELETE_COMPLETE" else found

    def _events(self, stack: StackTypeDef, what: Message) -> tuple[StackEvent, ...]:
        """By the stack's id: its name may be another's by now."""
        with mapped("cloudformation", "DescribeStackEvents", what):
            pages = self._stacks.get_paginator("describe_stack_events").paginate(
                StackName=stack.get("StackId", stack["StackName"]),
                PaginationConfig={"MaxItems": _EVENTS_MOST},
            )
            newest_first = [_event(each) for page in pages for each in page["StackEvents"]]
        return last_operation(newest_first[::-1])

    def _group(self, cluster: str, name: str) -> NodeGroup | None:
        what = Message("cannot read EKS node group {name}", name=named(name))
        with mapped("eks", "DescribeNodegroup", what):
            answer = optional(
                lambda: self._eks.describe_nodegroup(clusterName=cluster, nodegroupName=name),
                "ResourceNotFoundException",
            )
        if answer is None:
            return None
        found = answer["nodegroup"]
        return NodeGroup(
            status=found.get("status", ""),
            tags=found.get("tags", {}),
            instance_types=tuple(found.get("instanceTypes", ())),
            most=found.get("scalingConfig", {}).get("maxSize", 0),
            labels=found.get("labels", {}),
            issues=tuple(_issues(found)),
            scaling=self._scaling_groups(found, what),
        )

    def _scaling_groups(self, group: NodegroupTypeDef, what: Message) -> tuple[AutoScalingGroup, ...]:
        names = [each["name"] for each in group.get("resources", {}).get("autoScalingGroups", ())]
        if not names:
            return ()
        with mapped("autoscaling", "DescribeAutoScalingGroups", what):
            answer = self._scaling.describe_auto_scaling_groups(AutoScalingGroupNames=names)
        return tuple(
            AutoScalingGroup(
                name=each["AutoScalingGroupName"],
                tags={tag["Key"]: tag.get("Value", "") for tag in each.get("Tags", ())},
            )
            for each in answer["AutoScalingGroups"]
        )


class Ec2InstanceTypes:
    def __init__(self, aws: AwsClients) -> None:
        self._aws = aws

    def describe(self, name: str) -> InstanceType:
        what = Message("cannot read instance type {name}", name=named(name))
        with mapped("ec2", "DescribeInstanceTypes", what):
            answer = self._aws.client("ec2").describe_instance_types(InstanceTypes=[name])  # type: ignore[list-item]  # any type that AWS may come to have
        found = next(iter(answer["InstanceTypes"]), None)
        if found is None:
            raise Permanent(
                what,
                hint=Message(
                    "Ask the bot's operator to set an instance type for the spec that AWS offers in this"
                    " region."
                ),
            )
        gpus = found.get("GpuInfo", {}).get("Gpus", ())
        return InstanceType(
            name=name,
            vcpus=found["VCpuInfo"]["DefaultVCpus"],
            memory_gib=found["MemoryInfo"]["SizeInMiB"] // 1024,
            gpus=sum(each.get("Count", 0) for each in gpus),
            nvidia=any(each.get("Manufacturer", "").lower() == "nvidia" for each in gpus),
            neuron=bool(found.get("NeuronInfo") or found.get("InferenceAcceleratorInfo")),
        )


def _absent(error: ClientError) -> bool:
    """CloudFormation has no code of its own for a stack that is not there."""
    words = error.response.get("Error", {}).get("Message", "")
    return code_of(error) == "ValidationError" and "does not exist" in words


def _active(cluster: ClusterTypeDef, name: str) -> None:
    status = cluster.get("status", "")
    if status == "ACTIVE":
        return
    what = Message("EKS cluster {name} isn't active ({status})", name=named(name), status=status)
    raise Temporary(what) if status in _SOON_ACTIVE else Permanent(what)


def _private(subnet: SubnetTypeDef) -> bool:
    tags = {tag["Key"] for tag in subnet.get("Tags", ())}
    if "kubernetes.io/role/internal-elb" in tags:
        return True
    return "kubernetes.io/role/elb" not in tags and not subnet.get("MapPublicIpOnLaunch", False)


def _event(event: StackEventTypeDef) -> StackEvent:
    return StackEvent(
        resource=event.get("LogicalResourceId", ""),
        status=event.get("ResourceStatus", ""),
        at=event["Timestamp"],
        reason=event.get("ResourceStatusReason", ""),
        whole=event.get("ResourceType") == "AWS::CloudFormation::Stack",
    )


def _issues(group: NodegroupTypeDef) -> Iterable[str]:
    for issue in group.get("health", {}).get("issues", ()):
        yield f"{issue.get('code', '')}: {issue.get('message', '')}"
