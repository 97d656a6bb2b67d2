"""The CloudFormation template of a managed node group, as eksctl's builder writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.eksctl.config import AL2, Group
from sandbox.eksctl.failure import not_simulated

Json = dict[str, Any]

_NVIDIA = re.compile(r"(p\d|g\d(?!ad)|gr\d)")
_NEURON = re.compile(r"(inf|trn)\d")
_ARM = re.compile(r"([a-z]+\d+g|a1\.)")
_POLICIES = (
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEKSWorkerNodePolicy",
    "AmazonEKS_CNI_Policy",
    "AmazonSSMManagedInstanceCore",
)
_BY_ADDON = {
    "cloudWatch": "CloudWatchAgentServerPolicy",
    "ebs": "AmazonEBSCSIDriverPolicy",
    "imageBuilder": "AmazonEC2ContainerRegistryPowerUser",
}
_EFFECTS = {"NoSchedule": "NO_SCHEDULE", "PreferNoSchedule": "PREFER_NO_SCHEDULE", "NoExecute": "NO_EXECUTE"}


def build(
    group: Group, cluster: str, subnets: Sequence[str], security_group: Any, tags: Mapping[str, str]
) -> Json:
    """`security_group` is an id, or the import of one from the cluster's stack; `tags` are of the cluster's
    metadata."""
    wanted = group.wanted
    every = {**tags, **wanted["tags"]}
    resources: Json = {
        "LaunchTemplate": {
            "Type": "AWS::EC2::LaunchTemplate",
            "Properties": {
                "LaunchTemplateData": _launch(group, cluster, security_group, wanted["tags"]),
                "LaunchTemplateName": {"Fn::Sub": "${AWS::StackName}"},
            },
        },
        "ManagedNodeGroup": {
            "Type": "AWS::EKS::Nodegroup",
            "Properties": {
                "AmiType": _image(group),
                "ClusterName": cluster,
                "InstanceTypes": group.types,
                "Labels": wanted["labels"],
                "LaunchTemplate": {"Id": {"Ref": "LaunchTemplate"}},
                "NodeRole": {"Fn::GetAtt": ["NodeInstanceRole", "Arn"]},
                "NodegroupName": group.name,
                "ScalingConfig": {
                    "DesiredSize": wanted["desiredCapacity"],
                    "MaxSize": wanted["maxSize"],
                    "MinSize": wanted["minSize"],
                },
                "Subnets": list(subnets),
                "Tags": every,
                **_optional(wanted),
            },
        },
        "NodeInstanceRole": _role(group),
        **_policies(group),
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "EKS Managed Nodes (SSH access: false) [created by eksctl]",
        "Mappings": {
            "ServicePrincipalPartitionMap": {
                "aws": {
                    "EC2": "ec2.amazonaws.com",
                    "EKS": "eks.amazonaws.com",
                    "EKSFargatePods": "eks-fargate-pods.amazonaws.com",
                    "IRA": "rolesanywhere.amazonaws.com",
                    "SSM": "ssm.amazonaws.com",
                }
            }
        },
        "Resources": resources,
    }


def has_nvidia(group: Group) -> bool:
    return any(_NVIDIA.match(each) for each in group.types)


def _image(group: Group) -> str:
    nvidia, arm = has_nvidia(group), any(_ARM.match(each) for each in group.types)
    if group.wanted["amiFamily"] == AL2:
        return "AL2_x86_64_GPU" if nvidia else "AL2_ARM_64" if arm else "AL2_x86_64"
    if nvidia:
        return "AL2023_ARM_64_NVIDIA" if arm else "AL2023_x86_64_NVIDIA"
    if any(_NEURON.match(each) for each in group.types):
        return "AL2023_x86_64_NEURON"
    return "AL2023_ARM_64_STANDARD" if arm else "AL2023_x86_64_STANDARD"


def _optional(wanted: Mapping[str, Any]) -> Json:
    found: Json = {}
    if wanted.get("taints"):
        found["Taints"] = [
            {"Effect": _EFFECTS[each["effect"]], "Key": each["key"], "Value": each.get("value") or ""}
            for each in wanted["taints"]
        ]
    update = wanted.get("updateConfig") or {}
    names = {"maxUnavailable": "MaxUnavailable", "maxUnavailablePercentage": "MaxUnavailablePercentage"}
    if kept := {names[key]: value for key, value in update.items() if value is not None}:
        found["UpdateConfig"] = kept
    if wanted.get("spot"):
        found["CapacityType"] = "SPOT"
    if wanted.get("releaseVersion"):
        found["ReleaseVersion"] = wanted["releaseVersion"]
    return found


def _launch(group: Group, cluster: str, security_group: Any, tags: Mapping[str, str]) -> Json:
    wanted = group.wanted
    disk: Json = {"VolumeSize": wanted["volumeSize"], "VolumeType": wanted["volumeType"]}
    for key, name in (
        ("volumeEncrypted", "Encrypted"),
        ("volumeKmsKeyID", "KmsKeyId"),
        ("volumeIOPS", "Iops"),
        ("volumeThroughput", "Throughput"),
    ):
        if wanted.get(key):
            disk[name] = wanted[key]
    named = wanted.get("instanceName") or f"{cluster}-{group.name}-Node"
    prefix = f"{wanted['instancePrefix']}-" if wanted.get("instancePrefix") else ""
    listed = [{"Key": "Name", "Value": prefix + named}]
    listed += [{"Key": key, "Value": value} for key, value in tags.items()]
    no_pods = bool(wanted.get("disablePodIMDS"))
    return {
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": disk}],
        "MetadataOptions": {
            "HttpPutResponseHopLimit": 1 if no_pods else 2,
            "HttpTokens": "required" if wanted["disableIMDSv1"] or no_pods else "optional",
        },
        "SecurityGroupIds": [
            security_group,
            *((wanted.get("securityGroups") or {}).get("attachIDs") or ()),
        ],
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": listed} for kind in ("instance", "volume", "network-interface")
        ],
    }


def _role(group: Group) -> Json:
    iam = group.wanted.get("iam") or {}
    names = set() if iam.get("attachPolicyARNs") else set(_POLICIES)
    names |= {policy for addon, policy in _BY_ADDON.items() if group.addons.get(addon)}
    managed: list[Any] = [*(iam.get("attachPolicyARNs") or ())]
    managed += [{"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{name}"} for name in sorted(names)]
    service = {"Fn::FindInMap": ["ServicePrincipalPartitionMap", {"Ref": "AWS::Partition"}, "EC2"]}
    trust = {"Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": {"Service": [service]}}
    properties: Json = {
        "AssumeRolePolicyDocument": {"Statement": [trust], "Version": "2012-10-17"},
        "ManagedPolicyArns": managed,
        "Path": "/",
        "Tags": [{"Key": "Name", "Value": {"Fn::Sub": "${AWS::StackName}/NodeInstanceRole"}}],
    }
    if iam.get("instanceRoleName"):
        properties["RoleName"] = iam["instanceRoleName"]
    if iam.get("instanceRolePermissionsBoundary"):
        properties["PermissionsBoundary"] = iam["instanceRolePermissionsBoundary"]
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _policies(group: Group) -> Json:
    """Of the addons that need a policy of their own, the autoscaler's."""
    for addon, on in group.addons.items():
        if on and addon not in (*_BY_ADDON, "autoScaler"):
            raise not_simulated(f"iam.withAddonPolicies.{addon}")
    if not group.addons.get("autoScaler"):
        return {}
    look = [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeScalingActivities",
        "autoscaling:DescribeTags",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplateVersions",
    ]
    scale = [
        "autoscaling:SetDesiredCapacity",
        "autoscaling:TerminateInstanceInAutoScalingGroup",
        "ec2:DescribeImages",
        "ec2:GetInstanceTypesFromInstanceRequirements",
        "eks:DescribeNodegroup",
    ]
    return {
        "PolicyAutoScaling": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyDocument": {
                    "Statement": [
                        {"Action": actions, "Effect": "Allow", "Resource": "*"} for actions in (look, scale)
                    ],
                    "Version": "2012-10-17",
                },
                "PolicyName": {"Fn::Sub": "${AWS::StackName}-PolicyAutoScaling"},
                "Roles": [{"Ref": "NodeInstanceRole"}],
            },
        }
    }
