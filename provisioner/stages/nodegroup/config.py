"""What eksctl is told to make: a ClusterConfig with one managed node group.

The keys are those of eksctl.io/v1alpha5 as eksctl documents them; a test holds this model against eksctl's
own schema. Nothing else is written: what the runbook's file says beside these is a default, or does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import AliasGenerator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from provisioner.stages.nodegroup.ownership import PROJECT, ROLE
from provisioner.stages.nodegroup.state import Offer
from provisioner.workspace import Workspace


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=AliasGenerator(serialization_alias=to_camel)
    )


class AddonPolicies(_Part):
    auto_scaler: bool = True  # the cluster's autoscaler uses the nodes' own role


class Iam(_Part):
    with_addon_policies: AddonPolicies = AddonPolicies()


class UpdateConfig(_Part):
    max_unavailable: int = 1


class ManagedNodeGroup(_Part):
    name: str
    ami_family: str
    instance_types: tuple[str, ...]
    availability_zones: tuple[str, ...]  # only such as offer the type: eksctl refuses the others
    private_networking: bool = True
    min_size: int = 0
    desired_capacity: int
    max_size: int
    volume_type: str = "gp3"
    volume_size: int = 50  # GiB
    volume_iops: int = Field(default=3000, serialization_alias="volumeIOPS")
    volume_throughput: int = 125  # MiB a second
    # With version 1 of the metadata service any pod that can be tricked into a request has the node's role.
    disable_imds_v1: bool = Field(default=True, serialization_alias="disableIMDSv1")
    labels: Mapping[str, str]
    tags: Mapping[str, str]  # of the stack, the node group and the auto scaling group
    # Without the labels as tags there, the autoscaler cannot scale up from no node.
    propagate_asg_tags: bool = Field(default=True, serialization_alias="propagateASGTags")
    iam: Iam = Iam()
    update_config: UpdateConfig = UpdateConfig()


class Subnet(_Part):
    id: str
    az: str


class Subnets(_Part):
    private: Mapping[str, Subnet]


class Vpc(_Part):
    """Only for a cluster that eksctl did not make: of its own it knows the network."""

    id: str
    security_group: str
    subnets: Subnets


class Metadata(_Part):
    name: str  # of the cluster
    region: str


class ClusterConfig(_Part):
    api_version: str = "eksctl.io/v1alpha5"
    kind: str = "ClusterConfig"
    metadata: Metadata
    vpc: Vpc | None = None
    managed_node_groups: tuple[ManagedNodeGroup, ...]

    def text(self) -> str:
        """As eksctl reads it: JSON, which is YAML that needs no quoting rules."""
        return self.model_dump_json(by_alias=True, exclude_none=True, indent=2)


def config_of(ws: Workspace, offer: Offer, ami_family: str) -> ClusterConfig:
    """`ami_family`: the image of the nodes, in eksctl's words."""
    network, vpc = offer.network, None
    if not network.owned:
        private = {subnet: Subnet(id=subnet, az=zone) for subnet, zone in sorted(network.subnets.items())}
        vpc = Vpc(id=network.vpc, security_group=network.security_group, subnets=Subnets(private=private))
    group = ManagedNodeGroup(
        name=ws.nodegroup,
        ami_family=ami_family,
        instance_types=(offer.instance.name,),
        availability_zones=offer.zones,
        desired_capacity=ws.asked.desired,
        max_size=ws.asked.max,
        labels={ROLE: ws.node_label},
        tags={PROJECT: ws.project},
    )
    metadata = Metadata(name=ws.platform.cluster, region=ws.platform.region)
    return ClusterConfig(metadata=metadata, vpc=vpc, managed_node_groups=(group,))
