"""A node group as eksctl makes it: one stack of four resources."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef, StackTypeDef

CLUSTER = "eks-an2-meerkat-prod"


@dataclass
class Request:
    """What eksctl's template says of one named `name`."""

    name: str
    instance_type: str = "m5.xlarge"
    sizes: tuple[int, int, int] = (0, 1, 3)  # least, desired, most
    subnets: Any = field(default_factory=lambda: _exported("SubnetsPrivate"))
    image: str = "AL2023_x86_64_STANDARD"
    labels: dict[str, str] = field(default_factory=lambda: {"aic-role": "alpha-ws-standard"})
    tags: dict[str, str] = field(default_factory=lambda: {"workspace": "alpha"})

    @property
    def stack(self) -> str:
        return f"eksctl-{CLUSTER}-nodegroup-{self.name}"

    @property
    def body(self) -> dict[str, Any]:
        least, desired, most = self.sizes
        return {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": "EKS Managed Nodes (SSH access: false) [created by eksctl]",
            "Mappings": {"ServicePrincipalPartitionMap": {"aws": {"EC2": "ec2.amazonaws.com"}}},
            "Resources": {
                "LaunchTemplate": {
                    "Type": "AWS::EC2::LaunchTemplate",
                    "Properties": {
                        "LaunchTemplateData": {"SecurityGroupIds": [_exported("ClusterSecurityGroupId")]},
                        "LaunchTemplateName": {"Fn::Sub": "${AWS::StackName}"},
                    },
                },
                "ManagedNodeGroup": {
                    "Type": "AWS::EKS::Nodegroup",
                    "Properties": {
                        "AmiType": self.image,
                        "ClusterName": CLUSTER,
                        "InstanceTypes": [self.instance_type],
                        "Labels": self.labels,
                        "LaunchTemplate": {"Id": {"Ref": "LaunchTemplate"}},
                        "NodeRole": {"Fn::GetAtt": ["NodeInstanceRole", "Arn"]},
                        "NodegroupName": self.name,
                        "ScalingConfig": {"DesiredSize": desired, "MaxSize": most, "MinSize": least},
                        "Subnets": self.subnets,
                        "Tags": self.tags,
                    },
                },
                "NodeInstanceRole": {
                    "Type": "AWS::IAM::Role",
                    "Properties": {
                        "AssumeRolePolicyDocument": {
                            "Statement": [
                                {
                                    "Action": ["sts:AssumeRole"],
                                    "Effect": "Allow",
                                    "Principal": {"Service": [_mapped("EC2")]},
                                }
                            ],
                            "Version": "2012-10-17",
                        },
                        "ManagedPolicyArns": [
                            {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AmazonEKSWorkerNodePolicy"}
                        ],
                    },
                },
                "PolicyAutoScaling": {
                    "Type": "AWS::IAM::Policy",
                    "Properties": {"Roles": [{"Ref": "NodeInstanceRole"}]},
                },
            },
        }

    def send(self, cloudformation: CloudFormationClient, *, protected: bool = False) -> str:
        """The stack's id."""
        made = cloudformation.create_stack(
            StackName=self.stack,
            TemplateBody=json.dumps(self.body),
            Capabilities=["CAPABILITY_IAM"],
            EnableTerminationProtection=protected,
            Tags=[{"Key": "alpha.eksctl.io/nodegroup-name", "Value": self.name}],
        )
        return made["StackId"]


def stack(cloudformation: CloudFormationClient, name: str) -> StackTypeDef:
    [found] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return found


def events(cloudformation: CloudFormationClient, name: str) -> list[tuple[str, str, str]]:
    """Resource, status and reason, oldest first."""
    found = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return [_told(one) for one in reversed(found)]


def _told(event: StackEventTypeDef) -> tuple[str, str, str]:
    return (
        event.get("LogicalResourceId", ""),
        event.get("ResourceStatus", ""),
        event.get("ResourceStatusReason", ""),
    )


def _exported(output: str) -> dict[str, Any]:
    exported = {"Fn::ImportValue": f"eksctl-{CLUSTER}-cluster::{output}"}
    return {"Fn::Split": [",", exported]} if output.startswith("Subnets") else exported


def _mapped(service: str) -> dict[str, Any]:
    return {"Fn::FindInMap": ["ServicePrincipalPartitionMap", {"Ref": "AWS::Partition"}, service]}
