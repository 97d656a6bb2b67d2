"""Node groups: they take time to come and go, and may not come at all."""

import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from .groups import Group, Groups, Instance
from .instances import InstanceTypes
from .network import Network
from .site import Site
from .wire import Refused

NO_CAPACITY = "AsgInstanceLaunchFailures"
_RESERVED = ("kubernetes.io/", "k8s.io/", "eks.amazonaws.com/")


class Status(StrEnum):
    CREATING = "CREATING"
    ACTIVE = "ACTIVE"
    CREATE_FAILED = "CREATE_FAILED"
    DELETING = "DELETING"


@dataclass(slots=True, kw_only=True)
class Issue:
    """What EKS says is wrong with a node group."""

    code: str
    message: str
    resources: list[str]


@dataclass(slots=True, kw_only=True)
class Fate:
    """What will become of a node group: nothing, if there are issues. `group` is its auto scaling group."""

    group: str
    issues: list[Issue] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Nodegroup:
    """`spec` is what CreateNodegroup was asked; at `until` its status changes by itself."""

    name: str
    cluster: str
    arn: str
    spec: dict[str, Any]
    created: datetime
    modified: datetime
    status: Status
    until: datetime | None
    fate: Fate
    issues: list[Issue] = field(default_factory=list)

    @property
    def scaling(self) -> dict[str, int]:
        return {name: int(value) for name, value in self.spec["scalingConfig"].items()}


