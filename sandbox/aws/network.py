"""The VPC that eksctl made with the cluster: a private and a public subnet in each of three zones."""

import hashlib
from typing import Any

from .site import Site

ZONES = "abc"
"""Not every instance type is offered in all of them; the region has one more, "d"."""


class Network:
    """Things as EC2 describes them. Ids follow from names, and so stay the same from start to start."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.vpc_id = self.id("vpc", "vpc")
        self.control_plane_group = self.id("sg", "ControlPlaneSecurityGroup")
        self.shared_node_group = self.id("sg", "ClusterSharedNodeSecurityGroup")
        self.cluster_group = self.id("sg", "cluster")

    def id(self, kind: str, name: str) -> str:
        digest = hashlib.sha256(f"{self._site.account} {self._site.cluster} {kind} {name}".encode())
        return f"{kind}-0{digest.hexdigest()[:16]}"

    def subnet_ids(self, kind: str) -> list[str]:
        """`kind` is "Private" or "Public"."""
        return [self._subnet_id(kind, zone) for zone in ZONES]

    def zone_of(self, subnet_id: str) -> str | None:
        zones = {one["SubnetId"]: str(one["AvailabilityZone"]) for one in self.subnets()}
        return zones.get(subnet_id)

    def vpcs(self) -> list[dict[str, Any]]:
        return [
            {
                "VpcId": self.vpc_id,
                "State": "available",
                "CidrBlock": "192.168.0.0/16",
                "CidrBlockAssociationSet": [
                    {
                        "AssociationId": self.id("vpc-cidr-assoc", "vpc"),
                        "CidrBlock": "192.168.0.0/16",
                        "CidrBlockState": {"State": "associated"},
                    }
                ],
                "OwnerId": self._site.account,
                "InstanceTenancy": "default",
                "IsDefault": False,
                "Tags": self._tags("VPC"),
            }
        ]

    def subnets(self) -> list[dict[str, Any]]:
        return [
            self._subnet(kind, zone, 32 * (number + 3 * (kind == "Private")))
            for kind in ("Public", "Private")
            for number, zone in enumerate(ZONES)
        ]

    def zones(self) -> list[dict[str, Any]]:
        """All of the region."""
        region = self._site.region
        return [
            {
                "ZoneName": f"{region}{letter}",
                "ZoneId": f"{_short(region)}-az{number}",
                "RegionName": region,
                "GroupName": region,
                "NetworkBorderGroup": region,
                "State": "available",
                "OptInStatus": "opt-in-not-required",
                "ZoneType": "availability-zone",
            }
            for number, letter in enumerate("abcd", start=1)
        ]

    def security_groups(self) -> list[dict[str, Any]]:
        cluster = self._site.cluster
        named = (
            (self.control_plane_group, "ControlPlaneSecurityGroup", "Communication with the control plane"),
            (self.shared_node_group, "ClusterSharedNodeSecurityGroup", "Communication between all nodes"),
        )
        made = {
            "GroupId": self.cluster_group,
            "GroupName": f"eks-cluster-sg-{cluster}",
            "Description": "EKS created security group applied to ENIs of the control plane and its nodes",
            "Tags": [
                {"Key": "aws:eks:cluster-name", "Value": cluster},
                {"Key": f"kubernetes.io/cluster/{cluster}", "Value": "owned"},
            ],
        }
        eksctls = [
            {
                "GroupId": group_id,
                "GroupName": f"eksctl-{cluster}-cluster-{name}",
                "Description": description,
                "Tags": self._tags(name),
            }
            for group_id, name, description in named
        ]
        return [{**one, "VpcId": self.vpc_id, "OwnerId": self._site.account} for one in (made, *eksctls)]

    def _subnet_id(self, kind: str, zone: str) -> str:
        return self.id("subnet", f"{kind} {zone}")

    def _subnet(self, kind: str, zone: str, third: int) -> dict[str, Any]:
        site, subnet_id = self._site, self._subnet_id(kind, zone)
        role = "kubernetes.io/role/elb" if kind == "Public" else "kubernetes.io/role/internal-elb"
        name = f"Subnet{kind}{site.region.replace('-', '').upper()}{zone.upper()}"
        return {
            "SubnetId": subnet_id,
            "SubnetArn": site.arn("ec2", f"subnet/{subnet_id}"),
            "VpcId": self.vpc_id,
            "State": "available",
            "CidrBlock": f"192.168.{third}.0/19",
            "AvailabilityZone": f"{site.region}{zone}",
            "AvailabilityZoneId": f"{_short(site.region)}-az{'abcd'.index(zone) + 1}",
            "AvailableIpAddressCount": 8187,
            "MapPublicIpOnLaunch": kind == "Public",
            "DefaultForAz": False,
            "OwnerId": site.account,
            "Tags": [*self._tags(name), {"Key": role, "Value": "1"}],
        }

    def _tags(self, name: str) -> list[dict[str, str]]:
        stack = self._site.cluster_stack
        tags = {
            "Name": f"{stack}/{name}",
            "alpha.eksctl.io/cluster-name": self._site.cluster,
            "aws:cloudformation:logical-id": name,
            "aws:cloudformation:stack-name": stack,
        }
        return [{"Key": key, "Value": value} for key, value in tags.items()]


def _short(region: str) -> str:
    """As it stands in zone ids: "apne2" for ap-northeast-2."""
    area, compass, number = region.split("-")
    for point in ("north", "south", "east", "west", "central"):
        compass = compass.replace(point, point[0])
    return f"{area}{compass}{number}"
