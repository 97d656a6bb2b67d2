"""Auto scaling groups, which node groups have one of each, and their calls."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from .site import Site
from .wire import Refused

_TYPE = "auto-scaling-group"


@dataclass(slots=True, kw_only=True)
class Instance:
    """A node's machine."""

    id: str
    zone: str
    type: str


@dataclass(slots=True, kw_only=True)
class Group:
    name: str
    cluster: str
    nodegroup: str
    created: datetime
    smallest: int
    largest: int
    desired: int
    subnets: list[str]
    zones: list[str]
    launch_template: dict[str, str]
    tags: dict[str, str] = field(default_factory=dict)
    propagated: list[str] = field(default_factory=list)  # keys of tags that new machines get too
    instances: list[Instance] = field(default_factory=list)
    failure: str = ""  # why no machine could be launched


class Groups:
    def __init__(self, site: Site) -> None:
        self._site = site
        self.all: dict[str, Group] = {}

    def make(self, group: Group) -> None:
        """EKS tags it for the autoscaler; labels and taints it does not tell it of."""
        owned = ("k8s.io/cluster-autoscaler/{}", "kubernetes.io/cluster/{}")
        group.tags = {
            "eks:cluster-name": group.cluster,
            "eks:nodegroup-name": group.nodegroup,
            "k8s.io/cluster-autoscaler/enabled": "true",
            **{form.format(group.cluster): "owned" for form in owned},
        }
        group.propagated = list(group.tags)
        self.all[group.name] = group

    def remove(self, name: str) -> None:
        self.all.pop(name, None)

    @property
    def calls(self) -> dict[str, Callable[[dict[str, Any]], Mapping[str, Any]]]:
        return {
            "DescribeAutoScalingGroups": self._describe,
            "DescribeScalingActivities": self._activities,
            "DescribeTags": self._describe_tags,
            "CreateOrUpdateTags": self._tag,
            "DeleteTags": self._untag,
        }

    def _describe(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        names = asked.get("AutoScalingGroupNames") or list(self.all)
        found = [self.all[name] for name in names if name in self.all]
        return {"AutoScalingGroups": [self._shown(one) for one in found]}

    def _activities(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        name = asked.get("AutoScalingGroupName")
        failed = [one for one in self.all.values() if one.failure and name in (None, one.name)]
        return {
            "Activities": [
                {
                    "ActivityId": str(uuid.uuid5(uuid.NAMESPACE_URL, one.name)),
                    "AutoScalingGroupName": one.name,
                    "Description": f"Launching a new EC2 instance.  Status Reason: {one.failure}",
                    "Cause": (
                        f"At {one.created:%Y-%m-%dT%H:%M:%SZ} an instance was started in response to a"
                        " difference between desired and actual capacity, increasing the capacity from 0"
                        f" to {one.desired}."
                    ),
                    "StartTime": one.created,
                    "EndTime": one.created,
                    "StatusCode": "Failed",
                    "StatusMessage": one.failure,
                    "Progress": 100,
                }
                for one in failed
            ]
        }

    def _describe_tags(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        tags = [tag for group in self.all.values() for tag in _tags(group)]
        fields = {_TYPE: "ResourceId", "key": "Key", "value": "Value"}
        for one in asked.get("Filters", ()):
            name, values = one["Name"], one.get("Values", [])
            if name not in fields:
                raise Refused(400, "ValidationError", f"Filter type {name} is not correct.")
            tags = [tag for tag in tags if any(fnmatchcase(tag[fields[name]], value) for value in values)]
        return {"Tags": tags}

    def _tag(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """All or none."""
        for tag in asked["Tags"]:
            self._find(tag.get("ResourceId", ""))
        for tag in asked["Tags"]:
            group = self._find(tag["ResourceId"])
            group.tags[tag["Key"]] = tag.get("Value", "")
            if tag.get("PropagateAtLaunch") and tag["Key"] not in group.propagated:
                group.propagated.append(tag["Key"])
        return {}

    def _untag(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        for tag in asked["Tags"]:
            self._find(tag["ResourceId"]).tags.pop(tag["Key"], None)
        return {}

    def _find(self, name: str) -> Group:
        if name not in self.all:
            text = f"AutoScalingGroup name not found - no such group: {name}"
            raise Refused(400, "ValidationError", text)
        return self.all[name]

    def _shown(self, group: Group) -> dict[str, Any]:
        resource = f"autoScalingGroup:{uuid.uuid5(uuid.NAMESPACE_URL, group.name)}"
        return {
            "AutoScalingGroupName": group.name,
            "AutoScalingGroupARN": self._site.arn(
                "autoscaling", f"{resource}:autoScalingGroupName/{group.name}"
            ),
            "MinSize": group.smallest,
            "MaxSize": group.largest,
            "DesiredCapacity": group.desired,
            "DefaultCooldown": 300,
            "AvailabilityZones": group.zones,
            "HealthCheckType": "EC2",
            "HealthCheckGracePeriod": 15,
            "CreatedTime": group.created,
            "VPCZoneIdentifier": ",".join(group.subnets),
            "LaunchTemplate": {
                "LaunchTemplateId": group.launch_template.get("id"),
                "Version": group.launch_template.get("version"),
            },
            "Instances": [
                {
                    "InstanceId": one.id,
                    "InstanceType": one.type,
                    "AvailabilityZone": one.zone,
                    "LifecycleState": "InService",
                    "HealthStatus": "Healthy",
                    "ProtectedFromScaleIn": False,
                }
                for one in group.instances
            ],
            "Tags": _tags(group),
        }


def _tags(group: Group) -> list[dict[str, Any]]:
    return [
        {
            "ResourceId": group.name,
            "ResourceType": _TYPE,
            "Key": key,
            "Value": value,
            "PropagateAtLaunch": key in group.propagated,
        }
        for key, value in group.tags.items()
    ]
