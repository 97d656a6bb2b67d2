"""A cluster that has no stack of eksctl's, as Terraform or the console make it."""

from typing import Any

import pytest

from tests.sandbox.eksctl.desk import CLUSTER, REGION, Desk

UNKNOWN = f'[!]  no eksctl-managed CloudFormation stacks found for "{CLUSTER}", will attempt to create'
NEEDS = "VPC configuration required for creating nodegroups on clusters not owned by eksctl"


@pytest.fixture
def foreign(desk: Desk) -> Desk:
    """The stack of the cluster goes; the cluster and its network stay."""
    cloudformation = desk.clients["cloudformation"]
    name = f"eksctl-{CLUSTER}-cluster"
    if any(each.name == name and each.status != "DELETE_COMPLETE" for each in desk.aws.stacks()):
        cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=False)
        cloudformation.delete_stack(StackName=name)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    return desk


def network(desk: Desk) -> dict[str, Any]:
    """The section that names it."""
    told = desk.clients["eks"].describe_cluster(name=CLUSTER)["cluster"]["resourcesVpcConfig"]
    private = [{"Name": "map-public-ip-on-launch", "Values": ["false"]}]
    subnets = {
        each["AvailabilityZone"]: {"id": each["SubnetId"], "az": each["AvailabilityZone"]}
        for each in desk.clients["ec2"].describe_subnets(Filters=private)["Subnets"]
    }
    group = told["securityGroupIds"][0]
    return {"id": told["vpcId"], "securityGroup": group, "subnets": {"private": subnets}}


def test_it_needs_the_network_in_the_file(foreign: Desk) -> None:
    ended = foreign.child("create", "nodegroup", "-f", foreign.config())

    assert ended.code == 1
    assert ended.lines[-1] == f"{UNKNOWN} nodegroup(s) on non eksctl-managed cluster"
    assert ended.err == (
        f'Error: loading VPC spec for cluster "{CLUSTER}": {NEEDS}: vpc.subnets, vpc.id, vpc.securityGroup\n'
    )


def test_with_it_the_group_is_made(foreign: Desk) -> None:
    ended = foreign.create(vpc=network(foreign))

    assert (ended.code, ended.err) == (0, "")
    assert "[ℹ]  1 task: { 1 task: { 1 task: { \n    2 sequential sub-tasks: { \n" in ended.out
    (made,) = [each for each in foreign.aws.nodegroups() if each.name == foreign.group]
    zones = {machine.zone for machine in made.machines}
    assert made.status == "ACTIVE"
    assert zones <= {f"{REGION}a", f"{REGION}c"}


def test_a_subnet_of_another_network_is_refused(foreign: Desk) -> None:
    elsewhere = network(foreign) | {"id": "vpc-0elsewhere"}

    ended = foreign.create(vpc=elsewhere)

    assert ended.code == 1
    wrong = f'Error: loading VPC spec for cluster "{CLUSTER}": operation error EC2: DescribeVpcs'
    assert ended.err.startswith(wrong)
    assert "InvalidVpcID.NotFound" in ended.err
