"""EC2 as far as it is asked: the cluster's network, and facts about instance types and their zones."""

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from .instances import InstanceTypes
from .network import Network
from .wire import Refused

Item = dict[str, Any]
_PAGE = 100


class Ec2:
    """Looks only; every other call of EC2 is not simulated."""

    def __init__(self, network: Network, types: InstanceTypes, region: str) -> None:
        self._network = network
        self._types = types
        self._region = region

    @property
    def calls(self) -> dict[str, Callable[[dict[str, Any]], Mapping[str, Any]]]:
        return {
            "DescribeVpcs": self._vpcs,
            "DescribeSubnets": self._subnets,
            "DescribeSecurityGroups": self._security_groups,
            "DescribeAvailabilityZones": self._zones,
            "DescribeInstanceTypes": self._instance_types,
            "DescribeInstanceTypeOfferings": self._offerings,
        }

    def _vpcs(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        found = _named(self._network.vpcs(), "VpcId", asked.get("VpcIds"), ("InvalidVpcID", "vpc ID"))
        return {"Vpcs": _filtered(found, asked, {"vpc-id": "VpcId", "state": "State"})}

    def _subnets(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        error = "InvalidSubnetID", "subnet ID"
        found = _named(self._network.subnets(), "SubnetId", asked.get("SubnetIds"), error)
        filters = {
            "vpc-id": "VpcId",
            "subnet-id": "SubnetId",
            "availability-zone": "AvailabilityZone",
            "state": "State",
            "cidr-block": "CidrBlock",
            "map-public-ip-on-launch": "MapPublicIpOnLaunch",
        }
        return {"Subnets": _filtered(found, asked, filters)}

    def _security_groups(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        error = "InvalidGroup", "security group"
        found = _named(self._network.security_groups(), "GroupId", asked.get("GroupIds"), error)
        filters = {"vpc-id": "VpcId", "group-id": "GroupId", "group-name": "GroupName"}
        return {"SecurityGroups": _filtered(found, asked, filters)}

    def _zones(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        found = self._network.zones()
        names = asked.get("ZoneNames") or [zone["ZoneName"] for zone in found]
        if wrong := sorted(set(names) - {zone["ZoneName"] for zone in found}):
            raise Refused(400, "InvalidParameterValue", f"Invalid availability zone: [{', '.join(wrong)}]")
        filters = {
            "zone-name": "ZoneName",
            "zone-id": "ZoneId",
            "zone-type": "ZoneType",
            "region-name": "RegionName",
            "group-name": "GroupName",
            "state": "State",
            "opt-in-status": "OptInStatus",
        }
        chosen = [zone for zone in found if zone["ZoneName"] in names]
        return {"AvailabilityZones": _filtered(chosen, asked, filters)}

    def _instance_types(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        there = self._types.described
        names = asked.get("InstanceTypes") or list(there)
        if wrong := [name for name in names if name not in there]:
            text = f"The following supplied instance types do not exist: [{', '.join(wrong)}]"
            raise Refused(400, "InvalidInstanceType", text)
        filters = {"instance-type": "InstanceType", "current-generation": "CurrentGeneration"}
        found = _filtered([there[name] for name in names], asked, filters)
        return _page("InstanceTypes", found, asked)

    def _offerings(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """By region, as AWS does where no kind of place is asked for, or by zone."""
        kind = asked.get("LocationType", "region")
        if kind not in ("region", "availability-zone"):
            raise Refused(400, "InvalidParameterValue", f"the location type {kind} is not simulated")
        offered = [
            {"InstanceType": name, "LocationType": kind, "Location": place}
            for name, zones in self._types.offered.items()
            for place in ((self._region,) if kind == "region" else zones)
        ]
        filters = {"instance-type": "InstanceType", "location": "Location"}
        return _page("InstanceTypeOfferings", _filtered(offered, asked, filters), asked)


def _named(items: list[Item], key: str, ids: Iterable[str] | None, error: tuple[str, str]) -> list[Item]:
    """All, or those with these ids, each of which has to be there."""
    wanted = set(ids or ())
    if missing := sorted(wanted - {item[key] for item in items}):
        code, noun = error
        raise Refused(400, f"{code}.NotFound", f"The {noun} '{missing[0]}' does not exist")
    return [item for item in items if not wanted or item[key] in wanted]


def _filtered(items: list[Item], asked: Mapping[str, Any], filters: Mapping[str, str]) -> list[Item]:
    """Those that pass all filters; `filters` names the field that each one looks at."""
    for one in asked.get("Filters", ()):
        name, patterns = one["Name"], one.get("Values", [])
        if name not in filters and not name.startswith("tag:") and name != "tag-key":
            raise Refused(400, "InvalidParameterValue", f"The filter '{name}' is invalid")
        items = [
            item
            for item in items
            if any(fnmatchcase(value, at) for value in _values(item, name, filters) for at in patterns)
        ]
    return items


def _values(item: Item, name: str, filters: Mapping[str, str]) -> list[str]:
    tags = {tag["Key"]: tag["Value"] for tag in item.get("Tags", ())}
    if name == "tag-key":
        return list(tags)
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return [tags[key]] if key in tags else []
    value = item[filters[name]]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def _page(key: str, items: list[Item], asked: Mapping[str, Any]) -> Mapping[str, Any]:
    start = int(asked.get("NextToken", "0"))
    end = start + asked.get("MaxResults", _PAGE)
    return {key: items[start:end], "NextToken": str(end) if end < len(items) else None}
