"""EC2 as boto3 sees it: the cluster's network, and facts about instance types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from sandbox.aws import AwsSimulator
from tests.sandbox.aws.nodegroup import CLUSTER
from tests.sandbox.aws.said import said

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_eks import EKSClient


def test_the_facts_are_the_real_ones(ec2: EC2Client) -> None:
    found = ec2.describe_instance_types(InstanceTypes=["m5.xlarge", "g5.2xlarge"])["InstanceTypes"]

    facts = {
        one.get("InstanceType"): (
            one["VCpuInfo"]["DefaultVCpus"],
            one["MemoryInfo"]["SizeInMiB"],
            sum(gpu["Count"] for gpu in one.get("GpuInfo", {}).get("Gpus", [])),
        )
        for one in found
    }
    assert facts == {"m5.xlarge": (4, 16384, 0), "g5.2xlarge": (8, 32768, 1)}


def test_every_type_of_the_region_can_be_described(ec2: EC2Client) -> None:
    pages = list(ec2.get_paginator("describe_instance_types").paginate())

    names = [one.get("InstanceType") for page in pages for one in page["InstanceTypes"]]
    assert len(pages) > 1
    assert len(names) == len(set(names)) > 700


def test_a_type_that_does_not_exist_is_named(ec2: EC2Client) -> None:
    with pytest.raises(ClientError) as error:
        ec2.describe_instance_types(InstanceTypes=["m5.xlarge", "m5.bogus"])  # type: ignore[list-item]  # on purpose

    words = "The following supplied instance types do not exist: [m5.bogus]"
    assert said(error) == (400, "InvalidInstanceType", words)


def test_a_type_is_offered_in_some_zones_only(ec2: EC2Client) -> None:
    offered = {}
    for kind in ("m5.xlarge", "g5.2xlarge", "p5.48xlarge"):
        found = ec2.describe_instance_type_offerings(
            LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [kind]}]
        )["InstanceTypeOfferings"]
        offered[kind] = "".join(one.get("Location", "")[-1] for one in found)

    assert offered == {"m5.xlarge": "abcd", "g5.2xlarge": "acd", "p5.48xlarge": "a"}


def test_the_cluster_has_private_and_public_subnets_in_three_zones(ec2: EC2Client, eks: EKSClient) -> None:
    cluster = eks.describe_cluster(name=CLUSTER)["cluster"]["resourcesVpcConfig"]

    subnets = ec2.describe_subnets(SubnetIds=cluster["subnetIds"])["Subnets"]
    private = ec2.describe_subnets(
        Filters=[
            {"Name": "vpc-id", "Values": [cluster["vpcId"]]},
            {"Name": "tag:kubernetes.io/role/internal-elb", "Values": ["1"]},
        ]
    )["Subnets"]

    assert len({one["CidrBlock"] for one in subnets}) == 6
    assert [one["AvailabilityZone"][-1] for one in private] == ["a", "b", "c"]
    assert not any(one["MapPublicIpOnLaunch"] for one in private)
    [vpc] = ec2.describe_vpcs(VpcIds=[cluster["vpcId"]])["Vpcs"]
    assert vpc["State"] == "available"
    groups = ec2.describe_security_groups(GroupIds=[cluster["clusterSecurityGroupId"]])["SecurityGroups"]
    assert groups[0]["GroupName"] == f"eks-cluster-sg-{CLUSTER}"
    zones = ec2.describe_availability_zones(Filters=[{"Name": "zone-type", "Values": ["availability-zone"]}])
    assert len(zones["AvailabilityZones"]) == 4


def test_a_subnet_that_does_not_exist_is_named(ec2: EC2Client) -> None:
    with pytest.raises(ClientError) as error:
        ec2.describe_subnets(SubnetIds=["subnet-0nowhere"])

    words = "The subnet ID 'subnet-0nowhere' does not exist"
    assert said(error) == (400, "InvalidSubnetID.NotFound", words)


def test_a_filter_that_is_not_known_is_not_ignored(ec2: EC2Client) -> None:
    with pytest.raises(ClientError, match="The filter 'colour' is invalid"):
        ec2.describe_vpcs(Filters=[{"Name": "colour", "Values": ["red"]}])


def test_all_other_calls_of_ec2_are_errors_and_are_written_down(ec2: EC2Client, aws: AwsSimulator) -> None:
    before = len(aws.unknown_calls)

    with pytest.raises(ClientError, match=r"ec2\.RunInstances is not simulated"):
        ec2.run_instances(MinCount=1, MaxCount=1)

    assert aws.unknown_calls[before:] == ["ec2.RunInstances is not simulated"]