class Nodegroups:
    """Those of the one cluster. A group is ready `boot` after it was asked for, and gone after half of it."""

    def __init__(
        self,
        *,
        site: Site,
        network: Network,
        types: InstanceTypes,
        groups: Groups,
        now: Callable[[], datetime],
        boot: timedelta,
        version: str,
    ) -> None:
        self._site = site
        self._network = network
        self._types = types
        self._groups = groups
        self._now = now
        self._boot = boot
        self._version = version
        self._lacking = 0  # how many more groups find no machines; below zero all
        self.all: dict[str, Nodegroup] = {}

    def no_capacity(self, times: int) -> None:
        """The next so many groups that want a machine get none; 0 is all until `restore_capacity`."""
        self._lacking = times or -1

    def restore_capacity(self) -> None:
        self._lacking = 0

    @property
    def lacks_capacity(self) -> bool:
        return self._lacking != 0

    def check(self, spec: Mapping[str, Any]) -> None:
        """Raises `Refused` for what EKS refuses at once."""
        name, details = spec["nodegroupName"], {"nodegroupName": spec["nodegroupName"]}
        if spec["clusterName"] != self._site.cluster:
            raise no_cluster(spec["clusterName"])
        if name in self.all:
            text = f"NodeGroup already exists with name {name} and cluster name {spec['clusterName']}"
            raise Refused(409, "ResourceInUseException", text, **details)
        wrong = self._wrong_sizes(spec) or self._wrong_labels(spec) or self._wrong_image(spec)
        wrong = wrong or self._wrong_places(spec)
        if wrong:
            raise Refused(400, "InvalidParameterException", wrong, **details)

    def foresee(self, spec: Mapping[str, Any]) -> Fate:
        """What it will come to once it is being made; takes one of the times of `no_capacity`."""
        kind, name = _type_of(spec), spec["nodegroupName"]
        fate = Fate(group=f"eks-{name}-{uuid.uuid4()}")
        if kind not in self._types.offered:
            text = f"The specified instance type {kind} is not valid"
            issue = Issue(code="Ec2LaunchTemplateInvalidConfiguration", message=text, resources=[name])
            fate.issues.append(issue)
        elif self._lacking and _sizes(spec)["desiredSize"]:
            self._lacking -= self._lacking > 0
            text = self._no_capacity(kind, self._zones(spec), self._types.offered[kind])
            issue = Issue(code=NO_CAPACITY, message=text, resources=[fate.group])
            fate.issues.append(issue)
        return fate

    def make(self, spec: dict[str, Any], fate: Fate, at: datetime) -> Nodegroup:
        """Which was checked before, from `at` on."""
        name = spec["nodegroupName"]
        group = self._group(fate.group, spec, at)
        group.failure = next((one.message for one in fate.issues if one.code == NO_CAPACITY), "")
        self._groups.make(group)
        self.all[name] = Nodegroup(
            name=name,
            cluster=spec["clusterName"],
            arn=self._site.arn("eks", f"nodegroup/{spec['clusterName']}/{name}/{uuid.uuid4()}"),
            spec={**spec, "scalingConfig": _sizes(spec)},
            created=at,
            modified=at,
            status=Status.CREATING,
            until=at + self._boot,
            fate=fate,
        )
        return self.all[name]

    def delete(self, name: str, at: datetime) -> Nodegroup:
        """From `at` on. Raises `Refused` where there is none."""
        found = self.find(name)
        if found.status is not Status.DELETING:
            found.status, found.modified, found.until = Status.DELETING, at, at + self.goes_within
        return found

    @property
    def comes_within(self) -> timedelta:
        return self._boot

    @property
    def goes_within(self) -> timedelta:
        return self._boot / 2

    @property
    def asked_again_after(self) -> timedelta:
        """How long CloudFormation waits when EKS is busy."""
        return max(self._boot / 10, timedelta(milliseconds=1))

    def find(self, name: str) -> Nodegroup:
        if name not in self.all:
            text = f"No node group found for name: {name}."
            raise Refused(404, "ResourceNotFoundException", text, nodegroupName=name)
        return self.all[name]

    def resize(self, name: str, sizes: Mapping[str, int]) -> None:
        """Raises `Refused`."""
        found = self.find(name)
        if found.status is not Status.ACTIVE:
            text = "Nodegroup cannot be updated as it is currently not in Active State"
            raise Refused(409, "ResourceInUseException", text, nodegroupName=name)
        wanted = {**found.scaling, **sizes}
        if wrong := self._wrong_sizes({"scalingConfig": wanted}):
            raise Refused(400, "InvalidParameterException", wrong, nodegroupName=name)
        found.spec["scalingConfig"] = wanted
        found.modified = self._now()
        group = self._groups.all[found.fate.group]
        group.smallest, group.largest = wanted["minSize"], wanted["maxSize"]
        group.desired = wanted["desiredSize"]
        self._launch(group, _type_of(found.spec))

    def advance(self) -> None:
        """Carry out what time has brought."""
        for one in list(self.all.values()):
            if one.until is None or one.until > self._now():
                continue
            if one.status is Status.DELETING:
                self._groups.remove(one.fate.group)
                del self.all[one.name]
                continue
            one.modified, one.until = one.until, None
            one.issues = one.fate.issues
            one.status = Status.CREATE_FAILED if one.issues else Status.ACTIVE
            if one.status is Status.ACTIVE:
                self._launch(self._groups.all[one.fate.group], _type_of(one.spec))

    @staticmethod
    def _no_capacity(kind: str, zones: list[str], offered: Sequence[str]) -> str:
        others = [zone for zone in offered if zone not in zones]
        instead = f" or choosing {', '.join(others)}" if others else ""
        return (
            "Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do not have"
            f" sufficient {kind} capacity in the Availability Zone you requested ({zones[0]}). Our system"
            f" will be working on provisioning additional capacity. You can currently get {kind} capacity by"
            f" not specifying an Availability Zone in your request{instead}. Launching EC2 instance failed."
        )

    def _group(self, name: str, spec: Mapping[str, Any], now: datetime) -> Group:
        sizes = _sizes(spec)
        return Group(
            name=name,
            cluster=spec["clusterName"],
            nodegroup=spec["nodegroupName"],
            created=now,
            smallest=sizes["minSize"],
            largest=sizes["maxSize"],
            desired=sizes["desiredSize"],
            subnets=list(spec["subnets"]),
            zones=self._zones(spec),
            launch_template=dict(spec.get("launchTemplate") or {}),
        )

    def _launch(self, group: Group, kind: str) -> None:
        """As many machines as are wanted, spread over the zones."""
        del group.instances[group.desired :]
        while len(group.instances) < group.desired:
            zone = group.zones[len(group.instances) % len(group.zones)]
            made = Instance(id=f"i-0{random.getrandbits(64):016x}", zone=zone, type=kind)
            group.instances.append(made)

    def _zones(self, spec: Mapping[str, Any]) -> list[str]:
        return sorted({self._network.zone_of(one) or "" for one in spec["subnets"]})

    def _wrong_sizes(self, spec: Mapping[str, Any]) -> str:
        sizes = _sizes(spec)
        for smaller, larger in (
            ("minSize", "maxSize"),
            ("desiredSize", "maxSize"),
            ("minSize", "desiredSize"),
        ):
            if sizes[smaller] > sizes[larger]:
                return f"{smaller} can't be greater than {larger}"
        return "maxSize must be greater than or equal to 1" if sizes["maxSize"] < 1 else ""

    def _wrong_labels(self, spec: Mapping[str, Any]) -> str:
        reserved = [one for one in spec.get("labels") or {} if one.startswith(_RESERVED)]
        return f"Label cannot contain reserved prefixes [{', '.join(_RESERVED)}]" if reserved else ""

    def _wrong_image(self, spec: Mapping[str, Any]) -> str:
        image, minor = str(spec.get("amiType", "")), int(self._version.rpartition(".")[2])
        if image.startswith("AL2_") and minor > 32:
            return f"AMI Type {image} is only supported for kubernetes versions 1.32 or earlier"
        return ""

    def _wrong_places(self, spec: Mapping[str, Any]) -> str:
        for subnet in spec["subnets"]:
            if self._network.zone_of(subnet) is None:
                return (
                    f"The subnet ID '{subnet}' does not exist (Service: AmazonEC2; Status Code: 400; Error"
                    f" Code: InvalidSubnetID.NotFound; Request ID: {uuid.uuid4()}; Proxy: null)"
                )
        kind = _type_of(spec)
        offered = self._types.offered.get(kind, ())
        for zone in self._zones(spec) if offered else ():
            if zone not in offered:
                return (
                    f"Your requested instance type ({kind}) is not supported in your requested Availability"
                    f" Zone ({zone}). Please retry your request by not specifying an Availability Zone or"
                    f" choosing {', '.join(offered)}."
                )
        return ""


def no_cluster(name: str) -> Refused:
    text = f"No cluster found for name: {name}."
    return Refused(404, "ResourceNotFoundException", text, clusterName=name)


def _type_of(spec: Mapping[str, Any]) -> str:
    return str((spec.get("instanceTypes") or ["t3.medium"])[0])


def _sizes(spec: Mapping[str, Any]) -> dict[str, int]:
    """EKS's own where none are given: one, of one to two."""
    given = {
        name: int(value) for name, value in (spec.get("scalingConfig") or {}).items() if value is not None
    }
    return {"minSize": 1, "maxSize": 2, "desiredSize": max(1, given.get("minSize", 1)), **given}
