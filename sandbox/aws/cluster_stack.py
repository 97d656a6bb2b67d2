"""The stack that eksctl made the cluster with: by it, eksctl knows the cluster as its own."""

import json
from typing import Any

from .eks import BORN, Eks
from .network import Network
from .site import Site
from .stacks import Resource, Stack

_ABOUT = "EKS cluster (dedicated VPC: true, dedicated IAM: true) [created and managed by eksctl]"
_CREATED = "CREATE_COMPLETE"


def cluster_stack(site: Site, network: Network, eks: Eks) -> Stack:
    name = site.cluster_stack
    tags = {
        "alpha.eksctl.io/cluster-name": site.cluster,
        "alpha.eksctl.io/cluster-oidc-enabled": "false",
        "alpha.eksctl.io/eksctl-version": "0.230.0",
        "eksctl.cluster.k8s.io/v1alpha1/cluster-name": site.cluster,
    }
    return Stack(
        name=name,
        id=site.arn("cloudformation", f"stack/{name}/5f1c2a70-15d2-11f1-8c6e-0a5d1f3e9b27"),
        body=json.dumps(_template(site)),
        description=_ABOUT,
        tags=tags,
        capabilities=["CAPABILITY_IAM"],
        created=BORN,
        protected=True,
        status=_CREATED,
        changed=BORN,
        resources={one.name: one for one in _resources(site, network, eks)},
        outputs=[
            {"OutputKey": key, "OutputValue": value, "ExportName": f"{name}::{key}"}
            for key, value in _outputs(site, network, eks).items()
        ],
    )


def _outputs(site: Site, network: Network, eks: Eks) -> dict[str, str]:
    return {
        "ARN": eks.arn,
        "CertificateAuthorityData": eks.authority,
        "ClusterSecurityGroupId": network.cluster_group,
        "ClusterStackName": site.cluster_stack,
        "Endpoint": eks.endpoint,
        "FeatureNATMode": "Single",
        "SecurityGroup": network.control_plane_group,
        "ServiceRoleARN": eks.role,
        "SharedNodeSecurityGroup": network.shared_node_group,
        "SubnetsPrivate": ",".join(network.subnet_ids("Private")),
        "SubnetsPublic": ",".join(network.subnet_ids("Public")),
        "VPC": network.vpc_id,
    }


def _resources(site: Site, network: Network, eks: Eks) -> list[Resource]:
    made = {
        "ControlPlane": ("AWS::EKS::Cluster", site.cluster),
        "ServiceRole": ("AWS::IAM::Role", eks.role.rpartition("/")[2]),
        "VPC": ("AWS::EC2::VPC", network.vpc_id),
        "ControlPlaneSecurityGroup": ("AWS::EC2::SecurityGroup", network.control_plane_group),
        "ClusterSharedNodeSecurityGroup": ("AWS::EC2::SecurityGroup", network.shared_node_group),
    }
    for subnet in network.subnets():
        name = next(tag["Value"] for tag in subnet["Tags"] if tag["Key"] == "aws:cloudformation:logical-id")
        made[name] = ("AWS::EC2::Subnet", subnet["SubnetId"])
    return [
        Resource(name=name, type=kind, properties={}, physical=physical, status=_CREATED, changed=BORN)
        for name, (kind, physical) in made.items()
    ]


def _template(site: Site) -> dict[str, Any]:
    """As much of it as eksctl reads again."""
    values: dict[str, Any] = {
        "ARN": {"Fn::GetAtt": ["ControlPlane", "Arn"]},
        "ClusterSecurityGroupId": {"Fn::GetAtt": ["ControlPlane", "ClusterSecurityGroupId"]},
        "Endpoint": {"Fn::GetAtt": ["ControlPlane", "Endpoint"]},
        "SecurityGroup": {"Ref": "ControlPlaneSecurityGroup"},
        "SharedNodeSecurityGroup": {"Ref": "ClusterSharedNodeSecurityGroup"},
        "VPC": {"Ref": "VPC"},
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": _ABOUT,
        "Resources": {
            "ControlPlane": {
                "Type": "AWS::EKS::Cluster",
                "Properties": {
                    "Name": site.cluster,
                    "AccessConfig": {"AuthenticationMode": "API_AND_CONFIG_MAP"},
                    "RoleArn": {"Fn::GetAtt": ["ServiceRole", "Arn"]},
                },
            },
            "ServiceRole": {"Type": "AWS::IAM::Role", "Properties": {}},
            "VPC": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "192.168.0.0/16"}},
            "ControlPlaneSecurityGroup": {"Type": "AWS::EC2::SecurityGroup", "Properties": {}},
            "ClusterSharedNodeSecurityGroup": {"Type": "AWS::EC2::SecurityGroup", "Properties": {}},
        },
        "Outputs": {
            key: {"Export": {"Name": {"Fn::Sub": f"${{AWS::StackName}}::{key}"}}, "Value": value}
            for key, value in values.items()
        },
    }
