"""The cluster's VPC and subnets, taken from its stack or from the file, and the choice among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.eksctl.aws import Aws
from sandbox.eksctl.config import Config, Group
from sandbox.eksctl.failure import Failure, during
from sandbox.eksctl.lines import Lines
from sandbox.eksctl.stacks import Stack, outputs, required

NEEDS_VPC = (
    "VPC configuration required for creating nodegroups on clusters not owned by eksctl: "
    "vpc.subnets, vpc.id, vpc.securityGroup"
)
Subnet = Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Network:
    """Subnets by zone (or by the name that the file gives them)."""

    vpc: str
    private: dict[str, Subnet] = field(default_factory=dict)
    public: dict[str, Subnet] = field(default_factory=dict)

    @property
    def zones(self) -> list[str]:
        """Of all subnets, in the order in which they were found."""
        found = [str(each["AvailabilityZone"]) for each in (*self.private.values(), *self.public.values())]
        return list(dict.fromkeys(found))

    def of(self, group: Group) -> dict[str, Subnet]:
        return self.private if group.private else self.public


def from_stack(aws: Aws, lines: Lines, stack: Stack, cluster: str) -> Network:
    """Raises where the stack does not say its VPC: it is no cluster's stack."""
    with during(f'getting VPC configuration for cluster "{cluster}"'):
        aws.call("eks", "DescribeCluster", name=cluster)
        network = Network(vpc=required(stack, "VPC"))
        required(stack, "SecurityGroup")
        found = outputs(stack)
        for kind, into in (("SubnetsPrivate", network.private), ("SubnetsPublic", network.public)):
            if found.get(kind):
                _import(aws, lines, network, found[kind].split(","), into)
    return network


def _import(aws: Aws, lines: Lines, network: Network, ids: Sequence[str], into: dict[str, Subnet]) -> None:
    there = aws.call("ec2", "DescribeSubnets", Filters=[{"Name": "vpc-id", "Values": [network.vpc]}])[
        "Subnets"
    ]
    known = [each["SubnetId"] for each in there]
    for gone in (each for each in ids if each not in known):
        lines.warning(
            f"{gone} was found in cluster's CloudFormation stack outputs, but has been removed from VPC "
            f"{network.vpc} outside of eksctl"
        )
    if kept := [each for each in ids if each in known]:
        aws.call("ec2", "DescribeVpcs", VpcIds=[network.vpc])
        for each in aws.call("ec2", "DescribeSubnets", SubnetIds=kept)["Subnets"]:
            into[each["AvailabilityZone"]] = each


def from_file(aws: Aws, config: Config) -> Network:
    vpc = config.vpc or {}
    subnets = vpc.get("subnets") or {}
    if not (vpc.get("id") and vpc.get("securityGroup") and subnets):
        raise Failure(NEEDS_VPC)
    network = Network(vpc=vpc["id"])
    aws.call("ec2", "DescribeVpcs", VpcIds=[network.vpc])
    for kind, into in (("private", network.private), ("public", network.public)):
        for name, wanted in (subnets.get(kind) or {}).items():
            into[name] = _look_up(aws, network.vpc, name, wanted or {})
    return network


def _look_up(aws: Aws, vpc: str, name: str, wanted: Mapping[str, str]) -> Subnet:
    """By id, or else by block or zone; an empty entry means the zone of its name."""
    if wanted.get("id"):
        found = aws.call("ec2", "DescribeSubnets", SubnetIds=[wanted["id"]])["Subnets"]
    else:
        key, value = (
            ("cidr-block", wanted["cidr"])
            if wanted.get("cidr")
            else ("availability-zone", wanted.get("az", name))
        )
        filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": key, "Values": [value]}]
        found = aws.call("ec2", "DescribeSubnets", Filters=filters)["Subnets"]
    if not found:
        raise Failure(f"could not find subnet {name} in {vpc}")
    subnet: Subnet = found[0]
    if subnet["VpcId"] != vpc:
        raise Failure(f"given {subnet['SubnetId']} is in {subnet['VpcId']}, not in {vpc}")
    return subnet


