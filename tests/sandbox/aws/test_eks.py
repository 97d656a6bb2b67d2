"""EKS as boto3 sees it: the cluster, and node groups by EKS's own calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from sandbox.aws import AwsSimulator
from tests.sandbox.aws.conftest import Time
from tests.sandbox.aws.nodegroup import CLUSTER
from tests.sandbox.aws.said import said

if TYPE_CHECKING:
    from mypy_boto3_autoscaling import AutoScalingClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_eks import EKSClient


@pytest.fixture
def nodegroup(eks: EKSClient, time: Time, numbers: Iterator[int]) -> str:
    """The name of one made without CloudFormation."""
    name = f"by-hand-{next(numbers)}"
    subnets = eks.describe_cluster(name=CLUSTER)["cluster"]["resourcesVpcConfig"]["subnetIds"]
    eks.create_nodegroup(
        clusterName=CLUSTER,
        nodegroupName=name,
        subnets=subnets,
        nodeRole="arn:aws:iam::123456789012:role/nodes",
        instanceTypes=["m5.large"],
        scalingConfig={"minSize": 1, "maxSize": 3, "desiredSize": 2},
    )
    time.pass_by(1)
    return name


def test_the_cluster_is_where_its_api_server_is(eks: EKSClient, aws: AwsSimulator) -> None:
    aws.reach_cluster("https://127.0.0.1:6443", "YSBjZXJ0aWZpY2F0ZQ==")

    found = eks.describe_cluster(name=CLUSTER)["cluster"]

    assert (found["status"], found["endpoint"]) == ("ACTIVE", "https://127.0.0.1:6443")
    assert found["certificateAuthority"] == {"data": "YSBjZXJ0aWZpY2F0ZQ=="}
    assert found["accessConfig"]["authenticationMode"] == "API_AND_CONFIG_MAP"
    assert eks.list_clusters()["clusters"] == [CLUSTER]


def test_another_cluster_is_not_there(eks: EKSClient) -> None:
    with pytest.raises(ClientError) as error:
        eks.describe_cluster(name="nowhere")

    assert said(error) == (404, "ResourceNotFoundException", "No cluster found for name: nowhere.")


def test_the_version_of_the_cluster_is_supported(eks: EKSClient) -> None:
    version = eks.describe_cluster(name=CLUSTER)["cluster"]["version"]

    [found] = eks.describe_cluster_versions(clusterVersions=[version])["clusterVersions"]

    assert found["versionStatus"] == "STANDARD_SUPPORT"
    assert [one["defaultVersion"] for one in eks.describe_cluster_versions()["clusterVersions"]].count(
        True
    ) == 1


def test_eksctl_knows_the_cluster_as_its_own(cloudformation: CloudFormationClient, eks: EKSClient) -> None:
    name = f"eksctl-{CLUSTER}-cluster"
    [found] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    outputs = {one.get("OutputKey"): one.get("OutputValue") for one in found["Outputs"]}
    cluster = eks.describe_cluster(name=CLUSTER)["cluster"]

    assert found["StackStatus"] == "CREATE_COMPLETE"
    assert {"Key": "alpha.eksctl.io/cluster-name", "Value": CLUSTER} in found["Tags"]
    assert outputs["VPC"] == cluster["resourcesVpcConfig"]["vpcId"]
    assert outputs["ARN"] == cluster["arn"]
    template = cloudformation.get_template(StackName=name)["TemplateBody"]
    assert template["Resources"]["ControlPlane"]["Type"] == "AWS::EKS::Cluster"


def test_a_node_group_can_be_made_and_deleted_without_a_stack(
    eks: EKSClient, time: Time, nodegroup: str
) -> None:
    found = eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName=nodegroup)["nodegroup"]
    assert (found["status"], found["scalingConfig"]["desiredSize"]) == ("ACTIVE", 2)

    eks.delete_nodegroup(clusterName=CLUSTER, nodegroupName=nodegroup)
    time.pass_by(0.5)

    assert nodegroup not in eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"]


def test_a_node_group_is_made_once(eks: EKSClient, nodegroup: str) -> None:
    subnets = eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName=nodegroup)["nodegroup"]["subnets"]

    with pytest.raises(ClientError) as error:
        eks.create_nodegroup(
            clusterName=CLUSTER, nodegroupName=nodegroup, subnets=subnets, nodeRole="arn:aws:iam::1:role/n"
        )

    words = f"NodeGroup already exists with name {nodegroup} and cluster name {CLUSTER}"
    assert said(error) == (409, "ResourceInUseException", words)


def test_sizes_can_be_changed(eks: EKSClient, autoscaling: AutoScalingClient, nodegroup: str) -> None:
    update = eks.update_nodegroup_config(
        clusterName=CLUSTER, nodegroupName=nodegroup, scalingConfig={"desiredSize": 3}
    )["update"]

    found = eks.describe_nodegroup(clusterName=CLUSTER, nodegroupName=nodegroup)["nodegroup"]
    group = found["resources"]["autoScalingGroups"][0]["name"]
    [shown] = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
    assert found["scalingConfig"] == {"minSize": 1, "maxSize": 3, "desiredSize": 3}
    assert (shown["DesiredCapacity"], len(shown["Instances"])) == (3, 3)
    told = eks.describe_update(name=CLUSTER, nodegroupName=nodegroup, updateId=update["id"])["update"]
    assert told["status"] == "Successful"
    with pytest.raises(ClientError, match="desiredSize can't be greater than maxSize"):
        eks.update_nodegroup_config(
            clusterName=CLUSTER, nodegroupName=nodegroup, scalingConfig={"desiredSize": 9}
        )