def check_zones(network: Network, group: Group) -> None:
    """That the network has subnets of the kind that the group asks for, in each zone it names."""
    kind = "private" if group.private else "public"
    there = {each["AvailabilityZone"] for each in network.of(group).values()}
    missing = [zone for zone in group.zones if zone not in there] or (
        [] if there or group.zones else [network.vpc]
    )
    if missing:
        raise Failure(
            f"all {kind} subnets from {missing[0]}, that the cluster was originally created on, have been "
            f"deleted; to create {kind} nodegroups within {missing[0]} please manually set valid {kind} "
            "subnets via nodeGroup.SubnetIDs"
        )


def choose(aws: Aws, lines: Lines, network: Network, group: Group) -> list[str]:
    """Subnet ids for the group: of the zones it names, else of all that offer its instance types."""
    subnets = network.of(group)
    if not group.zones:
        supported = _supported(aws, lines, network.zones, group.types)
        return [each["SubnetId"] for each in subnets.values() if each["AvailabilityZone"] in supported]
    try:
        return _of_zones(aws, lines, network, group)
    except Failure as failure:
        kind = "private" if group.private else "public"
        zones = [f'"{zone}"' for zone in group.zones]
        raise Failure(
            f"could not find {kind} subnets for zones [{' '.join(zones)}] (allSubnets={_as_go(subnets)} "
            f"localZones=[]string{{{', '.join(zones)}}} subnets=[]string(nil)): {failure}",
            code=failure.code,
        ) from failure


def _of_zones(aws: Aws, lines: Lines, network: Network, group: Group) -> list[str]:
    aws.call("ec2", "DescribeAvailabilityZones", Filters=[{"Name": "region-name", "Values": [aws.region]}])
    supported = _supported(aws, lines, network.zones, group.types)
    chosen: list[str] = []
    for zone in group.zones:
        if zone in network.zones and zone not in supported:
            raise Failure(
                f"failed to select subnet {zone}: cannot create nodegroup {group.name} in availability zone "
                f"{zone} as it does not support all required instance types"
            )
        chosen += [
            each["SubnetId"] for each in network.of(group).values() if each["AvailabilityZone"] == zone
        ]
    return chosen


def _supported(aws: Aws, lines: Lines, zones: Sequence[str], types: Sequence[str]) -> list[str]:
    """Those of the zones that offer all the types; the others are named in the lines."""
    offered: dict[str, set[str]] = {}
    more: dict[str, str] = {}
    filters = [
        {"Name": "instance-type", "Values": list(types)},
        {"Name": "location", "Values": list(zones)},
    ]
    with during("unable to list offerings for instance types"):
        while True:
            page = aws.call(
                "ec2",
                "DescribeInstanceTypeOfferings",
                LocationType="availability-zone",
                Filters=filters,
                MaxResults=100,
                **more,
            )
            for each in page["InstanceTypeOfferings"]:
                offered.setdefault(each["Location"], set()).add(each["InstanceType"])
            if not page.get("NextToken"):
                break
            more = {"NextToken": page["NextToken"]}
    found = []
    for zone in zones:
        missing = [each for each in types if each not in offered.get(zone, ())]
        if missing:
            lines.info(
                f"skipping {zone} from selection because it doesn't support the following instance type(s): "
                f"{','.join(missing)}"
            )
        else:
            found.append(zone)
    return found


def _as_go(subnets: Mapping[str, Subnet]) -> str:
    """As Go prints a map of structs, pointers and all."""
    entries = ", ".join(
        f'"{name}":v1alpha5.AZSubnetSpec{{ID:"{each["SubnetId"]}", AZ:"{each["AvailabilityZone"]}", '
        f'CIDR:(*ipnet.IPNet)(0xc000{index:08x}), CIDRIndex:0, OutpostARN:""}}'
        for index, (name, each) in enumerate(sorted(subnets.items()), start=1)
    )
    return f"v1alpha5.AZSubnetMapping{{{entries}}}"
